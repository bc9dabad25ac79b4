/* libopus as Swift sees it. */
#ifndef VOICE_COPUS_SHIM_H
#define VOICE_COPUS_SHIM_H

#include <opus/opus.h>

#endif
