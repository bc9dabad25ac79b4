#include "last_error.h"

#include <string.h>

static _Thread_local char last_error[1024];

void voiceengine_set_last_error(const char *text, size_t bytes)
{
	if (bytes >= sizeof(last_error)) {
		bytes = sizeof(last_error) - 1;
		/* Never end in the middle of a UTF-8 sequence. */
		while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80)
			bytes--;
	}
	if (bytes > 0)
		memcpy(last_error, text, bytes);
	last_error[bytes] = '\0';
}

const char *voiceengine_last_error(void)
{
	return last_error;
}
