/*
 * voice-host talk: a WAV file calls an agent.
 *
 * This is a complete host that pulls. Every 20 ms of real time it pushes 20 ms
 * of the caller and pulls 20 ms of the agent; between two frames it waits on
 * the session's event descriptor and prints what happened. No thread, no lock.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define FRAME_NS 20000000
#define MAX_FRAME_SAMPLES 960 /* 20 ms at 48 kHz */
#define READY_TIMEOUT_MS 120000
#define REPLY_TIMEOUT_NS INT64_C(30000000000) /* a model that never answers */
#define WORDS_TIMEOUT_NS INT64_C(15000000000) /* a recogniser that is slow */
#define MAX_TAIL_NS INT64_C(300000000000)     /* after the recording's end */
#define AUDIBLE 64 /* of 32,768: below it a sample counts as silence */

static volatile sig_atomic_t interrupted;

struct call {
	const struct options *options;
	struct recording caller;
	voice_session *session;
	FILE *events;
	FILE *output;
	const char *id;
	int64_t start_ns;
	int64_t active_ns;    /* when something was last said */
	int64_t reply_due_ns; /* the caller waits for a reply; 0 = does not */
	uint64_t frames_written; /* sample frames in the output */
	int exit_code;
	bool closed;
};

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static int64_t now_ns(void)
{
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* -- Events ------------------------------------------------------------- */

static void answer_tool(struct call *call, const voice_event *event)
{
	voice_status status = voice_session_tool_result(
		call->session, event->id,
		"{\"error\":\"this host has no such tool\"}");

	if (status < 0)
		complain_status("tool result", status);
}

static void take_event(struct call *call, const voice_event *event)
{
	call->active_ns = now_ns();
	if (call->events != stdout)
		event_write_text(stdout, event, call->start_ns);
	event_write_json(call->events, call->id, event);
	switch (event->type) {
	case VOICE_EVENT_CALLER_STOPPED:
		/* What was said may still be on its way to words. */
		if (call->reply_due_ns == 0)
			call->reply_due_ns = now_ns() + WORDS_TIMEOUT_NS;
		break;
	case VOICE_EVENT_BARGE_IN:
		/* A backchannel asks for no reply. */
		if (event->flags & VOICE_FLAG_RESUMED)
			call->reply_due_ns = 0;
		break;
	case VOICE_EVENT_TURN_STARTED:
		call->reply_due_ns = now_ns() + REPLY_TIMEOUT_NS;
		break;
	case VOICE_EVENT_AGENT_STARTED:
		call->reply_due_ns = 0;
		break;
	case VOICE_EVENT_TOOL_CALL:
		answer_tool(call, event);
		break;
	case VOICE_EVENT_HANGUP:
		voice_session_hangup(call->session);
		break;
	case VOICE_EVENT_ERROR:
		/* The reply may never come. */
		call->reply_due_ns = 0;
		break;
	case VOICE_EVENT_CLOSED:
		call->closed = true;
		if (event->status < 0)
			call->exit_code = EXIT_FAILED;
		break;
	default:
		break;
	}
}

static void take_events(struct call *call)
{
	voice_event event;

	for (;;) {
		memset(&event, 0, sizeof(event));
		event.struct_size = sizeof(event);
		if (voice_session_next_event(call->session, &event) < 0)
			return;
		take_event(call, &event);
	}
}

/* Takes events as they come until the given time. */
static void wait_until(struct call *call, int64_t until_ns)
{
	int fd = voice_session_event_fd(call->session);

	for (;;) {
		int64_t left = until_ns - now_ns();
		struct timespec limit = {0, (long)left};
		struct pollfd events = {fd, POLLIN, 0};

		if (left <= 0 || call->closed || interrupted)
			return;
		if (ppoll(&events, fd < 0 ? 0 : 1, &limit, NULL) > 0)
			take_events(call);
	}
}

/* -- Audio -------------------------------------------------------------- */

/* Pushes samples first ... last - 1; past the recording comes silence. */
static voice_status push(struct call *call, size_t first, size_t last)
{
	uint8_t silence[MAX_FRAME_SAMPLES * 2];
	const struct recording *caller = &call->caller;
	size_t width = sample_bytes(caller);
	size_t there = caller->samples > first ? caller->samples - first : 0;
	size_t rest;
	voice_status status = VOICE_OK;

	if (there > last - first)
		there = last - first;
	rest = last - first - there;
	if (there > 0)
		status = voice_session_push_audio(call->session,
		                                  caller->audio + first * width,
		                                  there * width);
	if (status < 0 && status != VOICE_ERR_OVERRUN)
		return status;
	if (rest == 0)
		return VOICE_OK;
	/* G.711 writes zero as 0xFF (mu-law) and 0xD5 (A-law). */
	memset(silence,
	       caller->encoding == VOICE_ENCODING_MULAW  ? 0xFF
	       : caller->encoding == VOICE_ENCODING_ALAW ? 0xD5
	                                                 : 0,
	       rest * width);
	status = voice_session_push_audio(call->session, silence, rest * width);
	return status == VOICE_ERR_OVERRUN ? VOICE_OK : status;
}

static void put_sample(uint8_t *at, int16_t sample)
{
	at[0] = (uint8_t)sample;
	at[1] = (uint8_t)((uint16_t)sample >> 8);
}

/* Writes caller left and agent right, or the agent alone. */
static bool write_frame(struct call *call, const int16_t *agent, size_t first,
                        size_t count)
{
	uint8_t out[MAX_FRAME_SAMPLES * 4];
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (agent[i] > AUDIBLE || agent[i] < -AUDIBLE)
			call->active_ns = now_ns();
		if (!call->options->mono) {
			put_sample(out + bytes,
			           sample_at(&call->caller, first + i));
			bytes += 2;
		}
		put_sample(out + bytes, agent[i]);
		bytes += 2;
	}
	if (fwrite(out, 1, bytes, call->output) != bytes)
		return false;
	call->frames_written += count;
	return true;
}

