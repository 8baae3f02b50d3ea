/* Schema mapping through a Lua state that holds the binding. fuzz/schema.lua makes schemas, answers and tables of the input's bytes and
 * says what must hold; here is what Lua cannot see: the stack, and memory that stays behind. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef VKYC_SOURCE_DIR
#define VKYC_SOURCE_DIR "."
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int luaopen_vkyc_core(lua_State *L);

enum { INPUTS_PER_COUNT = 4096, SLACK_KIB = 512 };

/* What lives from one input to the next. */
struct machine {
    lua_State *L;
    unsigned inputs;
    int first_kib;
};

static void fail(lua_State *L, const char *what)
{
    const char *text = lua_tostring(L, -1);
    (void)fprintf(stderr, "%s: %s\n", what, text != NULL ? text : "?");
    abort();
}

/* The loader `package.preload["vkyc.core"]`, and the function of schema.lua at the top of the stack. */
static void start(struct machine *m)
{
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        abort();
    }
    m->L = L;
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_pushliteral(L, VKYC_SOURCE_DIR "/lua/?.lua");
    lua_setfield(L, -2, "path");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_vkyc_core);
    lua_setfield(L, -2, "vkyc.core");
    lua_settop(L, 0);
    if (luaL_loadfile(L, VKYC_SOURCE_DIR "/fuzz/schema.lua") != 0 || lua_pcall(L, 0, 1, 0) != 0) {
        fail(L, "fuzz/schema.lua cannot be loaded");
    }
}

static int memory_kib(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    return lua_gc(L, LUA_GCCOUNT, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine m;
    if (m.L == NULL) {
        start(&m);
    }
    lua_State *L = m.L;
    lua_pushvalue(L, 1);
    lua_pushlstring(L, (const char *)data, size);
    if (lua_pcall(L, 1, 0, 0) != 0) {
        fail(L, "broken");
    }
    if (lua_gettop(L) != 1) {
        abort();
    }
    if (m.inputs++ % INPUTS_PER_COUNT == 0) {
        int kib = memory_kib(L);
        m.first_kib = m.first_kib == 0 ? kib : m.first_kib;
        if (kib > m.first_kib + SLACK_KIB) {
            (void)fprintf(stderr, "%d KiB of Lua after %u inputs, %d KiB at first\n", kib, m.inputs, m.first_kib);
            abort();
        }
    }
    return 0;
}
