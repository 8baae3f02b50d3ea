/* Transfers on a background thread: one thread for each engine, many transfers at a time, connections kept for each identity.
 *
 * All functions are for one thread, that of the owner; none of them waits for the network. The engine's thread is started by the first
 * that needs it, blocks every signal, and touches nothing of the owner's: requests are copied, answers handed over when they are whole.
 *
 * After fork the child's engine lets go of what the parent has (nothing is said on its connections), fails what was under way as
 * "cancelled", and starts a thread of its own when it is used. */
#ifndef VKYC_CURL_ENGINE_H
#define VKYC_CURL_ENGINE_H

#include "transfer.h"

struct vkyc_curl_engine;

/* Connections of one identity. */
struct vkyc_curl_pool;

/* Names a transfer; a later one in the same slot has another serial. */
struct vkyc_curl_ticket {
    int slot; /* 0 to VKYC_MAX_IN_FLIGHT - 1 */
    unsigned serial;
};

enum { VKYC_CURL_FAILED = 0, VKYC_CURL_LATER = -1 };

/* NULL when there is no memory or no file descriptor. */
struct vkyc_curl_engine *vkyc_curl_engine_new(void) VKYC_CHECK_RESULT;

/* Stops every transfer and ends the thread: waits for at most VKYC_MAX_CLOSE, after which the thread ends alone and frees what it holds. */
void vkyc_curl_engine_close(struct vkyc_curl_engine *e);

/* The pool of this identity, which is taken over (and zeroed) whatever comes of it. NULL with a failure. Its files are checked on the
 * thread, before the first transfer. */
struct vkyc_curl_pool *vkyc_curl_engine_open(struct vkyc_curl_engine *e, struct vkyc_curl_identity *id,
                                             struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Gives a pool back. The last owner's doing so closes its connections; its transfers must have been cancelled. */
void vkyc_curl_engine_release(struct vkyc_curl_engine *e, struct vkyc_curl_pool *pool);

/* Starts the thread and loads libcurl and the certificates of a pool there, for at most `wait` milliseconds of the caller's time.
 * 1 when all of it is done, 0 while it goes on. */
int vkyc_curl_engine_prepare(struct vkyc_curl_engine *e, struct vkyc_curl_pool *pool, long wait);

/* Begins a transfer of a copy of `request`. 1 and a ticket; VKYC_CURL_FAILED and a failure; VKYC_CURL_LATER while VKYC_MAX_IN_FLIGHT are
 * under way. `owner` groups transfers for cancelling. `batch`: the thread need not be woken before the owner's next vkyc_curl_engine_ready
 * or vkyc_curl_engine_alarm, because others will follow. */
int vkyc_curl_engine_submit(struct vkyc_curl_engine *e, struct vkyc_curl_pool *pool, const void *owner, const struct vkyc_request *request,
                            size_t max_body, const struct vkyc_curl_limits *limits, int batch, struct vkyc_curl_ticket *ticket,
                            struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* The HTTP status, the answer having been moved into `response`; VKYC_CURL_FAILED and a failure; VKYC_CURL_LATER while it is under way.
 * The first two end the ticket. */
int vkyc_curl_engine_finish(struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket, struct vkyc_response *response,
                            struct vkyc_failure *failure) VKYC_CHECK_RESULT;

/* Asks the thread to stop a transfer. It still has to be finished: with the failure "cancelled" (which knows whether the request was
 * sent), or its true end if that came first. Nothing happens when the ticket has ended. */
void vkyc_curl_engine_cancel(struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket);

/* The same for all transfers of an owner, with the failure "closed". */
void vkyc_curl_engine_cancel_all(struct vkyc_curl_engine *e, const void *owner);

/* Stops a transfer that nobody will finish. */
void vkyc_curl_engine_drop(struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket);

/* 1 when a transfer ended or the alarm rang since the last call that said so; cheap, without a call of the system, when not. */
int vkyc_curl_engine_ready(struct vkyc_curl_engine *e);

/* The slot of a transfer that ended and was not told of before, or -1. */
int vkyc_curl_engine_next(struct vkyc_curl_engine *e);

/* Sets the alarm, which makes the engine ready: milliseconds of the monotonic clock; 0 is now, below 0 none. There is one. */
void vkyc_curl_engine_alarm(struct vkyc_curl_engine *e, long long at);

/* A file descriptor to wait on: readable while vkyc_curl_engine_ready would say 1. Another one in a forked child. */
int vkyc_curl_engine_fd(struct vkyc_curl_engine *e);

#endif
