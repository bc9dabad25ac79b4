/**
 * What the engine asks of a language model: the ABI of libvoice_llama.so.
 *
 * llama.h passes large structs by value and changes with every release. The
 * bridge (scripts/models/bridge) is compiled against the llama.h it is linked
 * with and offers these few functions instead; the engine loads it at run time
 * (local_models.h) and never sees a struct of llama.cpp.
 *
 * A model holds a number of *sequences*: evaluated token lists that share one
 * memory of `context_tokens` cells. Sequences may share their beginning
 * (voice_llama_share) at no cost, so a fixed prompt is evaluated once. Which
 * sequence holds what is the caller's bookkeeping.
 *
 * Threads: one at a time per model, except voice_llama_abort (any). Nothing
 * here prints, exits or throws.
 */
#ifndef VOICE_LLAMA_H
#define VOICE_LLAMA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when a signature below changes; the engine refuses a bridge with
 * another number. */
#define VOICE_LLAMA_ABI 1u

/** The file name under which the bridge is built and loaded. */
#define VOICE_LLAMA_LIBRARY "libvoice_llama.so"

/* What voice_llama_evaluate returns. */
#define VOICE_LLAMA_OK 0
#define VOICE_LLAMA_FULL                                                       \
	1 /* no room for the tokens: forget another sequence and try again */
#define VOICE_LLAMA_ABORTED                                                    \
	2 /* voice_llama_abort: the sequence holds an unknown part of the      \
	     tokens */
#define VOICE_LLAMA_FAILED 3 /* the model could not be run */

typedef struct voice_llama voice_llama;
typedef struct voice_llama_sampler voice_llama_sampler;

uint32_t voice_llama_abi(void);

/**
 * Loads a GGUF model. Blocks for seconds.
 *
 * @param context_tokens  [tokens] 256..32768, shared by all sequences.
 * @param sequences       1..64; sequences are numbered from 0.
 * @param threads         1..64 threads for each evaluation.
 * @param error           Gets one sentence when NULL is returned.
 */
voice_llama *voice_llama_open(const char *path, uint32_t context_tokens,
                              uint32_t sequences, uint32_t threads, char *error,
                              size_t error_bytes);

/** Accepts NULL. All samplers of the model must be closed before. */
void voice_llama_close(voice_llama *model);

/**
 * Writes messages in the model's own chat format, ready for the assistant's
 * answer if `open_answer` is not 0.
 *
 * @return Bytes of the whole text (not NUL-terminated); nothing useful is in
 * `text` if that is more than `text_bytes`. Negative: the model's format is not
 * known.
 */
int32_t voice_llama_format(voice_llama *model, const char *const *roles,
                           const char *const *contents, size_t count,
                           int32_t open_answer, char *text, int32_t text_bytes);

/** Splits formatted text into tokens; returns how many there are, or the
 * negated number if `capacity` is less. */
int32_t voice_llama_tokenize(voice_llama *model, const char *text,
                             int32_t text_bytes, int32_t *tokens,
                             int32_t capacity);

/** Writes the bytes of a token (a part of a UTF-8 text, may end within a
 * character); returns how many, or negative. */
int32_t voice_llama_piece(voice_llama *model, int32_t token, char *bytes,
                          int32_t capacity);

/** Not 0 for tokens that end the answer. */
int32_t voice_llama_is_end(voice_llama *model, int32_t token);

/** Keeps the first `count` tokens of a sequence and forgets the rest. */
void voice_llama_keep(voice_llama *model, int32_t sequence, int32_t count);

/** Empties `target`, then lets it begin with the first `count` tokens of
 * `source`. Copies nothing. */
void voice_llama_share(voice_llama *model, int32_t source, int32_t target,
                       int32_t count);

/** Appends tokens to a sequence that holds `position` tokens. Blocks:
 * milliseconds per token. */
int32_t voice_llama_evaluate(voice_llama *model, int32_t sequence,
                             int32_t position, const int32_t *tokens,
                             int32_t count);

/** While `on` is not 0, evaluations end early with VOICE_LLAMA_ABORTED.
 * Threads: any. */
void voice_llama_abort(voice_llama *model, int32_t on);

/**
 * How tokens are chosen.
 *
 * @param grammar      GBNF text with the rule `root`, or NULL for free text.
 * @param temperature  0 takes the likeliest token.
 * @param top_p        0..1, used with temperature > 0.
 */
voice_llama_sampler *voice_llama_sampler_open(voice_llama *model,
                                              const char *grammar,
                                              float temperature, float top_p,
                                              uint32_t seed, char *error,
                                              size_t error_bytes);

/** Accepts NULL. */
void voice_llama_sampler_close(voice_llama_sampler *sampler);

/** Chooses the token that follows the last evaluated one and remembers it;
 * negative if there is none. */
int32_t voice_llama_sample(voice_llama *model, voice_llama_sampler *sampler);

#ifdef __cplusplus
}
#endif

#endif
