/* Fault L01: the N-th allocation of the Lua state fails, and every one after it, for N = 0, 1, 2 … until the whole script runs.
 * Each time: an error and no signal, the same state works again once there is memory, and nothing is left when it is closed.
 *
 *     alloc_torture 'BUILD/lib/?.so'      prints "alloc_torture: N passed, N failed"
 *
 * Links with the Lua that the module was built for. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if LUA_VERSION_NUM < 502
#define LOADED "jit.off() jit.flush()"
#else
#define LOADED ""
#endif

/* The main paths: loading, schemas good and bad, requests good and bad, headers, answers good and bad. */
static const char SCRIPT[] =
    "local core = require 'vkyc.core'\n"
    "local function fields()\n"
    "  return {\n"
    "    { name = 'user_id', type = 'id', required = true },\n"
    "    { name = 'card', type = 'string', also = { 'Card', 'kard' }, sensitive = true },\n"
    "    { name = 'modes', type = 'array', min = 1, items = { type = 'enum', values = { 'SMS', 'WHATSAPP' } } },\n"
    "    { name = 'questions', type = 'array', sequence = 'order', items = { type = 'object', fields = {\n"
    "      { name = 'order', type = 'int', required = true }, { name = 'answer', type = 'string', sensitive = true } } } },\n"
    "    { name = 'ref', type = 'int64', strict = true }, { name = 'amount', type = 'number' }, { name = 'model', type = 'enum_model' },\n"
    "    { name = 'more', type = 'object' }, { name = 'free', type = 'any' },\n"
    "  }\n"
    "end\n"
    "local schema = assert(core.schema(fields()))\n"
    "local bad, faults = core.schema { { name = 'x', type = 'y', z = 1 }, { name = '', type = 'enum' }, 5 }\n"
    "assert(bad == nil and #faults == 5)\n"
    "local params = { user_id = 'U1', Card = 'C1', modes = { 'SMS' }, questions = { { order = 2 }, { order = 1, answer = '\\\"x\\\"' } },\n"
    "  ref = '8901234567890123458', amount = 0.1, model = { name = 'M' }, more = { a = core.array {} }, free = { 1, { b = core.null } } }\n"
    "local request = assert(core.request('POST', 'https://api.example.com', '/a/{user_id}', schema, params, { e = { 1 } }))\n"
    "assert(request:header('x-id', 'id', 'Bearer '))\n"
    "assert(request:basic('user', core.secret('password')))\n"
    "local out = request:export()\n"
    "assert(out.url == 'https://api.example.com/a/U1' and #out.body == request:size())\n"
    "local none, violations = core.request('GET', 'https://api.example.com', '/a', schema,\n"
    "  { user_id = 'a b', userid = 1, modes = 5, ref = 1.5, card = 'x', Card = 'y' }, { user_id = 1, [5] = 6 })\n"
    "assert(none == nil and #violations >= 6)\n"
    "assert(core.raw_request('POST', 'https://api.example.com', '/x', { q = 'a b' }, { b = { 1, 2 } }))\n"
    "assert(#schema:sensitive(params) == 2 and schema:suggest('userid') == 'user_id' and #schema:names() == 9)\n"
    "local long = '\\\\u00e9'\n"
    "for _ = 1, 8 do long = long .. long end\n" /* string.rep of 5.4 does not survive a failure itself */
    "local response = core.response()\n"
    "assert(response:fill(200, { ['X-A'] = { '1', '2' }, B = 'c' }, "
    "'{\"user_id\":\"U1\",\"ref\":8901234567890123458,\"amount\":1e-7,\"modes\":[],'\n"
    "  .. '\"questions\":[{\"order\":1}],\"k\\\\u0065y\":[[],{},12345678901234567890],\"card\":5,\"free\":\"' .. long .. "
    "'\"}'))\n"
    "local result, mismatches = schema:decode(response)\n"
    "assert(result.ref == '8901234567890123458' and mismatches[1] == 'card' and #result.free == 512)\n"
    "assert(response:headers().b == 'c' and response:header('x-a') == '1')\n"
    "local nothing, failure = schema:decode('{\"ref\":true}')\n"
    "assert(nothing == nil and failure.path == 'ref')\n"
    "nothing, failure = schema:decode('{\"ref\":')\n"
    "assert(nothing == nil and failure.kind == 'decode')\n"
    "nothing, failure = schema:decode('[]')\n"
    "assert(nothing == nil and failure.kind == 'schema')\n"
    "nothing, failure = response:fill(999)\n"
    "assert(nothing == nil and failure.kind == 'protocol')\n";

struct quota {
    size_t live; /* bytes */
    long left;   /* growing allocations before all fail; negative: none fails */
    int refused;
};

static void *allocate(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct quota *q = ud;
    size_t old = ptr != NULL ? old_size : 0;
    if (new_size == 0) {
        q->live -= old;
        free(ptr);
        return NULL;
    }
    if (new_size > old && q->left >= 0) {
        if (q->left == 0) {
            q->refused = 1;
            return NULL;
        }
        q->left--;
    }
    void *p = realloc(ptr, new_size);
    if (p != NULL) {
        q->live += new_size - old;
    }
    return p;
}

/* Runs the script whose function is at the top of the stack, and leaves it there. Returns 1 on success; `wrong` tells of an error that is
 * not the one of memory. */
static int run(lua_State *L, int *wrong)
{
    lua_pushvalue(L, -1);
    if (lua_pcall(L, 0, 0, 0) == 0) {
        return 1;
    }
    const char *text = lua_tostring(L, -1);
    *wrong = text == NULL || strstr(text, "not enough memory") == NULL;
    if (*wrong) {
        printf("not ok: %s\n", text == NULL ? "an error that is no text" : text);
    }
    lua_pop(L, 1);
    return 0;
}

/* Returns 1 when the script ran to its end with n allocations. */
static int torture(long n, const char *cpath, int *failed)
{
    struct quota q = {0, -1, 0};
    lua_State *L = lua_newstate(allocate, &q);
    if (L == NULL) {
        (*failed)++;
        return 1;
    }
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_pushstring(L, cpath);
    lua_setfield(L, -2, "cpath");
    lua_pop(L, 1);
    if (luaL_dostring(L, LOADED) != 0 || luaL_loadbuffer(L, SCRIPT, sizeof SCRIPT - 1, "=torture") != 0) {
        printf("not ok: %s\n", lua_tostring(L, -1));
        (*failed)++;
        lua_close(L);
        return 1;
    }
    int wrong = 0;
    q.left = n;
    int done = run(L, &wrong);
    q.left = -1;
    done = done && !q.refused;
    /* 5.1 remembers that loading began, and would call the second try a loop. */
    if (luaL_dostring(L, "package.loaded['vkyc.core'] = nil") != 0 || (!wrong && !run(L, &wrong))) {
        printf("not ok: after failure %ld the state did not recover\n", n);
        wrong = 1;
    }
    lua_close(L);
    if (q.live != 0) {
        printf("not ok: after failure %ld %zu bytes are left\n", n, q.live);
        wrong = 1;
    }
    *failed += wrong;
    return done;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        printf("usage: alloc_torture 'LIB/?.so' [first]\n");
        return 2;
    }
    int failed = 0;
    long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    while (n < 100000 && failed < 10 && !torture(n, argv[1], &failed)) {
        n++;
    }
    printf("alloc_torture: %ld passed, %d failed\n", n + 1 - failed, failed);
    return failed > 0 || n < 100 || n == 100000;
}