/* One frame of samples first ... last - 1 in both directions. */
static bool exchange(struct call *call, size_t first, size_t last)
{
	int16_t agent[MAX_FRAME_SAMPLES];
	voice_status status = push(call, first, last);

	if (status < 0 && status != VOICE_ERR_CLOSED) {
		complain_status("push", status);
		return false;
	}
	status = voice_session_pull_audio(call->session, agent,
	                                  (last - first) * sizeof(agent[0]));
	if (status < 0 && status != VOICE_ERR_CLOSED) {
		complain_status("pull", status);
		return false;
	}
	if (!write_frame(call, agent, first, last - first)) {
		complain("cannot write the output: %s", strerror(errno));
		return false;
	}
	return true;
}

/* Is the conversation over once the recording is? */
static bool is_over(const struct call *call, size_t sent)
{
	int64_t now = now_ns();
	int64_t tail = (int64_t)call->options->tail_s * 1000000000;
	int64_t end = call->start_ns + (int64_t)call->caller.samples *
	                                       1000000000 / call->caller.rate;

	if (call->closed || interrupted)
		return true;
	if (sent < call->caller.samples)
		return false;
	if (now - end > MAX_TAIL_NS)
		return true;
	return now > call->reply_due_ns && now - call->active_ns > tail &&
	       now - end > tail;
}

static void converse(struct call *call)
{
	size_t sent = 0;

	call->active_ns = now_ns();
	for (uint64_t frame = 1; !is_over(call, sent); frame++) {
		/* 11,025 Hz has no whole number of samples in 20 ms. */
		size_t next = (size_t)(frame * call->caller.rate / 50);

		if (!exchange(call, sent, next)) {
			call->exit_code = EXIT_FAILED;
			return;
		}
		sent = next;
		wait_until(call, call->start_ns + (int64_t)frame * FRAME_NS);
	}
}

