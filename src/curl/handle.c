#include "handle.h"

#include <errno.h>
#include <poll.h>
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

static int open_transfer(struct vkyc_curl_handle *h, struct vkyc_failure *failure)
{
    const struct vkyc_curl_socket_hooks hooks = {vkyc_curl_socket_open, vkyc_curl_socket_close, &h->sockets};
    if (!vkyc_curl_transfer_open(&h->transfer, &h->identity, &hooks, failure)) {
        return 0;
    }
    h->multi = curl_multi_init();
    if (h->multi == NULL) {
        vkyc_curl_explain(&h->transfer, CURLE_OUT_OF_MEMORY, failure);
        vkyc_curl_transfer_close(&h->transfer);
        return 0;
    }
    return 1;
}

int vkyc_curl_handle_open(struct vkyc_curl_handle *h, struct vkyc_failure *failure)
{
    if (!vkyc_curl_identity_check(&h->identity, failure) || !open_transfer(h, failure)) {
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
    vkyc_curl_transfer_abandon(&h->transfer);
    h->multi = NULL;
}

/* What came of the connection, or -1 while it is on its way. */
static int outcome(CURLM *multi)
{
    int waiting = 0;
    const struct CURLMsg *message = curl_multi_info_read(multi, &waiting);
    return message != NULL && message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}

static CURLcode connect_to(struct vkyc_curl_handle *h, const char *origin, size_t size, const struct vkyc_curl_limits *limits)
{
    CURLcode code = vkyc_curl_connection_begin(&h->transfer.connection, h->multi, origin, size, limits);
    if (code != CURLE_OK) {
        return code;
    }
    int running = 0;
    int result = -1;
    while (result < 0) {
        if (curl_multi_perform(h->multi, &running) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
        result = outcome(h->multi);
        if (result < 0 && curl_multi_poll(h->multi, NULL, 0, 1000, NULL) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
    }
    return result == CURLE_OK ? vkyc_curl_connection_stands(&h->transfer.connection) : (CURLcode)result;
}

/* Steps until the transfer came to its end, for good or bad. */
static CURLcode exchange(struct vkyc_curl_transfer *t, long long deadline)
{
    /* What is late already is not sent. */
    CURLcode code = vkyc_curl_now() < deadline ? vkyc_curl_transfer_step(t, 0) : CURLE_OPERATION_TIMEDOUT;
    while (code == CURLE_AGAIN) {
        long long left = deadline - vkyc_curl_now();
        struct pollfd polled = {t->connection.socket, vkyc_curl_transfer_events(t), 0};
        int ready = left > 0 ? poll(&polled, 1, (int)left) : 0;
        if (ready == 0) {
            return CURLE_OPERATION_TIMEDOUT;
        }
        if (ready > 0) {
            code = vkyc_curl_transfer_step(t, (polled.revents & ~POLLOUT) != 0);
        } else if (errno != EINTR && errno != EAGAIN) {
            return CURLE_RECV_ERROR;
        }
    }
    return code;
}

static int perform(struct vkyc_curl_handle *h, const struct vkyc_request *request, struct vkyc_response *response,
                   const struct vkyc_curl_limits *limits, struct vkyc_failure *failure)
{
    struct vkyc_curl_transfer *t = &h->transfer;
    struct vkyc_http_target target;
    long long begun = vkyc_curl_now();
    CURLcode code = CURLE_OK;
    if (!vkyc_curl_target(request, &target, failure) || !vkyc_curl_transfer_begin(t, request, &target, response, failure)) {
        vkyc_response_reset(response);
        return 0;
    }
    size_t origin = vkyc_curl_origin_size(request, &target);
    if (!vkyc_curl_connection_is_to(&t->connection, request->url.data, origin) ||
        !vkyc_curl_connection_is_usable(&t->connection, limits->max_idle)) {
        code = connect_to(h, request->url.data, origin, limits);
    }
    if (code == CURLE_OK) {
        code = exchange(t, begun + (limits->timeout < 1 ? 1 : limits->timeout));
    }
    return vkyc_curl_transfer_end(t, code, failure);
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
        if (!open_transfer(h, failure)) {
            h->open = 0;
            return 0;
        }
        h->pid = getpid();
    }
    struct sigpipe_guard guard;
    sigpipe_hold(&guard, h->guarded);
    int status = perform(h, request, response, limits, failure);
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
            vkyc_curl_transfer_close(&h->transfer);
            curl_multi_cleanup(h->multi);
            sigpipe_release(&guard);
        }
    }
    vkyc_curl_identity_free(&h->identity);
}
