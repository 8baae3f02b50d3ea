#include "timestamp.h"

#include <stdint.h>
#include <string.h>

/* What is left of the text; every reader moves it on success. */
struct cursor {
    const char *p;
    const char *end;
};

struct civil {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

enum { DAY_SECONDS = 86400 };

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `count` digits. Returns 0 or -1. */
static int read_digits(struct cursor *c, int count, int *out)
{
    if (c->end - c->p < count) {
        return -1;
    }
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(c->p[i])) {
            return -1;
        }
        value = value * 10 + (c->p[i] - '0');
    }
    c->p += count;
    *out = value;
    return 0;
}

static int read_text(struct cursor *c, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(c->end - c->p) < size || memcmp(c->p, text, size) != 0) {
        return -1;
    }
    c->p += size;
    return 0;
}

/* One of `count` words; *out is its index. */
static int read_word(struct cursor *c, const char *const *words, int count, int *out)
{
    for (int i = 0; i < count; i++) {
        if (read_text(c, words[i]) == 0) {
            *out = i;
            return 0;
        }
    }
    return -1;
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int date_exists(int year, int month, int day)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) {
        return 0;
    }
    return day <= DAYS[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap day is the last one. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* "18:01:05" */
static int read_clock(struct cursor *c, struct civil *t)
{
    if (read_digits(c, 2, &t->hour) != 0 || read_text(c, ":") != 0 || read_digits(c, 2, &t->minute) != 0 || read_text(c, ":") != 0 ||
        read_digits(c, 2, &t->second) != 0) {
        return -1;
    }
    return t->hour <= 23 && t->minute <= 59 && t->second <= 60 ? 0 : -1;
}

/* Unix seconds of a checked time that is `offset_s` east of UTC. A second 60 is a leap second, which UTC has at the end of a day only, and
 * is the same as the first second of the next day. */
static enum vkyc_status to_unix(const struct civil *t, int offset_s, int64_t *out)
{
    int64_t seconds =
        days_from_civil(t->year, t->month, t->day) * DAY_SECONDS + t->hour * INT64_C(3600) + t->minute * INT64_C(60) + t->second - offset_s;
    if (t->second == 60 && seconds % DAY_SECONDS != 0) {
        return VKYC_ERR_SYNTAX;
    }
    *out = seconds;
    return VKYC_OK;
}

/* "2026-06-03" */
static int read_date(struct cursor *c, struct civil *t)
{
    if (read_digits(c, 4, &t->year) != 0 || read_text(c, "-") != 0 || read_digits(c, 2, &t->month) != 0 || read_text(c, "-") != 0 ||
        read_digits(c, 2, &t->day) != 0) {
        return -1;
    }
    return date_exists(t->year, t->month, t->day) ? 0 : -1;
}

/* ".000", or nothing */
static int read_fraction(struct cursor *c, double *out)
{
    *out = 0;
    if (read_text(c, ".") != 0) {
        return 0;
    }
    double digits = 0;
    double scale = 1;
    const char *start = c->p;
    while (c->p < c->end && is_digit(*c->p)) {
        if (c->p - start == 9) {
            return -1;
        }
        digits = digits * 10 + (*c->p - '0');
        scale *= 10;
        c->p++;
    }
    *out = digits / scale;
    return c->p > start ? 0 : -1;
}

/* "Z", "+05:30", or nothing */
static int read_zone(struct cursor *c, int *known, int *offset_s)
{
    *known = c->p < c->end;
    *offset_s = 0;
    if (!*known || read_text(c, "Z") == 0 || read_text(c, "z") == 0) {
        return 0;
    }
    int negative = *c->p == '-';
    int hours;
    int minutes;
    if (read_text(c, negative ? "-" : "+") != 0 || read_digits(c, 2, &hours) != 0 || read_text(c, ":") != 0 ||
        read_digits(c, 2, &minutes) != 0 || hours > 23 || minutes > 59) {
        return -1;
    }
    *offset_s = (hours * 3600 + minutes * 60) * (negative ? -1 : 1);
    return 0;
}

enum vkyc_status vkyc_timestamp_read(const char *text, size_t size, struct vkyc_timestamp *out)
{
    struct cursor c = {text, text + size};
    struct civil t = {0};
    memset(out, 0, sizeof *out);
    if (read_date(&c, &t) != 0) {
        return VKYC_ERR_SYNTAX;
    }
    int64_t seconds;
    if (c.p == c.end) {
        out->date_only = 1;
        out->unix_s = (double)(days_from_civil(t.year, t.month, t.day) * DAY_SECONDS);
        return VKYC_OK;
    }
    if (read_text(&c, "T") != 0 && read_text(&c, "t") != 0 && read_text(&c, " ") != 0) {
        return VKYC_ERR_SYNTAX;
    }
    double fraction;
    int offset_s;
    int known;
    if (read_clock(&c, &t) != 0 || read_fraction(&c, &fraction) != 0 || read_zone(&c, &known, &offset_s) != 0 || c.p != c.end ||
        to_unix(&t, offset_s, &seconds) != VKYC_OK) {
        return VKYC_ERR_SYNTAX;
    }
    out->zone_known = known;
    out->unix_s = (double)seconds + fraction;
    return VKYC_OK;
}

static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const DAYS_SHORT[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const DAYS_LONG[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

static int read_month(struct cursor *c, struct civil *t)
{
    if (read_word(c, MONTHS, 12, &t->month) != 0) {
        return -1;
    }
    t->month++;
    return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" behind the comma */
static int read_imf(struct cursor *c, struct civil *t)
{
    return read_text(c, " ") == 0 && read_digits(c, 2, &t->day) == 0 && read_text(c, " ") == 0 && read_month(c, t) == 0 &&
                   read_text(c, " ") == 0 && read_digits(c, 4, &t->year) == 0 && read_text(c, " ") == 0 && read_clock(c, t) == 0 &&
                   read_text(c, " GMT") == 0
               ? 0
               : -1;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" behind the comma. The century is not said: POSIX's rule for two digits. */
static int read_rfc850(struct cursor *c, struct civil *t)
{
    if (read_text(c, " ") != 0 || read_digits(c, 2, &t->day) != 0 || read_text(c, "-") != 0 || read_month(c, t) != 0 ||
        read_text(c, "-") != 0 || read_digits(c, 2, &t->year) != 0 || read_text(c, " ") != 0 || read_clock(c, t) != 0 ||
        read_text(c, " GMT") != 0) {
        return -1;
    }
    t->year += t->year >= 69 ? 1900 : 2000;
    return 0;
}

/* "Sun Nov  6 08:49:37 1994" behind the name of the day */
static int read_asctime(struct cursor *c, struct civil *t)
{
    if (read_text(c, " ") != 0 || read_month(c, t) != 0 || read_text(c, " ") != 0) {
        return -1;
    }
    int one_digit = read_text(c, " ") == 0;
    return read_digits(c, one_digit ? 1 : 2, &t->day) == 0 && read_text(c, " ") == 0 && read_clock(c, t) == 0 && read_text(c, " ") == 0 &&
                   read_digits(c, 4, &t->year) == 0
               ? 0
               : -1;
}

enum vkyc_status vkyc_http_date_read(const char *text, size_t size, double *unix_s)
{
    struct cursor c = {text, text + size};
    struct civil t = {0};
    int unused;
    int failed;
    /* The long names first: each begins with a short one. The name is not held against the date: a wrong one harms nobody. */
    if (read_word(&c, DAYS_LONG, 7, &unused) == 0) {
        failed = read_text(&c, ",") != 0 || read_rfc850(&c, &t) != 0;
    } else if (read_word(&c, DAYS_SHORT, 7, &unused) == 0) {
        failed = read_text(&c, ",") == 0 ? read_imf(&c, &t) : read_asctime(&c, &t);
    } else {
        return VKYC_ERR_SYNTAX;
    }
    int64_t seconds;
    if (failed || c.p != c.end || !date_exists(t.year, t.month, t.day) || to_unix(&t, 0, &seconds) != VKYC_OK) {
        return VKYC_ERR_SYNTAX;
    }
    *unix_s = (double)seconds;
    return VKYC_OK;
}

int vkyc_date_check(const char *text, size_t size)
{
    struct cursor c = {text, text + size};
    struct civil t = {0};
    if (read_date(&c, &t) == 0) {
        return c.p == c.end;
    }
    c.p = text;
    return read_digits(&c, 2, &t.day) == 0 && read_text(&c, "-") == 0 && read_digits(&c, 2, &t.month) == 0 && read_text(&c, "-") == 0 &&
           read_digits(&c, 4, &t.year) == 0 && c.p == c.end && date_exists(t.year, t.month, t.day);
}
