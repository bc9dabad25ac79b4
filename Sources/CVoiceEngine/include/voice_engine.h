/*
 * libvoiceengine: a real-time voice-agent engine behind a C ABI.
 *
 * A host hands in the caller's audio and gets the agent's audio back. Inside,
 * the engine runs the conversation: voice activity, streaming speech-to-text, a
 * streaming language model, streaming text-to-speech, barge-in and playout.
 *
 *     voice_engine_create -> voice_session_create -> push_audio ... pull_audio
 *                                                 -> events    ... destroy
 *
 * This header is the specification; code that disagrees with it is wrong.
 *
 * Conventions
 *   Text        UTF-8, NUL-terminated. Borrowed until return unless stated.
 *   Handles     Opaque tokens, looked up, never dereferenced. A destroyed, NULL or invented handle, or
 *               one of another kind, gives VOICE_ERR_BAD_HANDLE. Handles do not survive fork().
 *   Structs     Every config struct starts with struct_size: set it to sizeof the struct and zero
 *               the rest; 0 or NULL in any field means its default. Fields are only ever appended.
 *               A struct longer than the library knows is accepted when its unknown tail is zero.
 *   Threads     "any": any thread, at any time. "one at a time per session": the host serialises;
 *               pushing and pulling count separately and may run on two threads. A second thread that pushes,
 *               or pulls, at the same time is sent away with VOICE_ERR_REENTRANT.
 *   Callbacks   on_event: one at a time and in order per session, on an event thread of the engine, up to 10 ms
 *               after what it tells, never inside a voice_ call of the same thread and never with an engine lock
 *               held. on_audio: one at a time and in order per session, on the thread that paces it: copy and
 *               return. The two may run at once.
 *   Destroy     Accepts NULL. Returns when no callback of the handle runs or will run: do not hold a lock that a
 *               callback takes. From inside a callback of the same handle, and from on_audio, it returns at once:
 *               callbacks go on until VOICE_EVENT_CLOSED, the last one. Destroyed from elsewhere, a session has
 *               100 ms to report what waits; the rest is dropped. Two callbacks that destroy each other's
 *               handles do not wait for each other. Children end with their parent; any order is safe.
 *   Process     The library installs no signal handler, prints nothing, never calls exit(), and keeps no state outside
 *               its handles. On Linux its network layer ignores SIGPIPE for the process. Before ONNX Runtime is loaded
 *               for local models, it sets ORT_DISABLE_TELEMETRY=1 unless that variable is set. It stays mapped after
 *               dlclose().
 *   Errors      A status below zero; voice_last_error() tells the detail.
 */
#ifndef VOICE_ENGINE_H
#define VOICE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VOICE_API __attribute__((visibility("default")))
#else
#define VOICE_API
#endif

/** Version of this header: the major changes when a compiled host would break, the minor when something is added. */
#define VOICE_ABI_MAJOR 1
#define VOICE_ABI_MINOR 0
#define VOICE_ABI_VERSION ((VOICE_ABI_MAJOR << 16) | VOICE_ABI_MINOR)

typedef struct voice_engine voice_engine;
typedef struct voice_session voice_session;
typedef struct voice_server voice_server;

/* -- Status ---------------------------------------------------------------------------------- */

typedef int32_t voice_status;

