/* The module vkyc.core: registers what the other files of the binding expose. */
#include <string.h>

#include "binding.h"

#include <lualib.h>
#ifdef LUA_JITLIBNAME
#include <luajit.h>
#pragma weak luaJIT_setmode /* Lua 5.1 takes this binary too */
#endif

LVKYC_EXPORT int luaopen_vkyc_core(lua_State *L);

/* A binary for another Lua that the loader nevertheless accepts would misread its values. */
static void check_vm(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    luaL_checkversion(L);
#endif
    lua_getglobal(L, "_VERSION");
    const char *version = lua_tostring(L, -1);
    if (version == NULL || strcmp(version, LUA_VERSION) != 0) {
        luaL_error(L, "vkyc.core was built for %s and this is %s: build it with -DVKYC_LUA for this one", LUA_VERSION,
                   version == NULL ? "another Lua" : version);
    }
    lua_pop(L, 1);
}

#if LUA_VERSION_NUM < 502
/* The simulator's cjson with them: it loads nothing, so that nobody else's loading of it can be under way. */
static int is_ours(const char *name)
{
    return strncmp(name, "vkyc.", 5) == 0 || strcmp(name, "cjson") == 0;
}
#endif

/* core.require(name) -> module. As require, for what is loaded late, by the first call or delivery: Lua 5.1 and LuaJIT take a module for a
 * loop ever after when memory ran out while it was loaded; here the next try begins anew. */
static int core_require(lua_State *L)
{
    lua_settop(L, 1);
    lua_getglobal(L, "require");
    lua_insert(L, 1);
    if (lua_pcall(L, 1, 1, 0) == 0) {
        return 1;
    }
#if LUA_VERSION_NUM < 502
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
        /* Their marks of a module that is being loaded: a light userdata, and a number. */
        if ((lua_islightuserdata(L, -1) || lua_type(L, -1) == LUA_TNUMBER) && lua_type(L, -2) == LUA_TSTRING &&
            is_ours(lua_tostring(L, -2))) {
            lua_pushvalue(L, -2);
            lua_pushnil(L);
            lua_rawset(L, 2);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, 1);
#endif
    return lua_error(L);
}

/* core.uncompiled() -> core. For the file that calls it: outside of nginx LuaJIT is to interpret its functions. A game makes a call now and
 * then; compiling it would halt one frame, and leave more cold memory to the others than it saves them instructions. */
static int uncompiled(lua_State *L)
{
#ifdef LUA_JITLIBNAME
    lua_getglobal(L, "ngx");
    if (lua_isnil(L, -1) && luaJIT_setmode != NULL) {
        (void)luaJIT_setmode(L, 0, LUAJIT_MODE_ALLFUNC | LUAJIT_MODE_OFF);
    }
#endif
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

int luaopen_vkyc_core(lua_State *L)
{
    static const luaL_Reg functions[] = {{"require", core_require}, {NULL, NULL}};
    check_vm(L);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, uncompiled, 1);
    lua_setfield(L, -2, "uncompiled");
    lvkyc_register(L, functions);
    lua_pushliteral(L, VKYC_VERSION);
    lua_setfield(L, -2, "_VERSION");
    lvkyc_open_secret(L);
    lvkyc_open_schema(L);
    lvkyc_open_values(L);
    lvkyc_open_request(L);
    lvkyc_open_response(L);
    lvkyc_open_http(L);
    lvkyc_open_webhook(L);
    lvkyc_open_verifier(L);
    lvkyc_open_option(L);
    lvkyc_open_sign(L);
    lvkyc_open_text(L);
    lvkyc_open_answer(L);
    lvkyc_open_clock(L);
    return 1;
}
