/* The reader of EnumModel(...): its slices are inside of the input, in order, and put together again they are the input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/enum_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *put(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return to + size;
}

static char *put_slice(char *to, const char *text, size_t size)
{
    return text == NULL ? put(to, "null", 4) : put(to, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vkyc_enum_model m;
    if (!vkyc_enum_model_read((const char *)data, size, &m)) {
        if (m.name != NULL || m.label != NULL || m.description != NULL) {
            abort();
        }
        return 0;
    }
    char *again = malloc(size + 64);
    if (again == NULL) {
        return 0;
    }
    if (m.name_size > size || m.label_size > size || m.description_size > size || m.name_size + m.label_size + m.description_size > size) {
        abort();
    }
    char *to = put(again, "EnumModel(name=", 15);
    to = put_slice(to, m.name, m.name_size);
    to = put(to, ", label=", 8);
    to = put_slice(to, m.label, m.label_size);
    to = put(to, ", description=", 14);
    to = put_slice(to, m.description, m.description_size);
    to = put(to, ")", 1);
    if ((size_t)(to - again) != size || memcmp(again, data, size) != 0) {
        abort();
    }
    free(again);
    return 0;
}