#define VOICE_OK 0
/* The caller's mistake: the same call will fail again. */
#define VOICE_ERR_BAD_HANDLE (-1)  /* NULL, destroyed, of another kind, or never a handle */
#define VOICE_ERR_BAD_ARG (-2)     /* an argument or a struct field is out of range */
#define VOICE_ERR_BAD_CONFIG (-3)  /* the agent document is wrong; the detail names the key's path */
#define VOICE_ERR_REENTRANT (-4)   /* not allowed from inside a callback, or while another thread does it */
#define VOICE_ERR_UNSUPPORTED (-5) /* valid, but not in this combination or not by this build */
#define VOICE_ERR_NOT_FOUND (-6)   /* no agent, tool call or file of that name */
/* Try again, later or with less. */
#define VOICE_ERR_OVERRUN (-20)   /* taken, but the oldest unread audio was dropped to make room */
#define VOICE_ERR_AGAIN (-21)     /* nothing there yet */
#define VOICE_ERR_LIMIT (-22)     /* a configured limit is reached */
#define VOICE_ERR_TIMEOUT (-23)   /* the time given is over */
#define VOICE_ERR_DRAINING (-24)  /* no new calls are taken */
/* A provider or a model. */
#define VOICE_ERR_KEY_MISSING (-40)   /* the environment variable that holds the API key is not set */
#define VOICE_ERR_MODEL_MISSING (-41) /* a local model is not installed; the detail says what to run */
#define VOICE_ERR_PROVIDER (-42)      /* a provider failed and no fallback is left */
#define VOICE_ERR_NETWORK (-43)       /* an address is in use, cannot be resolved or does not answer */
/* Fatal to this handle: only destroy is allowed after it. */
#define VOICE_ERR_CLOSED (-60)   /* the session has ended */
#define VOICE_ERR_INTERNAL (-61) /* a defect of the engine; please report the detail */

/** The ABI version of the loaded library: compare its upper 16 bits with VOICE_ABI_MAJOR. Threads: any. Since: 1.0 */
VOICE_API uint32_t voice_abi_version(void);

/** Version of the library for people, such as "1.0.0". Static. Threads: any. Since: 1.0 */
VOICE_API const char *voice_library_version(void);

/** A short English text for a status. Static, never NULL. Threads: any. Since: 1.0 */
VOICE_API const char *voice_status_text(voice_status status);

/**
 * What went wrong in the last failed voice_ call of this thread, with the field and what was expected.
 * Borrowed until the next voice_ call on this thread; "" when that call succeeded. Threads: any. Since: 1.0
 */
VOICE_API const char *voice_last_error(void);

/* -- Engine ---------------------------------------------------------------------------------- */

#define VOICE_LOG_TRACE 1 /* may contain transcripts */
#define VOICE_LOG_DEBUG 2
#define VOICE_LOG_INFO 3
#define VOICE_LOG_WARNING 4
#define VOICE_LOG_ERROR 5

/**
 * One log line. component: "session", "deepgram", "twilio" ...; message: one line without newline.
 * Both borrowed until return. Called from any thread of the engine; must not block or call the engine.
 */
typedef void (*voice_log_fn)(void *user_data, int32_t level, const char *component, const char *message);

typedef struct voice_engine_config {
	uint32_t struct_size;          /* sizeof(voice_engine_config) */
	uint32_t loops;                /* event loops: 1..64; 0 = one per core */
	uint32_t inference_threads;    /* workers of the local models: 1..64; 0 = cores - 1, at least 1 */
	uint32_t max_sessions;         /* 1..65535; 0 = 4096 */
	const char *models_dir;        /* local models; NULL = $VOICE_ENGINE_MODELS, else $XDG_CACHE_HOME/voice-engine/models,
	                                  else $HOME/.cache/voice-engine/models */
	const char *ca_file;           /* PEM bundle of trusted authorities; NULL = the system's store */
	voice_log_fn on_log;           /* NULL = no log */
	void *log_user_data;           /* handed to on_log */
	int32_t log_level;             /* lowest level to report; 0 = VOICE_LOG_INFO */
	uint32_t reserved;             /* 0 */
	/* How providers are reached; the loopback interface always directly. */
	const char *proxy;             /* [http[s]://][user[:password]@]host[:port], or "none"; NULL = as https_proxy,
	                                  http_proxy and all_proxy of the environment say when the engine is created */
	const char *no_proxy;          /* what is reached directly all the same: names, addresses and ranges such as
	                                  10.0.0.0/8, separated by commas, * for everything; NULL = the environment's
	                                  no_proxy where proxy is NULL, else nothing */
	const char *loop_cpus;         /* processors that the loops' threads are bound to, as taskset -c takes them ("2", "0,2",
	                                  "4-7"): the first loop to the first one, and round; with loops = 0 a loop for each.
	                                  NULL = none is bound: threads run where the thread that creates the engine may */
} voice_engine_config;

