/* Counts the calls of malloc, calloc, realloc and the aligned variants, thread
 * by thread. Tests only. */
#ifndef VOICE_ALLOCATION_COUNTER_H
#define VOICE_ALLOCATION_COUNTER_H

#include <stdint.h>

/* Calls by the calling thread so far; -1 in a build with a sanitizer, which
 * brings an allocator of its own. */
int64_t voice_test_allocations(void);

#endif
