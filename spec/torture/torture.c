/* A Lua interpreter whose memory can be made to run out: faults L01, L02 and L03.
 *
 *     torture SCRIPT ARGUMENT…      runs a script, like lua; in it is one more global, `torture`:
 *
 * torture.load(code, name)   A fresh Lua state, the subject, runs `code`, which returns a table of functions: `op` is what is tortured;
 * `report` makes a line of text of what op returned; `prepare` (optional) goes before it and `recover` after it, with memory.
 * torture.attempt(source, mode, n, seconds)   Runs prepare, op, recover in a process of its own and closes the subject's state there.
 * During op the allocation number n (from 0; negative: none) is refused, of source "lua", "ours" or "libcurl"; in mode "single" only that
 * one, in mode "sticky" each one after it as well. Returns a table: signal (a number, when one ended it; SIGALRM after `seconds`), or op,
 * recover (their lines), seen, refused (allocations), and what is left when the state is closed: lua (bytes), ours, libcurl (blocks).
 * torture.live()             Blocks and bytes that our binaries hold, then those of libcurl, then all bytes of the C heap in use.
 *
 * Links with the Lua that the modules were built for. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap.h"

/* The subject's memory. */
struct quota {
    long live; /* bytes */
    long seen; /* growing allocations since it was armed */
    long from, to;
    long refused;
    int out; /* where the child tells which function of C asked first for memory that there was not; a crash leaves nothing else */
};

static struct {
    lua_State *L;
    int functions; /* reference of its table */
    struct quota quota;
} subject;

static void tell_where(int out)
{
    lua_Debug where;
    char line[64];
    if (lua_getstack(subject.L, 0, &where) && lua_getinfo(subject.L, "nS", &where) && strcmp(where.what, "C") == 0 && where.name != NULL) {
        int size = snprintf(line, sizeof line, "refused_in %.40s\n", where.name);
        (void)!write(out, line, (size_t)size);
    }
}

static void *allocate(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct quota *q = ud;
    size_t old = ptr != NULL ? old_size : 0;
    if (new_size == 0) {
        q->live -= (long)old;
        free(ptr);
        return NULL;
    }
    if (new_size > old) {
        long number = q->seen++;
        if (number >= q->from && number < q->to) {
            if (q->refused++ == 0) {
                tell_where(q->out);
            }
            return NULL;
        }
    }
    void *p = realloc(ptr, new_size);
    if (p != NULL) {
        q->live += (long)new_size - (long)old;
    }
    return p;
}

static void arm_lua(long n, int single)
{
    struct quota *q = &subject.quota;
    q->seen = q->refused = 0;
    q->from = n < 0 ? -1 : n;
    q->to = n < 0 ? -1 : single ? n + 1 : 0x7fffffff;
}

static void copy_path(lua_State *from, lua_State *to, const char *name)
{
    lua_getglobal(from, "package");
    lua_getfield(from, -1, name);
    lua_getglobal(to, "package");
    lua_pushstring(to, lua_tostring(from, -1));
    lua_setfield(to, -2, name);
    lua_pop(to, 1);
    lua_pop(from, 2);
}

static int torture_load(lua_State *L)
{
    size_t size;
    const char *code = luaL_checklstring(L, 1, &size);
    const char *name = luaL_checkstring(L, 2);
    if (subject.L != NULL) {
        lua_close(subject.L);
    }
    memset(&subject, 0, sizeof subject);
    arm_lua(-1, 0);
    subject.L = lua_newstate(allocate, &subject.quota);
    if (subject.L == NULL) {
        return luaL_error(L, "no state");
    }
    luaL_openlibs(subject.L);
    copy_path(L, subject.L, "path");
    copy_path(L, subject.L, "cpath");
    if (luaL_loadbuffer(subject.L, code, size, name) != 0 || lua_pcall(subject.L, 0, 1, 0) != 0) {
        return luaL_error(L, "%s", lua_tostring(subject.L, -1));
    }
    subject.functions = luaL_ref(subject.L, LUA_REGISTRYINDEX);
    return 0;
}

/* Pushes a function of the subject. 0 when it has none of that name. */
static int push_function(const char *name)
{
    lua_rawgeti(subject.L, LUA_REGISTRYINDEX, subject.functions);
    lua_getfield(subject.L, -1, name);
    lua_remove(subject.L, -2);
    return lua_isfunction(subject.L, -1);
}

static void tell(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "%s ", name);
    for (; *text != 0; text++) {
        (void)fputc(*text == '\n' ? ' ' : *text, out);
    }
    (void)fputc('\n', out);
}

static const char *error_text(lua_State *L)
{
    const char *text = lua_tostring(L, -1);
    return text != NULL ? text : "an error that is no text";
}

