/* Redaction: what each shape takes, what it spares, and that no text makes it slow. */
#include <stdlib.h>
#include <time.h>

#include "../../src/core/redact.h"
#include "../../src/core/utf8.h"
#include "check.h"

static int redacts(const char *text, size_t size, const char *wanted)
{
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 1 << 20, vkyc_alloc_malloc, NULL);
    vkyc_redact(&b, text, size);
    int same = b.status == VKYC_OK && b.size == strlen(wanted) && (b.size == 0 || memcmp(b.data, wanted, b.size) == 0);
    if (!same) {
        printf("  %.*s\n  became %.*s\n", (int)size, text, (int)b.size, b.size > 0 ? b.data : "");
    }
    vkyc_buffer_free(&b);
    return same;
}

#define CHECK_REDACT(text, wanted) CHECK(redacts((text), sizeof(text) - 1, (wanted)))
#define CHECK_SPARED(text)         CHECK_REDACT(text, text)

static void test_aadhaar(void)
{
    CHECK(vkyc_aadhaar_check("234567890124"));
    CHECK(!vkyc_aadhaar_check("234567890123"));
    CHECK(!vkyc_aadhaar_check("2345678901x4"));
    /* Every number has one right check digit, but those that begin with 0 or 1 are none. */
    char digits[] = "200000000000";
    int right = 0;
    for (int last = 0; last < 10; last++) {
        digits[11] = (char)('0' + last);
        right += vkyc_aadhaar_check(digits);
    }
    CHECK(right == 1);
    digits[0] = '0';
    for (int last = 0; last < 100; last++) {
        digits[11] = (char)('0' + last % 10);
        digits[0] = last < 10 ? '0' : '1';
        CHECK(!vkyc_aadhaar_check(digits));
    }
    /* Any one digit changed, and any two neighbours swapped, are found out. */
    for (size_t i = 0; i < 12; i++) {
        char other[] = "234567890124";
        for (char c = '0'; c <= '9'; c++) {
            other[i] = c;
            CHECK(vkyc_aadhaar_check(other) == (c == "234567890124"[i]));
        }
        if (i > 0) {
            memcpy(other, "234567890124", 12);
            other[i] = "234567890124"[i - 1];
            other[i - 1] = "234567890124"[i];
            CHECK(!vkyc_aadhaar_check(other));
        }
    }

    CHECK_REDACT("234567890124", "[AADHAAR]");
    CHECK_REDACT("no 2345 6789 0124, please", "no [AADHAAR], please");
    CHECK_REDACT("no 2345-6789-0124.", "no [AADHAAR].");
    CHECK_REDACT("(234567890124)", "([AADHAAR])");
    CHECK_REDACT("\"aadhaar\":\"234567890124\"}", "\"aadhaar\":\"[AADHAAR]\"}");
    CHECK_REDACT("uid=234567890124&x=1", "uid=[AADHAAR]&x=1");
    CHECK_REDACT("born 1990 2345 6789 0124 2026", "born 1990 [AADHAAR] 2026");
    CHECK_REDACT("234567890124,234567890124\n234567890124", "[AADHAAR],[AADHAAR]\n[AADHAAR]");
    CHECK_REDACT("\xe0\xa4\x86 234567890124\xe0\xa5\xa4", "\xe0\xa4\x86 [AADHAAR]\xe0\xa5\xa4");
    CHECK_REDACT("- 234567890124 - x", "- [AADHAAR] - x");
    CHECK_REDACT("-234567890124-", "-[AADHAAR]-");
    CHECK_REDACT("ABC--234567890124", "ABC--[AADHAAR]");
    CHECK_SPARED("234567890123");
    CHECK_SPARED("034567890124");
    CHECK_SPARED("23456789012");
    CHECK_SPARED("2345678901241");
    CHECK_SPARED("1234567890124");
    CHECK_SPARED("cf_234567890124");
    CHECK_SPARED("234567890124_cf");
    CHECK_SPARED("cf234567890124");
    CHECK_SPARED("234567890124x");
    CHECK_SPARED("ABC-234567890124");
    CHECK_SPARED("234567890124-ABC");
    CHECK_SPARED("2345-6789-0124-1");
    CHECK_SPARED("12-2345-6789-0124");
    CHECK_SPARED("ABC-2345 6789 0124");
    CHECK_SPARED("2345 6789 0124-ABC");
    CHECK_SPARED("2345  6789  0124");
    CHECK_SPARED("2345 67890124");
    CHECK_SPARED("3f2504e0-4f89-41d3-9a0c-234567890124");
}

