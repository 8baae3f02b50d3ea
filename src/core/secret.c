#include "secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"

/* Whole pages for `size` bytes, or NULL. */
static char *map_pages(size_t size, size_t *mapped)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t unit = page > 0 ? (size_t)page : 4096;
    size_t whole = (size + unit - 1) / unit * unit;
    char *bytes = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        return NULL;
    }
    /* A system that cannot leave pages out of dumps still keeps the secret. */
#if defined(MADV_DONTDUMP)
    (void)madvise(bytes, whole, MADV_DONTDUMP);
#elif defined(MADV_NOCORE)
    (void)madvise(bytes, whole, MADV_NOCORE);
#endif
    *mapped = whole;
    return bytes;
}

static void unmap_pages(char *bytes, size_t mapped)
{
    vkyc_wipe(bytes, mapped);
    (void)munmap(bytes, mapped);
}

static void take_pages(struct vkyc_secret *s, char *bytes, size_t size, size_t mapped)
{
    vkyc_secret_clear(s);
    s->bytes = bytes;
    s->size = size;
    s->mapped = mapped;
    s->generation++;
}

enum vkyc_status vkyc_secret_set(struct vkyc_secret *s, const char *bytes, size_t size)
{
    if (size == 0) {
        return VKYC_ERR_RANGE;
    }
    if (size > VKYC_MAX_SECRET) {
        return VKYC_ERR_LIMIT;
    }
    size_t mapped;
    char *pages = map_pages(size, &mapped);
    if (pages == NULL) {
        return VKYC_ERR_MEMORY;
    }
    memcpy(pages, bytes, size);
    take_pages(s, pages, size, mapped);
    return VKYC_OK;
}

enum vkyc_status vkyc_secret_load(struct vkyc_secret *s, const char *path)
{
    const size_t room = VKYC_MAX_SECRET + 2; /* CR LF */
    size_t mapped;
    char *pages = map_pages(room, &mapped);
    if (pages == NULL) {
        return VKYC_ERR_MEMORY;
    }
    size_t size = 0;
    enum vkyc_status status = vkyc_file_read(path, pages, room, &size);
    if (status == VKYC_OK) {
        if (size > 0 && pages[size - 1] == '\n') {
            size--;
            if (size > 0 && pages[size - 1] == '\r') {
                size--;
            }
        }
        status = size == 0 ? VKYC_ERR_RANGE : size > VKYC_MAX_SECRET ? VKYC_ERR_LIMIT : VKYC_OK;
    }
    if (status != VKYC_OK) {
        int failure = errno;
        unmap_pages(pages, mapped);
        errno = failure;
        return status;
    }
    if (s->bytes != NULL && s->size == size && CRYPTO_memcmp(s->bytes, pages, size) == 0) {
        unmap_pages(pages, mapped);
        return VKYC_OK;
    }
    take_pages(s, pages, size, mapped);
    return VKYC_OK;
}

void vkyc_secret_clear(struct vkyc_secret *s)
{
    if (s->bytes != NULL) {
        unmap_pages(s->bytes, s->mapped);
    }
    s->bytes = NULL;
    s->size = 0;
    s->mapped = 0;
}
