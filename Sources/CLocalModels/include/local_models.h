/**
 * The libraries behind the local models, loaded at run time: ONNX Runtime,
 * Flite and the bridge to libllama.
 *
 * Nothing here is linked against them: each `open` loads a shared library
 * (RTLD_NOW | RTLD_LOCAL) and looks up its functions. The few entries used are
 * declared in the .c files; no header of theirs is needed.
 *
 * Errors are one sentence of text in a buffer of the caller; nothing prints,
 * exits or aborts. Libraries are never unloaded: they have threads and
 * thread-local data of their own, and loading one again costs nothing.
 */
#ifndef LOCAL_MODELS_H
#define LOCAL_MODELS_H

#include <stddef.h>
#include <stdint.h>

#include "voice_llama.h"

/* Nullability is stated where Swift profits from it, not everywhere. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

#ifdef __cplusplus
extern "C" {
#endif

/* [bytes] Room for the longest error text; the longer ones of ONNX Runtime are
 * cut. */
#define LOCAL_ERROR_BYTES 512

/* -- Threads
 * -----------------------------------------------------------------------------------------------------
 */

/**
 * Names the calling thread and puts it behind others; threads that it starts
 * inherit both.
 *
 * @param name      At most 15 bytes.
 * @param niceness  0..19, 0 leaves it as it is.
 */
void local_thread_describe(const char *name, int32_t niceness);

/** The cores that this process may use, at least 1. */
int32_t local_usable_cores(void);

/* -- ONNX Runtime
 * ------------------------------------------------------------------------------------------------
 */

typedef struct local_onnx local_onnx;
typedef struct local_onnx_session local_onnx_session;
/* A tensor: ONNX Runtime's own OrtValue. */
typedef struct OrtValue local_onnx_tensor;

/* Element types, numbered as in ONNX. */
#define LOCAL_ONNX_FLOAT 1
#define LOCAL_ONNX_INT64 7
#define LOCAL_ONNX_BOOL 9

/** Loads the run time. Blocks: some 20 ms. Threads: any. */
local_onnx *local_onnx_open(const char *library, char *error,
                            size_t error_bytes);

/** Accepts NULL. Sessions and tensors must be closed before. */
void local_onnx_close(local_onnx *runtime);

/** Loads a model for one thread per call, without spinning. Blocks for up to a
 * second. */
local_onnx_session *local_onnx_session_open(local_onnx *runtime,
                                            const char *model, char *error,
                                            size_t error_bytes);

/** Accepts NULL. */
void local_onnx_session_close(local_onnx_session *session);

/**
 * Makes a tensor over the caller's memory, which must stay where it is until
 * the tensor is closed.
 *
 * @param bytes  Size of `data`: all elements of the shape.
 * @param type   One of LOCAL_ONNX_*.
 */
local_onnx_tensor *local_onnx_tensor_open(local_onnx *runtime, void *data,
                                          size_t bytes, const int64_t *shape,
                                          size_t rank, int32_t type,
                                          char *error, size_t error_bytes);

/** Accepts NULL. */
void local_onnx_tensor_close(local_onnx *runtime, local_onnx_tensor *tensor);

/** The elements of a float tensor, borrowed until it is closed; NULL on
 * failure. */
const float *local_onnx_tensor_floats(local_onnx *runtime,
                                      local_onnx_tensor *tensor, size_t *count);

/**
 * Runs a model. Threads: any number at once per session.
 *
 * @param outputs  Where an entry is a tensor, the result is written into it;
 * where it is NULL, it becomes a new tensor that the caller closes.
 * @return 0, or -1 with `error` filled in; then no entry of `outputs` was
 * changed.
 */
int local_onnx_run(local_onnx_session *session, const char *const *input_names,
                   const local_onnx_tensor *const *inputs, size_t input_count,
                   const char *const *output_names, local_onnx_tensor **outputs,
                   size_t output_count, char *error, size_t error_bytes);

/* -- Flite
 * -------------------------------------------------------------------------------------------------------
 */

typedef struct local_flite local_flite;

/* Speech of one text. */
typedef struct local_flite_wave {
	int16_t *samples; /* mono, native byte order; free with
	                     local_flite_wave_free */
	int32_t count;
	int32_t sample_rate; /* [Hz] 16000 for this voice */
	void *owner;
} local_flite_wave;

/** Loads Debian's libflite1 with the voice cmu_us_slt. */
local_flite *local_flite_open(char *error, size_t error_bytes);

/** Accepts NULL. */
void local_flite_close(local_flite *voice);

/**
 * Speaks a text. Blocks: about 60 ms per sentence. Threads: any; callers wait
 * for each other, because Flite keeps its voice in the process's globals.
 *
 * @param text     UTF-8; only its ASCII part is spoken reliably.
 * @param stretch  Length of the speech, 1 = as recorded, 0.8 = faster.
 * @return 0, or -1 with `error` filled in.
 */
int local_flite_speak(local_flite *voice, const char *text, float stretch,
                      local_flite_wave *wave, char *error, size_t error_bytes);

/** Accepts a zero-filled wave. */
void local_flite_wave_free(local_flite *voice, local_flite_wave *wave);

/* -- The bridge to libllama
 * --------------------------------------------------------------------------------------
 */

/* The functions of voice_llama.h; marked as never NULL so that Swift can call
 * them as they are. */
typedef struct local_llama {
	__typeof__(voice_llama_open) *_Nonnull open;
	__typeof__(voice_llama_close) *_Nonnull close;
	__typeof__(voice_llama_format) *_Nonnull format;
	__typeof__(voice_llama_tokenize) *_Nonnull tokenize;
	__typeof__(voice_llama_piece) *_Nonnull piece;
	__typeof__(voice_llama_is_end) *_Nonnull is_end;
	__typeof__(voice_llama_keep) *_Nonnull keep;
	__typeof__(voice_llama_share) *_Nonnull share;
	__typeof__(voice_llama_evaluate) *_Nonnull evaluate;
	__typeof__(voice_llama_abort) *_Nonnull abort;
	__typeof__(voice_llama_sampler_open) *_Nonnull sampler_open;
	__typeof__(voice_llama_sampler_close) *_Nonnull sampler_close;
	__typeof__(voice_llama_sample) *_Nonnull sample;
} local_llama;

/** Loads the bridge and what it is linked with, and compares the ABI. Free with
 * local_llama_close. */
const local_llama *local_llama_open(const char *library, char *error,
                                    size_t error_bytes);

/** Accepts NULL. Models must be closed before. */
void local_llama_close(const local_llama *bridge);

#ifdef __cplusplus
}
#endif

#pragma clang diagnostic pop

#endif
