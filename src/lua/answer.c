/* core.facts, core.refusal, core.unreadable, core.envelope, core.other, core.ids, core.is_open, core.next_open: what an answer means, as
 * tables that follow the provider's. Tables are read raw. */
#include "../core/answer.h"

#include <stdio.h>
#include <string.h>

#include "binding.h"

static const struct vkyc_response *check_response(lua_State *L)
{
    const struct vkyc_response *r = lvkyc_test(L, 1, LVKYC_RESPONSE);
    if (r == NULL) {
        luaL_argerror(L, 1, "response expected");
    }
    return r;
}

/* Pushes table[key], or nil when there is no table at `index`. */
static void push_field(lua_State *L, int index, const char *key)
{
    index = lua_absindex(L, index);
    if (lua_istable(L, index)) {
        lua_pushstring(L, key);
        lua_rawget(L, index);
    } else {
        lua_pushnil(L);
    }
}

/* Pushes the first of several spellings (an array in the table at `names`, by `key`) that holds a scalar in `body`, or nil. */
static void push_first(lua_State *L, int body, int names, const char *key)
{
    push_field(L, names, key);
    size_t count = lua_istable(L, -1) && lua_istable(L, body) ? lua_rawlen(L, -1) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (int)i);
        lua_rawget(L, body);
        if (!lua_isnil(L, -1) && !lua_istable(L, -1)) {
            lua_remove(L, -2);
            return;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_pushnil(L);
}

/* Replaces the text at the top of the stack by nil when it shows one of the values at `sensitive`, or something personal. */
static void hide(lua_State *L, int sensitive)
{
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    lvkyc_push_scrubbed(L, text, size, sensitive, VKYC_MAX_TEXT);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (!same) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

/* Replaces the value at the top of the stack by a provider's word that may be shown, or by nil. A number is one. */
static void make_word(lua_State *L, int sensitive)
{
    size_t size = 0;
    int shown = 0;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        char digits[32];
        int wrote = snprintf(digits, sizeof digits, "%.14g", (double)lua_tonumber(L, -1));
        lua_pop(L, 1);
        lua_pushlstring(L, digits, wrote > 0 ? (size_t)wrote : 0);
        shown = 1;
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &size);
        shown = vkyc_is_word(text, size);
    }
    if (!shown) {
        lua_pop(L, 1);
        lua_pushnil(L);
    } else if (sensitive != 0 && lua_istable(L, sensitive)) {
        hide(L, sensitive);
    }
}

/* Pushes the provider's id of the request, or nil. `sensitive`: 0, or where the values are that it must not show. */
static void push_request_id(lua_State *L, const struct vkyc_head *h, int sensitive)
{
    size_t size = 0;
    const char *id = vkyc_head_find(h, "x-request-id", 12, &size);
    if (id == NULL) {
        id = vkyc_head_find(h, "cf-ray", 6, &size);
    }
    if (id == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_pushlstring(L, id, size);
    make_word(L, sensitive);
}

/* A string of the table at `index`, which keeps it alive. */
static struct vkyc_text text_field(lua_State *L, int index, const char *key)
{
    struct vkyc_text text = {NULL, 0};
    push_field(L, index, key);
    if (lua_type(L, -1) == LUA_TSTRING) {
        text.text = lua_tolstring(L, -1, &text.size);
    }
    lua_pop(L, 1);
    return text;
}

static void set_number(lua_State *L, const char *key, double value)
{
    long long integer = (long long)value; /* of 9 digits at most */
    if ((double)integer < value || (double)integer > value) {
        lua_pushnumber(L, value);
    } else {
        lua_pushinteger(L, (lua_Integer)integer);
    }
    lua_setfield(L, -2, key);
}

/* Pushes { limit, remaining, reset_s } of the provider's rate-limit headers, or nil when neither limit nor remaining is there. */
static void push_rate_limit(lua_State *L, const struct vkyc_head *h, int names)
{
    double limit;
    double remaining;
    double reset_s;
    int has_limit = vkyc_head_number(h, text_field(L, names, "limit"), &limit);
    int has_remaining = vkyc_head_number(h, text_field(L, names, "remaining"), &remaining);
    if (!has_limit && !has_remaining) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 3);
    if (has_limit) {
        set_number(L, "limit", limit);
    }
    if (has_remaining) {
        set_number(L, "remaining", remaining);
    }
    if (vkyc_head_number(h, text_field(L, names, "reset_s"), &reset_s)) {
        set_number(L, "reset_s", reset_s);
    }
}

/* core.facts(response [, names [, sensitive]]) -> status, request id | nil, { limit, remaining, reset_s } | nil
 *
 * names: a provider's `rate_limit`. sensitive: values that the request id must not show. */
