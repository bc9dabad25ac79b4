/*
 * ONNX Runtime through its C API.
 *
 * The API is one table of functions, OrtApi, that is only ever appended to: an
 * entry keeps its place for good. The places below were read from
 * onnxruntime_c_api.h (version 23; offsetof(OrtApi, X) / sizeof(void *)), the
 * signatures as well. All of them exist since API version 2; version 18 is
 * asked for, which every release since 2024 offers.
 */

#include "local_models.h"

#include "library.h"

#include <stdlib.h>
#include <string.h>

#define API_VERSION 18u

enum entry {
	GET_ERROR_MESSAGE = 2,
	CREATE_ENV = 3,
	DISABLE_TELEMETRY = 6,
	CREATE_SESSION = 7,
	RUN = 9,
	CREATE_SESSION_OPTIONS = 10,
	SET_INTRA_OP_THREADS = 24,
	SET_INTER_OP_THREADS = 25,
	CREATE_TENSOR = 49,
	GET_TENSOR_DATA = 51,
	GET_ELEMENT_COUNT = 64,
	GET_TYPE_AND_SHAPE = 65,
	CREATE_CPU_MEMORY_INFO = 69,
	RELEASE_ENV = 92,
	RELEASE_STATUS = 93,
	RELEASE_MEMORY_INFO = 94,
	RELEASE_SESSION = 95,
	RELEASE_VALUE = 96,
	RELEASE_TYPE_AND_SHAPE = 99,
	RELEASE_SESSION_OPTIONS = 100,
	ADD_SESSION_CONFIG_ENTRY = 130,
};

enum { LOG_FATAL = 4, ARENA_ALLOCATOR = 1, MEMORY_DEFAULT = 0 };

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;
typedef struct OrtValue OrtValue;

typedef void (*any_function)(void);

struct api_base {
	const any_function *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
};

typedef const char *(*get_error_message)(const OrtStatus *);
typedef OrtStatus *(*create_env)(int level, const char *id, OrtEnv **);
typedef OrtStatus *(*disable_telemetry)(const OrtEnv *);
typedef OrtStatus *(*create_session)(const OrtEnv *, const char *path,
                                     const OrtSessionOptions *, OrtSession **);
typedef OrtStatus *(*run)(OrtSession *, const void *options,
                          const char *const *input_names,
                          const OrtValue *const *inputs, size_t input_count,
                          const char *const *output_names, size_t output_count,
                          OrtValue **outputs);
typedef OrtStatus *(*create_session_options)(OrtSessionOptions **);
typedef OrtStatus *(*set_threads)(OrtSessionOptions *, int);
typedef OrtStatus *(*create_tensor)(const OrtMemoryInfo *, void *data,
                                    size_t bytes, const int64_t *shape,
                                    size_t rank, int type, OrtValue **);
typedef OrtStatus *(*get_tensor_data)(OrtValue *, void **);
typedef OrtStatus *(*get_element_count)(const OrtTensorTypeAndShapeInfo *,
                                        size_t *);
typedef OrtStatus *(*get_type_and_shape)(const OrtValue *,
                                         OrtTensorTypeAndShapeInfo **);
typedef OrtStatus *(*create_cpu_memory_info)(int allocator, int memory,
                                             OrtMemoryInfo **);
typedef OrtStatus *(*add_config_entry)(OrtSessionOptions *, const char *key,
                                       const char *value);
typedef void (*release)(void *);

struct local_onnx {
	const any_function *api;
	OrtEnv *env;
	OrtMemoryInfo *memory;
};

struct local_onnx_session {
	const local_onnx *runtime;
	OrtSession *session;
};

#define CALL(runtime, type, entry, ...)                                        \
	(((type)(runtime)->api[entry])(__VA_ARGS__))

/* 0 for success; else takes the text out of the status and frees it. */
static int failed(const local_onnx *runtime, OrtStatus *status,
                  const char *what, char *error, size_t error_bytes)
{
	if (!status)
		return 0;
	library_error(
		error, error_bytes, what,
		CALL(runtime, get_error_message, GET_ERROR_MESSAGE, status));
	CALL(runtime, release, RELEASE_STATUS, status);
	return -1;
}

