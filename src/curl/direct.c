#include "direct.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "../core/http_read.h"
#include "../core/http_write.h"

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* A whole record of TLS, so that no decrypted byte waits where poll(2) does not see it. */
enum { PIECE = 16384 };

/* libcurl's own rule for connections that are idle. */
enum { USUAL_IDLE = 118000 };

/* A larger body is not copied behind its head, which saves a write of small ones. */
enum { SMALL_BODY = 8 << 10 };

/* What the core adds to a request's URL and fields: method, Host, Content-Length. */
enum { REQUEST_LINE = 256 + VKYC_CURL_MAX_ORIGIN };

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int vkyc_curl_direct_open(struct vkyc_curl_direct *d, const struct vkyc_curl_identity *id, struct vkyc_curl_sockets *sockets,
                          struct vkyc_failure *failure)
{
    struct vkyc_curl_transfer *t = &d->transfer;
    if (!vkyc_curl_transfer_open(t, id, sockets, failure)) {
        return 0;
    }
    t->text.limit += REQUEST_LINE + SMALL_BODY;
    d->multi = curl_multi_init();
    /* A tunnel for http too: what is written here is not meant for a proxy. */
    if (d->multi == NULL || curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_HTTPPROXYTUNNEL, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, NULL) != CURLE_OK) {
        vkyc_curl_explain(t, CURLE_OUT_OF_MEMORY, failure);
        vkyc_curl_direct_close(d);
        return 0;
    }
    return 1;
}

/* libcurl closes a connection of this kind when its handle leaves the multi handle. */
static void disconnect(struct vkyc_curl_direct *d)
{
    if (d->added) {
        curl_multi_remove_handle(d->multi, d->transfer.easy);
        d->added = 0;
    }
}

static int has_origin(const struct vkyc_curl_direct *d, const char *url, size_t size)
{
    return size == d->origin_size && memcmp(url, d->origin, size) == 0;
}

/* Whether the kept connection may carry another request. It is dead when its peer closed it or sent bytes nobody asked for. */
static int is_usable(const struct vkyc_curl_direct *d, long max_idle, long long now)
{
    struct pollfd polled = {d->socket, POLLIN | POLLRDHUP, 0};
    return now - d->idle_since < (max_idle < 0 ? USUAL_IDLE : max_idle) && poll(&polled, 1, 0) == 0;
}

/* What came of the connection, or -1 while it is on its way. */
static int outcome(CURLM *multi)
{
    int waiting = 0;
    const struct CURLMsg *message = curl_multi_info_read(multi, &waiting);
    return message != NULL && message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}

static CURLcode connect_to(struct vkyc_curl_direct *d, const char *url, size_t size, const struct vkyc_curl_limits *limits)
{
    CURL *easy = d->transfer.easy;
    if (size > VKYC_CURL_MAX_ORIGIN) {
        return CURLE_URL_MALFORMAT;
    }
    memcpy(d->origin, url, size);
    d->origin[size] = 0;
    d->origin_size = size;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, d->origin);
    if (code == CURLE_OK) {
        code = vkyc_curl_set_limits(easy, limits);
    }
    if (code != CURLE_OK) {
        return code;
    }
    if (curl_multi_add_handle(d->multi, easy) != CURLM_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    d->added = 1;
    int running = 0;
    int result = -1;
    while (result < 0) {
        if (curl_multi_perform(d->multi, &running) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
        result = outcome(d->multi);
        if (result < 0 && curl_multi_poll(d->multi, NULL, 0, 1000, NULL) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
    }
    code = (CURLcode)result;
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &d->socket);
    }
    return code == CURLE_OK && d->socket == CURL_SOCKET_BAD ? CURLE_COULDNT_CONNECT : code;
}

/* Writes as much of the request as the connection takes. CURLE_AGAIN when it takes no more for now. */
static CURLcode put(struct vkyc_curl_transfer *t, const struct vkyc_buffer *body)
{
    CURLcode code = CURLE_OK;
    long long behind = body->size > SMALL_BODY ? (long long)body->size : 0;
    while (t->unsent > 0 && code == CURLE_OK) {
        const struct vkyc_buffer *from = t->unsent > behind ? &t->text : body;
        size_t size = (size_t)(t->unsent > behind ? t->unsent - behind : t->unsent);
        size_t taken = 0;
        t->sends = 1;
        code = curl_easy_send(t->easy, from->data + from->size - size, size, &taken);
        t->unsent -= (long long)taken;
    }
    return code;
}

/* Reads until the response is whole or nothing more is there for now, which is CURLE_AGAIN. */
static CURLcode take(struct vkyc_curl_transfer *t, struct vkyc_http_read *read)
{
    char piece[PIECE];
    enum vkyc_http_result result = VKYC_HTTP_MORE;
    while (result == VKYC_HTTP_MORE) {
        size_t size = 0;
        CURLcode code = curl_easy_recv(t->easy, piece, sizeof piece, &size);
        if (code != CURLE_OK) {
            return code;
        }
        result = size > 0 ? vkyc_http_read_feed(read, t->response, piece, size) : vkyc_http_read_end(read);
        vkyc_wipe(piece, size);
    }
    return CURLE_OK;
}

