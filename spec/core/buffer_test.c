#include <stdlib.h>

#include "../../src/core/buffer.h"
#include "check.h"

/* An allocator that counts, can fail, and looks into every block it gets back. */
struct heap {
    size_t blocks;
    size_t bytes;
    size_t calls;
    size_t fail_at;
    int dirty; /* a block came back with bytes that were not wiped */
};

static void *heap_alloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct heap *h = ud;
    if (new_size == 0) {
        for (size_t i = 0; i < old_size; i++) {
            h->dirty |= ((const char *)ptr)[i] == 's';
        }
        h->blocks--;
        h->bytes -= old_size;
        free(ptr);
        return NULL;
    }
    h->calls++;
    if (h->calls == h->fail_at) {
        return NULL;
    }
    void *data = malloc(new_size);
    memset(data, 0, new_size);
    h->blocks++;
    h->bytes += new_size;
    return data;
}

static void grows_and_wipes(void)
{
    struct heap h = {0};
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 100000, heap_alloc, &h);
    CHECK(h.calls == 0 && b.size == 0 && b.status == VKYC_OK);
    for (int i = 0; i < 5000; i++) {
        vkyc_buffer_append(&b, "secret", 6);
    }
    vkyc_buffer_append(&b, NULL, 0);
    CHECK(b.status == VKYC_OK && b.size == 30000 && h.blocks == 1 && h.bytes == b.capacity);
    CHECK(h.calls > 1 && h.calls < 12);
    CHECK(memcmp(b.data + 29994, "secret", 6) == 0);
    vkyc_buffer_reset(&b);
    CHECK(b.size == 0 && b.capacity > 0 && h.blocks == 1 && b.data[0] == 0 && b.data[29999] == 0);
    vkyc_buffer_append_text(&b, "secret");
    vkyc_buffer_append_byte(&b, 's');
    CHECK_BYTES(b.data, b.size, "secrets");
    vkyc_buffer_free(&b);
    CHECK(h.blocks == 0 && h.bytes == 0 && !h.dirty);
    vkyc_buffer_free(&b);
    CHECK(h.blocks == 0 && b.data == NULL && b.size == 0);
    vkyc_buffer_append_text(&b, "again");
    CHECK_BYTES(b.data, b.size, "again");
    vkyc_buffer_free(&b);
}

static void keeps_its_limit(void)
{
    static const size_t LIMITS[] = {0, 1, 10, 255, 256, 257, 300, 511, 513, 1000};
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
        struct heap h = {0};
        struct vkyc_buffer b;
        vkyc_buffer_init(&b, LIMITS[i], heap_alloc, &h);
        for (size_t n = 0; n < LIMITS[i]; n++) {
            vkyc_buffer_append_byte(&b, 's');
        }
        CHECK(b.status == VKYC_OK && b.size == LIMITS[i] && b.capacity <= LIMITS[i]);
        vkyc_buffer_append_byte(&b, 's');
        CHECK(b.status == VKYC_ERR_LIMIT && b.size == LIMITS[i]);
        CHECK(vkyc_buffer_reserve(&b, 1) == NULL);
        vkyc_buffer_reset(&b);
        CHECK(b.status == VKYC_OK && b.size == 0);
        vkyc_buffer_free(&b);
        CHECK(h.blocks == 0 && !h.dirty);
    }
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 1000, vkyc_alloc_malloc, NULL);
    vkyc_buffer_append_text(&b, "x");
    CHECK(vkyc_buffer_reserve(&b, (size_t)-1) == NULL && b.status == VKYC_ERR_LIMIT);
    vkyc_buffer_free(&b);
}

static void survives_no_memory(void)
{
    for (size_t fail_at = 1; fail_at <= 4; fail_at++) {
        struct heap h = {.fail_at = fail_at};
        struct vkyc_buffer b;
        vkyc_buffer_init(&b, 100000, heap_alloc, &h);
        while (b.status == VKYC_OK && b.size < 10000) {
            vkyc_buffer_append(&b, "secret", 6);
        }
        size_t size = b.size;
        CHECK(b.status == VKYC_ERR_MEMORY);
        vkyc_buffer_append(&b, "more", 4);
        vkyc_buffer_append_byte(&b, 'm');
        CHECK(b.status == VKYC_ERR_MEMORY && b.size == size && vkyc_buffer_reserve(&b, 1) == NULL);
        CHECK(size == 0 || memcmp(b.data, "secret", 6) == 0);
        vkyc_buffer_free(&b);
        CHECK(h.blocks == 0 && !h.dirty && b.status == VKYC_OK);
    }
}

static void reserve_counts_nothing(void)
{
    struct vkyc_buffer b;
    vkyc_buffer_init(&b, 1000, vkyc_alloc_malloc, NULL);
    char *to = vkyc_buffer_reserve(&b, 500);
    CHECK(to != NULL && b.size == 0 && b.capacity >= 500);
    memset(to, 'x', 500);
    b.size += 3;
    CHECK_BYTES(b.data, b.size, "xxx");
    CHECK(vkyc_buffer_reserve(&b, 497) == b.data + 3);
    vkyc_buffer_free(&b);
}

int main(void)
{
    grows_and_wipes();
    keeps_its_limit();
    survives_no_memory();
    reserve_counts_nothing();

    struct vkyc_buffer zeroed;
    memset(&zeroed, 0, sizeof zeroed);
    vkyc_buffer_free(&zeroed);
    CHECK(zeroed.data == NULL);

    char bytes[] = "secret";
    vkyc_wipe(bytes, 3);
    CHECK(memcmp(bytes, "\0\0\0ret", 6) == 0);
    vkyc_wipe(NULL, 0);
    return check_done("buffer_test");
}
