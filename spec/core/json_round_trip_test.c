/* Random values, written with random white space and escapes, must be read back event by event; damaged ones must not do harm.
 * The seed is fixed: every run is the same. */
#include "json_check.h"

#include "../../src/core/json_write.h"

enum { MOST_EVENTS = 4000, ROUNDS = 3000 };

struct expected {
    enum vkyc_json_event event;
    size_t at; /* of its decoded text in `texts` */
    size_t size;
};

static struct expected expected[MOST_EVENTS];
static size_t expected_count;
static struct vkyc_buffer texts;
static struct vkyc_buffer json;
static uint64_t seed = 88172645463325252u;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

static void expect(enum vkyc_json_event event, const char *text, size_t size)
{
    expected[expected_count++] = (struct expected){event, texts.size, size};
    vkyc_buffer_append(&texts, text, size);
}

static void put(const char *text)
{
    static const char SPACE[] = " \t\r\n";
    while (draw(6) == 0) {
        vkyc_buffer_append_byte(&json, SPACE[draw(4)]);
    }
    vkyc_buffer_append_text(&json, text);
}

static size_t random_text(char *out)
{
    static const char *const PIECES[] = {
        "\"", "\\", "/", "\n", "\t", "\x01", "\x7f", "\xc3\xa9", "\xe0\xa4\xa8", "\xf0\x9f\x98\x80", "u", "{", ":", "\xed\x9f\xbf"};
    size_t size = 0;
    unsigned kind = draw(3);
    for (unsigned n = draw(kind == 0 ? 3 : 24); n > 0; n--) {
        if (kind < 2 || draw(3) > 0) {
            out[size++] = (char)('a' + draw(26));
        } else if (draw(20) == 0) {
            out[size++] = '\0';
        } else {
            const char *piece = PIECES[draw(sizeof PIECES / sizeof PIECES[0])];
            memcpy(out + size, piece, strlen(piece));
            size += strlen(piece);
        }
    }
    return size;
}

/* Writes ASCII text with every character escaped, which the writer never does. */
static void put_escaped(const char *text, size_t size)
{
    char escape[8];
    vkyc_buffer_append_byte(&json, '"');
    for (size_t i = 0; i < size; i++) {
        (void)snprintf(escape, sizeof escape, draw(2) ? "\\u%04x" : "\\u%04X", (unsigned)(unsigned char)text[i]);
        vkyc_buffer_append_text(&json, escape);
    }
    vkyc_buffer_append_byte(&json, '"');
}

static void put_text(enum vkyc_json_event event, const char *text, size_t size)
{
    int ascii = 1;
    for (size_t i = 0; i < size; i++) {
        ascii &= (unsigned char)text[i] < 0x80;
    }
    put("");
    if (ascii && draw(8) == 0) {
        put_escaped(text, size);
    } else {
        CHECK(vkyc_json_write_string(&json, text, size) == VKYC_OK);
    }
    expect(event, text, size);
}

static void put_number(void)
{
    size_t from = json.size;
    unsigned shift = draw(32);
    double divisor = 1 + draw(1000);
    if (draw(2) == 0) {
        vkyc_json_write_int64(&json, (int64_t)(seed << shift));
    } else {
        CHECK(vkyc_json_write_double(&json, (double)(int64_t)seed / divisor) == VKYC_OK);
    }
    expect(VKYC_JSON_NUMBER, json.data + from, json.size - from);
}

static void put_scalar(void)
{
    char text[128];
    put("");
    switch (draw(5)) {
    case 0:
        put("null");
        expect(VKYC_JSON_NULL, "", 0);
        break;
    case 1:
        put("true");
        expect(VKYC_JSON_TRUE, "", 0);
        break;
    case 2:
        put("false");
        expect(VKYC_JSON_FALSE, "", 0);
        break;
    case 3:
        put_number();
        break;
    default:
        put_text(VKYC_JSON_STRING, text, random_text(text));
        break;
    }
}

/* Recursion is bounded by `depth`. */
static void put_value(unsigned depth)
{
    unsigned kind = depth == 0 ? 2 : draw(4);
    if (kind > 1) {
        put_scalar();
        return;
    }
    unsigned count = draw(7);
    int object = kind == 0;
    put(object ? "{" : "[");
    expect(object ? VKYC_JSON_OBJECT : VKYC_JSON_ARRAY, "", 0);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) {
            put(",");
        }
        if (object) {
            char key[160];
            /* The number in front makes the key the only one of its name. */
            key[0] = (char)('0' + i);
            put_text(VKYC_JSON_KEY, key, 1 + random_text(key + 1));
            put(":");
        }
        put_value(depth - 1);
    }
    put(object ? "}" : "]");
    expect(object ? VKYC_JSON_OBJECT_END : VKYC_JSON_ARRAY_END, "", 0);
}

static void make_document(void)
{
    vkyc_buffer_reset(&json);
    vkyc_buffer_reset(&texts);
    expected_count = 0;
    put_value(draw(5));
    put("");
    CHECK(json.status == VKYC_OK && texts.status == VKYC_OK && expected_count < MOST_EVENTS);
}

static int event_is(const struct expected *e, enum vkyc_json_event event)
{
    if (event != e->event) {
        return 0;
    }
    if (event != VKYC_JSON_KEY && event != VKYC_JSON_STRING && event != VKYC_JSON_NUMBER) {
        return 1;
    }
    char *text = malloc(r.text_size + 1);
    size_t size = r.text_size;
    if (event != VKYC_JSON_NUMBER && r.escaped) {
        size = vkyc_json_unescape(r.text, r.text_size, text);
    } else {
        memcpy(text, r.text, size);
    }
    int same = size == e->size && (size == 0 || memcmp(text, texts.data + e->at, size) == 0);
    if (event == VKYC_JSON_KEY) {
        same &= r.hash == vkyc_json_hash(text, size);
    }
    free(text);
    return same;
}

static void reads_back(void)
{
    start(json.data, json.size);
    size_t wrong = 0;
    for (size_t i = 0; i < expected_count; i++) {
        wrong += !event_is(&expected[i], vkyc_json_next(&r));
    }
    CHECK(wrong == 0);
    CHECK(vkyc_json_next(&r) == VKYC_JSON_END);
}

/* One byte changed or the end cut off: the reader ends, and what it points to stays inside of the input. */
static void survives_damage(void)
{
    size_t size = draw(4) == 0 ? draw((unsigned)json.size) : json.size;
    start(json.data, size);
    if (size > 0) {
        size_t at = draw((unsigned)size);
        block[1 + at] = (char)draw(256);
    }
    enum vkyc_json_event event;
    size_t events = 0;
    int outside = 0;
    while ((event = vkyc_json_next(&r)) > VKYC_JSON_END) {
        events++;
        if (event == VKYC_JSON_KEY || event == VKYC_JSON_STRING || event == VKYC_JSON_NUMBER) {
            outside += r.text < block + 1 || r.text + r.text_size > block + 1 + size;
        }
    }
    CHECK(outside == 0 && events <= size && r.offset <= size);
}

int main(void)
{
    vkyc_buffer_init(&json, (size_t)1 << 20, vkyc_alloc_malloc, NULL);
    vkyc_buffer_init(&texts, (size_t)1 << 20, vkyc_alloc_malloc, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        make_document();
        reads_back();
        survives_damage();
    }
    vkyc_buffer_free(&json);
    vkyc_buffer_free(&texts);
    free(block);
    return check_done("json_round_trip_test");
}
