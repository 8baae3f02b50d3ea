#include "handle.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* With NOSIGNAL libcurl leaves SIGPIPE to us, and OpenSSL's own writes may raise it. */
struct sigpipe_guard {
    sigset_t old;
    int pending; /* one was there before us: not ours to take away */
};

static void sigpipe_hold(struct sigpipe_guard *g)
{
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    g->pending = 0;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &g->old);
    if (sigismember(&g->old, SIGPIPE) == 1) {
        sigset_t waiting;
        sigpending(&waiting);
        g->pending = sigismember(&waiting, SIGPIPE) == 1;
    }
}

static void sigpipe_release(const struct sigpipe_guard *g)
{
    if (!g->pending) {
        static const struct timespec no_time = {0, 0};
        sigset_t pipe_only;
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        while (sigtimedwait(&pipe_only, NULL, &no_time) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &g->old, NULL);
}

int vkyc_curl_handle_open(struct vkyc_curl_handle *h, struct vkyc_failure *failure)
{
    if (!vkyc_curl_identity_check(&h->identity, failure) || !vkyc_curl_transfer_open(&h->transfer, &h->identity, &h->sockets, failure)) {
        return 0;
    }
    h->pid = getpid();
    h->open = 1;
    return 1;
}

/* After fork: closes what was inherited and leaks libcurl's memory on purpose. Ending the handle would say goodbye on the parent's
 * connections, and could wait for a lock whose holder does not exist here. */
static void abandon(struct vkyc_curl_handle *h)
{
    vkyc_curl_sockets_abandon(&h->sockets);
    vkyc_curl_transfer_abandon(&h->transfer);
}

int vkyc_curl_handle_perform(struct vkyc_curl_handle *h, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure)
{
    if (!h->open) {
        *failure = (struct vkyc_failure){"closed", NULL, "The handle is closed.", 0};
        return 0;
    }
    if (h->pid != getpid()) {
        abandon(h);
        memset(&h->transfer, 0, sizeof h->transfer);
        if (!vkyc_curl_transfer_open(&h->transfer, &h->identity, &h->sockets, failure)) {
            h->open = 0;
            return 0;
        }
        h->pid = getpid();
    }
    if (!vkyc_curl_transfer_begin(&h->transfer, request, response, limits, failure)) {
        return 0;
    }
    struct sigpipe_guard guard;
    sigpipe_hold(&guard);
    vkyc_curl_sockets_drop_stale(&h->sockets);
    CURLcode code = curl_easy_perform(h->transfer.easy);
    sigpipe_release(&guard);
    return vkyc_curl_transfer_end(&h->transfer, code, failure);
}

void vkyc_curl_handle_close(struct vkyc_curl_handle *h)
{
    if (h->open) {
        h->open = 0;
        if (h->pid != getpid()) {
            abandon(h);
        } else {
            struct sigpipe_guard guard;
            sigpipe_hold(&guard);
            vkyc_curl_transfer_close(&h->transfer);
            sigpipe_release(&guard);
        }
    }
    vkyc_curl_identity_free(&h->identity);
}
