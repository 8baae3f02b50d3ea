/* A growing byte buffer with a limit, whose old bytes are wiped whenever they move or go. */
#ifndef VKYC_BUFFER_H
#define VKYC_BUFFER_H

#include <stddef.h>
#include <string.h>

#include "status.h"

/* The signature of lua_Alloc, so that a host's quota holds for the core as well. */
typedef void *vkyc_alloc_fn(void *ud, void *ptr, size_t old_size, size_t new_size);

/* malloc and free; the allocator of threads that have no lua_State. */
void *vkyc_alloc_malloc(void *ud, void *ptr, size_t old_size, size_t new_size);

struct vkyc_buffer {
    char *data; /* owned; not NUL-terminated */
    size_t size;
    size_t capacity;
    size_t limit; /* size never exceeds it */
    vkyc_alloc_fn *alloc;
    void *alloc_ud;
    enum vkyc_status status; /* the first failure; later appends do nothing */
};

/* Makes an empty buffer; allocates nothing. */
void vkyc_buffer_init(struct vkyc_buffer *b, size_t limit, vkyc_alloc_fn *alloc, void *alloc_ud);

/* Makes room for `extra` more bytes and returns where they go, or NULL (status is set). The caller adds to size itself. */
char *vkyc_buffer_reserve(struct vkyc_buffer *b, size_t extra);

/* The same, without a call while there is room. */
static inline char *vkyc_buffer_room(struct vkyc_buffer *b, size_t extra)
{
    return b->data != NULL && b->status == VKYC_OK && extra <= b->capacity - b->size ? b->data + b->size : vkyc_buffer_reserve(b, extra);
}

/* Appends; after a failure these do nothing, so that a writer checks status once, at its end. */
static inline void vkyc_buffer_append(struct vkyc_buffer *b, const void *bytes, size_t size)
{
    char *to = size > 0 ? vkyc_buffer_room(b, size) : NULL;
    if (to != NULL) {
        memcpy(to, bytes, size);
        b->size += size;
    }
}

/* Appends one byte. */
static inline void vkyc_buffer_append_byte(struct vkyc_buffer *b, char byte)
{
    char *to = vkyc_buffer_room(b, 1);
    if (to != NULL) {
        *to = byte;
        b->size++;
    }
}

/* Appends a NUL-terminated text. */
void vkyc_buffer_append_text(struct vkyc_buffer *b, const char *text);

/* Empties it: wipes the bytes, clears status, keeps the memory. */
void vkyc_buffer_reset(struct vkyc_buffer *b);

/* Wipes and frees; the buffer is as after init. Idempotent, and fine on a zeroed struct. */
void vkyc_buffer_free(struct vkyc_buffer *b);

/* Overwrites memory in a way the compiler keeps (OPENSSL_cleanse). */
void vkyc_wipe(void *bytes, size_t size);

#endif
