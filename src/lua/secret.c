/* core.secret, core.secret_env, core.secret_file: texts that Lua can hand on but not read. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"

/* What stands behind the userdata; a struct vkyc_secret first, because others see only that. */
struct lvkyc_secret {
    struct vkyc_secret secret;
    int from_file;
    char path[]; /* of a file secret */
};

const char *lvkyc_tobytes(lua_State *L, int index, size_t *size)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        return lua_tolstring(L, index, size);
    }
    const struct vkyc_secret *s = lvkyc_test(L, index, LVKYC_SECRET);
    if (s == NULL || s->bytes == NULL) {
        return NULL;
    }
    *size = s->size;
    return s->bytes;
}

static struct lvkyc_secret *check_secret(lua_State *L)
{
    struct lvkyc_secret *s = lvkyc_test(L, 1, LVKYC_SECRET);
    if (s == NULL) {
        luaL_argerror(L, 1, "secret expected");
    }
    return s;
}

/* A string without NUL, because the system would read it only up to there. */
static const char *check_name(lua_State *L, int index)
{
    size_t size;
    luaL_checktype(L, index, LUA_TSTRING);
    const char *name = lua_tolstring(L, index, &size);
    luaL_argcheck(L, size > 0 && strlen(name) == size, index, "must not be empty or hold a NUL byte");
    return name;
}

/* A secret without a value at the top of the stack. */
static struct lvkyc_secret *new_secret(lua_State *L, const char *path)
{
    size_t path_size = path != NULL ? strlen(path) + 1 : 0;
    struct lvkyc_secret *s = lvkyc_newuserdata(L, sizeof *s + path_size);
    memset(s, 0, sizeof *s);
    if (path != NULL) {
        memcpy(s->path, path, path_size);
        s->from_file = 1;
    }
    luaL_getmetatable(L, LVKYC_SECRET);
    lua_setmetatable(L, -2);
    return s;
}

static int push_reason(lua_State *L, enum vkyc_status status)
{
    const char *reason = "unreadable";
    if (status == VKYC_ERR_MEMORY) {
        return luaL_error(L, "not enough memory");
    }
    if (status == VKYC_ERR_RANGE) {
        reason = "empty";
    } else if (status == VKYC_ERR_LIMIT) {
        reason = "too_large";
    } else if (errno == ENOENT || errno == ENOTDIR) {
        reason = "missing";
    }
    lua_pushnil(L);
    lua_pushstring(L, reason);
    return 2;
}

/* core.secret(text) -> Secret | nil, "empty" | "too_large" */
static int secret_text(lua_State *L)
{
    size_t size;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tolstring(L, 1, &size);
    enum vkyc_status status = vkyc_secret_set(&new_secret(L, NULL)->secret, text, size);
    return status == VKYC_OK ? 1 : push_reason(L, status);
}

/* core.secret_env(name) -> Secret | nil, "missing" | "empty" | "too_large"; the value never becomes a Lua string */
static int secret_env(lua_State *L)
{
    const char *name = check_name(L, 1);
    struct lvkyc_secret *s = new_secret(L, NULL);
    const char *value = getenv(name);
    if (value == NULL) {
        lua_pushnil(L);
        lua_pushliteral(L, "missing");
        return 2;
    }
    enum vkyc_status status = vkyc_secret_set(&s->secret, value, strlen(value));
    return status == VKYC_OK ? 1 : push_reason(L, status);
}

/* core.secret_file(path) -> Secret | nil, "missing" | "unreadable" | "empty" | "too_large". One line end at the end of the file
 * is not part of the secret. */
static int secret_file(lua_State *L)
{
    const char *path = check_name(L, 1);
    enum vkyc_status status = vkyc_secret_load(&new_secret(L, path)->secret, path);
    return status == VKYC_OK ? 1 : push_reason(L, status);
}

/* secret:replace(text_or_secret) -> true | nil, "empty" | "too_large"; sets the value for all holders, a closed one's too */
static int secret_replace(lua_State *L)
{
    struct lvkyc_secret *s = check_secret(L);
    size_t size = 0;
    const char *text = lvkyc_tobytes(L, 2, &size);
    if (text == NULL) {
        return luaL_error(L, "vkyc: secret:replace takes the new value, a string or an open secret");
    }
    enum vkyc_status status = vkyc_secret_set(&s->secret, text, size);
    if (status != VKYC_OK) {
        return push_reason(L, status);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* secret:reload() -> true | nil, reason of secret_file, or "closed". Reads the file of a file secret again; what cannot be read leaves the
 * old value, and an unchanged file leaves the generation. Others: true, and nothing happens. */
static int secret_reload(lua_State *L)
{
    struct lvkyc_secret *s = check_secret(L);
    if (s->secret.bytes == NULL) {
        lua_pushnil(L);
        lua_pushliteral(L, "closed");
        return 2;
    }
    if (s->from_file) {
        enum vkyc_status status = vkyc_secret_load(&s->secret, s->path);
        if (status != VKYC_OK) {
            return push_reason(L, status);
        }
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* secret:generation() -> integer; it grows with every new value */
static int secret_generation(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_secret(L)->secret.generation);
    return 1;
}

/* secret:equals(text_or_secret) -> boolean, in a time that tells the length at most */
static int secret_equals(lua_State *L)
{
    const struct vkyc_secret *s = &check_secret(L)->secret;
    size_t size = 0;
    const char *other = lvkyc_tobytes(L, 2, &size);
    lua_pushboolean(L, other != NULL && s->bytes != NULL && s->size == size && CRYPTO_memcmp(s->bytes, other, size) == 0);
    return 1;
}

/* secret:close(): wipes the value */
static int secret_close(lua_State *L)
{
    vkyc_secret_clear(&check_secret(L)->secret);
    return 0;
}

static int secret_tostring(lua_State *L)
{
    lua_pushliteral(L, "[REDACTED]");
    return 1;
}

/* Pushes what an operand of .. looks like. */
static void push_operand(lua_State *L, int index)
{
    int type = lua_type(L, index);
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        lua_pushvalue(L, index);
    } else if (lvkyc_test(L, index, LVKYC_SECRET) != NULL) {
        secret_tostring(L);
    } else if (!luaL_callmeta(L, index, "__tostring") || !lua_isstring(L, -1)) {
        luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, index));
    }
}

static int secret_concat(lua_State *L)
{
    push_operand(L, 1);
    push_operand(L, 2);
    lua_concat(L, 2);
    return 1;
}

void lvkyc_open_secret(lua_State *L)
{
    static const luaL_Reg methods[] = {{"replace", secret_replace}, {"reload", secret_reload}, {"generation", secret_generation},
                                       {"equals", secret_equals},   {"close", secret_close},   {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", secret_close}, {"__close", secret_close}, {"__tostring", secret_tostring}, {"__concat", secret_concat}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"secret", secret_text}, {"secret_env", secret_env}, {"secret_file", secret_file}, {NULL, NULL}};
    lvkyc_metatable(L, LVKYC_SECRET, methods, metamethods);
    lvkyc_register(L, functions);
}
