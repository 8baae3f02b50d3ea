/* curl.engine(): requests sent on a background thread, for hosts that must not wait. lua/vkyc/loop.lua drives it. */
#include <string.h>

#include "../curl/engine.h"
#include "curl_binding.h"

#define ENGINE    "vkyc.CurlEngine"
#define TRANSPORT "vkyc.CurlTransport"
#define JOB       "vkyc.CurlJob"
#define IDENTITY  "vkyc.CurlIdentity"

/* The engine lives in memory of its own: its thread may outlive a lua_State that is closed in a hurry. */
struct engine {
    struct vkyc_curl_engine *e; /* NULL once closed */
};

/* Both keep their engine's userdata alive: it is in the table that all of them have in common. */
struct transport {
    struct engine *of;
    struct vkyc_curl_pool *pool; /* NULL once closed */
};

struct job {
    struct engine *of;
    struct vkyc_curl_ticket ticket;
};

static int push_closed(lua_State *L)
{
    static const struct vkyc_failure closed = {"closed", NULL, "The loop or the client is closed.", 0};
    return lvkyc_push_failure(L, &closed);
}

/* A userdata of the engine at index 1 or of what shares its table. */
static void *new_sharing(lua_State *L, size_t size, const char *name)
{
    void *p = lvkyc_newuserdata(L, size);
    memset(p, 0, size);
    lvkyc_getuservalue(L, 1);
    lvkyc_setuservalue(L, -2);
    luaL_getmetatable(L, name);
    lua_setmetatable(L, -2);
    return p;
}

/* curl.engine() -> engine | nil, failure. Nothing is started yet. */
static int engine_new(lua_State *L)
{
    struct engine *engine = lvkyc_newuserdata(L, sizeof *engine);
    engine->e = NULL;
    luaL_getmetatable(L, ENGINE);
    lua_setmetatable(L, -2);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 1);
    lvkyc_setuservalue(L, -2);
    engine->e = vkyc_curl_engine_new();
    if (engine->e == NULL) {
        static const struct vkyc_failure failure = {"memory", NULL, "There is no memory or no file descriptor for the loop.", 0};
        return lvkyc_push_failure(L, &failure);
    }
    return 1;
}

/* Also __gc and __close. */
static int engine_close(lua_State *L)
{
    struct engine *engine = lvkyc_self(L, ENGINE);
    struct vkyc_curl_engine *e = engine->e;
    engine->e = NULL;
    if (e != NULL) {
        vkyc_curl_engine_close(e);
    }
    return 0;
}

/* engine:open(options of curl.new) -> transport | nil, failure */
static int engine_open(lua_State *L)
{
    struct engine *engine = lvkyc_self(L, ENGINE);
    struct vkyc_curl_identity *id;
    struct vkyc_failure failure;
    luaL_checktype(L, 2, LUA_TTABLE);
    if (engine->e == NULL) {
        return push_closed(L);
    }
    /* Owned by a userdata while the options are read, which may raise. */
    id = lvkyc_newuserdata(L, sizeof *id);
    memset(id, 0, sizeof *id);
    luaL_getmetatable(L, IDENTITY);
    lua_setmetatable(L, -2);
    lvkyc_curl_identity(L, 2, id);
    struct transport *t = new_sharing(L, sizeof *t, TRANSPORT);
    t->of = engine;
    t->pool = vkyc_curl_engine_open(engine->e, id, &failure);
    return t->pool != NULL ? 1 : lvkyc_push_failure(L, &failure);
}

static int identity_free(lua_State *L)
{
    vkyc_curl_identity_free(lvkyc_self(L, IDENTITY));
    return 0;
}

/* engine:ready() -> boolean: a transfer ended, or the alarm rang */
static int engine_ready(lua_State *L)
{
    struct engine *engine = lvkyc_self(L, ENGINE);
    lua_pushboolean(L, engine->e != NULL && vkyc_curl_engine_ready(engine->e));
    return 1;
}

static int checker(lua_State *L)
{
    const struct engine *engine = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushboolean(L, engine->e != NULL && vkyc_curl_engine_ready(engine->e));
    return 1;
}

/* engine:checker() -> a function that does what engine:ready does, in half the time: an idle frame calls nothing else */
static int engine_checker(lua_State *L)
{
    (void)lvkyc_self(L, ENGINE);
    lua_settop(L, 1);
    lua_pushcclosure(L, checker, 1);
    return 1;
}

/* engine:next() -> the number of a transfer that ended | nil */
static int engine_next(lua_State *L)
{
    struct engine *engine = lvkyc_self(L, ENGINE);
    int slot = engine->e != NULL ? vkyc_curl_engine_next(engine->e) : -1;
    if (slot < 0) {
        return 0;
    }
    lua_pushinteger(L, slot);
    return 1;
}

/* engine:alarm(seconds of the monotonic clock | nil): when the engine is to be ready; 0 is now, nil never */
static int engine_alarm(lua_State *L)
{
    struct engine *engine = lvkyc_self(L, ENGINE);
    /* Rounded up: who wakes early would only set it again. */
    long long at = lua_isnoneornil(L, 2) ? -1 : (long long)(luaL_checknumber(L, 2) * 1000.0) + 1;
    if (engine->e != NULL) {
        vkyc_curl_engine_alarm(engine->e, at);
    }
    return 0;
}

/* engine:fd() -> the number of a file descriptor that is readable while the engine is ready | nil */
static int engine_fd(lua_State *L)
{
    struct engine *engine = lvkyc_self(L, ENGINE);
    int fd = engine->e != NULL ? vkyc_curl_engine_fd(engine->e) : -1;
    if (fd < 0) {
        return 0;
    }
    lua_pushinteger(L, fd);
    return 1;
}