static void test_pan(void)
{
    CHECK_REDACT("ABCDE1234F", "[PAN]");
    CHECK_REDACT("pan abcde1234f.", "pan [PAN].");
    CHECK_REDACT("pan_ABCDE1234F.jpg", "pan_[PAN].jpg");
    CHECK_REDACT("x-ABCDE1234F-y", "x-[PAN]-y");
    CHECK_REDACT("hello ABCDE1234F", "hello [PAN]");
    CHECK_SPARED("ABCDE1234FG");
    CHECK_SPARED("XABCDE1234F");
    CHECK_SPARED("ABCD12345F");
    CHECK_SPARED("ABCDE1234");
    CHECK_SPARED("ABCDE12345");
    CHECK_SPARED("1ABCDE1234F");
}

static void test_phone(void)
{
    CHECK_REDACT("9876543210", "[PHONE]");
    CHECK_REDACT("call +919876543210!", "call [PHONE]!");
    CHECK_REDACT("call +91 98765 43210 now", "call [PHONE] now");
    CHECK_REDACT("+91-9876543210", "[PHONE]");
    CHECK_REDACT("+91-98765-43210", "[PHONE]");
    CHECK_REDACT("919876543210", "[PHONE]");
    CHECK_REDACT("91 9876543210", "[PHONE]");
    CHECK_REDACT("09876543210", "[PHONE]");
    CHECK_REDACT("0-98765 43210", "[PHONE]");
    CHECK_REDACT("98765 43210", "[PHONE]");
    CHECK_REDACT("98765-43210", "[PHONE]");
    CHECK_REDACT("[9876543210,6000000000]", "[[PHONE],[PHONE]]");
    CHECK_REDACT("9876543210/9876543211", "[PHONE]/[PHONE]");
    CHECK_REDACT("phone:9876543210;", "phone:[PHONE];");
    CHECK_REDACT("9876543210.", "[PHONE].");
    CHECK_REDACT("+9876543210", "+[PHONE]");
    CHECK_REDACT("+1 9876543210", "+1 [PHONE]");
    CHECK_SPARED("5876543210");
    CHECK_SPARED("1746427759");
    CHECK_SPARED("1746427759733");
    CHECK_SPARED("987654321");
    CHECK_SPARED("98765432101");
    CHECK_SPARED("cf_9876543210");
    CHECK_SPARED("REQ-9876543210");
    CHECK_SPARED("9876543210abc");
    CHECK_SPARED("915876543210x");
    CHECK_SPARED("+915876543210");
    CHECK_SPARED("987-654-3210");
    CHECK_SPARED("2026-06-03");
    CHECK_SPARED("+91");
    CHECK_SPARED("0");
    CHECK_SPARED("91 ");
}

static void test_email(void)
{
    CHECK_REDACT("a@b.co", "[EMAIL]");
    CHECK_REDACT("<ravi.k+kyc@mail.example.in>", "<[EMAIL]>");
    CHECK_REDACT("mail to ravi@example.com, or x", "mail to [EMAIL], or x");
    CHECK_REDACT("ravi@example.com.", "[EMAIL].");
    CHECK_REDACT("mailto:ravi@example.com?x", "mailto:[EMAIL]?x");
    CHECK_REDACT("email=ravi_k@example.com&a=b", "email=[EMAIL]&a=b");
    CHECK_REDACT("'o'brien@example.com'", "'[EMAIL]'");
    CHECK_REDACT("9876543210@upi", "[EMAIL]");
    CHECK_REDACT("+919876543210@upi", "[EMAIL]");
    CHECK_REDACT("jos\xc3\xa9@b\xc3\xbc.example", "[EMAIL]");
    CHECK_REDACT("a@b@c", "[EMAIL]@c");
    CHECK_REDACT("x@y x@y", "[EMAIL] [EMAIL]");
    CHECK_REDACT("..ravi@example.com", "..[EMAIL]");
    CHECK_SPARED("@handle");
    CHECK_SPARED("a @ b");
    CHECK_SPARED("a@");
    CHECK_SPARED("a@.");
    CHECK_SPARED("@");
    CHECK_SPARED("@@@");
    CHECK_SPARED("..@b");
}

static void test_token(void)
{
    CHECK_REDACT("Bearer eyJhbGciOi.eyJzdWIi.c2ln-_x", "Bearer [TOKEN]");
    CHECK_REDACT("\"eyJa.b.c\"", "\"[TOKEN]\"");
    CHECK_REDACT("token eyJa.b.c. Next", "token [TOKEN]. Next");
    CHECK_REDACT("eyJa.b.", "[TOKEN]");
    CHECK_REDACT("eyJa.b.c.d.e", "[TOKEN]");
    CHECK_REDACT("eyJ.eyJ.eyJ", "[TOKEN]");
    CHECK_SPARED("eyJa.b");
    CHECK_SPARED("eyJa..c");
    CHECK_SPARED("xeyJa.b.c");
    CHECK_SPARED("eyja.b.c");
    CHECK_SPARED("eyJa");
    CHECK_SPARED("eyJ");
}

