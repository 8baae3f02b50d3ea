/* A request and its response, as bytes: what the binding builds and reads, and what a transport moves. */
#ifndef VKYC_MESSAGE_H
#define VKYC_MESSAGE_H

#include "buffer.h"
#include "header.h"

struct vkyc_request {
    char method[8];             /* upper case, NUL-terminated */
    struct vkyc_buffer url;     /* absolute */
    struct vkyc_buffer headers; /* "name: value\r\n" for each field; no Host, no Content-Length: the transport adds these two */
    struct vkyc_buffer body;
    int has_body;
};

/* Makes an empty request; allocates nothing. The allocator outlives it. */
void vkyc_request_init(struct vkyc_request *r, size_t max_body, vkyc_alloc_fn *alloc, void *alloc_ud);
void vkyc_request_free(struct vkyc_request *r); /* wipes; idempotent */

/* Adds "name: " followed by up to two pieces of value. Checks name and value: statuses of vkyc_header_name_check and
 * vkyc_header_value_check. */
enum vkyc_status vkyc_request_header(struct vkyc_request *r, const char *name, size_t name_size, const char *prefix, size_t prefix_size,
                                     const char *value, size_t value_size) VKYC_CHECK_RESULT;

struct vkyc_response {
    struct vkyc_head head;
    struct vkyc_buffer body;
};

/* Makes an empty response; allocates nothing. The allocator outlives it. */
void vkyc_response_init(struct vkyc_response *r, size_t max_body, vkyc_alloc_fn *alloc, void *alloc_ud);
void vkyc_response_reset(struct vkyc_response *r); /* wipes, keeps the memory */
void vkyc_response_free(struct vkyc_response *r);  /* wipes; idempotent */

/* Why there is no response. The words are those of an error's fields. */
struct vkyc_failure {
    const char *kind;   /* dns connect tls timeout network protocol redirect too_large memory config cancelled; static text */
    const char *phase;  /* dns connect tls send response; static text or NULL */
    const char *reason; /* one static sentence, without any byte of request or response */
    int sent;           /* bytes of the request may have reached the server */
};

#endif
