/* URLs: what is accepted has none of the parts that are refused, and reads the same when put together again; what is appended can be
 * decoded to what it was, and holds only what a URL may hold; a URL of a request makes one request line and one Host. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/http_write.h"
#include "../src/core/limits.h"
#include "../src/core/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void inside(const char *text, size_t size, const char *slice, size_t slice_size)
{
    require(slice >= text && slice + slice_size <= text + size);
}

static void check_read(const char *text, size_t size)
{
    struct vkyc_url url;
    if (vkyc_url_read(text, size, &url) != VKYC_URL_FINE) {
        return;
    }
    inside(text, size, url.host, url.host_size);
    inside(text, size, url.path, url.path_size);
    require(size <= VKYC_MAX_URL && url.host_size > 0 && url.port >= 1 && url.port <= 65535);
    require(url.path_size == 0 || (url.path[0] == '/' && url.path[url.path_size - 1] != '/'));
    for (size_t i = 0; i < size; i++) {
        require(text[i] > ' ' && text[i] < 127 && strchr("\\\"<>^`{|}?#", text[i]) == NULL);
    }
    require(memchr(url.host, '@', url.host_size) == NULL && memchr(url.host, '%', url.host_size) == NULL);

    char again[VKYC_MAX_URL + 64];
    int length = snprintf(again, sizeof again, "%s://%s%.*s%s:%u%.*s", url.https ? "https" : "http", url.ipv6 ? "[" : "",
                          (int)url.host_size, url.host, url.ipv6 ? "]" : "", url.port, (int)url.path_size, url.path);
    struct vkyc_url second;
    require(length > 0 && (size_t)length < sizeof again);
    if ((size_t)length > VKYC_MAX_URL) {
        return;
    }
    require(vkyc_url_read(again, (size_t)length, &second) == VKYC_URL_FINE);
    require(second.https == url.https && second.port == url.port && second.ipv6 == url.ipv6 && second.loopback == url.loopback);
    require(second.host_size == url.host_size && memcmp(second.host, url.host, url.host_size) == 0);
    require(second.path_size == url.path_size && memcmp(second.path, url.path, url.path_size) == 0);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

typedef enum vkyc_status append_fn(struct vkyc_buffer *b, const char *text, size_t size);

static void check_append(append_fn *append, const char *text, size_t size, int slashes)
{
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 3 * size + 1, vkyc_alloc_malloc, NULL);
    enum vkyc_status status = append(&b, text, size);
    require(b.status == VKYC_OK && (status == VKYC_OK || b.size == 0));
    size_t at = 0;
    for (size_t i = 0; i < b.size; i++, at++) {
        char c = b.data[i];
        require(c > ' ' && c < 127 && strchr("\\\"<>^`{|}?#[]", c) == NULL && (slashes || c != '/'));
        if (c == '%') {
            require(i + 2 < b.size && hex_value(b.data[i + 1]) >= 0 && hex_value(b.data[i + 2]) >= 0);
            c = (char)(hex_value(b.data[i + 1]) * 16 + hex_value(b.data[i + 2]));
            i += 2;
        }
        require(at < size && c == text[at]);
    }
    require(status != VKYC_OK || at == size);
    /* A path behind a base URL is a base URL, but for the slash at its end. */
    if (slashes && status == VKYC_OK && b.size < 4096) {
        char url[8192] = "https://h";
        struct vkyc_url out;
        memcpy(url + 9, b.data, b.size);
        require(vkyc_url_read(url, 9 + b.size, &out) == VKYC_URL_FINE);
    }
    vkyc_buffer_free(&b);
}

static void check_target(const char *text, size_t size)
{
    struct vkyc_http_target t;
    if (vkyc_http_target_read(text, size, &t) != VKYC_OK) {
        return;
    }
    inside(text, size, t.host, t.host_size);
    inside(text, size, t.authority, t.authority_size);
    inside(text, size, t.path, t.path_size);
    require(t.host_size > 0 && t.host_size <= t.authority_size && t.port >= 1 && t.port <= 65535);
    require(memchr(t.authority, '@', t.authority_size) == NULL && memchr(t.authority, '/', t.authority_size) == NULL);
    struct vkyc_request r;
    struct vkyc_buffer out;
    vkyc_request_init(&r, 1, vkyc_alloc_malloc, NULL);
    memcpy(r.method, "GET", 4);
    vkyc_buffer_init(&out, 2 * size + 256, vkyc_alloc_malloc, NULL);
    require(vkyc_http_write(&out, &r, &t) == VKYC_OK);
    size_t lines = 0;
    size_t spaces = 0;
    for (size_t i = 0; i < out.size; i++) {
        lines += out.data[i] == '\n';
        spaces += out.data[i] == ' ';
        require(out.data[i] != '#' && out.data[i] != '\\');
    }
    require(lines == 3 && spaces == 3 && memcmp(out.data, "GET /", 5) == 0);
    require(memcmp(out.data + out.size - 4 - t.authority_size, t.authority, t.authority_size) == 0);
    vkyc_buffer_free(&out);
    vkyc_request_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    check_read(text, size);
    check_target(text, size);
    check_append(vkyc_url_append_segment, text, size, 0);
    check_append(vkyc_url_append_value, text, size, 0);
    check_append(vkyc_url_append_path, text, size, 1);
    return 0;
}
