/* Requests as bytes: the request line, Host, Content-Length, and URLs that must not become one. */
#include <stdlib.h>

#include "../../src/core/http_write.h"
#include "check.h"

static void *no_alloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)ptr;
    (void)old_size;
    (void)new_size;
    return NULL;
}

static enum vkyc_status read_url(const char *url, size_t size, struct vkyc_http_target *t)
{
    char *copy = malloc(size + 1);
    enum vkyc_status status = VKYC_ERR_MEMORY;
    if (copy != NULL) {
        memcpy(copy, url, size);
        status = vkyc_http_target_read(copy, size, t);
        free(copy);
    }
    return status;
}

static void check_target(const char *url, int https, const char *host, unsigned port, const char *authority, const char *path)
{
    struct vkyc_http_target t;
    CHECK(vkyc_http_target_read(url, strlen(url), &t) == VKYC_OK);
    CHECK(t.https == https && t.port == port);
    CHECK(t.host_size == strlen(host) && memcmp(t.host, host, t.host_size) == 0);
    CHECK(t.authority_size == strlen(authority) && memcmp(t.authority, authority, t.authority_size) == 0);
    CHECK(t.path_size == strlen(path) && memcmp(t.path, path, t.path_size) == 0);
}

static void test_targets(void)
{
    check_target("https://api.example.com/a/b?c=d", 1, "api.example.com", 443, "api.example.com", "/a/b?c=d");
    check_target("https://api.example.com", 1, "api.example.com", 443, "api.example.com", "");
    check_target("https://api.example.com?x=1", 1, "api.example.com", 443, "api.example.com", "?x=1");
    check_target("https://api.example.com:443/", 1, "api.example.com", 443, "api.example.com", "/");
    check_target("https://api.example.com:80/", 1, "api.example.com", 80, "api.example.com:80", "/");
    check_target("http://127.0.0.1:80/", 0, "127.0.0.1", 80, "127.0.0.1", "/");
    check_target("http://127.0.0.1:65535/", 0, "127.0.0.1", 65535, "127.0.0.1:65535", "/");
    check_target("http://[::1]:8080/x", 0, "::1", 8080, "[::1]:8080", "/x");
    check_target("http://[::1]", 0, "::1", 80, "[::1]", "");
}

static void test_bad_targets(void)
{
    static const char *const urls[] = {
        "",
        "api.example.com/",
        "ftp://example.com/",
        "HTTPS://example.com/",
        "https://",
        "https:///path",
        "https://:443/",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://example.com/#fragment",
        "https://example.com\\@evil/",
        "https://example.com/a b",
        "https://example.com/a\r\nX: y",
        "https://example.com/\x7f",
        "https://example.com/\xc3\xa9",
        "https://example.com:/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:123456/",
        "https://example.com:8a/",
        "https://example.com:-1/",
        "http://[::1/",
        "http://[]/",
        "http://[::1]x/",
    };
    struct vkyc_http_target t;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        CHECK(read_url(urls[i], strlen(urls[i]), &t) == VKYC_ERR_SYNTAX);
    }
    CHECK(read_url("https://a\0b/", 12, &t) == VKYC_ERR_SYNTAX);
}

static void make(struct vkyc_request *r, const char *method, const char *url, const char *body)
{
    vkyc_request_init(r, 1000, vkyc_alloc_malloc, NULL);
    memcpy(r->method, method, strlen(method) + 1);
    vkyc_buffer_append_text(&r->url, url);
    CHECK(vkyc_request_header(r, "x-id", 4, "", 0, "7", 1) == VKYC_OK);
    if (body != NULL) {
        r->has_body = 1;
        vkyc_buffer_append_text(&r->body, body);
    }
}

static void check_bytes(const char *method, const char *url, const char *body, const char *wanted)
{
    struct vkyc_request r;
    struct vkyc_http_target t;
    struct vkyc_buffer out;
    make(&r, method, url, body);
    vkyc_buffer_init(&out, 10000, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_http_target_read(r.url.data, r.url.size, &t) == VKYC_OK);
    CHECK(vkyc_http_write(&out, &r, &t) == VKYC_OK);
    CHECK(out.size == strlen(wanted) && memcmp(out.data, wanted, out.size) == 0);
    vkyc_buffer_free(&out);
    vkyc_request_free(&r);
}

static void test_messages(void)
{
    check_bytes("GET", "https://a.example/x?y=1", NULL, "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nx-id: 7\r\n\r\n");
    check_bytes("DELETE", "http://[::1]:81", NULL, "DELETE / HTTP/1.1\r\nHost: [::1]:81\r\nx-id: 7\r\n\r\n");
    check_bytes("GET", "https://a.example?y", NULL, "GET /?y HTTP/1.1\r\nHost: a.example\r\nx-id: 7\r\n\r\n");
    check_bytes("POST", "https://a.example/x", "{\"a\":1}",
                "POST /x HTTP/1.1\r\nHost: a.example\r\nx-id: 7\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    check_bytes("POST", "https://a.example/x", NULL, "POST /x HTTP/1.1\r\nHost: a.example\r\nx-id: 7\r\nContent-Length: 0\r\n\r\n");
    check_bytes("PUT", "https://a.example/x", "", "PUT /x HTTP/1.1\r\nHost: a.example\r\nx-id: 7\r\nContent-Length: 0\r\n\r\n");
    check_bytes("PATCH", "https://a.example/x", NULL, "PATCH /x HTTP/1.1\r\nHost: a.example\r\nx-id: 7\r\nContent-Length: 0\r\n\r\n");
}

static void test_limits(void)
{
    struct vkyc_request r;
    struct vkyc_http_target t;
    struct vkyc_buffer out;
    make(&r, "POST", "https://a.example/x", "{}");
    CHECK(vkyc_http_target_read(r.url.data, r.url.size, &t) == VKYC_OK);
    vkyc_buffer_init(&out, 20, vkyc_alloc_malloc, NULL);
    CHECK(vkyc_http_write(&out, &r, &t) == VKYC_ERR_LIMIT);
    vkyc_buffer_free(&out);
    vkyc_buffer_init(&out, 1000, no_alloc, NULL);
    CHECK(vkyc_http_write(&out, &r, &t) == VKYC_ERR_MEMORY);
    vkyc_buffer_free(&out);
    vkyc_request_free(&r);
}

int main(void)
{
    test_targets();
    test_bad_targets();
    test_messages();
    test_limits();
    return check_done("http_write");
}
