/* Responses from bytes, in every cut: faults B07, D01-D22, E01-E04. */
#include <stdlib.h>

#include "../../src/core/http_read.h"
#include "../../src/core/limits.h"
#include "check.h"

enum { BODY_LIMIT = 64 };

struct outcome {
    enum vkyc_http_result result;
    enum vkyc_http_fault fault;
    enum vkyc_head_fault head_fault;
    int status;
    int reusable;
    char body[BODY_LIMIT];
    size_t body_size;
};

static void *no_alloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)ptr;
    (void)old_size;
    (void)new_size;
    return NULL;
}

/* A copy of exactly that size, so that sanitizers see one byte too far. */
static enum vkyc_http_result feed(struct vkyc_http_read *r, struct vkyc_response *response, const char *text, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        return VKYC_HTTP_FAILED;
    }
    if (size > 0) {
        memcpy(copy, text, size);
    }
    enum vkyc_http_result result = vkyc_http_read_feed(r, response, copy, size);
    free(copy);
    return result;
}

/* Feeds `text` in pieces of `piece` bytes behind a first one of `first`; then the connection ends, when `ends`. */
static struct outcome read_cut(const char *text, size_t size, size_t first, size_t piece, int is_head, int ends)
{
    struct vkyc_http_read r;
    struct vkyc_response response;
    struct outcome o;
    memset(&o, 0, sizeof o);
    vkyc_http_read_init(&r, is_head, vkyc_alloc_malloc, NULL);
    vkyc_response_init(&response, BODY_LIMIT, vkyc_alloc_malloc, NULL);
    o.result = feed(&r, &response, text, first);
    for (size_t at = first; at < size; at += piece) {
        o.result = feed(&r, &response, text + at, piece < size - at ? piece : size - at);
    }
    if (ends) {
        o.result = vkyc_http_read_end(&r);
    }
    o.fault = r.fault;
    o.head_fault = response.head.fault;
    o.status = response.head.status;
    o.reusable = vkyc_http_read_reusable(&r, &response);
    if (o.result == VKYC_HTTP_DONE) {
        o.body_size = response.body.size;
        if (o.body_size > 0) {
            memcpy(o.body, response.body.data, o.body_size);
        }
    }
    CHECK((o.result == VKYC_HTTP_FAILED) == (o.fault != VKYC_HTTP_FINE));
    vkyc_http_read_free(&r);
    vkyc_http_read_free(&r);
    vkyc_response_free(&response);
    return o;
}

static int same(const struct outcome *a, const struct outcome *b)
{
    return a->result == b->result && a->fault == b->fault && a->head_fault == b->head_fault && a->reusable == b->reusable &&
           a->body_size == b->body_size && memcmp(a->body, b->body, a->body_size) == 0 &&
           (a->result != VKYC_HTTP_DONE || a->status == b->status);
}

/* The same whole, in two pieces anywhere, and byte by byte. */
static struct outcome read_all(const char *text, size_t size, int is_head, int ends)
{
    struct outcome whole = read_cut(text, size, size, 1, is_head, ends);
    int differ = 0;
    for (size_t at = 0; at <= size && at < 2000; at++) {
        struct outcome two = read_cut(text, size, at, size, is_head, ends);
        differ += !same(&whole, &two);
    }
    struct outcome bytes = read_cut(text, size, 0, 1, is_head, ends);
    CHECK(differ == 0 && same(&whole, &bytes));
    return whole;
}

#define READ(text)  read_all(text, sizeof(text) - 1, 0, 0)
#define ENDED(text) read_all(text, sizeof(text) - 1, 0, 1)
#define OK          "HTTP/1.1 200 OK\r\n"
#define CHUNKED     OK "Transfer-Encoding: chunked\r\n\r\n"

static void check_read(struct outcome o, int status, const char *body, int reusable)
{
    CHECK(o.result == VKYC_HTTP_DONE && o.status == status && o.reusable == reusable);
    CHECK(o.body_size == strlen(body) && memcmp(o.body, body, o.body_size) == 0);
}

static void check_fault(struct outcome o, enum vkyc_http_fault fault)
{
    CHECK(o.result == VKYC_HTTP_FAILED && o.fault == fault && !o.reusable);
}

static void check_head_fault(struct outcome o, enum vkyc_head_fault fault)
{
    check_fault(o, VKYC_HTTP_HEAD);
    CHECK(o.head_fault == fault);
}

static void check_more(struct outcome o)
{
    CHECK(o.result == VKYC_HTTP_MORE && !o.reusable);
}

