#include "message.h"

#include <string.h>

#include "limits.h"

void vkyc_request_init(struct vkyc_request *r, size_t max_body, vkyc_alloc_fn *alloc, void *alloc_ud)
{
    memset(r, 0, sizeof *r);
    vkyc_buffer_init(&r->url, VKYC_MAX_URL, alloc, alloc_ud);
    vkyc_buffer_init(&r->headers, VKYC_MAX_HEADER_BYTES, alloc, alloc_ud);
    vkyc_buffer_init(&r->body, max_body, alloc, alloc_ud);
}

void vkyc_request_free(struct vkyc_request *r)
{
    vkyc_buffer_free(&r->url);
    vkyc_buffer_free(&r->headers);
    vkyc_buffer_free(&r->body);
}

enum vkyc_status vkyc_request_header(struct vkyc_request *r, const char *name, size_t name_size, const char *prefix, size_t prefix_size,
                                     const char *value, size_t value_size)
{
    enum vkyc_status status = vkyc_header_name_check(name, name_size);
    if (status == VKYC_OK) {
        /* A prefix such as "Bearer " may end in a space. */
        int space = prefix_size > 0 && prefix[prefix_size - 1] == ' ';
        status = vkyc_header_value_check(prefix, space ? prefix_size - 1 : prefix_size);
    }
    if (status == VKYC_OK) {
        status = vkyc_header_value_check(value, value_size);
    }
    if (status != VKYC_OK) {
        return status;
    }
    struct vkyc_buffer *b = &r->headers;
    /* All of the line or nothing: who walks the lines trusts that each one ends. */
    if (vkyc_buffer_reserve(b, name_size + prefix_size + value_size + 4) == NULL) {
        return b->status;
    }
    vkyc_buffer_append(b, name, name_size);
    vkyc_buffer_append(b, ": ", 2);
    vkyc_buffer_append(b, prefix, prefix_size);
    vkyc_buffer_append(b, value, value_size);
    vkyc_buffer_append(b, "\r\n", 2);
    return b->status;
}

void vkyc_response_init(struct vkyc_response *r, size_t max_body, vkyc_alloc_fn *alloc, void *alloc_ud)
{
    vkyc_head_init(&r->head, alloc, alloc_ud);
    vkyc_buffer_init(&r->body, max_body, alloc, alloc_ud);
}

void vkyc_response_reset(struct vkyc_response *r)
{
    vkyc_head_reset(&r->head);
    vkyc_buffer_reset(&r->body);
}

void vkyc_response_free(struct vkyc_response *r)
{
    vkyc_head_free(&r->head);
    vkyc_buffer_free(&r->body);
}
