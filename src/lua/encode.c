/* From Lua values to the bytes of a request, checking them on the way. One pass: what was written is used only when nothing was wrong.
 * Tables are read raw: a metatable of the caller's cannot run code in the middle. */
#include <string.h>

#include "../core/json_read.h"
#include "../core/json_write.h"
#include "../core/url.h"
#include "encode.h"

static void encode_object(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, int extra, uint64_t skip,
                          const struct lvkyc_place *up, int depth);

enum { MOST_GATHERED = 40 }; /* values that a walk keeps on the stack */

/* 1 when the keys of the table are exactly 1..n. Its values then stand on the stack from `base` on, if there are few enough of them. */
static int is_sequence(lua_State *L, int index, size_t n, int base)
{
    size_t count = 0;
    int keep = n <= MOST_GATHERED;
    luaL_checkstack(L, MOST_GATHERED + 8, NULL);
    if (keep) {
        lua_settop(L, base + (int)n - 1);
    }
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        long long key;
        if (!lvkyc_isinteger(L, -2, &key) || key < 1 || (unsigned long long)key > n) {
            return 0;
        }
        if (keep) {
            lua_replace(L, base + (int)key - 1);
        } else {
            lua_pop(L, 1);
        }
        count++;
    }
    return count == n;
}

static size_t push_value(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, const struct lvkyc_place *up, int report);

