/* vkyc.curl: requests over connections that libcurl makes, on the calling thread; curl_loop.c has those on a background thread. */
#include <string.h>

#include "../curl/handle.h"
#include "curl_binding.h"

#define HANDLE "vkyc.CurlHandle"

/* A day; nothing waits longer, and every millisecond count fits a long of 32 bits. */
#define MAX_SECONDS 86400.0

static const struct {
    const char *name;
    enum vkyc_curl_text text;
} text_options[] = {
    {"ca_file", VKYC_CURL_CA_FILE},       {"crl_file", VKYC_CURL_CRL_FILE}, {"client_cert", VKYC_CURL_CLIENT_CERT},
    {"client_key", VKYC_CURL_CLIENT_KEY}, {"proxy", VKYC_CURL_PROXY},
};

void lvkyc_curl_identity(lua_State *L, int index, struct vkyc_curl_identity *id)
{
    for (size_t i = 0; i < sizeof text_options / sizeof text_options[0]; i++) {
        const char *name = text_options[i].name;
        lua_getfield(L, index, name);
        if (!lua_isnil(L, -1)) {
            if (lua_type(L, -1) != LUA_TSTRING) {
                luaL_error(L, "%s must be a string, not a %s", name, luaL_typename(L, -1));
            }
            size_t size = 0;
            const char *text = lua_tolstring(L, -1, &size);
            enum vkyc_status status = vkyc_curl_identity_set(id, text_options[i].text, text, size);
            if (status == VKYC_ERR_MEMORY) {
                luaL_error(L, "not enough memory");
            } else if (status != VKYC_OK) {
                luaL_error(L, "%s is empty or holds a NUL byte", name);
            }
        }
        lua_pop(L, 1);
    }
    lua_getfield(L, index, "allow_http");
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) {
        luaL_error(L, "allow_http must be a boolean, not a %s", luaL_typename(L, -1));
    }
    /* As a client's options have it, whose URLs were checked: http is only for loopback. */
    lua_getfield(L, index, "allow_http_loopback");
    id->allow_http = lua_toboolean(L, -1) || lua_toboolean(L, -2);
    lua_pop(L, 2);
}

/* curl.new(options): ca_file, crl_file, client_cert, client_key, proxy (strings), allow_http (boolean). The handle, or nil and a failure.
 */
static int curl_new(lua_State *L)
{
    struct vkyc_failure failure;
    luaL_checktype(L, 1, LUA_TTABLE);
    struct vkyc_curl_handle *h = lvkyc_newuserdata(L, sizeof *h);
    memset(h, 0, sizeof *h);
    luaL_getmetatable(L, HANDLE);
    lua_setmetatable(L, -2);
    lvkyc_curl_identity(L, 1, &h->identity);
    if (!vkyc_curl_handle_open(h, &failure)) {
        vkyc_curl_handle_close(h);
        return lvkyc_push_failure(L, &failure);
    }
    return 1;
}

static struct vkyc_curl_handle *check_handle(lua_State *L)
{
    struct vkyc_curl_handle *h = lvkyc_test(L, 1, HANDLE);
    if (h == NULL) {
        luaL_argerror(L, 1, HANDLE " expected");
    }
    return h;
}

void *lvkyc_curl_message(lua_State *L, int index, const char *name)
{
    void *message = lvkyc_test(L, index, name);
    if (message == NULL) {
        luaL_argerror(L, index, lua_pushfstring(L, "%s expected", name));
    }
    return message;
}

long lvkyc_curl_milliseconds(lua_State *L, int index)
{
    lua_Number seconds = luaL_checknumber(L, index);
    luaL_argcheck(L, seconds == seconds, index, "not a number of seconds");
    if (seconds <= 0) {
        return 0;
    }
    return (long)((seconds < MAX_SECONDS ? seconds : MAX_SECONDS) * 1000.0);
}

/* handle:perform(request, response, timeout_s, connect_timeout_s, max_idle_s or nil). The HTTP status, or nil and a failure:
 * { kind =, phase =, reason =, sent = }. */
static int handle_perform(lua_State *L)
{
    struct vkyc_curl_handle *h = check_handle(L);
    const struct vkyc_request *request = lvkyc_curl_message(L, 2, LVKYC_REQUEST);
    struct vkyc_response *response = lvkyc_curl_message(L, 3, LVKYC_RESPONSE);
    struct vkyc_curl_limits limits;
    struct vkyc_failure failure;
    limits.timeout = lvkyc_curl_milliseconds(L, 4);
    limits.connect_timeout = lvkyc_curl_milliseconds(L, 5);
    limits.max_idle = lua_isnoneornil(L, 6) ? -1 : lvkyc_curl_milliseconds(L, 6);
    int status = vkyc_curl_handle_perform(h, request, response, &limits, &failure);
    if (status == 0) {
        return lvkyc_push_failure(L, &failure);
    }
    lua_pushinteger(L, status);
    return 1;
}

/* Also __gc and __close. */
static int handle_close(lua_State *L)
{
    vkyc_curl_handle_close(check_handle(L));
    return 0;
}

static int handle_tostring(lua_State *L)
{
    lua_pushstring(L, check_handle(L)->open ? HANDLE : HANDLE " (closed)");
    return 1;
}

/* Two builds side by side would disagree on the layout of what they share. */
static void check_version(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "vkyc.core");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "_VERSION");
    const char *version = lua_tostring(L, -1);
    if (version == NULL || strcmp(version, VKYC_VERSION) != 0) {
        luaL_error(L, "vkyc.curl is of version %s but vkyc.core of version %s: install both from one build", VKYC_VERSION,
                   version != NULL ? version : "(none)");
    }
    lua_pop(L, 2);
}

LVKYC_EXPORT int luaopen_vkyc_curl(lua_State *L);
LVKYC_EXPORT int luaopen_vkyc_curl(lua_State *L)
{
    static const luaL_Reg functions[] = {{"new", curl_new}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"perform", handle_perform}, {"close", handle_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", handle_close}, {"__close", handle_close}, {"__tostring", handle_tostring}, {NULL, NULL}};
    check_version(L);
    lvkyc_metatable(L, HANDLE, methods, metamethods);
    lua_createtable(L, 0, 2);
    lvkyc_register(L, functions);
    lvkyc_open_curl_loop(L);
    lua_pushliteral(L, VKYC_VERSION);
    lua_setfield(L, -2, "_VERSION");
    return 1;
}