/* transport:prepare(seconds) -> boolean: libcurl and the certificates are loaded; otherwise that goes on in the background */
static int transport_prepare(lua_State *L)
{
    struct transport *t = lvkyc_self(L, TRANSPORT);
    long wait = lvkyc_curl_milliseconds(L, 2);
    lua_pushboolean(L, t->pool != NULL && t->of->e != NULL && vkyc_curl_engine_prepare(t->of->e, t->pool, wait));
    return 1;
}

/* transport:submit(request, response, timeout_s, connect_timeout_s, max_idle_s or nil, batch) -> job, its number | nil, failure | nil while
 * too many are under way. The request may be changed at once; the response only tells its limit. `batch`: it begins with the others of this
 * poll, at the latest when engine:alarm or engine:ready is called. */
static int transport_submit(lua_State *L)
{
    struct transport *t = lvkyc_self(L, TRANSPORT);
    const struct vkyc_request *request = lvkyc_curl_message(L, 2, LVKYC_REQUEST);
    const struct vkyc_response *response = lvkyc_curl_message(L, 3, LVKYC_RESPONSE);
    struct vkyc_curl_limits limits;
    struct vkyc_failure failure;
    limits.timeout = lvkyc_curl_milliseconds(L, 4);
    limits.connect_timeout = lvkyc_curl_milliseconds(L, 5);
    limits.max_idle = lua_isnoneornil(L, 6) ? -1 : lvkyc_curl_milliseconds(L, 6);
    int batch = lua_toboolean(L, 7); /* before anything is pushed to where it may be missing */
    struct job *job = new_sharing(L, sizeof *job, JOB);
    job->ticket.slot = -1;
    job->of = t->of;
    if (t->pool == NULL || t->of->e == NULL) {
        return push_closed(L);
    }
    int begun = vkyc_curl_engine_submit(t->of->e, t->pool, t, request, response->body.limit, &limits, batch, &job->ticket, &failure);
    if (begun == VKYC_CURL_FAILED) {
        return lvkyc_push_failure(L, &failure);
    }
    if (begun == VKYC_CURL_LATER) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, job->ticket.slot);
    return 2;
}

/* Also __gc. The transfers of this transport end as "closed". */
static int transport_close(lua_State *L)
{
    struct transport *t = lvkyc_self(L, TRANSPORT);
    struct vkyc_curl_pool *pool = t->pool;
    t->pool = NULL;
    if (pool != NULL && t->of->e != NULL) {
        vkyc_curl_engine_cancel_all(t->of->e, t);
        vkyc_curl_engine_release(t->of->e, pool);
    }
    return 0;
}

/* job:finish(response) -> status | nil, failure | false while it is under way */
static int job_finish(lua_State *L)
{
    struct job *job = lvkyc_self(L, JOB);
    struct vkyc_response *response = lvkyc_curl_message(L, 2, LVKYC_RESPONSE);
    struct vkyc_failure failure;
    if (job->of->e == NULL) {
        return push_closed(L);
    }
    int status = vkyc_curl_engine_finish(job->of->e, &job->ticket, response, &failure);
    if (status == VKYC_CURL_FAILED) {
        return lvkyc_push_failure(L, &failure);
    }
    if (status == VKYC_CURL_LATER) {
        lua_pushboolean(L, 0);
    } else {
        lua_pushinteger(L, status);
    }
    return 1;
}

/* job:cancel(): it still has to be finished */
static int job_cancel(lua_State *L)
{
    struct job *job = lvkyc_self(L, JOB);
    if (job->of->e != NULL) {
        vkyc_curl_engine_cancel(job->of->e, &job->ticket);
    }
    return 0;
}

/* __gc: nobody will ask for it any more */
static int job_drop(lua_State *L)
{
    struct job *job = lvkyc_self(L, JOB);
    if (job->of != NULL && job->of->e != NULL) {
        vkyc_curl_engine_drop(job->of->e, &job->ticket);
    }
    return 0;
}

void lvkyc_open_curl_loop(lua_State *L)
{
    static const luaL_Reg functions[] = {{"engine", engine_new}, {NULL, NULL}};
    static const luaL_Reg none[] = {{NULL, NULL}};
    static const luaL_Reg engine[] = {{"open", engine_open},   {"ready", engine_ready}, {"checker", engine_checker}, {"next", engine_next},
                                      {"alarm", engine_alarm}, {"fd", engine_fd},       {"close", engine_close},     {NULL, NULL}};
    static const luaL_Reg engine_meta[] = {{"__gc", engine_close}, {"__close", engine_close}, {NULL, NULL}};
    static const luaL_Reg transport[] = {
        {"prepare", transport_prepare}, {"submit", transport_submit}, {"close", transport_close}, {NULL, NULL}};
    static const luaL_Reg transport_meta[] = {{"__gc", transport_close}, {NULL, NULL}};
    static const luaL_Reg job[] = {{"finish", job_finish}, {"cancel", job_cancel}, {NULL, NULL}};
    static const luaL_Reg job_meta[] = {{"__gc", job_drop}, {NULL, NULL}};
    static const luaL_Reg identity_meta[] = {{"__gc", identity_free}, {NULL, NULL}};
    lvkyc_metatable(L, ENGINE, engine, engine_meta);
    lvkyc_metatable(L, TRANSPORT, transport, transport_meta);
    lvkyc_metatable(L, JOB, job, job_meta);
    lvkyc_metatable(L, IDENTITY, none, identity_meta);
    lvkyc_register(L, functions);
}
