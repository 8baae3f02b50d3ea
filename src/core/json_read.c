#include "json_read.h"

#include <string.h>

#include "json_escape.h"
#include "json_number.h"
#include "utf8.h"
#include "word.h"

_Static_assert(VKYC_MAX_DEPTH <= 32, "is_object has a bit for each container");

#define INLINE              static inline __attribute__((always_inline))
#define NOINLINE            static __attribute__((noinline))
#define COLD                static __attribute__((cold, noinline))
#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* What the next call expects. */
enum state {
    TOP_VALUE,
    TOP_AFTER,
    OBJECT_FIRST, /* behind the brace: a key or the end */
    OBJECT_VALUE, /* behind the colon */
    OBJECT_AFTER, /* behind a value: a comma or the end */
    ARRAY_FIRST,
    ARRAY_AFTER,
    DONE,
    FAILED
};

static const uint64_t HASH_FACTOR = UINT64_C(0x9e3779b97f4a7c15);

COLD enum vkyc_json_event fail(struct vkyc_json_reader *r, enum vkyc_json_error error, const char *at)
{
    r->error = error;
    r->offset = (size_t)(at - r->input);
    r->state = FAILED;
    r->text = NULL;
    r->text_size = 0;
    return VKYC_JSON_ERROR;
}

/* For a byte that does not belong where it stands, or for none at all. */
COLD enum vkyc_json_event fail_syntax(struct vkyc_json_reader *r, const char *at)
{
    return fail(r, at == r->input + r->size ? VKYC_JSON_TRUNCATED : VKYC_JSON_BAD_SYNTAX, at);
}

INLINE const char *skip_space(const char *p, const char *end)
{
    while (p < end && UNLIKELY((unsigned char)*p <= ' ')) {
        if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t') {
            break;
        }
        p++;
    }
    return p;
}

INLINE uint64_t hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * HASH_FACTOR;
    return hash ^ hash >> 32;
}

INLINE uint32_t hash_end(uint64_t hash, size_t size)
{
    return (uint32_t)(((hash ^ size) * HASH_FACTOR) >> 32);
}

uint32_t vkyc_json_hash(const char *text, size_t size)
{
    uint64_t hash = 0;
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        hash = hash_word(hash, vkyc_word_load(text + i));
    }
    return hash_end(hash_word(hash, vkyc_word_load_tail(text + i, size - i, 0)), size);
}

/* Returns the first byte at or behind p that ends a plain run (quote, backslash, control), or `end`. Collects the bytes of the run in
 * *seen (for the high bits) and in *hash (as vkyc_json_hash does). */
INLINE const char *scan_plain(const char *p, const char *end, uint64_t *seen, uint64_t *hash)
{
    for (;;) {
        uint64_t word = LIKELY(end - p >= 8) ? vkyc_word_load(p) : vkyc_word_load_tail(p, (size_t)(end - p), '"');
        uint64_t stops = vkyc_word_stops(word);
        if (stops != 0) {
            word = vkyc_word_before(word, stops);
            *seen |= word;
            *hash = hash_word(*hash, word);
            return p + vkyc_word_first(stops);
        }
        *seen |= word;
        *hash = hash_word(*hash, word);
        p += 8;
    }
}

/* The rest of a string from a byte that ends its first plain run. Returns its closing quote, or NULL after fail. */
NOINLINE const char *scan_rest(struct vkyc_json_reader *r, const char *p, const char *end, uint64_t *seen)
{
    uint64_t unused = 0;
    for (;;) {
        if (p == end) {
            fail(r, VKYC_JSON_TRUNCATED, p);
            return NULL;
        }
        if (*p == '"') {
            return p;
        }
        if (*p != '\\') {
            fail(r, VKYC_JSON_BAD_SYNTAX, p);
            return NULL;
        }
        const char *bad;
        const char *next = vkyc_json_escape_check(p, end, &bad);
        if (next == NULL) {
            fail(r, bad == end ? VKYC_JSON_TRUNCATED : VKYC_JSON_BAD_ESCAPE, bad);
            return NULL;
        }
        r->escaped = 1;
        p = scan_plain(next, end, seen, &unused);
    }
}

