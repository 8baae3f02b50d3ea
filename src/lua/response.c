/* core.response(max_body): the answer of a server, as a transport fills it. */
#include <stdio.h>
#include <string.h>

#include "binding.h"

static struct vkyc_response *check_response(lua_State *L)
{
    return lvkyc_self(L, "response");
}

/* core.response([max_body]) -> response. Uses malloc: a background thread may fill it. */
static int response_new(lua_State *L)
{
    lua_Number max = luaL_optnumber(L, 1, (lua_Number)VKYC_MAX_BODY);
    luaL_argcheck(L, max >= 1 && max <= 1073741824.0, 1, "must be 1 to 2^30 bytes");
    struct vkyc_response *r = lvkyc_newuserdata(L, sizeof *r);
    vkyc_response_init(r, (size_t)max, vkyc_alloc_malloc, NULL);
    luaL_getmetatable(L, LVKYC_RESPONSE);
    lua_setmetatable(L, -2);
    return 1;
}

static int push_failure(lua_State *L, const char *kind, const char *reason)
{
    struct vkyc_failure failure = {kind, "response", reason, 1};
    return lvkyc_push_failure(L, &failure);
}

static int push_head_failure(lua_State *L, enum vkyc_head_fault fault)
{
    const char *kind = "protocol";
    if (fault == VKYC_HEAD_TOO_LARGE) {
        kind = "too_large";
    } else if (fault == VKYC_HEAD_MEMORY) {
        kind = "memory";
    }
    return push_failure(L, kind, vkyc_head_fault_text(fault));
}

/* One header line of a table, or NULL where name or value is not text. Leaves the line on the stack. */
static const char *push_line(lua_State *L, int name, int value, size_t *size)
{
    if (lua_type(L, name) != LUA_TSTRING || (lua_type(L, value) != LUA_TSTRING && lua_type(L, value) != LUA_TNUMBER)) {
        return NULL;
    }
    size_t name_size;
    const char *text = lua_tolstring(L, name, &name_size);
    if (vkyc_header_name_check(text, name_size) != VKYC_OK) {
        return NULL; /* a colon inside would begin the value */
    }
    lua_pushvalue(L, name);
    lua_pushliteral(L, ": ");
    lua_pushvalue(L, value);
    lua_concat(L, 3);
    return lua_tolstring(L, -1, size);
}

/* response:fill(status, headers, body) -> status | nil, failure. For transports that hand over tables; the same checks as everywhere.
 * headers: name -> text, or name -> array of texts. */
static int response_fill(lua_State *L)
{
    struct vkyc_response *r = check_response(L);
    lua_Number status = luaL_checknumber(L, 2);
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
    }
    size_t body_size;
    const char *body = luaL_optlstring(L, 4, "", &body_size);
    lua_settop(L, 4);
    vkyc_response_reset(r);
    if (!(status >= 100 && status <= 599) || status != (lua_Number)(int)status) {
        return push_failure(L, "protocol", vkyc_head_fault_text(VKYC_HEAD_STATUS_LINE));
    }
    char line[32];
    int size = snprintf(line, sizeof line, "HTTP/1.1 %d", (int)status);
    enum vkyc_head_fault fault = vkyc_head_line(&r->head, line, (size_t)size);
    if (lua_istable(L, 3)) {
        lua_pushnil(L);
        while (fault == VKYC_HEAD_FINE && lua_next(L, 3) != 0) {
            size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 1;
            int value = lua_gettop(L);
            for (size_t i = 1; i <= count && fault == VKYC_HEAD_FINE; i++) {
                if (lua_istable(L, value)) {
                    lua_rawgeti(L, value, (int)i);
                } else {
                    lua_pushvalue(L, value);
                }
                size_t line_size;
                const char *text = push_line(L, value - 1, lua_gettop(L), &line_size);
                fault = text == NULL ? VKYC_HEAD_FIELD : vkyc_head_line(&r->head, text, line_size);
                lua_settop(L, value);
            }
            lua_pop(L, 1);
        }
    }
    if (fault == VKYC_HEAD_FINE) {
        fault = vkyc_head_line(&r->head, "", 0);
    }
    if (fault == VKYC_HEAD_FINE && !r->head.complete) {
        fault = VKYC_HEAD_STATUS_LINE; /* an interim status: the answer is still to come */
    }
    if (fault != VKYC_HEAD_FINE) {
        return push_head_failure(L, fault);
    }
    vkyc_buffer_append(&r->body, body, body_size);
    if (r->body.status == VKYC_ERR_LIMIT) {
        return push_failure(L, "too_large", "the body is larger than max_body_bytes");
    }
    if (r->body.status != VKYC_OK) {
        return push_failure(L, "memory", "out of memory");
    }
    lua_pushinteger(L, r->head.status);
    return 1;
}

/* response:status() -> integer, 0 before there is one */
static int response_status(lua_State *L)
{
    lua_pushinteger(L, check_response(L)->head.status);
    return 1;
}

/* response:header(name in lower case, …) -> text | nil, … for each name; a name may be nil */
static int response_header(lua_State *L)
{
    struct vkyc_response *r = check_response(L);
    int top = lua_gettop(L);
    luaL_checkstack(L, top, NULL);
    for (int i = 2; i <= top; i++) {
        size_t name_size = 0;
        size_t size;
        const char *name = luaL_optlstring(L, i, "", &name_size);
        const char *value = name_size > 0 ? vkyc_head_find(&r->head, name, name_size, &size) : NULL;
        if (value == NULL) {
            lua_pushnil(L);
        } else {
            lua_pushlstring(L, value, size);
        }
    }
    return top - 1;
}

/* response:headers() -> { name = text }, the last of several with one name */
static int response_headers(lua_State *L)
{
    struct vkyc_response *r = check_response(L);
    size_t cursor = 0;
    const char *name;
    const char *value;
    size_t name_size;
    size_t value_size;
    lua_newtable(L);
    while (vkyc_head_each(&r->head, &cursor, &name, &name_size, &value, &value_size)) {
        lua_pushlstring(L, name, name_size);
        lua_pushlstring(L, value, value_size);
        lua_rawset(L, -3);
    }
    return 1;
}

/* response:body() -> text */
static int response_body(lua_State *L)
{
    struct vkyc_response *r = check_response(L);
    lua_pushlstring(L, r->body.data == NULL ? "" : r->body.data, r->body.size);
    return 1;
}

/* response:size() -> bytes of the body */
static int response_size(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_response(L)->body.size);
    return 1;
}

/* response:reset() wipes what it holds and keeps its memory for the next answer, unless it is much */
static int response_reset(lua_State *L)
{
    enum { KEPT = 32 << 10 };
    struct vkyc_response *r = check_response(L);
    if (r->body.capacity + r->head.lines.capacity > KEPT) {
        vkyc_response_free(r);
    } else {
        vkyc_response_reset(r);
    }
    return 0;
}

static int response_close(lua_State *L)
{
    vkyc_response_free(check_response(L));
    return 0;
}

void lvkyc_open_response(lua_State *L)
{
    static const luaL_Reg functions[] = {{"response", response_new}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"fill", response_fill},       {"status", response_status}, {"header", response_header},
                                       {"headers", response_headers}, {"body", response_body},     {"size", response_size},
                                       {"reset", response_reset},     {"close", response_close},   {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", response_close}, {NULL, NULL}};
    lvkyc_metatable(L, LVKYC_RESPONSE, methods, metamethods);
    lvkyc_register(L, functions);
    lua_pushinteger(L, (lua_Integer)VKYC_MAX_BODY);
    lua_setfield(L, -2, "max_body");
}
