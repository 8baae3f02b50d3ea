/* The reader of responses gives the same result however the bytes are cut: short inputs in every way there is, longer ones in every two and
 * three pieces or at random. Inputs are made good, then some are damaged. The seed is fixed; VKYC_SEED sets another. */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/core/http_read.h"
#include "../../src/core/limits.h"
#include "check.h"

enum { BODY_LIMIT = 300, MOST = 2048, ROUNDS = 4000, EVERY_WAY = 11, EVERY_THREE = 90 };

struct outcome {
    enum vkyc_http_result result;
    enum vkyc_http_fault fault;
    enum vkyc_head_fault head_fault;
    int status;
    int reusable;
    struct vkyc_failure failure;
    char lines[MOST];
    size_t lines_size;
    char body[BODY_LIMIT];
    size_t body_size;
};

static uint64_t seed = 88172645463325252u;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

/* Reading ------------------------------------------------------------------------------------------------------------------------------ */

static const char *input;
static size_t input_size;
static int input_is_head;
static int input_ends;

struct reading {
    struct vkyc_http_read r;
    struct vkyc_response response;
    size_t fed;
};

static void begin(struct reading *g)
{
    vkyc_http_read_init(&g->r, input_is_head, vkyc_alloc_malloc, NULL);
    vkyc_response_init(&g->response, BODY_LIMIT, vkyc_alloc_malloc, NULL);
    g->fed = 0;
}

/* The next piece, in a block of its size, so that sanitizers see one byte too far. */
static void feed(struct reading *g, size_t size)
{
    size = size < input_size - g->fed ? size : input_size - g->fed;
    char *copy = malloc(size > 0 ? size : 1);
    if (copy != NULL) {
        memcpy(copy, input + g->fed, size);
        (void)vkyc_http_read_feed(&g->r, &g->response, copy, size);
        free(copy);
    }
    g->fed += size;
}

/* The rest, what came of it all, and the end. */
static void finish(struct reading *g, struct outcome *o)
{
    memset(o, 0, sizeof *o);
    feed(g, input_size);
    o->result = vkyc_http_read_feed(&g->r, &g->response, "", 0);
    if (input_ends) {
        o->result = vkyc_http_read_end(&g->r);
    }
    o->fault = g->r.fault;
    o->head_fault = g->response.head.fault;
    o->status = g->response.head.status;
    o->reusable = vkyc_http_read_reusable(&g->r, &g->response);
    if (o->result == VKYC_HTTP_FAILED) {
        vkyc_http_read_explain(&g->r, &g->response, &o->failure);
    } else {
        o->lines_size = g->response.head.lines.size < MOST ? g->response.head.lines.size : MOST;
        o->body_size = g->response.body.size;
        if (o->lines_size > 0) {
            memcpy(o->lines, g->response.head.lines.data, o->lines_size);
        }
        if (o->body_size > 0) {
            memcpy(o->body, g->response.body.data, o->body_size);
        }
    }
    vkyc_http_read_free(&g->r);
    vkyc_response_free(&g->response);
}

static int same(const struct outcome *a, const struct outcome *b)
{
    return a->result == b->result && a->fault == b->fault && a->head_fault == b->head_fault && a->reusable == b->reusable &&
           a->failure.kind == b->failure.kind && a->failure.phase == b->failure.phase && a->failure.reason == b->failure.reason &&
           (a->result == VKYC_HTTP_FAILED || a->status == b->status) && a->lines_size == b->lines_size && a->body_size == b->body_size &&
           memcmp(a->lines, b->lines, a->lines_size) == 0 && memcmp(a->body, b->body, a->body_size) == 0;
}

/* Cuts ----------------------------------------------------------------------------------------------------------------------------------
 */

static int cut_at_two(const struct outcome *whole, size_t first, size_t second)
{
    struct reading g;
    struct outcome o;
    begin(&g);
    feed(&g, first);
    feed(&g, second - first);
    finish(&g, &o);
    return same(whole, &o);
}

/* Bit i of `cuts`: a cut behind byte i. */
static int cut_by_bits(const struct outcome *whole, unsigned cuts)
{
    struct reading g;
    struct outcome o;
    size_t size = 1;
    begin(&g);
    for (size_t i = 0; i < input_size; i++, size++) {
        if ((cuts >> i & 1) != 0) {
            feed(&g, size);
            size = 0;
        }
    }
    finish(&g, &o);
    return same(whole, &o);
}

static int cut_at_random(const struct outcome *whole)
{
    struct reading g;
    struct outcome o;
    unsigned most = 1 + draw(40);
    begin(&g);
    while (g.fed < input_size) {
        feed(&g, draw(most + 1));
    }
    finish(&g, &o);
    return same(whole, &o);
}

static unsigned differing(struct outcome *whole)
{
    struct reading g;
    unsigned wrong = 0;
    begin(&g);
    finish(&g, whole);
    if (input_size <= EVERY_WAY) {
        for (unsigned cuts = 0; cuts < 1u << input_size; cuts++) {
            wrong += !cut_by_bits(whole, cuts);
        }
    } else if (input_size <= EVERY_THREE && draw(4) == 0) {
        for (size_t first = 0; first <= input_size; first++) {
            for (size_t second = first; second <= input_size; second++) {
                wrong += !cut_at_two(whole, first, second);
            }
        }
    } else {
        for (size_t first = 0; first <= input_size; first += 1 + draw(8)) {
            wrong += !cut_at_two(whole, first, first);
        }
        for (int i = 0; i < 8; i++) {
            wrong += !cut_at_random(whole);
        }
    }
    return wrong;
}

/* Inputs --------------------------------------------------------------------------------------------------------------------------------
 */

