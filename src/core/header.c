#include "header.h"

#include <string.h>

#include "limits.h"

enum { SWITCHING_PROTOCOLS = 101 };

static int is_token_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int is_control(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte < 32 && byte != '\t') || byte == 127;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int equals_lower(const char *text, size_t size, const char *word)
{
    if (size != strlen(word)) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (lower(text[i]) != word[i]) {
            return 0;
        }
    }
    return 1;
}

enum vkyc_status vkyc_header_name_check(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_token_byte((unsigned char)name[i])) {
            return VKYC_ERR_SYNTAX;
        }
    }
    return size > 0 ? VKYC_OK : VKYC_ERR_SYNTAX;
}

enum vkyc_status vkyc_header_value_check(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (value[i] == 0) {
            return VKYC_ERR_NUL;
        }
        if (is_control(value[i])) {
            return VKYC_ERR_CONTROL;
        }
        if ((unsigned char)value[i] > 126) {
            return VKYC_ERR_SYNTAX;
        }
    }
    return size > 0 && (is_blank(value[0]) || is_blank(value[size - 1])) ? VKYC_ERR_SYNTAX : VKYC_OK;
}

const char *vkyc_head_fault_text(enum vkyc_head_fault fault)
{
    switch (fault) {
    case VKYC_HEAD_FINE:
        return "the head of the response is fine";
    case VKYC_HEAD_STATUS_LINE:
        return "the response does not begin with a status line of HTTP/1.1";
    case VKYC_HEAD_FIELD:
        return "the response has a malformed header field";
    case VKYC_HEAD_LENGTH:
        return "the response has a malformed or a contradictory Content-Length";
    case VKYC_HEAD_LENGTH_AND_CHUNKED:
        return "the response has both a Content-Length and a Transfer-Encoding";
    case VKYC_HEAD_TRANSFER_ENCODING:
        return "the response has a Transfer-Encoding other than chunked";
    case VKYC_HEAD_CONTENT_ENCODING:
        return "the response has a Content-Encoding, though none was accepted";
    case VKYC_HEAD_TOO_LARGE:
        return "the head of the response is too large";
    case VKYC_HEAD_MEMORY:
        return "not enough memory for the head of the response";
    }
    return "the head of the response is wrong";
}

void vkyc_head_init(struct vkyc_head *h, vkyc_alloc_fn *alloc, void *alloc_ud)
{
    memset(h, 0, sizeof *h);
    /* A line is kept with ": " and a newline, whatever it came with. */
    vkyc_buffer_init(&h->lines, VKYC_MAX_HEADER_BYTES + 3 * (size_t)VKYC_MAX_HEADERS, alloc, alloc_ud);
}

static enum vkyc_head_fault read_status_line(struct vkyc_head *h, const char *line, size_t size)
{
    enum { CODE = 9, END = 12 }; /* HTTP/1.1 200 */
    if (size < END || memcmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        (size > END && line[END] != ' ')) {
        return VKYC_HEAD_STATUS_LINE;
    }
    int status = 0;
    for (size_t i = CODE; i < END; i++) {
        if (line[i] < '0' || line[i] > '9') {
            return VKYC_HEAD_STATUS_LINE;
        }
        status = status * 10 + (line[i] - '0');
    }
    for (size_t i = END; i < size; i++) {
        if (is_control(line[i])) {
            return VKYC_HEAD_STATUS_LINE;
        }
    }
    if (status < 100 || status > 599 || status == SWITCHING_PROTOCOLS) {
        return VKYC_HEAD_STATUS_LINE;
    }
    h->in_head = status;
    h->minor = line[7] - '0';
    if (status >= 200) {
        h->status = status;
    }
    return VKYC_HEAD_FINE;
}

static enum vkyc_head_fault read_length(struct vkyc_head *h, const char *value, size_t size)
{
    uint64_t length = 0;
    if (size == 0) {
        return VKYC_HEAD_LENGTH;
    }
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9') {
            return VKYC_HEAD_LENGTH;
        }
        uint64_t digit = (uint64_t)(value[i] - '0');
        length = length > (UINT64_MAX - digit) / 10 ? UINT64_MAX : length * 10 + digit;
    }
    if (h->has_length && h->length != length) {
        return VKYC_HEAD_LENGTH;
    }
    h->has_length = 1;
    h->length = length;
    return h->chunked ? VKYC_HEAD_LENGTH_AND_CHUNKED : VKYC_HEAD_FINE;
}

/* What a field of the final response says about its framing. */
static enum vkyc_head_fault read_framing(struct vkyc_head *h, const char *name, size_t name_size, const char *value, size_t value_size)
{
    if (equals_lower(name, name_size, "content-length")) {
        return read_length(h, value, value_size);
    }
    if (equals_lower(name, name_size, "transfer-encoding")) {
        if (h->chunked || h->minor == 0 || !equals_lower(value, value_size, "chunked")) {
            return VKYC_HEAD_TRANSFER_ENCODING;
        }
        h->chunked = 1;
        return h->has_length ? VKYC_HEAD_LENGTH_AND_CHUNKED : VKYC_HEAD_FINE;
    }
    if (equals_lower(name, name_size, "content-encoding") && value_size > 0 && !equals_lower(value, value_size, "identity")) {
        return VKYC_HEAD_CONTENT_ENCODING;
    }
    return VKYC_HEAD_FINE;
}