/**
 * Creates an engine: its event loops, inference pool and connection pool. Engines are independent of each other.
 * Local models are loaded when the first agent that names them is added or used; a missing model is no error here.
 *
 * @param config  NULL for all defaults. Borrowed until return.
 * @param out     Receives the handle; NULL on failure.
 * @return VOICE_OK, VOICE_ERR_BAD_ARG, VOICE_ERR_INTERNAL.
 * Threads: any. Blocks: up to 100 ms (thread start). From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_engine_create(const voice_engine_config *config, voice_engine **out);

/**
 * Ends all sessions and servers of the engine, joins its threads and frees it.
 * Threads: any. Blocks: up to 2 s for connections to close, and for callbacks that are running.
 * From a callback: yes (deferred). Since: 1.0
 */
VOICE_API void voice_engine_destroy(voice_engine *engine);

/**
 * Checks an agent document without an engine: syntax, keys, values, providers.
 *
 * @param json   The document. Borrowed until return.
 * @param bytes  Its length without NUL, up to 1 MiB.
 * @return VOICE_OK, VOICE_ERR_BAD_ARG (NULL, or too long), VOICE_ERR_BAD_CONFIG; voice_last_error() names the key's path, what
 *         was found and what was expected.
 * Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_agent_check(const char *json, size_t bytes);

/**
 * Adds an agent, or replaces the one of the same name for sessions created from now on, and starts loading the local
 * models and warming the connections that it needs.
 *
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_BAD_CONFIG, VOICE_ERR_KEY_MISSING,
 *         VOICE_ERR_MODEL_MISSING, VOICE_ERR_UNSUPPORTED (nothing is added on failure).
 * Threads: any. Blocks: no (loading goes on in the background; see voice_engine_wait_ready). From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_engine_add_agent(voice_engine *engine, const char *json, size_t bytes);

/** How one provider of an agent document did: see voice_engine_probe. Borrowed until the callback returns. */
typedef struct voice_probe_result {
	uint32_t struct_size; /* sizeof(voice_probe_result) of the library */
	voice_status status;  /* VOICE_OK: it did its work. VOICE_ERR_KEY_MISSING (not set, or refused), _BAD_CONFIG (model, voice,
	                         address), _MODEL_MISSING, _NETWORK, _TIMEOUT, _PROVIDER */
	const char *path;     /* where it stands in the document, such as "stt[0]" */
	const char *provider; /* its name in the document */
	const char *detail;   /* what went wrong and what to do; "" when nothing did. Never a key */
	uint32_t elapsed_ms;  /* until the first result, or the failure */
	uint32_t reserved;    /* 0 */
} voice_probe_result;

/** Called on the thread that is inside voice_engine_probe. */
typedef void (*voice_probe_fn)(void *user_data, const voice_probe_result *result);

/**
 * Tries every provider that an agent document names, fallbacks included, with a little real work: a second of sound to
 * recognise, a word to write, a word to speak. This proves address, certificate, key, model and voice before a caller does,
 * and costs what such requests cost. Nothing is added to the engine.
 *
 * @param json       The document. Borrowed until return.
 * @param bytes      Its length without NUL, up to 1 MiB.
 * @param timeout_ms For each provider; all are tried at the same time. 1..120000; 0 = 10000.
 * @param on_result  Called for each provider in the order of the document, after all have been tried.
 * @param user_data  Handed to on_result.
 * @return VOICE_OK (all did their work), VOICE_ERR_PROVIDER (some did not), VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG,
 *         VOICE_ERR_BAD_CONFIG (the document itself), VOICE_ERR_REENTRANT.
 * Threads: any. Blocks: up to timeout_ms. From a callback: no. Since: 1.0
 */
