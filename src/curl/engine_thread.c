/* The thread's side of an engine: takes orders, lets libcurl connect, moves requests and answers, hands these over. */
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* Milliseconds for which the end of a transfer may wait for others to be told of together. */
enum { MAX_SILENCE = 1 };

/* Jobs --------------------------------------------------------------------------------------------------------------------------------- */

static void end_job(struct vkyc_curl_engine *e, int slot)
{
    struct vkyc_curl_job *job = e->jobs[slot];
    vkyc_buffer_reset(&job->request.url);
    vkyc_buffer_reset(&job->request.headers);
    vkyc_buffer_reset(&job->request.body);
    pthread_mutex_lock(&e->lock);
    if (e->wish[slot] == VKYC_CURL_DROP) {
        vkyc_response_reset(&job->response);
        e->state[slot] = VKYC_CURL_FREE;
    } else {
        e->state[slot] = VKYC_CURL_DONE;
        e->done++;
        e->due = 1;
    }
    pthread_mutex_unlock(&e->lock);
}

/* Tells the owner of transfers that ended: of many at a time, as each waking of it costs as much as a transfer. */
static void tell(struct vkyc_curl_engine *e)
{
    if (e->due) {
        pthread_mutex_lock(&e->lock);
        int notify = e->done > 0 && vkyc_curl_engine_signal(e);
        pthread_mutex_unlock(&e->lock);
        e->due = 0;
        if (notify) {
            vkyc_curl_engine_notify(e);
        }
    }
}

static void fail_wished(struct vkyc_curl_job *job, unsigned char wish, int sent)
{
    job->status = 0;
    if (wish == VKYC_CURL_CLOSE) {
        job->failure = (struct vkyc_failure){"closed", NULL, "The client was closed while the call was under way.", sent};
    } else {
        job->failure = (struct vkyc_failure){"cancelled", NULL, "The call was cancelled.", sent};
    }
}

/* Ends the transfer of a lane; `code` is what came of it. */
static void end_lane(struct vkyc_curl_lane *lane, CURLcode code)
{
    struct vkyc_curl_job *job = lane->job;
    job->status = vkyc_curl_transfer_end(&lane->transfer, code, &job->failure);
    job->lane = NULL;
    lane->job = NULL;
}

/* Goes on with the transfer of a lane that has its connection. */
static void step_lane(struct vkyc_curl_lane *lane, int readable)
{
    struct vkyc_curl_job *job = lane->job;
    /* The thread may have been busy: what is late already is not sent. */
    int late = lane->transfer.sends == 0 && job->ends <= vkyc_curl_now();
    CURLcode code = late ? CURLE_OPERATION_TIMEDOUT : vkyc_curl_transfer_step(&lane->transfer, readable);
    if (code != CURLE_AGAIN) {
        end_lane(lane, code);
        end_job(job->pool->engine, job->slot);
    }
}

static int is_connected(const struct vkyc_curl_lane *lane)
{
    return lane->transfer.connection.socket != CURL_SOCKET_BAD;
}

/* 0 when it failed at once. */
static int begin_job(struct vkyc_curl_job *job, unsigned char wish)
{
    struct vkyc_http_target target;
    int connected = 0;
    job->status = 0;
    if (wish != VKYC_CURL_GO_ON) {
        fail_wished(job, wish, 0);
        return 0;
    }
    if (!vkyc_curl_pool_start(job->pool, &job->failure) || !vkyc_curl_target(&job->request, &target, &job->failure)) {
        return 0;
    }
    const char *origin = job->request.url.data;
    size_t size = vkyc_curl_origin_size(&job->request, &target);
    struct vkyc_curl_lane *lane = vkyc_curl_pool_lane(job->pool, origin, size, job->limits.max_idle, &connected, &job->failure);
    if (lane == NULL || !vkyc_curl_transfer_begin(&lane->transfer, &job->request, &target, &job->response, &job->failure)) {
        return 0;
    }
    lane->job = job;
    job->lane = lane;
    if (connected) {
        step_lane(lane, 0);
        return 1;
    }
    /* The thread may have been busy. */
    long long left = job->ends - vkyc_curl_now();
    job->limits.timeout = left < 1 ? 1 : (long)left;
    CURLcode code = vkyc_curl_connection_begin(&lane->transfer.connection, job->pool->multi, origin, size, &job->limits);
    if (code != CURLE_OK) {
        end_lane(lane, code);
        return 0;
    }
    return 1;
}

static void stop_job(struct vkyc_curl_job *job, unsigned char wish)
{
    int sent = job->lane->transfer.sends > 0;
    end_lane(job->lane, CURLE_ABORTED_BY_CALLBACK);
    fail_wished(job, wish, sent);
}