/* The values of the sequence field must be exactly 1..n, in any position (Cashfree's `order`). */
static void check_sequence(struct lvkyc_encoder *e, int index, size_t n, const struct vkyc_field *f, const struct lvkyc_place *place)
{
    lua_State *L = e->L;
    luaL_checkstack(L, 8, NULL);
    int top = lua_gettop(L);
    unsigned char few[64];
    unsigned char *seen = n < sizeof few ? few : lua_newuserdata(L, n + 1);
    memset(seen, 0, n + 1);
    for (size_t i = 1; i <= n; i++) {
        long long value = 0;
        lua_rawgeti(L, index, (int)i);
        if (!lua_istable(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        push_value(e, lua_gettop(L), f->sequence, NULL, 0);
        int integer = lvkyc_isinteger(L, -1, &value);
        lua_pop(L, 2);
        if (!integer) {
            continue; /* a violation of its own */
        }
        if (value < 1 || (unsigned long long)value > n || seen[value]) {
            struct lvkyc_place each = lvkyc_place_item(place, i);
            struct lvkyc_place at = lvkyc_place_field(&each, f->sequence->name);
            lvkyc_broken(e, &at, VKYC_RULE_SEQUENCE, f);
        } else {
            seen[value] = 1;
        }
    }
    lua_settop(L, top);
}

static void encode_value(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, const struct lvkyc_place *place, int depth);

static void encode_array(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, const struct lvkyc_place *place, int depth)
{
    lua_State *L = e->L;
    size_t n = 0;
    int base = lua_gettop(L) + 1;
    if (depth > VKYC_MAX_DEPTH) {
        lvkyc_violation(e, place, VKYC_RULE_TYPE, "is nested too deep");
        return;
    }
    if (lua_istable(L, index)) {
        n = lua_rawlen(L, index);
        if (!is_sequence(L, index, n, base)) {
            lua_settop(L, base - 1);
            lvkyc_violation(e, place, VKYC_RULE_TYPE, "must be an array: keys 1 to n without a hole");
            return;
        }
    } else if (!lvkyc_isarray(L, index)) {
        lvkyc_broken(e, place, VKYC_RULE_TYPE, f);
        return;
    }
    if (f->has_min && (double)n < f->min) {
        lvkyc_broken(e, place, VKYC_RULE_TOO_SHORT, f);
    }
    if (f->has_max && (double)n > f->max) {
        lvkyc_broken(e, place, VKYC_RULE_TOO_LONG, f);
    }
    vkyc_buffer_append_byte(e->out, '[');
    for (size_t i = 1; i <= n; i++) {
        if (i > 1) {
            vkyc_buffer_append_byte(e->out, ',');
        }
        struct lvkyc_place at = lvkyc_place_item(place, i);
        int value = base + (int)i - 1;
        if (n > MOST_GATHERED) {
            lua_rawgeti(L, index, (int)i);
            value = base;
        }
        if (f->items != NULL) {
            encode_value(e, value, f->items, &at, depth);
        } else {
            lvkyc_encode_any(e, value, &at, depth + 1);
        }
        if (n > MOST_GATHERED) {
            lua_pop(L, 1);
        }
    }
    lua_settop(L, base - 1);
    vkyc_buffer_append_byte(e->out, ']');
    if (f->sequence != NULL) {
        check_sequence(e, index, n, f, place);
    }
}

/* `depth` is that of the container that holds the value; the other walks take the depth of the container they write. */
static void encode_value(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, const struct lvkyc_place *place, int depth)
{
    lua_State *L = e->L;
    luaL_checkstack(L, 8, NULL);
    if (lvkyc_isnull(L, index)) {
        if (f->required) {
            lvkyc_broken(e, place, VKYC_RULE_REQUIRED, f);
        }
        vkyc_buffer_append(e->out, "null", 4);
        return;
    }
    switch (f->type) {
    case VKYC_TYPE_ARRAY:
        encode_array(e, index, f, place, depth + 1);
        break;
    case VKYC_TYPE_OBJECT:
        if (!lua_istable(L, index)) {
            lvkyc_broken(e, place, VKYC_RULE_TYPE, f);
        } else if (f->object != NULL) {
            encode_object(e, index, f->object, 0, 0, place, depth + 1);
        } else {
            lvkyc_encode_any(e, index, place, depth + 1);
        }
        break;
    case VKYC_TYPE_ANY:
        lvkyc_encode_any(e, index, place, depth + 1);
        break;
    case VKYC_TYPE_ENUM_MODEL:
        if (lua_istable(L, index)) {
            lvkyc_encode_any(e, index, place, depth + 1);
        } else {
            lvkyc_put_scalar(e, index, f, LVKYC_JSON, place);
        }
        break;
    default:
        lvkyc_put_scalar(e, index, f, LVKYC_JSON, place);
        break;
    }
}

/* Pushes the value of a field, by its name or another spelling of it. Returns how many keys of the table it used. */
static size_t push_value(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, const struct lvkyc_place *up, int report)
{
    lua_State *L = e->L;
    size_t used = 0;
    lua_rawgeti(L, e->names, f->ref);
    lua_rawget(L, index);
    used += !lua_isnil(L, -1);
    for (size_t i = 0; i < f->also_count; i++) {
        lua_pushlstring(L, f->also[i].text, f->also[i].size);
        lua_rawget(L, index);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        if (used > 0) {
            struct lvkyc_place at = lvkyc_place_field(up, f->also[i]);
            if (report) {
                lvkyc_violation(e, &at, VKYC_RULE_TWICE, "is another spelling of a field that is given too");
            }
            lua_pop(L, 1);
        } else {
            lua_replace(L, -2);
        }
        used++;
    }
    return used;
}

static int is_spelling(const struct vkyc_object *o, const char *name, size_t size)
{
    if (vkyc_object_find(o, name, size, vkyc_json_hash(name, size), 0) >= 0) {
        return 1;
    }
    for (size_t i = 0; i < o->count; i++) {
        for (size_t j = 0; j < o->fields[i].also_count; j++) {
            const struct vkyc_text *also = &o->fields[i].also[j];
            if (also->size == size && memcmp(also->text, name, size) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

/* The table has more keys than were used: names them. */
static void find_unknown(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, const struct lvkyc_place *up)
{
    lua_State *L = e->L;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        struct lvkyc_place at = lvkyc_place_key(up, L, lua_gettop(L));
        if (lua_type(L, -1) != LUA_TSTRING) {
            lvkyc_violation(e, &at, VKYC_RULE_UNKNOWN, "has a key that is not a string");
            continue;
        }
        size_t size;
        const char *name = lua_tolstring(L, -1, &size);
        if (is_spelling(o, name, size)) {
            continue;
        }
        int nearest = vkyc_object_suggest(o, name, size);
        char text[160] = "is not a field of this operation; `extra` sends it as it is";
        if (nearest >= 0) {
            const struct vkyc_text *near = &o->fields[nearest].name;
            size_t used = strlen("is not a field of this operation; did you mean ");
            memcpy(text, "is not a field of this operation; did you mean ", used);
            size_t room = near->size < 64 ? near->size : 64;
            memcpy(text + used, near->text, room);
            memcpy(text + used + room, "?", 2);
        }
        lvkyc_violation(e, &at, VKYC_RULE_UNKNOWN, text);
    }
}

/* Puts the values of a table onto the stack, in the order of the schema, in one walk: value i goes to `base` + i. Returns 0, with the stack
 * as before, when a key is not one of the fields' own names: the slow way then says what is wrong. Strings of a VM are interned, so that
 * equal short names have one address. */
static int gather(lua_State *L, int index, const struct vkyc_object *o, int base)
{
    size_t next = 0;
    if (o->count > MOST_GATHERED) {
        return 0;
    }
    luaL_checkstack(L, MOST_GATHERED + 8, NULL);
    lua_settop(L, base + (int)o->count - 1);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        size_t i = next;
        if (i >= o->count || o->fields[i].name.text != name) {
            for (i = 0; i < o->count && o->fields[i].name.text != name; i++) {
            }
        }
        if (i == o->count) {
            lua_settop(L, base - 1);
            return 0;
        }
        lua_replace(L, base + (int)i);
        next = i + 1;
    }
    return 1;
}

static size_t count_keys(lua_State *L, int index)
{
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        count++;
    }
    return count;
}

/* One member of `extra` is at the top of the stack, its key below it. Returns its name, or NULL when it cannot be sent. */
static const char *extra_name(struct lvkyc_encoder *e, const struct vkyc_object *o, const struct lvkyc_place *at, size_t *size)
{
    lua_State *L = e->L;
    if (lua_type(L, -2) != LUA_TSTRING) {
        lvkyc_violation(e, at, VKYC_RULE_UNKNOWN, "has a key that is not a string");
        return NULL;
    }
    const char *name = lua_tolstring(L, -2, size);
    if (memchr(name, '\0', *size) != NULL) {
        lvkyc_violation(e, at, VKYC_RULE_NUL, "has a name with a NUL byte");
        return NULL;
    }
    if (is_spelling(o, name, *size)) {
        lvkyc_violation(e, at, VKYC_RULE_TWICE, "is a field of this operation: give it there, not in `extra`");
        return NULL;
    }
    return name;
}

static const struct lvkyc_place EXTRA = {NULL, "extra", 5, 0};

/* Members of a table that no schema knows. `before` is what stands in front of the first one, 0 for nothing; returns what would stand in
 * front of another. */
static char encode_members(struct lvkyc_encoder *e, enum lvkyc_form form, int index, const struct vkyc_object *o,
                           const struct lvkyc_place *up, char before, int depth)
{
    lua_State *L = e->L;
    luaL_checkstack(L, 8, NULL);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        struct lvkyc_place at = lvkyc_place_key(up, L, lua_gettop(L) - 1);
        size_t size;
        const char *name = extra_name(e, o, &at, &size);
        if (name != NULL) {
            if (before != 0) {
                vkyc_buffer_append_byte(e->out, before);
            }
            before = form == LVKYC_JSON ? ',' : '&';
            lvkyc_put_text(e, form, &at, name, size);
            vkyc_buffer_append_byte(e->out, form == LVKYC_JSON ? ':' : '=');
            if (form == LVKYC_JSON) {
                lvkyc_encode_any(e, lua_gettop(L), &at, depth + 1);
            } else if (!lvkyc_put_in_query(e, lua_gettop(L), &at)) {
                lvkyc_violation(e, &at, VKYC_RULE_TYPE, "must be a string, a number or a boolean: it goes into a query");
            }
        }
        lua_pop(L, 1);
    }
    return before;
}

static void encode_object(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, int extra, uint64_t skip,
                          const struct lvkyc_place *up, int depth)
{
    lua_State *L = e->L;
    luaL_checkstack(L, 8, NULL);
    if (depth > VKYC_MAX_DEPTH) {
        lvkyc_violation(e, up, VKYC_RULE_TYPE, "is nested too deep");
        return;
    }
    size_t used = 0;
    char before = '{';
    int base = lua_gettop(L) + 1;
    int gathered = gather(L, index, o, base);
    for (size_t i = 0; i < o->count; i++) {
        const struct vkyc_field *f = &o->fields[i];
        int value = base + (int)i;
        if (!gathered) {
            used += push_value(e, index, f, up, 1);
            value = base;
        }
        int skipped = i < 64 && ((skip >> i) & 1) != 0;
        if (lua_isnil(L, value) || (skipped && lvkyc_isnull(L, value))) {
            if (f->required) {
                struct lvkyc_place at = lvkyc_place_field(up, f->name);
                lvkyc_broken(e, &at, VKYC_RULE_REQUIRED, f);
            }
        } else if (!skipped) {
            struct lvkyc_place at = lvkyc_place_field(up, f->name);
            vkyc_buffer_append_byte(e->out, before);
            before = ',';
            vkyc_buffer_append(e->out, f->json_key.text, f->json_key.size);
            encode_value(e, value, f, &at, depth);
        }
        if (!gathered) {
            lua_pop(L, 1);
        }
    }
    lua_settop(L, base - 1);
    if (!gathered && count_keys(L, index) != used) {
        find_unknown(e, index, o, up);
    }
    if (extra != 0) {
        before = encode_members(e, LVKYC_JSON, extra, o, &EXTRA, before, depth);
    }
    if (before == '{') {
        vkyc_buffer_append_byte(e->out, '{');
    }
    vkyc_buffer_append_byte(e->out, '}');
}

void lvkyc_encode_object(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, int extra, uint64_t skip)
{
    encode_object(e, index, o, extra, skip, NULL, 1);
}

void lvkyc_encode_query(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, int extra, uint64_t skip)
{
    lua_State *L = e->L;
    size_t used = 0;
    size_t start = e->out->size;
    for (size_t i = 0; i < o->count; i++) {
        const struct vkyc_field *f = &o->fields[i];
        used += push_value(e, index, f, NULL, 1);
        struct lvkyc_place at = lvkyc_place_field(NULL, f->name);
        if (lua_isnil(L, -1) || lvkyc_isnull(L, -1)) {
            if (f->required) {
                lvkyc_broken(e, &at, VKYC_RULE_REQUIRED, f);
            }
        } else if (i >= 64 || ((skip >> i) & 1) == 0) {
            if (e->out->size > start) {
                vkyc_buffer_append_byte(e->out, '&');
            }
            lvkyc_put_text(e, LVKYC_QUERY, &at, f->name.text, f->name.size);
            vkyc_buffer_append_byte(e->out, '=');
            lvkyc_put_scalar(e, lua_gettop(L), f, LVKYC_QUERY, &at);
        }
        lua_pop(L, 1);
    }
    if (count_keys(L, index) != used) {
        find_unknown(e, index, o, NULL);
    }
    if (extra != 0) {
        (void)encode_members(e, LVKYC_QUERY, extra, o, &EXTRA, e->out->size > start ? '&' : 0, 0);
    }
}

void lvkyc_encode_any_query(struct lvkyc_encoder *e, int index, const struct lvkyc_place *place)
{
    static const struct vkyc_object nothing = {NULL, 0};
    (void)encode_members(e, LVKYC_QUERY, index, &nothing, place, 0, 0);
}

static int takes_text(enum vkyc_type type)
{
    return lvkyc_is_text_type(type) || type == VKYC_TYPE_INT64 || type == VKYC_TYPE_ENUM_MODEL || type == VKYC_TYPE_ANY;
}

void lvkyc_encode_segment(struct lvkyc_encoder *e, int index, const struct vkyc_field *f)
{
    lua_State *L = e->L;
    struct lvkyc_place at = lvkyc_place_field(NULL, f->name);
    push_value(e, index, f, NULL, 0);
    if (lua_isnil(L, -1) || lvkyc_isnull(L, -1)) {
        /* When required, the walk over the object says so; in a path every field is. */
        if (!f->required) {
            lvkyc_broken(e, &at, VKYC_RULE_REQUIRED, f);
        }
    } else if (lua_type(L, -1) != LUA_TSTRING || !takes_text(f->type)) {
        lvkyc_put_scalar(e, lua_gettop(L), f, LVKYC_QUERY, &at);
    } else {
        size_t size;
        const char *text = lua_tolstring(L, -1, &size);
        enum vkyc_rule rule = vkyc_field_check_text(f, text, size);
        if (rule != VKYC_RULE_FINE) {
            lvkyc_broken(e, &at, rule, f);
        } else if (vkyc_url_append_segment(e->out, text, size) == VKYC_ERR_SYNTAX) {
            lvkyc_violation(e, &at, VKYC_RULE_VALUE, "must not be empty, \".\" or \"..\": it is part of a path");
        }
    }
    lua_pop(L, 1);
}

void lvkyc_encode_any(struct lvkyc_encoder *e, int index, const struct lvkyc_place *place, int depth)
{
    lua_State *L = e->L;
    size_t size;
    luaL_checkstack(L, 8, NULL);
    if (e->out->status != VKYC_OK) {
        return; /* full already: a table that holds itself twice would go on for ever */
    }
    if (depth > VKYC_MAX_DEPTH && (lua_istable(L, index) || lvkyc_isarray(L, index))) {
        lvkyc_violation(e, place, VKYC_RULE_TYPE, "is nested too deep, or contains itself");
        return;
    }
    switch (lua_type(L, index)) {
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, index, &size);
        if (memchr(text, '\0', size) != NULL) {
            lvkyc_violation(e, place, VKYC_RULE_NUL, "must not have a NUL byte");
        }
        lvkyc_put_text(e, LVKYC_JSON, place, text, size);
        return;
    }
    case LUA_TNUMBER:
        lvkyc_put_number(e, index, LVKYC_JSON, place);
        return;
    case LUA_TBOOLEAN:
        vkyc_buffer_append_text(e->out, lua_toboolean(L, index) ? "true" : "false");
        return;
    case LUA_TLIGHTUSERDATA:
        if (lvkyc_isnull(L, index)) {
            vkyc_buffer_append(e->out, "null", 4);
            return;
        }
        if (lvkyc_isarray(L, index)) {
            vkyc_buffer_append(e->out, "[]", 2);
            return;
        }
        break;
    case LUA_TTABLE: {
        size_t n = lua_rawlen(L, index);
        int top = lua_gettop(L);
        int array = n > 0 ? is_sequence(L, index, n, top + 1) : lvkyc_isarray(L, index);
        lua_settop(L, top);
        if (array) {
            struct vkyc_field anything;
            memset(&anything, 0, sizeof anything);
            anything.type = VKYC_TYPE_ARRAY;
            encode_array(e, index, &anything, place, depth);
        } else {
            static const struct vkyc_object nothing = {NULL, 0};
            char before = encode_members(e, LVKYC_JSON, index, &nothing, place, '{', depth);
            if (before == '{') {
                vkyc_buffer_append_byte(e->out, '{');
            }
            vkyc_buffer_append_byte(e->out, '}');
        }
        return;
    }
    default:
        break;
    }
    lvkyc_violation(e, place, VKYC_RULE_TYPE, "must be a string, a number, a boolean, a table or null");
}
