/* From the bytes of an answer to the table a script sees, checked under a schema in the same pass.
 * What the schema knows keeps its type; what it does not know is kept as it is. */
#include <math.h>
#include <string.h>

#include "../core/json_read.h"
#include "schema.h"

struct decoder {
    lua_State *L;
    struct vkyc_json_reader *reader;
    int names;      /* stack index of the schema's table */
    int mismatches; /* stack index of a table, or of nil */
    int failed;     /* the JSON is not JSON, or a strict field is of another type: see place */
    int wrong_type; /* which of the two */
    char path[VKYC_MAX_PATH];
    size_t path_size;
};

static int decode_any(struct decoder *d, enum vkyc_json_event event, int depth);
static int decode_object(struct decoder *d, const struct vkyc_object *o, const struct lvkyc_place *up, int depth);
static int decode_value(struct decoder *d, const struct vkyc_field *f, const struct lvkyc_place *place, enum vkyc_json_event event,
                        int depth);

static int fail(struct decoder *d)
{
    d->failed = 1;
    return 0;
}

/* The text of the last event as a Lua string. */
static void push_text(struct decoder *d)
{
    lua_State *L = d->L;
    const struct vkyc_json_reader *r = d->reader;
    if (!r->escaped) {
        lua_pushlstring(L, r->text, r->text_size);
        return;
    }
    char small[512];
    char *out = small;
    if (r->text_size > sizeof small) {
        out = lua_newuserdata(L, r->text_size);
    }
    size_t size = vkyc_json_unescape(r->text, r->text_size, out);
    lua_pushlstring(L, out, size);
    vkyc_wipe(out, size);
    if (out != small) {
        lua_remove(L, -2);
    }
}

static void push_integer(lua_State *L, int64_t value)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)value);
#else
    lua_pushnumber(L, (lua_Number)value);
#endif
}

static int fits_double(int64_t value)
{
    return value > -9007199254740992LL && value < 9007199254740992LL;
}

static void push_double(struct decoder *d)
{
    lua_State *L = d->L;
    double value;
    if (vkyc_json_double(d->reader->text, d->reader->text_size, &value) == VKYC_OK) {
        lua_pushnumber(L, value);
        return;
    }
    /* Lua's own reader rounds rightly, whatever the locale. */
    lua_pushlstring(L, d->reader->text, d->reader->text_size);
    lua_Number number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    lua_pushnumber(L, number);
}

/* A number that no schema speaks of: an integer that a double holds, else its digits as a string, so that none is lost on any VM. */
static void push_number(struct decoder *d)
{
    int64_t value;
    if (!d->reader->integer) {
        push_double(d);
    } else if (vkyc_json_int64(d->reader->text, d->reader->text_size, &value) == VKYC_OK && fits_double(value)) {
        push_integer(d->L, value);
    } else {
        lua_pushlstring(d->L, d->reader->text, d->reader->text_size);
    }
}

/* The array at the top of the stack is complete. Written again, an empty one must be [] and not {}. */
static void end_array(lua_State *L)
{
    if (lua_rawlen(L, -1) == 0) {
        luaL_getmetatable(L, LVKYC_ARRAY);
        lua_setmetatable(L, -2);
    }
}

/* What belongs into a table waits on the stack until it is known how much there is: a table that grows is built anew for 1, 2, 4, 8 … */
enum { WAITING = 16 };

/* Moves the items at the top of the stack into a table that takes their place. */
static void gather_items(lua_State *L, int count, int room)
{
    int table = lua_gettop(L) - count + 1;
    lua_createtable(L, room, 0);
    lua_insert(L, table);
    for (; count > 0; count--) {
        lua_rawseti(L, table, count);
    }
}

/* The same for pairs of key and value. */
static void gather_pairs(lua_State *L, int count, int room)
{
    int table = lua_gettop(L) - 2 * count + 1;
    lua_createtable(L, 0, room);
    lua_insert(L, table);
    for (; count > 0; count--) {
        lua_rawset(L, table);
    }
}

