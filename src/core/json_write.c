#include "json_write.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "utf8.h"
#include "word.h"

/* What an escape adds to the one byte it stands for. */
static size_t escape_extra(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '\b':
    case '\f':
    case '\n':
    case '\r':
    case '\t':
        return 1;
    default:
        return 5;
    }
}

static char *put_escape(char *to, unsigned char c)
{
    static const char HEX[] = "0123456789abcdef";
    *to++ = '\\';
    switch (c) {
    case '\b':
        *to++ = 'b';
        return to;
    case '\f':
        *to++ = 'f';
        return to;
    case '\n':
        *to++ = 'n';
        return to;
    case '\r':
        *to++ = 'r';
        return to;
    case '\t':
        *to++ = 't';
        return to;
    case '"':
    case '\\':
        *to++ = (char)c;
        return to;
    default:
        *to++ = 'u';
        *to++ = '0';
        *to++ = '0';
        *to++ = HEX[c >> 4];
        *to++ = HEX[c & 15];
        return to;
    }
}

/* The first byte at or behind p that must be escaped, or `end`; collects high bits in *seen. */
static inline const char *scan(const char *p, const char *end, uint64_t *seen)
{
    while (end - p >= 8) {
        uint64_t word = vkyc_word_load(p);
        uint64_t stops = vkyc_word_stops(word);
        *seen |= word;
        if (stops != 0) {
            return p + vkyc_word_first(stops);
        }
        p += 8;
    }
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        *seen |= c;
        if (c < 0x20 || c == '"' || c == '\\') {
            break;
        }
    }
    return p;
}

int vkyc_json_is_plain(const char *text, size_t size)
{
    if (size < 8) {
        uint64_t word = vkyc_word_load_tail(text, size, ' ');
        return (vkyc_word_stops(word) | (word & VKYC_WORD_HIGH)) == 0;
    }
    uint64_t bad = 0;
    size_t i = 0;
    for (; i + 8 < size; i += 8) {
        uint64_t word = vkyc_word_load(text + i);
        bad |= vkyc_word_stops(word) | (word & VKYC_WORD_HIGH);
    }
    uint64_t last = vkyc_word_load(text + size - 8);
    return (bad | vkyc_word_stops(last) | (last & VKYC_WORD_HIGH)) == 0;
}

enum vkyc_status vkyc_json_write_string(struct vkyc_buffer *b, const char *text, size_t size)
{
    /* The sum of the escapes must not wrap. */
    if (size > SIZE_MAX / 8) {
        b->status = b->status != VKYC_OK ? b->status : VKYC_ERR_LIMIT;
        return b->status;
    }
    const char *end = text + size;
    uint64_t seen = 0;
    size_t extra = 2;
    const char *first = scan(text, end, &seen);
    for (const char *p = first; p < end; p = scan(p + 1, end, &seen)) {
        extra += escape_extra((unsigned char)*p);
    }
    if ((seen & VKYC_WORD_HIGH) != 0 && vkyc_utf8_check(text, size) != size) {
        return VKYC_ERR_UTF8;
    }
    char *to = vkyc_buffer_reserve(b, size + extra);
    if (to == NULL) {
        return b->status;
    }
    *to++ = '"';
    const char *run = text;
    for (const char *p = first;; p = scan(p + 1, end, &seen)) {
        size_t n = (size_t)(p - run);
        if (n > 0) {
            memcpy(to, run, n);
            to += n;
        }
        if (p == end) {
            break;
        }
        to = put_escape(to, (unsigned char)*p);
        run = p + 1;
    }
    *to = '"';
    b->size += size + extra;
    return VKYC_OK;
}

void vkyc_json_write_int64(struct vkyc_buffer *b, int64_t value)
{
    char digits[20]; /* INT64_MIN has 19 digits and a sign */
    char *p = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--p = '-';
    }
    vkyc_buffer_append(b, p, (size_t)(digits + sizeof digits - p));
}

/* printf writes the decimal point of the locale, which may be any bytes. */
static void append_without_locale(struct vkyc_buffer *b, const char *text)
{
    const char *p = text;
    while (*p == '-' || (*p >= '0' && *p <= '9')) {
        p++;
    }
    vkyc_buffer_append(b, text, (size_t)(p - text));
    if (*p == '\0' || *p == 'e') {
        vkyc_buffer_append_text(b, p);
        return;
    }
    vkyc_buffer_append_byte(b, '.');
    while (*p < '0' || *p > '9') {
        p++;
    }
    vkyc_buffer_append_text(b, p);
}

enum vkyc_status vkyc_json_write_double(struct vkyc_buffer *b, double value)
{
    if (!isfinite(value)) {
        return VKYC_ERR_RANGE;
    }
    if (fabs(value) < 9007199254740992.0 && value == (double)(int64_t)value) {
        if (value == 0 && signbit(value)) {
            vkyc_buffer_append_byte(b, '-');
        }
        vkyc_json_write_int64(b, (int64_t)value);
        return b->status;
    }
    /* 15 digits survive both ways, so no shorter try can win above the subnormal numbers. */
    char text[64];
    int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    for (;; precision++) {
        (void)snprintf(text, sizeof text, "%.*g", precision, value);
        if (precision >= 17 || strtod(text, NULL) == value) {
            break;
        }
    }
    append_without_locale(b, text);
    return b->status;
}
