/* core.webhook_verifier: which deliveries are authentic, and which event each is of. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../core/limits.h"
#include "../core/webhook.h"
#include "binding.h"

#define VERIFIER "vkyc.WebhookVerifier"

enum { MAX_SECRETS = VKYC_MAX_WEBHOOK_SECRETS, HEADER_NAMES = MAX_SECRETS + 1 };

/* Its table keeps what the keys were made of at 1 to MAX_SECRETS, and the names of the headers behind them. */
struct verifier {
    struct vkyc_webhook_key keys[MAX_SECRETS];
    unsigned generations[MAX_SECRETS]; /* of the secrets, when the keys were made */
    struct vkyc_webhook_delivery blank;
    struct vkyc_sha256 hash;
};

static struct verifier *check_verifier(lua_State *L)
{
    struct verifier *v = lvkyc_test(L, 1, VERIFIER);
    if (v == NULL) {
        luaL_argerror(L, 1, "webhook verifier expected");
    }
    return v;
}

/* core.webhook_verifier(webhook) -> verifier. Of a provider's `webhook`: signature_header, timestamp_header, timestamp_unit ("ms" or "s"),
 * attempt_header and version_header or nil. */
static int verifier_new(lua_State *L)
{
    static const char *const headers[VKYC_WEBHOOK_HEADERS] = {"signature_header", "timestamp_header", "attempt_header", "version_header"};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct verifier *v = lvkyc_newuserdata(L, sizeof *v);
    memset(v, 0, sizeof *v);
    luaL_getmetatable(L, VERIFIER);
    lua_setmetatable(L, 2);
    lua_createtable(L, HEADER_NAMES + VKYC_WEBHOOK_HEADERS, 0);
    for (int i = 0; i < VKYC_WEBHOOK_HEADERS; i++) {
        struct vkyc_webhook_header *h = &v->blank.headers[i];
        lua_getfield(L, 1, headers[i]);
        if (lua_type(L, -1) == LUA_TSTRING) {
            h->name = lua_tolstring(L, -1, &h->name_size);
        }
        lua_rawseti(L, 3, HEADER_NAMES + i);
    }
    lvkyc_setuservalue(L, 2);
    luaL_argcheck(L, v->blank.headers[VKYC_WEBHOOK_SIGNATURE].name != NULL && v->blank.headers[VKYC_WEBHOOK_TIMESTAMP].name != NULL, 1,
                  "names of the headers expected");
    lua_getfield(L, 1, "timestamp_unit");
    const char *unit = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    luaL_argcheck(L, strcmp(unit, "ms") == 0 || strcmp(unit, "s") == 0, 1, "timestamp_unit must be ms or s");
    v->blank.units_per_s = unit[0] == 'm' ? 1000 : 1;
    lua_settop(L, 2);
    return 1;
}

/* Makes the key of secret `i`, which is at the top of the stack, unless it is there already. NULL, or what is wrong. */
static const char *renew(lua_State *L, struct verifier *v, int kept, int i)
{
    struct vkyc_webhook_key *key = &v->keys[i - 1];
    const struct vkyc_secret *secret = lvkyc_test(L, -1, LVKYC_SECRET);
    unsigned generation = secret != NULL ? secret->generation : 0;
    size_t size = 0;
    const char *bytes = lvkyc_tobytes(L, -1, &size);
    if (bytes == NULL || size == 0) {
        vkyc_webhook_key_free(key); /* closed: what was made of it must not verify either */
        return bytes != NULL || secret != NULL ? "is empty or closed" : "is neither a string nor a secret";
    }
    lua_rawgeti(L, kept, i);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (same && key->context != NULL && v->generations[i - 1] == generation) {
        return NULL;
    }
    vkyc_webhook_key_free(key); /* before anything that may raise: a key belongs to the secret that is kept */
    lua_pushvalue(L, -1);
    lua_rawseti(L, kept, i);
    v->generations[i - 1] = generation;
    return vkyc_webhook_key_set(key, bytes, size) == VKYC_OK ? NULL : "could not be made a key";
}

