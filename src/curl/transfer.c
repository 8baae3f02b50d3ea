#include "transfer.h"

#include <poll.h>
#include <string.h>

/* A whole record of TLS, so that no decrypted byte waits where poll(2) does not see it. */
enum { PIECE = 16384 };

/* A larger body is not copied behind its head, which saves a write of small ones. */
enum { SMALL_BODY = 8 << 10 };

/* What the core adds to a request's URL and fields: method, Host, Content-Length. */
enum { REQUEST_LINE = 256 + VKYC_CURL_MAX_ORIGIN };

int vkyc_curl_transfer_open(struct vkyc_curl_transfer *t, const struct vkyc_curl_identity *id, const struct vkyc_curl_socket_hooks *hooks,
                            struct vkyc_failure *failure)
{
    CURLcode code = vkyc_curl_connection_open(&t->connection, id, hooks);
    if (code != CURLE_OK) {
        vkyc_curl_explain(t, code, failure);
        return 0;
    }
    vkyc_buffer_init(&t->text, VKYC_MAX_URL + VKYC_MAX_HEADER_BYTES + REQUEST_LINE + SMALL_BODY, vkyc_alloc_malloc, NULL);
    return 1;
}

int vkyc_curl_target(const struct vkyc_request *request, struct vkyc_http_target *target, struct vkyc_failure *failure)
{
    if (vkyc_http_target_read(request->url.data, request->url.size, target) != VKYC_OK) {
        vkyc_curl_fail(failure, "config", "The URL is malformed or holds a user's name.");
        return 0;
    }
    return 1;
}

size_t vkyc_curl_origin_size(const struct vkyc_request *request, const struct vkyc_http_target *target)
{
    return (size_t)(target->authority + target->authority_size - request->url.data);
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

static void forget(struct vkyc_curl_transfer *t)
{
    vkyc_http_read_free(&t->read);
    vkyc_buffer_reset(&t->text);
    t->response = NULL;
    t->body = NULL;
}

int vkyc_curl_transfer_begin(struct vkyc_curl_transfer *t, const struct vkyc_request *request, const struct vkyc_http_target *target,
                             struct vkyc_response *response, struct vkyc_failure *failure)
{
    vkyc_response_reset(response);
    vkyc_http_read_init(&t->read, strcmp(request->method, "HEAD") == 0, vkyc_alloc_malloc, NULL);
    t->response = response;
    t->body = &request->body;
    t->sends = 0;
    t->connection.error[0] = 0;
    if (count_lines(&request->headers) > VKYC_MAX_HEADERS) {
        vkyc_curl_fail(failure, "config", "The request has too many header fields.");
        forget(t);
        return 0;
    }
    int small = request->body.size <= SMALL_BODY;
    if ((small ? vkyc_http_write(&t->text, request, target) : vkyc_http_write_head(&t->text, request, target)) != VKYC_OK) {
        vkyc_curl_explain(t, CURLE_OUT_OF_MEMORY, failure);
        forget(t);
        return 0;
    }
    t->unsent = (long long)t->text.size + (small ? 0 : (long long)request->body.size);
    return 1;
}

/* Writes as much of the request as the connection takes. CURLE_AGAIN when it takes no more for now. */
static CURLcode put(struct vkyc_curl_transfer *t)
{
    CURLcode code = CURLE_OK;
    long long behind = t->body->size > SMALL_BODY ? (long long)t->body->size : 0;
    while (t->unsent > 0 && code == CURLE_OK) {
        const struct vkyc_buffer *from = t->unsent > behind ? &t->text : t->body;
        size_t size = (size_t)(t->unsent > behind ? t->unsent - behind : t->unsent);
        size_t taken = 0;
        t->sends = 1;
        code = curl_easy_send(t->connection.easy, from->data + from->size - size, size, &taken);
        t->unsent -= (long long)taken;
    }
    return code;
}

/* Reads until the response is whole or nothing more is there for now, which is CURLE_AGAIN. */
static CURLcode take(struct vkyc_curl_transfer *t)
{
    char piece[PIECE];
    enum vkyc_http_result result = VKYC_HTTP_MORE;
    while (result == VKYC_HTTP_MORE) {
        size_t size = 0;
        CURLcode code = curl_easy_recv(t->connection.easy, piece, sizeof piece, &size);
        if (code != CURLE_OK) {
            return code;
        }
        result = size > 0 ? vkyc_http_read_feed(&t->read, t->response, piece, size) : vkyc_http_read_end(&t->read);
        vkyc_wipe(piece, size);
    }
    return CURLE_OK;
}

CURLcode vkyc_curl_transfer_step(struct vkyc_curl_transfer *t, int readable)
{
    /* First what came: an answer may come before the request has gone, and the connection may break behind it. */
    CURLcode code = readable ? take(t) : CURLE_AGAIN;
    if (code != CURLE_AGAIN || t->unsent == 0) {
        return code;
    }
    code = put(t);
    if (code == CURLE_OK || code == CURLE_AGAIN) {
        return CURLE_AGAIN;
    }
    return take(t) == CURLE_OK && t->read.fault == VKYC_HTTP_FINE ? CURLE_OK : code;
}

short vkyc_curl_transfer_events(const struct vkyc_curl_transfer *t)
{
    return t->unsent > 0 ? POLLIN | POLLOUT : POLLIN;
}

int vkyc_curl_transfer_end(struct vkyc_curl_transfer *t, CURLcode code, struct vkyc_failure *failure)
{
    int status = 0;
    if (code != CURLE_OK) {
        vkyc_curl_explain(t, code, failure);
    } else if (t->read.fault != VKYC_HTTP_FINE) {
        vkyc_http_read_explain(&t->read, t->response, failure);
    } else {
        status = t->response->head.status;
    }
    if (status == 0 || t->unsent > 0 || !vkyc_http_read_reusable(&t->read, t->response)) {
        vkyc_curl_connection_end(&t->connection);
    }
    if (status == 0) {
        /* Half a response must not be taken for a whole one. */
        vkyc_response_reset(t->response);
    }
    forget(t);
    t->connection.idle_since = vkyc_curl_now();
    return status;
}

void vkyc_curl_transfer_close(struct vkyc_curl_transfer *t)
{
    vkyc_curl_connection_close(&t->connection);
    vkyc_buffer_free(&t->text);
}

void vkyc_curl_transfer_abandon(struct vkyc_curl_transfer *t)
{
    vkyc_buffer_free(&t->text);
    memset(t, 0, sizeof *t);
}
