/* core.redact, core.scrub, core.json_string, core.url and the readers of texts that providers send. */
#include <string.h>

#include "../core/enum_model.h"
#include "../core/json_write.h"
#include "../core/limits.h"
#include "../core/redact.h"
#include "../core/timestamp.h"
#include "../core/url.h"
#include "../core/utf8.h"
#include "binding.h"

#define SCRATCH "vkyc.Scratch"

/* Two buffers for one call. A userdata, because pushing the result may raise. */
struct scratch {
    struct vkyc_buffer first;
    struct vkyc_buffer second;
};

static int scratch_free(lua_State *L)
{
    struct scratch *s = lvkyc_test(L, 1, SCRATCH);
    if (s != NULL) {
        vkyc_buffer_free(&s->first);
        vkyc_buffer_free(&s->second);
    }
    return 0;
}

/* Pushes a scratch whose buffers hold whatever marks may make of `size` bytes: a shape of 3 becomes 7, a value of 3 becomes 10. */
static struct scratch *new_scratch(lua_State *L, size_t size)
{
    luaL_argcheck(L, size <= ((size_t)1 << 26), 1, "too long");
    struct scratch *s = lvkyc_newuserdata(L, sizeof *s);
    vkyc_buffer_init(&s->first, 4 * size + 64, vkyc_alloc_malloc, NULL);
    vkyc_buffer_init(&s->second, 16 * size + 256, vkyc_alloc_malloc, NULL);
    luaL_getmetatable(L, SCRATCH);
    lua_setmetatable(L, -2);
    return s;
}

static const char *check_text(lua_State *L, int index, size_t *size)
{
    luaL_checktype(L, index, LUA_TSTRING);
    return lua_tolstring(L, index, size);
}

/* Pushes the first `size` bytes and wipes what held them. */
static int push_result(lua_State *L, struct scratch *s, const struct vkyc_buffer *result, size_t size)
{
    if (result->status != VKYC_OK) {
        return luaL_error(L, "not enough memory");
    }
    lua_pushlstring(L, size > 0 ? result->data : "", size);
    vkyc_buffer_free(&s->first);
    vkyc_buffer_free(&s->second);
    return 1;
}

/* core.redact(text) -> text with every shape of redact.h replaced by its mark */
static int redact(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    struct scratch *s = new_scratch(L, size);
    vkyc_redact(&s->first, text, size);
    return push_result(L, s, &s->first, s->first.size);
}

/* Pushes the strings and secrets of the array at `index`; they are borrowed from it for as long as it is unchanged. */
static struct vkyc_redact_value *push_values(lua_State *L, int index, size_t *count)
{
    size_t length = lua_rawlen(L, index);
    struct vkyc_redact_value *values = lua_newuserdata(L, (length + 1) * sizeof *values);
    *count = 0;
    for (size_t i = 1; i <= length; i++) {
        lua_rawgeti(L, index, (int)i);
        size_t size;
        const char *text = lvkyc_tobytes(L, -1, &size);
        if (text != NULL) {
            values[*count].text = text;
            values[*count].size = size;
            ++*count;
        }
        lua_pop(L, 1);
    }
    return values;
}

void lvkyc_push_scrubbed(lua_State *L, const char *text, size_t size, int values, size_t limit)
{
    int top = lua_gettop(L);
    size_t count = 0;
    struct scratch *s = new_scratch(L, size);
    const struct vkyc_redact_value *found = values != 0 && lua_istable(L, values) ? push_values(L, values, &count) : NULL;
    vkyc_redact_values(&s->first, text, size, found, count);
    if (s->first.status != VKYC_OK) {
        luaL_error(L, "not enough memory");
        return;
    }
    vkyc_text_flatten(s->first.data, s->first.size);
    vkyc_redact(&s->second, s->first.data, s->first.size);
    push_result(L, s, &s->second, vkyc_text_cut(s->second.data, s->second.size, limit));
    lua_insert(L, top + 1);
    lua_settop(L, top + 1);
}

/* core.scrub(text, values, limit) -> text that an error may hold: without the values (an array of strings and secrets; anything else in it
 * is passed over), without shapes, without control characters, valid UTF-8, of at most `limit` bytes (VKYC_MAX_TEXT) */
static int scrub(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
    }
    lua_Number limit = luaL_optnumber(L, 3, VKYC_MAX_TEXT);
    luaL_argcheck(L, limit >= 0 && limit <= 1073741824.0, 3, "must be 0 to 2^30 bytes");
    lua_settop(L, 3);
    lvkyc_push_scrubbed(L, text, size, 2, (size_t)limit);
    return 1;
}

/* core.json_string(text) -> the text as a JSON string, in quotes; a byte that is not part of UTF-8 becomes a question mark */
static int json_string(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    struct scratch *s = new_scratch(L, size);
    char *copy = lua_newuserdata(L, size + 1);
    memcpy(copy, text, size);
    for (size_t at = 0; (at += vkyc_utf8_check(copy + at, size - at)) < size;) {
        copy[at] = '?';
    }
    /* Into the second: an escape has 6 bytes. */
    s->second.status = vkyc_json_write_string(&s->second, copy, size);
    return push_result(L, s, &s->second, s->second.size);
}

static void push_slice(lua_State *L, const char *text, size_t size)
{
    if (text != NULL) {
        lua_pushlstring(L, text, size);
    } else {
        lua_pushnil(L);
    }
}

/* core.enum_model(text) -> name, label, description (nil where the text says null), or nothing when it has another form */
static int enum_model(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    struct vkyc_enum_model model;
    if (!vkyc_enum_model_read(text, size, &model)) {
        return 0;
    }
    push_slice(L, model.name, model.name_size);
    push_slice(L, model.label, model.label_size);
    push_slice(L, model.description, model.description_size);
    return 3;
}

/* core.url(text) -> { scheme, host, port, path, loopback, ipv6 } | nil, sentence */
static int url(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    struct vkyc_url parts;
    enum vkyc_url_fault fault = vkyc_url_read(text, size, &parts);
    if (fault != VKYC_URL_FINE) {
        lua_pushnil(L);
        lua_pushstring(L, vkyc_url_fault_text(fault));
        return 2;
    }
    lua_createtable(L, 0, 6);
    lua_pushstring(L, parts.https ? "https" : "http");
    lua_setfield(L, -2, "scheme");
    lua_pushlstring(L, parts.host, parts.host_size);
    lua_setfield(L, -2, "host");
    lua_pushinteger(L, (lua_Integer)parts.port);
    lua_setfield(L, -2, "port");
    lua_pushlstring(L, parts.path, parts.path_size);
    lua_setfield(L, -2, "path");
    lua_pushboolean(L, parts.loopback);
    lua_setfield(L, -2, "loopback");
    lua_pushboolean(L, parts.ipv6);
    lua_setfield(L, -2, "ipv6");
    return 1;
}

/* core.timestamp(text) -> unix seconds, date_only, zone_known | nil */
static int timestamp(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    struct vkyc_timestamp t;
    if (vkyc_timestamp_read(text, size, &t) != VKYC_OK) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushnumber(L, t.unix_s);
    lua_pushboolean(L, t.date_only);
    lua_pushboolean(L, t.zone_known);
    return 3;
}

void lvkyc_open_text(lua_State *L)
{
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", scratch_free}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"redact", redact},       {"scrub", scrub}, {"json_string", json_string}, {"enum_model", enum_model}, {"url", url},
        {"timestamp", timestamp}, {NULL, NULL}};
    lvkyc_metatable(L, SCRATCH, methods, metamethods);
    lvkyc_register(L, functions);
}
