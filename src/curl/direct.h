/* Exchanges one after the other over one connection that is kept. libcurl makes and ends the connection: name, proxy, TLS. What goes over
 * it is written and read by the core, which takes half the instructions of a transfer by libcurl. */
#ifndef VKYC_CURL_DIRECT_H
#define VKYC_CURL_DIRECT_H

#include "transfer.h"

/* Of "https://host:port": a host's name has at most 253 bytes. */
enum { VKYC_CURL_MAX_ORIGIN = 300 };

struct vkyc_curl_direct {
    struct vkyc_curl_transfer transfer;
    /* private */
    CURLM *multi; /* owned; keeps the parsed certificates from one connection to the next */
    curl_socket_t socket;
    long long idle_since; /* milliseconds of the monotonic clock */
    int added;            /* the easy handle is in `multi`, with a connection or on its way to one */
    size_t origin_size;
    char origin[VKYC_CURL_MAX_ORIGIN + 1]; /* of the connection */
};

/* The direct must be zeroed and stay where it is; `sockets` outlives it. 1, or 0 with a failure. */
int vkyc_curl_direct_open(struct vkyc_curl_direct *d, const struct vkyc_curl_identity *id, struct vkyc_curl_sockets *sockets,
                          struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Blocks until the response is there or the time is over. The request is sent at most once. The HTTP status (200-599), or 0 with a failure.
 */
int vkyc_curl_direct_perform(struct vkyc_curl_direct *d, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Ends the connection and frees all; idempotent. */
void vkyc_curl_direct_close(struct vkyc_curl_direct *d);

/* As vkyc_curl_transfer_abandon. */
void vkyc_curl_direct_abandon(struct vkyc_curl_direct *d);

#endif
