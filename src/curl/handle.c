#include "handle.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* With NOSIGNAL libcurl leaves SIGPIPE to us. Its own writes do not raise it where there is MSG_NOSIGNAL; OpenSSL's did, until libcurl 7.87
 * began to write for it. */
static int raises_sigpipe(void)
{
#ifdef MSG_NOSIGNAL
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    return about->version_num < 0x075700 || about->ssl_version == NULL || strncmp(about->ssl_version, "OpenSSL/", 8) != 0;
#else
    return 1;
#endif
}

struct sigpipe_guard {
    int used;
    sigset_t old;
    int pending; /* one was there before us: not ours to take away */
};

static void sigpipe_hold(struct sigpipe_guard *g, int used)
{
    g->used = used;
    if (!used) {
        return;
    }
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
    if (!g->used) {
        return;
    }
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
    if (!vkyc_curl_identity_check(&h->identity, failure) || !vkyc_curl_direct_open(&h->direct, &h->identity, &h->sockets, failure)) {
        return 0;
    }
    h->guarded = raises_sigpipe();
    h->pid = getpid();
    h->open = 1;
    return 1;
}

/* After fork: closes what was inherited and leaks libcurl's memory on purpose. Ending the handle would say goodbye on the parent's
 * connections, and could wait for a lock whose holder does not exist here. */
static void abandon(struct vkyc_curl_handle *h)
{
    vkyc_curl_sockets_abandon(&h->sockets);
    vkyc_curl_direct_abandon(&h->direct);
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
        memset(&h->direct, 0, sizeof h->direct);
        if (!vkyc_curl_direct_open(&h->direct, &h->identity, &h->sockets, failure)) {
            h->open = 0;
            return 0;
        }
        h->pid = getpid();
    }
    struct sigpipe_guard guard;
    sigpipe_hold(&guard, h->guarded);
    int status = vkyc_curl_direct_perform(&h->direct, request, response, limits, failure);
    sigpipe_release(&guard);
    return status;
}

void vkyc_curl_handle_close(struct vkyc_curl_handle *h)
{
    if (h->open) {
        h->open = 0;
        if (h->pid != getpid()) {
            abandon(h);
        } else {
            struct sigpipe_guard guard;
            sigpipe_hold(&guard, h->guarded);
            vkyc_curl_direct_close(&h->direct);
            sigpipe_release(&guard);
        }
    }
    vkyc_curl_identity_free(&h->identity);
}
