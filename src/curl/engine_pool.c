/* A pool: libcurl's multi interface for one identity, because a client's key is no part of what libcurl compares before it shares a
 * connection; and its sockets, which we poll. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine_state.h"

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* Sockets ------------------------------------------------------------------------------------------------------------------------------ */

static struct vkyc_curl_watch *find_watch(struct vkyc_curl_engine *e, int fd)
{
    for (unsigned i = 0; i < e->watches; i++) {
        if (e->watch[i].fd == fd) {
            return &e->watch[i];
        }
    }
    return NULL;
}

int vkyc_curl_watch_is_ours(struct vkyc_curl_watch *w)
{
    if (vkyc_curl_socket_identity(w->fd) == w->identity) {
        return 1;
    }
    __atomic_store_n(&w->fd, -1, __ATOMIC_RELEASE);
    return 0;
}

static struct vkyc_curl_watch *add_watch(struct vkyc_curl_pool *pool, int fd, int opened)
{
    struct vkyc_curl_engine *e = pool->engine;
    struct vkyc_curl_watch *w = find_watch(e, fd); /* of a socket that was closed without a word */
    if (w == NULL) {
        w = find_watch(e, -1);
    }
    if (w == NULL && e->watches < VKYC_CURL_WATCHES) {
        w = &e->watch[e->watches++];
    }
    if (w != NULL) {
        w->events = 0;
        w->opened = opened;
        w->dead = 0;
        w->identity = vkyc_curl_socket_identity(fd);
        w->pool = pool;
        __atomic_store_n(&w->fd, fd, __ATOMIC_RELEASE);
    }
    return w;
}

/* CURLOPT_OPENSOCKETFUNCTION */
static curl_socket_t open_socket(void *ud, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0 && add_watch(ud, fd, 1) == NULL) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* CURLOPT_CLOSESOCKETFUNCTION */
static int close_socket(void *ud, curl_socket_t fd)
{
    struct vkyc_curl_pool *pool = ud;
    struct vkyc_curl_watch *w = find_watch(pool->engine, fd);
    if (w != NULL) {
        __atomic_store_n(&w->fd, -1, __ATOMIC_RELEASE); /* first, for the sake of a child that is forked now */
    }
    return close(fd);
}

/* CURLMOPT_SOCKETFUNCTION */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ud, void *unused)
{
    struct vkyc_curl_pool *pool = ud;
    struct vkyc_curl_watch *w = find_watch(pool->engine, fd);
    (void)easy;
    (void)unused;
    if (what != CURL_POLL_REMOVE && (w == NULL || !vkyc_curl_watch_is_ours(w))) {
        w = add_watch(pool, fd, 0);
    }
    if (w != NULL && what == CURL_POLL_REMOVE && !w->opened) {
        __atomic_store_n(&w->fd, -1, __ATOMIC_RELEASE);
    } else if (w != NULL) {
        short in = what == CURL_POLL_IN || what == CURL_POLL_INOUT ? POLLIN : 0;
        short out = what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? POLLOUT : 0;
        w->events = (short)(in | out);
    }
    return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int set_timer(CURLM *multi, long wait, void *ud)
{
    struct vkyc_curl_pool *pool = ud;
    (void)multi;
    pool->timer = wait < 0 ? -1 : vkyc_curl_now() + wait;
    return 0;
}

void vkyc_curl_watch_end(struct vkyc_curl_watch *w)
{
    char rest[4096];
    /* libcurl takes waiting bytes for life, even a farewell: no more can come after the shutdown, and what is there must go. */
    shutdown(w->fd, SHUT_RDWR);
    while (recv(w->fd, rest, sizeof rest, MSG_DONTWAIT) > 0) {
    }
    w->dead = 1;
}

int vkyc_curl_watch_is_idle(const struct vkyc_curl_watch *w)
{
    return w->fd >= 0 && w->opened && !w->dead && w->events == 0;
}

void vkyc_curl_pool_drop_stale(struct vkyc_curl_pool *pool)
{
    struct vkyc_curl_engine *e = pool->engine;
    struct pollfd polled[VKYC_CURL_WATCHES];
    struct vkyc_curl_watch *of[VKYC_CURL_WATCHES];
    unsigned count = 0;
    for (unsigned i = 0; i < e->watches; i++) {
        if (e->watch[i].pool == pool && vkyc_curl_watch_is_idle(&e->watch[i])) {
            of[count] = &e->watch[i];
            polled[count++] = (struct pollfd){e->watch[i].fd, POLLIN | POLLRDHUP, 0};
        }
    }
    if (count > 0 && poll(polled, count, 0) > 0) {
        for (unsigned i = 0; i < count; i++) {
            if (polled[i].revents != 0 && vkyc_curl_watch_is_ours(of[i])) {
                vkyc_curl_watch_end(of[i]);
            }
        }
    }
}

/* Pools -------------------------------------------------------------------------------------------------------------------------------- */

int vkyc_curl_pool_start(struct vkyc_curl_pool *pool, struct vkyc_failure *failure)
{
    if (pool->multi != NULL) {
        return 1;
    }
    if (!vkyc_curl_identity_check(&pool->identity, failure)) {
        return 0;
    }
    CURLM *multi = vkyc_curl_global() ? curl_multi_init() : NULL;
    if (multi == NULL) {
        *failure = (struct vkyc_failure){"memory", NULL, "There is no memory for the transfer.", 0};
        return 0;
    }
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool);
    /* Those in use count: with less, a full house would close each connection behind its transfer. */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)VKYC_MAX_IN_FLIGHT);
    pool->multi = multi;
    pool->serial = ++pool->engine->pool_serials;
    return 1;
}

