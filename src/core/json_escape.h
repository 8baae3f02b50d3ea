/* Escapes inside of JSON strings; private to the reader. */
#ifndef VKYC_JSON_ESCAPE_H
#define VKYC_JSON_ESCAPE_H

#include <stddef.h>

/* Checks the escape at p (a backslash), the second half of a surrogate pair included. Returns what follows it, or NULL with *bad at the
 * byte that is wrong, or at `end` when the input ends too early. */
const char *vkyc_json_escape_check(const char *p, const char *end, const char **bad);

/* Decodes the escape at *p, one that was checked, and moves *p behind it. Returns the number of bytes. */
size_t vkyc_json_escape_decode(const char **p, char out[4]);

#endif
