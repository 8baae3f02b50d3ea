/* core.webhook_key and its neighbours: signatures of deliveries. */
#include <string.h>

#include "../core/webhook.h"
#include "binding.h"

#define WEBHOOK_KEY "vkyc.WebhookKey"

static struct vkyc_webhook_key *check_key(lua_State *L)
{
    struct vkyc_webhook_key *k = lvkyc_test(L, 1, WEBHOOK_KEY);
    if (k == NULL) {
        luaL_argerror(L, 1, "webhook key expected");
    }
    return k;
}

/* Strings only: a number as text is not what a provider signed. */
static const char *check_text(lua_State *L, int index, size_t *size)
{
    luaL_checktype(L, index, LUA_TSTRING);
    return lua_tolstring(L, index, size);
}

/* core.webhook_key(secret_or_text) -> WebhookKey | nil, "empty" | "closed" | "crypto". It keeps what it needs of the secret: after a
 * rotation (see secret:generation) make another. */
static int webhook_key(lua_State *L)
{
    size_t size = 0;
    const char *text = lvkyc_tobytes(L, 1, &size);
    if (text == NULL) {
        luaL_argcheck(L, lvkyc_test(L, 1, LVKYC_SECRET) != NULL, 1, "string or secret expected");
        lua_pushnil(L);
        lua_pushliteral(L, "closed");
        return 2;
    }
    struct vkyc_webhook_key *k = lvkyc_newuserdata(L, sizeof *k);
    memset(k, 0, sizeof *k);
    luaL_getmetatable(L, WEBHOOK_KEY);
    lua_setmetatable(L, -2);
    enum vkyc_status status = vkyc_webhook_key_set(k, text, size);
    if (status != VKYC_OK) {
        lua_pushnil(L);
        lua_pushstring(L, status == VKYC_ERR_RANGE ? "empty" : "crypto");
        return 2;
    }
    return 1;
}

/* key:sign(timestamp, body) -> text | nil, "closed" | "crypto" */
static int key_sign(lua_State *L)
{
    const struct vkyc_webhook_key *k = check_key(L);
    size_t timestamp_size;
    size_t body_size;
    const char *timestamp = check_text(L, 2, &timestamp_size);
    const char *body = check_text(L, 3, &body_size);
    char signature[VKYC_WEBHOOK_SIGNATURE_SIZE];
    if (vkyc_webhook_sign(k, timestamp, timestamp_size, body, body_size, signature) != VKYC_OK) {
        lua_pushnil(L);
        lua_pushstring(L, k->context == NULL ? "closed" : "crypto");
        return 2;
    }
    lua_pushlstring(L, signature, sizeof signature);
    return 1;
}

static int key_close(lua_State *L)
{
    vkyc_webhook_key_free(check_key(L));
    return 0;
}

/* core.sha256(text) -> lower-case hexadecimal text */
static int sha256(lua_State *L)
{
    size_t size;
    const char *text = check_text(L, 1, &size);
    char hex[64];
    if (vkyc_sha256_hex(text, size, hex) != VKYC_OK) {
        return luaL_error(L, "SHA-256 is not available");
    }
    lua_pushlstring(L, hex, sizeof hex);
    return 1;
}

void lvkyc_open_webhook(lua_State *L)
{
    static const luaL_Reg methods[] = {{"sign", key_sign}, {"close", key_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", key_close}, {"__close", key_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"webhook_key", webhook_key}, {"sha256", sha256}, {NULL, NULL}};
    lvkyc_metatable(L, WEBHOOK_KEY, methods, metamethods);
    lvkyc_register(L, functions);
}
