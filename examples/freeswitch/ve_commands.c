/* The API commands; see ve.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define OK "+OK\n"

static bool debug; /* atomic */

bool ve_debug(void)
{
	return __atomic_load_n(&debug, __ATOMIC_RELAXED);
}

/* The first word of `text` into `word`; returns what follows it. */
static const char *take_word(const char *text, char *word, size_t room)
{
	size_t length;

	text += strspn(text, " ");
	length = strcspn(text, " \r\n");
	snprintf(word, room, "%.*s", (int)(length < room ? length : room - 1),
	         text);
	text += length;
	return text + strspn(text, " \r\n");
}

/* -- voice_engine --------------------------------------------------------- */

static void show_version(switch_stream_handle_t *stream)
{
	uint32_t abi = voice_abi_version();

	stream->write_function(stream,
	                       "+OK library %s, ABI %u.%u, module built "
	                       "for ABI %u.%u\n",
	                       voice_library_version(), (unsigned)(abi >> 16),
	                       (unsigned)(abi & 0xFFFF),
	                       (unsigned)VOICE_ABI_MAJOR,
	                       (unsigned)VOICE_ABI_MINOR);
}

static void show_status(switch_stream_handle_t *stream)
{
	struct ve_generation *generation = ve_generation_get();

	if (generation == NULL) {
		stream->write_function(stream, "-ERR no configuration\n");
		return;
	}
	stream->write_function(stream,
	                       "configuration %u, %u of %u calls live, "
	                       "debug %s\n",
	                       generation->number, ve_live_count(),
	                       generation->max_calls,
	                       ve_debug() ? "on" : "off");
	for (struct ve_agent *at = generation->agents; at != NULL;
	     at = at->next)
		stream->write_function(stream, "agent %s: %s\n", at->name,
		                       at->status < 0 ? at->detail : "ready");
	for (struct ve_tool *at = generation->tools; at != NULL; at = at->next)
		stream->write_function(stream, "tool %s: %s\n", at->name,
		                       at->kind == VE_TOOL_API ? at->command
		                                               : "by event");
	ve_generation_put(generation);
}

static void show_one(void *context, const struct ve_live *live)
{
	switch_stream_handle_t *stream = context;

	stream->write_function(
		stream, "%s %s %s %s %llds %u turns %u Hz configuration %u\n",
		live->uuid, live->kind, live->agent,
		live->peer[0] != '\0' ? live->peer : "-",
		(long long)(time(NULL) - live->began),
		__atomic_load_n(&live->turns, __ATOMIC_RELAXED), live->rate,
		live->generation);
}

static void show_call(const char *arguments, switch_stream_handle_t *stream)
{
	char uuid[VE_UUID_BYTES];
	struct ve_live live;

	take_word(arguments, uuid, sizeof(uuid));
	if (!ve_live_find(uuid, NULL, &live)) {
		stream->write_function(stream, "-ERR no such call\n");
		return;
	}
	show_one(stream, &live);
	stream->write_function(
		stream, "channel %s\ninterruptions %u\n", live.channel_name,
		__atomic_load_n(&live.interruptions, __ATOMIC_RELAXED));
}

struct probing {
	switch_stream_handle_t *stream;
	const char *wanted;
	unsigned tried;
};

static void on_result(void *user_data, const voice_probe_result *result)
{
	struct probing *probing = user_data;

	probing->stream->write_function(
		probing->stream, "  %s %s: %s, %u ms%s%s\n", result->path,
		result->provider, voice_status_text(result->status),
		(unsigned)result->elapsed_ms,
		result->detail[0] != '\0' ? ": " : "", result->detail);
}

static void probe(void *context)
{
	struct probing *probing = context;
	struct ve_generation *generation = ve_generation_get();

	if (generation == NULL)
		return;
	for (struct ve_agent *at = generation->agents; at != NULL;
	     at = at->next) {
		voice_status status;

		if (probing->wanted[0] != '\0' &&
		    strcmp(probing->wanted, at->name) != 0)
			continue;
		probing->tried++;
		probing->stream->write_function(probing->stream, "agent %s\n",
		                                at->name);
		status = voice_engine_probe(generation->engine, at->json,
		                            at->bytes, 0, on_result, probing);
		if (status < 0 && status != VOICE_ERR_PROVIDER)
			probing->stream->write_function(
				probing->stream, "  %s\n", voice_last_error());
	}
	ve_generation_put(generation);
}

static void show_providers(const char *arguments,
                           switch_stream_handle_t *stream)
{
	char agent[VE_NAME_BYTES];
	struct probing probing = {.stream = stream, .wanted = agent};

	take_word(arguments, agent, sizeof(agent));
	if (!ve_work_deep(probe, &probing) || probing.tried == 0)
		stream->write_function(stream, "-ERR no such agent\n");
}

static void reload(switch_stream_handle_t *stream)
{
	char error[VE_PATH_BYTES + VE_REASON_BYTES];

	if (ve_config_load(error, sizeof(error))) {
		stream->write_function(stream, OK);
		return;
	}
	ve_log(SWITCH_LOG_ERROR,
	       "voice_engine: %s: the configuration stays as "
	       "it was\n",
	       error);
	stream->write_function(stream, "-ERR %s\n", error);
}

