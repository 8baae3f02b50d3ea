#include "http_read.h"

#include <string.h>

#include "limits.h"

enum {
    STATE_HEAD,
    STATE_LENGTH,
    STATE_TO_END,
    STATE_SIZE,
    STATE_SIZE_END, /* white space behind the size */
    STATE_EXTENSION,
    STATE_SIZE_LF,
    STATE_CHUNK,
    STATE_CHUNK_CR,
    STATE_CHUNK_LF,
    STATE_TRAILERS,
    STATE_DONE,
    STATE_FAILED
};

enum { MAX_SIZE_DIGITS = 16, NO_CONTENT = 204, NOT_MODIFIED = 304 };

struct input {
    const char *bytes;
    size_t size;
};

void vkyc_http_read_init(struct vkyc_http_read *r, int is_head, vkyc_alloc_fn *alloc, void *alloc_ud)
{
    memset(r, 0, sizeof *r);
    r->is_head = is_head;
    vkyc_buffer_init(&r->line, VKYC_MAX_HEADER_BYTES, alloc, alloc_ud);
}

static void fail(struct vkyc_http_read *r, enum vkyc_http_fault fault)
{
    r->fault = fault;
    r->state = STATE_FAILED;
}

static void fail_head(struct vkyc_http_read *r, struct vkyc_head *head, enum vkyc_head_fault fault)
{
    head->fault = fault;
    fail(r, VKYC_HTTP_HEAD);
}

static void skip(struct input *in, size_t size)
{
    in->bytes += size;
    in->size -= size;
}

/* Garbage is known by its first bytes: a server that speaks something else may never send a line feed. */
static int begins_like_http(const struct vkyc_http_read *r, const struct input *in)
{
    static const char start[] = "HTTP/1.";
    size_t have = r->line.size;
    for (size_t i = 0; i < in->size && have + i < sizeof start - 1; i++) {
        if (in->bytes[i] != start[have + i]) {
            return 0;
        }
    }
    return 1;
}

/* Hands the next line to the head. 1 when there was one; *empty says whether it was the empty line. */
static int take_line(struct vkyc_http_read *r, struct vkyc_head *head, struct input *in, int *empty)
{
    if (head->in_head == 0 && !begins_like_http(r, in)) {
        fail_head(r, head, VKYC_HEAD_STATUS_LINE);
        return 0;
    }
    const char *end = memchr(in->bytes, '\n', in->size);
    size_t size = end != NULL ? (size_t)(end - in->bytes) + 1 : in->size;
    if (size > VKYC_MAX_HEADER_BYTES - head->bytes - r->line.size) {
        fail_head(r, head, VKYC_HEAD_TOO_LARGE);
        return 0;
    }
    const char *line = in->bytes;
    size_t line_size = size;
    skip(in, size);
    if (end == NULL || r->line.size > 0) {
        vkyc_buffer_append(&r->line, line, size);
        if (r->line.status != VKYC_OK) {
            fail(r, VKYC_HTTP_MEMORY);
            return 0;
        }
        if (end == NULL) {
            return 0;
        }
        line = r->line.data;
        line_size = r->line.size;
    }
    *empty = line_size == 1 || (line_size == 2 && line[0] == '\r');
    if (vkyc_head_line(head, line, line_size) != VKYC_HEAD_FINE) {
        fail(r, VKYC_HTTP_HEAD);
        return 0;
    }
    vkyc_buffer_reset(&r->line);
    return 1;
}

/* What follows a final head (RFC 9112 section 6.3). */
static void begin_body(struct vkyc_http_read *r, const struct vkyc_response *response)
{
    const struct vkyc_head *head = &response->head;
    if (r->is_head || head->status == NO_CONTENT || head->status == NOT_MODIFIED) {
        r->state = STATE_DONE;
    } else if (head->chunked) {
        r->state = STATE_SIZE;
    } else if (!head->has_length) {
        r->to_end = 1;
        r->state = STATE_TO_END;
    } else if (head->length > response->body.limit) {
        fail(r, VKYC_HTTP_TOO_LARGE);
    } else {
        r->left = head->length;
        r->state = r->left > 0 ? STATE_LENGTH : STATE_DONE;
    }
}

