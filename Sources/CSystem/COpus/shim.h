/* libopus as Swift sees it: the header, and functions for the controls that it
 * only offers as variadic macros. */
#ifndef VOICE_COPUS_SHIM_H
#define VOICE_COPUS_SHIM_H

#include <opus/opus.h>

/* request: an OPUS_SET_*_REQUEST that takes an integer. Returns OPUS_OK or a
 * negative error. */
static inline int voice_opus_encoder_set(OpusEncoder *encoder, int request,
                                         opus_int32 value)
{
	return opus_encoder_ctl(encoder, request, value);
}

static inline int voice_opus_encoder_reset(OpusEncoder *encoder)
{
	return opus_encoder_ctl(encoder, OPUS_RESET_STATE);
}

static inline opus_int32 voice_opus_encoder_lookahead(OpusEncoder *encoder)
{
	opus_int32 samples = 0;

	return opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(&samples)) ==
	                       OPUS_OK
	               ? samples
	               : 0;
}

static inline int voice_opus_decoder_reset(OpusDecoder *decoder)
{
	return opus_decoder_ctl(decoder, OPUS_RESET_STATE);
}

#endif
