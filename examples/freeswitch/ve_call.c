/*
 * voice_agent: a call that an agent answers; see ve.h.
 *
 * The session thread reads a frame, which takes one packet time and so sets
 * the pace, gives it to the engine, takes as much from the engine and writes
 * it. What the caller has heard is what was taken, to the sample.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define DEFAULT_RATE 8000
#define DEFAULT_PACKET_MS 20
#define CLOSE_MS 200 /* the engine's last events, such as what was heard */
#define PREFIX "voice_agent_var_"

/* -- Arguments ------------------------------------------------------------ */

static const char *take_option(const char *name, const char *value,
                               struct ve_options *options)
{
	char *end = NULL;

	if (strcmp(name, "rate") == 0 && value != NULL) {
		options->rate = (unsigned)strtoul(value, &end, 10);
		if (*end != '\0' ||
		    (options->rate != 8000 && options->rate != 16000 &&
		     options->rate != 24000 && options->rate != 32000 &&
		     options->rate != 48000))
			return "rate: expected 8000, 16000, 24000, 32000 or 48000";
		return NULL;
	}
	if (strcmp(name, "transcript") == 0 && value != NULL) {
		if (strlen(value) >= sizeof(options->transcript))
			return "transcript: the path is too long";
		strcpy(options->transcript, value);
		return NULL;
	}
	if (strcmp(name, "early") == 0 && value == NULL)
		options->early = true;
	else if (strcmp(name, "hangup") == 0 && value == NULL)
		options->hangup = true;
	else if (strcmp(name, "notransfer") == 0 && value == NULL)
		options->no_transfer = true;
	else
		return "unknown option; known are rate=, transcript=, early, "
		       "hangup, notransfer";
	return NULL;
}

const char *ve_options_parse(const char *data, struct ve_options *options)
{
	char copy[VE_PATH_BYTES * 2];
	const char *problem = NULL;
	char *state = NULL;
	char *word;

	memset(options, 0, sizeof(*options));
	if (data == NULL)
		data = "";
	if (strlen(data) >= sizeof(copy))
		return "the arguments are too long";
	strcpy(copy, data);
	word = strtok_r(copy, " ,", &state);
	if (word == NULL)
		return "expected the name of an agent";
	if (strlen(word) >= sizeof(options->agent))
		return "the agent's name is too long";
	strcpy(options->agent, word);
	while (problem == NULL &&
	       (word = strtok_r(NULL, " ,", &state)) != NULL) {
		char *value = strchr(word, '=');

		if (value != NULL)
			*value++ = '\0';
		problem = take_option(word, value, options);
	}
	return problem;
}

static void add_pair(struct ve_text *json, const char *name, const char *value)
{
	if (value == NULL || *name == '\0')
		return;
	ve_text_add(json, json->used > 1 ? "," : "");
	ve_text_quote(json, name);
	ve_text_add(json, ":");
	ve_text_quote(json, value);
}

void ve_call_variables(switch_channel_t *channel, const char *uuid,
                       struct ve_text *json)
{
	switch_caller_profile_t *profile =
		switch_channel_get_caller_profile(channel);
	switch_event_header_t *at;

	ve_text_add(json, "{");
	add_pair(json, "uuid", uuid);
	add_pair(json, "channel", switch_channel_get_name(channel));
	add_pair(json, "direction",
	         switch_channel_direction(channel) ==
	                         SWITCH_CALL_DIRECTION_OUTBOUND
	                 ? "outbound"
	                 : "inbound");
	if (profile != NULL) {
		add_pair(json, "caller", profile->caller_id_number);
		add_pair(json, "callerName", profile->caller_id_name);
		add_pair(json, "called", profile->destination_number);
	}
	at = switch_channel_variable_first(channel);
	for (; at != NULL; at = at->next) {
		if (strncasecmp(at->name, PREFIX, strlen(PREFIX)) == 0)
			add_pair(json, at->name + strlen(PREFIX), at->value);
	}
	switch_channel_variable_last(channel);
	ve_text_add(json, "}");
}

/* -- Beginning ------------------------------------------------------------ */

