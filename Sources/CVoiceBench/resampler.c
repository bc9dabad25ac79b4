#include "voice_bench_resampler.h"

#include <dlfcn.h>
#include <stdlib.h>

/* As soxr.h of 0.1.3 has them; its package of headers need not be installed. */
#define SOXR_INT16_I 3
#define SOXR_NO_DITHER 8u

struct soxr_io_spec {
	int itype;
	int otype;
	double scale;
	void *e;
	unsigned long flags;
};

struct soxr_quality_spec {
	double precision;
	double phase_response;
	double passband_end;
	double stopband_begin;
	void *e;
	unsigned long flags;
};

struct soxr_functions {
	void *(*create)(double from, double to, unsigned channels,
	                const char **error, const struct soxr_io_spec *io,
	                const struct soxr_quality_spec *quality,
	                const void *runtime);
	struct soxr_quality_spec (*quality_spec)(unsigned long recipe,
	                                         unsigned long flags);
	const char *(*process)(void *soxr, const void *in, size_t count,
	                       size_t *taken, void *out, size_t room,
	                       size_t *made);
	void (*delete)(void *soxr);
};

struct speex_functions {
	void *(*init)(uint32_t channels, uint32_t from, uint32_t to,
	              int quality, int *error);
	int (*process)(void *speex, uint32_t channel, const int16_t *in,
	               uint32_t *count, int16_t *out, uint32_t *room);
	void (*destroy)(void *speex);
};

struct voice_bench_resampler {
	/* One of the two. */
	void *speex;
	void *soxr;
	struct speex_functions speex_functions;
	struct soxr_functions soxr_functions;
};

static void *load(const char *library, const char *const *names, void **found,
                  int count)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	int index;

	if (handle == NULL)
		return NULL;
	for (index = 0; index < count; index++) {
		found[index] = dlsym(handle, names[index]);
		if (found[index] == NULL)
			return NULL;
	}
	return handle;
}

voice_bench_resampler *voice_bench_speex(uint32_t from, uint32_t to,
                                         int quality)
{
	static const char *const names[] = {
		"speex_resampler_init",
		"speex_resampler_process_int",
		"speex_resampler_destroy",
	};
	void *found[3];
	voice_bench_resampler *made;
	int error = 0;

	if (load("libspeexdsp.so.1", names, found, 3) == NULL)
		return NULL;
	made = calloc(1, sizeof *made);
	if (made == NULL)
		return NULL;
	*(void **)&made->speex_functions.init = found[0];
	*(void **)&made->speex_functions.process = found[1];
	*(void **)&made->speex_functions.destroy = found[2];
	made->speex = made->speex_functions.init(1, from, to, quality, &error);
	if (made->speex == NULL) {
		free(made);
		return NULL;
	}
	return made;
}

voice_bench_resampler *voice_bench_soxr(uint32_t from, uint32_t to,
                                        unsigned long recipe)
{
	static const char *const names[] = {
		"soxr_create",
		"soxr_quality_spec",
		"soxr_process",
		"soxr_delete",
	};
	const struct soxr_io_spec io = {SOXR_INT16_I, SOXR_INT16_I, 1, NULL,
	                                SOXR_NO_DITHER};
	struct soxr_quality_spec quality;
	void *found[4];
	voice_bench_resampler *made;
	const char *error = NULL;

	if (load("libsoxr.so.0", names, found, 4) == NULL)
		return NULL;
	made = calloc(1, sizeof *made);
	if (made == NULL)
		return NULL;
	*(void **)&made->soxr_functions.create = found[0];
	*(void **)&made->soxr_functions.quality_spec = found[1];
	*(void **)&made->soxr_functions.process = found[2];
	*(void **)&made->soxr_functions.delete = found[3];
	quality = made->soxr_functions.quality_spec(recipe, 0);
	made->soxr = made->soxr_functions.create(from, to, 1, &error, &io,
	                                         &quality, NULL);
	if (made->soxr == NULL || error != NULL) {
		free(made);
		return NULL;
	}
	return made;
}

size_t voice_bench_resample(voice_bench_resampler *resampler,
                            const int16_t *samples, size_t count, int16_t *out,
                            size_t room)
{
	size_t done = 0;
	size_t taken = 0;

	while (taken < count && done < room) {
		if (resampler->speex != NULL) {
			uint32_t used = (uint32_t)(count - taken);
			uint32_t made = (uint32_t)(room - done);

			resampler->speex_functions.process(
				resampler->speex, 0, samples + taken, &used,
				out + done, &made);
			if (used == 0 && made == 0)
				break;
			taken += used;
			done += made;
		} else {
			size_t used = 0;
			size_t made = 0;

			resampler->soxr_functions.process(
				resampler->soxr, samples + taken, count - taken,
				&used, out + done, room - done, &made);
			if (used == 0 && made == 0)
				break;
			taken += used;
			done += made;
		}
	}
	return done;
}

void voice_bench_resampler_free(voice_bench_resampler *resampler)
{
	if (resampler == NULL)
		return;
	if (resampler->speex != NULL)
		resampler->speex_functions.destroy(resampler->speex);
	if (resampler->soxr != NULL)
		resampler->soxr_functions.delete(resampler->soxr);
	free(resampler);
}