/* The rest of an array; `items` may be NULL. Leaves the table. */
static int decode_list(struct decoder *d, const struct vkyc_field *items, const struct lvkyc_place *place, int depth)
{
    lua_State *L = d->L;
    luaL_checkstack(L, WAITING + 6, NULL);
    for (int i = 1;; i++) {
        struct lvkyc_place at = lvkyc_place_item(place, (size_t)i);
        enum vkyc_json_event event = vkyc_json_next(d->reader);
        if (event == VKYC_JSON_ARRAY_END) {
            if (i <= WAITING) {
                gather_items(L, i - 1, i - 1);
            }
            end_array(L);
            return 1;
        }
        if (!(items != NULL ? decode_value(d, items, &at, event, depth + 1) : decode_any(d, event, depth + 1))) {
            return 0;
        }
        if (i == WAITING) {
            gather_items(L, WAITING, 2 * WAITING);
        } else if (i > WAITING) {
            lua_rawseti(L, -2, i);
        }
    }
}

/* The rest of an object without a schema. Leaves the table. */
static int decode_map(struct decoder *d, int depth)
{
    lua_State *L = d->L;
    luaL_checkstack(L, 2 * WAITING + 6, NULL);
    for (int count = 0;;) {
        enum vkyc_json_event event = vkyc_json_next(d->reader);
        if (event == VKYC_JSON_OBJECT_END) {
            if (count < WAITING) {
                gather_pairs(L, count, count);
            }
            return 1;
        }
        if (event != VKYC_JSON_KEY) {
            return fail(d);
        }
        push_text(d);
        if (!decode_any(d, vkyc_json_next(d->reader), depth + 1)) {
            return 0;
        }
        if (lua_isnil(L, -1)) {
            lua_pop(L, 2);
        } else if (count >= WAITING) {
            lua_rawset(L, -3);
        } else if (++count == WAITING) {
            gather_pairs(L, WAITING, 2 * WAITING);
        }
    }
}

/* One value; null is pushed as nil, so that setting it is a no-op. Returns 0 after a failure (the stack is then the caller's to drop). */
static int decode_any(struct decoder *d, enum vkyc_json_event event, int depth)
{
    lua_State *L = d->L;
    luaL_checkstack(L, 6, NULL);
    switch (event) {
    case VKYC_JSON_STRING:
        push_text(d);
        return 1;
    case VKYC_JSON_NUMBER:
        push_number(d);
        return 1;
    case VKYC_JSON_TRUE:
    case VKYC_JSON_FALSE:
        lua_pushboolean(L, event == VKYC_JSON_TRUE);
        return 1;
    case VKYC_JSON_NULL:
        lua_pushnil(L);
        return 1;
    case VKYC_JSON_OBJECT:
        return decode_map(d, depth);
    case VKYC_JSON_ARRAY:
        return decode_list(d, NULL, NULL, depth);
    default:
        return fail(d);
    }
}

/* The value is not of its field's type: the end for a strict field, a remark for any other. */
static int mismatch(struct decoder *d, const struct vkyc_field *f, const struct lvkyc_place *place, enum vkyc_json_event event, int depth)
{
    lua_State *L = d->L;
    if (event == VKYC_JSON_ERROR || event == VKYC_JSON_END) {
        return fail(d);
    }
    char path[VKYC_MAX_PATH];
    size_t size = lvkyc_place_write(place, path, sizeof path);
    if (f->strict) {
        memcpy(d->path, path, size);
        d->path_size = size;
        d->wrong_type = 1;
        return fail(d);
    }
    luaL_checkstack(L, 4, NULL);
    if (lua_isnil(L, d->mismatches)) {
        lua_newtable(L);
        lua_replace(L, d->mismatches);
    }
    size_t count = lua_rawlen(L, d->mismatches);
    if (count < VKYC_MAX_VIOLATIONS) {
        lua_pushlstring(L, path, size);
        lua_rawseti(L, d->mismatches, (int)count + 1);
    }
    return decode_any(d, event, depth);
}

