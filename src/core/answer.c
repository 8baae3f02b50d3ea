#include "answer.h"

#include <string.h>

#include "redact.h"
#include "timestamp.h"

enum { DAY_S = 86400 };

const char *vkyc_kind_of_status(int status)
{
    switch (status) {
    case 401:
        return "auth";
    case 403:
        return "forbidden";
    case 404:
        return "not_found";
    case 409:
        return "conflict";
    case 429:
        return "rate_limited";
    default:
        break;
    }
    if (status < 200) {
        return "protocol";
    }
    if (status >= 300 && status < 400) {
        return "redirect";
    }
    return status < 500 ? "bad_request" : "server";
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum { WORD_ROOM = 1024 };

/* Hands out an array once: whether a text is a word must not depend on memory. */
static void *from_array(void *array, void *ptr, size_t old_size, size_t new_size)
{
    (void)old_size;
    return ptr == NULL && new_size <= WORD_ROOM ? array : NULL;
}

int vkyc_is_id(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_alphanumeric(text[i]) && (text[i] == '\0' || strchr("_.-", text[i]) == NULL)) {
            return 0;
        }
    }
    return size > 0 && size <= 64;
}

int vkyc_is_word(const char *text, size_t size)
{
    char room[WORD_ROOM];
    if (!vkyc_is_id(text, size)) {
        return 0;
    }
    struct vkyc_buffer shown;
    vkyc_buffer_init(&shown, WORD_ROOM, from_array, room);
    (void)vkyc_buffer_reserve(&shown, WORD_ROOM);
    vkyc_redact(&shown, text, size);
    int same = shown.status == VKYC_OK && shown.size == size && memcmp(shown.data, text, size) == 0;
    vkyc_buffer_free(&shown);
    return same;
}

int vkyc_header_number(const char *text, size_t size, double *value)
{
    double number = 0;
    double unit = 1;
    int point = 0;
    if (size == 0 || size > 9 || !is_digit(text[0])) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.' && !point) {
            point = 1;
        } else if (is_digit(text[i])) {
            number = number * 10 + (text[i] - '0');
            unit = point ? unit * 10 : unit;
        } else {
            return 0;
        }
    }
    *value = number / unit;
    return 1;
}

int vkyc_head_number(const struct vkyc_head *h, struct vkyc_text name, double *value)
{
    size_t size = 0;
    const char *text = name.text != NULL ? vkyc_head_find(h, name.text, name.size, &size) : NULL;
    return text != NULL && vkyc_header_number(text, size, value);
}

int vkyc_wait_hint(const struct vkyc_head *h, const struct vkyc_rate_names *names, double wall_s, double *seconds)
{
    size_t size = 0;
    const char *text = vkyc_head_find(h, "retry-after", 11, &size);
    double at;
    if (text != NULL && vkyc_header_number(text, size, seconds)) {
        return 1;
    }
    if (text != NULL && vkyc_http_date_read(text, size, &at) == VKYC_OK) {
        *seconds = at > wall_s ? at - wall_s : 0;
        return 1;
    }
    double remaining;
    return vkyc_head_number(h, names->retry_s, seconds) ||
           (vkyc_head_number(h, names->remaining, &remaining) && !(remaining > 0) && vkyc_head_number(h, names->reset_s, seconds));
}

/* A name of RFC 6838 section 4.2. */
static size_t type_name(const char *text, size_t size)
{
    size_t i = 0;
    while (i < size && (is_alphanumeric(text[i]) || (text[i] != '\0' && strchr("!#$&^_.+-", text[i]) != NULL))) {
        i++;
    }
    return i;
}

size_t vkyc_media_type(const char *value, size_t size)
{
    size_t type = type_name(value, size);
    if (type == 0 || type == size || value[type] != '/') {
        return 0;
    }
    size_t subtype = type_name(value + type + 1, size - type - 1);
    return subtype > 0 ? type + 1 + subtype : 0;
}

static int works_on(const struct vkyc_hours *hours, int64_t day)
{
    int weekday = (int)((day + 3) % 7); /* day 0, 1970-01-01, was a Thursday */
    return (int)((hours->days >> ((weekday < 0 ? weekday + 7 : weekday) + 1)) & 1);
}

/* The day in the zone (since 1970) and the hour of that day. 0 for a time of no calendar. */
static int local_time(const struct vkyc_hours *hours, double unix_s, int64_t *day, double *hour)
{
    double local_s = unix_s + hours->offset_s;
    if (!(local_s > -1e15 && local_s < 1e15)) {
        return 0;
    }
    *day = (int64_t)(local_s / DAY_S);
    if ((double)*day * DAY_S > local_s) {
        --*day;
    }
    *hour = (local_s - (double)*day * DAY_S) / 3600;
    return 1;
}

int vkyc_hours_open(const struct vkyc_hours *hours, double unix_s)
{
    int64_t day;
    double hour;
    return local_time(hours, unix_s, &day, &hour) && works_on(hours, day) && hour >= hours->open_h && hour < hours->close_h;
}

double vkyc_hours_next(const struct vkyc_hours *hours, double unix_s)
{
    int64_t day;
    double hour;
    if (!local_time(hours, unix_s, &day, &hour) || vkyc_hours_open(hours, unix_s)) {
        return unix_s;
    }
    day += hour >= hours->open_h;
    for (int i = 0; i < 7; i++, day++) {
        if (works_on(hours, day)) {
            return (double)day * DAY_S + hours->open_h * 3600 - hours->offset_s;
        }
    }
    return unix_s;
}
