/* What the engine takes of Linux that Swift's Glibc module does not show: event
 * descriptors and thread names. */
#ifndef VOICE_CLINUX_SHIM_H
#define VOICE_CLINUX_SHIM_H

#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/** A non-blocking event descriptor, or -1. */
static inline int voice_event_descriptor(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
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

#endif