VOICE_API voice_status voice_engine_probe(voice_engine *engine, const char *json, size_t bytes, uint32_t timeout_ms,
                                          voice_probe_fn on_result, void *user_data);

/**
 * Waits until everything that the added agents need is loaded and warm.
 *
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE (also when the engine is destroyed meanwhile), VOICE_ERR_TIMEOUT,
 *         VOICE_ERR_MODEL_MISSING (a model could not be loaded), VOICE_ERR_REENTRANT.
 * Threads: any. Blocks: up to timeout_ms. From a callback: no. Since: 1.0
 */
VOICE_API voice_status voice_engine_wait_ready(voice_engine *engine, uint32_t timeout_ms);

/**
 * Writes the engine's counters in the Prometheus text format (version 0.0.4), NUL-terminated.
 *
 * @param text      Receives at most capacity bytes; may be NULL when capacity is 0.
 * @param required  Receives the bytes needed, with the NUL; may be NULL.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG (capacity too small: nothing usable was written).
 * Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_engine_metrics(voice_engine *engine, char *text, size_t capacity, size_t *required);

/* -- Session: one call ----------------------------------------------------------------------- */

/* Encodings. PCM16 is signed 16-bit linear in native byte order. All audio is mono. */
#define VOICE_ENCODING_PCM16 1
#define VOICE_ENCODING_MULAW 2 /* G.711 */
#define VOICE_ENCODING_ALAW 3  /* G.711 */
#define VOICE_ENCODING_OPUS 4  /* one packet per push and per on_audio; 8, 12, 16, 24 or 48 kHz */

/* How the agent's audio leaves the engine. */
#define VOICE_PLAYOUT_CALLBACK 1 /* the engine paces frames into on_audio */
#define VOICE_PLAYOUT_PULL 2     /* the host pulls; what was heard is what was pulled, to the sample */

/** Longest push: 1 s of 48 kHz PCM16. */
#define VOICE_MAX_PUSH_BYTES 96000
/** Longest pull: 1 s of 48 kHz PCM16. */
#define VOICE_MAX_PULL_BYTES 96000

typedef struct voice_session_config {
	uint32_t struct_size;          /* sizeof(voice_session_config) */
	uint32_t input_encoding;       /* VOICE_ENCODING_*; 0 = PCM16 */
	uint32_t input_rate;           /* [Hz] 8000..48000; 0 = 8000 */
	uint32_t output_encoding;      /* VOICE_ENCODING_*; 0 = input_encoding */
	uint32_t output_rate;          /* [Hz] 8000..48000 with whole samples in a frame (when pulled: in 10, 20, 30 or 60 ms);
	                                  0 = input_rate */
	uint32_t ptime_ms;             /* [ms] frame length of on_audio: 10, 20, 30 or 60; 0 = 20 */
	uint32_t playout;              /* VOICE_PLAYOUT_*; 0 = PULL, or CALLBACK when on_audio is set */
	uint32_t reserved;             /* 0 */
	const char *agent_name;        /* an agent added before; exactly one of agent_name and agent_json */
	const char *agent_json;        /* an agent document for this call alone */
	const char *call_id;           /* the host's name for the call, for logs and events; NULL = made up */
	const char *variables_json;    /* a JSON object of strings for {{name}} in the document; NULL = none */
	const char *conversation_json; /* earlier messages: [{"role":"user"|"assistant","content":"..."}]; NULL = none */
} voice_session_config;

/* What an event tells. Fields that an event does not use are 0 or NULL. */
#define VOICE_EVENT_STARTED 1        /* the session runs. text: call id; name: agent */
#define VOICE_EVENT_CALLER_STARTED 2 /* the caller began to speak. position: caller sample of the onset */
#define VOICE_EVENT_CALLER_STOPPED 3 /* the caller fell silent. position: caller sample after the last speech */
#define VOICE_EVENT_TRANSCRIPT 4     /* text: the utterance so far; flags: VOICE_FLAG_FINAL when its turn is committed */
#define VOICE_EVENT_TURN_STARTED 5   /* the turn is the agent's. text: the caller's words */
#define VOICE_EVENT_AGENT_TEXT 6     /* text: a segment that goes to the text-to-speech; name: "filler" where it only
                                        bridges the wait for an answer and is no part of it */
