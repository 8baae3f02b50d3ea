/* What the tests of the JSON reader share. */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <stdlib.h>

#include "../../src/core/json_read.h"
#include "check.h"

static struct vkyc_json_reader r;
static char *block;

/* Starts reading a copy that ends where its block ends, so that reading one byte too far is seen. */
static inline void start(const char *json, size_t size)
{
    free(block);
    block = malloc(size + 1);
    memcpy(block + 1, json, size);
    vkyc_json_read_init(&r, block + 1, size);
}

/* Reads to the end or to the error, which stays. */
static inline enum vkyc_json_error read_all(const char *json, size_t size)
{
    start(json, size);
    enum vkyc_json_event event;
    do {
        event = vkyc_json_next(&r);
    } while (event > VKYC_JSON_END);
    CHECK(vkyc_json_next(&r) == event);
    CHECK((event == VKYC_JSON_ERROR) == (r.error != VKYC_JSON_FINE));
    return r.error;
}

static inline void next_is(enum vkyc_json_event event)
{
    CHECK(vkyc_json_next(&r) == event);
}

#endif
