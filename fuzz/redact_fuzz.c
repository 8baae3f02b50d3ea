/* Redaction of any bytes: no number that stands alone comes through, well-formed text stays so, values are found as a plain search finds
 * them, and cutting never leaves half of anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core/redact.h"
#include "../src/core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What certainly bounds a number in the output: no part of a run, and no mark that took the place of one. */
static int bounds(char c)
{
    return !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' && c != '-' && c != '[' && c != ']';
}

static void check_numbers(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t start = i;
        while (i < size && is_digit(text[i])) {
            i++;
        }
        if (i > start && (start == 0 || bounds(text[start - 1])) && (i == size || bounds(text[i]))) {
            require(i - start != 12 || !vkyc_aadhaar_check(text + start));
            require(i - start != 10 || text[start] < '6');
        }
        i += i == start ? 1 : 0;
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int found_at(const char *text, const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (lower(text[i]) != lower(value[i])) {
            return 0;
        }
    }
    return 1;
}

static void check_values(const char *text, size_t size, const struct vkyc_redact_value *values, size_t count)
{
    struct vkyc_buffer out;
    struct vkyc_buffer wanted;
    char *covered = calloc(1, size + 1);
    require(covered != NULL);
    for (size_t v = 0; v < count; v++) {
        for (size_t i = 0; values[v].size >= 3 && i + values[v].size <= size; i++) {
            if (found_at(text + i, values[v].text, values[v].size)) {
                memset(covered + i, 1, values[v].size);
            }
        }
    }
    vkyc_buffer_init(&out, 10 * size + 16, vkyc_alloc_malloc, NULL);
    vkyc_buffer_init(&wanted, 10 * size + 16, vkyc_alloc_malloc, NULL);
    for (size_t i = 0; i < size; i++) {
        if (!covered[i]) {
            vkyc_buffer_append_byte(&wanted, text[i]);
        } else if (i == 0 || !covered[i - 1]) {
            vkyc_buffer_append_text(&wanted, "[REDACTED]");
        }
    }
    vkyc_redact_values(&out, text, size, values, count);
    require(out.status == VKYC_OK && out.size == wanted.size && (out.size == 0 || memcmp(out.data, wanted.data, out.size) == 0));
    vkyc_buffer_free(&out);
    vkyc_buffer_free(&wanted);
    free(covered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct vkyc_buffer out;
    /* No shape is shorter than 3 bytes, no mark longer than 7 for these. */
    vkyc_buffer_init(&out, size * 7 / 3 + 16, vkyc_alloc_malloc, NULL);
    vkyc_redact(&out, text, size);
    require(out.status == VKYC_OK);
    check_numbers(out.data, out.size);
    int well_formed = vkyc_utf8_check(text, size) == size;
    require(!well_formed || vkyc_utf8_check(out.data, out.size) == out.size);

    for (size_t limit = 0; limit < 40; limit += 3) {
        size_t end = vkyc_text_cut(out.data, out.size, limit);
        require(end <= limit && end <= out.size && vkyc_utf8_check(out.data, end) == end);
    }
    if (out.size > 0) {
        vkyc_text_flatten(out.data, out.size);
        require(!well_formed || vkyc_utf8_check(out.data, out.size) == out.size);
        for (size_t i = 0; i < out.size; i++) {
            require((unsigned char)out.data[i] >= 32 && out.data[i] != 127);
        }
    }
    vkyc_buffer_free(&out);

    /* The first bytes say where two values lie; the rest is the text. */
    if (size > 4 && size < 512) {
        const char *rest = text + 4;
        size_t rest_size = size - 4;
        struct vkyc_redact_value values[2];
        for (size_t v = 0; v < 2; v++) {
            size_t start = data[2 * v] % rest_size;
            size_t length = data[2 * v + 1] % 16;
            values[v].text = rest + start;
            values[v].size = length < rest_size - start ? length : rest_size - start;
        }
        check_values(rest, rest_size, values, 2);
    }
    return 0;
}