/* Reads the string whose first byte behind the quote is at p into text and escaped. Returns what follows the closing quote, or NULL. */
INLINE const char *read_text(struct vkyc_json_reader *r, const char *p, const char *end, uint64_t *hash)
{
    uint64_t seen = 0;
    *hash = 0;
    r->escaped = 0;
    const char *quote = scan_plain(p, end, &seen, hash);
    if (UNLIKELY(quote == end || *quote != '"')) {
        quote = scan_rest(r, quote, end, &seen);
        if (quote == NULL) {
            return NULL;
        }
    }
    r->text = p;
    r->text_size = (size_t)(quote - p);
    if (UNLIKELY((seen & VKYC_WORD_HIGH) != 0)) {
        size_t good = vkyc_utf8_check(p, r->text_size);
        if (good != r->text_size) {
            fail(r, VKYC_JSON_BAD_UTF8, p + good);
            return NULL;
        }
    }
    return quote + 1;
}

/* Whether the key written at `raw`, up to its quote, is `key` once its escapes are decoded. */
static int same_key(const char *raw, const char *key, size_t size)
{
    size_t i = 0;
    while (*raw != '"') {
        char bytes[4] = {*raw};
        size_t n = 1;
        if (*raw == '\\') {
            n = vkyc_json_escape_decode(&raw, bytes);
        } else {
            raw++;
        }
        if (size - i < n || memcmp(key + i, bytes, n) != 0) {
            return 0;
        }
        i += n;
    }
    return i == size;
}

/* Decodes an escaped key into `out` of VKYC_MAX_KEY bytes. Returns its size, or VKYC_MAX_KEY + 1 when it is longer. */
static size_t decode_key(const char *text, size_t text_size, char *out)
{
    const char *end = text + text_size;
    size_t size = 0;
    while (text < end) {
        char bytes[4] = {*text};
        size_t n = 1;
        if (*text == '\\') {
            n = vkyc_json_escape_decode(&text, bytes);
        } else {
            text++;
        }
        if (VKYC_MAX_KEY - size < n) {
            return VKYC_MAX_KEY + 1;
        }
        memcpy(out + size, bytes, n);
        size += n;
    }
    return size;
}

/* 1 when one of the open keys from `first` on is equal to the key just read. */
NOINLINE int is_duplicate(const struct vkyc_json_reader *r, uint32_t first)
{
    char decoded[VKYC_MAX_KEY];
    const char *key = r->text;
    size_t size = r->text_size;
    if (r->escaped) {
        size = decode_key(r->text, r->text_size, decoded);
        key = decoded;
    }
    for (uint32_t i = first; i < r->open_count; i++) {
        if (r->open_keys[i].hash == r->hash && same_key(r->input + r->open_keys[i].offset, key, size)) {
            return 1;
        }
    }
    return 0;
}

/* Hash of an escaped key. Returns 0, or -1 when the key is too long. */
NOINLINE int hash_escaped(struct vkyc_json_reader *r)
{
    char decoded[VKYC_MAX_KEY];
    size_t size = decode_key(r->text, r->text_size, decoded);
    if (size > VKYC_MAX_KEY) {
        return -1;
    }
    r->hash = vkyc_json_hash(decoded, size);
    return 0;
}

/* Reads a key and its colon; p is where the key's quote must be. */
INLINE enum vkyc_json_event read_key(struct vkyc_json_reader *r, const char *p, const char *end)
{
    if (UNLIKELY(p == end || *p != '"')) {
        return fail_syntax(r, p);
    }
    const char *start = p + 1;
    uint64_t hash;
    p = read_text(r, start, end, &hash);
    if (UNLIKELY(p == NULL)) {
        return VKYC_JSON_ERROR;
    }
    r->hash = hash_end(hash, r->text_size);
    if (UNLIKELY(r->escaped ? hash_escaped(r) != 0 : r->text_size > VKYC_MAX_KEY)) {
        return fail(r, VKYC_JSON_TOO_MANY_KEYS, start);
    }
    uint32_t count = r->open_count;
    for (uint32_t i = r->first_key[r->depth - 1]; i < count; i++) {
        if (UNLIKELY(r->open_keys[i].hash == r->hash)) {
            if (is_duplicate(r, i)) {
                return fail(r, VKYC_JSON_DUPLICATE_KEY, start);
            }
            break;
        }
    }
    if (UNLIKELY(count == VKYC_MAX_OPEN_KEYS)) {
        return fail(r, VKYC_JSON_TOO_MANY_KEYS, start);
    }
    r->open_keys[count].hash = r->hash;
    r->open_keys[count].offset = (uint32_t)(start - r->input);
    r->open_count = count + 1;
    p = skip_space(p, end);
    if (UNLIKELY(p == end || *p != ':')) {
        return fail_syntax(r, p);
    }
    r->offset = (size_t)(p + 1 - r->input);
    r->state = OBJECT_VALUE;
    return VKYC_JSON_KEY;
}

