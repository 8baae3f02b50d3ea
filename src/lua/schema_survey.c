/* The survey of a provider's list of fields: what is wrong with it, all at once, and how much memory its schema takes. */
#include "schema_survey.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/json_read.h"
#include "../core/limits.h"

void lvkyc_raw_field(lua_State *L, int index, const char *key)
{
    index = lua_absindex(L, index);
    lua_pushstring(L, key);
    lua_rawget(L, index);
}

const char *lvkyc_string_field(lua_State *L, int index, const char *key, size_t *size)
{
    lvkyc_raw_field(L, index, key);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, size) : NULL;
    lua_pop(L, 1); /* the table still holds it */
    return text;
}

int lvkyc_number_field(lua_State *L, int index, const char *key, double *value)
{
    lvkyc_raw_field(L, index, key);
    int set = lua_type(L, -1) == LUA_TNUMBER;
    if (set) {
        *value = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return set;
}

static void fault(struct lvkyc_survey *s, const struct lvkyc_place *place, const char *text)
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

static void survey_keys(struct lvkyc_survey *s, int index, const struct lvkyc_place *place)
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

static void survey_texts(struct lvkyc_survey *s, int index, const char *key, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    lvkyc_raw_field(L, index, key);
    if (lua_istable(L, -1)) {
        struct lvkyc_place at = named(place, key);
        size_t count = lua_rawlen(L, -1);
        if (count == 0 || !is_list(L, lua_gettop(L), count)) {
            fault(s, &at, "must be an array of strings");
        }
        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(L, -1, (int)i);
            if (lua_type(L, -1) != LUA_TSTRING) {
                struct lvkyc_place each = lvkyc_place_item(&at, i);
                fault(s, &each, "must be a string");
            }
            lua_pop(L, 1);
        }
        s->texts += count;
    }
    lua_pop(L, 1);
}

static void survey_fields(struct lvkyc_survey *s, int index, const struct lvkyc_place *place, int depth);

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
    lvkyc_raw_field(L, index, "items");
    if (lua_istable(L, -1)) {
        lvkyc_raw_field(L, -1, "fields");
    }
    size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    for (size_t i = 1; i <= count && !found; i++) {
        lua_rawgeti(L, -1, (int)i);
        if (lua_istable(L, -1)) {
            size_t size = 0;
            size_t type_size = 0;
            const char *text = lvkyc_string_field(L, lua_gettop(L), "name", &size);
            const char *type = lvkyc_string_field(L, lua_gettop(L), "type", &type_size);
            found = text != NULL && size == name_size && memcmp(text, name, size) == 0 && type != NULL &&
                    vkyc_type_find(type, type_size) == VKYC_TYPE_INT;
        }
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return found;
}

static void survey_rules(struct lvkyc_survey *s, int index, const struct lvkyc_place *place, enum vkyc_type type)
{
    lua_State *L = s->L;
    for (size_t i = 0; i < sizeof HEEDED / sizeof HEEDED[0]; i++) {
        lvkyc_raw_field(L, index, HEEDED[i].key);
        if (lua_toboolean(L, -1) && (HEEDED[i].types & TYPE_BIT(type)) == 0) {
            struct lvkyc_place at = named(place, HEEDED[i].key);
            fault(s, &at, HEEDED[i].fault);
        }
        lua_pop(L, 1);
    }
    double min = 0;
    double max = 0;
    int has_min = lvkyc_number_field(L, index, "min", &min);
    int has_max = lvkyc_number_field(L, index, "max", &max);
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
    const char *sequence = lvkyc_string_field(L, index, "sequence", &size);
    if (sequence != NULL && type == VKYC_TYPE_ARRAY && !has_sequence(L, index, sequence, size)) {
        struct lvkyc_place at = named(place, "sequence");
        fault(s, &at, "must name an int field of the items");
    }
}

static void survey_type(struct lvkyc_survey *s, int index, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    size_t size = 0;
    const char *type = lvkyc_string_field(L, index, "type", &size);
    if (type == NULL || vkyc_type_find(type, size) < 0) {
        struct lvkyc_place at = named(place, "type");
        fault(s, &at,
              "must be one of string, id, int, int64, number, boolean, date, datetime, url, phone, enum, enum_model, array, object, any");
    } else {
        if (vkyc_type_find(type, size) == VKYC_TYPE_ENUM) {
            lvkyc_raw_field(L, index, "values");
            if (!lua_istable(L, -1)) {
                struct lvkyc_place at = named(place, "values");
                fault(s, &at, "is required for an enum");
            }
            lua_pop(L, 1);
        }
        survey_rules(s, index, place, (enum vkyc_type)vkyc_type_find(type, size));
    }
    const char *charset = lvkyc_string_field(L, index, "charset", &size);
    if (charset != NULL && vkyc_charset_find(charset, size) < 0) {
        struct lvkyc_place at = named(place, "charset");
        fault(s, &at, "must be one of id, digits, alphanumeric, printable");
    }
}

/* `item_of_array`: an item has no name. */
static void survey_field(struct lvkyc_survey *s, int index, const struct lvkyc_place *place, int item_of_array, int depth)
{
    lua_State *L = s->L;
    luaL_checkstack(L, 8, NULL);
    if (++s->fields > VKYC_MAX_SCHEMA) {
        if (s->fields == VKYC_MAX_SCHEMA + 1) {
            fault(s, place, "is one field too many for a schema");
        }
        return;
    }
    survey_keys(s, index, place);
    size_t size = 0;
    const char *name = lvkyc_string_field(L, index, "name", &size);
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
    lvkyc_raw_field(L, index, "items");
    if (lua_istable(L, -1)) {
        struct lvkyc_place at = named(place, "items");
        survey_field(s, lua_gettop(L), &at, 1, depth + 1);
    }
    lua_pop(L, 1);
    lvkyc_raw_field(L, index, "fields");
    if (lua_istable(L, -1)) {
        struct lvkyc_place at = named(place, "fields");
        survey_fields(s, lua_gettop(L), &at, depth + 1);
    }
    lua_pop(L, 1);
}

/* The name at the top of the stack is another field's too, or becomes a name seen. Pops it. */
static void survey_name(struct lvkyc_survey *s, int seen, const struct lvkyc_place *place)
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
static void survey_names(struct lvkyc_survey *s, int index, int seen, const struct lvkyc_place *place)
{
    lua_State *L = s->L;
    lvkyc_raw_field(L, index, "name");
    if (lua_type(L, -1) == LUA_TSTRING) {
        survey_name(s, seen, place);
    } else {
        lua_pop(L, 1);
    }
    lvkyc_raw_field(L, index, "also");
    struct lvkyc_place also = named(place, "also");
    size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    for (size_t i = 1; i <= count; i++) {
        struct lvkyc_place at = lvkyc_place_item(&also, i);
        lua_rawgeti(L, -1, (int)i);
        if (lua_type(L, -1) == LUA_TSTRING) {
            survey_name(s, seen, &at);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static void survey_fields(struct lvkyc_survey *s, int index, const struct lvkyc_place *place, int depth)
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
        struct lvkyc_place at = lvkyc_place_item(place, i);
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

void lvkyc_survey_fields(struct lvkyc_survey *s, int index)
{
    survey_fields(s, index, NULL, 0);
}
