/* Header fields (RFC 9110 section 5), and the checks of a response's framing that every transport shares (RFC 9112 section 6). */
#ifndef VKYC_HEADER_H
#define VKYC_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* VKYC_OK when `name` is a token of RFC 9110, else VKYC_ERR_SYNTAX. */
enum vkyc_status vkyc_header_name_check(const char *name, size_t size) VKYC_CHECK_RESULT;

/* VKYC_OK when `value` may be sent: empty, or printable ASCII, space and tab inside, none of both at its ends.
 * VKYC_ERR_NUL, VKYC_ERR_CONTROL (CR and LF above all), VKYC_ERR_SYNTAX for bytes above 126 and space at an end. */
enum vkyc_status vkyc_header_value_check(const char *value, size_t size) VKYC_CHECK_RESULT;

/* What is wrong with a response's head. */
enum vkyc_head_fault {
    VKYC_HEAD_FINE,
    VKYC_HEAD_STATUS_LINE, /* not HTTP/1.0 or HTTP/1.1, a status outside of 100-599, or 101, which nobody asked for */
    VKYC_HEAD_FIELD,       /* no colon, a bad name, space before the colon, a control character or a NUL, obsolete folding */
    VKYC_HEAD_LENGTH,      /* a Content-Length that is not a plain number, or two that differ */
    VKYC_HEAD_LENGTH_AND_CHUNKED,
    VKYC_HEAD_TRANSFER_ENCODING, /* anything but one "chunked"; also any in HTTP/1.0 */
    VKYC_HEAD_CONTENT_ENCODING,  /* anything but identity or nothing: we asked for identity and decode nothing */
    VKYC_HEAD_TOO_LARGE,         /* VKYC_MAX_HEADERS or VKYC_MAX_HEADER_BYTES, interim responses included; also over 16 interim responses */
    VKYC_HEAD_MEMORY
};

/* One sentence per fault, without any byte of the response. */
const char *vkyc_head_fault_text(enum vkyc_head_fault fault);

/* The head of one response. Lines are fed as they arrive; interim responses (1xx) are dropped but counted. */
struct vkyc_head {
    int status; /* of the final response; 0 before it */
    int chunked;
    int has_length;
    uint64_t length;            /* Content-Length, when has_length; UINT64_MAX for more */
    int close;                  /* once complete: Connection: close, or HTTP/1.0 without keep-alive */
    int complete;               /* the empty line behind a final head was seen */
    enum vkyc_head_fault fault; /* the first one; sticky */
    struct vkyc_buffer lines;   /* "name: value\n" of the final response, names in lower case, values trimmed */
    /* private */
    unsigned count;
    size_t bytes;
    unsigned interim;
    int in_head; /* 0, the status of an interim response, or that of the final one */
    int minor;
};

/* Works on a zeroed struct; allocates nothing. */
void vkyc_head_init(struct vkyc_head *h, vkyc_alloc_fn *alloc, void *alloc_ud);

/* Takes one line with or without its CR LF: a status line, a field, or the empty line. Lines that come behind the empty line of a final
 * head are trailers: checked, counted against the limits, and dropped. Returns h->fault. */
enum vkyc_head_fault vkyc_head_line(struct vkyc_head *h, const char *line, size_t size);

/* The value of the first field of that name (given in lower case), or NULL. The slice lives as long as the head is unchanged. */
const char *vkyc_head_find(const struct vkyc_head *h, const char *name, size_t name_size, size_t *value_size);

/* Walks the fields. *cursor is 0 at first. Returns 0 at the end. */
int vkyc_head_each(const struct vkyc_head *h, size_t *cursor, const char **name, size_t *name_size, const char **value, size_t *value_size);

/* Makes it ready for the next response: wipes the lines, keeps their memory. */
void vkyc_head_reset(struct vkyc_head *h);

/* Wipes and frees. Idempotent, and fine on a zeroed struct. */
void vkyc_head_free(struct vkyc_head *h);

#endif
