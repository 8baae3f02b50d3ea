/* vkyc_preload: the module of a static library. */
#include "vkyc.h"

#include "binding.h"
#include "embedded.h"

LVKYC_EXPORT int vkyc_preload(lua_State *L);
LVKYC_EXPORT int luaopen_vkyc_core(lua_State *L);
LVKYC_EXPORT int luaopen_vkyc_curl(lua_State *L);

/* The loader of a Lua file; its upvalue is the row of the table. */
static int load_embedded(lua_State *L)
{
    const struct lvkyc_embedded *file = &lvkyc_embedded[lua_tointeger(L, lua_upvalueindex(1))];
    lua_settop(L, 1);
    if (luaL_loadbuffer(L, (const char *)file->bytes, file->size, file->chunk) != 0) {
        return lua_error(L);
    }
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

int vkyc_preload(lua_State *L)
{
    int top = lua_gettop(L);
    luaL_checkstack(L, 4, "vkyc");
    lua_getglobal(L, "package");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "preload");
    }
    if (!lua_istable(L, -1)) {
        return luaL_error(L, "vkyc_preload: there is no package.preload; open the library package first");
    }
    for (int i = 0; lvkyc_embedded[i].module != NULL; i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, load_embedded, 1);
        lua_setfield(L, -2, lvkyc_embedded[i].module);
    }
    lua_pushcfunction(L, luaopen_vkyc_core);
    lua_setfield(L, -2, "vkyc.core");
    lua_pushcfunction(L, luaopen_vkyc_curl);
    lua_setfield(L, -2, "vkyc.curl");
    lua_settop(L, top);
    return 0;
}
