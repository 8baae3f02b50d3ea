#include <locale.h>
#include <stdlib.h>

#include "../../src/core/timestamp.h"
#include "check.h"

/* Reads a copy that ends where its block ends. */
static enum vkyc_status read(const char *text, struct vkyc_timestamp *out)
{
    size_t size = strlen(text);
    char *block = malloc(size + 1);
    memcpy(block + 1, text, size);
    enum vkyc_status status = vkyc_timestamp_read(block + 1, size, out);
    free(block);
    return status;
}

static int reads(const char *text, double unix_s, int date_only, int zone_known)
{
    struct vkyc_timestamp t;
    return read(text, &t) == VKYC_OK && t.unix_s == unix_s && t.date_only == date_only && t.zone_known == zone_known;
}

static int refused(const char *text)
{
    struct vkyc_timestamp t;
    return read(text, &t) == VKYC_ERR_SYNTAX;
}

static double http_date(const char *text)
{
    size_t size = strlen(text);
    char *block = malloc(size + 1);
    memcpy(block + 1, text, size);
    double unix_s = -1;
    enum vkyc_status status = vkyc_http_date_read(block + 1, size, &unix_s);
    free(block);
    return status == VKYC_OK ? unix_s : -1e9;
}

static int is_date(const char *text)
{
    size_t size = strlen(text);
    char *block = malloc(size + 1);
    memcpy(block + 1, text, size);
    int answer = vkyc_date_check(block + 1, size);
    free(block);
    return answer;
}

static void good_timestamps(void)
{
    CHECK(reads("1970-01-01", 0, 1, 0));
    CHECK(reads("2026-06-03", 1780444800, 1, 0));
    CHECK(reads("1970-01-01T00:00:00Z", 0, 0, 1));
    CHECK(reads("2025-05-30T00:00:00.000Z", 1748563200, 0, 1));
    CHECK(reads("2025-05-05T18:01:05+05:30", 1746448265, 0, 1));
    CHECK(reads("2025-05-05T12:31:05Z", 1746448265, 0, 1));
    CHECK(reads("2025-05-05t12:31:05z", 1746448265, 0, 1));
    CHECK(reads("2025-05-06 15:04:05", 1746543845, 0, 0));
    CHECK(reads("2025-05-06T15:04:05", 1746543845, 0, 0));
    CHECK(reads("2025-05-06T15:04:05.5", 1746543845.5, 0, 0));
    CHECK(reads("2025-05-06T15:04:05.123456789-00:00", 1746543845.123456789, 0, 1));
    CHECK(reads("1969-12-31T23:59:59Z", -1, 0, 1));
    CHECK(reads("1969-12-31T23:59:59.25Z", -0.75, 0, 1));
    CHECK(reads("1970-01-01T00:00:00+23:59", -86340, 0, 1));
    CHECK(reads("1970-01-01T00:00:00-23:59", 86340, 0, 1));
    CHECK(reads("2000-02-29T12:00:00Z", 951825600, 0, 1));
    CHECK(reads("2038-01-19T03:14:08Z", 2147483648.0, 0, 1));
    CHECK(reads("9999-12-31T23:59:59Z", 253402300799.0, 0, 1));
    CHECK(reads("0001-01-01T00:00:00Z", -62135596800.0, 0, 1));
    CHECK(reads("1900-03-01", -2203891200.0, 1, 0));
    /* A leap second is at the end of a day of UTC. */
    CHECK(reads("2016-12-31T23:59:60Z", 1483228800, 0, 1));
    CHECK(reads("2017-01-01T05:29:60+05:30", 1483228800, 0, 1));
    CHECK(refused("2016-12-31T23:58:60Z"));
    CHECK(refused("2016-12-31T23:59:60+05:30"));
}