/* CURLE_OK says that `read` came to its end, for good or bad. */
static CURLcode exchange(struct vkyc_curl_direct *d, const struct vkyc_buffer *body, struct vkyc_http_read *read, long long deadline)
{
    struct vkyc_curl_transfer *t = &d->transfer;
    CURLcode code = CURLE_AGAIN;
    while (code == CURLE_AGAIN) {
        if (t->unsent > 0) {
            code = put(t, body);
            if (code != CURLE_OK && code != CURLE_AGAIN) {
                return code;
            }
        }
        long long left = deadline - now_ms();
        struct pollfd polled = {d->socket, (short)(t->unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
        int ready = left > 0 ? poll(&polled, 1, (int)left) : 0;
        if (ready == 0) {
            return CURLE_OPERATION_TIMEDOUT;
        }
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            return CURLE_RECV_ERROR;
        }
        /* An answer may come before the request has gone. */
        code = ready > 0 && (polled.revents & ~POLLOUT) != 0 ? take(t, read) : CURLE_AGAIN;
    }
    return code;
}

static unsigned count_lines(const struct vkyc_buffer *headers)
{
    unsigned count = 0;
    size_t at = 0;
    while (at < headers->size) {
        const char *end = memchr(headers->data + at, '\n', headers->size - at);
        at = end != NULL ? (size_t)(end - headers->data) + 1 : headers->size;
        count++;
    }
    return count;
}

/* The request's bytes, in t->text. */
static CURLcode write_request(struct vkyc_curl_transfer *t, const struct vkyc_request *request, struct vkyc_http_target *target)
{
    if (vkyc_http_target_read(request->url.data, request->url.size, target) != VKYC_OK) {
        return CURLE_URL_MALFORMAT;
    }
    if (count_lines(&request->headers) > VKYC_MAX_HEADERS) {
        return CURLE_BAD_FUNCTION_ARGUMENT;
    }
    int small = request->body.size <= SMALL_BODY;
    if ((small ? vkyc_http_write(&t->text, request, target) : vkyc_http_write_head(&t->text, request, target)) != VKYC_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    t->unsent = (long long)t->text.size;
    t->unsent += small ? 0 : (long long)request->body.size;
    return CURLE_OK;
}

static void forget(struct vkyc_curl_transfer *t)
{
    vkyc_buffer_reset(&t->text);
    t->response = NULL;
}

int vkyc_curl_direct_perform(struct vkyc_curl_direct *d, const struct vkyc_request *request, struct vkyc_response *response,
                             const struct vkyc_curl_limits *limits, struct vkyc_failure *failure)
{
    struct vkyc_curl_transfer *t = &d->transfer;
    struct vkyc_http_target target;
    struct vkyc_http_read read;
    long long begun = now_ms();
    vkyc_response_reset(response);
    vkyc_http_read_init(&read, strcmp(request->method, "HEAD") == 0, vkyc_alloc_malloc, NULL);
    t->response = response;
    t->sends = 0;
    t->too_long = 0;
    t->error[0] = 0;
    t->unsent = 0;
    CURLcode code = write_request(t, request, &target);
    if (code == CURLE_OK) {
        size_t origin = (size_t)(target.authority + target.authority_size - request->url.data);
        if (d->added && (!has_origin(d, request->url.data, origin) || !is_usable(d, limits->max_idle, begun))) {
            disconnect(d);
        }
        code = d->added ? CURLE_OK : connect_to(d, request->url.data, origin, limits);
    }
    if (code == CURLE_OK) {
        code = exchange(d, &request->body, &read, begun + (limits->timeout < 1 ? 1 : limits->timeout));
    }
    int status = 0;
    if (code != CURLE_OK) {
        vkyc_curl_explain(t, code, failure);
    } else if (read.fault != VKYC_HTTP_FINE) {
        vkyc_http_read_explain(&read, response, failure);
    } else {
        status = response->head.status;
    }
    if (status == 0 || t->unsent > 0 || !vkyc_http_read_reusable(&read, response)) {
        disconnect(d);
    }
    if (status == 0) {
        /* Half a response must not be taken for a whole one. */
        vkyc_response_reset(response);
    }
    vkyc_http_read_free(&read);
    forget(t);
    d->idle_since = now_ms();
    return status;
}

void vkyc_curl_direct_close(struct vkyc_curl_direct *d)
{
    disconnect(d);
    vkyc_curl_transfer_close(&d->transfer);
    curl_multi_cleanup(d->multi);
    d->multi = NULL;
}

void vkyc_curl_direct_abandon(struct vkyc_curl_direct *d)
{
    vkyc_curl_transfer_abandon(&d->transfer);
    d->multi = NULL;
    d->added = 0;
}
