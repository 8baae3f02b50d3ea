/* Transfers on the calling thread, one after the other, over connections that are kept. */
#ifndef VKYC_CURL_HANDLE_H
#define VKYC_CURL_HANDLE_H

#include <sys/types.h>

#include "direct.h"

/* Works zeroed; must stay where it is once open. */
struct vkyc_curl_handle {
    struct vkyc_curl_identity identity; /* set by the owner before open; freed by close */
    /* private */
    struct vkyc_curl_direct direct;
    struct vkyc_curl_sockets sockets;
    pid_t pid;
    int open;
    int guarded; /* this libcurl may raise SIGPIPE */
};

/* Checks the identity's files and makes the handle ready. 1, or 0 with a failure. */
int vkyc_curl_handle_open(struct vkyc_curl_handle *h, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Blocks until the response is there or the time is over. The HTTP status, or 0 with a failure; of kind "closed" after close.
 * In a forked child the parent's connections are left alone and new ones are made. */
int vkyc_curl_handle_perform(struct vkyc_curl_handle *h, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Closes the connections and frees all; idempotent. */
void vkyc_curl_handle_close(struct vkyc_curl_handle *h);

#endif
