/* What the encoders of objects and of scalars share. */
#ifndef LVKYC_ENCODE_H
#define LVKYC_ENCODE_H

#include "schema.h"

/* How a scalar is written: JSON and a query differ in this only. */
enum lvkyc_form { LVKYC_JSON, LVKYC_QUERY };

/* 1 for types whose values are strings of Lua. */
int lvkyc_is_text_type(enum vkyc_type type);

/* Writes a text; a fault of it is a violation. */
void lvkyc_put_text(struct lvkyc_encoder *e, enum lvkyc_form form, const struct lvkyc_place *place, const char *text, size_t size);

/* Writes the number at `index`. */
void lvkyc_put_number(struct lvkyc_encoder *e, int index, enum lvkyc_form form, const struct lvkyc_place *place);

/* Writes any scalar into a query. Returns 0 for what cannot stand there. */
int lvkyc_put_in_query(struct lvkyc_encoder *e, int index, const struct lvkyc_place *place);

/* Checks the value at `index` against a field that is neither array nor object, and writes it. */
void lvkyc_put_scalar(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, enum lvkyc_form form,
                      const struct lvkyc_place *place);

#endif