#define VOICE_EVENT_AGENT_STARTED 7  /* first sample of a reply is out. position: agent sample */
#define VOICE_EVENT_AGENT_STOPPED 8  /* last sample of a reply is out. position: agent sample */
#define VOICE_EVENT_AGENT_HEARD 9    /* text: what the caller heard of the reply; flags: VOICE_FLAG_INTERRUPTED when cut */
#define VOICE_EVENT_BARGE_IN 10      /* flags: _PAUSED, _CONFIRMED or _RESUMED. position: agent sample of the cut */
#define VOICE_EVENT_TOOL_CALL 11     /* name: tool; id: call id; text: arguments, a JSON object. Answer with
                                        voice_session_tool_result. Tools that the document gives to a web service
                                        come as no event */
#define VOICE_EVENT_DTMF_IN 12       /* text: digits that the caller pressed; flags: VOICE_FLAG_FINAL when they are a whole
                                        number (dtmf.deliver is "event") */
#define VOICE_EVENT_DTMF_OUT 13      /* text: digits the host shall send */
#define VOICE_EVENT_TRANSFER 14      /* text: where the host shall transfer the call to */
#define VOICE_EVENT_HANGUP 15        /* the host shall hang up; text: why, as "goal reached: OUTCOME". The last words have
                                        been played */
#define VOICE_EVENT_ERROR 16         /* status, text; name: the provider or part, or the role (stt, llm, tts) of which
                                        no provider is left. The call goes on when it can */
#define VOICE_EVENT_TURN_METRICS 17  /* metrics */
#define VOICE_EVENT_SLOW_HOST 18     /* on_audio took longer than a quarter frame, value: [us]; or events were dropped from
                                        here on because 1024 waited, value: how many. text tells which */
#define VOICE_EVENT_CLOSED 19        /* the last event of the session. text: why; status */
#define VOICE_EVENT_VOICEMAIL 20     /* an answering machine has answered. text: what told, "length", "words",
                                        "beep" or "carrier" */
#define VOICE_EVENT_NODE 21          /* the call has come to another node of its flow. name: the node */

#define VOICE_FLAG_FINAL 1u
#define VOICE_FLAG_INTERRUPTED 2u
#define VOICE_FLAG_PAUSED 4u
#define VOICE_FLAG_CONFIRMED 8u
#define VOICE_FLAG_RESUMED 16u

/**
 * Where the time of one turn went, in nanoseconds. Each stage begins where the one before it ends, so the stages add up to
 * total_ns: from the caller's last speech to the first sample of the reply.
 */
