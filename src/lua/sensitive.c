/* schema:sensitive(params, credentials, …): what of a request must not be seen in an error. */
#include <string.h>

#include "../core/json_read.h"
#include "schema.h"

/* The field that a request may call so, by its name or another spelling. */
static const struct vkyc_field *find_spelling(const struct vkyc_object *o, const char *name, size_t size)
{
    int at = vkyc_object_find(o, name, size, vkyc_json_hash(name, size), 0);
    if (at >= 0) {
        return &o->fields[at];
    }
    for (size_t i = 0; i < o->count; i++) {
        for (size_t j = 0; j < o->fields[i].also_count; j++) {
            if (o->fields[i].also[j].size == size && memcmp(o->fields[i].also[j].text, name, size) == 0) {
                return &o->fields[i];
            }
        }
    }
    return NULL;
}

/* Adds the strings (and digits) below `index` that belong to sensitive fields to the array at `found`. */
static void collect(lua_State *L, int index, const struct vkyc_object *o, int sensitive, int found, int depth)
{
    if (depth > VKYC_MAX_DEPTH) {
        return;
    }
    luaL_checkstack(L, 8, NULL);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const struct vkyc_field *f = NULL;
        if (o != NULL && lua_type(L, -2) == LUA_TSTRING) {
            size_t size;
            const char *name = lua_tolstring(L, -2, &size);
            f = find_spelling(o, name, size);
        }
        int hidden = sensitive || (f != NULL && (f->sensitive || (f->items != NULL && f->items->sensitive)));
        if (lua_istable(L, -1)) {
            const struct vkyc_object *inner = f != NULL ? f->object : NULL;
            if (f != NULL && f->items != NULL) {
                inner = f->items->object;
            } else if (f == NULL && lua_type(L, -2) == LUA_TNUMBER) {
                inner = o; /* an item: its array was given the items' object */
            }
            collect(L, lua_gettop(L), inner, hidden, found, depth + 1);
        } else if (hidden && (lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER)) {
            lua_pushvalue(L, -1);
            lua_tostring(L, -1); /* a copy: the key of lua_next must not change */
            lua_rawseti(L, found, (int)lua_rawlen(L, found) + 1);
        }
        lua_pop(L, 1);
    }
}

/* Adds a text or a secret at `index`, or all of them below a table, to the array at `found`. */
static void collect_all(lua_State *L, int index, int found, int depth)
{
    int type = lua_type(L, index);
    if (type == LUA_TSTRING || type == LUA_TNUMBER || lvkyc_test(L, index, LVKYC_SECRET) != NULL) {
        lua_pushvalue(L, index);
        if (type == LUA_TNUMBER) {
            lua_tolstring(L, -1, NULL);
        }
        lua_rawseti(L, found, (int)lua_rawlen(L, found) + 1);
    } else if (type == LUA_TTABLE && depth < VKYC_MAX_DEPTH) {
        luaL_checkstack(L, 8, NULL);
        lua_pushnil(L);
        while (lua_next(L, index) != 0) {
            collect_all(L, lua_gettop(L), found, depth + 1);
            lua_pop(L, 1);
        }
    }
}

/* schema:sensitive(params, credentials, …) -> array of what must not be seen, for core.scrub: the texts of sensitive fields of params; the
 * secrets of credentials, lists of them too, but none of its plain texts; and every text and secret of the further arguments, in tables too
 */
int lvkyc_schema_sensitive(lua_State *L)
{
    enum { PARAMS = 2, CREDENTIALS, MORE };
    struct lvkyc_schema *schema = lvkyc_test(L, 1, LVKYC_SCHEMA);
    if (schema == NULL) {
        return luaL_argerror(L, 1, "schema expected");
    }
    int top = lua_gettop(L) < CREDENTIALS ? CREDENTIALS : lua_gettop(L);
    lua_settop(L, top);
    luaL_checkstack(L, 12, NULL);
    lua_newtable(L);
    int found = lua_gettop(L);
    if (lua_istable(L, PARAMS)) {
        collect(L, PARAMS, &schema->root, 0, found, 0);
    }
    if (lua_istable(L, CREDENTIALS)) {
        lua_pushnil(L);
        while (lua_next(L, CREDENTIALS) != 0) {
            if (!lua_isstring(L, -1)) {
                collect_all(L, lua_gettop(L), found, 0);
            }
            lua_pop(L, 1);
        }
    }
    for (int i = MORE; i <= top; i++) {
        collect_all(L, i, found, 0);
    }
    return 1;
}
