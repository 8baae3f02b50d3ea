/* Numbers: their limits, and their values against strtod. */
#include <math.h>

#include "json_check.h"

static enum vkyc_json_error read_text(const char *json)
{
    return read_all(json, strlen(json));
}

static void bounds_numbers(void)
{
    char json[600];
    for (size_t size = VKYC_MAX_NUMBER - 1; size <= VKYC_MAX_NUMBER + 1; size++) {
        enum vkyc_json_error expected = size <= VKYC_MAX_NUMBER ? VKYC_JSON_FINE : VKYC_JSON_BAD_NUMBER;
        memset(json, '7', sizeof json);
        CHECK(read_all(json, size) == expected);
        json[0] = '-';
        CHECK(read_all(json, size) == expected);
        json[0] = '0';
        json[1] = '.';
        CHECK(read_all(json, size) == expected);
        memset(json, '0', size);
        json[size - 1] = '1';
        json[1] = 'e';
        CHECK(read_all(json, size) == expected);
    }
    /* The same border with many digits: 2^1024 - 2^970 is the first that is too large. */
    CHECK(read_text("1.79769313486231580793728971405303415079934132710037826936173778980444968292e308") == VKYC_JSON_FINE);
    CHECK(read_text("1.79769313486231580793728971405303415079934132710037826936173778980444968293e308") == VKYC_JSON_BAD_NUMBER);
}

/* The border must be where strtod has it. */
static void overflow_agrees_with_strtod(void)
{
    uint64_t seed = 2463534242u;
    int wrong = 0;
    int too_large = 0;
    for (int i = 0; i < 20000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char json[160];
        int zeros = (int)(seed >> 60);
        int size;
        if (i % 2 == 0) {
            size = snprintf(json, sizeof json, "%s%.*s1797693134862315%d%de%d", zeros > 8 ? "-0." : "", zeros > 8 ? zeros - 8 : 0,
                            "00000000", (int)(seed % 10), (int)(seed >> 40), zeros > 8 ? 301 + zeros : 292 - (int)(seed % 20));
        } else {
            size = snprintf(json, sizeof json, "%d.%de%d", 1 + (int)(seed % 9), (int)(seed >> 40), 300 + (int)(seed % 12));
        }
        int infinite = isinf(strtod(json, NULL)) != 0;
        too_large += infinite;
        vkyc_json_read_init(&r, json, (size_t)size);
        wrong += (vkyc_json_next(&r) == VKYC_JSON_ERROR) != infinite;
    }
    CHECK(wrong == 0);
    CHECK(too_large > 1000 && too_large < 19000);
}

static int read_int64(const char *text, int64_t *out)
{
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    memcpy(copy + 1, text, size);
    int status = (int)vkyc_json_int64(copy + 1, size, out);
    free(copy);
    return status;
}

static int read_double(const char *text, double *out)
{
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    memcpy(copy + 1, text, size);
    int status = (int)vkyc_json_double(copy + 1, size, out);
    free(copy);
    return status;
}

static void converts_int64(void)
{
    int64_t n = 7;
    CHECK(read_int64("0", &n) == VKYC_OK && n == 0);
    CHECK(read_int64("-0", &n) == VKYC_OK && n == 0);
    CHECK(read_int64("-12", &n) == VKYC_OK && n == -12);
    CHECK(read_int64("9007199254740993", &n) == VKYC_OK && n == 9007199254740993);
    CHECK(read_int64("999999999999999999", &n) == VKYC_OK && n == 999999999999999999);
    CHECK(read_int64("9223372036854775807", &n) == VKYC_OK && n == INT64_MAX);
    CHECK(read_int64("-9223372036854775808", &n) == VKYC_OK && n == INT64_MIN);
    CHECK(read_int64("9223372036854775808", &n) == VKYC_ERR_RANGE);
    CHECK(read_int64("-9223372036854775809", &n) == VKYC_ERR_RANGE);
    CHECK(read_int64("9999999999999999999", &n) == VKYC_ERR_RANGE);
    CHECK(read_int64("18446744073709551617", &n) == VKYC_ERR_RANGE);
    CHECK(read_int64("10000000000000000000000000000000000000001", &n) == VKYC_ERR_RANGE);
    static const char *const OTHER[] = {
        "", "-", "+1", "01", "-01", "00", "1.0", "1e3", "1 ", " 1", "a", "0x1", "--1", "1-", "99999999999999999999x"};
    for (size_t i = 0; i < sizeof OTHER / sizeof OTHER[0]; i++) {
        CHECK(read_int64(OTHER[i], &n) == VKYC_ERR_SYNTAX);
    }
}

static void converts_doubles(void)
{
    double d = 7;
    CHECK(read_double("0", &d) == VKYC_OK && d == 0 && !signbit(d));
    CHECK(read_double("-0", &d) == VKYC_OK && d == 0 && signbit(d));
    CHECK(read_double("0e999", &d) == VKYC_OK && d == 0);
    CHECK(read_double("1.5", &d) == VKYC_OK && d == 1.5);
    CHECK(read_double("-0.1", &d) == VKYC_OK && d == -0.1);
    CHECK(read_double("1e22", &d) == VKYC_OK && d == 1e22);
    CHECK(read_double("1E-5", &d) == VKYC_OK && d == 1e-5);
    CHECK(read_double("9007199254740992", &d) == VKYC_OK && d == 9007199254740992.0);
    CHECK(read_double("9007199254740993", &d) == VKYC_ERR_RANGE);
    CHECK(read_double("9.007199254740993", &d) == VKYC_ERR_RANGE);
    CHECK(read_double("1e23", &d) == VKYC_ERR_RANGE);
    CHECK(read_double("1e-23", &d) == VKYC_ERR_RANGE);
    CHECK(read_double("1e99999999999999999999999", &d) == VKYC_ERR_RANGE);
    static const char *const OTHER[] = {"", "-", "1.", ".5", "1e", "1e+", "01", "1x", "+1", "1.5.5", "nan", "inf", "0x10", " 1", "1 "};
    for (size_t i = 0; i < sizeof OTHER / sizeof OTHER[0]; i++) {
        CHECK(read_double(OTHER[i], &d) == VKYC_ERR_SYNTAX);
    }
    uint64_t seed = 88172645463325252u;
    int wrong = 0;
    for (int i = 0; i < 100000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char text[64];
        (void)snprintf(text, sizeof text, "%s%d.%0*de%d", seed & 1 ? "-" : "", (int)(seed >> 8 & 0xffff), 1 + (int)(seed % 9),
                       (int)(seed >> 56), (int)(seed >> 32 & 31) - 16);
        enum vkyc_status status = vkyc_json_double(text, strlen(text), &d);
        wrong += status == VKYC_OK ? d != strtod(text, NULL) : status != VKYC_ERR_RANGE;
    }
    CHECK(wrong == 0);
}

int main(void)
{
    bounds_numbers();
    overflow_agrees_with_strtod();
    converts_int64();
    converts_doubles();
    free(block);
    return check_done("json_number_test");
}
