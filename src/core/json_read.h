/* A strict pull reader of JSON (RFC 8259): UTF-8 is checked, depth and keys are bounded, duplicate keys and anything after
 * the value are refused. It owns no memory: its state is the caller's struct, its texts point into the caller's input. */
#ifndef VKYC_JSON_READ_H
#define VKYC_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "status.h"

enum vkyc_json_event {
    VKYC_JSON_ERROR,  /* see reader->error and reader->offset; every later call returns it again */
    VKYC_JSON_END,    /* the value ended, and only white space follows it */
    VKYC_JSON_OBJECT, /* { */
    VKYC_JSON_OBJECT_END,
    VKYC_JSON_ARRAY, /* [ */
    VKYC_JSON_ARRAY_END,
    VKYC_JSON_KEY,    /* text: the key, see escaped; its value is the next event */
    VKYC_JSON_STRING, /* text: the string, see escaped */
    VKYC_JSON_NUMBER, /* text: the number as written, see integer */
    VKYC_JSON_TRUE,
    VKYC_JSON_FALSE,
    VKYC_JSON_NULL
};

enum vkyc_json_error {
    VKYC_JSON_FINE,
    VKYC_JSON_BAD_SYNTAX,
    VKYC_JSON_BAD_UTF8,
    VKYC_JSON_BAD_ESCAPE,    /* unknown escape, or half of a surrogate pair */
    VKYC_JSON_BAD_NUMBER,    /* not a number of RFC 8259, longer than VKYC_MAX_NUMBER, or beyond a double (1e400) */
    VKYC_JSON_DUPLICATE_KEY, /* compared after decoding of escapes */
    VKYC_JSON_TOO_DEEP,
    VKYC_JSON_TOO_MANY_KEYS, /* VKYC_MAX_OPEN_KEYS, or a key over VKYC_MAX_KEY */
    VKYC_JSON_TRUNCATED,     /* the input ends inside of the value; also empty input */
    VKYC_JSON_TRAILING       /* something follows the value */
};

struct vkyc_json_open_key {
    uint32_t hash;   /* of the decoded key */
    uint32_t offset; /* of its first byte, behind the quote */
};

struct vkyc_json_reader {
    const char *input; /* borrowed for as long as the reader and its texts are used */
    size_t size;
    size_t offset; /* of the next byte; after an error, of the byte that is wrong */
    const char *text;
    size_t text_size;
    uint32_t hash;  /* after KEY: vkyc_json_hash of the decoded key */
    int escaped;    /* after KEY and STRING: text holds escapes, use vkyc_json_unescape */
    int integer;    /* after NUMBER: no fraction and no exponent */
    unsigned depth; /* containers that are open */
    enum vkyc_json_error error;
    /* private */
    int state;
    uint32_t is_object; /* bit n: container n is an object */
    uint32_t open_count;
    uint32_t first_key[VKYC_MAX_DEPTH]; /* where the keys of container n begin in open_keys */
    struct vkyc_json_open_key open_keys[VKYC_MAX_OPEN_KEYS];
};

/* Starts reading. `input` may hold any bytes, NUL included; sizes over UINT32_MAX are VKYC_JSON_BAD_SYNTAX at once.
 * Cheap: it does not clear open_keys. */
void vkyc_json_read_init(struct vkyc_json_reader *r, const char *input, size_t size);

/* Reads the next event; what it left in the struct (text, escaped, integer) holds until the next call. */
enum vkyc_json_event vkyc_json_next(struct vkyc_json_reader *r);

/* Reads past the rest of the value whose first event was `event` (a no-op for scalars), checking it like the rest. Returns 0 or -1. */
int vkyc_json_skip(struct vkyc_json_reader *r, enum vkyc_json_event event);

/* Decodes the escapes of `text` (one that the reader returned) into `out`, which has room for text_size bytes. Returns the decoded size. */
size_t vkyc_json_unescape(const char *text, size_t text_size, char *out);

/* The hash of a decoded key: what the reader leaves in `hash`, for looking names up without reading them twice. */
uint32_t vkyc_json_hash(const char *text, size_t size);

/* An integer token as int64. VKYC_OK, VKYC_ERR_RANGE when it does not fit, VKYC_ERR_SYNTAX when it is not an integer token ("-0" is 0). */
enum vkyc_status vkyc_json_int64(const char *text, size_t size, int64_t *out);

/* A number token as double, exactly rounded and independent of the locale, for tokens with up to 15 digits and a small exponent.
 * VKYC_ERR_RANGE: it needs the slow way (the caller has one: Lua's). */
enum vkyc_status vkyc_json_double(const char *text, size_t size, double *out);

/* One sentence per error, without any byte of the input. */
const char *vkyc_json_error_text(enum vkyc_json_error error);

#endif