/* Brings the keys in line with the array at `list`. Returns how many there are, or 0 with a sentence on the stack. */
static size_t renew_all(lua_State *L, struct verifier *v, int list, int kept)
{
    size_t count = lua_rawlen(L, list);
    if (count == 0 || count > MAX_SECRETS) {
        lua_pushstring(L, count == 0 ? "there is no webhook secret" : "there are more than 16 webhook secrets");
        return 0;
    }
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list, (int)i);
        const char *fault = renew(L, v, kept, (int)i);
        lua_pop(L, 1);
        if (fault != NULL) {
            lua_pushfstring(L, "webhook secret %d %s", (int)i, fault);
            return 0;
        }
    }
    for (size_t i = count; i < MAX_SECRETS; i++) {
        vkyc_webhook_key_free(&v->keys[i]); /* of secrets that are no longer in use */
    }
    return count;
}

/* Takes the value at the top of the stack; a list is a header that came as often as it is long. */
static void add_value(lua_State *L, struct vkyc_webhook_header *h)
{
    size_t times = 1;
    if (lua_istable(L, -1)) {
        times = lua_rawlen(L, -1);
        lua_rawgeti(L, -1, 1);
        lua_replace(L, -2); /* its list keeps it alive */
    }
    h->times += times;
    if (times > 0 && lua_type(L, -1) == LUA_TSTRING) {
        h->value = lua_tolstring(L, -1, &h->size);
    }
}

static void find_headers(lua_State *L, int headers, struct vkyc_webhook_delivery *d)
{
    lua_pushnil(L);
    while (lua_next(L, headers) != 0) {
        size_t size;
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &size) : NULL;
        struct vkyc_webhook_header *h = name != NULL ? vkyc_webhook_header_find(d, name, size) : NULL;
        if (h != NULL) {
            add_value(L, h);
        }
        lua_pop(L, 1);
    }
}

static void push_facts(lua_State *L, const struct vkyc_webhook_delivery *d)
{
    const struct vkyc_webhook_header *attempt = &d->headers[VKYC_WEBHOOK_ATTEMPT];
    const struct vkyc_webhook_header *version = &d->headers[VKYC_WEBHOOK_VERSION];
    int64_t number;
    if (vkyc_webhook_header_fault(attempt) == NULL && attempt->size <= 6 &&
        vkyc_webhook_timestamp(attempt->value, attempt->size, &number) == VKYC_OK) {
        lua_pushinteger(L, (lua_Integer)number);
    } else {
        lua_pushnil(L);
    }
    if (vkyc_webhook_header_fault(version) == NULL) {
        lua_pushlstring(L, version->value, version->size);
    } else {
        lua_pushnil(L);
    }
}

/* verifier:verify(secrets, headers, body, now_s, tolerance_s) -> which secret verified it, attempt | nil, version | nil; or nil, "config" |
 * "header" | "timestamp" | "signature" | "memory", sentence. `secrets` is an array of 1 to 16 strings and secrets, `headers` name -> value
 * in any case, a value an array when a header came more than once. Keys are kept, and made anew for a secret that has another value. */
static int verifier_verify(lua_State *L)
{
    enum { SELF = 1, SECRETS, HEADERS, BODY, NOW, TOLERANCE, KEPT };
    static const char *const reasons[] = {[VKYC_WEBHOOK_BAD_HEADER] = "header",
                                          [VKYC_WEBHOOK_BAD_TIME] = "timestamp",
                                          [VKYC_WEBHOOK_FORGED] = "signature",
                                          [VKYC_WEBHOOK_FAILED] = "memory"};
    struct verifier *v = check_verifier(L);
    luaL_checktype(L, SECRETS, LUA_TTABLE);
    luaL_checktype(L, HEADERS, LUA_TTABLE);
    luaL_checktype(L, BODY, LUA_TSTRING);
    struct vkyc_webhook_delivery d = v->blank;
    d.now_s = luaL_checknumber(L, NOW);
    d.tolerance_s = luaL_checknumber(L, TOLERANCE);
    d.body = lua_tolstring(L, BODY, &d.body_size);
    lua_settop(L, TOLERANCE);
    lvkyc_getuservalue(L, SELF);
    size_t count = renew_all(L, v, SECRETS, KEPT);
    if (count == 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "config");
        lua_pushvalue(L, -3);
        return 3;
    }
    find_headers(L, HEADERS, &d);
    size_t index;
    char why[384];
    enum vkyc_webhook_verdict verdict = vkyc_webhook_judge(&d, v->keys, count, &index, why, sizeof why);
    if (verdict != VKYC_WEBHOOK_AUTHENTIC) {
        lua_pushnil(L);
        lua_pushstring(L, reasons[verdict]);
        lua_pushstring(L, why);
        return 3;
    }
    lua_pushinteger(L, (lua_Integer)index + 1);
    push_facts(L, &d);
    return 3;
}

