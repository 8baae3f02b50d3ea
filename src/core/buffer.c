#include "buffer.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void *vkyc_alloc_malloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

void vkyc_wipe(void *bytes, size_t size)
{
    if (size > 0) {
        OPENSSL_cleanse(bytes, size);
    }
}

void vkyc_buffer_init(struct vkyc_buffer *b, size_t limit, vkyc_alloc_fn *alloc, void *alloc_ud)
{
    memset(b, 0, sizeof *b);
    b->limit = limit;
    b->alloc = alloc;
    b->alloc_ud = alloc_ud;
}

char *vkyc_buffer_reserve(struct vkyc_buffer *b, size_t extra)
{
    if (b->status != VKYC_OK) {
        return NULL;
    }
    if (b->data != NULL && extra <= b->capacity - b->size) {
        return b->data + b->size;
    }
    if (extra > b->limit - b->size) {
        b->status = VKYC_ERR_LIMIT;
        return NULL;
    }
    size_t wanted = b->size + extra;
    size_t capacity = b->capacity > 0 ? b->capacity : FIRST_CAPACITY;
    /* A block above the limit would let later appends pass it. */
    if (capacity > b->limit) {
        capacity = b->limit;
    }
    while (capacity < wanted) {
        capacity = capacity > b->limit / 2 ? b->limit : capacity * 2;
    }
    /* A new block instead of realloc: realloc may leave the old bytes behind. */
    char *data = b->alloc(b->alloc_ud, NULL, 0, capacity);
    if (data == NULL) {
        b->status = VKYC_ERR_MEMORY;
        return NULL;
    }
    if (b->data != NULL) {
        memcpy(data, b->data, b->size);
        vkyc_wipe(b->data, b->size);
        b->alloc(b->alloc_ud, b->data, b->capacity, 0);
    }
    b->data = data;
    b->capacity = capacity;
    return data + b->size;
}

void vkyc_buffer_append_text(struct vkyc_buffer *b, const char *text)
{
    vkyc_buffer_append(b, text, strlen(text));
}

void vkyc_buffer_reset(struct vkyc_buffer *b)
{
    if (b->data != NULL) {
        vkyc_wipe(b->data, b->size);
    }
    b->size = 0;
    b->status = VKYC_OK;
}

void vkyc_buffer_free(struct vkyc_buffer *b)
{
    if (b->data != NULL) {
        vkyc_wipe(b->data, b->size);
        b->alloc(b->alloc_ud, b->data, b->capacity, 0);
    }
    b->data = NULL;
    b->size = 0;
    b->capacity = 0;
    b->status = VKYC_OK;
}
