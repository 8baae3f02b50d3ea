/* core.http(request): one exchange of HTTP/1.1 for hosts that move the bytes themselves; and the reasons of a refused certificate. */
#include <string.h>

#include "../core/certificate.h"
#include "../core/http_read.h"
#include "../core/http_write.h"
#include "binding.h"

#define HTTP "vkyc.Http"

struct http {
    struct vkyc_http_read read;
    struct vkyc_buffer out; /* the request's bytes, until they are a string: here, because making one may raise */
};

static struct http *check_http(lua_State *L)
{
    return lvkyc_self(L, "http");
}

static struct vkyc_response *check_response(lua_State *L)
{
    struct vkyc_response *r = lvkyc_test(L, 2, LVKYC_RESPONSE);
    if (r == NULL) {
        luaL_argerror(L, 2, "response expected");
    }
    return r;
}

/* core.http(request [, spare]) -> http, bytes, host, port, https | nil, failure
 *
 * `bytes` is the whole message and holds the request's secrets; `host` has no brackets. spare is an http that nobody needs any more: it is
 * used again. */
static int http_new(lua_State *L)
{
    const struct vkyc_request *request = lvkyc_test(L, 1, LVKYC_REQUEST);
    if (request == NULL) {
        return luaL_argerror(L, 1, "request expected");
    }
    size_t limit = VKYC_MAX_URL + VKYC_MAX_HEADER_BYTES + 256 + request->body.limit;
    struct http *h = lvkyc_test(L, 2, HTTP);
    if (h != NULL) {
        vkyc_http_read_free(&h->read);
        vkyc_buffer_free(&h->out);
        lua_pushvalue(L, 2);
    } else {
        h = lvkyc_newuserdata(L, sizeof *h);
        memset(h, 0, sizeof *h);
        luaL_getmetatable(L, HTTP);
        lua_setmetatable(L, -2);
    }
    vkyc_buffer_init(&h->out, limit, vkyc_alloc_malloc, NULL);
    vkyc_http_read_init(&h->read, strcmp(request->method, "HEAD") == 0, vkyc_alloc_malloc, NULL);
    struct vkyc_http_target target;
    enum vkyc_status status = vkyc_http_target_read(request->url.data, request->url.size, &target);
    if (status == VKYC_OK) {
        status = vkyc_http_write(&h->out, request, &target);
    }
    if (status == VKYC_OK) {
        lua_pushlstring(L, h->out.data, h->out.size);
        vkyc_buffer_free(&h->out); /* with hundreds of calls in flight, memory that waits is what makes each dearer */
        lua_pushlstring(L, target.host, target.host_size);
        lua_pushinteger(L, (lua_Integer)target.port);
        lua_pushboolean(L, target.https);
        return 5;
    }
    static const struct vkyc_failure no_memory = {"memory", NULL, "There is no memory for the request.", 0};
    static const struct vkyc_failure bad_url = {"config", NULL, "The URL is malformed or holds a user's name.", 0};
    return lvkyc_push_failure(L, status == VKYC_ERR_SYNTAX ? &bad_url : &no_memory);
}

static int push_result(lua_State *L, struct http *h, const struct vkyc_response *response, enum vkyc_http_result result)
{
    struct vkyc_failure failure;
    switch (result) {
    case VKYC_HTTP_MORE:
        lua_pushboolean(L, 0);
        return 1;
    case VKYC_HTTP_DONE:
        lua_pushinteger(L, response->head.status);
        lua_pushboolean(L, vkyc_http_read_reusable(&h->read, response));
        vkyc_http_read_free(&h->read);
        return 2;
    default:
        vkyc_http_read_explain(&h->read, response, &failure);
        vkyc_http_read_free(&h->read);
        return lvkyc_push_failure(L, &failure);
    }
}

/* http:feed(response, bytes) -> status, reusable | false when more must come | nil, failure. The same response at each call.
 *
 * reusable: whether the connection may carry another request. */
static int http_feed(lua_State *L)
{
    struct http *h = check_http(L);
    struct vkyc_response *response = check_response(L);
    size_t size;
    const char *bytes = luaL_checklstring(L, 3, &size);
    return push_result(L, h, response, vkyc_http_read_feed(&h->read, response, bytes, size));
}

/* http:finish(response) -> status, false | nil, failure. The server closed the connection. */
static int http_finish(lua_State *L)
{
    struct http *h = check_http(L);
    struct vkyc_response *response = check_response(L);
    return push_result(L, h, response, vkyc_http_read_end(&h->read));
}

static int http_close(lua_State *L)
{
    struct http *h = check_http(L);
    vkyc_http_read_free(&h->read);
    vkyc_buffer_free(&h->out);
    return 0;
}

/* core.certificate_reason(code of X509_verify_cert) -> sentence; 0 is another host's certificate */
static int certificate_reason(lua_State *L)
{
    lua_pushstring(L, vkyc_certificate_reason((long)luaL_checkinteger(L, 1)));
    return 1;
}

void lvkyc_open_http(lua_State *L)
{
    static const luaL_Reg functions[] = {{"http", http_new}, {"certificate_reason", certificate_reason}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"feed", http_feed}, {"finish", http_finish}, {"close", http_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", http_close}, {NULL, NULL}};
    lvkyc_metatable(L, HTTP, methods, metamethods);
    lvkyc_register(L, functions);
}
