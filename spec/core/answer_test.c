/* What an answer says beside its fields. */
#include "../../src/core/answer.h"

#include <math.h>

#include "check.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)

static int kind_is(int status, const char *kind)
{
    return strcmp(vkyc_kind_of_status(status), kind) == 0;
}

static void test_kinds(void)
{
    CHECK(kind_is(100, "protocol") && kind_is(199, "protocol"));
    CHECK(kind_is(200, "bad_request") && kind_is(299, "bad_request"));
    CHECK(kind_is(300, "redirect") && kind_is(399, "redirect"));
    CHECK(kind_is(400, "bad_request") && kind_is(402, "bad_request") && kind_is(408, "bad_request") && kind_is(499, "bad_request"));
    CHECK(kind_is(401, "auth") && kind_is(403, "forbidden") && kind_is(404, "not_found") && kind_is(409, "conflict"));
    CHECK(kind_is(429, "rate_limited"));
    CHECK(kind_is(500, "server") && kind_is(599, "server"));
}

static void test_words(void)
{
    static const char LONG[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    CHECK(vkyc_is_word(TEXT("verification_id_not_found")));
    CHECK(vkyc_is_word(TEXT("NW-4040")) && vkyc_is_word(TEXT("0")) && vkyc_is_word(TEXT("a.b")));
    CHECK(vkyc_is_word(LONG, 64) && !vkyc_is_word(LONG, 65) && !vkyc_is_word("", 0));
    CHECK(!vkyc_is_word(TEXT("two words")) && !vkyc_is_word(TEXT("a@b")) && !vkyc_is_word(TEXT("a\0b")) && !vkyc_is_word(TEXT("\xC3\xA4")));
    CHECK(vkyc_is_id(TEXT("9988776655")) && vkyc_is_id(TEXT("ABCDE1234F")) && vkyc_is_id(LONG, 64) && !vkyc_is_id(LONG, 65) &&
          !vkyc_is_id("", 0));
    CHECK(!vkyc_is_id(TEXT("two words")) && !vkyc_is_id(TEXT("a@b")) && !vkyc_is_id(TEXT("a\0b")) && !vkyc_is_id(TEXT("\xC3\xA4")));
    CHECK(!vkyc_is_word(TEXT("9988776655")) && !vkyc_is_word(TEXT("ABCDE1234F")) && !vkyc_is_word(TEXT("234123412346")));
    CHECK(!vkyc_is_word(TEXT("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl")));
}

static void test_numbers(void)
{
    double n = -1;
    CHECK(vkyc_header_number(TEXT("0"), &n) && n >= 0 && n <= 0);
    CHECK(vkyc_header_number(TEXT("5.25"), &n) && n > 5.24 && n < 5.26);
    CHECK(vkyc_header_number(TEXT("5."), &n) && n >= 5 && n <= 5);
    CHECK(vkyc_header_number(TEXT("999999999"), &n) && n >= 999999999 && n <= 999999999);
    CHECK(!vkyc_header_number(TEXT("9999999999"), &n) && !vkyc_header_number("", 0, &n) && !vkyc_header_number(TEXT("-5"), &n));
    CHECK(!vkyc_header_number(TEXT(".5"), &n) && !vkyc_header_number(TEXT("1e3"), &n) && !vkyc_header_number(TEXT("1.2.3"), &n));
    CHECK(!vkyc_header_number(TEXT("5 "), &n) && !vkyc_header_number(TEXT("0x5"), &n) && !vkyc_header_number(TEXT("5\0"), &n));
}

/* The wait that a head of these fields asks for, or -1. */
static double wait_of(const char *first, const char *second)
{
    static const struct vkyc_rate_names NAMES = {{NULL, 0}, {TEXT("x-left")}, {TEXT("x-reset")}, {TEXT("x-wait")}};
    struct vkyc_head head;
    double seconds = -1;
    vkyc_head_init(&head, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_head_line(&head, TEXT("HTTP/1.1 429 Wait")) == VKYC_HEAD_FINE);
    CHECK(vkyc_head_line(&head, first, strlen(first)) == VKYC_HEAD_FINE);
    if (second != NULL) {
        CHECK(vkyc_head_line(&head, second, strlen(second)) == VKYC_HEAD_FINE);
    }
    CHECK(vkyc_head_line(&head, "", 0) == VKYC_HEAD_FINE);
    int given = vkyc_wait_hint(&head, &NAMES, 784111700, &seconds);
    vkyc_head_free(&head);
    return given ? seconds : -1;
}

static int near(double value, double expected)
{
    return value - expected < 1e-6 && expected - value < 1e-6;
}

static void test_waits(void)
{
    CHECK(near(wait_of("Retry-After: 7", NULL), 7));
    CHECK(near(wait_of("Retry-After: 7", "X-Wait: 9"), 7));
    CHECK(near(wait_of("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", NULL), 77));
    CHECK(near(wait_of("Retry-After: Sun, 06 Nov 1994 08:00:00 GMT", NULL), 0));
    CHECK(near(wait_of("Retry-After: soon", "X-Wait: 9"), 9));
    CHECK(near(wait_of("Retry-After: -5", NULL), -1));
    CHECK(near(wait_of("X-Left: 0", "X-Reset: 30"), 30));
    CHECK(near(wait_of("X-Left: 1", "X-Reset: 30"), -1));
    CHECK(near(wait_of("X-Reset: 30", NULL), -1));
    CHECK(near(wait_of("X-Wait: 1e3", NULL), -1));
}

static void test_media_types(void)
{
    CHECK(vkyc_media_type(TEXT("text/html; charset=utf-8")) == 9);
    CHECK(vkyc_media_type(TEXT("application/problem+json")) == 24);
    CHECK(vkyc_media_type(TEXT("text/html, secret")) == 9);
    CHECK(vkyc_media_type(TEXT("text")) == 0 && vkyc_media_type(TEXT("text/")) == 0 && vkyc_media_type(TEXT("/html")) == 0);
    CHECK(vkyc_media_type(TEXT(" text/html")) == 0 && vkyc_media_type("", 0) == 0 && vkyc_media_type(TEXT("a\0/b")) == 0);
}

/* 2026-06-08, a Monday, 00:00 in India. */
#define MONDAY 1780857000.0
#define HOUR   3600.0
#define DAY    86400.0

static void test_hours(void)
{
    struct vkyc_hours india = {10, 18, 19800, 0x3E};
    CHECK(!vkyc_hours_open(&india, MONDAY + 10 * HOUR - 1) && vkyc_hours_open(&india, MONDAY + 10 * HOUR));
    CHECK(vkyc_hours_open(&india, MONDAY + 18 * HOUR - 1) && !vkyc_hours_open(&india, MONDAY + 18 * HOUR));
    CHECK(vkyc_hours_open(&india, MONDAY + 4 * DAY + 12 * HOUR) && !vkyc_hours_open(&india, MONDAY + 5 * DAY + 12 * HOUR));
    CHECK(near(vkyc_hours_next(&india, MONDAY + 11 * HOUR), MONDAY + 11 * HOUR));
    CHECK(near(vkyc_hours_next(&india, MONDAY), MONDAY + 10 * HOUR));
    CHECK(near(vkyc_hours_next(&india, MONDAY + 18 * HOUR), MONDAY + DAY + 10 * HOUR));
    CHECK(near(vkyc_hours_next(&india, MONDAY + 4 * DAY + 20 * HOUR), MONDAY + 7 * DAY + 10 * HOUR));
    CHECK(near(vkyc_hours_next(&india, MONDAY - DAY + 9 * HOUR), MONDAY + 10 * HOUR));
    /* Before 1970 the days go on. */
    CHECK(near(vkyc_hours_next(&india, MONDAY - 3000 * 7 * DAY), MONDAY - 3000 * 7 * DAY + 10 * HOUR));
    struct vkyc_hours sundays = {0, 24, -3600, 0x80};
    CHECK(vkyc_hours_open(&sundays, 1780808400) && !vkyc_hours_open(&sundays, MONDAY + 12 * HOUR));
    CHECK(near(vkyc_hours_next(&sundays, MONDAY + 12 * HOUR), 1781398800));
    struct vkyc_hours never = {10, 18, 0, 0};
    CHECK(near(vkyc_hours_next(&never, MONDAY), MONDAY));
    CHECK(isnan(vkyc_hours_next(&india, NAN)) && isinf(vkyc_hours_next(&india, INFINITY)));
}

int main(void)
{
    test_kinds();
    test_words();
    test_numbers();
    test_waits();
    test_media_types();
    test_hours();
    return check_done("answer");
}
