/* core.request(…): a request, validated, encoded and signed. */
#include <string.h>

#include "../core/base64.h"
#include "../core/url.h"
#include "schema.h"

static struct vkyc_request *check_request(lua_State *L)
{
    return lvkyc_self(L, "request");
}

/* Arguments of request_new, at their places on the stack. */
enum { METHOD = 1, BASE, PATH, SCHEMA, PARAMS, EXTRA, MAX_BODY, SPARE, ARGUMENTS = SPARE };

/* A path of a provider's table: segments, of which "{name}" is a field. Sets in `used` which fields went into the path. */
static void append_template(struct lvkyc_encoder *e, const char *path, size_t size, const struct vkyc_object *o, uint64_t *used)
{
    size_t at = 0;
    while (at < size) {
        size_t end = at + 1; /* path[at] is a slash */
        while (end < size && path[end] != '/') {
            end++;
        }
        vkyc_buffer_append_byte(e->out, '/');
        const char *segment = path + at + 1;
        size_t length = end - at - 1;
        if (length > 2 && segment[0] == '{' && segment[length - 1] == '}') {
            size_t i = 0;
            while (i < o->count && (o->fields[i].name.size != length - 2 || memcmp(o->fields[i].name.text, segment + 1, length - 2) != 0)) {
                i++;
            }
            if (i == o->count || i >= 64) {
                luaL_argerror(e->L, PATH, "names a field that is not one of the schema's first 64");
            }
            *used |= (uint64_t)1 << i;
            lvkyc_encode_segment(e, PARAMS, &o->fields[i]);
        } else {
            vkyc_buffer_append(e->out, segment, length);
        }
        at = end;
    }
}

static int push_violations(lua_State *L, int violations)
{
    lua_pushnil(L);
    lua_pushvalue(L, violations);
    return 2;
}

static int push_limit(lua_State *L, enum vkyc_status status)
{
    if (status == VKYC_ERR_MEMORY) {
        return luaL_error(L, "not enough memory");
    }
    lua_pushnil(L);
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "path");
    lua_pushliteral(L, "too_long");
    lua_setfield(L, -2, "rule");
    lua_pushliteral(L, "the whole request is larger than max_body_bytes, or its URL than 8 KiB");
    lua_setfield(L, -2, "message");
    lua_rawseti(L, -2, 1);
    return 2;
}

static int has_body(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0 && strcmp(method, "HEAD") != 0;
}

static void set_method(lua_State *L, struct vkyc_request *r, const char *method)
{
    size_t size = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    /* It is sent as it is: a line break would be another header. */
    if (size == 0 || size != strlen(method) || size >= sizeof r->method) {
        luaL_argerror(L, METHOD, "not a method");
        return;
    }
    memcpy(r->method, method, size);
    r->method[size] = '\0';
}

static struct vkyc_request *new_request(lua_State *L, const char *method, size_t max_body)
{
    struct vkyc_request *r = lvkyc_newuserdata(L, sizeof *r);
    vkyc_request_init(r, max_body, vkyc_alloc_malloc, NULL);
    luaL_getmetatable(L, LVKYC_REQUEST);
    lua_setmetatable(L, -2);
    set_method(L, r, method);
    return r;
}

/* Leaves nothing of a request; its memory stays for the next one, unless it is much. */
static void clear(struct vkyc_request *r)
{
    enum { KEPT = 16 << 10 };
    if (r->url.capacity + r->headers.capacity + r->body.capacity > KEPT) {
        vkyc_request_free(r);
    }
    vkyc_buffer_reset(&r->url);
    vkyc_buffer_reset(&r->headers);
    vkyc_buffer_reset(&r->body);
    r->has_body = 0;
}

