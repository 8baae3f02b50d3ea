/* The thread's side of an engine: takes orders, lets libcurl work, hands answers over. */
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int open_transfer(struct vkyc_curl_job *job)
{
    if (!vkyc_curl_pool_start(job->pool, &job->failure)) {
        return 0;
    }
    if (job->transfer.easy != NULL && job->pool_serial == job->pool->serial) {
        return 1;
    }
    if (job->transfer.easy != NULL) {
        vkyc_curl_transfer_close(&job->transfer);
    }
    memset(&job->transfer, 0, sizeof job->transfer);
    if (!vkyc_curl_transfer_open(&job->transfer, &job->pool->identity, NULL, &job->failure)) {
        return 0;
    }
    job->pool_serial = job->pool->serial;
    CURL *easy = job->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    vkyc_curl_pool_attach(job->pool, easy);
    return 1;
}

/* 0 when it failed at once. */
static int begin_job(struct vkyc_curl_job *job, unsigned char wish)
{
    job->status = 0;
    if (wish != VKYC_CURL_GO_ON) {
        fail_wished(job, wish, 0);
        return 0;
    }
    if (!open_transfer(job)) {
        return 0;
    }
    /* The thread may have been busy. */
    long long left = job->ends - vkyc_curl_now();
    job->limits.timeout = left < 1 ? 1 : (long)left;
    if (!vkyc_curl_transfer_begin(&job->transfer, &job->request, &job->response, &job->limits, &job->failure)) {
        return 0;
    }
    if (curl_multi_add_handle(job->pool->multi, job->transfer.easy) != CURLM_OK) {
        (void)!vkyc_curl_transfer_end(&job->transfer, CURLE_OUT_OF_MEMORY, &job->failure);
        return 0;
    }
    return 1;
}

static void stop_job(struct vkyc_curl_job *job, unsigned char wish)
{
    int sent = job->transfer.sends > 0;
    curl_multi_remove_handle(job->pool->multi, job->transfer.easy);
    (void)!vkyc_curl_transfer_end(&job->transfer, CURLE_ABORTED_BY_CALLBACK, &job->failure);
    fail_wished(job, wish, sent);
}

static void collect_ended(struct vkyc_curl_pool *pool)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
        struct vkyc_curl_job *job = NULL;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&job);
        if (message->msg == CURLMSG_DONE && job != NULL) {
            curl_multi_remove_handle(pool->multi, easy);
            job->status = vkyc_curl_transfer_end(&job->transfer, code, &job->failure);
            end_job(pool->engine, job->slot);
        }
    }
}

/* Ends every transfer of a pool: libcurl had no memory to go on, and would not say for which of them. */
static void fail_all(struct vkyc_curl_pool *pool)
{
    struct vkyc_curl_engine *e = pool->engine;
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        pthread_mutex_lock(&e->lock);
        struct vkyc_curl_job *job = e->state[i] == VKYC_CURL_RUNNING ? e->jobs[i] : NULL;
        pthread_mutex_unlock(&e->lock);
        if (job != NULL && job->pool == pool && job->transfer.response != NULL) {
            curl_multi_remove_handle(pool->multi, job->transfer.easy);
            job->status = vkyc_curl_transfer_end(&job->transfer, CURLE_OUT_OF_MEMORY, &job->failure);
            end_job(e, i);
        }
    }
}

static void act(struct vkyc_curl_pool *pool, curl_socket_t fd, int mask)
{
    int running;
    CURLMcode code = curl_multi_socket_action(pool->multi, fd, mask, &running);
    collect_ended(pool);
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
    struct vkyc_curl_pool *closing[VKYC_MAX_IDENTITIES];
    struct vkyc_curl_pool *prepare[VKYC_MAX_IDENTITIES];
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
        if (pool != NULL && pool->closing) {
            o->closing[i] = pool;
        } else if (pool != NULL && pool->wanted && !pool->prepared) {
            o->prepare[i] = pool;
        }
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

static void follow_orders(struct vkyc_curl_engine *e, struct orders *o)
{
    int begun = 0;
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (o->begin[i]) {
            if (!begin_job(e->jobs[i], o->wish[i])) {
                end_job(e, i);
            } else {
                begun = 1;
            }
        } else if (o->wish[i] != VKYC_CURL_GO_ON) {
            stop_job(e->jobs[i], o->wish[i]);
            end_job(e, i);
        }
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        struct vkyc_failure failure;
        if (begun && o->pools[i] != NULL) {
            vkyc_curl_pool_drop_stale(o->pools[i]); /* libcurl chooses connections when its timers run, which is next */
        }
        if (o->closing[i] != NULL) {
            vkyc_curl_pool_stop(o->closing[i]);
            pthread_mutex_lock(&e->lock);
            e->pools[i] = NULL;
            pthread_mutex_unlock(&e->lock);
            vkyc_curl_identity_free(&o->closing[i]->identity);
            free(o->closing[i]);
            o->pools[i] = NULL;
        } else if (o->prepare[i] != NULL) {
            if (vkyc_curl_pool_start(o->prepare[i], &failure)) {
                vkyc_curl_pool_prepare(o->prepare[i]);
            }
            pthread_mutex_lock(&e->lock);
            o->prepare[i]->prepared = 1;
            pthread_mutex_unlock(&e->lock);
        }
    }
}

/* Lets libcurl work whose time has come. Returns when it wants to be called next, at the latest at `until`; -1 for never. */
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
        collect_ended(pool); /* a transfer may end while others are added */
        if (pool->timer >= 0 && (until < 0 || pool->timer < until)) {
            until = pool->timer;
        }
    }
    return until;
}

static void handle_event(struct vkyc_curl_watch *w, int fd, short events)
{
    int mask = 0;
    if (w->fd != fd || !vkyc_curl_watch_is_ours(w)) {
        return; /* closed, maybe by what an earlier event brought about */
    }
    if (vkyc_curl_watch_is_idle(w)) {
        vkyc_curl_watch_end(w);
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

static void wait_for_events(struct vkyc_curl_engine *e, long long until)
{
    struct pollfd polled[VKYC_CURL_WATCHES + 1];
    struct vkyc_curl_watch *of[VKYC_CURL_WATCHES + 1];
    nfds_t count = 1;
    int wait = -1;
    polled[0] = (struct pollfd){e->wake[0], POLLIN, 0};
    for (unsigned i = 0; i < e->watches; i++) {
        struct vkyc_curl_watch *w = &e->watch[i];
        if (w->fd >= 0 && (w->events != 0 || vkyc_curl_watch_is_idle(w))) {
            of[count] = w;
            polled[count++] = (struct pollfd){w->fd, w->events != 0 ? w->events : (short)(POLLIN | POLLRDHUP), 0};
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
        char bytes[16];
        while (read(e->wake[0], bytes, sizeof bytes) > 0) {
        }
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
        struct vkyc_curl_job *job = e->jobs[i];
        if (job != NULL && job->transfer.easy != NULL) {
            /* NULL: no transfer is under way. */
            if (job->transfer.response != NULL) {
                stop_job(job, VKYC_CURL_CANCEL);
            }
            vkyc_curl_transfer_close(&job->transfer);
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
