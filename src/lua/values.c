/* Values that Lua has no word for: JSON null, and tables that are arrays though they are empty. */
#include "schema_survey.h"

int lvkyc_isnull(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL;
}

/* Pushes package.loaded.cjson[name], or nil. */
static void push_cjson(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lvkyc_raw_field(L, -1, "cjson");
    if (lua_istable(L, -1)) {
        lvkyc_raw_field(L, -1, name);
    } else {
        lua_pushnil(L);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

int lvkyc_isarray(lua_State *L, int index)
{
    static const char *const MARKS[] = {"empty_array_mt", "array_mt"};
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA) {
        push_cjson(L, "empty_array");
        int same = lua_rawequal(L, -1, index);
        lua_pop(L, 1);
        return same;
    }
    if (!lua_getmetatable(L, index)) {
        return 0;
    }
    luaL_getmetatable(L, LVKYC_ARRAY);
    int marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    for (size_t i = 0; !marked && i < sizeof MARKS / sizeof MARKS[0]; i++) {
        push_cjson(L, MARKS[i]);
        marked = lua_rawequal(L, -1, -2);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return marked;
}

/* core.array(t): marks a table as an array and returns it, so that an empty one is written as []. */
static int array_mark(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) {
        return luaL_argerror(L, 1, "the table already has a metatable");
    }
    luaL_getmetatable(L, LVKYC_ARRAY);
    lua_setmetatable(L, 1);
    return 1;
}

void lvkyc_open_values(lua_State *L)
{
    static const luaL_Reg functions[] = {{"array", array_mark}, {NULL, NULL}};
    luaL_newmetatable(L, LVKYC_ARRAY);
    lua_pop(L, 1);
    lvkyc_register(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