/* The request at `spare`, emptied, or a new one in its place. */
static struct vkyc_request *take_request(lua_State *L, int spare, const char *method, size_t max_body)
{
    struct vkyc_request *r = lvkyc_test(L, spare, LVKYC_REQUEST);
    if (r == NULL) {
        r = new_request(L, method, max_body);
        lua_replace(L, spare);
        return r;
    }
    clear(r);
    if (r->body.capacity > max_body) {
        vkyc_buffer_free(&r->body); /* a block above the limit would let a body pass it */
    }
    r->body.limit = max_body;
    set_method(L, r, method);
    return r;
}

/* An argument that must be a table when it is given at all: dropping another value would send less than was meant. */
static void check_table(struct lvkyc_encoder *e, int index, const char *name)
{
    if (!lua_isnil(e->L, index) && !lua_istable(e->L, index)) {
        struct lvkyc_place place = {NULL, name, strlen(name), 0};
        lvkyc_violation(e, &place, VKYC_RULE_TYPE, "must be a table");
    }
}

/* A path that is put behind the base as it is: no space, no control, nothing that ends it. */
static int is_path(const char *path, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (path[i] <= 32 || path[i] > 126 || path[i] == '?' || path[i] == '#' || path[i] == '\\') {
            return 0;
        }
    }
    return size > 0 && path[0] == '/';
}

static size_t max_body_argument(lua_State *L, int index)
{
    lua_Number max = luaL_optnumber(L, index, (lua_Number)VKYC_MAX_BODY);
    luaL_argcheck(L, max >= 1 && max <= 1073741824.0, index, "must be 1 to 2^30 bytes");
    return (size_t)max;
}

/* core.request(method, base_url, path, schema, params, extra, max_body [, spare]) -> request | nil, violations
 *
 * base_url is trusted: a checked option. path is a provider's, or an option's: it must begin with a slash. params go into the path where it
 * says {name}, then into the query of a GET or DELETE, else into a JSON body. spare is a request that nobody needs any more: it is used
 * again. */
static int request_new(lua_State *L)
{
    const char *method = luaL_checkstring(L, METHOD);
    size_t base_size;
    size_t path_size;
    const char *base = luaL_checklstring(L, BASE, &base_size);
    const char *path = luaL_checklstring(L, PATH, &path_size);
    const struct lvkyc_schema *schema = lvkyc_test(L, SCHEMA, LVKYC_SCHEMA);
    luaL_argcheck(L, schema != NULL, SCHEMA, "schema expected");
    luaL_checktype(L, PARAMS, LUA_TTABLE);
    int extra = lua_istable(L, EXTRA) ? EXTRA : 0;
    size_t max_body = max_body_argument(L, MAX_BODY);
    lua_settop(L, ARGUMENTS);
    struct vkyc_request *r = take_request(L, SPARE, method, max_body);

    struct lvkyc_encoder e;
    e.L = L;
    e.out = &r->url;
    lvkyc_getuservalue(L, SCHEMA);
    e.names = lua_gettop(L);
    lua_pushnil(L);
    e.violations = lua_gettop(L);
    e.count = 0;
    uint64_t in_path = 0;
    check_table(&e, EXTRA, "extra");
    vkyc_buffer_append(&r->url, base, base_size);
    if (!is_path(path, path_size)) {
        static const struct lvkyc_place path_place = {NULL, "path", 4, 0};
        lvkyc_violation(&e, &path_place, VKYC_RULE_FORMAT,
                        "must begin with a slash and have no space, control character, ?, # or backslash");
    } else if (memchr(path, '{', path_size) == NULL) {
        vkyc_buffer_append(&r->url, path, path_size);
    } else {
        append_template(&e, path, path_size, &schema->root, &in_path);
    }
    if (has_body(method)) {
        r->has_body = 1;
        e.out = &r->body;
        lvkyc_encode_object(&e, PARAMS, &schema->root, extra, in_path);
    } else {
        size_t before = r->url.size;
        vkyc_buffer_append_byte(&r->url, '?');
        lvkyc_encode_query(&e, PARAMS, &schema->root, extra, in_path);
        if (r->url.status == VKYC_OK && r->url.size == before + 1) {
            r->url.size = before;
        }
    }
    if (e.count > 0) {
        return push_violations(L, e.violations);
    }
    enum vkyc_status status = r->url.status != VKYC_OK ? r->url.status : r->body.status;
    if (status != VKYC_OK) {
        return push_limit(L, status);
    }
    lua_pushvalue(L, SPARE);
    return 1;
}

