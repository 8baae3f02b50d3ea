/* core.schema(fields): a provider's list of fields, checked and compiled. */
#include "schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/json_read.h"

#define ARRAY_MARK "vkyc.Array"

/* What the survey of a table found: how much to allocate, and every fault of it. */
struct survey {
    lua_State *L;
    int faults; /* stack index */
    size_t objects;
    size_t fields;
    size_t texts;
};

/* Bump allocation inside of the userdata. `left` is what the survey counted: a finalizer that runs in between may change the table. */
struct arena {
    lua_State *L;
    int names; /* stack index of the userdata's table */
    int next_name;
    struct vkyc_object *objects;
    struct vkyc_field *fields;
    struct vkyc_text *texts;
    struct survey left;
};

enum { MOST_FIELDS = 4096 }; /* of one schema in all: a table that holds itself twice would go on for ever */

/* Tables are read raw: what a metatable answers may differ from one reading to the next. */
static void raw_field(lua_State *L, int index, const char *key)
{
    index = lua_absindex(L, index);
    lua_pushstring(L, key);
    lua_rawget(L, index);
}

size_t lvkyc_place_write(const struct lvkyc_place *place, char *out, size_t size)
{
    if (place == NULL) {
        return 0;
    }
    size_t used = lvkyc_place_write(place->up, out, size);
    size_t room = size - used;
    int wrote;
    if (place->name == NULL) {
        wrote = snprintf(out + used, room, "[%zu]", place->index);
    } else {
        wrote = snprintf(out + used, room, "%s%.*s", used > 0 ? "." : "", (int)place->name_size, place->name);
    }
    if (wrote < 0) {
        return used;
    }
    return (size_t)wrote < room ? used + (size_t)wrote : size - 1;
}

static void fault(struct survey *s, const struct lvkyc_place *place, const char *text)
{
    lua_State *L = s->L;
    char path[VKYC_MAX_PATH];
    size_t size = lvkyc_place_write(place, path, sizeof path);
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, path, size);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, text);
    lua_setfield(L, -2, "message");
    lua_rawseti(L, s->faults, (int)lua_rawlen(L, s->faults) + 1);
}

static struct lvkyc_place named(const struct lvkyc_place *up, const char *name)
{
    struct lvkyc_place place = {up, name, strlen(name), 0};
    return place;
}

static struct lvkyc_place item(const struct lvkyc_place *up, size_t index)
{
    struct lvkyc_place place = {up, NULL, 0, index};
    return place;
}

/* The keys that a field may have, and what each must be. */
static const struct {
    const char *name;
    int type;
    const char *fault;
} KEYS[] = {
    {"name", LUA_TSTRING, "must be a string"},
    {"type", LUA_TSTRING, "must be a string"},
    {"required", LUA_TBOOLEAN, "must be a boolean"},
    {"sensitive", LUA_TBOOLEAN, "must be a boolean"},
    {"strict", LUA_TBOOLEAN, "must be a boolean"},
    {"number_too", LUA_TBOOLEAN, "must be a boolean"},
    {"min", LUA_TNUMBER, "must be a number"},
    {"max", LUA_TNUMBER, "must be a number"},
    {"charset", LUA_TSTRING, "must be a string"},
    {"values", LUA_TTABLE, "must be an array of strings"},
    {"also", LUA_TTABLE, "must be an array of strings"},
    {"items", LUA_TTABLE, "must be a field"},
    {"fields", LUA_TTABLE, "must be an array of fields"},
    {"sequence", LUA_TSTRING, "must be a string"},
};

static void survey_keys(struct survey *s, int index, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        size_t size = 0;
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &size) : NULL;
        if (key != NULL && strlen(key) != size) {
            key = NULL;
        }
        size_t i = 0;
        while (key != NULL && i < sizeof KEYS / sizeof KEYS[0] && strcmp(KEYS[i].name, key) != 0) {
            i++;
        }
        if (key == NULL || i == sizeof KEYS / sizeof KEYS[0]) {
            struct lvkyc_place at = named(place, key == NULL ? "?" : key);
            fault(s, &at, "is not a key of a field");
        } else if (lua_type(L, -1) != KEYS[i].type) {
            struct lvkyc_place at = named(place, key);
            fault(s, &at, KEYS[i].fault);
        }
        lua_pop(L, 1);
    }
}

