/* Heads of responses, fed line by line: faults stay, what is kept is well-formed, and an accepted head says one thing about its length. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/header.h"
#include "../src/core/limits.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vkyc_head h;
    vkyc_head_init(&h, vkyc_alloc_malloc, NULL);
    feed(&h, (const char *)data, size);
    check_head(&h);
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
