/* Where a value stands, and what is wrong with it. */
#include <stdio.h>

#include "schema.h"

size_t lvkyc_place_write(const struct lvkyc_place *place, char *out, size_t size)
{
    if (place == NULL) {
        return 0;
    }
    size_t used = lvkyc_place_write(place->up, out, size);
    size_t room = size - used;
    int wrote;
    if (place->name == NULL) {
        wrote = snprintf(out + used, room, "[%zu]", place->index);
    } else {
        wrote = snprintf(out + used, room, "%s%.*s", used > 0 ? "." : "", (int)place->name_size, place->name);
    }
    if (wrote < 0) {
        return used;
    }
    return (size_t)wrote < room ? used + (size_t)wrote : size - 1;
}

struct lvkyc_place lvkyc_place_key(const struct lvkyc_place *up, lua_State *L, int index)
{
    struct lvkyc_place place = {up, "?", 1, 0};
    if (lua_type(L, index) == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(L, index, &size);
        size_t i = 0;
        while (i < size && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_' || text[i] == '-')) {
            i++;
        }
        if (i == size && size > 0 && size <= 64) {
            place.name = text;
            place.name_size = size;
        }
    }
    return place;
}

void lvkyc_violation(struct lvkyc_encoder *e, const struct lvkyc_place *place, enum vkyc_rule rule, const char *text)
{
    lua_State *L = e->L;
    e->count++;
    luaL_checkstack(L, 4, NULL);
    if (lua_isnil(L, e->violations)) {
        lua_newtable(L);
        lua_replace(L, e->violations);
    }
    if (e->count > VKYC_MAX_VIOLATIONS) {
        lua_pushinteger(L, (lua_Integer)(e->count - VKYC_MAX_VIOLATIONS));
        lua_setfield(L, e->violations, "more");
        return;
    }
    char path[VKYC_MAX_PATH];
    size_t size = lvkyc_place_write(place, path, sizeof path);
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, path, size);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, vkyc_rule_name(rule));
    lua_setfield(L, -2, "rule");
    lua_pushstring(L, text);
    lua_setfield(L, -2, "message");
    lua_rawseti(L, e->violations, (int)e->count);
}

void lvkyc_broken(struct lvkyc_encoder *e, const struct lvkyc_place *place, enum vkyc_rule rule, const struct vkyc_field *f)
{
    char text[512];
    vkyc_rule_describe(rule, f, text, sizeof text);
    lvkyc_violation(e, place, rule, text);
}