/* core.raw_request(method, base_url, path, query, body, max_body) -> request | nil, violations
 *
 * For what no table describes: path is percent-encoded, query is a table of scalars, body any table (or nil). */
static int request_raw(lua_State *L)
{
    enum { RAW_QUERY = 4, RAW_BODY, RAW_MAX };
    const char *method = luaL_checkstring(L, METHOD);
    size_t base_size;
    size_t path_size;
    const char *base = luaL_checklstring(L, BASE, &base_size);
    const char *path = luaL_checklstring(L, PATH, &path_size);
    size_t max_body = max_body_argument(L, RAW_MAX);
    lua_settop(L, RAW_MAX);
    struct vkyc_request *r = new_request(L, method, max_body);
    struct lvkyc_encoder e;
    e.L = L;
    e.out = &r->url;
    e.names = 0;
    lua_pushnil(L);
    e.violations = lua_gettop(L);
    e.count = 0;
    static const struct lvkyc_place path_place = {NULL, "path", 4, 0};
    static const struct lvkyc_place body_place = {NULL, "body", 4, 0};
    check_table(&e, RAW_QUERY, "query");
    check_table(&e, RAW_BODY, "body");
    vkyc_buffer_append(&r->url, base, base_size);
    /* An empty path: the base is the whole URL. */
    switch (path_size == 0 ? VKYC_OK : vkyc_url_append_path(&r->url, path, path_size)) {
    case VKYC_ERR_NUL:
        lvkyc_violation(&e, &path_place, VKYC_RULE_NUL, "must not have a NUL byte");
        break;
    case VKYC_ERR_CONTROL:
        lvkyc_violation(&e, &path_place, VKYC_RULE_CHARSET, "must not have control characters");
        break;
    case VKYC_ERR_SYNTAX:
        lvkyc_violation(&e, &path_place, VKYC_RULE_FORMAT,
                        "must begin with a slash and have no ?, #, %, backslash and no segment \".\" or \"..\"; give the query as `query`");
        break;
    default:
        break;
    }
    if (lua_istable(L, RAW_QUERY)) {
        static const struct lvkyc_place query_place = {NULL, "query", 5, 0};
        size_t before = r->url.size;
        vkyc_buffer_append_byte(&r->url, '?');
        lvkyc_encode_any_query(&e, RAW_QUERY, &query_place);
        if (r->url.status == VKYC_OK && r->url.size == before + 1) {
            r->url.size = before;
        }
    }
    if (lua_istable(L, RAW_BODY) && strcmp(method, "GET") == 0) {
        lvkyc_violation(&e, &body_place, VKYC_RULE_UNKNOWN, "must not be given: a GET has no body, its fields go into `query`");
    } else if (lua_istable(L, RAW_BODY)) {
        r->has_body = 1;
        e.out = &r->body;
        lvkyc_encode_any(&e, RAW_BODY, &body_place, 1);
    }
    if (e.count > 0) {
        return push_violations(L, e.violations);
    }
    enum vkyc_status status = r->url.status != VKYC_OK ? r->url.status : r->body.status;
    if (status != VKYC_OK) {
        return push_limit(L, status);
    }
    lua_pushvalue(L, RAW_MAX + 1);
    return 1;
}