static enum vkyc_head_fault keep_field(struct vkyc_head *h, const char *name, size_t name_size, const char *value, size_t value_size)
{
    struct vkyc_buffer *b = &h->lines;
    char *to = vkyc_buffer_reserve(b, name_size + value_size + 3);
    if (to == NULL) {
        return b->status == VKYC_ERR_MEMORY ? VKYC_HEAD_MEMORY : VKYC_HEAD_TOO_LARGE;
    }
    for (size_t i = 0; i < name_size; i++) {
        *to++ = lower(name[i]);
    }
    *to++ = ':';
    *to++ = ' ';
    memcpy(to, value, value_size);
    to[value_size] = '\n';
    b->size += name_size + value_size + 3;
    return VKYC_HEAD_FINE;
}

static enum vkyc_head_fault read_field(struct vkyc_head *h, const char *line, size_t size)
{
    if (++h->count > VKYC_MAX_HEADERS) {
        return VKYC_HEAD_TOO_LARGE;
    }
    const char *colon = memchr(line, ':', size);
    size_t name_size = colon != NULL ? (size_t)(colon - line) : 0;
    if (vkyc_header_name_check(line, name_size) != VKYC_OK) {
        return VKYC_HEAD_FIELD;
    }
    size_t start = name_size + 1;
    size_t end = size;
    while (start < end && is_blank(line[start])) {
        start++;
    }
    while (end > start && is_blank(line[end - 1])) {
        end--;
    }
    for (size_t i = start; i < end; i++) {
        if (is_control(line[i])) {
            return VKYC_HEAD_FIELD;
        }
    }
    if (h->in_head < 200 || h->complete) {
        return VKYC_HEAD_FINE;
    }
    enum vkyc_head_fault fault = read_framing(h, line, name_size, line + start, end - start);
    return fault != VKYC_HEAD_FINE ? fault : keep_field(h, line, name_size, line + start, end - start);
}

/* 1 when one of the comma-separated words of any Connection field is `word`. */
static int connection_has(const struct vkyc_head *h, const char *word)
{
    size_t cursor = 0;
    const char *name;
    const char *value;
    size_t name_size;
    size_t value_size;
    while (vkyc_head_each(h, &cursor, &name, &name_size, &value, &value_size)) {
        if (!equals_lower(name, name_size, "connection")) {
            continue;
        }
        for (size_t start = 0; start < value_size;) {
            const char *comma = memchr(value + start, ',', value_size - start);
            size_t next = comma != NULL ? (size_t)(comma - value) : value_size;
            size_t end = next;
            while (start < end && is_blank(value[start])) {
                start++;
            }
            while (end > start && is_blank(value[end - 1])) {
                end--;
            }
            if (equals_lower(value + start, end - start, word)) {
                return 1;
            }
            start = next + 1;
        }
    }
    return 0;
}

static enum vkyc_head_fault end_head(struct vkyc_head *h)
{
    if (h->in_head < 200) {
        h->in_head = 0;
        return ++h->interim > VKYC_MAX_INTERIM ? VKYC_HEAD_TOO_LARGE : VKYC_HEAD_FINE;
    }
    h->complete = 1;
    h->close = connection_has(h, "close") || (h->minor == 0 && !connection_has(h, "keep-alive"));
    return VKYC_HEAD_FINE;
}

enum vkyc_head_fault vkyc_head_line(struct vkyc_head *h, const char *line, size_t size)
{
    if (h->fault != VKYC_HEAD_FINE) {
        return h->fault;
    }
    if (size > VKYC_MAX_HEADER_BYTES - h->bytes) {
        h->fault = VKYC_HEAD_TOO_LARGE;
        return h->fault;
    }
    h->bytes += size;
    if (size > 0 && line[size - 1] == '\n') {
        size--;
        if (size > 0 && line[size - 1] == '\r') {
            size--;
        }
    }
    if (h->complete) {
        h->fault = size > 0 ? read_field(h, line, size) : VKYC_HEAD_FINE;
    } else if (h->in_head == 0) {
        h->fault = read_status_line(h, line, size);
    } else if (size == 0) {
        h->fault = end_head(h);
    } else {
        h->fault = read_field(h, line, size);
    }
    return h->fault;
}

int vkyc_head_each(const struct vkyc_head *h, size_t *cursor, const char **name, size_t *name_size, const char **value, size_t *value_size)
{
    if (*cursor >= h->lines.size) {
        return 0;
    }
    const char *line = h->lines.data + *cursor;
    size_t rest = h->lines.size - *cursor;
    const char *colon = memchr(line, ':', rest);
    const char *end = memchr(line, '\n', rest);
    if (colon == NULL || end == NULL) {
        return 0;
    }
    *name = line;
    *name_size = (size_t)(colon - line);
    *value = colon + 2;
    *value_size = (size_t)(end - *value);
    *cursor += (size_t)(end - line) + 1;
    return 1;
}

const char *vkyc_head_find(const struct vkyc_head *h, const char *name, size_t name_size, size_t *value_size)
{
    size_t cursor = 0;
    const char *field;
    const char *value;
    size_t field_size;
    while (vkyc_head_each(h, &cursor, &field, &field_size, &value, value_size)) {
        if (field_size == name_size && memcmp(field, name, name_size) == 0) {
            return value;
        }
    }
    return NULL;
}

void vkyc_head_reset(struct vkyc_head *h)
{
    struct vkyc_buffer lines = h->lines;
    vkyc_buffer_reset(&lines);
    memset(h, 0, sizeof *h);
    h->lines = lines;
}

void vkyc_head_free(struct vkyc_head *h)
{
    vkyc_buffer_free(&h->lines);
    vkyc_head_reset(h);
}
