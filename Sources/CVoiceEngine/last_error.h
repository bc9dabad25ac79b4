/* The per-thread text behind voice_last_error(). Internal: not installed. */
#ifndef VOICE_LAST_ERROR_H
#define VOICE_LAST_ERROR_H

#include <stddef.h>

/** Copies up to bytes of text, cut at a UTF-8 boundary to 1,023 bytes, into
 * this thread's slot. 0 bytes clear it. */
void voiceengine_set_last_error(const char *text, size_t bytes);

/** This thread's text, never NULL; valid until the next set on this thread. */
const char *voiceengine_last_error(void);

#endif