static void set_debug(const char *arguments, switch_stream_handle_t *stream)
{
	char word[8];

	take_word(arguments, word, sizeof(word));
	if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
		stream->write_function(stream, "-USAGE: voice_engine debug "
		                               "on|off\n");
		return;
	}
	__atomic_store_n(&debug, strcmp(word, "on") == 0, __ATOMIC_RELAXED);
	stream->write_function(stream, OK);
}

void ve_command(const char *arguments, switch_stream_handle_t *stream)
{
	char verb[16];
	const char *rest = take_word(arguments, verb, sizeof(verb));

	if (strcmp(verb, "status") == 0) {
		show_status(stream);
	} else if (strcmp(verb, "calls") == 0) {
		ve_live_each(show_one, stream);
		stream->write_function(stream, "%u live\n", ve_live_count());
	} else if (strcmp(verb, "call") == 0) {
		show_call(rest, stream);
	} else if (strcmp(verb, "providers") == 0) {
		show_providers(rest, stream);
	} else if (strcmp(verb, "version") == 0) {
		show_version(stream);
	} else if (strcmp(verb, "reload") == 0) {
		reload(stream);
	} else if (strcmp(verb, "debug") == 0) {
		set_debug(rest, stream);
	} else {
		stream->write_function(stream,
		                       "-USAGE: voice_engine status|"
		                       "calls|call <uuid>|providers [<agent>]|"
		                       "version|reload|debug on|off\n");
	}
}

/* -- uuid_voice_... ------------------------------------------------------- */

static void answer(switch_stream_handle_t *stream, voice_status status)
{
	if (status >= 0)
		stream->write_function(stream, OK);
	else if (status == VOICE_ERR_BAD_HANDLE || status == VOICE_ERR_CLOSED)
		stream->write_function(stream, "-ERR the call has ended\n");
	else
		stream->write_function(stream, "-ERR %s\n", voice_last_error());
}

/* The live call whose UUID stands first; NULL: none, and answered. */
static const char *find(const char *arguments, struct ve_live *live,
                        switch_stream_handle_t *stream)
{
	char uuid[VE_UUID_BYTES];
	const char *rest = take_word(arguments, uuid, sizeof(uuid));

	if (uuid[0] == '\0')
		stream->write_function(stream, "-USAGE: a UUID is needed\n");
	else if (!ve_live_find(uuid, "agent", live) &&
	         !ve_live_find(uuid, "listen", live))
		stream->write_function(stream, "-ERR no such call\n");
	else
		return rest;
	return NULL;
}

void ve_command_say(const char *arguments, switch_stream_handle_t *stream)
{
	struct ve_live live;
	const char *text = find(arguments, &live, stream);

	if (text != NULL)
		answer(stream, voice_session_say(live.speaker, text));
}

void ve_command_text(const char *arguments, switch_stream_handle_t *stream)
{
	struct ve_live live;
	const char *text = find(arguments, &live, stream);

	if (text != NULL)
		answer(stream, voice_session_send_text(live.speaker, text));
}

void ve_command_barge_in(const char *arguments, switch_stream_handle_t *stream)
{
	struct ve_live live;

	if (find(arguments, &live, stream) != NULL)
		answer(stream, voice_session_barge_in(live.speaker));
}

void ve_command_tool_result(const char *arguments,
                            switch_stream_handle_t *stream)
{
	struct ve_live live;
	char id[256];
	const char *rest = find(arguments, &live, stream);

	if (rest == NULL)
		return;
	rest = take_word(rest, id, sizeof(id));
	answer(stream, voice_session_tool_result(live.speaker, id, rest));
}

void ve_command_listen(const char *arguments, switch_stream_handle_t *stream)
{
	char uuid[VE_UUID_BYTES];
	char verb[8];
	const char *rest = take_word(arguments, uuid, sizeof(uuid));
	const char *problem =
		"-USAGE: uuid_voice_listen <uuid> start <agent> | "
		"<uuid> stop";
	switch_core_session_t *host = NULL;

	rest = take_word(rest, verb, sizeof(verb));
	if (strcmp(verb, "start") == 0 || strcmp(verb, "stop") == 0) {
		host = switch_core_session_locate(uuid);
		problem = host == NULL ? "-ERR no such call" : NULL;
	}
	if (host != NULL) {
		/* A short while: neither of these waits for the network. */
		const char *failure = NULL;

		if (strcmp(verb, "start") == 0)
			failure = ve_listen_start(host, rest);
		else if (!ve_listen_stop(host))
			failure = "nobody listens";
		switch_core_session_rwunlock(host);
		if (failure != NULL) {
			stream->write_function(stream, "-ERR %s\n", failure);
			return;
		}
	}
	if (problem != NULL)
		stream->write_function(stream, "%s\n", problem);
	else
		stream->write_function(stream, OK);
}
