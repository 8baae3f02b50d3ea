/* Counts what the static library takes with malloc, beside Lua's memory. Linked with a program whose own realloc and free are called
 * lua_realloc and lua_free, and with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free: so libcurl's and OpenSSL's blocks, which
 * come from shared objects, are not in it. Tells at the end of the process. */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

void *__real_malloc(size_t size);               /* NOLINT: the linker's names */
void *__real_calloc(size_t count, size_t size); /* NOLINT */
void *__real_realloc(void *old, size_t size);   /* NOLINT */
void __real_free(void *block);                  /* NOLINT */
void *__wrap_malloc(size_t size);               /* NOLINT */
void *__wrap_calloc(size_t count, size_t size); /* NOLINT */
void *__wrap_realloc(void *old, size_t size);   /* NOLINT */
void __wrap_free(void *block);                  /* NOLINT */
void *lua_realloc(void *old, size_t size);
void lua_free(void *block);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t live;
static size_t peak;

static void *count(void *block)
{
    if (block != NULL) {
        pthread_mutex_lock(&lock);
        live += malloc_usable_size(block);
        peak = live > peak ? live : peak;
        pthread_mutex_unlock(&lock);
    }
    return block;
}

static void forget(void *block)
{
    if (block != NULL) {
        pthread_mutex_lock(&lock);
        live -= malloc_usable_size(block);
        pthread_mutex_unlock(&lock);
    }
}

void *__wrap_malloc(size_t size)
{
    return count(__real_malloc(size));
}

void *__wrap_calloc(size_t items, size_t size)
{
    return count(__real_calloc(items, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    forget(old);
    void *block = __real_realloc(old, size);
    return block != NULL || size == 0 ? count(block) : (count(old), NULL);
}

void __wrap_free(void *block)
{
    forget(block);
    __real_free(block);
}

void *lua_realloc(void *old, size_t size)
{
    return __real_realloc(old, size);
}

void lua_free(void *block)
{
    __real_free(block);
}

__attribute__((destructor)) static void tell(void)
{
    printf("vkyc had at most %zu bytes beside Lua, and %zu at the end\n", peak, live);
}
