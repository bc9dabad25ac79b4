#define _GNU_SOURCE
#include "voice_bench.h"

#include <malloc.h>
#include <sched.h>

int64_t voice_bench_allocated(void)
{
	struct mallinfo2 heap = mallinfo2();

	return (int64_t)(heap.uordblks + heap.hblkhd);
}

int voice_bench_pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(0, sizeof set, &set);
}

void voice_bench_mark(void)
{
	/* Nothing, but not nothing to the compiler. */
	__asm__ volatile("" ::: "memory");
}
