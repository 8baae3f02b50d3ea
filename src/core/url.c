#include "url.h"

#include <string.h>

#include "limits.h"

enum { MAX_HOST = 253, MAX_LABEL = 63 };

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int is_unreserved(char c)
{
    return is_alpha(c) || is_digit(c) || (c != 0 && strchr("-._~", c) != NULL);
}

/* What RFC 3986 lets stand in a path segment as it is. */
static int is_pchar(char c)
{
    return is_unreserved(c) || (c != 0 && strchr("!$&'()*+,;=:@", c) != NULL);
}

static int equals_lower(const char *text, size_t size, const char *lower)
{
    if (size != strlen(lower)) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        if (c != lower[i]) {
            return 0;
        }
    }
    return 1;
}

/* Every byte must be one that a URL may hold; a percent sign must begin an escape, and not that of a control character. */
static int characters_fine(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 1 < size ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_value(text[i + 2]) : -1;
            if (high < 2 || low < 0 || (high == 7 && low == 15)) {
                return 0;
            }
        } else if (!is_pchar(c) && (c == 0 || strchr("/?#[]", c) == NULL)) {
            return 0;
        }
    }
    return 1;
}

/* Strict dotted decimal: four numbers of 0-255 without leading zeros. */
static int read_ipv4(const char *host, size_t size, unsigned char out[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        if (part > 0) {
            if (i >= size || host[i] != '.') {
                return 0;
            }
            i++;
        }
        size_t start = i;
        unsigned value = 0;
        while (i < size && is_digit(host[i]) && i - start < 3) {
            value = value * 10 + (unsigned)(host[i] - '0');
            i++;
        }
        if (i == start || value > 255 || (host[start] == '0' && i - start > 1)) {
            return 0;
        }
        out[part] = (unsigned char)value;
    }
    return i == size;
}

/* Groups of hexadecimal digits with at most one "::". No dotted part, no zone. */
static int read_ipv6(const char *host, size_t size, unsigned short out[8])
{
    unsigned short groups[8] = {0};
    int count = 0;
    int gap = -1;
    size_t i = 0;
    if (size >= 2 && host[0] == ':' && host[1] == ':') {
        gap = 0;
        i = 2;
    }
    while (i < size) {
        unsigned value = 0;
        size_t start = i;
        while (i < size && hex_value(host[i]) >= 0 && i - start < 4) {
            value = value << 4 | (unsigned)hex_value(host[i]);
            i++;
        }
        if (i == start || count == 8) {
            return 0;
        }
        groups[count++] = (unsigned short)value;
        if (i == size) {
            break;
        }
        if (host[i] != ':') {
            return 0;
        }
        i++;
        if (i < size && host[i] == ':') {
            if (gap >= 0) {
                return 0;
            }
            gap = count;
            i++;
        } else if (i == size) {
            return 0;
        }
    }
    if (gap < 0 ? count != 8 : count > 7) {
        return 0;
    }
    memset(out, 0, 8 * sizeof out[0]);
    int head = gap < 0 ? count : gap;
    for (int g = 0; g < count; g++) {
        out[g < head ? g : 8 - count + g] = groups[g];
    }
    return 1;
}

/* 1 when a label could be taken for a number by a resolver that reads octal and hexadecimal. */
static int label_is_number(const char *label, size_t size)
{
    size_t i = 0;
    int hex = size >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
    for (i = hex ? 2 : 0; i < size; i++) {
        if (hex ? hex_value(label[i]) < 0 : !is_digit(label[i])) {
            return 0;
        }
    }
    return 1;
}

static int host_is_name(const char *host, size_t size)
{
    size_t start = 0;
    if (size > MAX_HOST) {
        return 0;
    }
    for (size_t i = 0; i <= size; i++) {
        if (i < size && host[i] != '.') {
            if (!is_alpha(host[i]) && !is_digit(host[i]) && host[i] != '-') {
                return 0;
            }
            continue;
        }
        size_t length = i - start;
        if (length == 0 || length > MAX_LABEL || host[start] == '-' || host[i - 1] == '-') {
            return 0;
        }
        if (i == size) {
            return !label_is_number(host + start, length);
        }
        start = i + 1;
    }
    return 0;
}

