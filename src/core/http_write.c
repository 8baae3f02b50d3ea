#include "http_write.h"

#include <string.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, MAX_PORT = 65535 };

/* Cuts `prefix` off the front of a text. */
static int cut(const char **text, size_t *size, const char *prefix)
{
    size_t length = strlen(prefix);
    if (*size < length || memcmp(*text, prefix, length) != 0) {
        return 0;
    }
    *text += length;
    *size -= length;
    return 1;
}

static int is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '!' || text[i] > '~' || text[i] == '#' || text[i] == '\\') {
            return 0;
        }
    }
    return 1;
}

/* Reads ":8443"; an absent port is the scheme's. */
static int read_port(const char *text, size_t size, struct vkyc_http_target *t)
{
    unsigned usual = t->https ? HTTPS_PORT : HTTP_PORT;
    t->port = usual;
    if (size == 0) {
        return 1;
    }
    unsigned port = 0;
    if (text[0] != ':' || size < 2 || size > 6) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    t->port = port;
    if (port == usual) {
        t->authority_size -= size;
    }
    return port > 0 && port <= MAX_PORT;
}

enum vkyc_status vkyc_http_target_read(const char *url, size_t size, struct vkyc_http_target *t)
{
    memset(t, 0, sizeof *t);
    if (!is_plain(url, size)) {
        return VKYC_ERR_SYNTAX;
    }
    t->https = cut(&url, &size, "https://");
    if (!t->https && !cut(&url, &size, "http://")) {
        return VKYC_ERR_SYNTAX;
    }
    size_t end = 0;
    while (end < size && url[end] != '/' && url[end] != '?') {
        end++;
    }
    t->authority = url;
    t->authority_size = end;
    t->path = url + end;
    t->path_size = size - end;
    if (memchr(url, '@', end) != NULL) {
        return VKYC_ERR_SYNTAX;
    }
    const char *stop;
    t->ipv6 = end > 0 && url[0] == '[';
    if (t->ipv6) {
        stop = memchr(url, ']', end);
        if (stop == NULL) {
            return VKYC_ERR_SYNTAX;
        }
        t->host = url + 1;
        t->host_size = (size_t)(stop - t->host);
        stop++;
    } else {
        stop = memchr(url, ':', end);
        stop = stop != NULL ? stop : url + end;
        t->host = url;
        t->host_size = (size_t)(stop - url);
    }
    return t->host_size > 0 && read_port(stop, (size_t)(url + end - stop), t) ? VKYC_OK : VKYC_ERR_SYNTAX;
}

static int has_length(const struct vkyc_request *r)
{
    return r->has_body || strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0 || strcmp(r->method, "PATCH") == 0;
}

static void append_number(struct vkyc_buffer *out, size_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    vkyc_buffer_append(out, digits + at, sizeof digits - at);
}

enum vkyc_status vkyc_http_write_head(struct vkyc_buffer *out, const struct vkyc_request *r, const struct vkyc_http_target *t)
{
    vkyc_buffer_append_text(out, r->method);
    vkyc_buffer_append_byte(out, ' ');
    if (t->path_size == 0 || t->path[0] != '/') {
        vkyc_buffer_append_byte(out, '/');
    }
    vkyc_buffer_append(out, t->path, t->path_size);
    vkyc_buffer_append_text(out, " HTTP/1.1\r\nHost: ");
    vkyc_buffer_append(out, t->authority, t->authority_size);
    vkyc_buffer_append_text(out, "\r\n");
    vkyc_buffer_append(out, r->headers.data, r->headers.size);
    if (has_length(r)) {
        vkyc_buffer_append_text(out, "Content-Length: ");
        append_number(out, r->has_body ? r->body.size : 0);
        vkyc_buffer_append_text(out, "\r\n");
    }
    vkyc_buffer_append_text(out, "\r\n");
    return out->status;
}

enum vkyc_status vkyc_http_write(struct vkyc_buffer *out, const struct vkyc_request *r, const struct vkyc_http_target *t)
{
    enum { BETWEEN = 128 }; /* more than the method, the names and the digits of vkyc_http_write_head take */
    vkyc_buffer_reserve(out, t->path_size + t->authority_size + r->headers.size + (r->has_body ? r->body.size : 0) + BETWEEN);
    if (vkyc_http_write_head(out, r, t) == VKYC_OK && r->has_body) {
        vkyc_buffer_append(out, r->body.data, r->body.size);
    }
    return out->status;
}