INLINE enum vkyc_json_event open_container(struct vkyc_json_reader *r, const char *p, int object)
{
    if (UNLIKELY(r->depth == VKYC_MAX_DEPTH)) {
        return fail(r, VKYC_JSON_TOO_DEEP, p);
    }
    uint32_t bit = UINT32_C(1) << r->depth;
    r->is_object = object ? r->is_object | bit : r->is_object & ~bit;
    r->first_key[r->depth] = r->open_count;
    r->depth++;
    r->offset = (size_t)(p + 1 - r->input);
    r->state = object ? OBJECT_FIRST : ARRAY_FIRST;
    return object ? VKYC_JSON_OBJECT : VKYC_JSON_ARRAY;
}

INLINE enum vkyc_json_event close_container(struct vkyc_json_reader *r, const char *p, enum vkyc_json_event event)
{
    r->depth--;
    r->open_count = r->first_key[r->depth];
    r->offset = (size_t)(p + 1 - r->input);
    if (r->depth == 0) {
        r->state = TOP_AFTER;
    } else {
        r->state = r->is_object >> (r->depth - 1) & 1 ? OBJECT_AFTER : ARRAY_AFTER;
    }
    return event;
}

INLINE int ends_number(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

INLINE enum vkyc_json_event read_number(struct vkyc_json_reader *r, const char *p, const char *end, int after)
{
    const char *start = p;
    const char *bad = NULL;
    int exponent;
    p = vkyc_json_number_scan(start, end, &r->integer, &exponent, &bad);
    if (UNLIKELY(p == NULL)) {
        return fail(r, bad == end ? VKYC_JSON_TRUNCATED : VKYC_JSON_BAD_NUMBER, bad);
    }
    if (UNLIKELY(p < end && !ends_number(*p))) {
        return fail(r, VKYC_JSON_BAD_NUMBER, p);
    }
    size_t size = (size_t)(p - start);
    if (UNLIKELY(size > VKYC_MAX_NUMBER) || ((exponent || size > VKYC_JSON_SAFE_DIGITS) && !vkyc_json_number_fits(start, p))) {
        return fail(r, VKYC_JSON_BAD_NUMBER, start);
    }
    r->text = start;
    r->text_size = size;
    r->offset = (size_t)(p - r->input);
    r->state = after;
    return VKYC_JSON_NUMBER;
}

COLD enum vkyc_json_event fail_word(struct vkyc_json_reader *r, const char *p, const char *end, const char *word)
{
    while (p < end && *p == *word) {
        p++;
        word++;
    }
    return fail_syntax(r, p);
}

INLINE enum vkyc_json_event read_word(struct vkyc_json_reader *r, const char *p, const char *end, int after, const char *word, size_t size,
                                      enum vkyc_json_event event)
{
    if (UNLIKELY((size_t)(end - p) < size || memcmp(p, word, size) != 0)) {
        return fail_word(r, p, end, word);
    }
    r->offset = (size_t)(p + size - r->input);
    r->state = after;
    return event;
}

INLINE enum vkyc_json_event read_value(struct vkyc_json_reader *r, const char *p, const char *end, int after)
{
    if (UNLIKELY(p == end)) {
        return fail(r, VKYC_JSON_TRUNCATED, p);
    }
    uint64_t unused;
    switch (*p) {
    case '"':
        p = read_text(r, p + 1, end, &unused);
        if (UNLIKELY(p == NULL)) {
            return VKYC_JSON_ERROR;
        }
        r->offset = (size_t)(p - r->input);
        r->state = after;
        return VKYC_JSON_STRING;
    case '{':
        return open_container(r, p, 1);
    case '[':
        return open_container(r, p, 0);
    case 'n':
        return read_word(r, p, end, after, "null", 4, VKYC_JSON_NULL);
    case 't':
        return read_word(r, p, end, after, "true", 4, VKYC_JSON_TRUE);
    case 'f':
        return read_word(r, p, end, after, "false", 5, VKYC_JSON_FALSE);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r, p, end, after);
    case '+':
    case '.':
        return fail(r, VKYC_JSON_BAD_NUMBER, p);
    default:
        return fail(r, VKYC_JSON_BAD_SYNTAX, p);
    }
}

