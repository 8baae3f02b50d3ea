/* vkyc_preload in a state whose package.path and package.cpath are empty, and with every allocation of it refused in turn.
 *
 *     preload_test MODULE...        the modules that must be there; prints "preload: N passed, N failed"
 *
 * Built as any program is that links the static library, for the Lua that this was made for. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <vkyc.h>

#include "../core/check.h"

/* Growing allocations until all fail; negative: none fails. */
struct quota {
    long left;
    size_t live;
};

static void *allocate(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct quota *q = ud;
    size_t old = ptr != NULL ? old_size : 0;
    if (new_size == 0) {
        free(ptr);
        q->live -= old;
        return NULL;
    }
    if (new_size > old && q->left >= 0) {
        if (q->left == 0) {
            return NULL;
        }
        q->left--;
    }
    void *p = realloc(ptr, new_size);
    if (p != NULL) {
        q->live = q->live - old + new_size;
    }
    return p;
}

static int open_libraries(lua_State *L)
{
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "path");
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "cpath");
    return 0;
}

static lua_State *new_state(struct quota *q)
{
    *q = (struct quota){-1, 0};
    lua_State *L = lua_newstate(allocate, q);
    CHECK(L != NULL);
    if (L != NULL) {
        lua_pushcfunction(L, open_libraries);
        CHECK(lua_pcall(L, 0, 0, 0) == 0);
    }
    return L;
}

/* 1 when the text runs; what it raised is printed otherwise. */
static int runs(lua_State *L, const char *text)
{
    int good = luaL_loadstring(L, text) == 0 && lua_pcall(L, 0, 0, 0) == 0;
    if (!good) {
        printf("%s\n", lua_tostring(L, -1));
    }
    lua_settop(L, 0);
    return good;
}

static void test_stack(void)
{
    struct quota q;
    lua_State *L = new_state(&q);
    lua_settop(L, 0);
    lua_pushliteral(L, "mine");
    CHECK(vkyc_preload(L) == 0 && lua_gettop(L) == 1);
    CHECK(vkyc_preload(L) == 0 && lua_gettop(L) == 1); /* again */
    CHECK(strcmp(lua_tostring(L, 1), "mine") == 0);
    lua_settop(L, 0);
    lua_pushcfunction(L, vkyc_preload);
    CHECK(lua_pcall(L, 0, 0, 0) == 0 && lua_gettop(L) == 0);
    CHECK(runs(L, "assert(next(package.loaded.package.preload) and not package.loaded.vkyc)")); /* nothing was loaded */
    lua_close(L);
    CHECK(q.live == 0);
}

/* In a state of its own, because 5.1 tells a failure only once. Only what lua-cjson is missing for may fail. */
static void test_module(const char *name)
{
    struct quota q;
    lua_State *L = new_state(&q);
    vkyc_preload(L);
    lua_settop(L, 0);
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    int good = lua_pcall(L, 1, 1, 0) == 0;
    const char *error = good ? "" : lua_tostring(L, -1);
    CHECK(good || (error != NULL && strstr(error, "module 'cjson' not found") != NULL));
    if (!good && (error == NULL || strstr(error, "cjson") == NULL)) {
        printf("%s: %s\n", name, error != NULL ? error : "an error that is no text");
    }
    lua_close(L);
    CHECK(q.live == 0);
}

static void test_use(void)
{
    struct quota q;
    lua_State *L = new_state(&q);
    vkyc_preload(L);
    lua_settop(L, 0);
    CHECK(runs(L, "local vkyc = require 'vkyc' assert(debug.getinfo(vkyc.new, 'S').source == '@vkyc.lua')"));
    CHECK(runs(L, "local vkyc = require 'vkyc' assert(require 'vkyc.core'._VERSION == vkyc._VERSION)\n"
                  "local client = assert(vkyc.new { provider = 'enkash', environment = 'uat', base_url = 'https://127.0.0.1:1',\n"
                  "  token_url = 'https://127.0.0.1:1/token', client_id = 'i', client_secret = 's', username = 'u', password = 'p',\n"
                  "  partner_id = 'a', company_id = 'b', card_account_id = 'c', connect_timeout_s = 1, max_attempts = 1 })\n"
                  "local _, err = client:status { enKashCardId = 'EK1' }\n" /* the provider, the client, libcurl */
                  "assert(err.kind == 'connect', tostring(err))\n"
                  "client:close()"));
    lua_close(L);
    CHECK(q.live == 0);
}

static void test_no_package(void)
{
    struct quota q = {-1, 0};
    lua_State *L = lua_newstate(allocate, &q);
    lua_pushcfunction(L, vkyc_preload);
    CHECK(lua_pcall(L, 0, 0, 0) != 0 && strstr(lua_tostring(L, -1), "open the library package first") != NULL);
    lua_close(L);
}

/* The N-th allocation and all after it refused, until it works: an error each time, and afterwards the state works. */
static void test_memory(void)
{
    long n = 0;
    for (int done = 0; !done && n < 10000; n++) {
        struct quota q;
        lua_State *L = new_state(&q);
        lua_settop(L, 0);
        lua_pushcfunction(L, vkyc_preload);
        q.left = n;
        int status = lua_pcall(L, 0, 0, 0);
        done = status == 0;
        q.left = -1;
        CHECK(done || (status == LUA_ERRMEM && strstr(lua_tostring(L, -1), "memory") != NULL));
        lua_settop(L, 0);
        CHECK(vkyc_preload(L) == 0);
        CHECK(runs(L, "require 'vkyc'"));
        lua_close(L);
        CHECK(q.live == 0);
    }
    CHECK(n > 50 && n < 10000);
}

int main(int argc, char **argv)
{
    test_stack();
    CHECK(argc > 40);
    for (int i = 1; i < argc; i++) {
        test_module(argv[i]);
    }
    test_use();
    test_no_package();
    test_memory();
    return check_done("preload");
}