typedef struct voice_turn_metrics {
	uint32_t struct_size;
	uint32_t flags;             /* VOICE_FLAG_INTERRUPTED */
	uint64_t turn;
	int64_t endpoint_wait_ns;   /* caller's last speech -> the turn could be decided (deliberate waiting, detector delay) */
	int64_t transcript_wait_ns; /* -> final transcript there (speech-to-text) */
	int64_t commit_ns;          /* -> request handed to the language model (engine) */
	int64_t llm_first_token_ns; /* -> first token (language model) */
	int64_t segment_ns;         /* -> first speakable segment complete (language model) */
	int64_t tts_request_ns;     /* -> segment handed to the text-to-speech (engine) */
	int64_t tts_first_audio_ns; /* -> first audio (text-to-speech) */
	int64_t playout_ns;         /* -> first sample out (engine, frame grid) */
	int64_t total_ns;           /* sum of the stages */
	int64_t engine_ns;          /* the engine's own share: commit + tts_request + playout */
	uint32_t prompt_tokens;     /* as the model reports; 0 = unknown */
	uint32_t completion_tokens; /* as the model reports; 0 = unknown */
	/* What the providers did since the turn before. 0 = nothing, or not known. */
	int64_t stt_first_words_ns; /* the caller's onset -> first words (speech-to-text) */
	int64_t llm_answer_ns;      /* the request that was answered -> its first token */
	int64_t tts_answer_ns;      /* the text -> first audio of the voice that spoke it */
	int64_t stt_connect_ns;     /* time to connect, where a new connection was made; of a realtime model: here */
	int64_t llm_connect_ns;     /* the same */
	int64_t tts_connect_ns;     /* the same */
	int64_t stt_audio_ns;       /* audio given to recognisers, repetitions included */
	uint32_t tts_characters;    /* given to voices, repetitions included */
	uint32_t stt_reconnects;    /* the same recogniser was opened again */
	uint32_t stt_failovers;     /* another recogniser took over */
	uint32_t llm_retries;       /* the same language model was asked again */
	uint32_t llm_failovers;     /* another language model took over */
	uint32_t llm_hedges;        /* a second request was made because the first was late */
	uint32_t tts_reconnects;    /* the same voice was opened again */
	uint32_t tts_failovers;     /* another voice took over */
	/* Answers that were begun before their turn was committed (turn.speculate), since the turn before. */
	uint32_t drafts;             /* begun */
	uint32_t drafts_dropped;     /* of these, not wanted: the caller went on, or said something else */
	uint32_t dropped_tokens;     /* what those took of the language model; estimated where it did not report */
	uint32_t dropped_characters; /* what those took of the voice */
} voice_turn_metrics;

typedef struct voice_event {
	uint32_t struct_size;
	uint32_t type;                     /* VOICE_EVENT_* */
	voice_session *session;
	uint64_t sequence;                 /* 1, 2, 3 ... per session; a gap means dropped events (full queue) */
	uint64_t turn;                     /* turn number from 1; 0 = before the first turn */
	int64_t time_ns;                   /* CLOCK_MONOTONIC of the moment that the event tells of */
	int64_t position;                  /* sample index: caller audio at the input rate, agent audio at the output rate */
	uint32_t flags;                    /* VOICE_FLAG_* */
	voice_status status;
	int64_t value;
	const char *text;                  /* never NULL */
	const char *name;                  /* never NULL */
	const char *id;                    /* never NULL */
	const voice_turn_metrics *metrics; /* VOICE_EVENT_TURN_METRICS only, else NULL */
} voice_event;

/**
 * One frame to play. audio: ptime_ms of audio in the output encoding (one packet with Opus), borrowed until return.
 * Called while the agent speaks, and with silence in between, every ptime_ms.
 */
typedef void (*voice_audio_fn)(void *user_data, voice_session *session, const void *audio, size_t bytes);

/** One event; borrowed, with all its texts, until return. */
typedef void (*voice_event_fn)(void *user_data, const voice_event *event);

typedef struct voice_session_callbacks {
	uint32_t struct_size;    /* sizeof(voice_session_callbacks) */
	uint32_t reserved;       /* 0 */
	void *user_data;         /* handed to every callback */
	voice_audio_fn on_audio; /* NULL = the host pulls */
	voice_event_fn on_event; /* NULL = the host polls with voice_session_next_event */
} voice_session_callbacks;

