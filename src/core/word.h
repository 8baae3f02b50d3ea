/* Eight bytes at a time: the scanners of strings look at a word and find the first byte that needs care, without a branch per byte. */
#ifndef VKYC_WORD_H
#define VKYC_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VKYC_WORD_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define VKYC_WORD_HIGH       VKYC_WORD_EACH(0x80) /* the high bit of every byte: set where a byte is not ASCII */

/* Eight bytes, the first one lowest whatever the machine. */
static inline uint64_t vkyc_word_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Up to seven bytes, filled up with `fill`. */
static inline uint64_t vkyc_word_load_tail(const char *p, size_t size, unsigned char fill)
{
    uint64_t word = VKYC_WORD_EACH(fill);
    for (size_t i = 0; i < size; i++) {
        unsigned shift = 8 * (unsigned)i;
        word = (word & ~(UINT64_C(0xff) << shift)) | ((uint64_t)(unsigned char)p[i] << shift);
    }
    return word;
}

/* Bit 7 of every byte that a JSON string cannot hold as it is: quote, backslash, control. Bits above the lowest one may be wrong: borrows
 * of the subtractions run upwards. */
static inline uint64_t vkyc_word_stops(uint64_t word)
{
    uint64_t control = word - VKYC_WORD_EACH(0x20);
    uint64_t quote = (word ^ VKYC_WORD_EACH('"')) - VKYC_WORD_EACH(1);
    uint64_t backslash = (word ^ VKYC_WORD_EACH('\\')) - VKYC_WORD_EACH(1);
    return (control | quote | backslash) & ~word & VKYC_WORD_HIGH;
}

/* The index of the byte with the lowest bit that is set; `bits` is not 0. */
static inline unsigned vkyc_word_first(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits) / 8;
}

/* The bytes below the first one marked in `bits`, which is not 0; the others become 0. */
static inline uint64_t vkyc_word_before(uint64_t word, uint64_t bits)
{
    return word & ((bits ^ (bits - 1)) >> 8);
}

#endif
