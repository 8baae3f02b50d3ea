/* What a compiled schema can be asked, beside encoding and decoding under it. */
#include <stdio.h>
#include <string.h>

#include "../core/json_read.h"
#include "schema.h"

static struct lvkyc_schema *check_schema(lua_State *L, int index)
{
    struct lvkyc_schema *schema = lvkyc_test(L, index, LVKYC_SCHEMA);
    if (schema == NULL) {
        luaL_argerror(L, index, "schema expected");
    }
    return schema;
}

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

/* schema:sensitive(params) -> array of the texts that must not be seen, for core.scrub */
static int schema_sensitive(lua_State *L)
{
    struct lvkyc_schema *schema = check_schema(L, 1);
    lua_settop(L, 2);
    lua_newtable(L);
    if (lua_istable(L, 2)) {
        collect(L, 2, &schema->root, 0, 3, 0);
    }
    return 1;
}

/* schema:suggest(name) -> the nearest name of a field | nil */
static int schema_suggest(lua_State *L)
{
    struct lvkyc_schema *schema = check_schema(L, 1);
    size_t size;
    const char *name = luaL_checklstring(L, 2, &size);
    int nearest = vkyc_object_suggest(&schema->root, name, size);
    if (nearest < 0) {
        lua_pushnil(L);
    } else {
        lua_pushlstring(L, schema->root.fields[nearest].name.text, schema->root.fields[nearest].name.size);
    }
    return 1;
}

/* schema:names() -> array of the names of its fields, in their order */
static int schema_names(lua_State *L)
{
    struct lvkyc_schema *schema = check_schema(L, 1);
    lua_createtable(L, (int)schema->root.count, 0);
    for (size_t i = 0; i < schema->root.count; i++) {
        lua_pushlstring(L, schema->root.fields[i].name.text, schema->root.fields[i].name.size);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

void lvkyc_open_schema(lua_State *L)
{
    static const luaL_Reg functions[] = {{"schema", lvkyc_schema_new}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"decode", lvkyc_schema_decode},
                                       {"sensitive", schema_sensitive},
                                       {"suggest", schema_suggest},
                                       {"names", schema_names},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{NULL, NULL}};
    lvkyc_metatable(L, LVKYC_SCHEMA, methods, metamethods);
    lvkyc_register(L, functions);
}