local_onnx *local_onnx_open(const char *path, char *error, size_t error_bytes)
{
	const struct api_base *(*get_base)(void) = NULL;
	const struct library_symbol symbols[] = {
		{"OrtGetApiBase", (void **)&get_base},
	};
	local_onnx *self = NULL;
	void *library;

	/* Official builds of 1.31 keep a telemetry database open in the user's
	 * cache from the moment they are loaded, and look at nothing but this
	 * variable first. A variable that is there stays as it is. */
	setenv("ORT_DISABLE_TELEMETRY", "1", 0);
	library = library_open(path, error, error_bytes);

	if (!library ||
	    library_lookup(library, path, symbols, 1, error, error_bytes))
		return NULL;
	self = calloc(1, sizeof(*self));
	if (!self) {
		library_error(error, error_bytes, path, "no memory");
		return NULL;
	}
	self->api = get_base()->get_api(API_VERSION);
	if (!self->api) {
		library_error(error, error_bytes, path,
		              "is too old: 1.18 or newer is needed");
		goto out;
	}
	if (failed(self,
	           CALL(self, create_env, CREATE_ENV, LOG_FATAL, "voice-engine",
	                &self->env),
	           path, error, error_bytes))
		goto out;
	/* Official builds report their use to their maker; a host's process
	 * reports nothing. */
	if (failed(self,
	           CALL(self, disable_telemetry, DISABLE_TELEMETRY, self->env),
	           path, error, error_bytes))
		goto out;
	if (failed(self,
	           CALL(self, create_cpu_memory_info, CREATE_CPU_MEMORY_INFO,
	                ARENA_ALLOCATOR, MEMORY_DEFAULT, &self->memory),
	           path, error, error_bytes))
		goto out;
	return self;
out:
	local_onnx_close(self);
	return NULL;
}

void local_onnx_close(local_onnx *runtime)
{
	if (!runtime)
		return;
	if (runtime->memory)
		CALL(runtime, release, RELEASE_MEMORY_INFO, runtime->memory);
	if (runtime->env)
		CALL(runtime, release, RELEASE_ENV, runtime->env);
	free(runtime);
}

/* One thread per call (the pool has the others); no spinning between calls. */
static OrtStatus *configure(const local_onnx *runtime, OrtSessionOptions *to)
{
	OrtStatus *status =
		CALL(runtime, set_threads, SET_INTRA_OP_THREADS, to, 1);

	if (!status)
		status =
			CALL(runtime, set_threads, SET_INTER_OP_THREADS, to, 1);
	if (!status)
		status = CALL(runtime, add_config_entry,
		              ADD_SESSION_CONFIG_ENTRY, to,
		              "session.intra_op.allow_spinning", "0");
	return status;
}

local_onnx_session *local_onnx_session_open(local_onnx *runtime,
                                            const char *model, char *error,
                                            size_t error_bytes)
{
	OrtSessionOptions *options = NULL;
	local_onnx_session *self = calloc(1, sizeof(*self));

	if (!self) {
		library_error(error, error_bytes, model, "no memory");
		return NULL;
	}
	self->runtime = runtime;
	if (failed(runtime,
	           CALL(runtime, create_session_options, CREATE_SESSION_OPTIONS,
	                &options),
	           model, error, error_bytes))
		goto out;
	if (failed(runtime, configure(runtime, options), model, error,
	           error_bytes))
		goto out;
	failed(runtime,
	       CALL(runtime, create_session, CREATE_SESSION, runtime->env,
	            model, options, &self->session),
	       model, error, error_bytes);
out:
	if (options)
		CALL(runtime, release, RELEASE_SESSION_OPTIONS, options);
	if (!self->session) {
		free(self);
		return NULL;
	}
	return self;
}

void local_onnx_session_close(local_onnx_session *session)
{
	if (!session)
		return;
	CALL(session->runtime, release, RELEASE_SESSION, session->session);
	free(session);
}

local_onnx_tensor *local_onnx_tensor_open(local_onnx *runtime, void *data,
                                          size_t bytes, const int64_t *shape,
                                          size_t rank, int32_t type,
                                          char *error, size_t error_bytes)
{
	OrtValue *value = NULL;

	if (failed(runtime,
	           CALL(runtime, create_tensor, CREATE_TENSOR, runtime->memory,
	                data, bytes, shape, rank, type, &value),
	           "tensor", error, error_bytes))
		return NULL;
	return value;
}

void local_onnx_tensor_close(local_onnx *runtime, local_onnx_tensor *tensor)
{
	if (tensor)
		CALL(runtime, release, RELEASE_VALUE, tensor);
}

const float *local_onnx_tensor_floats(local_onnx *runtime,
                                      local_onnx_tensor *tensor, size_t *count)
{
	OrtTensorTypeAndShapeInfo *info = NULL;
	OrtStatus *status = CALL(runtime, get_type_and_shape,
	                         GET_TYPE_AND_SHAPE, tensor, &info);
	void *data = NULL;

	*count = 0;
	if (!status)
		status = CALL(runtime, get_element_count, GET_ELEMENT_COUNT,
		              info, count);
	if (!status)
		status = CALL(runtime, get_tensor_data, GET_TENSOR_DATA, tensor,
		              &data);
	if (info)
		CALL(runtime, release, RELEASE_TYPE_AND_SHAPE, info);
	return failed(runtime, status, "tensor", NULL, 0) ? NULL : data;
}

int local_onnx_run(local_onnx_session *session, const char *const *input_names,
                   const local_onnx_tensor *const *inputs, size_t input_count,
                   const char *const *output_names, local_onnx_tensor **outputs,
                   size_t output_count, char *error, size_t error_bytes)
{
	return failed(session->runtime,
	              CALL(session->runtime, run, RUN, session->session, NULL,
	                   input_names, inputs, input_count, output_names,
	                   output_count, outputs),
	              "model", error, error_bytes);
}