void ve_call_decide(struct ve_call *call, enum ve_outcome outcome,
                    const char *reason)
{
	if (call->outcome != VE_RUNNING)
		return;
	call->outcome = outcome;
	snprintf(call->reason, sizeof(call->reason), "%s", reason);
}

/* Whether there is such an agent, before anybody is answered. */
static bool find_agent(struct ve_call *call)
{
	const struct ve_agent *agent;

	call->generation = ve_generation_get();
	if (call->generation == NULL) {
		ve_call_decide(call, VE_REFUSED,
		               "the module is being unloaded");
		return false;
	}
	agent = ve_agent_find(call->generation, call->options.agent);
	if (agent == NULL) {
		ve_call_decide(call, VE_BADCONFIG, "no agent of this name");
		return false;
	}
	if (agent->status < 0) {
		bool missing = agent->status == VOICE_ERR_KEY_MISSING ||
		               agent->status == VOICE_ERR_MODEL_MISSING;

		ve_call_decide(call, missing ? VE_REFUSED : VE_BADCONFIG,
		               agent->detail);
		return false;
	}
	call->live.generation = call->generation->number;
	if (!ve_live_add(&call->live, call->generation->max_calls)) {
		ve_call_decide(call, VE_REFUSED, "max-calls are live");
		return false;
	}
	return true;
}

/* Linear audio both ways; FreeSWITCH converts and resamples. */
static bool open_media(struct ve_call *call)
{
	switch_codec_implementation_t wire;
	switch_status_t status;
	unsigned ms = DEFAULT_PACKET_MS;
	unsigned rate = call->options.rate; /* of the call where 0 */

	status = call->options.early ? switch_channel_pre_answer(call->channel)
	                             : switch_channel_answer(call->channel);
	if (status != SWITCH_STATUS_SUCCESS) {
		ve_call_decide(
			call, VE_HANGUP,
			switch_channel_cause2str(
				switch_channel_get_cause(call->channel)));
		return false;
	}
	memset(&wire, 0, sizeof(wire));
	switch_core_session_get_read_impl(call->host, &wire);
	if (wire.microseconds_per_packet >= 10000)
		ms = (unsigned)wire.microseconds_per_packet / 1000;
	if (rate == 0)
		rate = wire.actual_samples_per_second;
	if (rate < 8000 || rate > 48000 || rate % 8000 != 0)
		rate = DEFAULT_RATE;
	call->rate = rate;
	call->packet_bytes = rate / 1000 * ms * 2;
	if (call->packet_bytes > sizeof(call->audio) ||
	    switch_core_codec_init(
		    &call->codec, "L16", NULL, NULL, rate, (int)ms, 1,
		    SWITCH_CODEC_FLAG_ENCODE | SWITCH_CODEC_FLAG_DECODE, NULL,
		    switch_core_session_get_pool(call->host)) !=
	            SWITCH_STATUS_SUCCESS) {
		ve_call_decide(call, VE_FAILED, "no linear codec at this rate");
		return false;
	}
	switch_core_session_set_read_codec(call->host, &call->codec);
	call->out.codec = &call->codec;
	call->out.data = call->audio;
	call->out.buflen = sizeof(call->audio);
	call->out.datalen = call->packet_bytes;
	call->out.samples = call->packet_bytes / 2;
	call->out.rate = rate;
	call->out.channels = 1;
	return true;
}

static bool open_session(struct ve_call *call)
{
	struct ve_text variables = {0};
	voice_session_config config = {
		.struct_size = sizeof(config),
		.input_encoding = VOICE_ENCODING_PCM16,
		.input_rate = call->rate,
		.playout = VOICE_PLAYOUT_PULL,
		.agent_name = call->options.agent,
		.call_id = call->live.uuid,
		.conversation_json = switch_channel_get_variable(
			call->channel, "voice_agent_conversation"),
	};
	voice_status status;

	ve_call_variables(call->channel, call->live.uuid, &variables);
	config.variables_json = ve_text_get(&variables);
	status = voice_session_create(call->generation->engine, &config, NULL,
	                              &call->session);
	if (status < 0) {
		bool refused = status == VOICE_ERR_LIMIT ||
		               status == VOICE_ERR_DRAINING ||
		               status == VOICE_ERR_KEY_MISSING ||
		               status == VOICE_ERR_MODEL_MISSING;

		ve_call_decide(call, refused ? VE_REFUSED : VE_BADCONFIG,
		               voice_last_error());
	}
	ve_text_free(&variables);
	ve_live_open(&call->live, call->rate, call->session, NULL);
	return status >= 0;
}