static void test_lengths(void)
{
    check_read(READ(OK "Content-Length: 2\r\n\r\n{}"), 200, "{}", 1);
    check_read(READ(OK "content-length:2\n\n{}"), 200, "{}", 1);
    check_read(READ(OK "Content-Length: 0\r\n\r\n"), 200, "", 1);
    check_read(READ(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), 200, "{}", 1);
    check_read(READ(OK "Content-Length: 2\r\nConnection: close\r\n\r\n{}"), 200, "{}", 0);
    check_read(READ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"), 200, "{}", 0);
    check_read(READ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"), 200, "{}", 1);
    check_read(READ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" OK "Content-Length: 2\r\n\r\n{}"), 200, "{}", 1);
    /* Bytes behind the message: read, but the connection is not used again. */
    check_read(READ(OK "Content-Length: 2\r\n\r\n{}more"), 200, "{}", 0);
    check_read(READ(OK "Content-Length: 0\r\n\r\n" OK), 200, "", 0);
    check_more(READ(OK "Content-Length: 5\r\n\r\n{}"));
    check_fault(ENDED(OK "Content-Length: 5\r\n\r\n{}"), VKYC_HTTP_CUT);
    check_more(READ(OK "Content-Length: 64\r\n\r\n"));
    check_fault(READ(OK "Content-Length: 65\r\n\r\n"), VKYC_HTTP_TOO_LARGE);
    check_fault(READ(OK "Content-Length: 1000000000000\r\n\r\nx"), VKYC_HTTP_TOO_LARGE);
    check_fault(READ(OK "Content-Length: 999999999999999999999999999999\r\n\r\nx"), VKYC_HTTP_TOO_LARGE);
    check_head_fault(READ(OK "Content-Length: -5\r\n\r\nhello"), VKYC_HEAD_LENGTH);
    check_head_fault(READ(OK "Content-Length: 12abc\r\n\r\nhello"), VKYC_HEAD_LENGTH);
    check_head_fault(READ(OK "Content-Length: 9\r\nContent-Length: 3\r\n\r\nhello"), VKYC_HEAD_LENGTH);
    check_head_fault(READ(OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
                     VKYC_HEAD_LENGTH_AND_CHUNKED);
    check_head_fault(READ(OK "Transfer-Encoding: banana\r\n\r\nhello"), VKYC_HEAD_TRANSFER_ENCODING);
    check_head_fault(READ(OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), VKYC_HEAD_CONTENT_ENCODING);
}

static void test_to_end(void)
{
    check_more(READ(OK "\r\n{}"));
    check_read(ENDED(OK "\r\n{}"), 200, "{}", 0);
    check_read(ENDED(OK "\r\n"), 200, "", 0);
    char text[sizeof OK + 2 + BODY_LIMIT + 1] = OK "\r\n";
    memset(text + sizeof OK + 1, 'x', BODY_LIMIT + 1);
    CHECK(read_all(text, sizeof OK + 1 + BODY_LIMIT, 0, 1).body_size == BODY_LIMIT);
    check_fault(read_all(text, sizeof OK + 2 + BODY_LIMIT, 0, 0), VKYC_HTTP_TOO_LARGE);
}

static void test_no_body(void)
{
    check_read(READ("HTTP/1.1 204 No Content\r\n\r\n"), 204, "", 1);
    check_read(READ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), 304, "", 1);
    /* What a 204 declares may still come. */
    check_read(READ("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"), 204, "", 0);
    check_read(READ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"), 204, "", 0);
    check_read(READ("HTTP/1.1 204 No Content\r\n\r\nbody"), 204, "", 0);
    const char head[] = OK "Content-Length: 1000\r\n\r\n";
    check_read(read_all(head, sizeof head - 1, 1, 0), 200, "", 1);
}

static void test_chunks(void)
{
    check_read(READ(CHUNKED "2\r\n{}\r\n0\r\n\r\n"), 200, "{}", 1);
    check_read(READ(CHUNKED "1\r\n{\r\n01\r\n}\r\n000\r\n\r\n"), 200, "{}", 1);
    check_read(READ(CHUNKED "A\r\n0123456789\r\n6\r\nabcdef\r\n0\r\n\r\n"), 200, "0123456789abcdef", 1);
    check_read(READ(CHUNKED "a\r\n0123456789\r\n0\r\n\r\n"), 200, "0123456789", 1);
    check_read(READ(CHUNKED "2;name=value;other=\"a b\";bare\r\n{}\r\n0;last\r\n\r\n"), 200, "{}", 1);
    check_read(READ(CHUNKED "2 \t\r\n{}\r\n0 ; x\r\n\r\n"), 200, "{}", 1);
    check_read(READ(CHUNKED "2\r\n{}\r\n0\r\nTrailer: 1\r\nContent-Length: 9\r\n\r\n"), 200, "{}", 1);
    check_read(READ(CHUNKED "0\r\n\r\n"), 200, "", 1);
    check_read(READ(CHUNKED "2\r\n{}\r\n0\r\n\r\nX"), 200, "{}", 0);
    check_fault(READ(CHUNKED "zz\r\nhello\r\n0\r\n\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "\r\nhello"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED ";x\r\nhello"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "-1\r\nhello"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "0x2\r\n{}\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2 2\r\n{}\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2\n{}\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2\r{}\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2\r\n{}0\r\n\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2\r\n{}\n0\r\n\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2\r\n{}X\n0\r\n\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2\r\n{}\r0\r\n\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2;a\0b\r\n{}\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "2;a\nb\r\n{}\r\n"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "1000000000000000f\r\nhello"), VKYC_HTTP_CHUNK);
    check_fault(READ(CHUNKED "ffffffffffffffff\r\nhello"), VKYC_HTTP_TOO_LARGE);
    check_fault(READ(CHUNKED "41\r\n"), VKYC_HTTP_TOO_LARGE);
    check_fault(READ(CHUNKED "2\r\n{}\r\n3f\r\n"), VKYC_HTTP_TOO_LARGE);
    check_more(READ(CHUNKED "2\r\n{}\r\n3e\r\n"));
    check_fault(ENDED(CHUNKED "ff\r\nhello"), VKYC_HTTP_TOO_LARGE);
    check_fault(ENDED(CHUNKED "f\r\nhello"), VKYC_HTTP_CUT);
    check_fault(ENDED(CHUNKED "2\r\n{}\r\n"), VKYC_HTTP_CUT);
    check_fault(ENDED(CHUNKED "2\r\n{}\r\n0\r\n"), VKYC_HTTP_CUT);
    check_head_fault(READ(CHUNKED "0\r\nno colon\r\n\r\n"), VKYC_HEAD_FIELD);
    check_head_fault(READ(CHUNKED "0\r\nA: b\0\r\n\r\n"), VKYC_HEAD_FIELD);
}

static void test_heads(void)
{
    check_head_fault(READ("lorem ipsum dolor sit amet\r\n\r\n"), VKYC_HEAD_STATUS_LINE);
    /* Without a line feed, and without an end. */
    check_head_fault(READ("{\"ok\":true}"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ("H{"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ("\r\n" OK "\r\n"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ("HTTP/9.9 200 OK\r\n\r\n"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ("HTTP/1.1 999 What\r\n\r\n"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ("HTTP/1.1 101 Switching\r\n\r\n"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ("HTTP/1.1 100 Continue\r\n\r\ngarbage"), VKYC_HEAD_STATUS_LINE);
    check_head_fault(READ(OK "no colon\r\n\r\n"), VKYC_HEAD_FIELD);
    check_head_fault(READ(OK "A: b\r\n c\r\n\r\n"), VKYC_HEAD_FIELD);
    check_head_fault(READ(OK "A: b\0c\r\n\r\n"), VKYC_HEAD_FIELD);
    check_head_fault(READ(OK "A: b\rc\r\n\r\n"), VKYC_HEAD_FIELD);
    check_more(READ(""));
    check_more(READ("HTT"));
    check_fault(ENDED(""), VKYC_HTTP_CUT);
    check_fault(ENDED("HTTP/1.1 20"), VKYC_HTTP_CUT);
    check_fault(ENDED(OK), VKYC_HTTP_CUT);
    check_fault(ENDED("HTTP/1.1 100 Continue\r\n\r\n"), VKYC_HTTP_CUT);
}

/* Repeats `text` behind `start`, in pieces that do not fit its size, until the reader has had enough. Returns the bytes it took. */
static size_t flood(const char *start, const char *text, size_t size, struct outcome *o)
{
    struct vkyc_http_read r;
    struct vkyc_response response;
    size_t fed = strlen(start);
    vkyc_http_read_init(&r, 0, vkyc_alloc_malloc, NULL);
    vkyc_response_init(&response, BODY_LIMIT, vkyc_alloc_malloc, NULL);
    enum vkyc_http_result result = vkyc_http_read_feed(&r, &response, start, fed);
    while (result == VKYC_HTTP_MORE && fed < 8 * VKYC_MAX_HEADER_BYTES) {
        result = vkyc_http_read_feed(&r, &response, text, size);
        fed += size;
    }
    o->result = result;
    o->fault = r.fault;
    o->head_fault = response.head.fault;
    o->reusable = vkyc_http_read_reusable(&r, &response);
    CHECK(r.line.capacity <= VKYC_MAX_HEADER_BYTES && response.body.capacity <= BODY_LIMIT);
    vkyc_http_read_free(&r);
    vkyc_response_free(&response);
    return fed;
}

static void test_floods(void)
{
    struct outcome o;
    CHECK(flood(OK "X: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 31, &o) <= VKYC_MAX_HEADER_BYTES + 62);
    check_head_fault(o, VKYC_HEAD_TOO_LARGE);
    CHECK(flood(OK, "X: 1\r\nX: 1", 10, &o) < VKYC_MAX_HEADER_BYTES);
    check_head_fault(o, VKYC_HEAD_TOO_LARGE);
    CHECK(flood("", "HTTP/1.1 100 Continue\r\n\r\n", 25, &o) < 1000);
    check_head_fault(o, VKYC_HEAD_TOO_LARGE);
    CHECK(flood(CHUNKED "2\r\n{}\r\n0\r\n", "X: 1\r\n", 6, &o) < VKYC_MAX_HEADER_BYTES);
    check_head_fault(o, VKYC_HEAD_TOO_LARGE);
    CHECK(flood(CHUNKED "2;", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 31, &o) <= VKYC_MAX_HEADER_BYTES + 100);
    check_head_fault(o, VKYC_HEAD_TOO_LARGE);
    CHECK(flood(CHUNKED, "1;aaaaaaaaaa\r\nx\r\n", 17, &o) < 2000);
    check_fault(o, VKYC_HTTP_TOO_LARGE);
}

static void test_memory(void)
{
    struct vkyc_http_read r;
    struct vkyc_response response;
    struct vkyc_failure failure;
    vkyc_http_read_init(&r, 0, no_alloc, NULL);
    vkyc_response_init(&response, BODY_LIMIT, no_alloc, NULL);
    CHECK(vkyc_http_read_feed(&r, &response, "HTTP", 4) == VKYC_HTTP_FAILED && r.fault == VKYC_HTTP_MEMORY);
    vkyc_http_read_explain(&r, &response, &failure);
    CHECK(strcmp(failure.kind, "memory") == 0 && failure.sent);
    vkyc_http_read_free(&r);
    vkyc_response_free(&response);

    vkyc_http_read_init(&r, 0, no_alloc, NULL);
    vkyc_response_init(&response, BODY_LIMIT, no_alloc, NULL);
    CHECK(vkyc_http_read_feed(&r, &response, OK "A: b\r\n", sizeof OK + 5) == VKYC_HTTP_FAILED);
    vkyc_http_read_explain(&r, &response, &failure);
    CHECK(strcmp(failure.kind, "memory") == 0);
    vkyc_http_read_free(&r);
    vkyc_response_free(&response);

    vkyc_http_read_init(&r, 0, no_alloc, NULL);
    vkyc_response_init(&response, BODY_LIMIT, no_alloc, NULL);
    CHECK(vkyc_http_read_feed(&r, &response, OK "\r\n{}", sizeof OK + 3) == VKYC_HTTP_FAILED && r.fault == VKYC_HTTP_MEMORY);
    vkyc_http_read_free(&r);
    vkyc_response_free(&response);
}

static void check_kind(const char *text, size_t size, int ends, const char *kind, const char *word)
{
    struct vkyc_http_read r;
    struct vkyc_response response;
    struct vkyc_failure failure;
    vkyc_http_read_init(&r, 0, vkyc_alloc_malloc, NULL);
    vkyc_response_init(&response, BODY_LIMIT, vkyc_alloc_malloc, NULL);
    (void)vkyc_http_read_feed(&r, &response, text, size);
    if (ends) {
        (void)vkyc_http_read_end(&r);
    }
    vkyc_http_read_explain(&r, &response, &failure);
    CHECK(strcmp(failure.kind, kind) == 0 && strcmp(failure.phase, "response") == 0 && failure.sent);
    CHECK(strstr(failure.reason, word) != NULL);
    vkyc_http_read_free(&r);
    vkyc_response_free(&response);
}

static void test_kinds(void)
{
    check_kind("", 0, 1, "network", "broke");
    check_kind(OK "Content-Length: 5\r\n\r\n{}", sizeof OK + 22, 1, "network", "cut short");
    check_kind("SSH-2.0", 7, 0, "protocol", "status line");
    check_kind(CHUNKED "zz", sizeof CHUNKED + 1, 0, "protocol", "chunks");
    check_kind(OK "Content-Length: 65\r\n\r\n", sizeof OK + 21, 0, "too_large", "max_body_bytes");
}

int main(void)
{
    test_lengths();
    test_to_end();
    test_no_body();
    test_chunks();
    test_heads();
    test_floods();
    test_memory();
    test_kinds();
    return check_done("http_read");
}
