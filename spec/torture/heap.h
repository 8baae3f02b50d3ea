/* The C heap of the process, watched: what our binaries and libcurl allocate is counted, and can be refused. heap.c takes the place of the
 * C library's malloc for the whole program that is linked with it. */
#ifndef TORTURE_HEAP_H
#define TORTURE_HEAP_H

#include <stddef.h>

enum heap_source { HEAP_OTHERS, HEAP_OURS, HEAP_LIBCURL, HEAP_SOURCES };

struct heap_count {
    long blocks;
    long bytes;
};

/* Looks up where vkyc/core.so, vkyc/curl.so and libcurl are loaded. Whose code is not known allocates as HEAP_OTHERS. */
void heap_find_sources(void);

/* Refuses the allocation number n (from 0) of a source: that one only, or every one after it as well. Negative: none. */
void heap_arm(enum heap_source source, long n, int single);

/* Ends it. Returns how many allocations were refused. */
long heap_disarm(void);

/* How many allocations of the source there were since heap_arm. */
long heap_seen(void);

/* What a source has allocated and not freed. */
struct heap_count heap_live(enum heap_source source);

#endif