/* -- Set-up ------------------------------------------------------------- */

/* The --var options as a JSON object; freed by the caller. */
static char *variables_json(const struct options *options)
{
	char *json = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&json, &bytes);

	if (file == NULL)
		return NULL;
	fputc('{', file);
	for (size_t i = 0; i < options->variables; i++) {
		if (i > 0)
			fputc(',', file);
		json_write_string(file, options->names[i]);
		fputc(':', file);
		json_write_string(file, options->values[i]);
	}
	fputc('}', file);
	if (fclose(file) != 0) {
		free(json);
		return NULL;
	}
	return json;
}

static voice_status start_call(struct call *call, voice_engine *engine,
                               const char *document)
{
	voice_session_config config;
	char *variables = variables_json(call->options);
	voice_status status;

	if (variables == NULL)
		return VOICE_ERR_INTERNAL;
	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	config.input_encoding = call->caller.encoding;
	config.input_rate = call->caller.rate;
	config.output_encoding = VOICE_ENCODING_PCM16;
	config.agent_json = document;
	config.call_id = call->id;
	config.variables_json = variables;
	call->start_ns = now_ns();
	status = voice_session_create(engine, &config, NULL, &call->session);
	free(variables);
	if (status < 0)
		complain_status("call", status);
	return status;
}

/* Models are loaded by the time the caller is heard. */
static voice_status load(voice_engine *engine, const char *document,
                         size_t bytes)
{
	voice_status status = voice_engine_add_agent(engine, document, bytes);

	if (status < 0) {
		complain_status("agent", status);
		return status;
	}
	fprintf(stderr, "loading what the agent needs ...\n");
	status = voice_engine_wait_ready(engine, READY_TIMEOUT_MS);
	if (status == VOICE_ERR_TIMEOUT) {
		complain("not everything is loaded yet; calling anyway");
		return VOICE_OK;
	}
	if (status < 0)
		complain_status("loading", status);
	return status;
}

static void hang_up(struct call *call)
{
	voice_session_hangup(call->session);
	/* The last events: heard text, metrics, closed. */
	wait_until(call, now_ns() + 500000000);
	take_events(call);
}

int talk(const struct options *options, const char *agent, const char *input,
         const char *output)
{
	struct call call = {.options = options, .exit_code = EXIT_START};
	struct sigaction action = {.sa_handler = on_signal};
	voice_engine *engine = NULL;
	char *document = NULL;
	size_t bytes = 0;
	voice_status status;

	call.id = options->call_id != NULL ? options->call_id : "talk";
	action.sa_flags = (int)SA_RESETHAND; /* a second one ends at once */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!read_file(agent, MAX_DOCUMENT_BYTES, &document, &bytes) ||
	    !wav_read(input, &call.caller) ||
	    !event_log_open(options->events, &call.events))
		goto out;
	call.output = fopen(output, "wbe");
	if (call.output == NULL ||
	    !wav_start(call.output, call.caller.rate, options->mono ? 1 : 2)) {
		complain("cannot write %s: %s", output, strerror(errno));
		goto out;
	}
	status = voice_engine_create(&options->engine, &engine);
	if (status < 0) {
		complain_status("engine", status);
		goto out;
	}
	if (load(engine, document, bytes) < 0 ||
	    start_call(&call, engine, document) < 0)
		goto out;
	call.exit_code = EXIT_DONE;
	converse(&call);
	hang_up(&call);
	if (!wav_finish(call.output, options->mono ? 1 : 2,
	                call.frames_written)) {
		complain("cannot write %s: %s", output, strerror(errno));
		call.exit_code = EXIT_FAILED;
	}
out:
	voice_session_destroy(call.session);
	voice_engine_destroy(engine);
	if (call.output != NULL && fclose(call.output) != 0)
		call.exit_code = EXIT_FAILED;
	if (call.events != NULL && call.events != stdout)
		fclose(call.events);
	free(call.caller.audio);
	free(document);
	return call.exit_code;
}