/**
 * Starts a session: the greeting begins at once, the caller is heard from the first push.
 *
 * @param config     Borrowed until return. Required.
 * @param callbacks  Borrowed until return; NULL = pull audio and poll events.
 * @param out        Receives the handle; NULL on failure. Callbacks may run before this returns.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG (detail names the field), VOICE_ERR_BAD_CONFIG, VOICE_ERR_NOT_FOUND,
 *         VOICE_ERR_UNSUPPORTED, VOICE_ERR_LIMIT (max_sessions, or no descriptor is left), VOICE_ERR_KEY_MISSING,
 *         VOICE_ERR_MODEL_MISSING. A session that fails to begin afterwards reports VOICE_EVENT_STARTED and VOICE_EVENT_CLOSED.
 * Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_create(voice_engine *engine, const voice_session_config *config,
                                            const voice_session_callbacks *callbacks, voice_session **out);

/**
 * Hands caller audio to the engine. Copies the samples; never blocks, never allocates.
 *
 * @param audio  Audio in the session's input encoding and rate. Borrowed until return.
 * @param bytes  A whole number of samples (one packet with Opus): 1..VOICE_MAX_PUSH_BYTES.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_OVERRUN (oldest audio was dropped to make room),
 *         VOICE_ERR_UNSUPPORTED (a server's call), VOICE_ERR_REENTRANT, VOICE_ERR_CLOSED.
 * Threads: one at a time per session. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_push_audio(voice_session *session, const void *audio, size_t bytes);

/**
 * Takes the next agent audio. Always fills the whole buffer: with silence where the agent says nothing. Pull at the pace of
 * playing: 120 ms are kept ready, so a pull of more than that has silence in the middle of speech.
 *
 * @param audio  Receives audio in the session's output encoding and rate.
 * @param bytes  A whole number of samples: 1..VOICE_MAX_PULL_BYTES.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_UNSUPPORTED (the session calls on_audio, or is a
 *         server's), VOICE_ERR_REENTRANT, VOICE_ERR_CLOSED (the buffer is silence).
 * Threads: one at a time per session. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_pull_audio(voice_session *session, void *audio, size_t bytes);

/**
 * Interrupts the agent now, without waiting for the caller's words. No effect when the agent is silent.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_CLOSED. Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_barge_in(voice_session *session);

/**
 * Lets the agent say this text, after what it is saying now. It becomes part of the conversation as far as it is heard.
 *
 * @param text  1..8192 bytes.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_LIMIT (16 texts are waiting), VOICE_ERR_CLOSED.
 * Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_say(voice_session *session, const char *text);

/**
 * A turn of the caller in writing, as if it had been spoken; interrupts the agent.
 * @param user_text  1..8192 bytes.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_CLOSED. Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_send_text(voice_session *session, const char *user_text);

/**
 * Digits that the caller pressed, as the host detected them.
 * @param digits  1..32 of 0-9 A-D # *.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_CLOSED.
 * Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_send_dtmf(voice_session *session, const char *digits);

/**
 * Answers a VOICE_EVENT_TOOL_CALL. The reply goes on when all tools of the turn have answered. When the caller has interrupted it
 * meanwhile, the model is told the result with the next turn.
 *
 * @param call_id  The event's id.
 * @param json     The result, any JSON value, up to 64 KiB.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG (no JSON), VOICE_ERR_CLOSED. A result that no call waits for (any more) is
 *         reported as a VOICE_EVENT_ERROR with VOICE_ERR_NOT_FOUND.
 * Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_tool_result(voice_session *session, const char *call_id, const char *json);

/**
 * Ends the conversation now: the agent falls silent and VOICE_EVENT_CLOSED follows. The handle stays valid until destroy.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_CLOSED. Threads: any. Blocks: no. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_session_hangup(voice_session *session);

/**
 * Ends the session if it still runs and frees it. Threads: any. Blocks: up to 200 ms, and for a callback that is running.
 * From a callback: yes (of the same session, and from on_audio: deferred). Since: 1.0
 */
VOICE_API void voice_session_destroy(voice_session *session);

/**
 * A descriptor that is readable while events wait, for hosts with their own loop. Owned by the session: do not read, write or close it.
 * @return The descriptor, or VOICE_ERR_BAD_HANDLE, or VOICE_ERR_UNSUPPORTED (on_event is set). Threads: any. Since: 1.0
 */
VOICE_API int32_t voice_session_event_fd(voice_session *session);

/**
 * Takes the next event of a session without on_event. Set event->struct_size before the call. Texts are borrowed until the next call of
 * this function for this session, or its destroy.
 * @return VOICE_OK, VOICE_ERR_AGAIN (none waits), VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_UNSUPPORTED.
 * Threads: one at a time per session. Blocks: no. Since: 1.0
 */
