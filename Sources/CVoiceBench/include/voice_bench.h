/* What voice-bench takes of Linux that Swift's Glibc module does not show. */
#ifndef VOICE_BENCH_H
#define VOICE_BENCH_H

#include <stdint.h>

/** Bytes that malloc has given out and not taken back, of all threads. */
int64_t voice_bench_allocated(void);

/** Lets the calling thread run on one processor only; 0 on success. */
int voice_bench_pin(int core);

/** Does nothing: a place for a profiler to cut its counts at. */
__attribute__((noinline)) void voice_bench_mark(void);

#endif