/* core.check(schema, value) -> nil when the table keeps to the schema, else its violations. Sends and keeps nothing. */
static int request_check(lua_State *L)
{
    const struct lvkyc_schema *schema = lvkyc_test(L, 1, LVKYC_SCHEMA);
    luaL_argcheck(L, schema != NULL, 1, "schema expected");
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    struct vkyc_request *r = new_request(L, "CHECK", VKYC_MAX_BODY); /* owns the bytes that nobody wants */
    struct lvkyc_encoder e;
    e.L = L;
    e.out = &r->body;
    lvkyc_getuservalue(L, 1);
    e.names = lua_gettop(L);
    lua_pushnil(L);
    e.violations = lua_gettop(L);
    e.count = 0;
    lvkyc_encode_object(&e, 2, &schema->root, 0, 0);
    vkyc_request_free(r);
    lua_pushvalue(L, e.violations);
    return 1;
}

static const char *header_fault(enum vkyc_status status)
{
    switch (status) {
    case VKYC_ERR_NUL:
        return "has a NUL byte, which no header may hold";
    case VKYC_ERR_CONTROL:
        return "has a line break or another control character, which no header may hold";
    case VKYC_ERR_LIMIT:
        return "makes the headers larger than 64 KiB";
    default:
        return "has a character that no header may hold, or white space at an end";
    }
}

static int header_result(lua_State *L, enum vkyc_status status)
{
    if (status == VKYC_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (status == VKYC_ERR_MEMORY) {
        return luaL_error(L, "not enough memory");
    }
    lua_pushnil(L);
    lua_pushstring(L, header_fault(status));
    return 2;
}

/* A value without bytes: a secret that its owner closed is the world's fault, anything else the script's. */
static int push_closed(lua_State *L, int index)
{
    luaL_argcheck(L, lvkyc_test(L, index, LVKYC_SECRET) != NULL, index, "string or secret expected");
    lua_pushnil(L);
    lua_pushliteral(L, "is a secret that was closed");
    return 2;
}

/* request:header(name, text_or_secret [, prefix]) -> true | nil, what is wrong with the value */
static int request_header(lua_State *L)
{
    struct vkyc_request *r = check_request(L);
    size_t name_size;
    size_t value_size = 0;
    size_t prefix_size = 0;
    const char *name = luaL_checklstring(L, 2, &name_size);
    const char *value = lvkyc_tobytes(L, 3, &value_size);
    if (value == NULL) {
        return push_closed(L, 3);
    }
    const char *prefix = luaL_optlstring(L, 4, "", &prefix_size);
    return header_result(L, vkyc_request_header(r, name, name_size, prefix, prefix_size, value, value_size));
}

/* request:basic(user, password) adds Authorization: Basic (RFC 7617); either may be a secret. -> true | nil, reason */
static int request_basic(lua_State *L)
{
    struct vkyc_request *r = check_request(L);
    size_t user_size = 0;
    size_t password_size = 0;
    const char *user = lvkyc_tobytes(L, 2, &user_size);
    const char *password = lvkyc_tobytes(L, 3, &password_size);
    if (user == NULL || password == NULL) {
        return push_closed(L, user == NULL ? 2 : 3);
    }
    if (memchr(user, ':', user_size) != NULL) {
        lua_pushnil(L);
        lua_pushliteral(L, "has a colon in the user's name, which Basic authentication cannot carry");
        return 2;
    }
    /* The pair is put together behind the headers' end, encoded, and wiped. */
    struct vkyc_buffer pair;
    vkyc_buffer_init(&pair, VKYC_MAX_HEADER_BYTES, vkyc_alloc_malloc, NULL);
    vkyc_buffer_append(&pair, user, user_size);
    vkyc_buffer_append_byte(&pair, ':');
    vkyc_buffer_append(&pair, password, password_size);
    enum vkyc_status status = pair.status;
    size_t encoded_size = VKYC_BASE64_SIZE(pair.size);
    struct vkyc_buffer encoded;
    vkyc_buffer_init(&encoded, 2 * VKYC_MAX_HEADER_BYTES, vkyc_alloc_malloc, NULL);
    char *out = status == VKYC_OK ? vkyc_buffer_reserve(&encoded, encoded_size) : NULL;
    if (out != NULL) {
        vkyc_base64_encode(pair.data, pair.size, out);
        encoded.size = encoded_size;
        status = vkyc_request_header(r, "Authorization", 13, "Basic ", 6, encoded.data, encoded.size);
    } else if (status == VKYC_OK) {
        status = encoded.status;
    }
    vkyc_buffer_free(&pair);
    vkyc_buffer_free(&encoded);
    return header_result(L, status);
}

/* request:form(name, text_or_secret) appends a field to an application/x-www-form-urlencoded body. -> true | nil, reason */
static int request_form(lua_State *L)
{
    struct vkyc_request *r = check_request(L);
    size_t name_size;
    size_t value_size = 0;
    const char *name = luaL_checklstring(L, 2, &name_size);
    const char *value = lvkyc_tobytes(L, 3, &value_size);
    if (value == NULL) {
        return push_closed(L, 3);
    }
    r->has_body = 1;
    if (r->body.size > 0) {
        vkyc_buffer_append_byte(&r->body, '&');
    }
    enum vkyc_status status = vkyc_url_append_value(&r->body, name, name_size);
    if (status == VKYC_OK) {
        vkyc_buffer_append_byte(&r->body, '=');
        status = vkyc_url_append_value(&r->body, value, value_size);
    }
    return header_result(L, status == VKYC_OK ? r->body.status : status);
}

/* request:clear_headers([other]) wipes them: each attempt is signed anew. Those of `other` take their place. */
static int request_clear_headers(lua_State *L)
{
    struct vkyc_request *r = check_request(L);
    const struct vkyc_request *other = lvkyc_test(L, 2, LVKYC_REQUEST);
    vkyc_buffer_reset(&r->headers);
    if (other != NULL && other != r) {
        vkyc_buffer_append(&r->headers, other->headers.data, other->headers.size);
        if (r->headers.status == VKYC_ERR_MEMORY) {
            return luaL_error(L, "not enough memory");
        }
    }
    return 0;
}

/* request:clear() wipes all of it, and keeps its memory for the next one: see `spare` of core.request */
static int request_clear(lua_State *L)
{
    clear(check_request(L));
    return 0;
}

/* request:size() -> bytes of the body */
static int request_size(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_request(L)->body.size);
    return 1;
}

