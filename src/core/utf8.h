/* UTF-8 (RFC 3629). */
#ifndef VKYC_UTF8_H
#define VKYC_UTF8_H

#include <stddef.h>

/* The offset of the first byte that is not part of well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF), or `size`.
 */
size_t vkyc_utf8_check(const char *text, size_t size);

/* The number of characters (code points) of well-formed text. */
size_t vkyc_utf8_length(const char *text, size_t size);

#endif
