#include "enum_model.h"

#include <string.h>

static const char HEAD[] = "EnumModel(name=";
static const char LABEL[] = ", label=";
static const char DESCRIPTION[] = ", description=";

static const char *find_first(const char *p, const char *end, const char *mark, size_t mark_size)
{
    for (; (size_t)(end - p) >= mark_size; p++) {
        if (memcmp(p, mark, mark_size) == 0) {
            return p;
        }
    }
    return NULL;
}

static const char *find_last(const char *p, const char *end, const char *mark, size_t mark_size)
{
    if ((size_t)(end - p) < mark_size) {
        return NULL;
    }
    for (const char *at = end - mark_size;; at--) {
        if (memcmp(at, mark, mark_size) == 0) {
            return at;
        }
        if (at == p) {
            return NULL;
        }
    }
}

static void set_slice(const char **text, size_t *size, const char *from, const char *to)
{
    *size = (size_t)(to - from);
    *text = from;
    if (*size == 4 && memcmp(from, "null", 4) == 0) {
        *text = NULL;
        *size = 0;
    }
}

int vkyc_enum_model_read(const char *text, size_t size, struct vkyc_enum_model *out)
{
    memset(out, 0, sizeof *out);
    size_t head_size = sizeof HEAD - 1;
    if (size <= head_size || memcmp(text, HEAD, head_size) != 0 || text[size - 1] != ')') {
        return 0;
    }
    const char *name = text + head_size;
    const char *end = text + size - 1;
    const char *label = find_first(name, end, LABEL, sizeof LABEL - 1);
    if (label == NULL) {
        return 0;
    }
    const char *label_text = label + sizeof LABEL - 1;
    const char *description = find_last(label_text, end, DESCRIPTION, sizeof DESCRIPTION - 1);
    if (description == NULL) {
        return 0;
    }
    set_slice(&out->name, &out->name_size, name, label);
    set_slice(&out->label, &out->label_size, label_text, description);
    set_slice(&out->description, &out->description_size, description + sizeof DESCRIPTION - 1, end);
    return 1;
}