static void bad_timestamps(void)
{
    static const char *const BAD[] = {
        "",
        "2",
        "2026",
        "2026-06",
        "2026-6-3",
        "2026-06-3",
        "26-06-03",
        "02026-06-03",
        "+2026-06-03",
        "2026/06/03",
        "20260603",
        "2026-06-03 ",
        " 2026-06-03",
        "2026-00-03",
        "2026-13-03",
        "2026-06-00",
        "2026-06-31",
        "2026-02-29",
        "1900-02-29",
        "2100-02-29",
        "0000-00-00",
        "2026-06-03T",
        "2026-06-03T10",
        "2026-06-03T10:15",
        "2026-06-03T10:15Z",
        "2026-06-03T10:15:3",
        "2026-06-03T24:00:00",
        "2026-06-03T10:60:00",
        "2026-06-03T10:15:61",
        "2026-06-03T10:15:30.",
        "2026-06-03T10:15:30.Z",
        "2026-06-03T10:15:30.1234567890",
        "2026-06-03T10:15:30,5Z",
        "2026-06-03T10:15:30+5:30",
        "2026-06-03T10:15:30+0530",
        "2026-06-03T10:15:30+05",
        "2026-06-03T10:15:30+05:3",
        "2026-06-03T10:15:30+24:00",
        "2026-06-03T10:15:30+05:60",
        "2026-06-03T10:15:30 Z",
        "2026-06-03T10:15:30ZZ",
        "2026-06-03T10:15:30Z ",
        "2026-06-03T10:15:30Q",
        "2026-06-03  10:15:30",
        "2026-06-03_10:15:30",
        "2026-06-03T-1:15:30",
        "2026-06-03T10:15:30+-5:30",
        "03-06-2026",
        "1780444800",
        "null",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        CHECK(refused(BAD[i]));
    }
    struct vkyc_timestamp t;
    CHECK(vkyc_timestamp_read("2026-06-03\0", 11, &t) == VKYC_ERR_SYNTAX);
    CHECK(vkyc_timestamp_read("2026-06-03\0T10:15:30Z", 21, &t) == VKYC_ERR_SYNTAX);
}

/* Walks the calendar a day at a time from a known day, which no formula can agree with by luck. */
static void every_day(void)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    double expected = -62135596800.0;
    int wrong = 0;
    for (int year = 1; year <= 9999; year++) {
        int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 1; month <= 12; month++) {
            int last = DAYS[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= last + 1; day++) {
                char text[32];
                struct vkyc_timestamp t;
                int size = snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                enum vkyc_status status = vkyc_timestamp_read(text, (size_t)size, &t);
                if (day > last) {
                    wrong += status != VKYC_ERR_SYNTAX || vkyc_date_check(text, (size_t)size);
                    continue;
                }
                wrong += status != VKYC_OK || t.unix_s != expected || !vkyc_date_check(text, (size_t)size);
                expected += 86400;
            }
        }
    }
    CHECK(wrong == 0);
    CHECK(expected == 253402300800.0);
}

static void http_dates(void)
{
    CHECK(http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    CHECK(http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
    CHECK(http_date("Sun Nov  6 08:49:37 1994") == 784111777);
    CHECK(http_date("Wed Nov 16 08:49:37 1994") == 784975777);
    CHECK(http_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
    CHECK(http_date("Wednesday, 03-Jun-26 00:00:00 GMT") == 1780444800);
    CHECK(http_date("Wednesday, 01-Jan-69 00:00:00 GMT") == -31536000);
    CHECK(http_date("Sunday, 01-Jan-68 00:00:00 GMT") == 3092601600.0);
    CHECK(http_date("Tue, 29 Feb 2028 23:59:59 GMT") == 1835481599);
    CHECK(http_date("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800);
    static const char *const BAD[] = {
        "",
        "Sun",
        "Sun,",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2027 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "3600",
        "banana",
        "Sun, 06 Nov 1994 08:49:37 +0000",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        CHECK(http_date(BAD[i]) == -1e9);
    }
}

static void dates(void)
{
    CHECK(is_date("2026-06-03"));
    CHECK(is_date("03-06-2026"));
    CHECK(is_date("29-02-2024"));
    CHECK(!is_date("29-02-2023"));
    CHECK(!is_date("2023-02-29"));
    CHECK(!is_date("31-04-2026"));
    CHECK(!is_date("2026-06-03T00:00:00Z"));
    CHECK(!is_date("03-06-2026 "));
    CHECK(!is_date("3-6-2026"));
    CHECK(!is_date("06-03-26"));
    CHECK(!is_date("03/06/2026"));
    CHECK(!is_date("00-06-2026"));
    CHECK(!is_date("13-13-2026"));
    CHECK(!is_date(""));
}

int main(void)
{
    (void)setlocale(LC_ALL, "");
    good_timestamps();
    bad_timestamps();
    every_day();
    http_dates();
    dates();
    return check_done("timestamp_test");
}