/* -- The loop ------------------------------------------------------------- */

/* Somebody else ends it: the caller, or whoever transfers the call away. */
static void gone(struct ve_call *call)
{
	if (switch_channel_get_state(call->channel) >= CS_HANGUP)
		ve_call_decide(
			call, VE_HANGUP,
			switch_channel_cause2str(
				switch_channel_get_cause(call->channel)));
	else
		ve_call_decide(call, VE_TRANSFER, "taken away by FreeSWITCH");
}

static void take_digits(struct ve_call *call)
{
	char digits[33];
	size_t count = 0;
	switch_dtmf_t dtmf;

	while (count < sizeof(digits) - 1 &&
	       switch_channel_has_dtmf(call->channel) &&
	       switch_channel_dequeue_dtmf(call->channel, &dtmf) ==
	               SWITCH_STATUS_SUCCESS) {
		/* Flash and the like are no digits of the engine's. */
		if (dtmf.digit != '\0' &&
		    strchr("0123456789ABCDabcd#*", dtmf.digit) != NULL)
			digits[count++] =
				dtmf.digit >= 'a'
					? (char)(dtmf.digit - 'a' + 'A')
					: dtmf.digit;
	}
	digits[count] = '\0';
	if (count > 0)
		voice_session_send_dtmf(call->session, digits);
}

/* uuid_break stops what an application plays: here, the agent's reply. */
static void take_break(struct ve_call *call)
{
	if (switch_channel_test_flag(call->channel, CF_BREAK)) {
		switch_channel_clear_flag(call->channel, CF_BREAK);
		voice_session_barge_in(call->session);
	}
}

static bool is_held(struct ve_call *call)
{
	return switch_channel_test_flag(call->channel, CF_HOLD) ||
	       switch_channel_test_flag(call->channel, CF_PROTO_HOLD);
}

/*
 * Comfort noise is silence, and its frames are not resampled. While the caller
 * has put us on hold, the music of their telephone is nothing that they say,
 * and the agent stands still at its sample until they are back.
 */
static void exchange(struct ve_call *call, const switch_frame_t *frame)
{
	bool held = is_held(call);

	if (held || frame == NULL || frame->data == NULL ||
	    frame->datalen < 2 || (frame->flags & SFF_CNG) != 0)
		voice_session_push_audio(call->session, call->silence,
		                         call->packet_bytes);
	else
		voice_session_push_audio(call->session, frame->data,
		                         frame->datalen & ~1u);
	if (held)
		return;
	voice_session_pull_audio(call->session, call->audio,
	                         call->packet_bytes);
	call->out.datalen = call->packet_bytes;
	call->out.samples = call->packet_bytes / 2;
	switch_core_session_write_frame(call->host, &call->out,
	                                SWITCH_IO_FLAG_NONE, 0);
}

static void converse(struct ve_call *call)
{
	while (call->outcome == VE_RUNNING) {
		switch_frame_t *frame = NULL;
		switch_status_t status;

		if (!switch_channel_ready(call->channel)) {
			gone(call);
			break;
		}
		status = switch_core_session_read_frame(call->host, &frame,
		                                        SWITCH_IO_FLAG_NONE, 0);
		if (!SWITCH_READ_ACCEPTABLE(status)) {
			gone(call);
			break;
		}
		switch_ivr_parse_all_events(call->host);
		take_break(call);
		take_digits(call);
		exchange(call, frame);
		ve_call_events(call);
	}
}

/* -- The end -------------------------------------------------------------- */

/* Ends the session and hears out what it still reports. */
static void close_session(struct ve_call *call)
{
	struct pollfd ready = {.events = POLLIN};
	int waited = 0;

	if (call->session == NULL)
		return;
	voice_session_hangup(call->session);
	ready.fd = voice_session_event_fd(call->session);
	while (!ve_call_events(call) && ready.fd >= 0 && waited < CLOSE_MS) {
		poll(&ready, 1, 20);
		waited += 20;
	}
	voice_session_destroy(call->session);
}

