/* core.monotonic, core.wall, core.sleep, core.random: what a host is asked for. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "binding.h"

enum { MAX_RANDOM_BYTES = 1024 };

static int push_clock(lua_State *L, clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return luaL_error(L, "the clock cannot be read");
    }
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
    return 1;
}

/* core.monotonic() -> seconds since some moment in the past; never set back */
static int monotonic(lua_State *L)
{
    return push_clock(L, CLOCK_MONOTONIC);
}

/* core.wall() -> seconds since 1970-01-01 UTC */
static int wall(lua_State *L)
{
    return push_clock(L, CLOCK_REALTIME);
}

/* core.sleep(seconds): blocks the thread; a signal does not shorten it */
static int sleep_seconds(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, 1, "must be 0 to 1e9 seconds");
    time_t whole = (time_t)seconds;
    struct timespec time = {whole, (long)((seconds - (lua_Number)whole) * 1e9)};
#if defined(__APPLE__)
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
#else
    /* Until a moment, not for a while: restarts add up to nothing. */
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return luaL_error(L, "the clock cannot be read");
    }
    time.tv_sec += now.tv_sec;
    time.tv_nsec += now.tv_nsec;
    if (time.tv_nsec >= 1000000000L) {
        time.tv_nsec -= 1000000000L;
        time.tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
    }
#endif
    return 0;
}

static void random_bytes(lua_State *L, unsigned char *bytes, int size)
{
    ERR_set_mark();
    int done = RAND_bytes(bytes, size) == 1;
    ERR_pop_to_mark();
    if (!done) {
        luaL_error(L, "no random numbers are available");
    }
}

/* core.random() -> a number of [0, 1) from the system's source, so that a fleet started at once does not retry at once */
static int random_number(lua_State *L)
{
    unsigned char bytes[8];
    random_bytes(L, bytes, sizeof bytes);
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bits = bits << 8 | bytes[i];
    }
    lua_pushnumber(L, (lua_Number)(bits >> 11) / 9007199254740992.0);
    return 1;
}

/* core.random_hex(bytes) -> lower-case hexadecimal text of that many random bytes, 1 to 1024 */
static int random_hex(lua_State *L)
{
    static const char digits[] = "0123456789abcdef";
    lua_Number wanted = luaL_checknumber(L, 1);
    luaL_argcheck(L, wanted >= 1 && wanted <= MAX_RANDOM_BYTES, 1, "must be 1 to 1024 bytes");
    size_t size = (size_t)wanted;
    unsigned char bytes[MAX_RANDOM_BYTES];
    char hex[2 * MAX_RANDOM_BYTES];
    random_bytes(L, bytes, (int)size);
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    lua_pushlstring(L, hex, 2 * size);
    return 1;
}

/* core.call_id(prefix, number) -> prefix and the number's digits. What Lua does for prefix .. number is ten times the code, all of it cold
 * in a frame that makes one call. */
static int call_id(lua_State *L)
{
    char text[48];
    size_t size;
    const char *prefix = luaL_checklstring(L, 1, &size);
    lua_Integer number = luaL_checkinteger(L, 2);
    size_t at = sizeof text;
    luaL_argcheck(L, size <= 24, 1, "must be 24 bytes at most");
    luaL_argcheck(L, number >= 0, 2, "must not be negative");
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(text + at - size, prefix, size);
    lua_pushlstring(L, text + at - size, sizeof text - at + size);
    return 1;
}

void lvkyc_open_clock(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"monotonic", monotonic}, {"wall", wall}, {"sleep", sleep_seconds}, {"random", random_number}, {"random_hex", random_hex},
        {"call_id", call_id},     {NULL, NULL}};
    lvkyc_register(L, functions);
}