/* Takes over the connections that libcurl has made, and ends the transfers for which it could not. */
static void collect_connected(struct vkyc_curl_pool *pool)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
        struct vkyc_curl_lane *lane = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
        if (message->msg != CURLMSG_DONE || lane == NULL || lane->job == NULL || is_connected(lane)) {
            continue;
        }
        struct vkyc_curl_job *job = lane->job;
        if (code == CURLE_OK) {
            code = vkyc_curl_connection_stands(&lane->transfer.connection);
        }
        if (code == CURLE_OK) {
            vkyc_curl_watch_give(pool->engine, lane);
            step_lane(lane, 0);
        } else {
            end_lane(lane, code);
            end_job(pool->engine, job->slot);
        }
    }
}

/* Ends every transfer of a pool whose connection is being made: libcurl had no memory to go on, and would not say for which of them. */
static void fail_all(struct vkyc_curl_pool *pool)
{
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        struct vkyc_curl_lane *lane = pool->lanes[i];
        if (lane != NULL && lane->job != NULL && !is_connected(lane)) {
            int slot = lane->job->slot;
            end_lane(lane, CURLE_OUT_OF_MEMORY);
            end_job(pool->engine, slot);
        }
    }
}

static void act(struct vkyc_curl_pool *pool, curl_socket_t fd, int mask)
{
    int running;
    CURLMcode code = curl_multi_socket_action(pool->multi, fd, mask, &running);
    collect_connected(pool);
    if (code != CURLM_OK) {
        fail_all(pool);
    }
}

/* The thread --------------------------------------------------------------------------------------------------------------------------- */

/* What the owner asked for, taken in one hold of the lock. */
struct orders {
    int stop;
    unsigned char begin[VKYC_MAX_IN_FLIGHT];
    unsigned char wish[VKYC_MAX_IN_FLIGHT];
    struct vkyc_curl_pool *pools[VKYC_MAX_IDENTITIES];
    unsigned char closing[VKYC_MAX_IDENTITIES];
    unsigned char prepare[VKYC_MAX_IDENTITIES];
    long long alarm;
};

static void take_orders(struct vkyc_curl_engine *e, struct orders *o)
{
    int notify = 0;
    memset(o, 0, sizeof *o);
    tell(e);
    pthread_mutex_lock(&e->lock);
    e->woken = 0;
    o->stop = e->stop;
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        o->begin[i] = e->state[i] == VKYC_CURL_QUEUED;
        if (o->begin[i]) {
            e->state[i] = VKYC_CURL_RUNNING;
        }
        o->wish[i] = e->state[i] == VKYC_CURL_RUNNING ? e->wish[i] : VKYC_CURL_GO_ON;
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        struct vkyc_curl_pool *pool = e->pools[i];
        o->pools[i] = pool;
        o->closing[i] = pool != NULL && pool->closing;
        o->prepare[i] = pool != NULL && pool->wanted && !pool->prepared && !pool->closing;
    }
    if (e->alarm >= 0 && e->alarm <= vkyc_curl_now()) {
        e->alarm = -1;
        e->rang = 1;
        notify = vkyc_curl_engine_signal(e);
    }
    o->alarm = e->alarm;
    pthread_mutex_unlock(&e->lock);
    if (notify) {
        vkyc_curl_engine_notify(e);
    }
}

static void prepare_pool(struct vkyc_curl_pool *pool)
{
    struct vkyc_failure failure;
    if (vkyc_curl_pool_start(pool, &failure)) {
        vkyc_curl_pool_prepare(pool);
    }
    pthread_mutex_lock(&pool->engine->lock);
    pool->prepared = 1;
    pthread_mutex_unlock(&pool->engine->lock);
}

static void close_pool(struct vkyc_curl_pool *pool, int index)
{
    struct vkyc_curl_engine *e = pool->engine;
    vkyc_curl_pool_stop(pool);
    pthread_mutex_lock(&e->lock);
    e->pools[index] = NULL;
    pthread_mutex_unlock(&e->lock);
    vkyc_curl_identity_free(&pool->identity);
    free(pool);
}

static void follow_orders(struct vkyc_curl_engine *e, struct orders *o)
{
    /* First, because it lets libcurl work on everything. */
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        if (o->prepare[i]) {
            prepare_pool(o->pools[i]);
        }
    }
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (o->begin[i]) {
            if (!begin_job(e->jobs[i], o->wish[i])) {
                end_job(e, i);
            }
        } else if (o->wish[i] != VKYC_CURL_GO_ON) {
            stop_job(e->jobs[i], o->wish[i]);
            end_job(e, i);
        }
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        if (o->closing[i]) {
            close_pool(o->pools[i], i);
            o->pools[i] = NULL;
        }
    }
}

static long long sooner(long long a, long long b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Ends the transfers of a pool whose time is over. Returns when that of another will be, or -1. */
static long long end_late(struct vkyc_curl_pool *pool)
{
    long long now = vkyc_curl_now();
    long long first = -1;
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        struct vkyc_curl_lane *lane = pool->lanes[i];
        if (lane == NULL || lane->job == NULL || !is_connected(lane)) {
            continue; /* libcurl has the time of a connection that is being made */
        }
        struct vkyc_curl_job *job = lane->job;
        if (job->ends <= now) {
            end_lane(lane, CURLE_OPERATION_TIMEDOUT);
            end_job(pool->engine, job->slot);
        } else {
            first = sooner(first, job->ends);
        }
    }
    return first;
}

