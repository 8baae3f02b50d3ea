/* What the files of a schema's making share: reading a provider's tables raw, and the survey that comes before the memory. */
#ifndef LVKYC_SCHEMA_SURVEY_H
#define LVKYC_SCHEMA_SURVEY_H

#include "schema.h"

/* What the survey of a table found: how much to allocate, and every fault of it. */
struct lvkyc_survey {
    lua_State *L;
    int faults; /* stack index */
    size_t objects;
    size_t fields;
    size_t texts;
};

/* Counts what the fields at `index` need and adds every fault of them to the table at s->faults, as { path, message }. */
void lvkyc_survey_fields(struct lvkyc_survey *s, int index);

/* Pushes table[key]. Tables are read raw: what a metatable answers may differ from one reading to the next. */
void lvkyc_raw_field(lua_State *L, int index, const char *key);

/* table[key] as text, or NULL when it is none. Lives as long as the table holds it. */
const char *lvkyc_string_field(lua_State *L, int index, const char *key, size_t *size);

/* 1 when table[key] is a number. */
int lvkyc_number_field(lua_State *L, int index, const char *key, double *value);

#endif
