/* Reads one HTTP/1.1 response from bytes as they arrive (RFC 9112), for hosts that move bytes themselves. However the bytes are cut into
 * pieces, the result is the same. What is read goes into a struct vkyc_response; nothing is allocated by a size that a server declares. */
#ifndef VKYC_HTTP_READ_H
#define VKYC_HTTP_READ_H

#include "message.h"

enum vkyc_http_result {
    VKYC_HTTP_MORE, /* the response is not whole yet */
    VKYC_HTTP_DONE,
    VKYC_HTTP_FAILED
};

enum vkyc_http_fault {
    VKYC_HTTP_FINE,
    VKYC_HTTP_HEAD,      /* see the fault of the response's head */
    VKYC_HTTP_CHUNK,     /* a malformed chunk */
    VKYC_HTTP_TOO_LARGE, /* a body above the response's limit, declared or real */
    VKYC_HTTP_MEMORY,
    VKYC_HTTP_CUT /* the connection ended before the response did */
};

struct vkyc_http_read {
    enum vkyc_http_fault fault; /* the first one; sticky */
    /* private */
    int state;
    int is_head;
    int extra;               /* bytes came behind the response */
    int to_end;              /* the body ended with the connection */
    unsigned digits;         /* of a chunk's size */
    size_t extensions;       /* bytes of all chunk extensions */
    uint64_t left;           /* bytes that are still to come of the body or of this chunk */
    struct vkyc_buffer line; /* the beginning of a line whose end has not come */
};

/* `is_head`: the request was a HEAD, so that no body follows. Allocates nothing. */
void vkyc_http_read_init(struct vkyc_http_read *r, int is_head, vkyc_alloc_fn *alloc, void *alloc_ud);

/* Takes the next bytes. `response` was empty at the first call and is the same at each. */
enum vkyc_http_result vkyc_http_read_feed(struct vkyc_http_read *r, struct vkyc_response *response, const char *bytes, size_t size);

/* The server closed the connection. */
enum vkyc_http_result vkyc_http_read_end(struct vkyc_http_read *r);

/* 1 when the connection may carry another request: the response is whole, nothing came behind it, and both sides keep the connection. */
int vkyc_http_read_reusable(const struct vkyc_http_read *r, const struct vkyc_response *response);

/* Says what went wrong, after VKYC_HTTP_FAILED. */
void vkyc_http_read_explain(const struct vkyc_http_read *r, const struct vkyc_response *response, struct vkyc_failure *failure);

/* Wipes and frees. Idempotent, and fine on a zeroed struct. */
void vkyc_http_read_free(struct vkyc_http_read *r);

#endif