static void restore_media(struct ve_call *call)
{
	if (call->packet_bytes == 0 || call->out.codec == NULL)
		return;
	switch_core_session_set_read_codec(call->host, NULL);
	switch_core_codec_destroy(&call->codec);
	switch_core_session_reset(call->host, SWITCH_FALSE, SWITCH_TRUE);
}

/*
 * EXTENSION [DIALPLAN [CONTEXT]] goes back into the dialplan; sip:, sips: and
 * tel: go to the other side (REFER); bridge:DIALSTRING calls somebody while
 * the caller waits, and comes back when nobody answers.
 */
static void transfer(struct ve_call *call)
{
	char *state = NULL;
	char *extension;
	char *dialplan;

	if (strncmp(call->target, "bridge:", 7) == 0) {
		switch_core_session_execute_application(call->host, "bridge",
		                                        call->target + 7);
		return;
	}
	if (strncmp(call->target, "sip:", 4) == 0 ||
	    strncmp(call->target, "sips:", 5) == 0 ||
	    strncmp(call->target, "tel:", 4) == 0) {
		switch_core_session_execute_application(call->host, "deflect",
		                                        call->target);
		return;
	}
	extension = strtok_r(call->target, " ", &state);
	dialplan = strtok_r(NULL, " ", &state);
	if (extension != NULL)
		switch_ivr_session_transfer(call->host, extension, dialplan,
		                            strtok_r(NULL, " ", &state));
}

static void finish(struct ve_call *call)
{
	bool refused =
		call->outcome == VE_REFUSED || call->outcome == VE_BADCONFIG;

	close_session(call);
	restore_media(call);
	ve_live_remove(&call->live);
	ve_log(refused || call->outcome == VE_FAILED ? SWITCH_LOG_ERROR
	                                             : SWITCH_LOG_INFO,
	       "voice_agent %s on %s: %s: %s\n", call->live.agent,
	       call->live.channel_name, ve_outcome_text(call->outcome),
	       call->reason);
	ve_call_report(call);
	ve_record_free(&call->record);
	ve_generation_put(call->generation);
	if (switch_channel_get_state(call->channel) >= CS_HANGUP)
		return;
	if (call->outcome == VE_TRANSFER && call->target[0] != '\0' &&
	    !call->options.no_transfer)
		transfer(call);
	else if (call->outcome == VE_COMPLETED && call->options.hangup)
		switch_channel_hangup(call->channel,
		                      SWITCH_CAUSE_NORMAL_CLEARING);
}

static void describe(struct ve_call *call)
{
	switch_caller_profile_t *profile =
		switch_channel_get_caller_profile(call->channel);
	struct ve_live *live = &call->live;

	live->kind = "agent";
	live->began = time(NULL);
	snprintf(live->uuid, sizeof(live->uuid), "%s",
	         switch_core_session_get_uuid(call->host));
	snprintf(live->channel_name, sizeof(live->channel_name), "%s",
	         switch_channel_get_name(call->channel));
	snprintf(live->agent, sizeof(live->agent), "%s", call->options.agent);
	if (profile != NULL && profile->caller_id_number != NULL)
		snprintf(live->peer, sizeof(live->peer), "%s",
		         profile->caller_id_number);
}

void ve_call_run(switch_core_session_t *host, const char *data)
{
	/* From the session's pool: 20 KiB are too much for this stack. */
	struct ve_call *call = switch_core_session_alloc(host, sizeof(*call));
	const char *problem;

	if (call == NULL)
		return;
	memset(call, 0, sizeof(*call));
	call->host = host;
	call->channel = switch_core_session_get_channel(host);
	ve_record_begin(&call->record);
	problem = ve_options_parse(data, &call->options);
	describe(call);
	if (problem != NULL)
		ve_call_decide(call, VE_BADCONFIG, problem);
	else if (find_agent(call) && open_media(call) && open_session(call))
		converse(call);
	finish(call);
}
