/* One C API for Lua 5.1, LuaJIT, 5.3 and 5.4: the names of 5.4, as far as this binding uses them. */
#ifndef LVKYC_COMPAT_H
#define LVKYC_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#define LVKYC_EXPORT __attribute__((visibility("default")))

#if LUA_VERSION_NUM < 502

/* An absolute index stays valid while the stack grows. */
static inline int lvkyc_absindex(lua_State *L, int index)
{
    return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}
#undef lua_absindex
#define lua_absindex lvkyc_absindex
#define lua_rawlen   lua_objlen

#define lvkyc_setuservalue(L, index) lua_setfenv((L), (index))
#define lvkyc_getuservalue(L, index) lua_getfenv((L), (index))

#else

#if LUA_VERSION_NUM >= 504
/* 64 bits there, also where no table has that many values. */
#define lua_rawlen(L, index)         ((size_t)(lua_rawlen)((L), (index)))
#define lvkyc_setuservalue(L, index) lua_setiuservalue((L), (index), 1)
#define lvkyc_getuservalue(L, index) lua_getiuservalue((L), (index), 1)
#else
#define lvkyc_setuservalue(L, index) lua_setuservalue((L), (index))
#define lvkyc_getuservalue(L, index) lua_getuservalue((L), (index))
#endif

#endif

/* Userdata with one table of its own. */
static inline void *lvkyc_newuserdata(lua_State *L, size_t size)
{
#if LUA_VERSION_NUM >= 504
    return lua_newuserdatauv(L, size, 1);
#else
    return lua_newuserdata(L, size);
#endif
}

/* 1 when the number at `index` is an integer that this VM holds exactly. */
int lvkyc_isinteger(lua_State *L, int index, long long *out);

/* Creates the metatable `name` with its methods (as __index) and metamethods, and leaves nothing on the stack. The metatable is their first
 * upvalue, for lvkyc_self. */
void lvkyc_metatable(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *metamethods);

/* luaL_checkudata and luaL_testudata for every VM. */
void *lvkyc_test(lua_State *L, int index, const char *name);

/* The userdata at index 1, whose method or metamethod runs; otherwise raises. Cheaper than lvkyc_test, which looks for the name. */
void *lvkyc_self(lua_State *L, const char *name);

/* Adds functions to the table at the top of the stack. */
void lvkyc_register(lua_State *L, const luaL_Reg *functions);

#endif