static char text[MOST];
static size_t text_size;

static void put(const char *piece)
{
    size_t size = strlen(piece);
    if (text_size + size <= sizeof text) {
        memcpy(text + text_size, piece, size);
        text_size += size;
    }
}

static void put_filling(size_t size)
{
    while (size-- > 0) {
        char byte[2] = {(char)(draw(12) == 0 ? "\r\n0;:"[draw(5)] : 'a' + (char)draw(26)), 0};
        put(byte);
    }
}

static const char *line_end(void)
{
    return draw(8) == 0 ? "\n" : "\r\n";
}

static void put_chunks(void)
{
    char size[32];
    for (unsigned i = draw(4); i > 0; i--) {
        unsigned bytes = 1 + draw(40);
        (void)snprintf(size, sizeof size, draw(2) ? "%x" : "%03X", bytes);
        put(size);
        put(draw(4) == 0 ? ";a=\"b c\"\r\n" : "\r\n");
        put_filling(bytes);
        put("\r\n");
    }
    put(draw(3) ? "0" : "00;last");
    put("\r\n");
    put(draw(4) == 0 ? "Trailer: x\r\n" : "");
    put("\r\n");
}

static void make_response(void)
{
    static const char *const STARTS[] = {"HTTP/1.1 200 OK",  "HTTP/1.1 200",   "HTTP/1.0 400 Bad",     "HTTP/1.1 204 No",
                                         "HTTP/1.1 304 Not", "HTTP/1.1 503 x", "HTTP/1.1 100 Continue"};
    static const char *const FIELDS[] = {"Content-Type: application/json",
                                         "X-Empty:",
                                         "Connection: close",
                                         "Connection: keep-alive",
                                         "x-request-id:  spaced \t",
                                         "Content-Encoding: identity",
                                         "X-Long: 0123456789012345678901234567890123456789"};
    char length[48];
    unsigned bytes = draw(60);
    text_size = 0;
    input_is_head = draw(12) == 0;
    input_ends = draw(3) == 0;
    while (draw(6) == 0) {
        put("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    }
    put(STARTS[draw(sizeof STARTS / sizeof STARTS[0])]);
    put(line_end());
    for (unsigned i = draw(4); i > 0; i--) {
        put(FIELDS[draw(sizeof FIELDS / sizeof FIELDS[0])]);
        put(line_end());
    }
    unsigned kind = draw(4);
    if (kind == 0) {
        put("Transfer-Encoding: chunked\r\n");
    } else if (kind > 1) {
        (void)snprintf(length, sizeof length, "Content-Length: %u%s", bytes, line_end());
        put(length);
    }
    put(line_end());
    if (kind == 0) {
        put_chunks();
    } else {
        put_filling(draw(10) == 0 ? BODY_LIMIT + draw(20) : bytes);
    }
    if (draw(10) == 0) {
        put("HTTP/1.1 200 OK\r\n\r\n");
    }
}

static void damage(void)
{
    for (unsigned i = 1 + draw(3); i > 0 && text_size > 0; i--) {
        size_t at = draw((unsigned)text_size);
        switch (draw(5)) {
        case 0:
            text[at] = (char)draw(256);
            break;
        case 1:
            text[at] = "\r\n\0 :;0f-"[draw(9)];
            break;
        case 2: /* a byte goes */
            memmove(text + at, text + at + 1, text_size - at - 1);
            text_size--;
            break;
        case 3: /* a byte comes twice */
            if (text_size < sizeof text) {
                memmove(text + at + 1, text + at, text_size - at);
                text_size++;
            }
            break;
        default:
            text_size = at + 1;
            break;
        }
    }
}

static unsigned long results[3];

static void check_input(const char *bytes, size_t size)
{
    struct outcome whole;
    input = bytes;
    input_size = size;
    unsigned wrong = differing(&whole);
    results[whole.result]++;
    CHECK(wrong == 0);
    if (wrong > 0) {
        printf("# %u ways differ: ", wrong);
        for (size_t i = 0; i < size; i++) {
            printf(bytes[i] > 31 && bytes[i] < 127 ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
        }
        printf("\n");
    }
}

/* Short ones, which are beginnings of most that can be said. */
static void test_short(void)
{
    static const char *const SHORT[] = {"",       "H",  "HTTP/1.1", "HTTP/1.1 2", "HTTP/1.2 2", "\r\n", "HTTP\r\n", "X: y\r\n\r\n",
                                        "\n\n\n", "{}", "H\0TTP"};
    for (size_t i = 0; i < sizeof SHORT / sizeof SHORT[0]; i++) {
        for (input_ends = 0; input_ends < 2; input_ends++) {
            check_input(SHORT[i], strlen(SHORT[i]));
        }
    }
    input_ends = 0;
}

int main(void)
{
    const char *given = getenv("VKYC_SEED");
    if (given != NULL && strtoull(given, NULL, 10) != 0) {
        seed = strtoull(given, NULL, 10) * 2654435769u + 1;
    }
    test_short();
    for (int i = 0; i < ROUNDS; i++) {
        make_response();
        if (draw(3) == 0) {
            damage();
        }
        check_input(text, text_size);
    }
    /* Enough of each kind, or the inputs say little. */
    CHECK(results[VKYC_HTTP_MORE] > ROUNDS / 20 && results[VKYC_HTTP_DONE] > ROUNDS / 4 && results[VKYC_HTTP_FAILED] > ROUNDS / 10);
    if (check_failed > 0) {
        printf("# VKYC_SEED=%s, %lu unfinished, %lu whole, %lu refused\n", given != NULL ? given : "(none)", results[0], results[1],
               results[2]);
    }
    return check_done("http_split_test");
}
