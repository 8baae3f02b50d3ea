/* The JSON reader on any bytes: it ends, its texts are inside of the input, depth and events are balanced, skipping equals stepping, and
 * what it accepts is read back the same after json_write has written it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/json_read.h"
#include "../src/core/json_write.h"
#include "../src/core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

/* How a copy of the reader came out of skipping a container. */
struct skipped {
    int result;
    size_t offset;
    enum vkyc_json_error error;
};

struct walk {
    struct vkyc_json_reader reader;
    struct skipped skipped[VKYC_MAX_DEPTH];
    int is_object[VKYC_MAX_DEPTH];
    unsigned depth;
    int had_key;
    struct vkyc_buffer *out; /* the document again, without white space */
    int first;               /* no comma before the next value */
};

static void check_skip(struct walk *w, enum vkyc_json_event event)
{
    struct vkyc_json_reader copy = w->reader;
    struct skipped *s = &w->skipped[w->depth - 1];
    s->result = vkyc_json_skip(&copy, event);
    s->offset = copy.offset;
    s->error = copy.error;
    require(s->result == 0 ? copy.depth == w->depth - 1 && copy.error == VKYC_JSON_FINE : copy.error != VKYC_JSON_FINE);
}

static void check_inside(const struct vkyc_json_reader *r)
{
    require(r->text >= r->input && r->text_size <= r->size && (size_t)(r->text - r->input) <= r->size - r->text_size);
}

/* Decodes, compares the hash, and writes the text back. */
static void copy_text(struct walk *w, enum vkyc_json_event event)
{
    const struct vkyc_json_reader *r = &w->reader;
    check_inside(r);
    require(r->text > r->input && r->text[-1] == '"' && r->text[r->text_size] == '"');
    require(r->escaped == (memchr(r->text, '\\', r->text_size) != NULL));
    char *decoded = malloc(r->text_size + 1);
    require(decoded != NULL);
    size_t size = vkyc_json_unescape(r->text, r->text_size, decoded + 1);
    require(size <= r->text_size && (r->escaped || size == r->text_size));
    require(vkyc_utf8_check(decoded + 1, size) == size && vkyc_utf8_length(decoded + 1, size) <= size);
    if (event == VKYC_JSON_KEY) {
        require(size <= VKYC_MAX_KEY && r->hash == vkyc_json_hash(decoded + 1, size));
    }
    require(vkyc_json_write_string(w->out, decoded + 1, size) == VKYC_OK);
    free(decoded);
}

static void copy_number(struct walk *w)
{
    const struct vkyc_json_reader *r = &w->reader;
    check_inside(r);
    require(r->text_size > 0 && r->text_size <= VKYC_MAX_NUMBER);
    char text[VKYC_MAX_NUMBER + 1];
    memcpy(text, r->text, r->text_size);
    text[r->text_size] = '\0';
    char *end;
    double expected = strtod(text, &end);
    require(*end == '\0' && expected - expected == 0);
    double value;
    enum vkyc_status status = vkyc_json_double(r->text, r->text_size, &value);
    require(status == VKYC_OK ? value == expected : status == VKYC_ERR_RANGE);
    int64_t integer;
    status = vkyc_json_int64(r->text, r->text_size, &integer);
    require((status == VKYC_ERR_SYNTAX) == !r->integer);
    if (status == VKYC_OK && strcmp(text, "-0") != 0) {
        size_t before = w->out->size;
        vkyc_json_write_int64(w->out, integer);
        require(w->out->size - before == r->text_size && memcmp(w->out->data + before, text, r->text_size) == 0);
    } else {
        vkyc_buffer_append(w->out, text, r->text_size);
    }
}

static void open_container(struct walk *w, enum vkyc_json_event event)
{
    require(w->depth < VKYC_MAX_DEPTH);
    w->is_object[w->depth++] = event == VKYC_JSON_OBJECT;
    vkyc_buffer_append_byte(w->out, event == VKYC_JSON_OBJECT ? '{' : '[');
    w->first = 1;
    check_skip(w, event);
}