/* Runs a function that returns a line. */
static void tell_result(FILE *out, const char *name)
{
    lua_State *L = subject.L;
    if (!push_function(name)) {
        lua_settop(L, 0);
        return;
    }
    if (lua_pcall(L, 0, 1, 0) != 0) {
        lua_pushfstring(L, "raised: %s", error_text(L));
    }
    tell(out, name, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text");
    lua_settop(L, 0);
}

static void tell_op(FILE *out, int raised)
{
    lua_State *L = subject.L;
    if (raised) {
        lua_pushfstring(L, "raised: %s", error_text(L));
    } else {
        int results = lua_gettop(L);
        push_function("report");
        lua_insert(L, 1);
        if (lua_pcall(L, results, 1, 0) != 0) {
            lua_pushfstring(L, "report raised: %s", error_text(L));
        }
    }
    tell(out, "op", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text");
    lua_settop(L, 0);
}

/* The child's whole life. */
static void attempt(FILE *out, int source, int single, long n)
{
    lua_State *L = subject.L;
    lua_settop(L, 0);
    tell_result(out, "prepare");
    push_function("op");
    subject.quota.out = fileno(out);
    (void)fflush(out);
    if (source == HEAP_OTHERS) {
        arm_lua(n, single);
    } else {
        heap_arm((enum heap_source)source, n, single);
    }
    int raised = lua_pcall(L, 0, LUA_MULTRET, 0);
    long refused = source == HEAP_OTHERS ? subject.quota.refused : heap_disarm();
    long seen = source == HEAP_OTHERS ? subject.quota.seen : heap_seen();
    arm_lua(-1, 0);
    tell_op(out, raised != 0);
    tell_result(out, "recover");
    lua_close(L);
    /* A thread of libcurl's resolver may outlive its transfer by as long as the resolver takes, and frees what it has itself. */
    for (int i = 0; i < 600 && heap_live(HEAP_LIBCURL).blocks > 0; i++) {
        (void)usleep(10000);
    }
    (void)fprintf(out, "seen %ld\nrefused %ld\nlua %ld\nours %ld\nlibcurl %ld\n", seen, refused, subject.quota.live,
                  heap_live(HEAP_OURS).blocks, heap_live(HEAP_LIBCURL).blocks);
    (void)fflush(out);
}

static int torture_attempt(lua_State *L)
{
    static const char *const sources[] = {"lua", "ours", "libcurl", NULL};
    static const char *const modes[] = {"sticky", "single", NULL};
    int source = luaL_checkoption(L, 1, NULL, sources);
    int single = luaL_checkoption(L, 2, NULL, modes);
    long n = (long)luaL_checknumber(L, 3);
    unsigned seconds = (unsigned)luaL_checknumber(L, 4);
    int fd[2];
    if (subject.L == NULL || pipe(fd) != 0) {
        return luaL_error(L, "no subject, or no pipe");
    }
    heap_find_sources();
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        FILE *out = fdopen(fd[1], "w");
        close(fd[0]);
        (void)alarm(seconds);
        if (out != NULL) {
            attempt(out, source, single, n);
        }
        _exit(0);
    }
    close(fd[1]);
    lua_newtable(L);
    char line[4096];
    FILE *in = fdopen(fd[0], "r");
    while (child > 0 && in != NULL && fgets(line, sizeof line, in) != NULL) {
        char *value = strchr(line, ' ');
        if (value != NULL) {
            *value++ = 0;
            value[strcspn(value, "\n")] = 0;
            lua_pushstring(L, value);
            lua_setfield(L, -2, line);
        }
    }
    int status = -1;
    if (in != NULL) {
        (void)fclose(in);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return luaL_error(L, "no process");
    }
    if (WIFSIGNALED(status)) {
        lua_pushinteger(L, WTERMSIG(status));
        lua_setfield(L, -2, "signal");
    }
    return 1;
}

static int torture_live(lua_State *L)
{
    struct heap_count ours;
    struct heap_count libcurl;
    heap_find_sources();
    ours = heap_live(HEAP_OURS);
    libcurl = heap_live(HEAP_LIBCURL);
    lua_pushinteger(L, ours.blocks);
    lua_pushinteger(L, ours.bytes);
    lua_pushinteger(L, libcurl.blocks);
    lua_pushinteger(L, libcurl.bytes);
    lua_pushnumber(L, (lua_Number)mallinfo2().uordblks);
    return 5;
}

static int open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"load", torture_load}, {"attempt", torture_attempt}, {"live", torture_live}, {NULL, NULL}};
    luaL_openlibs(L);
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    lua_setglobal(L, "torture");
    return 0;
}

/* As lua does it: the script sees `arg` and its arguments. */
static int run(lua_State *L, int argc, char **argv)
{
    open(L);
    lua_newtable(L);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
    if (luaL_loadfile(L, argv[1]) != 0) {
        return 1;
    }
    luaL_checkstack(L, argc, NULL);
    for (int i = 2; i < argc; i++) {
        lua_pushstring(L, argv[i]);
    }
    return lua_pcall(L, argc - 2, 0, 0);
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    if (argc < 2 || L == NULL) {
        (void)fprintf(stderr, "usage: torture SCRIPT ARGUMENT...\n");
        return 2;
    }
    int status = run(L, argc, argv);
    if (status != 0) {
        (void)fprintf(stderr, "torture: %s\n", error_text(L));
    }
    lua_close(L);
    return status != 0;
}
