/* A compiled schema, and the walks over values that use it. */
#ifndef LVKYC_SCHEMA_H
#define LVKYC_SCHEMA_H

#include "binding.h"

/* One block: the struct, then objects, fields and texts. The texts' bytes are Lua strings, kept alive by the userdata's own table, in which
 * the name of a field stands at its `ref`. */
struct lvkyc_schema {
    struct vkyc_object root;
};

/* Where a value stands, for a violation's path; rendered only when there is one. */
struct lvkyc_place {
    const struct lvkyc_place *up;
    const char *name; /* NULL: an item */
    size_t name_size;
    size_t index; /* from 1 */
};

/* The place of a field below `up`, which it refers to. */
static inline struct lvkyc_place lvkyc_place_field(const struct lvkyc_place *up, struct vkyc_text name)
{
    struct lvkyc_place place = {up, name.text, name.size, 0};
    return place;
}

/* The place of an item, counted from 1. */
static inline struct lvkyc_place lvkyc_place_item(const struct lvkyc_place *up, size_t index)
{
    struct lvkyc_place place = {up, NULL, 0, index};
    return place;
}

/* The place of a key that a script made up (at `index` of the stack): shown only when it is harmless to show. */
struct lvkyc_place lvkyc_place_key(const struct lvkyc_place *up, lua_State *L, int index);

/* Writes "a.b[2].c" and returns its size (cut at `size`). */
size_t lvkyc_place_write(const struct lvkyc_place *place, char *out, size_t size);

/* Where encoding writes to and what it found wrong. */
struct lvkyc_encoder {
    lua_State *L;
    struct vkyc_buffer *out;
    int names;      /* stack index of the schema's table; 0 without a schema */
    int violations; /* stack index of the table of violations, or of nil before the first */
    size_t count;
};

/* Values at `index` under a schema: a JSON object, or a query (no leading '?'). Both collect violations; what was written is only good
 * without any. `skip` names fields that are written elsewhere (in the path), as a bit set of the first 64 fields. */
void lvkyc_encode_object(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, int extra, uint64_t skip);
void lvkyc_encode_query(struct lvkyc_encoder *e, int index, const struct vkyc_object *o, int extra, uint64_t skip);

/* Members of the table at `index` as a query, without a schema. */
void lvkyc_encode_any_query(struct lvkyc_encoder *e, int index, const struct lvkyc_place *place);

/* The field of a path segment {name}: its text is appended to e->out as one segment. */
void lvkyc_encode_segment(struct lvkyc_encoder *e, int index, const struct vkyc_field *f);

/* Any value, without a schema. */
void lvkyc_encode_any(struct lvkyc_encoder *e, int index, const struct lvkyc_place *place, int depth);

/* Adds a violation, with a sentence of one's own or with the one that describes what the field wants. */
void lvkyc_violation(struct lvkyc_encoder *e, const struct lvkyc_place *place, enum vkyc_rule rule, const char *text);
void lvkyc_broken(struct lvkyc_encoder *e, const struct lvkyc_place *place, enum vkyc_rule rule, const struct vkyc_field *f);

/* core.schema(fields) */
int lvkyc_schema_new(lua_State *L);

/* schema:decode(response_or_text) */
int lvkyc_schema_decode(lua_State *L);

/* schema:sensitive(params, credentials, …) */
int lvkyc_schema_sensitive(lua_State *L);

/* JSON null, cjson.null and ngx.null are one value: a light userdata that is NULL. */
int lvkyc_isnull(lua_State *L, int index);

/* 1 when an empty table at `index` carries a mark that says array (ours or cjson's). */
int lvkyc_isarray(lua_State *L, int index);

#endif
