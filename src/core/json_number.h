/* Numbers of JSON; private to the reader, which wants the scan inlined. */
#ifndef VKYC_JSON_NUMBER_H
#define VKYC_JSON_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* A number with no more digits than this and no exponent is within a double. */
#define VKYC_JSON_SAFE_DIGITS 308

/* 1 when the number token does not round to infinity. */
int vkyc_json_number_fits(const char *p, const char *end);

/* 1 for 0-9, in any locale. */
static inline int vkyc_json_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Returns what follows the digits at p. */
static inline __attribute__((always_inline)) const char *vkyc_json_skip_digits(const char *p, const char *end)
{
    while (p < end && vkyc_json_is_digit(*p)) {
        p++;
    }
    return p;
}

/* The grammar of a number that begins at p. Returns what follows it, or NULL with *bad at the byte that is wrong. */
static inline __attribute__((always_inline)) const char *vkyc_json_number_scan(const char *p, const char *end, int *integer, int *exponent,
                                                                               const char **bad)
{
    *integer = 1;
    *exponent = 0;
    p += *p == '-';
    const char *digits = p;
    p = p < end && *p == '0' ? p + 1 : vkyc_json_skip_digits(p, end);
    if (p == digits) {
        *bad = p;
        return NULL;
    }
    if (p < end && *p == '.') {
        *integer = 0;
        digits = ++p;
        p = vkyc_json_skip_digits(p, end);
        if (p == digits) {
            *bad = p;
            return NULL;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *integer = 0;
        *exponent = 1;
        p++;
        p += p < end && (*p == '+' || *p == '-');
        digits = p;
        p = vkyc_json_skip_digits(p, end);
        if (p == digits) {
            *bad = p;
            return NULL;
        }
    }
    return p;
}

#endif