static int decode_text(struct decoder *d, const struct vkyc_field *f, const struct lvkyc_place *place, int depth)
{
    push_text(d);
    if (f->strict && d->reader->escaped) {
        size_t size;
        const char *text = lua_tolstring(d->L, -1, &size);
        if (memchr(text, '\0', size) != NULL) {
            return mismatch(d, f, place, VKYC_JSON_STRING, depth); /* NUL in an identifier, a status or a link */
        }
    }
    return 1;
}

static int decode_value(struct decoder *d, const struct vkyc_field *f, const struct lvkyc_place *place, enum vkyc_json_event event,
                        int depth)
{
    lua_State *L = d->L;
    const struct vkyc_json_reader *r = d->reader;
    int64_t integer;
    if (event == VKYC_JSON_NULL) {
        lua_pushnil(L);
        return 1;
    }
    switch (f->type) {
    case VKYC_TYPE_STRING:
    case VKYC_TYPE_ID:
    case VKYC_TYPE_DATE:
    case VKYC_TYPE_DATETIME:
    case VKYC_TYPE_URL:
    case VKYC_TYPE_PHONE:
    case VKYC_TYPE_ENUM:
        if (event == VKYC_JSON_STRING) {
            return decode_text(d, f, place, depth);
        }
        break;
    case VKYC_TYPE_INT:
        if (event == VKYC_JSON_NUMBER && r->integer && vkyc_json_int64(r->text, r->text_size, &integer) == VKYC_OK &&
            fits_double(integer)) {
            push_integer(L, integer);
            return 1;
        }
        break;
    case VKYC_TYPE_INT64:
        if (event == VKYC_JSON_STRING && !r->escaped) {
            lua_pushlstring(L, r->text, r->text_size);
            return 1;
        }
        if (event == VKYC_JSON_NUMBER && r->integer) {
            lua_pushlstring(L, r->text, r->text_size);
            return 1;
        }
        break;
    case VKYC_TYPE_NUMBER:
        if (event == VKYC_JSON_NUMBER && r->integer && vkyc_json_int64(r->text, r->text_size, &integer) == VKYC_OK &&
            fits_double(integer)) {
            push_integer(L, integer);
            return 1;
        }
        if (event == VKYC_JSON_NUMBER) {
            push_double(d); /* never digits: the field is a number */
            return 1;
        }
        break;
    case VKYC_TYPE_BOOLEAN:
        if (event == VKYC_JSON_TRUE || event == VKYC_JSON_FALSE) {
            lua_pushboolean(L, event == VKYC_JSON_TRUE);
            return 1;
        }
        break;
    case VKYC_TYPE_ENUM_MODEL:
        if (event == VKYC_JSON_STRING) {
            return decode_text(d, f, place, depth);
        }
        if (event == VKYC_JSON_OBJECT) {
            return decode_any(d, event, depth);
        }
        break;
    case VKYC_TYPE_ARRAY:
        if (event == VKYC_JSON_ARRAY) {
            return decode_list(d, f->items, place, depth);
        }
        break;
    case VKYC_TYPE_OBJECT:
        if (event == VKYC_JSON_OBJECT) {
            return f->object != NULL ? decode_object(d, f->object, place, depth + 1) : decode_map(d, depth + 1);
        }
        break;
    case VKYC_TYPE_ANY:
    case VKYC_TYPE_COUNT:
        return decode_any(d, event, depth);
    }
    return mismatch(d, f, place, event, depth);
}

