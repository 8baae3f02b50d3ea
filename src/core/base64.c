#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void vkyc_base64_encode(const void *bytes, size_t size, char *out)
{
    const unsigned char *in = bytes;
    for (; size >= 3; size -= 3, in += 3) {
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
        *out++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
        *out++ = alphabet[in[2] & 63];
    }
    if (size > 0) {
        unsigned second = size == 2 ? in[1] : 0;
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 3U) << 4 | second >> 4];
        *out++ = size == 2 ? alphabet[(second & 15) << 2] : '=';
        *out = '=';
    }
}

/* 0-63, or -1. */
static int value_of(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum vkyc_status vkyc_base64_decode(const char *text, size_t size, void *out, size_t *out_size)
{
    unsigned char *to = out;
    *out_size = 0;
    if (size % 4 != 0) {
        return VKYC_ERR_SYNTAX;
    }
    for (size_t i = 0; i < size; i += 4) {
        size_t pad = 0;
        if (i + 4 == size && text[i + 3] == '=') {
            pad = text[i + 2] == '=' ? 2 : 1;
        }
        unsigned bits = 0;
        for (size_t j = 0; j < 4 - pad; j++) {
            int value = value_of((unsigned char)text[i + j]);
            if (value < 0) {
                return VKYC_ERR_SYNTAX;
            }
            bits |= (unsigned)value << (18 - 6 * j);
        }
        /* Bits that no encoder sets would give one value many spellings. */
        if ((pad == 1 && (bits & 0xff) != 0) || (pad == 2 && (bits & 0xffff) != 0)) {
            return VKYC_ERR_SYNTAX;
        }
        for (size_t j = 0; j < 3 - pad; j++) {
            *to++ = (unsigned char)(bits >> (16 - 8 * j));
        }
    }
    *out_size = (size_t)(to - (unsigned char *)out);
    return VKYC_OK;
}