/* A name goes into JSON and into paths as it is. */
static int is_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= 32 || text[i] > 126 || text[i] == '"' || text[i] == '\\') {
            return 0;
        }
    }
    return size > 0 && size <= VKYC_MAX_KEY;
}

/* 1 when the keys of the table are exactly 1..count. */
static int is_list(lua_State *L, int index, size_t count)
{
    size_t keys = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        keys++;
    }
    return keys == count;
}

static void survey_texts(struct survey *s, int index, const char *key, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    raw_field(L, index, key);
    if (lua_istable(L, -1)) {
        struct lvkyc_place at = named(place, key);
        size_t count = lua_rawlen(L, -1);
        if (count == 0 || !is_list(L, lua_gettop(L), count)) {
            fault(s, &at, "must be an array of strings");
        }
        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(L, -1, (int)i);
            if (lua_type(L, -1) != LUA_TSTRING) {
                struct lvkyc_place each = item(&at, i);
                fault(s, &each, "must be a string");
            }
            lua_pop(L, 1);
        }
        s->texts += count;
    }
    lua_pop(L, 1);
}

static void survey_fields(struct survey *s, int index, const struct lvkyc_place *place, int depth);

static const char *string_field(lua_State *L, int index, const char *key, size_t *size)
{
    raw_field(L, index, key);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, size) : NULL;
    lua_pop(L, 1); /* the table still holds it */
    return text;
}

