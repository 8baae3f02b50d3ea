#include "compat.h"

#include <math.h>
#include <string.h>

int lvkyc_isinteger(lua_State *L, int index, long long *out)
{
    if (lua_type(L, index) != LUA_TNUMBER) {
        return 0;
    }
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        *out = lua_tointeger(L, index);
        return 1;
    }
#endif
    lua_Number n = lua_tonumber(L, index);
    /* 2^53 itself may have been 2^53 + 1 before it was a double. */
    if (!(n > -9007199254740992.0 && n < 9007199254740992.0) || floor(n) != n) {
        return 0;
    }
    *out = (long long)n;
    return 1;
}

void *lvkyc_test(lua_State *L, int index, const char *name)
{
    void *p = lua_touserdata(L, index);
    if (p == NULL || !lua_getmetatable(L, index)) {
        return NULL;
    }
    lua_rawgeti(L, -1, 1);
    const char *found = lua_tostring(L, -1);
    int same = found != NULL && strcmp(found, name) == 0;
    lua_pop(L, 2);
    return same ? p : NULL;
}

void *lvkyc_self(lua_State *L, const char *name)
{
    void *p = lua_touserdata(L, 1);
    int same = 0;
    if (p != NULL && lua_getmetatable(L, 1)) {
        same = lua_rawequal(L, -1, lua_upvalueindex(1));
        lua_pop(L, 1);
    }
    if (!same) {
        luaL_argerror(L, 1, lua_pushfstring(L, "%s expected", name));
    }
    return p;
}

static void register_methods(lua_State *L, const luaL_Reg *methods, int metatable)
{
    for (; methods->name != NULL; methods++) {
        lua_pushvalue(L, metatable);
        lua_pushcclosure(L, methods->func, 1);
        lua_setfield(L, -2, methods->name);
    }
}

void lvkyc_register(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name != NULL; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

void lvkyc_metatable(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *metamethods)
{
    luaL_getmetatable(L, name);
    if (lua_isnil(L, -1)) {
        lua_createtable(L, 1, 8);
        int metatable = lua_gettop(L);
        /* lvkyc_test finds it there sooner than the metatable in the registry. */
        lua_pushstring(L, name);
        lua_rawseti(L, -2, 1);
        register_methods(L, metamethods, metatable);
        lua_newtable(L);
        register_methods(L, methods, metatable);
        lua_setfield(L, -2, "__index");
        lua_pushstring(L, name);
        lua_setfield(L, -2, "__name");
        /* getmetatable must not hand the methods out for change. */
        lua_pushstring(L, name);
        lua_setfield(L, -2, "__metatable");
        /* Registered when it is whole: memory may run out on the way, and the module be required again. */
        lua_setfield(L, LUA_REGISTRYINDEX, name);
    }
    lua_pop(L, 1);
}
