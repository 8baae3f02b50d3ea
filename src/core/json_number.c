#include "json_number.h"

#include <float.h>

#include "json_read.h"

/* The first number that rounds to infinity, 2^1024 - 2^970, digit by digit. */
static const char TOO_LARGE[] = "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633"
                                "02864166928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700"
                                "69855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
enum { EXPONENT_CAP = 1 << 28 }; /* reading stops there, far from any overflow */

_Static_assert(sizeof TOO_LARGE - 1 == VKYC_JSON_SAFE_DIGITS + 1, "a number with as many digits as TOO_LARGE may be too large");

/* By hand, because strtod asks the locale for the decimal point. */
int vkyc_json_number_fits(const char *p, const char *end)
{
    int64_t exponent = -1; /* of the first digit that is not 0 */
    size_t compared = 0;
    int order = 0; /* of the digits against TOO_LARGE */
    int fraction = 0;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            fraction = 1;
        } else if (*p != '-') {
            if (compared == 0 && *p == '0') {
                exponent -= fraction;
                continue;
            }
            exponent += !fraction;
            int limit = compared < sizeof TOO_LARGE - 1 ? TOO_LARGE[compared] : '0';
            if (order == 0) {
                order = (*p > limit) - (*p < limit);
            }
            compared++;
        }
    }
    if (compared == 0) {
        return 1;
    }
    if (p < end) {
        p++;
        int negative = *p == '-';
        p += *p == '-' || *p == '+';
        int64_t written = 0;
        for (; p < end && written < EXPONENT_CAP; p++) {
            written = written * 10 + (*p - '0');
        }
        exponent += negative ? -written : written;
    }
    if (exponent != VKYC_JSON_SAFE_DIGITS) {
        return exponent < VKYC_JSON_SAFE_DIGITS;
    }
    return order < 0 || (order == 0 && compared < sizeof TOO_LARGE - 1);
}

enum vkyc_status vkyc_json_int64(const char *text, size_t size, int64_t *out)
{
    const char *p = text;
    const char *end = text + size;
    int negative = p < end && *p == '-';
    p += negative;
    if (p == end || (*p == '0' && end - p > 1)) {
        return VKYC_ERR_SYNTAX;
    }
    uint64_t value = 0;
    int overflow = end - p > 19;
    for (; p < end; p++) {
        if (!vkyc_json_is_digit(*p)) {
            return VKYC_ERR_SYNTAX;
        }
        /* 19 digits fit 64 bits without a sign; a longer token wraps, and is refused below. */
        value = value * 10 + (uint64_t)(*p - '0');
    }
    if (overflow || value > (uint64_t)INT64_MAX + (uint64_t)negative) {
        return VKYC_ERR_RANGE;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return VKYC_OK;
}

enum vkyc_status vkyc_json_double(const char *text, size_t size, double *out)
{
    static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const uint64_t MANTISSA_MAX = (uint64_t)1 << 53; /* whole numbers up to here are doubles */
    const int64_t most = (int64_t)(sizeof POWERS / sizeof POWERS[0]) - 1;
    const char *end = text + size;
    const char *bad;
    int integer;
    int exponent;
    if (size == 0 || vkyc_json_number_scan(text, end, &integer, &exponent, &bad) != end) {
        return VKYC_ERR_SYNTAX;
    }
    uint64_t digits = 0;
    int64_t scale = 0;
    int fraction = 0;
    const char *p = text + (*text == '-');
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            fraction = 1;
            continue;
        }
        digits = digits * 10 + (uint64_t)(*p - '0');
        if (digits > MANTISSA_MAX) {
            return VKYC_ERR_RANGE;
        }
        scale -= fraction;
    }
    if (exponent) {
        int negative = p[1] == '-';
        int64_t written = 0;
        for (p += 1 + (p[1] == '-' || p[1] == '+'); p < end && written < EXPONENT_CAP; p++) {
            written = written * 10 + (*p - '0');
        }
        scale += negative ? -written : written;
    }
    if (digits != 0 && (scale < -most || scale > most)) {
        return VKYC_ERR_RANGE;
    }
#if FLT_EVAL_METHOD != 0
    /* Wider registers round twice. */
    if (scale != 0) {
        return VKYC_ERR_RANGE;
    }
#endif
    /* Both operands are exact, so that the one operation rounds once. */
    double value = (double)digits;
    if (digits != 0) {
        value = scale < 0 ? value / POWERS[-scale] : value * POWERS[scale];
    }
    *out = *text == '-' ? -value : value;
    return VKYC_OK;
}
