/* A program that embeds Lua and takes a customer through Video KYC at 60 frames a second, with no file of Lua or of vkyc beside it.
 *
 *     host [--memory KIB] BASE_URL CA_FILE USER_ID VERIFICATION_ID     a server; the environment has VKYC_DEMO_SECRET
 *     host [--memory KIB] simulator                                    no network; wants lua-cjson where LUA_CPATH says
 *     host --bare                                                      the same program, doing nothing
 *
 * --memory is all that Lua may have, as on a device: without enough of it the program says so and ends with status 1, as after any error.
 * At the end it shows the frame times, what Lua had, and what the process had. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vkyc.h>

static const char SCRIPT[] =
#include "onboard.h"
    ;

enum { FRAME_NS = 1000000000 / 60, MAX_FRAMES = 60 * 60 };

struct memory {
    size_t used;
    size_t peak;
    size_t limit; /* 0: none */
};

struct frames {
    int count;
    float ms[MAX_FRAMES]; /* spent on the script */
};

/* Lua's allocator. Returning NULL is how Lua learns that there is no more: it collects garbage, tries again, then raises an error. */
static void *allocate(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct memory *m = ud;
    size_t old = ptr != NULL ? old_size : 0; /* of a new object Lua passes its type instead */
    if (new_size == 0) {
        free(ptr);
        m->used -= old;
        return NULL;
    }
    if (m->limit != 0 && new_size > old && new_size - old > m->limit - m->used) {
        return NULL;
    }
    void *p = realloc(ptr, new_size);
    if (p != NULL) {
        m->used = m->used - old + new_size;
        m->peak = m->used > m->peak ? m->used : m->peak;
    }
    return p;
}

/* Everything that may run out of memory is done in a function that lua_pcall calls. Its argument is argv, its result the script's function.
 */
static int start(lua_State *L)
{
    char **argument = lua_touserdata(L, 1);
    int count = 0;
    luaL_openlibs(L);
    vkyc_preload(L);
    if (luaL_loadbuffer(L, SCRIPT, sizeof SCRIPT - 1, "=onboard") != 0) {
        return lua_error(L);
    }
    for (; argument[count] != NULL; count++) {
        luaL_checkstack(L, 1, "too many arguments");
        lua_pushstring(L, argument[count]);
    }
    lua_call(L, count, 1);
    return 1;
}

static int start_bare(lua_State *L)
{
    luaL_openlibs(L);
    return 0;
}

static double milliseconds(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) * 1e3 + (double)(to->tv_nsec - from->tv_nsec) / 1e6;
}

/* Calls the function at the top of the stack once a frame, until it returns false. 0, or an error that is left on the stack instead. */
static int run_frames(lua_State *L, struct frames *f)
{
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (int more = 1; more && f->count < MAX_FRAMES;) {
        struct timespec before;
        struct timespec after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        lua_pushvalue(L, -1);
        int status = lua_pcall(L, 0, 1, 0);
        if (status != 0) {
            return status;
        }
        more = lua_toboolean(L, -1);
        lua_pop(L, 1);
        clock_gettime(CLOCK_MONOTONIC, &after);
        f->ms[f->count++] = (float)milliseconds(&before, &after);
        /* A game would draw now. */
        next.tv_nsec += FRAME_NS;
        if (next.tv_nsec >= 1000000000) {
            next.tv_sec++;
            next.tv_nsec -= 1000000000;
        }
        if (more) {
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        }
    }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static void show(struct frames *f, const struct memory *m)
{
    char line[256];
    if (f->count > 0) {
        qsort(f->ms, (size_t)f->count, sizeof f->ms[0], ascending);
        printf("%d frames: worst %.2f ms, p99 %.2f ms of %.2f ms\n", f->count, f->ms[f->count - 1], f->ms[(f->count - 1) * 99 / 100],
               FRAME_NS / 1e6);
    }
    printf("Lua had at most %zu KiB\n", (m->peak + 1023) / 1024);
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            printf("the process had at most %ld KiB\n", strtol(line + 6, NULL, 10));
        }
    }
    if (status != NULL) {
        fclose(status);
    }
}

int main(int argc, char **argv)
{
    static struct frames frames;
    struct memory memory = {0, 0, 0};
    int bare = argc == 2 && strcmp(argv[1], "--bare") == 0;
    if (argc >= 3 && strcmp(argv[1], "--memory") == 0) {
        memory.limit = (size_t)strtoul(argv[2], NULL, 10) * 1024;
        argv += 2;
        argc -= 2;
    }
    if (!bare && argc != 5 && !(argc == 2 && strcmp(argv[1], "simulator") == 0)) {
        fputs("usage: host [--memory KIB] BASE_URL CA_FILE USER_ID VERIFICATION_ID | host [--memory KIB] simulator | host --bare\n",
              stderr);
        return 2;
    }
    char *simulated[] = {"simulator", "", "USER1", "CASE1", NULL};
    lua_State *L = lua_newstate(allocate, &memory);
    if (L == NULL) {
        fputs("host: not enough memory\n", stderr);
        return 1;
    }
    lua_pushcfunction(L, bare ? start_bare : start);
    lua_pushlightuserdata(L, argc == 2 ? simulated : argv + 1);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == 0 && !bare) {
        status = run_frames(L, &frames);
    }
    if (status != 0) {
        const char *text = lua_tostring(L, -1);
        fprintf(stderr, "host: %s\n", text != NULL ? text : "an error that is no text");
    }
    lua_close(L);
    show(&frames, &memory);
    return status != 0 || (!bare && frames.count == MAX_FRAMES);
}