static int facts(lua_State *L)
{
    const struct vkyc_response *r = check_response(L);
    lua_settop(L, 3);
    lua_pushinteger(L, r->head.status);
    push_request_id(L, &r->head, 3);
    push_rate_limit(L, &r->head, 2);
    return 3;
}

/* Pushes what every error about an answer says: { status, request_id, content_type, phase }. */
static void push_error(lua_State *L, const struct vkyc_head *h, int sensitive)
{
    lua_createtable(L, 0, 16);
    lua_pushinteger(L, h->status);
    lua_setfield(L, -2, "status");
    lua_pushliteral(L, "response");
    lua_setfield(L, -2, "phase");
    push_request_id(L, h, sensitive);
    lua_setfield(L, -2, "request_id");
    size_t size = 0;
    const char *type = vkyc_head_find(h, "content-type", 12, &size);
    size = type != NULL ? vkyc_media_type(type, size) : 0;
    if (size > 0) {
        lua_pushlstring(L, type, size);
        hide(L, sensitive);
        lua_setfield(L, -2, "content_type");
    }
}

/* core.unreadable(response, sensitive, fault) -> fields of an error about an answer that cannot be understood. fault: { kind, reason, path,
 * offset } as schema:decode tells it. */
static int unreadable(lua_State *L)
{
    const struct vkyc_response *r = check_response(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    push_error(L, &r->head, 2);
    static const char *const KEPT[] = {"kind", "path", "offset"};
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        push_field(L, 3, KEPT[i]);
        lua_setfield(L, 4, KEPT[i]);
    }
    push_field(L, 3, "reason");
    push_field(L, 3, "path");
    push_field(L, 3, "offset");
    if (lua_isstring(L, -2)) {
        lua_pushfstring(L, "%s: %s", lua_tostring(L, 5), lua_tostring(L, 6));
    } else if (lua_isnumber(L, -1)) {
        lua_pushfstring(L, "%s (byte %d)", lua_tostring(L, 5), (int)lua_tonumber(L, 7));
    } else {
        lua_pushvalue(L, 5);
    }
    lua_setfield(L, 4, "message");
    lua_settop(L, 4);
    return 1;
}

static int read_hours(lua_State *L, int index, struct vkyc_hours *hours)
{
    memset(hours, 0, sizeof *hours);
    if (!lua_istable(L, index)) {
        return 0;
    }
    push_field(L, index, "open_h");
    push_field(L, index, "close_h");
    push_field(L, index, "offset_s");
    hours->open_h = lua_tonumber(L, -3);
    hours->close_h = lua_tonumber(L, -2);
    hours->offset_s = lua_tonumber(L, -1);
    push_field(L, index, "days");
    size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (int)i);
        lua_Number day = lua_tonumber(L, -1);
        hours->days |= day >= 1 && day <= 7 ? 1U << (int)day : 0;
        lua_pop(L, 1);
    }
    lua_pop(L, 4);
    return 1;
}

/* Arguments of refusal, what it returns, and what it looks at, at their places on the stack. */
enum { RESPONSE = 1, SENSITIVE, SPEC, BODY, WALL, MESSAGE, FIELDS, ERRORS, MAP };

/* Sets kind and hint by the provider's map, else by status; the code is at the top of the stack. */
static void set_kind(lua_State *L, int status)
{
    char digits[16];
    int code = lua_gettop(L);
    (void)snprintf(digits, sizeof digits, "%d", status);
    lua_pushnil(L);
    if (lua_istable(L, MAP) && !lua_isnil(L, code)) {
        lua_pushvalue(L, code);
        lua_rawget(L, MAP);
        lua_replace(L, -2);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        push_field(L, MAP, digits);
    }
    if (lua_istable(L, -1)) {
        push_field(L, -1, "hint");
        lua_setfield(L, FIELDS, "hint");
        push_field(L, -1, "kind");
        lua_replace(L, -2);
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushstring(L, vkyc_kind_of_status(status));
    }
    lua_setfield(L, FIELDS, "kind");
}

/* The hint of a provider whose agents are not at home, where there is no better one. */
static void set_hours_hint(lua_State *L)
{
    struct vkyc_hours hours;
    push_field(L, FIELDS, "hint");
    push_field(L, FIELDS, "kind");
    push_field(L, SPEC, "hours");
    if (lua_isnil(L, -3) && strcmp(lua_tostring(L, -2), "bad_request") == 0 && read_hours(L, lua_gettop(L), &hours) &&
        !vkyc_hours_open(&hours, lua_tonumber(L, WALL))) {
        push_field(L, ERRORS, "outside_hours");
        lua_setfield(L, FIELDS, "hint");
    }
    lua_pop(L, 3);
}

