/* vkyc inside of a program that embeds Lua: the static library, which needs neither a Lua file nor a shared object of vkyc beside it.
 *
 *     luaL_openlibs(L);
 *     vkyc_preload(L);
 *
 * and `require "vkyc"` works in that state. `pkg-config --cflags --libs vkyc` says how to build; Lua is the program's own, of the version
 * that the library was built for (`pkg-config --variable=lua vkyc`). */
#ifndef VKYC_H
#define VKYC_H

#ifdef __cplusplus
extern "C" {
#endif

struct lua_State;

/* Fills package.preload, so that require finds every module of vkyc. Nothing is loaded yet: a module is compiled when it is required.
 *
 * The libraries base, package, coroutine, table, string, math and debug must be open; the simulator also wants os, and lua-cjson, which
 * remains the program's to provide.
 *
 * It is a lua_CFunction without arguments or results: returns 0 and leaves the stack as it was. It raises a Lua error when memory runs out,
 * and when `package` is not open; call it where luaL_openlibs is called, inside of lua_pcall. It may be called again in the same state,
 * after an error too. What was built for another Lua is told by require.
 *
 * The state owns what was made. What vkyc has outside of the state (buffers, secrets, the thread of a loop) belongs to values in it and is
 * gone, wiped, once lua_close has returned. Any number of states may be used, each by one thread at a time.
 *
 * A shared object that links this library must stay loaded until the process ends (-z nodelete). */
int vkyc_preload(struct lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
