/* The transfers of an engine: the owner's side. */
#include <stdlib.h>
#include <string.h>

#include "engine_state.h"

/* A slot keeps the memory of its last request for the next, unless it was this large. */
enum { KEPT = 64 << 10 };

/* A free slot, or -1 when there is none. The first one has been used and has memory. */
static int choose_slot(struct vkyc_curl_engine *e)
{
    int slot = 0;
    pthread_mutex_lock(&e->lock);
    while (slot < VKYC_MAX_IN_FLIGHT && e->state[slot] != VKYC_CURL_FREE) {
        slot++;
    }
    pthread_mutex_unlock(&e->lock);
    return slot < VKYC_MAX_IN_FLIGHT ? slot : -1;
}

static enum vkyc_status copy_buffer(struct vkyc_buffer *to, const struct vkyc_buffer *from)
{
    if (to->capacity > KEPT && from->size <= KEPT) {
        vkyc_buffer_free(to);
    }
    vkyc_buffer_reset(to);
    to->limit = from->limit;
    vkyc_buffer_append(to, from->data, from->size);
    return to->status;
}

static int copy_request(struct vkyc_request *to, const struct vkyc_request *from)
{
    memcpy(to->method, from->method, sizeof to->method);
    to->has_body = from->has_body;
    return copy_buffer(&to->url, &from->url) == VKYC_OK && copy_buffer(&to->headers, &from->headers) == VKYC_OK &&
           copy_buffer(&to->body, &from->body) == VKYC_OK;
}

/* The job of a free slot, its request filled. NULL when there is no memory. */
static struct vkyc_curl_job *fill_slot(struct vkyc_curl_engine *e, int slot, const struct vkyc_request *request, size_t max_body)
{
    struct vkyc_curl_job *job = e->jobs[slot];
    if (job == NULL) {
        job = calloc(1, sizeof *job);
        if (job == NULL) {
            return NULL;
        }
        vkyc_request_init(&job->request, request->body.limit, vkyc_alloc_malloc, NULL);
        job->slot = slot;
        pthread_mutex_lock(&e->lock);
        e->jobs[slot] = job;
        pthread_mutex_unlock(&e->lock);
    }
    if (!copy_request(&job->request, request)) {
        vkyc_request_free(&job->request);
        return NULL;
    }
    if (job->response.body.alloc == NULL) {
        vkyc_response_init(&job->response, max_body, vkyc_alloc_malloc, NULL);
    }
    vkyc_response_reset(&job->response);
    job->response.body.limit = max_body;
    return job;
}

static void wake_for_batch(struct vkyc_curl_engine *e)
{
    if (e->unwoken) {
        e->unwoken = 0;
        vkyc_curl_engine_wake(e);
    }
}

int vkyc_curl_engine_submit(struct vkyc_curl_engine *e, struct vkyc_curl_pool *pool, const void *owner, const struct vkyc_request *request,
                            size_t max_body, const struct vkyc_curl_limits *limits, int batch, struct vkyc_curl_ticket *ticket,
                            struct vkyc_failure *failure)
{
    vkyc_curl_engine_check_process(e);
    if (!vkyc_curl_engine_start(e, failure)) {
        return VKYC_CURL_FAILED;
    }
    int slot = choose_slot(e);
    if (slot < 0) {
        return VKYC_CURL_LATER;
    }
    struct vkyc_curl_job *job = fill_slot(e, slot, request, max_body);
    if (job == NULL) {
        vkyc_curl_fail(failure, "memory", "There is no memory for the transfer.");
        return VKYC_CURL_FAILED;
    }
    job->limits = *limits;
    job->ends = vkyc_curl_now() + (limits->timeout < 1 ? 1 : limits->timeout);
    job->pool = pool;
    job->owner = owner;
    job->serial = ++e->serials;
    ticket->slot = slot;
    ticket->serial = job->serial;
    pthread_mutex_lock(&e->lock);
    e->state[slot] = VKYC_CURL_QUEUED;
    e->wish[slot] = VKYC_CURL_GO_ON;
    pthread_mutex_unlock(&e->lock);
    e->unwoken = 1;
    if (!batch) {
        wake_for_batch(e);
    }
    return 1;
}

/* NULL when the ticket has ended. */
static struct vkyc_curl_job *job_of(const struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket)
{
    struct vkyc_curl_job *job = ticket->slot >= 0 ? e->jobs[ticket->slot] : NULL;
    return job != NULL && job->serial == ticket->serial ? job : NULL;
}

/* Takes a slot back from a job that has ended. Under the lock. */
static void free_slot(struct vkyc_curl_engine *e, int slot)
{
    e->done -= e->state[slot] == VKYC_CURL_DONE;
    e->state[slot] = VKYC_CURL_FREE;
    e->jobs[slot]->serial = 0;
}