static int bound(lua_State *L, int index, const char *key, double *value)
{
    raw_field(L, index, key);
    int set = lua_type(L, -1) == LUA_TNUMBER;
    if (set) {
        *value = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return set;
}

#define TYPE_BIT(type) (1U << (type))
#define TEXT_TYPES                                                                                                                         \
    (TYPE_BIT(VKYC_TYPE_STRING) | TYPE_BIT(VKYC_TYPE_ID) | TYPE_BIT(VKYC_TYPE_DATE) | TYPE_BIT(VKYC_TYPE_DATETIME) |                       \
     TYPE_BIT(VKYC_TYPE_URL) | TYPE_BIT(VKYC_TYPE_PHONE) | TYPE_BIT(VKYC_TYPE_ENUM))
#define NUMBER_TYPES (TYPE_BIT(VKYC_TYPE_INT) | TYPE_BIT(VKYC_TYPE_NUMBER))

/* Keys that only some types heed. One that nobody heeds is a rule that its author believes in. */
static const struct {
    const char *key;
    unsigned types;
    const char *fault;
} HEEDED[] = {
    {"min", TEXT_TYPES | NUMBER_TYPES | TYPE_BIT(VKYC_TYPE_ARRAY), "is for texts, numbers and arrays"},
    {"max", TEXT_TYPES | NUMBER_TYPES | TYPE_BIT(VKYC_TYPE_ARRAY), "is for texts, numbers and arrays"},
    {"charset", TEXT_TYPES, "is for texts"},
    {"values", TEXT_TYPES, "is for texts"},
    {"number_too", TYPE_BIT(VKYC_TYPE_STRING), "is for the type string"},
    {"items", TYPE_BIT(VKYC_TYPE_ARRAY), "is for arrays"},
    {"fields", TYPE_BIT(VKYC_TYPE_OBJECT), "is for objects"},
    {"sequence", TYPE_BIT(VKYC_TYPE_ARRAY), "is for arrays"},
};

/* 1 when the items of the array are objects with an int field of that name. */
static int has_sequence(lua_State *L, int index, const char *name, size_t name_size)
{
    int found = 0;
    int top = lua_gettop(L);
    raw_field(L, index, "items");
    if (lua_istable(L, -1)) {
        raw_field(L, -1, "fields");
    }
    size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    for (size_t i = 1; i <= count && !found; i++) {
        lua_rawgeti(L, -1, (int)i);
        if (lua_istable(L, -1)) {
            size_t size = 0;
            size_t type_size = 0;
            const char *text = string_field(L, lua_gettop(L), "name", &size);
            const char *type = string_field(L, lua_gettop(L), "type", &type_size);
            found = text != NULL && size == name_size && memcmp(text, name, size) == 0 && type != NULL &&
                    vkyc_type_find(type, type_size) == VKYC_TYPE_INT;
        }
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return found;
}

static void survey_rules(struct survey *s, int index, const struct lvkyc_place *place, enum vkyc_type type)
{
    lua_State *L = s->L;
    for (size_t i = 0; i < sizeof HEEDED / sizeof HEEDED[0]; i++) {
        raw_field(L, index, HEEDED[i].key);
        if (lua_toboolean(L, -1) && (HEEDED[i].types & TYPE_BIT(type)) == 0) {
            struct lvkyc_place at = named(place, HEEDED[i].key);
            fault(s, &at, HEEDED[i].fault);
        }
        lua_pop(L, 1);
    }
    double min = 0;
    double max = 0;
    int has_min = bound(L, index, "min", &min);
    int has_max = bound(L, index, "max", &max);
    int counts = (NUMBER_TYPES & TYPE_BIT(type)) == 0;
    if (has_min && (isnan(min) || (counts && min < 0))) {
        struct lvkyc_place at = named(place, "min");
        fault(s, &at, "must be a number, and not negative for a length");
    }
    if (has_max && (isnan(max) || (counts && max < 0) || (has_min && max < min))) {
        struct lvkyc_place at = named(place, "max");
        fault(s, &at, "must be a number, and not below min");
    }
    size_t size = 0;
    const char *sequence = string_field(L, index, "sequence", &size);
    if (sequence != NULL && type == VKYC_TYPE_ARRAY && !has_sequence(L, index, sequence, size)) {
        struct lvkyc_place at = named(place, "sequence");
        fault(s, &at, "must name an int field of the items");
    }
}

static void survey_type(struct survey *s, int index, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    size_t size = 0;
    const char *type = string_field(L, index, "type", &size);
    if (type == NULL || vkyc_type_find(type, size) < 0) {
        struct lvkyc_place at = named(place, "type");
        fault(s, &at,
              "must be one of string, id, int, int64, number, boolean, date, datetime, url, phone, enum, enum_model, array, object, any");
    } else {
        if (vkyc_type_find(type, size) == VKYC_TYPE_ENUM) {
            raw_field(L, index, "values");
            if (!lua_istable(L, -1)) {
                struct lvkyc_place at = named(place, "values");
                fault(s, &at, "is required for an enum");
            }
            lua_pop(L, 1);
        }
        survey_rules(s, index, place, (enum vkyc_type)vkyc_type_find(type, size));
    }
    const char *charset = string_field(L, index, "charset", &size);
    if (charset != NULL && vkyc_charset_find(charset, size) < 0) {
        struct lvkyc_place at = named(place, "charset");
        fault(s, &at, "must be one of id, digits, alphanumeric, printable");
    }
}

/* `item_of_array`: an item has no name. */
static void survey_field(struct survey *s, int index, const struct lvkyc_place *place, int item_of_array, int depth)
{
    lua_State *L = s->L;
    luaL_checkstack(L, 8, NULL);
    if (++s->fields > MOST_FIELDS) {
        if (s->fields == MOST_FIELDS + 1) {
            fault(s, place, "is one field too many for a schema");
        }
        return;
    }
    survey_keys(s, index, place);
    size_t size = 0;
    const char *name = string_field(L, index, "name", &size);
    if (!item_of_array && (name == NULL || !is_name(name, size))) {
        struct lvkyc_place at = named(place, "name");
        fault(s, &at, "must be the field's name: printable ASCII without spaces, quotes and backslashes");
    }
    survey_type(s, index, place);
    survey_texts(s, index, "values", place);
    survey_texts(s, index, "also", place);
    if (depth >= VKYC_MAX_DEPTH) {
        fault(s, place, "is nested too deep");
        return;
    }
    raw_field(L, index, "items");
    if (lua_istable(L, -1)) {
        struct lvkyc_place at = named(place, "items");
        survey_field(s, lua_gettop(L), &at, 1, depth + 1);
    }
    lua_pop(L, 1);
    raw_field(L, index, "fields");
    if (lua_istable(L, -1)) {
        struct lvkyc_place at = named(place, "fields");
        survey_fields(s, lua_gettop(L), &at, depth + 1);
    }
    lua_pop(L, 1);
}

/* The name at the top of the stack is another field's too, or becomes a name seen. Pops it. */
static void survey_name(struct survey *s, int seen, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    lua_pushvalue(L, -1);
    lua_rawget(L, seen);
    if (!lua_isnil(L, -1)) {
        fault(s, place, "has the name of an earlier field");
    }
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, seen);
}

/* A field's name and its other spellings. */
static void survey_names(struct survey *s, int index, int seen, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    raw_field(L, index, "name");
    if (lua_type(L, -1) == LUA_TSTRING) {
        survey_name(s, seen, place);
    } else {
        lua_pop(L, 1);
    }
    raw_field(L, index, "also");
    struct lvkyc_place also = named(place, "also");
    size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    for (size_t i = 1; i <= count; i++) {
        struct lvkyc_place at = item(&also, i);
        lua_rawgeti(L, -1, (int)i);
        if (lua_type(L, -1) == LUA_TSTRING) {
            survey_name(s, seen, &at);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static void survey_fields(struct survey *s, int index, const struct lvkyc_place *place, int depth)
{
    lua_State *L = s->L;
    luaL_checkstack(L, 8, NULL);
    size_t count = lua_rawlen(L, index);
    s->objects++;
    if (count > VKYC_MAX_FIELDS) {
        fault(s, place, "has too many fields");
        return;
    }
    if (!is_list(L, index, count)) {
        fault(s, place, "must be an array of fields: keys 1 to n without a hole");
    }
    lua_newtable(L); /* names seen */
    int seen = lua_gettop(L);
    for (size_t i = 1; i <= count; i++) {
        struct lvkyc_place at = item(place, i);
        lua_rawgeti(L, index, (int)i);
        if (!lua_istable(L, -1)) {
            fault(s, &at, "must be a field: { name = …, type = … }");
        } else {
            survey_field(s, lua_gettop(L), &at, 0, depth);
            survey_names(s, lua_gettop(L), seen, &at);
        }
        lua_settop(L, seen);
    }
    lua_pop(L, 1);
}

static void demand(struct arena *a, int unchanged)
{
    if (!unchanged) {
        luaL_error(a->L, "the table of fields changed while it was read");
    }
}

/* Takes `count` of what the survey counted. */
static void take(struct arena *a, size_t *left, size_t count)
{
    demand(a, count <= *left);
    *left -= count;
}

/* Keeps the string at the top of the stack alive in the names table and pops it. */
static struct vkyc_text keep(struct arena *a, int *ref)
{
    struct vkyc_text text;
    demand(a, lua_type(a->L, -1) == LUA_TSTRING);
    text.text = lua_tolstring(a->L, -1, &text.size);
    *ref = ++a->next_name;
    lua_rawseti(a->L, a->names, *ref);
    return text;
}

static const struct vkyc_text *fill_texts(struct arena *a, int index, const char *key, size_t *count)
{
    lua_State *L = a->L;
    const struct vkyc_text *first = a->texts;
    raw_field(L, index, key);
    *count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    take(a, &a->left.texts, *count);
    for (size_t i = 1; i <= *count; i++) {
        int ref;
        lua_rawgeti(L, -1, (int)i);
        *a->texts++ = keep(a, &ref);
    }
    lua_pop(L, 1);
    return *count > 0 ? first : NULL;
}

static int flag(lua_State *L, int index, const char *key)
{
    raw_field(L, index, key);
    int set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

static void fill_object(struct arena *a, int index, struct vkyc_object *o);

static void fill_field(struct arena *a, int index, struct vkyc_field *f)
{
    lua_State *L = a->L;
    luaL_checkstack(L, 8, NULL);
    memset(f, 0, sizeof *f);
    size_t size = 0;
    const char *type = string_field(L, index, "type", &size);
    demand(a, type != NULL && vkyc_type_find(type, size) >= 0);
    f->type = (enum vkyc_type)vkyc_type_find(type, size);
    const char *charset = string_field(L, index, "charset", &size);
    if (charset != NULL && vkyc_charset_find(charset, size) >= 0) {
        f->charset = (enum vkyc_charset)vkyc_charset_find(charset, size);
    }
    raw_field(L, index, "name");
    if (lua_type(L, -1) == LUA_TSTRING) {
        int ref;
        lua_pushfstring(L, "\"%s\":", lua_tostring(L, -1));
        f->json_key = keep(a, &ref);
        f->name = keep(a, &f->ref);
        f->hash = vkyc_json_hash(f->name.text, f->name.size);
    } else {
        lua_pop(L, 1);
    }
    f->required = flag(L, index, "required");
    f->sensitive = flag(L, index, "sensitive");
    f->strict = flag(L, index, "strict");
    f->number_too = flag(L, index, "number_too");
    if (f->type == VKYC_TYPE_ID) {
        f->min = 1;
        f->max = 50;
        f->has_min = 1;
        f->has_max = 1;
        f->charset = VKYC_CHARSET_ID;
    }
    f->has_min |= bound(L, index, "min", &f->min);
    f->has_max |= bound(L, index, "max", &f->max);
    f->values = fill_texts(a, index, "values", &f->value_count);
    f->also = fill_texts(a, index, "also", &f->also_count);
    raw_field(L, index, "items");
    if (lua_istable(L, -1)) {
        take(a, &a->left.fields, 1);
        struct vkyc_field *items = a->fields++;
        fill_field(a, lua_gettop(L), items);
        f->items = items;
    }
    lua_pop(L, 1);
    raw_field(L, index, "fields");
    if (lua_istable(L, -1)) {
        take(a, &a->left.objects, 1);
        struct vkyc_object *object = a->objects++;
        fill_object(a, lua_gettop(L), object);
        f->object = object;
    }
    lua_pop(L, 1);
    const char *sequence = string_field(L, index, "sequence", &size);
    if (sequence != NULL && f->items != NULL && f->items->object != NULL) {
        int at = vkyc_object_find(f->items->object, sequence, size, vkyc_json_hash(sequence, size), 0);
        f->sequence = at < 0 ? NULL : &f->items->object->fields[at];
    }
}

static void fill_object(struct arena *a, int index, struct vkyc_object *o)
{
    lua_State *L = a->L;
    size_t count = lua_rawlen(L, index);
    take(a, &a->left.fields, count);
    o->count = count;
    o->fields = a->fields;
    a->fields += o->count; /* an object's fields stand side by side */
    for (size_t i = 0; i < o->count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        demand(a, lua_istable(L, -1));
        fill_field(a, lua_gettop(L), &o->fields[i]);
        lua_pop(L, 1);
    }
}

/* core.schema(fields) -> schema | nil, array of { path, message } */
static int schema_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L);
    struct survey s = {L, 2, 0, 0, 0};
    survey_fields(&s, 1, NULL, 0);
    if (lua_rawlen(L, s.faults) > 0) {
        lua_pushnil(L);
        lua_pushvalue(L, s.faults);
        return 2;
    }
    size_t size = sizeof(struct lvkyc_schema) + s.objects * sizeof(struct vkyc_object) + s.fields * sizeof(struct vkyc_field) +
                  s.texts * sizeof(struct vkyc_text);
    struct lvkyc_schema *schema = lvkyc_newuserdata(L, size);
    memset(schema, 0, size);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lvkyc_setuservalue(L, -3);
    struct arena a;
    a.L = L;
    a.names = lua_gettop(L);
    a.next_name = 0;
    a.objects = (struct vkyc_object *)(schema + 1);
    a.fields = (struct vkyc_field *)(a.objects + s.objects);
    a.texts = (struct vkyc_text *)(a.fields + s.fields);
    a.left = s;
    fill_object(&a, 1, &schema->root);
    lua_pop(L, 1);
    luaL_getmetatable(L, LVKYC_SCHEMA);
    lua_setmetatable(L, -2);
    return 1;
}

int lvkyc_isnull(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL;
}

/* Pushes package.loaded.cjson[name], or nil. */
static void push_cjson(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    raw_field(L, -1, "cjson");
    if (lua_istable(L, -1)) {
        raw_field(L, -1, name);
    } else {
        lua_pushnil(L);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

int lvkyc_isarray(lua_State *L, int index)
{
    static const char *const MARKS[] = {"empty_array_mt", "array_mt"};
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA) {
        push_cjson(L, "empty_array");
        int same = lua_rawequal(L, -1, index);
        lua_pop(L, 1);
        return same;
    }
    if (!lua_getmetatable(L, index)) {
        return 0;
    }
    luaL_getmetatable(L, ARRAY_MARK);
    int marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    for (size_t i = 0; !marked && i < sizeof MARKS / sizeof MARKS[0]; i++) {
        push_cjson(L, MARKS[i]);
        marked = lua_rawequal(L, -1, -2);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return marked;
}

/* core.array(t): marks a table as an array and returns it, so that an empty one is written as []. */
static int array_mark(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) {
        return luaL_argerror(L, 1, "the table already has a metatable");
    }
    luaL_getmetatable(L, ARRAY_MARK);
    lua_setmetatable(L, 1);
    return 1;
}

static struct lvkyc_schema *check_schema(lua_State *L, int index)
{
    struct lvkyc_schema *schema = lvkyc_test(L, index, LVKYC_SCHEMA);
    if (schema == NULL) {
        luaL_argerror(L, index, "schema expected");
    }
    return schema;
}

/* The field that a request may call so, by its name or another spelling. */
static const struct vkyc_field *find_spelling(const struct vkyc_object *o, const char *name, size_t size)
{
    int at = vkyc_object_find(o, name, size, vkyc_json_hash(name, size), 0);
    if (at >= 0) {
        return &o->fields[at];
    }
    for (size_t i = 0; i < o->count; i++) {
        for (size_t j = 0; j < o->fields[i].also_count; j++) {
            if (o->fields[i].also[j].size == size && memcmp(o->fields[i].also[j].text, name, size) == 0) {
                return &o->fields[i];
            }
        }
    }
    return NULL;
}

/* Adds the strings (and digits) below `index` that belong to sensitive fields to the array at `found`. */
static void collect(lua_State *L, int index, const struct vkyc_object *o, int sensitive, int found, int depth)
{
    if (depth > VKYC_MAX_DEPTH) {
        return;
    }
    luaL_checkstack(L, 8, NULL);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const struct vkyc_field *f = NULL;
        if (o != NULL && lua_type(L, -2) == LUA_TSTRING) {
            size_t size;
            const char *name = lua_tolstring(L, -2, &size);
            f = find_spelling(o, name, size);
        }
        int hidden = sensitive || (f != NULL && (f->sensitive || (f->items != NULL && f->items->sensitive)));
        if (lua_istable(L, -1)) {
            const struct vkyc_object *inner = f != NULL ? f->object : NULL;
            if (f != NULL && f->items != NULL) {
                inner = f->items->object;
            } else if (f == NULL && lua_type(L, -2) == LUA_TNUMBER) {
                inner = o; /* an item: its array was given the items' object */
            }
            collect(L, lua_gettop(L), inner, hidden, found, depth + 1);
        } else if (hidden && (lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER)) {
            lua_pushvalue(L, -1);
            lua_tostring(L, -1); /* a copy: the key of lua_next must not change */
            lua_rawseti(L, found, (int)lua_rawlen(L, found) + 1);
        }
        lua_pop(L, 1);
    }
}

/* schema:sensitive(params) -> array of the texts that must not be seen, for core.scrub */
static int schema_sensitive(lua_State *L)
{
    struct lvkyc_schema *schema = check_schema(L, 1);
    lua_settop(L, 2);
    lua_newtable(L);
    if (lua_istable(L, 2)) {
        collect(L, 2, &schema->root, 0, 3, 0);
    }
    return 1;
}

/* schema:suggest(name) -> the nearest name of a field | nil */
static int schema_suggest(lua_State *L)
{
    struct lvkyc_schema *schema = check_schema(L, 1);
    size_t size;
    const char *name = luaL_checklstring(L, 2, &size);
    int nearest = vkyc_object_suggest(&schema->root, name, size);
    if (nearest < 0) {
        lua_pushnil(L);
    } else {
        lua_pushlstring(L, schema->root.fields[nearest].name.text, schema->root.fields[nearest].name.size);
    }
    return 1;
}

/* schema:names() -> array of the names of its fields, in their order */
static int schema_names(lua_State *L)
{
    struct lvkyc_schema *schema = check_schema(L, 1);
    lua_createtable(L, (int)schema->root.count, 0);
    for (size_t i = 0; i < schema->root.count; i++) {
        lua_pushlstring(L, schema->root.fields[i].name.text, schema->root.fields[i].name.size);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

void lvkyc_open_schema(lua_State *L)
{
    static const luaL_Reg functions[] = {{"schema", schema_new}, {"array", array_mark}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"decode", lvkyc_schema_decode},
                                       {"sensitive", schema_sensitive},
                                       {"suggest", schema_suggest},
                                       {"names", schema_names},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{NULL, NULL}};
    lvkyc_metatable(L, LVKYC_SCHEMA, methods, metamethods);
    luaL_newmetatable(L, ARRAY_MARK);
    lua_pop(L, 1);
    lvkyc_register(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
