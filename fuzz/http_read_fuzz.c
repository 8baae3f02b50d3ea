/* Responses from bytes: however they are cut, the result is the same; what is kept obeys its limits; a failure can be explained.
 * The first byte chooses the cut and whether the request was a HEAD. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/http_read.h"
#include "../src/core/limits.h"

enum { BODY_LIMIT = 4096 };

struct exchange {
    struct vkyc_http_read read;
    struct vkyc_response response;
    enum vkyc_http_result result;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void run(struct exchange *x, const uint8_t *data, size_t size, size_t piece, int is_head)
{
    vkyc_http_read_init(&x->read, is_head, vkyc_alloc_malloc, NULL);
    vkyc_response_init(&x->response, BODY_LIMIT, vkyc_alloc_malloc, NULL);
    x->result = VKYC_HTTP_MORE;
    for (size_t at = 0; at < size; at += piece) {
        enum vkyc_http_result before = x->result;
        x->result = vkyc_http_read_feed(&x->read, &x->response, (const char *)data + at, piece < size - at ? piece : size - at);
        require(before == VKYC_HTTP_MORE || before == x->result);
    }
}

static void check(const struct exchange *x)
{
    const struct vkyc_head *head = &x->response.head;
    require((x->result == VKYC_HTTP_FAILED) == (x->read.fault != VKYC_HTTP_FINE));
    require(x->response.body.capacity <= BODY_LIMIT && x->read.line.capacity <= VKYC_MAX_HEADER_BYTES);
    if (x->result == VKYC_HTTP_DONE) {
        require(head->complete && head->fault == VKYC_HEAD_FINE && head->status >= 200 && head->status <= 599);
        require(!head->chunked || !head->has_length);
    } else {
        require(!vkyc_http_read_reusable(&x->read, &x->response));
    }
    if (x->result == VKYC_HTTP_FAILED) {
        struct vkyc_failure failure;
        vkyc_http_read_explain(&x->read, &x->response, &failure);
        require(failure.kind != NULL && failure.phase != NULL && failure.reason != NULL && failure.sent);
    }
}

static void compare(const struct exchange *a, const struct exchange *b)
{
    require(a->result == b->result && a->read.fault == b->read.fault && a->response.head.fault == b->response.head.fault);
    require(vkyc_http_read_reusable(&a->read, &a->response) == vkyc_http_read_reusable(&b->read, &b->response));
    if (a->result == VKYC_HTTP_DONE) {
        const struct vkyc_response *x = &a->response;
        const struct vkyc_response *y = &b->response;
        require(x->head.status == y->head.status && x->body.size == y->body.size && x->head.lines.size == y->head.lines.size);
        require(x->body.size == 0 || memcmp(x->body.data, y->body.data, x->body.size) == 0);
        require(x->head.lines.size == 0 || memcmp(x->head.lines.data, y->head.lines.data, x->head.lines.size) == 0);
    }
}

static void end(struct exchange *x)
{
    vkyc_http_read_free(&x->read);
    vkyc_response_free(&x->response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    int is_head = data[0] & 1;
    size_t piece = (size_t)(data[0] >> 1) + 1;
    data++;
    size--;
    struct exchange whole;
    struct exchange cut;
    run(&whole, data, size, size > 0 ? size : 1, is_head);
    run(&cut, data, size, piece, is_head);
    check(&whole);
    check(&cut);
    compare(&whole, &cut);
    whole.result = vkyc_http_read_end(&whole.read);
    cut.result = vkyc_http_read_end(&cut.read);
    require(whole.result != VKYC_HTTP_MORE);
    check(&whole);
    compare(&whole, &cut);
    end(&whole);
    end(&cut);
    return 0;
}