/* The rest of an object under a schema. Leaves the table. */
static int decode_object(struct decoder *d, const struct vkyc_object *o, const struct lvkyc_place *up, int depth)
{
    lua_State *L = d->L;
    struct vkyc_json_reader *r = d->reader;
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, (int)o->count);
    for (size_t next = 0;;) {
        enum vkyc_json_event event = vkyc_json_next(r);
        if (event == VKYC_JSON_OBJECT_END) {
            return 1;
        }
        if (event != VKYC_JSON_KEY) {
            return fail(d);
        }
        int at = r->escaped ? -1 : vkyc_object_find(o, r->text, r->text_size, r->hash, next);
        if (r->escaped) {
            push_text(d);
            size_t size;
            const char *name = lua_tolstring(L, -1, &size);
            at = vkyc_object_find(o, name, size, r->hash, next);
        } else if (at >= 0) {
            lua_rawgeti(L, d->names, o->fields[at].ref);
        } else {
            lua_pushlstring(L, r->text, r->text_size);
        }
        event = vkyc_json_next(r);
        if (at >= 0) {
            next = (size_t)at + 1;
            struct lvkyc_place place = lvkyc_place_field(up, o->fields[at].name);
            if (!decode_value(d, &o->fields[at], &place, event, depth)) {
                return 0;
            }
        } else if (!decode_any(d, event, depth)) {
            return 0;
        }
        if (lua_isnil(L, -1)) {
            lua_pop(L, 2);
        } else {
            lua_rawset(L, -3);
        }
    }
}

/* nil, { kind, reason, path, offset } */
static int push_failure(struct decoder *d)
{
    lua_State *L = d->L;
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_createtable(L, 0, 4);
    if (d->wrong_type) {
        lua_pushliteral(L, "schema");
        lua_setfield(L, -2, "kind");
        lua_pushliteral(L, "a field of the answer has another type than documented");
        lua_setfield(L, -2, "reason");
        lua_pushlstring(L, d->path, d->path_size);
        lua_setfield(L, -2, "path");
    } else {
        lua_pushliteral(L, "decode");
        lua_setfield(L, -2, "kind");
        lua_pushstring(L, vkyc_json_error_text(d->reader->error));
        lua_setfield(L, -2, "reason");
        lua_pushinteger(L, (lua_Integer)d->reader->offset);
        lua_setfield(L, -2, "offset");
    }
    return 2;
}

static int push_shape_failure(lua_State *L, const char *reason)
{
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "schema");
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, reason);
    lua_setfield(L, -2, "reason");
    return 2;
}

int lvkyc_schema_decode(lua_State *L)
{
    const struct lvkyc_schema *schema = lvkyc_test(L, 1, LVKYC_SCHEMA);
    if (schema == NULL) {
        return luaL_argerror(L, 1, "schema expected");
    }
    lua_settop(L, 2);
    const struct vkyc_response *response = lvkyc_test(L, 2, LVKYC_RESPONSE);
    const char *bytes;
    size_t size;
    if (response != NULL) {
        bytes = response->body.data;
        size = response->body.size;
    } else {
        bytes = luaL_checklstring(L, 2, &size);
    }
    if (size == 0) {
        return push_shape_failure(L, "the answer is empty where a body is due");
    }
    struct vkyc_json_reader reader;
    vkyc_json_read_init(&reader, bytes, size);
    struct decoder d;
    d.L = L;
    d.reader = &reader;
    d.failed = 0;
    d.wrong_type = 0;
    d.path_size = 0;
    lvkyc_getuservalue(L, 1);
    d.names = 3;
    lua_pushnil(L);
    d.mismatches = 4;
    enum vkyc_json_event event = vkyc_json_next(&reader);
    if (event != VKYC_JSON_OBJECT && event != VKYC_JSON_ERROR) {
        /* Still JSON? What follows decides between "not JSON" and "not an object". */
        if (vkyc_json_skip(&reader, event) == 0 && vkyc_json_next(&reader) == VKYC_JSON_END) {
            return push_shape_failure(L, "the answer is JSON, but not an object");
        }
        return push_failure(&d);
    }
    if (event == VKYC_JSON_ERROR || !decode_object(&d, &schema->root, NULL, 1)) {
        return push_failure(&d);
    }
    if (vkyc_json_next(&reader) != VKYC_JSON_END) {
        return push_failure(&d);
    }
    lua_pushvalue(L, d.mismatches);
    return 2;
}
