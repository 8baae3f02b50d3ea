/* Reader of "EnumModel(name=X, label=Y, description=Z)", the text that some providers send where an object was meant. */
#ifndef VKYC_ENUM_MODEL_H
#define VKYC_ENUM_MODEL_H

#include <stddef.h>

/* Slices of the input; NULL where the text says the word null. */
struct vkyc_enum_model {
    const char *name;
    size_t name_size;
    const char *label;
    size_t label_size;
    const char *description;
    size_t description_size;
};

/* Returns 1 when `text` has that form, else 0. There is no quoting, and a label may hold commas: the label ends at the last ",
 * description=". */
int vkyc_enum_model_read(const char *text, size_t size, struct vkyc_enum_model *out);

#endif
