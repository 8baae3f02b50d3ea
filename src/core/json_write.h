/* Writers of JSON values (RFC 8259) into a buffer. The caller places braces, commas and colons with vkyc_buffer_append_byte. */
#ifndef VKYC_JSON_WRITE_H
#define VKYC_JSON_WRITE_H

#include <stdint.h>

#include "buffer.h"

/* A string in quotes, escapes included. VKYC_ERR_UTF8 for text that is not UTF-8 (the buffer is then as before);
 * NUL is written as \u0000. A failure of the buffer is its status. */
enum vkyc_status vkyc_json_write_string(struct vkyc_buffer *b, const char *text, size_t size) VKYC_CHECK_RESULT;

/* 1 when the text is ASCII that a JSON string holds as it is: no quote, backslash or control character. */
int vkyc_json_is_plain(const char *text, size_t size);

/* Such a text as a string, in quotes. */
static inline void vkyc_json_write_plain(struct vkyc_buffer *b, const char *text, size_t size)
{
    char *to = vkyc_buffer_room(b, size + 2);
    if (to != NULL) {
        to[0] = '"';
        memcpy(to + 1, text, size);
        to[size + 1] = '"';
        b->size += size + 2;
    }
}

/* An integer in digits. */
void vkyc_json_write_int64(struct vkyc_buffer *b, int64_t value);

/* The shortest decimal of at most 17 digits that reads back as the same double, in any locale; integral values below 2^53 without
 * fraction or exponent. VKYC_ERR_RANGE for NaN and infinities. */
enum vkyc_status vkyc_json_write_double(struct vkyc_buffer *b, double value) VKYC_CHECK_RESULT;

#endif