static void close_container(struct walk *w, enum vkyc_json_event event)
{
    require(w->depth > 0 && !w->had_key);
    w->depth--;
    require(w->is_object[w->depth] == (event == VKYC_JSON_OBJECT_END));
    require(w->skipped[w->depth].result == 0 && w->skipped[w->depth].offset == w->reader.offset);
    vkyc_buffer_append_byte(w->out, event == VKYC_JSON_OBJECT_END ? '}' : ']');
    w->first = 0;
}

static void copy_value(struct walk *w, enum vkyc_json_event event)
{
    require(event == VKYC_JSON_KEY ? w->depth > 0 && w->is_object[w->depth - 1] && !w->had_key
                                   : w->depth == 0 || w->is_object[w->depth - 1] == w->had_key);
    if (w->had_key) {
        vkyc_buffer_append_byte(w->out, ':');
    } else if (!w->first) {
        vkyc_buffer_append_byte(w->out, ',');
    }
    w->first = 0;
    w->had_key = event == VKYC_JSON_KEY;
    switch (event) {
    case VKYC_JSON_KEY:
    case VKYC_JSON_STRING:
        copy_text(w, event);
        break;
    case VKYC_JSON_NUMBER:
        copy_number(w);
        break;
    case VKYC_JSON_TRUE:
        vkyc_buffer_append_text(w->out, "true");
        break;
    case VKYC_JSON_FALSE:
        vkyc_buffer_append_text(w->out, "false");
        break;
    case VKYC_JSON_NULL:
        vkyc_buffer_append_text(w->out, "null");
        break;
    default:
        open_container(w, event);
        break;
    }
}

/* Returns 1 when the document was accepted; `out` is then the same without white space. */
static int walk(const char *input, size_t size, struct vkyc_buffer *out)
{
    struct walk *w = calloc(1, sizeof *w);
    require(w != NULL);
    w->out = out;
    w->first = 1;
    vkyc_json_read_init(&w->reader, input, size);
    size_t events = 0;
    size_t offset = 0;
    enum vkyc_json_event event;
    while ((event = vkyc_json_next(&w->reader)) > VKYC_JSON_END) {
        require(++events <= size && w->reader.offset > offset && w->reader.offset <= size);
        offset = w->reader.offset;
        if (event == VKYC_JSON_OBJECT_END || event == VKYC_JSON_ARRAY_END) {
            close_container(w, event);
        } else {
            copy_value(w, event);
        }
        require(w->reader.depth == w->depth && w->reader.error == VKYC_JSON_FINE);
    }
    require(vkyc_json_next(&w->reader) == event && out->status == VKYC_OK);
    int accepted = event == VKYC_JSON_END;
    if (accepted) {
        require(w->depth == 0 && events > 0 && w->reader.offset == size && w->reader.error == VKYC_JSON_FINE);
    } else {
        require(w->reader.error != VKYC_JSON_FINE && w->reader.offset <= size && vkyc_json_error_text(w->reader.error) != NULL);
        for (unsigned i = 0; i < w->depth; i++) {
            const struct skipped *s = &w->skipped[i];
            require(s->result == -1 && s->error == w->reader.error && s->offset == w->reader.offset);
        }
    }
    free(w);
    return accepted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vkyc_buffer once;
    struct vkyc_buffer twice;
    /* An escape takes at most six bytes for one. */
    vkyc_buffer_init(&once, size * 6 + 1, vkyc_alloc_malloc, NULL);
    vkyc_buffer_init(&twice, size * 6 + 1, vkyc_alloc_malloc, NULL);
    if (walk((const char *)data, size, &once)) {
        require(walk(once.data, once.size, &twice));
        require(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    }
    vkyc_buffer_free(&once);
    vkyc_buffer_free(&twice);
    return 0;
}