static enum vkyc_url_fault read_host(struct vkyc_url *out)
{
    if (out->ipv6) {
        unsigned short group[8];
        if (!read_ipv6(out->host, out->host_size, group)) {
            return VKYC_URL_HOST;
        }
        int embeds_ipv4 = (group[0] | group[1] | group[2] | group[3] | group[4]) == 0 && (group[5] == 0 || group[5] == 0xffff);
        out->loopback = embeds_ipv4 && group[5] == 0 && group[6] == 0 && group[7] == 1;
        /* ::ffff:0:0/96 is IPv4 in disguise, ::/96 was, and :: reaches the machine itself. */
        return embeds_ipv4 && !out->loopback ? VKYC_URL_HOST : VKYC_URL_FINE;
    }
    unsigned char address[4];
    if (read_ipv4(out->host, out->host_size, address)) {
        out->loopback = address[0] == 127;
        /* 0.0.0.0 reaches the machine itself, without looking like it. */
        return address[0] == 0 ? VKYC_URL_HOST : VKYC_URL_FINE;
    }
    out->loopback = equals_lower(out->host, out->host_size, "localhost");
    return host_is_name(out->host, out->host_size) ? VKYC_URL_FINE : VKYC_URL_HOST;
}

/* [host]:port or host:port. */
static enum vkyc_url_fault read_authority(const char *text, size_t size, struct vkyc_url *out)
{
    size_t host_end;
    size_t rest;
    if (size > 0 && text[0] == '[') {
        const char *end = memchr(text, ']', size);
        if (end == NULL) {
            return VKYC_URL_HOST;
        }
        out->ipv6 = 1;
        out->host = text + 1;
        host_end = (size_t)(end - text);
        out->host_size = host_end - 1;
        rest = host_end + 1;
    } else {
        const char *colon = memchr(text, ':', size);
        host_end = colon != NULL ? (size_t)(colon - text) : size;
        out->host = text;
        out->host_size = host_end;
        rest = host_end;
    }
    enum vkyc_url_fault fault = read_host(out);
    if (fault != VKYC_URL_FINE) {
        return fault;
    }
    out->port = out->https ? 443 : 80;
    if (rest == size) {
        return VKYC_URL_FINE;
    }
    if (text[rest] != ':') {
        return VKYC_URL_HOST;
    }
    rest++;
    size_t digits = size - rest;
    if (digits < 1 || digits > 5 || text[rest] == '0') {
        return VKYC_URL_PORT;
    }
    unsigned port = 0;
    for (; rest < size; rest++) {
        if (!is_digit(text[rest])) {
            return VKYC_URL_PORT;
        }
        port = port * 10 + (unsigned)(text[rest] - '0');
    }
    out->port = port;
    return port <= 65535 ? VKYC_URL_FINE : VKYC_URL_PORT;
}

/* Empty, "." or "..", each dot also as %2e. */
static int segment_moves(const char *text, size_t size)
{
    int dots = 0;
    for (size_t i = 0; i < size; i++) {
        if (size - i >= 3 && text[i] == '%' && text[i + 1] == '2' && (text[i + 2] == 'e' || text[i + 2] == 'E')) {
            i += 2;
        } else if (text[i] != '.') {
            return 0;
        }
        dots++;
    }
    return dots <= 2;
}

/* An escaped slash or backslash: some servers take it for a real one. */
static int has_escaped_slash(const char *text, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++) {
        if (text[i] == '%') {
            int value = hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]);
            if (value == '/' || value == '\\') {
                return 1;
            }
        }
    }
    return 0;
}

/* Checks what lies between slashes; `text` begins with one. */
static int segments_fine(const char *text, size_t size)
{
    size_t start = 1;
    for (size_t i = 1; i <= size; i++) {
        if (i == size || text[i] == '/') {
            if (segment_moves(text + start, i - start)) {
                return 0;
            }
            start = i + 1;
        }
    }
    return 1;
}

enum vkyc_url_fault vkyc_url_read(const char *text, size_t size, struct vkyc_url *out)
{
    memset(out, 0, sizeof *out);
    if (size > VKYC_MAX_URL) {
        return VKYC_URL_LENGTH;
    }
    size_t scheme = 0;
    while (scheme < size && is_alpha(text[scheme])) {
        scheme++;
    }
    out->https = equals_lower(text, scheme, "https");
    if ((!out->https && !equals_lower(text, scheme, "http")) || size - scheme < 3 || memcmp(text + scheme, "://", 3) != 0) {
        return VKYC_URL_SCHEME;
    }
    const char *rest = text + scheme + 3;
    size_t rest_size = size - scheme - 3;
    if (!characters_fine(rest, rest_size)) {
        return VKYC_URL_CHARACTER;
    }
    size_t end = 0;
    while (end < rest_size && rest[end] != '/' && rest[end] != '?' && rest[end] != '#') {
        end++;
    }
    if (memchr(rest, '@', end) != NULL) {
        return VKYC_URL_USERINFO;
    }
    if (memchr(rest, '#', rest_size) != NULL) {
        return VKYC_URL_FRAGMENT;
    }
    if (memchr(rest, '?', rest_size) != NULL) {
        return VKYC_URL_QUERY;
    }
    enum vkyc_url_fault fault = read_authority(rest, end, out);
    if (fault != VKYC_URL_FINE) {
        return fault;
    }
    out->path = rest + end;
    out->path_size = rest_size - end;
    if (memchr(out->path, '[', out->path_size) != NULL || memchr(out->path, ']', out->path_size) != NULL) {
        return VKYC_URL_CHARACTER;
    }
    if (out->path_size > 0 && out->path[out->path_size - 1] == '/') {
        out->path_size--;
    }
    if (out->path_size > 0 && (!segments_fine(out->path, out->path_size) || has_escaped_slash(out->path, out->path_size))) {
        return VKYC_URL_PATH;
    }
    return VKYC_URL_FINE;
}

