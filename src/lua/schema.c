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
                                       {"sensitive", lvkyc_schema_sensitive},
                                       {"suggest", schema_suggest},
                                       {"names", schema_names},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{NULL, NULL}};
    lvkyc_metatable(L, LVKYC_SCHEMA, methods, metamethods);
    lvkyc_register(L, functions);
}
