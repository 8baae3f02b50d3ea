/* core.option_fault: whether a value will do for an option of a client. */
#include <string.h>

#include "../core/ca_file.h"
#include "../core/timestamp.h"
#include "../core/url.h"
#include "binding.h"

/* Both take the value at index 2 and what else the kind needs at index 3. NULL, or what the value must be; a sentence that is made anew is
 * left on the stack. */
typedef const char *text_fault(lua_State *L, const char *text, size_t size);

static int in_class(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~/", c) != NULL;
}

static const char *one_of(lua_State *L, const char *text, size_t size)
{
    size_t count = lua_rawlen(L, 3);
    lua_pushliteral(L, "must be one of ");
    for (size_t i = 1; i <= count; i++) {
        size_t each_size = 0;
        lua_rawgeti(L, 3, (int)i);
        const char *each = lua_tolstring(L, -1, &each_size);
        if (each != NULL && text != NULL && each_size == size && memcmp(each, text, size) == 0) {
            return NULL;
        }
        lua_pushstring(L, i < count ? ", " : "");
        lua_concat(L, 3);
    }
    return lua_tostring(L, -1);
}

static const char *line_fault(lua_State *L, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 32 || text[i] == 127) {
            return "must not have control characters";
        }
    }
    return lua_istable(L, 3) ? one_of(L, text, size) : NULL;
}

static const char *path_fault(lua_State *L, const char *text, size_t size)
{
    (void)L;
    return memchr(text, '\0', size) != NULL ? "must be a path, without a NUL byte" : NULL;
}

static const char *ca_fault(lua_State *L, const char *text, size_t size)
{
    const char *fault = path_fault(L, text, size);
    return fault != NULL ? fault : lvkyc_file_fault(vkyc_ca_file_check(text), "the file holds no certificate in PEM form");
}

static const char *crl_fault(lua_State *L, const char *text, size_t size)
{
    const char *fault = path_fault(L, text, size);
    return fault != NULL ? fault : lvkyc_file_fault(vkyc_crl_file_check(text), "the file holds no revocation list in PEM form");
}

/* Index 3: whether http will do for loopback. */
static const char *url_fault(lua_State *L, const char *text, size_t size)
{
    struct vkyc_url url;
    enum vkyc_url_fault fault = vkyc_url_read(text, size, &url);
    if (fault != VKYC_URL_FINE) {
        return vkyc_url_fault_text(fault);
    }
    if (!url.https && !(lua_toboolean(L, 3) && url.loopback)) {
        return "must be https; http is only for loopback with allow_http_loopback = true";
    }
    return NULL;
}

/* A user and a password may stand before the host: they are not ours to look at. */
static const char *proxy_fault(lua_State *L, const char *text, size_t size)
{
    static const char wanted[] = "must be an http or https URL of a host and a port, as http://proxy.example:3128";
    size_t scheme = size > 8 && memcmp(text, "https://", 8) == 0 ? 8 : 7;
    if (size <= scheme) {
        return wanted;
    }
    const char *host = text + scheme;
    const char *slash = memchr(host, '/', size - scheme);
    const char *at = memchr(host, '@', slash != NULL ? (size_t)(slash - host) : size - scheme);
    lua_pushlstring(L, text, scheme);
    lua_pushlstring(L, at != NULL ? at + 1 : host, (size_t)(text + size - (at != NULL ? at + 1 : host)));
    lua_concat(L, 2);
    size_t bare_size;
    struct vkyc_url url;
    const char *bare = lua_tolstring(L, -1, &bare_size);
    return vkyc_url_read(bare, bare_size, &url) == VKYC_URL_FINE && url.path_size == 0 ? NULL : wanted;
}

/* It comes right after the host's name: "@evil.example" must not. */
static const char *url_path_fault(lua_State *L, const char *text, size_t size)
{
    static const char wanted[] = "must be a path of letters, digits and -._~, beginning with a slash";
    (void)L;
    for (size_t i = 0; i < size; i++) {
        size_t left = size - i - 1;
        const char *rest = text + i + 1;
        if (!in_class((unsigned char)text[i]) || text[i] == '\0' || text[0] != '/') {
            return wanted;
        }
        size_t dots = left > 1 && rest[0] == '.' && rest[1] == '.' ? 2 : left > 0 && rest[0] == '.';
        if (text[i] == '/' && ((left > 0 && rest[0] == '/') || (dots > 0 && (left == dots || rest[dots] == '/')))) {
            return wanted;
        }
    }
    return NULL;
}

static const char *date_fault(lua_State *L, const char *text, size_t size)
{
    (void)L;
    return size == 10 && text[4] == '-' && vkyc_date_check(text, size) ? NULL : "must be a date, YYYY-MM-DD";
}

static const char *number_fault(lua_State *L, int whole)
{
    double value = lua_type(L, 2) == LUA_TNUMBER ? lua_tonumber(L, 2) : 0;
    if (whole) {
        return value >= 1 && value <= 1073741824 && value == (double)(long long)value ? NULL
                                                                                      : "must be a whole number from 1 to 1073741824";
    }
    return value > 0 && value <= 86400 ? NULL : "must be seconds, above 0 and at most 86400";
}

static const struct {
    const char *name;
    text_fault *fault;
} TEXTS[] = {{"string", line_fault}, {"path", path_fault},   {"ca_file", ca_fault},        {"crl_file", crl_fault},
             {"url", url_fault},     {"proxy", proxy_fault}, {"url_path", url_path_fault}, {"date", date_fault}};

static const char *find_fault(lua_State *L, const char *kind)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (strcmp(TEXTS[i].name, kind) != 0) {
            continue;
        }
        size_t size = 0;
        const char *text = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &size) : NULL;
        if (text == NULL) {
            return lua_istable(L, 3) ? one_of(L, NULL, 0) : "must be a string";
        }
        return size == 0 ? "must not be empty" : TEXTS[i].fault(L, text, size);
    }
    if (strcmp(kind, "boolean") == 0) {
        return lua_isboolean(L, 2) ? NULL : "must be true or false";
    }
    if (strcmp(kind, "table") == 0) {
        return lua_istable(L, 2) ? NULL : "must be a table";
    }
    int whole = strcmp(kind, "count") == 0;
    return whole || strcmp(kind, "seconds") == 0 ? number_fault(L, whole) : NULL;
}

/* core.option_fault(kind, value, detail) -> nil, or what the value must be. Kinds: string (detail: the values it may have, or nil), path,
 * ca_file and crl_file (which are read), url (detail: whether http to loopback will do), proxy, url_path, date, boolean, table, count,
 * seconds; any other kind takes everything. Nothing of the value is in the sentence. */
static int option_fault(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checkany(L, 2);
    lua_settop(L, 3);
    const char *fault = find_fault(L, lua_tostring(L, 1));
    if (fault == NULL) {
        lua_pushnil(L);
    } else {
        lua_pushstring(L, fault);
    }
    return 1;
}

void lvkyc_open_option(lua_State *L)
{
    static const luaL_Reg functions[] = {{"option_fault", option_fault}, {NULL, NULL}};
    lvkyc_register(L, functions);
}
