/* core.rsa_key_file: public keys of providers; and why a file of keys or certificates will not do. */
#include <errno.h>
#include <string.h>

#include "../core/rsa_oaep.h"
#include "binding.h"

#define RSA_KEY "vkyc.RsaKey"

/* The buffer belongs to the userdata: pushing the result may raise. */
struct lvkyc_rsa_key {
    struct vkyc_rsa_key key;
    struct vkyc_buffer out;
};

static struct lvkyc_rsa_key *check_key(lua_State *L)
{
    struct lvkyc_rsa_key *k = lvkyc_test(L, 1, RSA_KEY);
    if (k == NULL) {
        luaL_argerror(L, 1, "RSA key expected");
    }
    return k;
}

static const char *check_path(lua_State *L, int index)
{
    size_t size;
    luaL_checktype(L, index, LUA_TSTRING);
    const char *path = lua_tolstring(L, index, &size);
    luaL_argcheck(L, size > 0 && strlen(path) == size, index, "must not be empty or hold a NUL byte");
    return path;
}

static int push_failure(lua_State *L, const char *sentence)
{
    lua_pushnil(L);
    lua_pushstring(L, sentence);
    return 2;
}

/* Why a file was not read: errno, without the path. */
static const char *file_failure(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return "the file does not exist";
    case EACCES:
    case EPERM:
        return "the file may not be read";
    case EISDIR:
    case EINVAL:
        return "this is not a regular file";
    default:
        return "the file cannot be read";
    }
}

static struct lvkyc_rsa_key *new_key(lua_State *L)
{
    struct lvkyc_rsa_key *k = lvkyc_newuserdata(L, sizeof *k);
    memset(k, 0, sizeof *k);
    vkyc_buffer_init(&k->out, VKYC_MAX_BODY, vkyc_alloc_malloc, NULL);
    luaL_getmetatable(L, RSA_KEY);
    lua_setmetatable(L, -2);
    return k;
}

static int loaded_key(lua_State *L, enum vkyc_status status)
{
    switch (status) {
    case VKYC_OK:
        return 1;
    case VKYC_ERR_SYSTEM:
        return push_failure(L, file_failure());
    case VKYC_ERR_RANGE:
        return push_failure(L, "the key is not an RSA key of 2048 to 16384 bits");
    case VKYC_ERR_LIMIT:
        return push_failure(L, "this is larger than any key: over 64 KiB");
    case VKYC_ERR_MEMORY:
        return push_failure(L, "not enough memory");
    default:
        return push_failure(L, "this is not a public key in PEM form (BEGIN PUBLIC KEY, BEGIN RSA PUBLIC KEY or BEGIN CERTIFICATE)");
    }
}

/* core.rsa_key_file(path) -> RsaKey | nil, sentence */
static int rsa_key_file(lua_State *L)
{
    const char *path = check_path(L, 1);
    return loaded_key(L, vkyc_rsa_key_load_file(&new_key(L)->key, path));
}

/* key:encrypt(text_or_secret) -> base64 text | nil, sentence */
static int key_encrypt(lua_State *L)
{
    struct lvkyc_rsa_key *k = check_key(L);
    size_t size = 0;
    const char *text = lvkyc_tobytes(L, 2, &size);
    luaL_argcheck(L, text != NULL, 2, "string or open secret expected");
    if (k->key.key == NULL) {
        return push_failure(L, "the key was closed");
    }
    vkyc_buffer_reset(&k->out);
    switch (vkyc_rsa_encrypt(&k->key, text, size, &k->out)) {
    case VKYC_OK:
        lua_pushlstring(L, k->out.data, k->out.size);
        return 1;
    case VKYC_ERR_LIMIT:
        return push_failure(L, "the text is too long for the key");
    case VKYC_ERR_MEMORY:
        return push_failure(L, "not enough memory");
    default:
        return push_failure(L, "the text could not be encrypted with this key");
    }
}

static int key_close(lua_State *L)
{
    struct lvkyc_rsa_key *k = check_key(L);
    vkyc_rsa_key_free(&k->key);
    vkyc_buffer_free(&k->out);
    return 0;
}

const char *lvkyc_file_fault(enum vkyc_status status, const char *nothing)
{
    switch (status) {
    case VKYC_OK:
        return NULL;
    case VKYC_ERR_SYSTEM:
        return file_failure();
    case VKYC_ERR_RANGE:
        return "the file is empty";
    case VKYC_ERR_MEMORY:
        return "not enough memory";
    default:
        return nothing;
    }
}

void lvkyc_open_sign(lua_State *L)
{
    static const luaL_Reg methods[] = {{"encrypt", key_encrypt}, {"close", key_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", key_close}, {"__close", key_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"rsa_key_file", rsa_key_file}, {NULL, NULL}};
    lvkyc_metatable(L, RSA_KEY, methods, metamethods);
    lvkyc_register(L, functions);
}