static void add_text(lua_State *L, int index, struct vkyc_sha256 *hash)
{
    size_t size = 0;
    char digits[32];
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, index, &size);
        vkyc_sha256_add(hash, text, size);
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        int wrote = snprintf(digits, sizeof digits, "%.17g", (double)lua_tonumber(L, index));
        vkyc_sha256_add(hash, digits, wrote > 0 ? (size_t)wrote : 0);
    }
}

static int ends_in(const char *name, size_t size, const char *end)
{
    size_t length = strlen(end);
    return size >= length && strncasecmp(name + size - length, end, length) == 0;
}

/* Whether the string at `name` is the name of a field at `fields`, or ends as those of ids and statuses do. */
static int tells_case(lua_State *L, int name, int fields)
{
    size_t size;
    const char *text = lua_tolstring(L, name, &size);
    int found = ends_in(text, size, "id") || ends_in(text, size, "status");
    int count = lua_istable(L, fields) ? (int)lua_rawlen(L, fields) : 0;
    for (int i = 1; i <= count && !found; i++) {
        lua_rawgeti(L, fields, i);
        lua_getfield(L, -1, "name");
        found = lua_rawequal(L, -1, name);
        lua_pop(L, 2);
    }
    return found;
}

/* Whether the table at `index`, or one inside of it, has a field that tells a case. */
static int has_case(lua_State *L, int index, int fields, int depth)
{
    int top = lua_gettop(L);
    int found = depth > VKYC_MAX_DEPTH;
    luaL_checkstack(L, 8, NULL);
    lua_pushnil(L);
    while (!found && lua_next(L, index) != 0) {
        found = (lua_type(L, top + 1) == LUA_TSTRING && tells_case(L, top + 1, fields)) ||
                (lua_istable(L, top + 2) && has_case(L, top + 2, fields, depth + 1));
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
    return found;
}

/* verifier:event_id(provider, type, time, data, names, body, fields) -> id, test. The id is the same for every delivery of one event:
 * SHA-256 of the first three (text or nil) and of those fields of data, in lines. test is true when data has none of the fields and nothing
 * in the decoded body tells a case: no field of `fields` (the table's webhook.fields, or nil), and no name that ends in id or status. */
static int verifier_event_id(lua_State *L)
{
    enum { PROVIDER = 2, TYPE, TIME, DATA, NAMES, WHOLE, FIELDS };
    struct verifier *v = check_verifier(L);
    luaL_checktype(L, DATA, LUA_TTABLE);
    luaL_checktype(L, NAMES, LUA_TTABLE);
    luaL_checktype(L, WHOLE, LUA_TTABLE);
    lua_settop(L, FIELDS);
    int count = (int)lua_rawlen(L, NAMES);
    int test = 1;
    vkyc_sha256_begin(&v->hash);
    for (int i = PROVIDER; i <= TIME; i++) {
        vkyc_sha256_add(&v->hash, "\n", i > PROVIDER);
        add_text(L, i, &v->hash);
    }
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, NAMES, i);
        lua_rawget(L, DATA);
        test = test && lua_isnil(L, -1);
        vkyc_sha256_add(&v->hash, "\n", 1);
        add_text(L, -1, &v->hash);
        lua_pop(L, 1);
    }
    char hex[64];
    if (vkyc_sha256_end(&v->hash, hex) != VKYC_OK) {
        return luaL_error(L, "SHA-256 is not available");
    }
    lua_pushlstring(L, hex, sizeof hex);
    if (!test || has_case(L, WHOLE, FIELDS, 0)) {
        return 1;
    }
    lua_pushboolean(L, 1);
    return 2;
}

/* verifier:close(): forgets the keys; what they are made of stays its owner's */
static int verifier_close(lua_State *L)
{
    struct verifier *v = check_verifier(L);
    for (size_t i = 0; i < MAX_SECRETS; i++) {
        vkyc_webhook_key_free(&v->keys[i]);
    }
    vkyc_sha256_free(&v->hash);
    return 0;
}

void lvkyc_open_verifier(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"verify", verifier_verify}, {"event_id", verifier_event_id}, {"close", verifier_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", verifier_close}, {"__close", verifier_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"webhook_verifier", verifier_new}, {NULL, NULL}};
    lvkyc_metatable(L, VERIFIER, methods, metamethods);
    lvkyc_register(L, functions);
}