VOICE_API voice_status voice_session_next_event(voice_session *session, voice_event *event);

/* -- Server: carriers over the network --------------------------------------------------------- */

typedef struct voice_server_config {
	uint32_t struct_size;   /* sizeof(voice_server_config) */
	uint32_t port;          /* 0..65535; 0 = any free one, see voice_server_port */
	const char *host;       /* address to listen on; NULL = "127.0.0.1" */
	const char *public_url; /* how carriers reach this server, such as "https://agent.example.com"; NULL = from the request's Host */
	uint32_t max_calls;     /* 1..65535; 0 = the engine's max_sessions */
	uint32_t reserved;      /* 0 */
	voice_event_fn on_event; /* the events of every call of this server, on an event thread: per call one at a time and in order,
	                            different calls at the same time. event->session takes voice_session_ calls until VOICE_EVENT_CLOSED
	                            has been reported; it belongs to the server: destroying it ends the call. NULL = not reported */
	void *user_data;         /* handed to on_event */
	const char *settings;    /* a server document as JSON (docs/server.md), up to 1 MiB: TLS, carriers, the control API, admission,
	                            limits; secrets by the names of environment variables. NULL = the usual settings, with
	                            TWILIO_AUTH_TOKEN and VOICE_CONTROL_TOKEN of the environment */
} voice_server_config;

/**
 * Listens for carriers and answers their calls with the engine's agents. Paths: POST /twilio/voice/AGENT (TwiML),
 * /twilio/media/AGENT (WebSocket), /healthz, /readyz, /metrics.
 *
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_ARG, VOICE_ERR_BAD_CONFIG (settings: the detail names the key, or the
 *         file and what is wrong with it), VOICE_ERR_KEY_MISSING (settings names an environment variable that is not set),
 *         VOICE_ERR_NETWORK (the detail names address and cause), VOICE_ERR_REENTRANT.
 * Threads: any. Blocks: up to 1 s. From a callback: no. Since: 1.0
 */
VOICE_API voice_status voice_server_start(voice_engine *engine, const voice_server_config *config, voice_server **out);

/** The port that the server listens on, or a negative status. Threads: any. Blocks: no. Since: 1.0 */
VOICE_API int32_t voice_server_port(voice_server *server);

/** Calls that are live on this server, or a negative status. Threads: any. Blocks: no. Since: 1.0 */
VOICE_API int32_t voice_server_calls(voice_server *server);

/**
 * Reads the files of the server's certificate (settings: tls) again, for connections from now on; live ones are not touched.
 * Without TLS it does nothing. The files are also looked at by themselves, every tls.watch_s.
 * @return VOICE_OK, VOICE_ERR_BAD_HANDLE, VOICE_ERR_BAD_CONFIG (the detail names the file and what is wrong with it; the
 *         certificate stays as it was).
 * Threads: any. Blocks: for the files. From a callback: yes. Since: 1.0
 */
VOICE_API voice_status voice_server_reload(voice_server *server);

/**
 * Takes no new calls and waits for the live ones to end. In the last 8 s (or the last half) of timeout_ms the agents that are
 * left finish their reply and say their goodbye; after timeout_ms the rest is ended.
 * @return VOICE_OK (all ended by themselves), VOICE_ERR_TIMEOUT (some were ended), VOICE_ERR_BAD_HANDLE, VOICE_ERR_REENTRANT.
 * Threads: any. Blocks: up to timeout_ms + 1 s. From a callback: no. Since: 1.0
 */
VOICE_API voice_status voice_server_drain(voice_server *server, uint32_t timeout_ms);

/**
 * Ends all calls, closes the port and frees the server. Threads: any. Blocks: up to 1 s, and for callbacks that are running.
 * From a callback: yes (deferred). Since: 1.0
 */
VOICE_API void voice_server_stop(voice_server *server);

#ifdef __cplusplus
}
#endif

#endif /* VOICE_ENGINE_H */
