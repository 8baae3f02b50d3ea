/* Heads of responses, fed line by line: faults stay, what is kept is well-formed, and an accepted head says one thing about its length.
 * What the fields ask for has sane values. A field of a request that is accepted is one line, whatever was tried to put into it. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/answer.h"
#include "../src/core/limits.h"
#include "../src/core/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void feed(struct vkyc_head *h, const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t line = end != NULL ? (size_t)(end - text) + 1 : size;
        enum vkyc_head_fault before = h->fault;
        int complete = h->complete;
        enum vkyc_head_fault fault = vkyc_head_line(h, text, line);
        require(fault == h->fault && (before == VKYC_HEAD_FINE || fault == before) && h->complete >= complete);
        text += line;
        size -= line;
    }
}

static void check_head(const struct vkyc_head *h)
{
    size_t cursor = 0;
    size_t fields = 0;
    const char *name;
    const char *value;
    size_t name_size;
    size_t value_size;
    while (vkyc_head_each(h, &cursor, &name, &name_size, &value, &value_size)) {
        size_t found_size;
        const char *found = vkyc_head_find(h, name, name_size, &found_size);
        require(found != NULL && found <= value);
        require(vkyc_header_name_check(name, name_size) == VKYC_OK);
        for (size_t i = 0; i < name_size; i++) {
            require(name[i] < 'A' || name[i] > 'Z');
        }
        enum vkyc_status status = vkyc_header_value_check(value, value_size);
        require(status == VKYC_OK || status == VKYC_ERR_SYNTAX);
        require(value_size == 0 || (value[0] != ' ' && value[value_size - 1] != ' '));
        fields++;
    }
    require(cursor == h->lines.size && fields <= VKYC_MAX_HEADERS && h->bytes <= VKYC_MAX_HEADER_BYTES);
    if (h->complete) {
        require(h->status >= 200 && h->status <= 599);
        size_t size;
        require(h->has_length == (vkyc_head_find(h, "content-length", 14, &size) != NULL));
        require(h->chunked == (vkyc_head_find(h, "transfer-encoding", 17, &size) != NULL));
        require(h->fault != VKYC_HEAD_FINE || !h->chunked || !h->has_length);
    }
}

/* What is made of the fields. */
static void check_use(const struct vkyc_head *h)
{
    static const struct vkyc_rate_names names = {{"x-limit", 7}, {"x-left", 6}, {"x-reset", 7}, {"x-wait", 6}};
    double seconds = NAN;
    require(!vkyc_wait_hint(h, &names, 1780857000, &seconds) || (seconds >= 0 && seconds < 1e12));
    size_t cursor = 0;
    const char *name;
    const char *value;
    size_t name_size;
    size_t size;
    while (vkyc_head_each(h, &cursor, &name, &name_size, &value, &size)) {
        size_t type = vkyc_media_type(value, size);
        require(type <= size && (type == 0 || type >= 3));
        const char *slash = memchr(value, '/', type);
        require(type == 0 || (slash != NULL && slash > value && memchr(slash + 1, '/', (size_t)(value + type - slash - 1)) == NULL));
        for (size_t i = 0; i < type; i++) {
            require(value[i] > ' ' && value[i] < 127 && strchr("(),:;<=>?@[]{}\"\\", value[i]) == NULL);
        }
        double number;
        require(!vkyc_header_number(value, size, &number) || (size <= 9 && number >= 0 && number < 1e9));
        require(!vkyc_is_word(value, size) || (size >= 1 && size <= 64 && memchr(value, ' ', size) == NULL));
    }
}

/* The input up to the first line feed is a field's name, the second line a prefix, the rest its value. */
static void check_request(const char *data, size_t size)
{
    const char *name_end = memchr(data, '\n', size);
    size_t name_size = name_end != NULL ? (size_t)(name_end - data) : size;
    const char *prefix = data + name_size + (name_end != NULL);
    size_t left = size - (size_t)(prefix - data);
    const char *prefix_end = memchr(prefix, '\n', left);
    size_t prefix_size = prefix_end != NULL ? (size_t)(prefix_end - prefix) : 0;
    const char *value = prefix_end != NULL ? prefix_end + 1 : prefix;
    size_t value_size = size - (size_t)(value - data);
    struct vkyc_request r;
    vkyc_request_init(&r, 1, vkyc_alloc_malloc, NULL);
    enum vkyc_status status = vkyc_request_header(&r, data, name_size, prefix, prefix_size, value, value_size);
    if (status == VKYC_OK) {
        const char *line = r.headers.data;
        size_t line_size = r.headers.size;
        require(line_size == name_size + prefix_size + value_size + 4 && memcmp(line + line_size - 2, "\r\n", 2) == 0);
        for (size_t i = 0; i + 2 < line_size; i++) {
            require((line[i] >= ' ' || line[i] == '\t') && line[i] < 127);
        }
        /* Our own reader finds the name and the value that were given. */
        struct vkyc_head h;
        vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
        feed(&h, "HTTP/1.1 200\n", 13);
        enum vkyc_head_fault fault = vkyc_head_line(&h, line, line_size);
        if (fault == VKYC_HEAD_FINE) {
            require(h.lines.size <= line_size && h.lines.size > name_size && h.lines.data[name_size] == ':');
        } else {
            require(fault == VKYC_HEAD_LENGTH || fault == VKYC_HEAD_TRANSFER_ENCODING || fault == VKYC_HEAD_CONTENT_ENCODING);
        }
        vkyc_head_free(&h);
    } else {
        require(r.headers.size == 0 && (status == VKYC_ERR_SYNTAX || status == VKYC_ERR_NUL || status == VKYC_ERR_CONTROL));
    }
    vkyc_request_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vkyc_head h;
    check_request((const char *)data, size);
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    feed(&h, (const char *)data, size);
    check_head(&h);
    check_use(&h);
    /* What was kept is a head that reads the same. */
    if (h.complete && h.fault == VKYC_HEAD_FINE) {
        struct vkyc_head again;
        vkyc_head_init(&again, vkyc_alloc_malloc, NULL);
        feed(&again, h.minor == 1 ? "HTTP/1.1 200\n" : "HTTP/1.0 200\n", 13);
        feed(&again, h.lines.data, h.lines.size);
        feed(&again, "\n", 1);
        if (again.fault != VKYC_HEAD_TOO_LARGE) {
            require(again.complete && again.lines.size == h.lines.size);
            require(h.lines.size == 0 || memcmp(again.lines.data, h.lines.data, h.lines.size) == 0);
            require(again.length == h.length && again.chunked == h.chunked && again.close == h.close);
        }
        vkyc_head_free(&again);
    }
    vkyc_head_free(&h);
    return 0;
}