/* The provider's own sentence, scrubbed; else ours. The code is at the top of the stack. */
static void set_message(lua_State *L, int status)
{
    int code = lua_gettop(L);
    if (lua_isnil(L, MESSAGE)) {
        push_first(L, BODY, ERRORS, "message");
        lua_replace(L, MESSAGE);
    }
    size_t size = 0;
    const char *text = lua_type(L, MESSAGE) == LUA_TSTRING ? lua_tolstring(L, MESSAGE, &size) : "";
    if (size > 0) {
        lvkyc_push_scrubbed(L, text, size, SENSITIVE, VKYC_MAX_TEXT);
    } else if (status >= 300 && status < 400) {
        lua_pushliteral(L, "the server redirects elsewhere");
    } else if (status >= 300 || status < 200) {
        lua_pushfstring(L, "the provider answered %d", status);
    } else if (lua_isnil(L, code)) {
        lua_pushliteral(L, "the provider answered a failure");
    } else {
        lua_pushfstring(L, "the provider answered code %s", lua_tostring(L, code));
    }
    lua_setfield(L, FIELDS, "message");
}

static void set_wait(lua_State *L, const struct vkyc_head *h)
{
    double seconds;
    push_field(L, SPEC, "rate_limit");
    int at = lua_gettop(L);
    struct vkyc_rate_names names = {{NULL, 0}, text_field(L, at, "remaining"), text_field(L, at, "reset_s"), text_field(L, at, "retry_s")};
    if (vkyc_wait_hint(h, &names, lua_tonumber(L, WALL), &seconds)) {
        lua_pushnumber(L, seconds);
        lua_setfield(L, FIELDS, "retry_after");
    }
    lua_pop(L, 1);
}

/* core.refusal(response, sensitive, spec, body, wall [, message]) -> fields of an error: status, kind, code, provider_type, message, hint,
 * retry_after, request_id, content_type, phase
 *
 * spec: the provider's table. body: the answer, decoded, or nil. wall: Unix seconds. message: the provider's sentence, where it is not one
 * of the body's fields. */
static int refusal(lua_State *L)
{
    const struct vkyc_response *r = check_response(L);
    int status = r->head.status;
    luaL_checktype(L, SENSITIVE, LUA_TTABLE);
    luaL_checktype(L, SPEC, LUA_TTABLE);
    luaL_checknumber(L, WALL);
    lua_settop(L, MESSAGE);
    luaL_checkstack(L, 20, NULL);
    push_error(L, &r->head, SENSITIVE);
    push_field(L, SPEC, "errors");
    push_field(L, ERRORS, "map");
    push_first(L, BODY, ERRORS, "type");
    make_word(L, SENSITIVE);
    lua_setfield(L, FIELDS, "provider_type");
    push_first(L, BODY, ERRORS, "code");
    make_word(L, SENSITIVE);
    set_kind(L, status);
    set_hours_hint(L);
    set_message(L, status);
    set_wait(L, &r->head);
    lua_setfield(L, FIELDS, "code");
    lua_settop(L, FIELDS);
    return 1;
}

/* Pushes the text of a number or a string; the value itself stays what it is. */
static void push_text(lua_State *L, int index)
{
    long long integer;
    if (lua_type(L, index) == LUA_TNUMBER && lvkyc_isinteger(L, index, &integer)) {
        char digits[32];
        int wrote = snprintf(digits, sizeof digits, "%lld", integer); /* Lua would write 1e+15 */
        lua_pushlstring(L, digits, wrote > 0 ? (size_t)wrote : 0);
    } else {
        lua_pushvalue(L, index);
        lua_tolstring(L, -1, NULL);
    }
}

/* Compared as texts: 0, 0.0 and "0" are one, and so are an integer and its digits. */
static int same_value(lua_State *L, int a, int b)
{
    if (lua_rawequal(L, a, b)) {
        return 1;
    }
    if (!lua_isstring(L, a) || !lua_isstring(L, b)) {
        return 0;
    }
    push_text(L, a);
    push_text(L, b);
    int same = lua_rawequal(L, -2, -1);
    lua_pop(L, 2);
    return same;
}

/* Paths of mismatches (an array, or nil) are told as the caller sees them: below the payload. */
static void cut_prefix(lua_State *L, int paths, struct vkyc_text prefix)
{
    size_t count = lua_istable(L, paths) ? lua_rawlen(L, paths) : 0;
    for (size_t i = 1; i <= count; i++) {
        size_t size = 0;
        lua_rawgeti(L, paths, (int)i);
        const char *path = lua_tolstring(L, -1, &size);
        if (path != NULL && size > prefix.size && path[prefix.size] == '.' && memcmp(path, prefix.text, prefix.size) == 0) {
            lua_pushlstring(L, path + prefix.size + 1, size - prefix.size - 1);
            lua_rawseti(L, paths, (int)i);
        }
        lua_pop(L, 1);
    }
}

/* core.envelope(body, envelope, mismatches) -> code | nil, it says success, payload, message | nil
 *
 * body: the answer, decoded. envelope: the provider's. mismatches: the paths that schema:decode found, changed in place; or nil. */
