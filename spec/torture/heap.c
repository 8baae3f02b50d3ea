#define _GNU_SOURCE /* NOLINT: dl_iterate_phdr, mmap's flags */
#include "heap.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);               /* NOLINT: glibc's names */
void *__libc_calloc(size_t count, size_t size); /* NOLINT */
void *__libc_realloc(void *block, size_t size); /* NOLINT */
void __libc_free(void *block);                  /* NOLINT */

/* Where the sources are --------------------------------------------------------------------------------------------------------------- */

enum { MOST_RANGES = 8 };

static struct {
    uintptr_t from, to;
    enum heap_source source;
} ranges[MOST_RANGES];
static atomic_int range_count;

static int note_object(struct dl_phdr_info *info, size_t size, void *ud)
{
    static const struct {
        const char *part;
        enum heap_source source;
    } known[] = {{"/vkyc/core.so", HEAP_OURS}, {"/vkyc/curl.so", HEAP_OURS}, {"/libcurl", HEAP_LIBCURL}};
    int *count = ud;
    (void)size;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strstr(info->dlpi_name, known[i].part) == NULL) {
            continue;
        }
        for (int k = 0; k < info->dlpi_phnum && *count < MOST_RANGES; k++) {
            const ElfW(Phdr) *header = &info->dlpi_phdr[k];
            if (header->p_type == PT_LOAD && (header->p_flags & PF_X) != 0) {
                ranges[*count].from = info->dlpi_addr + header->p_vaddr;
                ranges[*count].to = ranges[*count].from + header->p_memsz;
                ranges[*count].source = known[i].source;
                (*count)++;
            }
        }
    }
    return 0;
}

void heap_find_sources(void)
{
    int count = 0;
    atomic_store(&range_count, 0);
    (void)dl_iterate_phdr(note_object, &count);
    atomic_store(&range_count, count);
}

static enum heap_source source_of(const void *caller)
{
    int count = atomic_load_explicit(&range_count, memory_order_relaxed);
    for (int i = 0; i < count; i++) {
        if ((uintptr_t)caller >= ranges[i].from && (uintptr_t)caller < ranges[i].to) {
            return ranges[i].source;
        }
    }
    return HEAP_OTHERS;
}

/* Refusal ------------------------------------------------------------------------------------------------------------------------------ */

static atomic_int armed; /* a heap_source; 0: not */
static atomic_long seen;
static atomic_long refused;
static long refuse_from;
static long refuse_to;

static int refuses(enum heap_source source)
{
    if (source == HEAP_OTHERS || (int)source != atomic_load_explicit(&armed, memory_order_relaxed)) {
        return 0;
    }
    long number = atomic_fetch_add(&seen, 1);
    if (number < refuse_from || number >= refuse_to) {
        return 0;
    }
    atomic_fetch_add(&refused, 1);
    errno = ENOMEM;
    return 1;
}

void heap_arm(enum heap_source source, long n, int single)
{
    refuse_from = n < 0 ? INTPTR_MAX : n;
    refuse_to = n >= 0 && single ? n + 1 : INTPTR_MAX;
    atomic_store(&seen, 0);
    atomic_store(&refused, 0);
    atomic_store(&armed, (int)source);
}

long heap_disarm(void)
{
    atomic_store(&armed, 0);
    return atomic_load(&refused);
}

long heap_seen(void)
{
    return atomic_load(&seen);
}

/* What is live ------------------------------------------------------------------------------------------------------------------------- */

enum { MOST_BLOCKS = 1 << 16, BUCKETS = 1 << 14 };

static struct block {
    void *at;
    size_t size;
    enum heap_source source;
    unsigned next; /* 0: none */
} blocks[MOST_BLOCKS];
static unsigned buckets[BUCKETS];
static unsigned unused = 1; /* blocks from here on were never used */
static unsigned freed;      /* a list of those that are free again */
static struct heap_count live[HEAP_SOURCES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long tracked;

static unsigned *bucket_of(const void *at)
{
    return &buckets[((uintptr_t)at >> 4) * 2654435761u % BUCKETS];
}

static void *track(void *at, size_t size, enum heap_source source)
{
    if (at == NULL || source == HEAP_OTHERS) {
        return at;
    }
    pthread_mutex_lock(&lock);
    unsigned i = freed;
    if (i != 0) {
        freed = blocks[i].next;
    } else if (unused < MOST_BLOCKS) {
        i = unused++;
    }
    if (i != 0) {
        unsigned *bucket = bucket_of(at);
        blocks[i] = (struct block){at, size, source, *bucket};
        *bucket = i;
        live[source].blocks++;
        live[source].bytes += (long)size;
        atomic_fetch_add(&tracked, 1);
    }
    pthread_mutex_unlock(&lock);
    return at;
}

/* Before the block is given back: another thread may get its address at once. */
static struct block untrack(const void *at)
{
    struct block found = {NULL, 0, HEAP_OTHERS, 0};
    if (at == NULL || atomic_load_explicit(&tracked, memory_order_relaxed) == 0) {
        return found;
    }
    pthread_mutex_lock(&lock);
    for (unsigned *i = bucket_of(at); *i != 0; i = &blocks[*i].next) {
        if (blocks[*i].at == at) {
            unsigned index = *i;
            found = blocks[index];
            *i = found.next;
            blocks[index].next = freed;
            freed = index;
            live[found.source].blocks--;
            live[found.source].bytes -= (long)found.size;
            atomic_fetch_sub(&tracked, 1);
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

struct heap_count heap_live(enum heap_source source)
{
    pthread_mutex_lock(&lock);
    struct heap_count count = live[source];
    pthread_mutex_unlock(&lock);
    return count;
}

/* In place of the C library's ---------------------------------------------------------------------------------------------------------- */

#define SOURCE() source_of(__builtin_return_address(0))

void *malloc(size_t size)
{
    enum heap_source source = SOURCE();
    return refuses(source) ? NULL : track(__libc_malloc(size), size, source);
}

void *calloc(size_t count, size_t size)
{
    enum heap_source source = SOURCE();
    return refuses(source) ? NULL : track(__libc_calloc(count, size), count * size, source);
}

void *realloc(void *old, size_t size)
{
    enum heap_source source = SOURCE();
    if (refuses(source)) {
        return NULL;
    }
    struct block was = untrack(old);
    void *block = __libc_realloc(old, size);
    if (block == NULL && size > 0) {
        track(was.at, was.size, was.source);
    }
    return track(block, size, source);
}

void free(void *block)
{
    (void)untrack(block);
    __libc_free(block);
}

static char *duplicate(const char *text, size_t size, enum heap_source source)
{
    char *copy = refuses(source) ? NULL : track(__libc_malloc(size + 1), size + 1, source);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = 0;
    }
    return copy;
}

/* The C library's own would call malloc, and hide who called. */
char *strdup(const char *text)
{
    return duplicate(text, strlen(text), SOURCE());
}

char *strndup(const char *text, size_t most)
{
    return duplicate(text, strnlen(text, most), SOURCE());
}

/* Where secrets live. */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (refuses(SOURCE())) {
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset); /* NOLINT: a pointer as the kernel gives it */
}