static void test_link(void)
{
    CHECK_REDACT("see https://kyc.example.com/s?token=abc&a=b now", "see [LINK] now");
    CHECK_REDACT("HTTP://x", "[LINK]");
    CHECK_REDACT("<a href=\"https://x/y\">", "<a href=\"[LINK]\">");
    CHECK_REDACT("{'https://x/y'}", "{'[LINK]'}");
    CHECK_REDACT("<https://x/ravi@example.com>", "<[LINK]>");
    CHECK_REDACT("\"https:\\/\\/kyc.example.com\\/s\"", "\"[LINK]\"");
    CHECK_REDACT("foo_https://x/234567890124", "foo_[LINK]");
    CHECK_REDACT("https://a https://b\nhttps://c", "[LINK] [LINK]\n[LINK]");
    CHECK_SPARED("https://");
    CHECK_SPARED("https:// x");
    CHECK_SPARED("http:/x/y");
    CHECK_SPARED("ftp://x/y");
    CHECK_SPARED("hhhhttps");
    CHECK_SPARED("http");
}

static void test_mixed(void)
{
    CHECK_SPARED("");
    CHECK_SPARED("RECEIVED/LINK_GENERATED: nothing to hide, \xe2\x82\xb9 170.00");
    CHECK_REDACT("Name 2345 6789 0124 ABCDE1234F +91 98765 43210 a@b.co eyJa.b.c https://x/y",
                 "Name [AADHAAR] [PAN] [PHONE] [EMAIL] [TOKEN] [LINK]");
    CHECK_REDACT("98765 43210@upi", "[PHONE]@upi");
    CHECK_REDACT("98765 43210.ravi@upi", "[PHONE].[EMAIL]");
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 64, vkyc_alloc_malloc, NULL);
    vkyc_redact(&b, "\0009876543210\0", 12);
    CHECK_BYTES(b.data, b.size, "\0[PHONE]\0");
    vkyc_buffer_free(&b);
}

static int values_become(const char *text, const char *const *values, size_t count, const char *wanted)
{
    struct vkyc_redact_value list[8];
    struct vkyc_buffer b;
    for (size_t i = 0; i < count; i++) {
        list[i].text = values[i];
        list[i].size = strlen(values[i]);
    }
    vkyc_buffer_init(&b, 1 << 20, vkyc_alloc_malloc, NULL);
    vkyc_redact_values(&b, text, strlen(text), list, count);
    int same = b.status == VKYC_OK && b.size == strlen(wanted) && (b.size == 0 || memcmp(b.data, wanted, b.size) == 0);
    if (!same) {
        printf("  %s\n  became %.*s\n", text, (int)b.size, b.size > 0 ? b.data : "");
    }
    vkyc_buffer_free(&b);
    return same;
}

#define CHECK_VALUES(text, wanted, ...)                                                                                                    \
    do {                                                                                                                                   \
        static const char *const values[] = {__VA_ARGS__};                                                                                 \
        CHECK(values_become((text), values, sizeof values / sizeof values[0], (wanted)));                                                  \
    } while (0)

static void *no_alloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)ptr;
    (void)old_size;
    (void)new_size;
    return NULL;
}

static void test_values(void)
{
    CHECK_VALUES("user Ravi Kumar is known", "user [REDACTED] is known", "Ravi Kumar");
    CHECK_VALUES("RAVI ravi rAvI", "[REDACTED] [REDACTED] [REDACTED]", "ravi");
    CHECK_VALUES("ravi", "[REDACTED]", "RAVI");
    CHECK_VALUES("Ravi Kumar Sharma", "[REDACTED]", "ravi", "Ravi Kumar Sharma");
    CHECK_VALUES("Ravi Kumar Sharma", "[REDACTED]", "ravi kumar", "kumar sharma");
    CHECK_VALUES("xababax", "x[REDACTED]x", "aba");
    CHECK_VALUES("aaaaaaa", "[REDACTED]", "aaa");
    CHECK_VALUES("secretsecret", "[REDACTED]", "secret");
    CHECK_VALUES("the red car", "the [REDACTED] car", "red", "REDACTED");
    CHECK_VALUES("[REDACTED]", "[[REDACTED]]", "redacted");
    CHECK_VALUES("abcabcabd", "abc[REDACTED]", "abcabd");
    CHECK_VALUES("abcaby abcabcab", "a[REDACTED]y a[REDACTED]", "bcab", "abcabcabc", "zzz");
    CHECK_VALUES("ab a b", "ab a b", "a", "ab", "");
    CHECK_VALUES("short", "short", "shorter");
    CHECK_VALUES("", "", "abc");
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 1024, vkyc_alloc_malloc, NULL);
    vkyc_redact_value(&b, "a\0b\0c a\0b", 9, "A\0B", 3);
    CHECK_BYTES(b.data, b.size, "[REDACTED]\0c [REDACTED]");
    vkyc_buffer_free(&b);
    vkyc_buffer_init(&b, 4, vkyc_alloc_malloc, NULL);
    vkyc_redact_value(&b, "abcdef", 6, "bcd", 3);
    CHECK(b.status == VKYC_ERR_LIMIT);
    vkyc_buffer_free(&b);
    vkyc_buffer_init(&b, 1024, no_alloc, NULL);
    vkyc_redact_value(&b, "abcdef", 6, "bcd", 3);
    CHECK(b.status == VKYC_ERR_MEMORY);
    vkyc_buffer_free(&b);
}

