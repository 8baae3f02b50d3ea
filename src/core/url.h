/* URLs (RFC 3986), as far as a client of fixed providers needs them: a checked base, encoded parts. */
#ifndef VKYC_URL_H
#define VKYC_URL_H

#include <stddef.h>

#include "buffer.h"

/* Slices of the checked text, which need not be NUL-terminated. */
struct vkyc_url {
    int https;
    const char *host; /* without the brackets of an IPv6 address */
    size_t host_size;
    unsigned port;    /* 443 or 80 when not given */
    const char *path; /* "" or begins with a slash; never ends with one */
    size_t path_size;
    int ipv6;
    int loopback; /* the host is exactly localhost, 127.0.0.0/8 in dotted decimal, or [::1] */
};

enum vkyc_url_fault {
    VKYC_URL_FINE,
    VKYC_URL_SCHEME,    /* not http or https */
    VKYC_URL_USERINFO,  /* an @ before the path */
    VKYC_URL_FRAGMENT,  /* a # */
    VKYC_URL_QUERY,     /* a ? */
    VKYC_URL_CHARACTER, /* backslash, white space, control, NUL, non-ASCII, anything else RFC 3986 gives no place, or a bad percent escape
                         */
    VKYC_URL_HOST, /* empty, over 253 bytes, not a name (labels of letters, digits, hyphens; no dot at the end) or address; also numeric
                    * disguises: 2130706433, 0x7f.1, 0177.0.0.1, IPv4 inside of IPv6; also 0.x.x.x and [::], which reach the machine itself
                    */
    VKYC_URL_PORT, /* not 1-65535, or with leading zeros */
    VKYC_URL_PATH, /* a segment "." or "..", an empty segment, or these percent-encoded; an escaped slash or backslash */
    VKYC_URL_LENGTH
};

/* Checks a base URL such as https://api.example.com/verification and takes it apart. */
enum vkyc_url_fault vkyc_url_read(const char *text, size_t size, struct vkyc_url *out);
const char *vkyc_url_fault_text(enum vkyc_url_fault fault);

/* Appends one path segment, everything but unreserved characters percent-encoded.
 * VKYC_ERR_SYNTAX for "", "." and ".."; VKYC_ERR_NUL for a NUL byte. */
enum vkyc_status vkyc_url_append_segment(struct vkyc_buffer *b, const char *text, size_t size) VKYC_CHECK_RESULT;

/* Appends a query or form value (application/x-www-form-urlencoded, but space is %20). VKYC_ERR_NUL for a NUL byte. */
enum vkyc_status vkyc_url_append_value(struct vkyc_buffer *b, const char *text, size_t size) VKYC_CHECK_RESULT;

/* Appends a path that a script wrote: it begins with a slash; its segments are percent-encoded where they must be, existing escapes are
 * refused together with ? # \, the segments "." and ".." and empty ones but for one slash at the end (VKYC_ERR_SYNTAX), NUL (VKYC_ERR_NUL)
 * and controls (VKYC_ERR_CONTROL). */
enum vkyc_status vkyc_url_append_path(struct vkyc_buffer *b, const char *text, size_t size) VKYC_CHECK_RESULT;

#endif
