/* libsamplerate as Swift sees it. */
#ifndef VOICE_CSAMPLERATE_SHIM_H
#define VOICE_CSAMPLERATE_SHIM_H

#include <samplerate.h>

#endif
