#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "../../src/core/json_write.h"
#include "check.h"

static struct vkyc_buffer b;

/* Writes a copy that ends where its block ends. */
static enum vkyc_status write_bytes(const char *text, size_t size)
{
    char *block = malloc(size + 1);
    memcpy(block + 1, text, size);
    vkyc_buffer_reset(&b);
    enum vkyc_status status = vkyc_json_write_string(&b, block + 1, size);
    free(block);
    return status;
}

#define WRITES(literal, expected)                                                                                                          \
    do {                                                                                                                                   \
        CHECK(write_bytes((literal), sizeof(literal) - 1) == VKYC_OK);                                                                     \
        CHECK_BYTES(b.data, b.size, expected);                                                                                             \
    } while (0)

static void strings(void)
{
    WRITES("", "\"\"");
    WRITES("a", "\"a\"");
    WRITES("USER827364", "\"USER827364\"");
    WRITES("say \"hi\"", "\"say \\\"hi\\\"\"");
    WRITES("a\\b/c", "\"a\\\\b/c\"");
    WRITES("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    WRITES("a\0b", "\"a\\u0000b\"");
    WRITES("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
    WRITES("\xe0\xa4\xa8\xf0\x9f\x98\x80", "\"\xe0\xa4\xa8\xf0\x9f\x98\x80\"");

    /* Every byte at every place of a word. */
    for (int c = 0; c < 128; c++) {
        for (size_t at = 0; at < 17; at++) {
            char text[17];
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            CHECK(write_bytes(text, sizeof text) == VKYC_OK);
            size_t escaped = c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t' ? 2 : c < 0x20 ? 6 : 1;
            CHECK(b.size == 18 + escaped && b.data[0] == '"' && b.data[b.size - 1] == '"');
            CHECK((b.data[1 + at] == '\\') == (escaped > 1));
        }
    }
}

static void refuses_what_is_not_utf8(void)
{
    vkyc_buffer_reset(&b);
    vkyc_buffer_append_text(&b, "{");
    CHECK(vkyc_json_write_string(&b, "abc\xff", 4) == VKYC_ERR_UTF8);
    CHECK(vkyc_json_write_string(&b, "\n\xed\xa0\x80", 4) == VKYC_ERR_UTF8);
    CHECK(vkyc_json_write_string(&b, "0123456789\xc2", 11) == VKYC_ERR_UTF8);
    CHECK(b.status == VKYC_OK);
    CHECK_BYTES(b.data, b.size, "{");
}

static void keeps_the_limit(void)
{
    struct vkyc_buffer small;
    vkyc_buffer_init(&small, 8, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_json_write_string(&small, "123456", 6) == VKYC_OK && small.size == 8);
    vkyc_buffer_reset(&small);
    CHECK(vkyc_json_write_string(&small, "1234567", 7) == VKYC_ERR_LIMIT && small.size == 0);
    vkyc_buffer_reset(&small);
    CHECK(vkyc_json_write_string(&small, "12345\n", 6) == VKYC_ERR_LIMIT && small.size == 0);
    vkyc_buffer_reset(&small);
    CHECK(vkyc_json_write_string(&small, "\1", 1) == VKYC_OK && small.size == 8);
    CHECK(vkyc_json_write_string(&small, "", 0) == VKYC_ERR_LIMIT);
    CHECK(vkyc_json_write_double(&small, 0.5) == VKYC_ERR_LIMIT);
    vkyc_buffer_reset(&small);
    CHECK(vkyc_json_write_string(&small, "x", (size_t)-1) == VKYC_ERR_LIMIT);
    CHECK(vkyc_json_write_string(&small, "x", 1) == VKYC_ERR_LIMIT);
    vkyc_buffer_free(&small);
}

static int int64_is(int64_t value, const char *expected)
{
    vkyc_buffer_reset(&b);
    vkyc_json_write_int64(&b, value);
    return b.size == strlen(expected) && memcmp(b.data, expected, b.size) == 0;
}

static int double_is(double value, const char *expected)
{
    vkyc_buffer_reset(&b);
    return vkyc_json_write_double(&b, value) == VKYC_OK && b.size == strlen(expected) && memcmp(b.data, expected, b.size) == 0;
}

static void integers(void)
{
    CHECK(int64_is(0, "0"));
    CHECK(int64_is(-1, "-1"));
    CHECK(int64_is(10, "10"));
    CHECK(int64_is(1358, "1358"));
    CHECK(int64_is(9007199254740993, "9007199254740993"));
    CHECK(int64_is(INT64_MAX, "9223372036854775807"));
    CHECK(int64_is(INT64_MIN, "-9223372036854775808"));
}

static void doubles(void)
{
    CHECK(double_is(0, "0"));
    CHECK(double_is(-0.0, "-0"));
    CHECK(double_is(1358, "1358"));
    CHECK(double_is(-5, "-5"));
    CHECK(double_is(123456789012345, "123456789012345"));
    CHECK(double_is(9007199254740991, "9007199254740991"));
    CHECK(double_is(0.1, "0.1"));
    CHECK(double_is(-0.5, "-0.5"));
    CHECK(double_is(1.1, "1.1"));
    CHECK(double_is(0.1 + 0.2, "0.30000000000000004"));
    CHECK(double_is(1.0 / 3, "0.3333333333333333"));
    CHECK(double_is(100.25, "100.25"));
    CHECK(double_is(1e300, "1e+300"));
    CHECK(double_is(1.5e-7, "1.5e-07"));
    CHECK(double_is(5e-324, "5e-324"));
    CHECK(double_is(DBL_MAX, "1.7976931348623157e+308"));
    vkyc_buffer_reset(&b);
    CHECK(vkyc_json_write_double(&b, NAN) == VKYC_ERR_RANGE);
    CHECK(vkyc_json_write_double(&b, INFINITY) == VKYC_ERR_RANGE);
    CHECK(vkyc_json_write_double(&b, -INFINITY) == VKYC_ERR_RANGE);
    CHECK(b.size == 0 && b.status == VKYC_OK);
}

/* Random bits, read back with strtod in the C locale. */
static void doubles_read_back(void)
{
    uint64_t seed = 88172645463325252u;
    int wrong = 0;
    for (int i = 0; i < 100000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        double value;
        memcpy(&value, &seed, sizeof value);
        if (i % 4 == 0) {
            value = (double)(int64_t)(seed >> 20) / 100;
        }
        if (!isfinite(value)) {
            continue;
        }
        vkyc_buffer_reset(&b);
        wrong += vkyc_json_write_double(&b, value) != VKYC_OK;
        vkyc_buffer_append_byte(&b, '\0');
        wrong += strtod(b.data, NULL) != value || b.size > 25;
    }
    CHECK(wrong == 0);
}

/* Where a locale with a comma is installed, numbers must not change. */
static void other_locale(void)
{
    static const char *const NAMES[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (setlocale(LC_NUMERIC, NAMES[i]) != NULL) {
            CHECK(double_is(0.1, "0.1"));
            CHECK(double_is(-1234.5, "-1234.5"));
            CHECK(double_is(1.5e-7, "1.5e-07"));
            CHECK(double_is(0.1 + 0.2, "0.30000000000000004"));
        }
    }
    (void)setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    vkyc_buffer_init(&b, 4096, vkyc_alloc_malloc, NULL);
    strings();
    refuses_what_is_not_utf8();
    keeps_the_limit();
    integers();
    doubles();
    doubles_read_back();
    other_locale();
    vkyc_buffer_free(&b);
    return check_done("json_write_test");
}
