/* The life of an engine, and its pools: the owner's side. engine_jobs.c has the transfers. */
#include "engine.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine_state.h"

static void close_wakers(struct vkyc_curl_engine *e)
{
    vkyc_curl_waker_close(&e->wake);
    vkyc_curl_waker_close(&e->notice);
}

static int open_wakers(struct vkyc_curl_engine *e)
{
    if (vkyc_curl_waker_open(&e->wake) && vkyc_curl_waker_open(&e->notice)) {
        return 1;
    }
    close_wakers(e);
    return 0;
}

/* The engines of this process whose threads run. State of the process and no other: exit() takes OpenSSL apart while they use it, and
 * fork() copies them without their threads. */
static struct {
    pthread_mutex_t lock;
    struct vkyc_curl_engine *first;
    unsigned forks;
} process = {PTHREAD_MUTEX_INITIALIZER, NULL, 0};

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

static void after_fork(void)
{
    pthread_mutex_init(&process.lock, NULL);
    process.first = NULL;
    process.forks++;
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, after_fork);
}

/* Stops the threads that run. 1 when there is none. Whoever calls exit() may hold a lock, in a signal handler: it is tried again. */
static int stop_all(void)
{
    if (pthread_mutex_trylock(&process.lock) != 0) {
        return 0;
    }
    for (struct vkyc_curl_engine *e = process.first; e != NULL; e = e->next) {
        if (pthread_mutex_trylock(&e->lock) == 0) {
            e->stop = 1;
            pthread_mutex_unlock(&e->lock);
            vkyc_curl_waker_wake(&e->wake);
        }
    }
    int none = process.first == NULL;
    pthread_mutex_unlock(&process.lock);
    return none;
}

static void before_exit(void)
{
    static const struct timespec turn = {0, 1000000};
    for (int i = 0; i < VKYC_MAX_CLOSE && !stop_all(); i++) {
        nanosleep(&turn, NULL);
    }
}

/* With OpenSSL, not with the system: it calls us just before it takes itself apart. */
static void watch_exit(void)
{
    (void)OPENSSL_atexit(before_exit);
}

static void enter(struct vkyc_curl_engine *e)
{
    pthread_once(&exit_once, watch_exit);
    pthread_mutex_lock(&process.lock);
    e->next = process.first;
    process.first = e;
    pthread_mutex_unlock(&process.lock);
}

void vkyc_curl_engine_leave(struct vkyc_curl_engine *e)
{
    pthread_mutex_lock(&process.lock);
    for (struct vkyc_curl_engine **at = &process.first; *at != NULL; at = &(*at)->next) {
        if (*at == e) {
            *at = e->next;
            break;
        }
    }
    pthread_mutex_unlock(&process.lock);
}

struct vkyc_curl_engine *vkyc_curl_engine_new(void)
{
    struct vkyc_curl_engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    for (int i = 0; i < VKYC_CURL_WATCHES; i++) {
        e->watch[i].fd = -1;
    }
    e->wake.fd = e->wake.to = e->notice.fd = e->notice.to = -1;
    e->alarm = -1;
    if (!open_wakers(e)) {
        free(e);
        return NULL;
    }
    pthread_mutex_init(&e->lock, NULL);
    pthread_once(&fork_once, watch_forks);
    e->forks = process.forks;
    return e;
}

void vkyc_curl_engine_free(struct vkyc_curl_engine *e)
{
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (e->jobs[i] != NULL) {
            vkyc_request_free(&e->jobs[i]->request);
            vkyc_response_free(&e->jobs[i]->response);
            free(e->jobs[i]);
        }
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        if (e->pools[i] != NULL) {
            vkyc_curl_identity_free(&e->pools[i]->identity);
            free(e->pools[i]);
        }
    }
    close_wakers(e);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