void vkyc_curl_pool_stop(struct vkyc_curl_pool *pool)
{
    if (pool->multi != NULL) {
        curl_multi_cleanup(pool->multi);
        pool->multi = NULL;
    }
    pool->timer = -1;
}

/* A port of our own that nobody is told of, and its URL. */
static int listen_alone(char *url, size_t size)
{
    struct sockaddr_in here;
    socklen_t length = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 1) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
                    getsockname(fd, (struct sockaddr *)&here, &length) != 0)) {
        close(fd);
        fd = -1;
    }
    (void)snprintf(url, size, "https://127.0.0.1:%d/", ntohs(here.sin_port));
    return fd;
}

/* Lets libcurl begin a handshake with `listener`, until the first byte of it comes. */
static void begin_handshake(CURLM *multi, int listener)
{
    struct curl_waitfd extra = {listener, CURL_WAIT_POLLIN, 0};
    int peer = -1;
    int running = 1;
    char byte;
    for (int i = 0; i < 100 && running > 0 && (peer < 0 || recv(peer, &byte, 1, MSG_DONTWAIT) != 1); i++) {
        if (curl_multi_perform(multi, &running) != CURLM_OK) {
            break;
        }
        if (peer < 0) {
            peer = accept(listener, NULL, NULL);
        }
        curl_multi_poll(multi, &extra, 1, peer < 0 ? 10 : 0, NULL);
    }
    if (peer >= 0) {
        close(peer);
    }
}

/* Has libcurl parse the certificates into the cache of its multi handle. It does so when a TLS handshake begins: one with ourselves, which
 * does not end. No byte leaves the machine. */
void vkyc_curl_pool_prepare(struct vkyc_curl_pool *pool)
{
    struct vkyc_curl_transfer t;
    struct vkyc_failure failure;
    char url[48];
    int listener = listen_alone(url, sizeof url);
    memset(&t, 0, sizeof t);
    if (listener < 0) {
        return;
    }
    if (vkyc_curl_transfer_open(&t, &pool->identity, NULL, &failure)) {
        curl_easy_setopt(t.easy, CURLOPT_URL, url);
        curl_easy_setopt(t.easy, CURLOPT_PROXY, "");
        curl_easy_setopt(t.easy, CURLOPT_TIMEOUT_MS, 1000L);
        curl_multi_add_handle(pool->multi, t.easy);
        begin_handshake(pool->multi, listener);
        curl_multi_remove_handle(pool->multi, t.easy);
        vkyc_curl_transfer_close(&t);
    }
    close(listener);
}

void vkyc_curl_pool_attach(struct vkyc_curl_pool *pool, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, pool);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, pool);
}
