/* core.schema(fields): a provider's list of fields, compiled. */
#include <string.h>

#include "../core/json_read.h"
#include "../core/limits.h"
#include "schema_survey.h"

/* Bump allocation inside of the userdata. `left` is what the survey counted: a finalizer that runs in between may change the table. */
struct arena {
    lua_State *L;
    int names; /* stack index of the userdata's table */
    int next_name;
    struct vkyc_object *objects;
    struct vkyc_field *fields;
    struct vkyc_text *texts;
    struct lvkyc_survey left;
};

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
    lvkyc_raw_field(L, index, key);
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
    lvkyc_raw_field(L, index, key);
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
    const char *type = lvkyc_string_field(L, index, "type", &size);
    demand(a, type != NULL && vkyc_type_find(type, size) >= 0);
    f->type = (enum vkyc_type)vkyc_type_find(type, size);
    const char *charset = lvkyc_string_field(L, index, "charset", &size);
    if (charset != NULL && vkyc_charset_find(charset, size) >= 0) {
        f->charset = (enum vkyc_charset)vkyc_charset_find(charset, size);
    }
    lvkyc_raw_field(L, index, "name");
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
        f->max = VKYC_MAX_ID;
        f->has_min = 1;
        f->has_max = 1;
        f->charset = VKYC_CHARSET_ID;
    }
    f->has_min |= lvkyc_number_field(L, index, "min", &f->min);
    f->has_max |= lvkyc_number_field(L, index, "max", &f->max);
    f->values = fill_texts(a, index, "values", &f->value_count);
    f->also = fill_texts(a, index, "also", &f->also_count);
    lvkyc_raw_field(L, index, "items");
    if (lua_istable(L, -1)) {
        take(a, &a->left.fields, 1);
        struct vkyc_field *items = a->fields++;
        fill_field(a, lua_gettop(L), items);
        f->items = items;
    }
    lua_pop(L, 1);
    lvkyc_raw_field(L, index, "fields");
    if (lua_istable(L, -1)) {
        take(a, &a->left.objects, 1);
        struct vkyc_object *object = a->objects++;
        fill_object(a, lua_gettop(L), object);
        f->object = object;
    }
    lua_pop(L, 1);
    const char *sequence = lvkyc_string_field(L, index, "sequence", &size);
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
int lvkyc_schema_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L);
    struct lvkyc_survey s = {L, 2, 0, 0, 0};
    lvkyc_survey_fields(&s, 1);
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