/* What the thread was at when the process was copied cannot be told: its memory is lost on purpose, and libcurl is not called. */
static void abandon_job(struct vkyc_curl_engine *e, int slot)
{
    struct vkyc_curl_job *job = e->jobs[slot];
    job->lane = NULL;
    if (e->state[slot] != VKYC_CURL_QUEUED && e->state[slot] != VKYC_CURL_RUNNING) {
        return;
    }
    memset(&job->response, 0, sizeof job->response);
    job->status = 0;
    vkyc_curl_fail(&job->failure, "cancelled", "The process was forked while the call was under way; it goes on in the parent.");
    job->failure.sent = 1;
    if (e->wish[slot] == VKYC_CURL_DROP) {
        e->state[slot] = VKYC_CURL_FREE;
    } else {
        e->state[slot] = VKYC_CURL_DONE;
    }
}

static void abandon(struct vkyc_curl_engine *e)
{
    pthread_mutex_init(&e->lock, NULL); /* its holder may not exist here */
    close_wakers(e);
    for (int i = 0; i < VKYC_CURL_WATCHES; i++) {
        if (e->watch[i].fd >= 0 && vkyc_curl_watch_is_ours(&e->watch[i])) {
            close(e->watch[i].fd);
            e->watch[i].fd = -1;
        }
    }
    e->watches = 0;
    e->done = 0;
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (e->jobs[i] != NULL) {
            abandon_job(e, i);
        }
        e->done += e->state[i] == VKYC_CURL_DONE;
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        if (e->pools[i] != NULL) {
            e->pools[i]->multi = NULL;
            e->pools[i]->prepared = e->pools[i]->wanted = 0;
            memset(e->pools[i]->lanes, 0, sizeof e->pools[i]->lanes);
        }
    }
    e->started = e->stop = e->ended = e->woken = e->signalled = e->unwoken = e->due = 0;
    e->rang = 1; /* whoever polls is to look */
    if (open_wakers(e) && vkyc_curl_engine_signal(e)) {
        vkyc_curl_engine_notify(e);
    }
    e->forks = process.forks;
}

void vkyc_curl_engine_check_process(struct vkyc_curl_engine *e)
{
    if (e->forks != process.forks) {
        abandon(e);
    }
}

void vkyc_curl_engine_wake(struct vkyc_curl_engine *e)
{
    pthread_mutex_lock(&e->lock);
    int needed = !e->woken;
    e->woken = 1;
    pthread_mutex_unlock(&e->lock);
    if (needed) {
        vkyc_curl_waker_wake(&e->wake);
    }
}

int vkyc_curl_engine_signal(struct vkyc_curl_engine *e)
{
    int needed = e->watched && !e->signalled;
    e->signalled |= needed;
    return needed;
}

void vkyc_curl_engine_notify(struct vkyc_curl_engine *e)
{
    vkyc_curl_waker_wake(&e->notice);
}

int vkyc_curl_engine_start(struct vkyc_curl_engine *e, struct vkyc_failure *failure)
{
    if (e->started) {
        return 1;
    }
    sigset_t all;
    sigset_t old;
    pthread_attr_t attributes;
    int made = -1;
    if (e->wake.fd >= 0 && pthread_attr_init(&attributes) == 0) {
        sigfillset(&all);
        pthread_attr_setstacksize(&attributes, VKYC_THREAD_STACK);
        /* The thread inherits the mask: no handler of the host ever runs on it. */
        pthread_sigmask(SIG_SETMASK, &all, &old);
        enter(e);
        made = pthread_create(&e->thread, &attributes, vkyc_curl_engine_run, e);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        pthread_attr_destroy(&attributes);
    }
    if (made != 0) {
        vkyc_curl_engine_leave(e);
        vkyc_curl_fail(failure, "memory", "The background thread could not be started.");
        return 0;
    }
    e->started = 1;
    return 1;
}

/* Looks at a flag of the thread every millisecond, until it is set or `wait` is over. No condition variable: helgrind finds fault with
 * glibc's, and nobody waits long or often. */
static int wait_for(struct vkyc_curl_engine *e, const int *flag, long wait)
{
    static const struct timespec turn = {0, 1000000};
    long long until = vkyc_curl_now() + wait;
    for (;;) {
        pthread_mutex_lock(&e->lock);
        int set = *flag;
        pthread_mutex_unlock(&e->lock);
        if (set || vkyc_curl_now() >= until) {
            return set;
        }
        nanosleep(&turn, NULL);
    }
}

