/* Transfers on the calling thread, one after the other, over one connection that is kept. */
#ifndef VKYC_CURL_HANDLE_H
#define VKYC_CURL_HANDLE_H

#include <sys/types.h>

#include "sockets.h"
#include "transfer.h"

/* Works zeroed; must stay where it is once open. */
struct vkyc_curl_handle {
    struct vkyc_curl_identity identity; /* set by the owner before open; freed by close */
    /* private */
    struct vkyc_curl_transfer transfer;
    CURLM *multi; /* owned; keeps the parsed certificates from one connection to the next */
    struct vkyc_curl_sockets sockets;
    pid_t pid;
    int open;
    int guarded; /* this libcurl may raise SIGPIPE */
};

/* Checks the identity's files and makes the handle ready. 1, or 0 with a failure. */
int vkyc_curl_handle_open(struct vkyc_curl_handle *h, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Blocks until the response is there or the time is over. The request is sent at most once. The HTTP status (200-599), or 0 with a
 * failure; of kind "closed" after close. In a forked child the parent's connection is left alone and a new one is made. */
int vkyc_curl_handle_perform(struct vkyc_curl_handle *h, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Closes the connection and frees all; idempotent. */
void vkyc_curl_handle_close(struct vkyc_curl_handle *h);

#endif
