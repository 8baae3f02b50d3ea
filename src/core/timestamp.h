/* Times as text. No locale, no time zone of the machine, no gmtime. */
#ifndef VKYC_TIMESTAMP_H
#define VKYC_TIMESTAMP_H

#include <stddef.h>

#include "status.h"

struct vkyc_timestamp {
    double unix_s;  /* seconds since 1970-01-01 UTC; for a bare date, its first second UTC */
    int date_only;  /* the text was a bare date: the zone and the time of day are not known */
    int zone_known; /* Z or an offset was given */
};

/* Reads "2026-06-03", "2025-05-30T00:00:00.000Z", "2025-05-05T18:01:05+05:30" (RFC 3339; T may be a space, seconds may have 1-9 digits of
 * fraction), and the same without a zone (zone_known 0). The calendar is checked. VKYC_ERR_SYNTAX otherwise. */
enum vkyc_status vkyc_timestamp_read(const char *text, size_t size, struct vkyc_timestamp *out) VKYC_CHECK_RESULT;

/* Reads an HTTP date (RFC 9110 section 5.6.7, all three forms) to Unix seconds. */
enum vkyc_status vkyc_http_date_read(const char *text, size_t size, double *unix_s) VKYC_CHECK_RESULT;

/* 1 when `text` is a date of the calendar, as YYYY-MM-DD or DD-MM-YYYY. */
int vkyc_date_check(const char *text, size_t size);

#endif