static void test_cut(void)
{
    CHECK(vkyc_text_cut("abc", 3, 10) == 3);
    CHECK(vkyc_text_cut("abc", 3, 2) == 2);
    CHECK(vkyc_text_cut("abc", 3, 0) == 0);
    CHECK(vkyc_text_cut("a\xe2\x82\xb9z", 5, 3) == 1);
    CHECK(vkyc_text_cut("a\xe2\x82\xb9z", 5, 4) == 4);
    CHECK(vkyc_text_cut("ab\xff"
                        "cd",
                        5, 5) == 2);
    static const char *const marks[] = {"[AADHAAR]", "[PAN]", "[PHONE]", "[EMAIL]", "[TOKEN]", "[LINK]", "[REDACTED]"};
    for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
        char text[32];
        size_t length = strlen(marks[m]);
        (void)snprintf(text, sizeof text, "ab%scd", marks[m]);
        CHECK(vkyc_text_cut(text, length + 4, 2) == 2);
        for (size_t limit = 3; limit < length + 2; limit++) {
            CHECK(vkyc_text_cut(text, length + 4, limit) == 2);
        }
        CHECK(vkyc_text_cut(text, length + 4, length + 2) == length + 2);
        CHECK(vkyc_text_cut(text, length + 4, length + 3) == length + 3);
    }
    CHECK(vkyc_text_cut("[OTHER] x", 9, 4) == 4);
    CHECK(vkyc_text_cut("[PAN", 4, 4) == 4);

    char text[] = "a\nb\tc\x7f\xc2\x9b\xc2\xa0\x1b[1m\xe2\x82\xb9";
    vkyc_text_flatten(text, sizeof text - 1);
    CHECK_BYTES(text, sizeof text - 1, "a b c   \xc2\xa0 [1m\xe2\x82\xb9");
}

/* Milliseconds of CPU for one run over `size` bytes made of `unit`: by shape, or for a value of half the size that ends in `last`. */
static double cost(const char *unit, size_t size, char last)
{
    char *text = malloc(size);
    CHECK(text != NULL);
    if (text == NULL) {
        return 0;
    }
    for (size_t i = 0, n = strlen(unit); i < size; i++) {
        text[i] = unit[i % n];
    }
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 16 * size, vkyc_alloc_malloc, NULL);
    clock_t start = clock();
    if (last != 0) {
        char *value = malloc(size / 2);
        CHECK(value != NULL);
        if (value != NULL) {
            memcpy(value, text, size / 2);
            value[size / 2 - 1] = last;
            vkyc_redact_value(&b, text, size, value, size / 2);
            free(value);
        }
    } else {
        vkyc_redact(&b, text, size);
    }
    double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    CHECK(b.status == VKYC_OK);
    vkyc_buffer_free(&b);
    free(text);
    return ms;
}

/* A mebibyte of what would cost a careless matcher its square: hours. */
static void test_time(void)
{
    static const char *const units[] = {"a",         "a.",   "1",        "12 ",         "1234 ",     "9-",           "-",    "eyJ",
                                        "eyJ.",      "eyJ-", "eyJ--",    "eyJa.b",      "@",         "a@",           "a@b.", "@a",
                                        ".@",        "h",    "http://",  "https:",      "http:\\/",  "98765 43210@", "+91",  "+91 98765 ",
                                        "ABCDE1234", "a'",   "\xc3\xa9", "eyJa.b.c@x ", "2345-6789-"};
    double worst = 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const char lasts[] = {0, '!', units[i][0]};
        for (size_t n = 0; n < sizeof lasts; n++) {
            double ms = cost(units[i], (size_t)1 << 20, lasts[n]);
            worst = ms > worst ? ms : worst;
        }
    }
    CHECK(worst < 3000);
}

int main(void)
{
    test_aadhaar();
    test_pan();
    test_phone();
    test_email();
    test_token();
    test_link();
    test_mixed();
    test_values();
    test_cut();
    test_time();
    return check_done("redact");
}
