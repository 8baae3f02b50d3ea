#include "utf8.h"

#include "word.h"

static inline int is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The size of the well-formed sequence that begins with the non-ASCII byte *p, or 0. Table 3-7 of the Unicode standard. */
static inline size_t sequence(const unsigned char *p, size_t size)
{
    unsigned char first = p[0];
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    if (first < 0xe0) {
        return size >= 2 && is_tail(p[1]) ? 2 : 0;
    }
    if (first < 0xf0) {
        if (size < 3 || !is_tail(p[1]) || !is_tail(p[2])) {
            return 0;
        }
        if ((first == 0xe0 && p[1] < 0xa0) || (first == 0xed && p[1] > 0x9f)) {
            return 0;
        }
        return 3;
    }
    if (size < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3])) {
        return 0;
    }
    if ((first == 0xf0 && p[1] < 0x90) || (first == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }
    return 4;
}

size_t vkyc_utf8_check(const char *text, size_t size)
{
    size_t i = 0;
    while (i < size) {
        if (size - i >= 8 && (vkyc_word_load(text + i) & VKYC_WORD_HIGH) == 0) {
            i += 8;
            continue;
        }
        /* A word that is not all ASCII, or the tail: one character at a time, so that runs of other scripts do not load words in vain. */
        size_t stop = size - i > 8 ? i + 8 : size;
        while (i < stop) {
            if ((unsigned char)text[i] < 0x80) {
                i++;
                continue;
            }
            size_t n = sequence((const unsigned char *)text + i, size - i);
            if (n == 0) {
                return i;
            }
            i += n;
        }
    }
    return size;
}

size_t vkyc_utf8_length(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += !is_tail((unsigned char)text[i]);
    }
    return count;
}
