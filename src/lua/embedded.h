/* The Lua files of the module, in a static library. cmake/embed_lua.cmake writes the table. */
#ifndef LVKYC_EMBEDDED_H
#define LVKYC_EMBEDDED_H

#include <stddef.h>

struct lvkyc_embedded {
    const char *module; /* as require knows it */
    const char *chunk;  /* as messages and tracebacks name it */
    const unsigned char *bytes;
    size_t size;
};

/* In the order of their names; the last has none. */
extern const struct lvkyc_embedded lvkyc_embedded[];

#endif
