/* Why there is no response, as a script's host gives and gets it; the same in both modules. */
#include "binding.h"

int lvkyc_push_failure(lua_State *L, const struct vkyc_failure *failure)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, failure->kind);
    lua_setfield(L, -2, "kind");
    if (failure->phase != NULL) {
        lua_pushstring(L, failure->phase);
        lua_setfield(L, -2, "phase");
    }
    lua_pushstring(L, failure->reason);
    lua_setfield(L, -2, "reason");
    lua_pushboolean(L, failure->sent);
    lua_setfield(L, -2, "sent");
    return 2;
}
