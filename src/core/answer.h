/* What an answer says beside its fields: the kind of a refusal, how long to wait, what of it may be shown; and when a provider's agents
 * work. */
#ifndef VKYC_ANSWER_H
#define VKYC_ANSWER_H

#include "header.h"
#include "schema.h"

/* The kind of an error by its HTTP status (100-599), unless a provider's table knows better. A 2xx is one: its envelope says failure. */
const char *vkyc_kind_of_status(int status);

/* 1 for what may be shown where an id is expected: 1 to 64 letters, digits, underscores, dots and hyphens, whatever they look like. */
int vkyc_is_id(const char *text, size_t size);

/* 1 when the text may be shown as a provider's word (a code, an id of a request): 1-64 letters, digits, '_', '.', '-', and nothing that has
 * the shape of personal data. Anything may stand where a word is due. 0 as well when memory runs out. */
int vkyc_is_word(const char *text, size_t size);

/* 1 and the value when the text is a number as headers have it: digits, perhaps with a point, at most 9 characters. */
int vkyc_header_number(const char *text, size_t size, double *value);

/* The same for the first field of that name (in lower case); 0 without one, and without a name. */
int vkyc_head_number(const struct vkyc_head *h, struct vkyc_text name, double *value);

/* Names of a provider's own headers, in lower case; a text of NULL where it has none. */
struct vkyc_rate_names {
    struct vkyc_text limit;
    struct vkyc_text remaining;
    struct vkyc_text reset_s;
    struct vkyc_text retry_s;
};

/* 1 and the seconds (never negative) when the server asks to wait: Retry-After (seconds or an HTTP date, of which `wall_s` is taken), else
 * the provider's own headers: retry_s, or reset_s when nothing remains. */
int vkyc_wait_hint(const struct vkyc_head *h, const struct vkyc_rate_names *names, double wall_s, double *seconds);

/* The size of the media type (RFC 9110 section 8.3.1) that a Content-Type begins with, without its parameters; 0 when it begins with none.
 */
size_t vkyc_media_type(const char *value, size_t size);

/* When agents work: open_h <= hour < close_h on some days of the week, in a zone. */
struct vkyc_hours {
    double open_h;
    double close_h;
    double offset_s; /* of the zone, from UTC */
    unsigned days;   /* bit 1 is Monday, bit 7 Sunday */
};

/* 1 when the agents work at that time. */
int vkyc_hours_open(const struct vkyc_hours *hours, double unix_s);

/* When they work next: unix_s itself when they do, or when there is no such day. */
double vkyc_hours_next(const struct vkyc_hours *hours, double unix_s);

#endif