static int envelope(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 3);
    struct vkyc_text payload = text_field(L, 2, "payload");
    if (payload.text == NULL) {
        return luaL_argerror(L, 2, "has no payload");
    }
    cut_prefix(L, 3, payload);
    push_first(L, 1, 2, "code");
    push_field(L, 2, "success");
    lua_pushboolean(L, same_value(L, 4, 5));
    lua_replace(L, 5);
    lua_pushlstring(L, payload.text, payload.size);
    lua_rawget(L, 1);
    push_first(L, 1, 2, "message");
    return 4;
}

/* The first name of the array at `names` under which `result` holds another value than the one at the top of the stack; pushes it, or
 * leaves the stack alone. */
static int push_other(lua_State *L, int result, size_t i)
{
    lua_rawgeti(L, -2, (int)i);
    lua_pushvalue(L, -1);
    lua_rawget(L, result);
    if (!lua_isnil(L, -1) && !same_value(L, lua_gettop(L) - 2, lua_gettop(L))) {
        lua_pop(L, 1);
        return 1;
    }
    lua_pop(L, 2);
    return 0;
}

/* core.other(operation, params, result) -> the field by which a result is about another id than was asked for, or nil. operation: compiled;
 * its ids, and the spellings of its key (of which the answer may use another than the request) are looked at. */
static int other(lua_State *L)
{
    for (int i = 1; i <= 3; i++) {
        luaL_checktype(L, i, LUA_TTABLE);
    }
    lua_settop(L, 3);
    push_field(L, 1, "ids");
    size_t count = lua_istable(L, 4) ? lua_rawlen(L, 4) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 4, (int)i);
        lua_rawget(L, 2);
        if (!lua_isnil(L, -1) && push_other(L, 3, i)) {
            return 1;
        }
        lua_pop(L, 1);
    }
    push_field(L, 1, "key_spellings");
    count = lua_istable(L, 5) ? lua_rawlen(L, 5) : 0;
    lua_pushnil(L);
    for (size_t i = 1; i <= count && lua_isnil(L, -1); i++) {
        lua_pop(L, 1);
        lua_rawgeti(L, 5, (int)i);
        lua_rawget(L, 2);
    }
    for (size_t i = 1; i <= count && !lua_isnil(L, -1); i++) {
        if (push_other(L, 3, i)) {
            return 1;
        }
    }
    return 0;
}

/* Sets table[name] for each name of the array at `names` under which the table at `params` holds an id. */
static void add_ids(lua_State *L, int table, int names, int params)
{
    size_t count = lua_istable(L, names) ? lua_rawlen(L, names) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, names, (int)i);
        lua_pushvalue(L, -1);
        lua_rawget(L, params);
        if (lua_type(L, -1) == LUA_TNUMBER) {
            push_text(L, lua_gettop(L));
            lua_remove(L, -2);
        }
        size_t size;
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
        if (text != NULL && vkyc_is_id(text, size)) {
            lua_rawset(L, table);
        } else {
            lua_pop(L, 2);
        }
    }
}

/* core.ids(operation, params) -> { name = text }: what a hook may be told of a request that was not checked yet, so that it is found again.
 * What is no id is left out. */
static int ids(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_createtable(L, 0, 2); /* a case and its user */
    push_field(L, 1, "ids");
    push_field(L, 1, "key_spellings");
    add_ids(L, 3, 4, 2);
    add_ids(L, 3, 5, 2);
    lua_settop(L, 3);
    return 1;
}

/* core.is_open(hours | nil, unix_s) -> whether a provider's agents work then. Advisory: holidays are not known. */
static int is_open(lua_State *L)
{
    struct vkyc_hours hours;
    lua_Number unix_s = luaL_checknumber(L, 2);
    lua_pushboolean(L, !read_hours(L, 1, &hours) || vkyc_hours_open(&hours, unix_s));
    return 1;
}

/* core.next_open(hours | nil, unix_s) -> when they work next: unix_s itself when they do, or keep no hours */
static int next_open(lua_State *L)
{
    struct vkyc_hours hours;
    lua_Number unix_s = luaL_checknumber(L, 2);
    if (read_hours(L, 1, &hours) && !vkyc_hours_open(&hours, unix_s)) {
        lua_pushnumber(L, vkyc_hours_next(&hours, unix_s));
    } else {
        lua_pushvalue(L, 2);
    }
    return 1;
}

void lvkyc_open_answer(lua_State *L)
{
    static const luaL_Reg functions[] = {{"facts", facts},       {"refusal", refusal},     {"unreadable", unreadable},
                                         {"envelope", envelope}, {"other", other},         {"ids", ids},
                                         {"is_open", is_open},   {"next_open", next_open}, {NULL, NULL}};
    lvkyc_register(L, functions);
}