void vkyc_json_read_init(struct vkyc_json_reader *r, const char *input, size_t size)
{
    r->input = input != NULL ? input : "";
    r->size = size;
    r->offset = 0;
    r->text = NULL;
    r->text_size = 0;
    r->hash = 0;
    r->escaped = 0;
    r->integer = 0;
    r->depth = 0;
    r->error = VKYC_JSON_FINE;
    r->state = TOP_VALUE;
    r->is_object = 0;
    r->open_count = 0;
    if (size > UINT32_MAX) {
        r->size = 0;
        r->error = VKYC_JSON_BAD_SYNTAX;
        r->state = FAILED;
    }
}

enum vkyc_json_event vkyc_json_next(struct vkyc_json_reader *r)
{
    const char *end = r->input + r->size;
    const char *p = skip_space(r->input + r->offset, end);
    int after = TOP_AFTER;
    switch (r->state) {
    case TOP_VALUE:
        break;
    case OBJECT_VALUE:
        after = OBJECT_AFTER;
        break;
    case OBJECT_AFTER:
        if (UNLIKELY(p == end)) {
            return fail_syntax(r, p);
        }
        if (LIKELY(*p == ',')) {
            return read_key(r, skip_space(p + 1, end), end);
        }
        return *p == '}' ? close_container(r, p, VKYC_JSON_OBJECT_END) : fail_syntax(r, p);
    case OBJECT_FIRST:
        return p < end && *p == '}' ? close_container(r, p, VKYC_JSON_OBJECT_END) : read_key(r, p, end);
    case ARRAY_FIRST:
        if (p < end && *p == ']') {
            return close_container(r, p, VKYC_JSON_ARRAY_END);
        }
        after = ARRAY_AFTER;
        break;
    case ARRAY_AFTER:
        if (UNLIKELY(p == end)) {
            return fail_syntax(r, p);
        }
        if (*p != ',') {
            return *p == ']' ? close_container(r, p, VKYC_JSON_ARRAY_END) : fail_syntax(r, p);
        }
        p = skip_space(p + 1, end);
        after = ARRAY_AFTER;
        break;
    case TOP_AFTER:
        if (p != end) {
            return fail(r, VKYC_JSON_TRAILING, p);
        }
        r->offset = r->size;
        r->state = DONE;
        return VKYC_JSON_END;
    case DONE:
        return VKYC_JSON_END;
    default:
        return VKYC_JSON_ERROR;
    }
    return read_value(r, p, end, after);
}

int vkyc_json_skip(struct vkyc_json_reader *r, enum vkyc_json_event event)
{
    if (event == VKYC_JSON_OBJECT || event == VKYC_JSON_ARRAY) {
        unsigned outside = r->depth - 1;
        while (r->depth > outside && r->error == VKYC_JSON_FINE) {
            (void)vkyc_json_next(r);
        }
    }
    return r->error == VKYC_JSON_FINE ? 0 : -1;
}

const char *vkyc_json_error_text(enum vkyc_json_error error)
{
    switch (error) {
    case VKYC_JSON_FINE:
        return "no error";
    case VKYC_JSON_BAD_SYNTAX:
        return "not JSON";
    case VKYC_JSON_BAD_UTF8:
        return "a string is not UTF-8";
    case VKYC_JSON_BAD_ESCAPE:
        return "a string has an escape that JSON does not know, or half of a surrogate pair";
    case VKYC_JSON_BAD_NUMBER:
        return "a number is not one of JSON, too long, or too large for a double";
    case VKYC_JSON_DUPLICATE_KEY:
        return "an object has a key twice";
    case VKYC_JSON_TOO_DEEP:
        return "objects and arrays are nested too deeply";
    case VKYC_JSON_TOO_MANY_KEYS:
        return "an object has too many keys, or one that is too long";
    case VKYC_JSON_TRUNCATED:
        return "the text ends inside of a value";
    case VKYC_JSON_TRAILING:
        return "something follows the value";
    }
    return "unknown error";
}
