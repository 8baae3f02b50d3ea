/* The harness of the core's own tests: plain C, no library, one line per check that fails, and a summary that scripts/test adds up. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int check_passed;
static int check_failed;

#define CHECK(condition)                                                                                                                   \
    do {                                                                                                                                   \
        if (condition) {                                                                                                                   \
            check_passed++;                                                                                                                \
        } else {                                                                                                                           \
            check_failed++;                                                                                                                \
            printf("not ok %s:%d: %s\n", __FILE__, __LINE__, #condition);                                                                  \
        }                                                                                                                                  \
    } while (0)

/* Compares bytes of known size with a literal. */
#define CHECK_BYTES(bytes, size, literal) CHECK((size) == sizeof(literal) - 1 && memcmp((bytes), (literal), sizeof(literal) - 1) == 0)

static inline int check_done(const char *name)
{
    printf("%s: %d passed, %d failed\n", name, check_passed, check_failed);
    return check_failed == 0 ? 0 : 1;
}

#endif
