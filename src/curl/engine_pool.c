/* A pool: libcurl's multi interface for one identity, because a client's key is no part of what libcurl compares before it shares a
 * connection; and its lanes. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine_state.h"

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

/* CURLMOPT_TIMERFUNCTION */
static int set_timer(CURLM *multi, long wait, void *ud)
{
    struct vkyc_curl_pool *pool = ud;
    (void)multi;
    pool->timer = wait < 0 ? -1 : vkyc_curl_now() + wait;
    return 0;
}

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
        vkyc_curl_fail(failure, "memory", "There is no memory for the transfer.");
        return 0;
    }
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, vkyc_curl_watch_want);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool);
    /* Lanes decide what is closed: libcurl is never to count them. */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L * VKYC_MAX_IN_FLIGHT);
    pool->multi = multi;
    return 1;
}

void vkyc_curl_pool_stop(struct vkyc_curl_pool *pool)
{
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (pool->lanes[i] != NULL) {
            vkyc_curl_transfer_close(&pool->lanes[i]->transfer);
            free(pool->lanes[i]);
            pool->lanes[i] = NULL;
        }
    }
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
    static const struct vkyc_curl_limits limits = {1000, 1000, -1};
    struct vkyc_curl_connection c;
    char url[48];
    int listener = listen_alone(url, sizeof url);
    memset(&c, 0, sizeof c);
    if (listener < 0) {
        return;
    }
    if (vkyc_curl_connection_open(&c, &pool->identity, NULL) == CURLE_OK) {
        curl_easy_setopt(c.easy, CURLOPT_PROXY, "");
        if (vkyc_curl_connection_begin(&c, pool->multi, url, strlen(url), &limits) == CURLE_OK) {
            begin_handshake(pool->multi, listener);
        }
        vkyc_curl_connection_close(&c);
    }
    close(listener);
}

/* Makes a lane where there is none. */
static struct vkyc_curl_lane *new_lane(struct vkyc_curl_pool *pool, struct vkyc_failure *failure)
{
    const struct vkyc_curl_socket_hooks hooks = {vkyc_curl_watch_open, vkyc_curl_watch_close, pool};
    struct vkyc_curl_lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL) {
        vkyc_curl_fail(failure, "memory", "There is no memory for the transfer.");
        return NULL;
    }
    if (!vkyc_curl_transfer_open(&lane->transfer, &pool->identity, &hooks, failure)) {
        free(lane);
        return NULL;
    }
    curl_easy_setopt(lane->transfer.connection.easy, CURLOPT_PRIVATE, lane);
    return lane;
}

struct vkyc_curl_lane *vkyc_curl_pool_lane(struct vkyc_curl_pool *pool, const char *origin, size_t size, long max_idle, int *connected,
                                           struct vkyc_failure *failure)
{
    int hole = -1;
    struct vkyc_curl_lane *spare = NULL; /* without a connection, or with one to the same origin that will not do */
    struct vkyc_curl_lane *oldest = NULL;
    *connected = 0;
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        struct vkyc_curl_lane *lane = pool->lanes[i];
        struct vkyc_curl_connection *c = lane != NULL ? &lane->transfer.connection : NULL;
        if (lane == NULL) {
            hole = hole < 0 ? i : hole;
        } else if (lane->job != NULL) {
            continue;
        } else if (vkyc_curl_connection_is_to(c, origin, size)) {
            if (vkyc_curl_connection_is_usable(c, max_idle)) {
                *connected = 1;
                return lane;
            }
            spare = lane;
        } else if (c->multi == NULL) {
            spare = lane;
        } else if (oldest == NULL || c->idle_since < oldest->transfer.connection.idle_since) {
            oldest = lane;
        }
    }
    if (spare != NULL) {
        return spare;
    }
    if (hole >= 0) {
        pool->lanes[hole] = new_lane(pool, failure);
        return pool->lanes[hole];
    }
    return oldest; /* no more can be under way than there are lanes */
}
