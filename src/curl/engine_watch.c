/* The sockets of an engine, which the thread polls: libcurl tells of those that it has. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine_state.h"

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

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

/* Frees the entries of sockets that libcurl closed without a word: an attempt that another overtook, or whose time was over. */
static void free_lost(struct vkyc_curl_engine *e)
{
    for (unsigned i = 0; i < e->watches; i++) {
        if (e->watch[i].fd >= 0 && e->watch[i].lane == NULL) {
            (void)vkyc_curl_watch_is_ours(&e->watch[i]);
        }
    }
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
    if (w == NULL) {
        free_lost(e);
        w = find_watch(e, -1);
    }
    if (w != NULL) {
        w->events = 0;
        w->opened = opened;
        w->lane = NULL;
        w->identity = vkyc_curl_socket_identity(fd);
        w->pool = pool;
        __atomic_store_n(&w->fd, fd, __ATOMIC_RELEASE);
    }
    return w;
}

/* CURLOPT_OPENSOCKETFUNCTION */
curl_socket_t vkyc_curl_watch_open(void *ud, curlsocktype purpose, struct curl_sockaddr *address)
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
int vkyc_curl_watch_close(void *ud, curl_socket_t fd)
{
    const struct vkyc_curl_pool *pool = ud;
    struct vkyc_curl_watch *w = find_watch(pool->engine, fd);
    if (w != NULL) {
        __atomic_store_n(&w->fd, -1, __ATOMIC_RELEASE); /* first, for the sake of a child that is forked now */
    }
    return close(fd);
}

/* CURLMOPT_SOCKETFUNCTION */
int vkyc_curl_watch_want(CURL *easy, curl_socket_t fd, int what, void *ud, void *unused)
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

void vkyc_curl_watch_give(struct vkyc_curl_engine *e, struct vkyc_curl_lane *lane)
{
    struct vkyc_curl_watch *w = find_watch(e, lane->transfer.connection.socket);
    if (w != NULL) {
        w->lane = lane;
    }
}
