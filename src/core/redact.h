/* Redaction by shape, of text that may be logged. Shapes match whole runs only: an Aadhaar number inside a longer number is none.
 *
 *   [AADHAAR] 12 digits, first 2-9, Verhoeff check digit right; also grouped 4-4-4 by one space or hyphen
 *   [PAN]     5 letters, 4 digits, 1 letter, in either case
 *   [PHONE]   10 digits beginning with 6-9, optionally after +91, 91 or 0; also grouped 5-5 by one space or hyphen
 *   [EMAIL]   an address; its domain needs no dot, so that UPI addresses (name@bank) are one as well
 *   [TOKEN]   base64url parts joined by dots (JWT), at least three, the first beginning with eyJ
 *   [LINK]    http:// or https:// (also with the slashes escaped as in JSON) and all up to white space, a quote or an angle bracket
 *
 * Where a run ends. Numbers: at anything but a letter, a digit, an underscore, and a single hyphen that joins two of these. So cf_8901…,
 * ABC-2345… and longer numbers keep their digits (one in ten random 12-digit numbers has a right check digit), while any other punctuation,
 * a double hyphen and every non-ASCII character bound a number. What stands across a space is not looked at, a year or a count for example:
 * rather a number too many hidden than one too few. PAN: at anything but a letter or a digit; its shape is rare enough to be hidden in
 * pan_ABCDE1234F.jpg too.
 */
#ifndef VKYC_REDACT_H
#define VKYC_REDACT_H

#include <stddef.h>

#include "buffer.h"

/* Appends `text` with every shape replaced by its mark. Takes any bytes. Linear in size. */
void vkyc_redact(struct vkyc_buffer *out, const char *text, size_t size);

/* A text to look for: part of a request, borrowed. */
struct vkyc_redact_value {
    const char *text;
    size_t size;
};

/* Appends `text` with every stretch that occurrences of the values cover replaced by one [REDACTED], ASCII letters compared without case.
 * All values are looked for in the text as it came, so that neither their order nor the marks matter. Values below 3 bytes are not searched
 * for: they would tear ordinary text apart. Linear in size for each value; takes memory of the size of the text from out's allocator, and
 * a failure is out's status. */
void vkyc_redact_values(struct vkyc_buffer *out, const char *text, size_t size, const struct vkyc_redact_value *values, size_t count);

/* The same for one value. */
void vkyc_redact_value(struct vkyc_buffer *out, const char *text, size_t size, const char *value, size_t value_size);

/* 1 when the 12 digits are a possible Aadhaar number. */
int vkyc_aadhaar_check(const char digits[12]);

/* The longest prefix of well-formed UTF-8 that has at most `limit` bytes and does not cut a character or a [MARK]. */
size_t vkyc_text_cut(const char *text, size_t size, size_t limit);

/* Makes every control character a space of the same size in place, C1 (U+0080-U+009F) included: a log line stays one line, and a terminal
 * gets no orders. */
void vkyc_text_flatten(char *text, size_t size);

#endif
