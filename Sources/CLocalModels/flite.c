/*
 * Flite with the voice cmu_us_slt, as Debian packages it (libflite1).
 *
 * The declarations are those of flite.h, cst_wave.h and cst_voice.h (2.2).
 * Flite registers its voice in globals of the process and synthesises with
 * them, hence the one lock of this folder.
 */

#include "local_models.h"

#include "library.h"

#include <pthread.h>
#include <stdlib.h>

struct cst_wave {
	const char *type;
	int sample_rate;
	int num_samples;
	int num_channels;
	short *samples;
};

/* Only its beginning. */
struct cst_voice {
	const char *name;
	struct cst_features *features;
};

struct local_flite {
	struct cst_voice *voice;
	int (*init)(void);
	struct cst_voice *(*register_voice)(const char *data_directory);
	struct cst_wave *(*text_to_wave)(const char *text, struct cst_voice *);
	void (*delete_wave)(struct cst_wave *);
	void (*set_float)(const struct cst_features *, const char *, float);
};

static pthread_mutex_t flite_lock = PTHREAD_MUTEX_INITIALIZER;

local_flite *local_flite_open(char *error, size_t error_bytes)
{
	static const char base[] = "libflite.so.1";
	static const char voice[] = "libflite_cmu_us_slt.so.1";
	local_flite *self = calloc(1, sizeof(*self));
	void *base_library = NULL, *voice_library = NULL;

	if (!self) {
		library_error(error, error_bytes, base, "no memory");
		return NULL;
	}
	const struct library_symbol functions[] = {
		{"flite_init", (void **)&self->init},
		{"flite_text_to_wave", (void **)&self->text_to_wave},
		{"delete_wave", (void **)&self->delete_wave},
		{"flite_feat_set_float", (void **)&self->set_float},
	};
	const struct library_symbol registration[] = {
		{"register_cmu_us_slt", (void **)&self->register_voice},
	};
	base_library = library_open(base, error, error_bytes);
	if (!base_library)
		goto out;
	/* Brings libflite_usenglish and libflite_cmulex with it. */
	voice_library = library_open(voice, error, error_bytes);
	if (!voice_library)
		goto out;
	if (library_lookup(base_library, base, functions, 4, error,
	                   error_bytes) ||
	    library_lookup(voice_library, voice, registration, 1, error,
	                   error_bytes))
		goto out;
	pthread_mutex_lock(&flite_lock);
	self->init();
	self->voice = self->register_voice(NULL);
	pthread_mutex_unlock(&flite_lock);
	if (self->voice)
		return self;
	library_error(error, error_bytes, voice, "offers no voice");
out:
	free(self);
	return NULL;
}

void local_flite_close(local_flite *voice)
{
	free(voice);
}

int local_flite_speak(local_flite *self, const char *text, float stretch,
                      local_flite_wave *wave, char *error, size_t error_bytes)
{
	struct cst_wave *spoken = NULL;

	pthread_mutex_lock(&flite_lock);
	self->set_float(self->voice->features, "duration_stretch", stretch);
	spoken = self->text_to_wave(text, self->voice);
	pthread_mutex_unlock(&flite_lock);
	if (!spoken) {
		library_error(error, error_bytes, "flite",
		              "could not speak the text");
		return -1;
	}
	*wave = (local_flite_wave){
		.samples = spoken->samples,
		.count = spoken->num_samples,
		.sample_rate = spoken->sample_rate,
		.owner = spoken,
	};
	return 0;
}

void local_flite_wave_free(local_flite *self, local_flite_wave *wave)
{
	if (wave->owner)
		self->delete_wave(wave->owner);
	*wave = (local_flite_wave){0};
}
