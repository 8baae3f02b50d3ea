/* The module vkyc.core: registers what the other files of the binding expose. */
#include <string.h>

#include "binding.h"

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

int luaopen_vkyc_core(lua_State *L)
{
    check_vm(L);
    lua_newtable(L);
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