int vkyc_curl_engine_finish(struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket, struct vkyc_response *response,
                            struct vkyc_failure *failure)
{
    vkyc_curl_engine_check_process(e);
    struct vkyc_curl_job *job = job_of(e, ticket);
    if (job == NULL) {
        vkyc_curl_fail(failure, "closed", "The transfer has ended.");
        return VKYC_CURL_FAILED;
    }
    pthread_mutex_lock(&e->lock);
    int ended = e->state[ticket->slot] >= VKYC_CURL_DONE;
    if (ended) {
        free_slot(e, ticket->slot);
    }
    pthread_mutex_unlock(&e->lock);
    if (!ended) {
        return VKYC_CURL_LATER;
    }
    vkyc_response_reset(response);
    if (job->status != 0) {
        struct vkyc_response filled = job->response;
        job->response = *response;
        *response = filled;
    } else {
        *failure = job->failure;
    }
    return job->status;
}

static void wish(struct vkyc_curl_engine *e, int slot, unsigned char what)
{
    pthread_mutex_lock(&e->lock);
    int running = e->state[slot] == VKYC_CURL_QUEUED || e->state[slot] == VKYC_CURL_RUNNING;
    if (running && e->wish[slot] < what) {
        e->wish[slot] = what;
    } else if (what == VKYC_CURL_DROP && e->state[slot] >= VKYC_CURL_DONE) {
        free_slot(e, slot);
    }
    pthread_mutex_unlock(&e->lock);
    if (running) {
        vkyc_curl_engine_wake(e);
    } else if (what == VKYC_CURL_DROP) {
        vkyc_response_reset(&e->jobs[slot]->response);
    }
}

void vkyc_curl_engine_cancel(struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket)
{
    vkyc_curl_engine_check_process(e);
    if (job_of(e, ticket) != NULL) {
        wish(e, ticket->slot, VKYC_CURL_CANCEL);
    }
}

void vkyc_curl_engine_cancel_all(struct vkyc_curl_engine *e, const void *owner)
{
    vkyc_curl_engine_check_process(e);
    for (int i = 0; i < VKYC_MAX_IN_FLIGHT; i++) {
        if (e->jobs[i] != NULL && e->jobs[i]->serial != 0 && e->jobs[i]->owner == owner) {
            wish(e, i, VKYC_CURL_CLOSE);
        }
    }
}

void vkyc_curl_engine_drop(struct vkyc_curl_engine *e, const struct vkyc_curl_ticket *ticket)
{
    vkyc_curl_engine_check_process(e);
    struct vkyc_curl_job *job = job_of(e, ticket);
    if (job != NULL) {
        job->serial = 0;
        wish(e, ticket->slot, VKYC_CURL_DROP);
    }
}

int vkyc_curl_engine_ready(struct vkyc_curl_engine *e)
{
    vkyc_curl_engine_check_process(e);
    wake_for_batch(e);
    /* A frame does not wait for the thread; what it is about to tell will be told the next time. */
    if (pthread_mutex_trylock(&e->lock) != 0) {
        return 0;
    }
    int ready = e->done > 0 || e->rang;
    e->rang = 0;
    if (e->signalled && vkyc_curl_waker_clear(&e->notice)) {
        e->signalled = 0;
    }
    pthread_mutex_unlock(&e->lock);
    return ready;
}

int vkyc_curl_engine_next(struct vkyc_curl_engine *e)
{
    int slot = -1;
    vkyc_curl_engine_check_process(e);
    pthread_mutex_lock(&e->lock);
    if (e->done > 0) {
        for (slot = 0; e->state[slot] != VKYC_CURL_DONE; slot++) {
        }
        e->state[slot] = VKYC_CURL_DONE_TOLD;
        e->done--;
    }
    pthread_mutex_unlock(&e->lock);
    return slot;
}

void vkyc_curl_engine_alarm(struct vkyc_curl_engine *e, long long at)
{
    struct vkyc_failure failure;
    vkyc_curl_engine_check_process(e);
    int now = at >= 0 && at <= vkyc_curl_now();
    pthread_mutex_lock(&e->lock);
    int sooner = !now && at >= 0 && (e->alarm < 0 || at < e->alarm);
    e->alarm = now ? -1 : at;
    e->rang |= now;
    int notify = now && vkyc_curl_engine_signal(e);
    pthread_mutex_unlock(&e->lock);
    if (notify) {
        vkyc_curl_engine_notify(e);
    }
    e->unwoken |= sooner;
    if (!sooner || vkyc_curl_engine_start(e, &failure)) {
        wake_for_batch(e);
    }
}

int vkyc_curl_engine_fd(struct vkyc_curl_engine *e)
{
    vkyc_curl_engine_check_process(e);
    pthread_mutex_lock(&e->lock);
    int first = !e->watched;
    e->watched = 1;
    int notify = first && (e->done > 0 || e->rang) && vkyc_curl_engine_signal(e);
    pthread_mutex_unlock(&e->lock);
    if (notify) {
        vkyc_curl_engine_notify(e);
    }
    return e->notice.fd;
}