const char *vkyc_url_fault_text(enum vkyc_url_fault fault)
{
    switch (fault) {
    case VKYC_URL_FINE:
        return "the URL is fine";
    case VKYC_URL_SCHEME:
        return "must begin with https:// or http://";
    case VKYC_URL_USERINFO:
        return "must not hold a user name or password";
    case VKYC_URL_FRAGMENT:
        return "must not hold a fragment (#)";
    case VKYC_URL_QUERY:
        return "must not hold a query (?)";
    case VKYC_URL_CHARACTER:
        return "must not hold white space, control characters, backslashes, other unsafe characters or broken percent escapes";
    case VKYC_URL_HOST:
        return "must have a name, an IPv4 address in dotted decimal or an IPv6 address in brackets as its host";
    case VKYC_URL_PORT:
        return "must have a port from 1 to 65535";
    case VKYC_URL_PATH:
        return "must not hold empty segments, \".\", \"..\" or escaped slashes in its path";
    case VKYC_URL_LENGTH:
        return "is too long";
    }
    return "is not a URL";
}

/* Appends with everything percent-encoded that `keep` does not keep. */
static enum vkyc_status append_encoded(struct vkyc_buffer *b, const char *text, size_t size, int (*keep)(char))
{
    static const char hex[] = "0123456789ABCDEF";
    if (size == 0) {
        return b->status;
    }
    if (size > b->limit) {
        b->status = b->status != VKYC_OK ? b->status : VKYC_ERR_LIMIT;
        return b->status;
    }
    size_t wanted = size;
    for (size_t i = 0; i < size; i++) {
        wanted += keep(text[i]) ? 0 : 2;
    }
    char *to = vkyc_buffer_reserve(b, wanted);
    if (to == NULL) {
        return b->status;
    }
    for (size_t i = 0; i < size; i++) {
        if (keep(text[i])) {
            *to++ = text[i];
        } else {
            *to++ = '%';
            *to++ = hex[(unsigned char)text[i] >> 4];
            *to++ = hex[(unsigned char)text[i] & 15];
        }
    }
    b->size += wanted;
    return VKYC_OK;
}

enum vkyc_status vkyc_url_append_value(struct vkyc_buffer *b, const char *text, size_t size)
{
    if (size > 0 && memchr(text, 0, size) != NULL) {
        return VKYC_ERR_NUL;
    }
    return append_encoded(b, text, size, is_unreserved);
}

enum vkyc_status vkyc_url_append_segment(struct vkyc_buffer *b, const char *text, size_t size)
{
    if (size == 0 || (text[0] == '.' && (size == 1 || (size == 2 && text[1] == '.')))) {
        return VKYC_ERR_SYNTAX;
    }
    return vkyc_url_append_value(b, text, size);
}

static int kept_in_path(char c)
{
    return c == '/' || is_pchar(c);
}

enum vkyc_status vkyc_url_append_path(struct vkyc_buffer *b, const char *text, size_t size)
{
    if (size == 0 || text[0] != '/') {
        return VKYC_ERR_SYNTAX;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0) {
            return VKYC_ERR_NUL;
        }
        if (c < 32 || c == 127) {
            return VKYC_ERR_CONTROL;
        }
        if (strchr("%?#\\", c) != NULL) {
            return VKYC_ERR_SYNTAX;
        }
    }
    size_t checked = text[size - 1] == '/' ? size - 1 : size;
    if (checked > 0 && !segments_fine(text, checked)) {
        return VKYC_ERR_SYNTAX;
    }
    return append_encoded(b, text, size, kept_in_path);
}
