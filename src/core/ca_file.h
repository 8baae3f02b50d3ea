/* The checks of a certificate bundle and of revocation lists when a client is made, so that a wrong path is told then and not at the first
 * connection. */
#ifndef VKYC_CA_FILE_H
#define VKYC_CA_FILE_H

#include "status.h"

/* VKYC_OK when `path` is a regular file in which at least one PEM certificate can be read; it reads no further than that one.
 * VKYC_ERR_SYSTEM: it cannot be read; errno tells, ENOENT and ENOTDIR mean that there is none. VKYC_ERR_RANGE: it is empty.
 * VKYC_ERR_SYNTAX: it has no certificate that can be read. VKYC_ERR_MEMORY. */
enum vkyc_status vkyc_ca_file_check(const char *path) VKYC_CHECK_RESULT;

/* The same for a certificate revocation list in PEM form. */
enum vkyc_status vkyc_crl_file_check(const char *path) VKYC_CHECK_RESULT;

#endif
