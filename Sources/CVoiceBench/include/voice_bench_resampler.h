/* The resamplers of SpeexDSP and SoX, loaded when they are installed: what the
 * engine's own is compared with. */
#ifndef VOICE_BENCH_RESAMPLER_H
#define VOICE_BENCH_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

typedef struct voice_bench_resampler voice_bench_resampler;

/** SpeexDSP, quality 0..10; NULL when libspeexdsp.so.1 is not installed. */
voice_bench_resampler *voice_bench_speex(uint32_t from, uint32_t to,
                                         int quality);

/** The SoX resampler library, recipe 0 (quick) .. 6 (very high); NULL when
 * libsoxr.so.0 is not installed. */
voice_bench_resampler *voice_bench_soxr(uint32_t from, uint32_t to,
                                        unsigned long recipe);

/** Converts count samples; returns the samples written, at most room. */
size_t voice_bench_resample(voice_bench_resampler *resampler,
                            const int16_t *samples, size_t count, int16_t *out,
                            size_t room);

void voice_bench_resampler_free(voice_bench_resampler *resampler);

#endif