void vkyc_curl_engine_close(struct vkyc_curl_engine *e)
{
    vkyc_curl_engine_check_process(e);
    if (!e->started) {
        vkyc_curl_engine_free(e);
        return;
    }
    pthread_t thread = e->thread;
    pthread_mutex_lock(&e->lock);
    e->stop = 1;
    pthread_mutex_unlock(&e->lock);
    vkyc_curl_engine_wake(e);
    (void)wait_for(e, &e->ended, VKYC_MAX_CLOSE);
    pthread_mutex_lock(&e->lock);
    int ended = e->ended;
    e->orphan = !ended;
    pthread_mutex_unlock(&e->lock);
    if (ended) {
        pthread_join(thread, NULL);
        vkyc_curl_engine_free(e);
    } else {
        pthread_detach(thread);
    }
}

static int same_identity(const struct vkyc_curl_identity *a, const struct vkyc_curl_identity *b)
{
    for (int i = 0; i < VKYC_CURL_TEXTS; i++) {
        const char *x = a->text[i];
        const char *y = b->text[i];
        if (x != y && (x == NULL || y == NULL || strcmp(x, y) != 0)) {
            return 0;
        }
    }
    return a->allow_http == b->allow_http;
}

struct vkyc_curl_pool *vkyc_curl_engine_open(struct vkyc_curl_engine *e, struct vkyc_curl_identity *id, struct vkyc_failure *failure)
{
    struct vkyc_curl_pool *found = NULL;
    int hole = -1;
    vkyc_curl_engine_check_process(e);
    pthread_mutex_lock(&e->lock);
    for (int i = 0; i < VKYC_MAX_IDENTITIES && found == NULL; i++) {
        struct vkyc_curl_pool *pool = e->pools[i];
        if (pool == NULL) {
            hole = i;
        } else if (!pool->closing && same_identity(&pool->identity, id)) {
            found = pool;
        }
    }
    if (found == NULL && hole >= 0) {
        found = calloc(1, sizeof *found);
        if (found != NULL) {
            found->engine = e;
            found->identity = *id;
            found->timer = -1;
            e->pools[hole] = found;
            memset(id, 0, sizeof *id);
        }
    }
    pthread_mutex_unlock(&e->lock);
    vkyc_curl_identity_free(id);
    if (found != NULL) {
        found->refs++;
    } else if (hole >= 0) {
        vkyc_curl_fail(failure, "memory", "There is no memory for the transport.");
    } else {
        vkyc_curl_fail(failure, "config",
                       "The clients of this loop have more identities (ca_file, client_cert, proxy, ...) than one loop takes.");
    }
    return found;
}

void vkyc_curl_engine_release(struct vkyc_curl_engine *e, struct vkyc_curl_pool *pool)
{
    vkyc_curl_engine_check_process(e);
    if (--pool->refs > 0) {
        return;
    }
    if (e->started) {
        pthread_mutex_lock(&e->lock);
        pool->closing = 1;
        pthread_mutex_unlock(&e->lock);
        vkyc_curl_engine_wake(e);
        return;
    }
    for (int i = 0; i < VKYC_MAX_IDENTITIES; i++) {
        if (e->pools[i] == pool) {
            e->pools[i] = NULL;
        }
    }
    vkyc_curl_identity_free(&pool->identity);
    free(pool);
}

int vkyc_curl_engine_prepare(struct vkyc_curl_engine *e, struct vkyc_curl_pool *pool, long wait)
{
    struct vkyc_failure failure;
    vkyc_curl_engine_check_process(e);
    if (!vkyc_curl_engine_start(e, &failure)) {
        return 0;
    }
    pthread_mutex_lock(&e->lock);
    pool->wanted = 1;
    pthread_mutex_unlock(&e->lock);
    vkyc_curl_engine_wake(e);
    return wait_for(e, &pool->prepared, wait);
}
