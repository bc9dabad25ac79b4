/* Loads libvoice_llama.so, the bridge to libllama (voice_llama.h). */

#include "local_models.h"

#include "library.h"

#include <stdlib.h>

#define SYMBOL(field, function)                                                \
	{                                                                      \
#function, (void **)&self->field                               \
	}

const local_llama *local_llama_open(const char *path, char *error,
                                    size_t error_bytes)
{
	__typeof__(voice_llama_abi) *abi = NULL;
	local_llama *self = calloc(1, sizeof(*self));
	void *library = NULL;

	if (!self) {
		library_error(error, error_bytes, path, "no memory");
		return NULL;
	}
	const struct library_symbol symbols[] = {
		{"voice_llama_abi", (void **)&abi},
		SYMBOL(open, voice_llama_open),
		SYMBOL(close, voice_llama_close),
		SYMBOL(format, voice_llama_format),
		SYMBOL(tokenize, voice_llama_tokenize),
		SYMBOL(piece, voice_llama_piece),
		SYMBOL(is_end, voice_llama_is_end),
		SYMBOL(keep, voice_llama_keep),
		SYMBOL(share, voice_llama_share),
		SYMBOL(evaluate, voice_llama_evaluate),
		SYMBOL(abort, voice_llama_abort),
		SYMBOL(sampler_open, voice_llama_sampler_open),
		SYMBOL(sampler_close, voice_llama_sampler_close),
		SYMBOL(sample, voice_llama_sample),
	};
	library = library_open(path, error, error_bytes);
	if (!library)
		goto out;
	if (library_lookup(library, path, symbols,
	                   sizeof(symbols) / sizeof(symbols[0]), error,
	                   error_bytes))
		goto out;
	if (abi() == VOICE_LLAMA_ABI)
		return self;
	library_error(error, error_bytes, path,
	              "was built for another version of the engine; "
	              "run 'make models'");
out:
	free(self);
	return NULL;
}

void local_llama_close(const local_llama *bridge)
{
	free((void *)bridge);
}
