/* What GNU's C library offers only with _GNU_SOURCE, which Swift lacks. */
#define _GNU_SOURCE

#include "local_models.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

void local_thread_describe(const char *name, int32_t niceness)
{
	pthread_setname_np(pthread_self(), name);
	/* On Linux a priority belongs to the thread, not to the process. */
	if (niceness > 0)
		setpriority(PRIO_PROCESS, (id_t)gettid(), niceness);
}

int32_t local_usable_cores(void)
{
	cpu_set_t cores;

	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 1;
	return CPU_COUNT(&cores);
}
