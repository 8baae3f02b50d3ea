/* Reading of small files: keys, certificates, secrets. */
#ifndef VKYC_FILE_H
#define VKYC_FILE_H

#include <stddef.h>

#include "status.h"

/* Opens a regular file for reading. VKYC_ERR_SYSTEM otherwise, with errno: ENOENT and ENOTDIR when there is none, EISDIR or EINVAL for a
 * directory, a pipe or a device (a pipe would block, and could not be read again). The caller closes *fd. */
enum vkyc_status vkyc_file_open(const char *path, int *fd) VKYC_CHECK_RESULT;

/* Opens and reads a whole file of at most `room` bytes into `out`. VKYC_ERR_LIMIT when it is longer, VKYC_ERR_SYSTEM as above.
 * After a failure the bytes of `out` are undefined: the caller wipes them. */
enum vkyc_status vkyc_file_read(const char *path, char *out, size_t room, size_t *size) VKYC_CHECK_RESULT;

#endif
