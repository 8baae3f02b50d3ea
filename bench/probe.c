/* What the benchmarks of hosts need of the system and Lua does not have: the clock of the thread that asks, waits that are exact, and a
 * function that does nothing. */
#include <lauxlib.h>
#include <lua.h>
#include <poll.h>
#include <time.h>

/* cpu() -> seconds of processor time that the calling thread has used, the system's on its behalf included */
static int cpu(lua_State *L)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
    return 1;
}

/* now() -> seconds of the monotonic clock, to the nanosecond */
static int now(lua_State *L)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
    return 1;
}

/* sleep_until(seconds of the monotonic clock) */
static int sleep_until(lua_State *L)
{
    lua_Number at = luaL_checknumber(L, 1);
    struct timespec t;
    t.tv_sec = (time_t)at;
    t.tv_nsec = (long)((at - (lua_Number)t.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
    }
    return 0;
}

/* wait(fd, seconds): until the descriptor is readable, as an event loop does */
static int wait_for(lua_State *L)
{
    struct pollfd polled = {(int)luaL_checkinteger(L, 1), POLLIN, 0};
    (void)poll(&polled, 1, (int)(luaL_checknumber(L, 2) * 1000));
    return 0;
}

static int nothing(lua_State *L)
{
    (void)L;
    return 0;
}

int luaopen_probe(lua_State *L);
int luaopen_probe(lua_State *L)
{
    static const luaL_Reg functions[] = {{"cpu", cpu},       {"now", now},         {"sleep_until", sleep_until},
                                         {"wait", wait_for}, {"nothing", nothing}, {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    return 1;
}