/* Moves up to r->left bytes into the body; all of them when the body has no end but the connection's. */
static void take_body(struct vkyc_http_read *r, struct vkyc_response *response, struct input *in, int next)
{
    size_t size = in->size;
    if (!r->to_end && r->left < size) {
        size = (size_t)r->left;
    }
    vkyc_buffer_append(&response->body, in->bytes, size);
    if (response->body.status != VKYC_OK) {
        fail(r, response->body.status == VKYC_ERR_MEMORY ? VKYC_HTTP_MEMORY : VKYC_HTTP_TOO_LARGE);
        return;
    }
    skip(in, size);
    if (!r->to_end) {
        r->left -= size;
        r->state = r->left > 0 ? r->state : next;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void expect(struct vkyc_http_read *r, char byte, char wanted, int next)
{
    if (byte == wanted) {
        r->state = next;
    } else {
        fail(r, VKYC_HTTP_CHUNK);
    }
}

/* The size of the next chunk is known. */
static void begin_chunk(struct vkyc_http_read *r, const struct vkyc_buffer *body)
{
    if (r->left == 0) {
        r->state = STATE_TRAILERS;
    } else if (r->left > body->limit - body->size) {
        fail(r, VKYC_HTTP_TOO_LARGE);
    } else {
        r->state = STATE_CHUNK;
    }
}

/* Between the size and its CR: white space, then what follows a semicolon and means nothing to us. */
static void take_extension(struct vkyc_http_read *r, struct vkyc_head *head, char byte)
{
    unsigned char c = (unsigned char)byte;
    if (++r->extensions > VKYC_MAX_HEADER_BYTES) {
        fail_head(r, head, VKYC_HEAD_TOO_LARGE);
    } else if (c == '\r') {
        r->state = STATE_SIZE_LF;
    } else if (c == ';') {
        r->state = STATE_EXTENSION;
    } else if (c != ' ' && c != '\t' && (r->state != STATE_EXTENSION || c < ' ' || c == 127)) {
        fail(r, VKYC_HTTP_CHUNK);
    }
}

static void take_size(struct vkyc_http_read *r, struct vkyc_head *head, char byte)
{
    int digit = hex_value(byte);
    if (digit >= 0 && r->digits < MAX_SIZE_DIGITS) {
        r->left = r->left << 4 | (unsigned)digit;
        r->digits++;
    } else if (digit >= 0 || r->digits == 0) {
        fail(r, VKYC_HTTP_CHUNK);
    } else {
        r->state = STATE_SIZE_END;
        take_extension(r, head, byte);
    }
}

/* The bytes between the chunks, one at a time. */
static void take_framing(struct vkyc_http_read *r, struct vkyc_response *response, char byte)
{
    switch (r->state) {
    case STATE_SIZE:
        take_size(r, &response->head, byte);
        break;
    case STATE_SIZE_END:
    case STATE_EXTENSION:
        take_extension(r, &response->head, byte);
        break;
    case STATE_SIZE_LF:
        expect(r, byte, '\n', STATE_CHUNK);
        if (r->state == STATE_CHUNK) {
            begin_chunk(r, &response->body);
        }
        break;
    case STATE_CHUNK_CR:
        expect(r, byte, '\r', STATE_CHUNK_LF);
        break;
    default:
        r->digits = 0;
        expect(r, byte, '\n', STATE_SIZE);
        break;
    }
}

static void step(struct vkyc_http_read *r, struct vkyc_response *response, struct input *in)
{
    int empty = 0;
    switch (r->state) {
    case STATE_HEAD:
        if (take_line(r, &response->head, in, &empty) && response->head.complete) {
            begin_body(r, response);
        }
        break;
    case STATE_TRAILERS:
        if (take_line(r, &response->head, in, &empty) && empty) {
            r->state = STATE_DONE;
        }
        break;
    case STATE_LENGTH:
    case STATE_TO_END:
        take_body(r, response, in, STATE_DONE);
        break;
    case STATE_CHUNK:
        take_body(r, response, in, STATE_CHUNK_CR);
        break;
    default:
        take_framing(r, response, in->bytes[0]);
        skip(in, 1);
        break;
    }
}

static enum vkyc_http_result result(const struct vkyc_http_read *r)
{
    if (r->state == STATE_FAILED) {
        return VKYC_HTTP_FAILED;
    }
    return r->state == STATE_DONE ? VKYC_HTTP_DONE : VKYC_HTTP_MORE;
}

enum vkyc_http_result vkyc_http_read_feed(struct vkyc_http_read *r, struct vkyc_response *response, const char *bytes, size_t size)
{
    struct input in = {bytes, size};
    while (in.size > 0 && result(r) == VKYC_HTTP_MORE) {
        step(r, response, &in);
    }
    if (r->state == STATE_DONE && in.size > 0) {
        r->extra = 1;
    }
    return result(r);
}

enum vkyc_http_result vkyc_http_read_end(struct vkyc_http_read *r)
{
    if (r->state == STATE_TO_END) {
        r->state = STATE_DONE;
    } else if (result(r) == VKYC_HTTP_MORE) {
        fail(r, VKYC_HTTP_CUT);
    }
    return result(r);
}

int vkyc_http_read_reusable(const struct vkyc_http_read *r, const struct vkyc_response *response)
{
    const struct vkyc_head *head = &response->head;
    /* A 204 that declares a body may yet send it. */
    int odd = head->status == NO_CONTENT && (head->chunked || (head->has_length && head->length > 0));
    return r->state == STATE_DONE && !r->extra && !r->to_end && !head->close && !odd;
}

void vkyc_http_read_explain(const struct vkyc_http_read *r, const struct vkyc_response *response, struct vkyc_failure *failure)
{
    *failure = (struct vkyc_failure){"network", "response", "The connection broke before the response was complete.", 1};
    switch (r->fault) {
    case VKYC_HTTP_HEAD:
        failure->reason = vkyc_head_fault_text(response->head.fault);
        failure->kind = "protocol";
        if (response->head.fault == VKYC_HEAD_TOO_LARGE) {
            failure->kind = "too_large";
        } else if (response->head.fault == VKYC_HEAD_MEMORY) {
            failure->kind = "memory";
        }
        break;
    case VKYC_HTTP_CHUNK:
        failure->kind = "protocol";
        failure->reason = "The response's chunks are malformed.";
        break;
    case VKYC_HTTP_TOO_LARGE:
        failure->kind = "too_large";
        failure->reason = "The response's body is larger than max_body_bytes allows.";
        break;
    case VKYC_HTTP_MEMORY:
        failure->kind = "memory";
        failure->reason = "There is no memory for the response.";
        break;
    default:
        if (response->head.complete) {
            failure->reason = "The response was cut short.";
        }
        break;
    }
}

void vkyc_http_read_free(struct vkyc_http_read *r)
{
    vkyc_buffer_free(&r->line);
}
