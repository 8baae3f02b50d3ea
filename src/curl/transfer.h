/* One request and its response on one easy handle of libcurl, for whoever drives it with libcurl's multi interface: open once, then begin,
 * let libcurl work, end; again and again; close. */
#ifndef VKYC_CURL_TRANSFER_H
#define VKYC_CURL_TRANSFER_H

#include <curl/curl.h>

#include "../core/limits.h"
#include "../core/message.h"
#include "identity.h"
#include "sockets.h"

/* In milliseconds. */
struct vkyc_curl_limits {
    long timeout;         /* of the whole transfer; values below 1 count as 1 */
    long connect_timeout; /* of name, connection and TLS together; values below 1 count as 1 */
    long max_idle;        /* a kept connection is used only when idle for less, to whole seconds below; below 0: libcurl's own rule */
};

struct vkyc_curl_transfer {
    CURL *easy; /* owned */
    /* private */
    struct vkyc_response *response; /* borrowed from begin to end */
    struct vkyc_buffer text;        /* the URL and the header fields as C strings; wiped by end */
    struct curl_slist fields[VKYC_MAX_HEADERS + 3];
    unsigned sends;   /* times libcurl was about to write the request */
    int too_long;     /* the declared length is over the limit of the body */
    int is_head;      /* no body will follow, whatever is declared */
    long long unsent; /* bytes that direct.c has still to write; -1 where libcurl writes them */
    char error[CURL_ERROR_SIZE];
};

/* curl_global_init, once in a process and never undone: other users of libcurl may live in it. 1, or 0 when libcurl refused. */
int vkyc_curl_global(void);

/* Makes the easy handle and sets all that is the same for each of its transfers. The transfer must be zeroed and stay where it is;
 * `sockets` may be NULL, else it outlives every connection. 1, or 0 with a failure. */
int vkyc_curl_transfer_open(struct vkyc_curl_transfer *t, const struct vkyc_curl_identity *id, struct vkyc_curl_sockets *sockets,
                            struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Prepares the easy handle. Request and response stay untouched by others until end, which must follow unless begin failed.
 * The response is reset. 1, or 0 with a failure. */
int vkyc_curl_transfer_begin(struct vkyc_curl_transfer *t, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Reads what came of it, from libcurl's code; drops and wipes what belongs to the request. The HTTP status (any of 200-599, redirects
 * included), or 0 with a failure. */
int vkyc_curl_transfer_end(struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Ends the easy handle and its connections; idempotent. */
void vkyc_curl_transfer_close(struct vkyc_curl_transfer *t);

/* Sets the times of the next transfer or connection. */
CURLcode vkyc_curl_set_limits(CURL *easy, const struct vkyc_curl_limits *limits);

/* Lets go of the easy handle of a parent process without calling libcurl, whose locks and threads did not survive the fork.
 * Its memory is lost on purpose. */
void vkyc_curl_transfer_abandon(struct vkyc_curl_transfer *t);

/* failure.c: says in the words of an error what `code` means for this transfer. */
void vkyc_curl_explain(const struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure);

#endif
