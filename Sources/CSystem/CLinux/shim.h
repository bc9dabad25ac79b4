/* What the engine takes of Linux that Swift's Glibc module does not show: event
 * descriptors, epoll, thread names and the processors of a thread. */
#ifndef VOICE_CLINUX_SHIM_H
#define VOICE_CLINUX_SHIM_H

/* Nothing that needs _GNU_SOURCE: it changes types that Glibc's module has too.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/** A non-blocking event descriptor, or -1. */
static inline int voice_event_descriptor(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/** A set of descriptors to be watched, or -1. */
static inline int voice_watch_descriptor(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

/** Watches a descriptor for input, until it is forgotten or closed, and tells
 * it by this number. Whether the system agrees. */
static inline bool voice_watch(int watch, int descriptor, uint64_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};

	return epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/** Watches a descriptor no longer. */
static inline void voice_watch_forget(int watch, int descriptor)
{
	struct epoll_event event = {0};

	epoll_ctl(watch, EPOLL_CTL_DEL, descriptor, &event);
}

/** Makes the descriptor readable. */
static inline void voice_event_raise(int descriptor)
{
	eventfd_write(descriptor, 1);
}

/** Makes the descriptor unreadable. */
static inline void voice_event_clear(int descriptor)
{
	eventfd_t count;

	eventfd_read(descriptor, &count);
}

/** Names the calling thread; at most 15 bytes count. */
static inline void voice_thread_name(const char *name)
{
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

/** Binds the calling thread to one processor, 0..1023. 0, or what errno says.
 */
static inline int voice_thread_bind(unsigned int processor)
{
	enum { bits = 8 * sizeof(unsigned long), most = 1024 };
	unsigned long only[most / bits] = {0};

	if (processor >= most)
		return EINVAL;
	only[processor / bits] = 1UL << (processor % bits);
	return syscall(SYS_sched_setaffinity, 0, sizeof(only), only) == 0
	               ? 0
	               : errno;
}

#endif
