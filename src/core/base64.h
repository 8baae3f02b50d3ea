/* Base64 (RFC 4648 section 4), strict: canonical padding, no line breaks, no other characters, no stray bits. */
#ifndef VKYC_BASE64_H
#define VKYC_BASE64_H

#include <stddef.h>

#include "buffer.h"

#define VKYC_BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Writes VKYC_BASE64_SIZE(size) characters to `out`; no NUL. */
void vkyc_base64_encode(const void *bytes, size_t size, char *out);

/* Decodes into `out`, which has room for size / 4 * 3 bytes. VKYC_ERR_SYNTAX for anything that encode would not have written. */
enum vkyc_status vkyc_base64_decode(const char *text, size_t size, void *out, size_t *out_size) VKYC_CHECK_RESULT;

#endif
