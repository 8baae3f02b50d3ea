/* Memory for a secret: its own pages, kept out of core dumps (MADV_DONTDUMP) and out of children after fork where the system can
 * (no MADV_WIPEONFORK: a worker needs its secret), wiped before they go. */
#ifndef VKYC_SECRET_H
#define VKYC_SECRET_H

#include <stddef.h>

#include "limits.h"
#include "status.h"

struct vkyc_secret {
    char *bytes; /* owned; NULL after clear */
    size_t size;
    size_t mapped;       /* private */
    unsigned generation; /* grows with every set, so that what was derived from it can be renewed; clear keeps it */
};

/* Copies `bytes` in (they may be the secret's own), wiping what was there. On failure the old value stays.
 * VKYC_ERR_RANGE for an empty one, VKYC_ERR_LIMIT over VKYC_MAX_SECRET, VKYC_ERR_MEMORY. Works on a zeroed struct. */
enum vkyc_status vkyc_secret_set(struct vkyc_secret *s, const char *bytes, size_t size) VKYC_CHECK_RESULT;

/* Reads a regular file straight into such pages and cuts one LF or CRLF at its end. Statuses of set, and VKYC_ERR_SYSTEM with errno
 * (ENOENT, ENOTDIR: no such file). A file that holds the old value changes nothing, the generation neither: a login that was refused
 * with it would be refused again. */
enum vkyc_status vkyc_secret_load(struct vkyc_secret *s, const char *path) VKYC_CHECK_RESULT;

/* Wipes and unmaps. Idempotent. */
void vkyc_secret_clear(struct vkyc_secret *s);

#endif
