#include "json_escape.h"

#include <stdint.h>
#include <string.h>

#include "json_read.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of a \u escape, which p points behind; -1 when they are none, with *bad at the byte that is wrong. */
static int32_t hex4(const char *p, const char *end, const char **bad)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++, p++) {
        int digit = p < end ? hex_digit(*p) : -1;
        if (digit < 0) {
            *bad = p;
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

const char *vkyc_json_escape_check(const char *p, const char *end, const char **bad)
{
    *bad = p + 1;
    if (p + 1 == end) {
        return NULL;
    }
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        break;
    default:
        return NULL;
    }
    int32_t unit = hex4(p + 2, end, bad);
    if (unit < 0) {
        return NULL;
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return p + 6;
    }
    *bad = p;
    if (unit > 0xdbff) {
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        if (p + 6 + i == end) {
            *bad = end;
            return NULL;
        }
        if (p[6 + i] != "\\u"[i]) {
            return NULL;
        }
    }
    unit = hex4(p + 8, end, bad);
    if (unit >= 0 && (unit < 0xdc00 || unit > 0xdfff)) {
        *bad = p;
        return NULL;
    }
    return unit < 0 ? NULL : p + 12;
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static uint32_t hex4_checked(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value * 16 + (uint32_t)hex_digit(p[i]);
    }
    return value;
}

size_t vkyc_json_escape_decode(const char **p, char out[4])
{
    const char *at = *p;
    *p += 2;
    switch (at[1]) {
    case 'b':
        out[0] = '\b';
        return 1;
    case 'f':
        out[0] = '\f';
        return 1;
    case 'n':
        out[0] = '\n';
        return 1;
    case 'r':
        out[0] = '\r';
        return 1;
    case 't':
        out[0] = '\t';
        return 1;
    case 'u':
        break;
    default:
        out[0] = at[1];
        return 1;
    }
    uint32_t unit = hex4_checked(at + 2);
    *p += 4;
    if (unit < 0xd800 || unit > 0xdfff) {
        return put_utf8(unit, out);
    }
    *p += 6;
    return put_utf8(0x10000 + ((unit - 0xd800) << 10) + (hex4_checked(at + 8) - 0xdc00), out);
}

size_t vkyc_json_unescape(const char *text, size_t text_size, char *out)
{
    const char *p = text;
    const char *end = text + text_size;
    size_t size = 0;
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((backslash != NULL ? backslash : end) - p);
        memcpy(out + size, p, run);
        size += run;
        p += run;
        if (p < end) {
            char bytes[4];
            size_t n = vkyc_json_escape_decode(&p, bytes);
            memcpy(out + size, bytes, n);
            size += n;
        }
    }
    return size;
}
