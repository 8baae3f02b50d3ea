/* One request and its response over a connection that is kept, by steps that never wait: begin, connect unless it has a connection, step
 * until it came to its end, end; again and again; close. The request is sent at most once: nobody but its caller may send it again. */
#ifndef VKYC_CURL_TRANSFER_H
#define VKYC_CURL_TRANSFER_H

#include "../core/http_read.h"
#include "../core/http_write.h"
#include "../core/limits.h"
#include "connection.h"

struct vkyc_curl_transfer {
    struct vkyc_curl_connection connection;
    /* private */
    struct vkyc_response *response; /* borrowed from begin to end; NULL: no transfer is under way */
    const struct vkyc_buffer *body; /* the request's, likewise */
    struct vkyc_buffer text;        /* the request's bytes, a large body aside; wiped by end */
    long long unsent;               /* bytes still to be written */
    int sends;                      /* some were, or may have been, written */
    struct vkyc_http_read read;
};

/* Makes the easy handle. The transfer must be zeroed and stay where it is. 1, or 0 with a failure. */
int vkyc_curl_transfer_open(struct vkyc_curl_transfer *t, const struct vkyc_curl_identity *id, const struct vkyc_curl_socket_hooks *hooks,
                            struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Reads where a request goes: its origin is from the URL's beginning to the end of target->authority. 1, or 0 with a failure. */
int vkyc_curl_target(const struct vkyc_request *request, struct vkyc_http_target *target, struct vkyc_failure *failure) VKYC_CHECK_RESULT;
size_t vkyc_curl_origin_size(const struct vkyc_request *request, const struct vkyc_http_target *target);

/* Writes the request's bytes down. Request and response stay untouched by others until end, which must follow unless begin failed. The
 * response is reset. 1, or 0 with a failure. */
int vkyc_curl_transfer_begin(struct vkyc_curl_transfer *t, const struct vkyc_request *request, const struct vkyc_http_target *target,
                             struct vkyc_response *response, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Sends and receives what it can now, over a connection that stands. `readable`: there is something to read. CURLE_AGAIN until it came to
 * an end, for good (CURLE_OK) or bad. */
CURLcode vkyc_curl_transfer_step(struct vkyc_curl_transfer *t, int readable);

/* What poll(2) is to wait for before the next step. */
short vkyc_curl_transfer_events(const struct vkyc_curl_transfer *t);

/* Reads what came of it; `code` is that of the last step or of the connection. Drops and wipes what belongs to the request, and keeps the
 * connection when it may be used again. The HTTP status (any of 200-599, redirects included), or 0 with a failure. */
int vkyc_curl_transfer_end(struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Ends the connection and frees all; idempotent. */
void vkyc_curl_transfer_close(struct vkyc_curl_transfer *t);

/* Lets go of the easy handle of a parent process without calling libcurl, whose locks and threads did not survive the fork. Its memory is
 * lost on purpose. The transfer may be opened again. */
void vkyc_curl_transfer_abandon(struct vkyc_curl_transfer *t);

/* failure.c: says in the words of an error what `code` means for this transfer. */
void vkyc_curl_explain(const struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure);

/* Fills a failure of something that was not sent. */
void vkyc_curl_fail(struct vkyc_failure *failure, const char *kind, const char *reason);

#endif