/* Does what the time has come for. Returns when it comes next, at the latest at `until`; -1 for never. */
static long long run_timers(struct orders *o, long long until)
{
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        struct vkyc_curl_pool *pool = o->pools[i];
        if (pool == NULL || pool->multi == NULL) {
            continue;
        }
        for (int turns = 0; pool->timer >= 0 && pool->timer <= vkyc_curl_now() && turns < VKYC_MAX_IN_FLIGHT; turns++) {
            pool->timer = -1; /* libcurl sets it again */
            act(pool, CURL_SOCKET_TIMEOUT, 0);
        }
        collect_connected(pool); /* a connection may fail while others are added */
        until = sooner(sooner(until, pool->timer), end_late(pool));
    }
    return until;
}

static void handle_event(struct vkyc_curl_watch *w, int fd, short events)
{
    int mask = 0;
    if (w->fd != fd) {
        return; /* closed, maybe by what an earlier event brought about */
    }
    if (w->lane != NULL && w->lane->job == NULL) {
        if (!vkyc_curl_connection_is_quiet(&w->lane->transfer.connection)) {
            vkyc_curl_connection_end(&w->lane->transfer.connection);
        }
        return;
    }
    if (w->lane != NULL) {
        step_lane(w->lane, (events & ~POLLOUT) != 0);
        return;
    }
    if (!vkyc_curl_watch_is_ours(w)) {
        return;
    }
    if ((events & (POLLIN | POLLHUP)) != 0) {
        mask |= CURL_CSELECT_IN;
    }
    if ((events & POLLOUT) != 0) {
        mask |= CURL_CSELECT_OUT;
    }
    if ((events & (POLLERR | POLLNVAL)) != 0) {
        mask |= CURL_CSELECT_ERR;
    }
    act(w->pool, fd, mask);
}

/* What is waited for on a socket; 0: nothing. */
static short events_of(const struct vkyc_curl_watch *w)
{
    if (w->lane == NULL) {
        return w->events;
    }
    return w->lane->job != NULL ? vkyc_curl_transfer_events(&w->lane->transfer) : (short)(POLLIN | POLLRDHUP);
}

static void wait_for_events(struct vkyc_curl_engine *e, long long until)
{
    struct pollfd polled[VKYC_CURL_WATCHES + 1];
    struct vkyc_curl_watch *of[VKYC_CURL_WATCHES + 1];
    nfds_t count = 1;
    int wait = -1;
    polled[0] = (struct pollfd){e->wake.fd, POLLIN, 0};
    for (unsigned i = 0; i < e->watches; i++) {
        struct vkyc_curl_watch *w = &e->watch[i];
        short events = w->fd >= 0 ? events_of(w) : 0;
        if (events != 0) {
            of[count] = w;
            polled[count++] = (struct pollfd){w->fd, events, 0};
        }
    }
    tell(e);
    if (until >= 0) {
        long long left = until - vkyc_curl_now();
        wait = left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
    }
    if (poll(polled, count, wait) <= 0) {
        return;
    }
    long long since = vkyc_curl_now();
    if (polled[0].revents != 0) {
        (void)vkyc_curl_waker_clear(&e->wake);
    }
    for (nfds_t i = 1; i < count; i++) {
        if (polled[i].revents != 0) {
            handle_event(of[i], polled[i].fd, polled[i].revents);
            if (e->due && vkyc_curl_now() - since > MAX_SILENCE) {
                tell(e);
                since = vkyc_curl_now();
            }
        }
    }
}

static void clean_up(struct vkyc_curl_engine *e)
{
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (e->jobs[i] != NULL && e->jobs[i]->lane != NULL) {
            stop_job(e->jobs[i], VKYC_CURL_CANCEL);
        }
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        if (e->pools[i] != NULL) {
            vkyc_curl_pool_stop(e->pools[i]);
        }
    }
}

void *vkyc_curl_engine_run(void *ud)
{
    struct vkyc_curl_engine *e = ud;
    struct orders o;
    for (take_orders(e, &o); !o.stop; take_orders(e, &o)) {
        follow_orders(e, &o);
        wait_for_events(e, run_timers(&o, o.alarm));
    }
    clean_up(e);
    OPENSSL_thread_stop(); /* not by the thread's end, which may come while exit() takes OpenSSL apart */
    vkyc_curl_engine_leave(e);
    pthread_mutex_lock(&e->lock);
    e->ended = 1;
    int orphan = e->orphan;
    pthread_mutex_unlock(&e->lock);
    if (orphan) {
        vkyc_curl_engine_free(e);
    }
    return NULL;
}