/* request:export() -> { method, url, headers = { name = value }, body }, for hosts that have their own HTTP client. Holds secrets. */
static int request_export(lua_State *L)
{
    struct vkyc_request *r = check_request(L);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, r->method);
    lua_setfield(L, -2, "method");
    lua_pushlstring(L, r->url.data == NULL ? "" : r->url.data, r->url.size);
    lua_setfield(L, -2, "url");
    if (r->has_body) {
        lua_pushlstring(L, r->body.data == NULL ? "" : r->body.data, r->body.size);
        lua_setfield(L, -2, "body");
    }
    lua_newtable(L);
    const char *at = r->headers.data;
    const char *end = r->headers.size > 0 ? at + r->headers.size : at; /* NULL + 0 is undefined */
    while (at < end) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        const char *line_end = memchr(at, '\r', (size_t)(end - at));
        lua_pushlstring(L, at, (size_t)(colon - at));
        lua_pushlstring(L, colon + 2, (size_t)(line_end - colon - 2));
        lua_rawset(L, -3);
        at = line_end + 2;
    }
    lua_setfield(L, -2, "headers");
    return 1;
}

static int request_close(lua_State *L)
{
    vkyc_request_free(check_request(L));
    return 0;
}

void lvkyc_open_request(lua_State *L)
{
    static const luaL_Reg functions[] = {{"request", request_new}, {"raw_request", request_raw}, {"check", request_check}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"header", request_header},
                                       {"basic", request_basic},
                                       {"form", request_form},
                                       {"clear_headers", request_clear_headers},
                                       {"size", request_size},
                                       {"export", request_export},
                                       {"clear", request_clear},
                                       {"close", request_close},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", request_close}, {NULL, NULL}};
    lvkyc_metatable(L, LVKYC_REQUEST, methods, metamethods);
    lvkyc_register(L, functions);
}
