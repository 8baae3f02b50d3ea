/* A request as the bytes of an HTTP/1.1 message (RFC 9112), for hosts that move bytes themselves. */
#ifndef VKYC_HTTP_WRITE_H
#define VKYC_HTTP_WRITE_H

#include "message.h"

/* Where a request goes. The slices point into its URL. */
struct vkyc_http_target {
    int https;
    const char *host; /* without the brackets of an IPv6 address */
    size_t host_size;
    int ipv6;
    unsigned port;
    const char *authority; /* for Host: without the scheme's own port */
    size_t authority_size;
    const char *path; /* with the query; may be empty or begin with '?' */
    size_t path_size;
};

/* Takes the URL of a request apart. VKYC_ERR_SYNTAX for anything that is not an absolute http or https URL of printable ASCII, or that has
 * user information, a fragment, or a port outside of 1-65535. */
enum vkyc_status vkyc_http_target_read(const char *url, size_t size, struct vkyc_http_target *target) VKYC_CHECK_RESULT;

/* Appends request line, Host, the request's own fields, Content-Length where there is a body or the method implies one, and the empty line.
 * Also VKYC_ERR_LIMIT and VKYC_ERR_MEMORY, of `out`. */
enum vkyc_status vkyc_http_write_head(struct vkyc_buffer *out, const struct vkyc_request *request,
                                      const struct vkyc_http_target *target) VKYC_CHECK_RESULT;

/* The same, and the body. */
enum vkyc_status vkyc_http_write(struct vkyc_buffer *out, const struct vkyc_request *request,
                                 const struct vkyc_http_target *target) VKYC_CHECK_RESULT;

#endif
