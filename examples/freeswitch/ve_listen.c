/*
 * voice_listen: both sides of a call of two people, transcribed; see ve.h.
 *
 * Two sessions of an agent with "mode": "listen", one a direction, and two
 * media bugs: with one for both, FreeSWITCH holds a side back until the other
 * has something too. What the agent says (uuid_voice_say) is mixed into what
 * this channel's party hears, and into nothing else.
 *
 * The bugs' callbacks run on the threads of the two legs, with the channel's
 * bugs locked: they copy audio and return. The end (last words, transcript) is
 * a job.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define FUNCTION "voice_listen"
#define PACKET_MS 20
/* So many reads without audio of a side, and it is fed silence: telephones
 * that send nothing while nobody speaks shall not stop the clock. */
#define QUIET_READS 2

struct listener;

struct leg {
	struct listener *owner;
	const char *side;
	voice_session *session;
	unsigned rate;
	unsigned quiet; /* atomic */
	uint8_t audio[SWITCH_RECOMMENDED_BUFFER_SIZE];
	uint8_t silence[SWITCH_RECOMMENDED_BUFFER_SIZE];
};

struct listener {
	struct ve_job job;
	struct ve_live live;
	struct ve_options options;
	struct ve_generation *generation;
	pthread_mutex_t lock; /* of the record */
	struct ve_record record;
	unsigned references; /* atomic: the starter's and those of the bugs */
	const char *problem; /* why it never began, or NULL */
	struct leg read;     /* what this channel's party says */
	struct leg write;    /* what they hear from the other */
};

/* -- The end -------------------------------------------------------------- */

static void listener_free(struct listener *listener)
{
	ve_record_free(&listener->record);
	ve_generation_put(listener->generation);
	pthread_mutex_destroy(&listener->lock);
	free(listener);
}

static void run_end(struct ve_job *job)
{
	struct listener *listener = (struct listener *)job;
	const char *status = listener->problem == NULL ? "COMPLETED" : "FAILED";
	char path[VE_PATH_BYTES] = "";
	switch_event_t *event;

	voice_session_hangup(listener->read.session);
	voice_session_hangup(listener->write.session);
	/* No event comes after these. */
	voice_session_destroy(listener->read.session);
	voice_session_destroy(listener->write.session);
	ve_live_remove(&listener->live);
	ve_record_write(&listener->record, &listener->live, status,
	                listener->problem != NULL ? listener->problem : "ended",
	                listener->options.transcript,
	                listener->generation->transcript_dir, path);
	event = ve_event_new(VE_EVENT_END, &listener->live, NULL);
	if (event != NULL) {
		ve_event_add(event, "Voice-Status", status);
		ve_event_add(event, "Voice-Transcript", path);
		ve_event_number(event, "Voice-Turns",
		                __atomic_load_n(&listener->live.turns,
		                                __ATOMIC_RELAXED));
		switch_event_fire(&event);
	}
	listener_free(listener);
	ve_module_release();
}

static void let_go(struct listener *listener)
{
	if (__atomic_sub_fetch(&listener->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	listener->job.run = run_end;
	if (!ve_work_add(VE_QUEUE_ENDINGS, &listener->job, 0))
		run_end(&listener->job);
}

/* -- What the engine reports, on its threads ------------------------------- */

static void on_final(struct leg *leg, const voice_event *event)
{
	struct listener *listener = leg->owner;
	struct ve_text *turns = &listener->record.turns;
	switch_event_t *report;
	unsigned turn;

	if (event->text[0] == '\0')
		return;
	turn = __atomic_add_fetch(&listener->live.turns, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&listener->lock);
	ve_text_format(turns,
	               "%s\n  {\"turn\": %u, \"side\": \"%s\", \"text\": ",
	               turns->used > 0 ? "," : "", turn, leg->side);
	ve_text_quote(turns, event->text);
	ve_text_add(turns, "}");
	pthread_mutex_unlock(&listener->lock);
	report = ve_event_new(VE_EVENT_TURN, &listener->live, NULL);
	if (report == NULL)
		return;
	ve_event_number(report, "Voice-Turn", turn);
	ve_event_add(report, "Voice-Side", leg->side);
	if (!listener->generation->no_texts)
		ve_event_add(report, "Voice-Text", event->text);
	switch_event_fire(&report);
}

static void on_event(void *user_data, const voice_event *event)
{
	struct leg *leg = user_data;

	if (ve_debug() && event->type != VOICE_EVENT_TURN_METRICS)
		ve_log(SWITCH_LOG_NOTICE, "voice_listen %s: %s: event %u %s\n",
		       leg->owner->live.uuid, leg->side, event->type,
		       event->text);
	if (event->type == VOICE_EVENT_TRANSCRIPT &&
	    (event->flags & VOICE_FLAG_FINAL) != 0)
		on_final(leg, event);
	else if (event->type == VOICE_EVENT_ERROR)
		ve_log(SWITCH_LOG_WARNING, "voice_listen %s on %s: %s: %s\n",
		       leg->owner->live.agent, leg->owner->live.channel_name,
		       event->name, event->text);
}

/* -- Audio, on the threads of the call ------------------------------------- */

static void drain(struct leg *leg, switch_media_bug_t *bug)
{
	for (;;) {
		switch_frame_t frame;

		memset(&frame, 0, sizeof(frame));
		frame.data = leg->audio;
		frame.buflen = sizeof(leg->audio);
		/* With SWITCH_FALSE it would make up silence for ever. */
		if (switch_core_media_bug_read(bug, &frame, SWITCH_TRUE) !=
		            SWITCH_STATUS_SUCCESS ||
		    frame.datalen < 2)
			return;
		__atomic_store_n(&leg->quiet, 0, __ATOMIC_RELAXED);
		voice_session_push_audio(leg->session, leg->audio,
		                         frame.datalen & ~1u);
	}
}

static void tick(struct leg *leg)
{
	if (__atomic_add_fetch(&leg->quiet, 1, __ATOMIC_RELAXED) > QUIET_READS)
		voice_session_push_audio(leg->session, leg->silence,
		                         leg->rate / 1000 * PACKET_MS * 2);
}

static int16_t sum(int16_t a, int16_t b)
{
	int both = a + b;

	return (int16_t)(both > INT16_MAX   ? INT16_MAX
	                 : both < INT16_MIN ? INT16_MIN
	                                    : both);
}

/* Mixes what the agent says into what the party hears. */
static void whisper(struct listener *listener, switch_media_bug_t *bug)
{
	switch_frame_t *frame =
		switch_core_media_bug_get_write_replace_frame(bug);
	uint8_t *said = listener->write.audio;
	uint8_t *heard;
	uint32_t bytes;

	if (frame == NULL || frame->data == NULL)
		return;
	bytes = frame->datalen & ~1u;
	if (bytes == 0 || bytes > sizeof(listener->write.audio) ||
	    voice_session_pull_audio(listener->read.session, said, bytes) < 0)
		return;
	heard = frame->data;
	for (uint32_t i = 0; i < bytes; i += 2) {
		int16_t a;
		int16_t b;

		memcpy(&a, said + i, 2);
		memcpy(&b, heard + i, 2);
		a = sum(a, b);
		memcpy(heard + i, &a, 2);
	}
	switch_core_media_bug_set_write_replace_frame(bug, frame);
}

static switch_bool_t on_read(switch_media_bug_t *bug, void *user_data,
                             switch_abc_type_t type)
{
	struct listener *listener = user_data;

	if (type == SWITCH_ABC_TYPE_READ) {
		drain(&listener->read, bug);
	} else if (type == SWITCH_ABC_TYPE_READ_PING) {
		drain(&listener->read, bug);
		tick(&listener->read);
		tick(&listener->write);
	} else if (type == SWITCH_ABC_TYPE_CLOSE) {
		let_go(listener);
	}
	return SWITCH_TRUE;
}

static switch_bool_t on_write(switch_media_bug_t *bug, void *user_data,
                              switch_abc_type_t type)
{
	struct listener *listener = user_data;

	if (type == SWITCH_ABC_TYPE_WRITE)
		drain(&listener->write, bug);
	else if (type == SWITCH_ABC_TYPE_WRITE_REPLACE)
		whisper(listener, bug);
	else if (type == SWITCH_ABC_TYPE_CLOSE)
		let_go(listener);
	return SWITCH_TRUE;
}

/* -- The beginning -------------------------------------------------------- */

static unsigned rate_of(const switch_codec_implementation_t *wire)
{
	unsigned rate = wire->actual_samples_per_second;

	return rate >= 8000 && rate <= 48000 && rate % 1000 == 0 ? rate : 8000;
}

static bool open_leg(struct listener *listener, struct leg *leg,
                     const char *variables)
{
	voice_session_config config = {
		.struct_size = sizeof(config),
		.input_encoding = VOICE_ENCODING_PCM16,
		.input_rate = leg->rate,
		/* The party hears at the rate of the other direction. */
		.output_rate = listener->write.rate,
		.playout = VOICE_PLAYOUT_PULL,
		.agent_name = listener->options.agent,
		.call_id = listener->live.uuid,
		.variables_json = variables,
	};
	voice_session_callbacks callbacks = {.struct_size = sizeof(callbacks),
	                                     .user_data = leg,
	                                     .on_event = on_event};

	return voice_session_create(listener->generation->engine, &config,
	                            &callbacks, &leg->session) >= 0;
}

static const char *listener_open(struct listener *listener,
                                 switch_core_session_t *host)
{
	switch_channel_t *channel = switch_core_session_get_channel(host);
	switch_codec_implementation_t wire;
	struct ve_text variables = {0};
	const char *problem = NULL;

	memset(&wire, 0, sizeof(wire));
	switch_core_session_get_read_impl(host, &wire);
	listener->read.rate = rate_of(&wire);
	memset(&wire, 0, sizeof(wire));
	switch_core_session_get_write_impl(host, &wire);
	listener->write.rate = rate_of(&wire);
	ve_call_variables(channel, listener->live.uuid, &variables);
	if (!open_leg(listener, &listener->read, ve_text_get(&variables)) ||
	    !open_leg(listener, &listener->write, ve_text_get(&variables))) {
		ve_log(SWITCH_LOG_ERROR, "voice_listen %s: %s\n",
		       listener->options.agent, voice_last_error());
		problem = "the engine refused it; see the log";
	}
	ve_text_free(&variables);
	ve_live_open(&listener->live, listener->read.rate,
	             listener->read.session, listener->write.session);
	return problem;
}

static bool add_bug(struct listener *listener, switch_core_session_t *host,
                    switch_media_bug_callback_t callback,
                    switch_media_bug_flag_t flags)
{
	switch_media_bug_t *bug = NULL;

	__atomic_add_fetch(&listener->references, 1, __ATOMIC_ACQ_REL);
	if (switch_core_media_bug_add(host, FUNCTION, NULL, callback, listener,
	                              0, flags, &bug) == SWITCH_STATUS_SUCCESS)
		return true;
	let_go(listener);
	return false;
}

/* The agent's document decides whether it only listens. */
static const char *check_agent(const struct ve_generation *generation,
                               const char *name)
{
	const struct ve_agent *agent = ve_agent_find(generation, name);
	struct ve_text mode = {0};
	bool listens;

	if (agent == NULL)
		return "no agent of this name";
	if (agent->status < 0)
		return "the agent's document was refused; see the log";
	listens = ve_json_member(agent->json, "mode", &mode) &&
	          strcmp(ve_text_get(&mode), "listen") == 0;
	ve_text_free(&mode);
	return listens ? NULL : "the agent does not have \"mode\": \"listen\"";
}

static struct listener *listener_new(switch_core_session_t *host)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	switch_caller_profile_t *profile;
	struct ve_live *live;

	if (listener == NULL)
		return NULL;
	live = &listener->live;
	live->kind = "listen";
	live->began = time(NULL);
	snprintf(live->uuid, sizeof(live->uuid), "%s",
	         switch_core_session_get_uuid(host));
	snprintf(
		live->channel_name, sizeof(live->channel_name), "%s",
		switch_channel_get_name(switch_core_session_get_channel(host)));
	profile = switch_channel_get_caller_profile(
		switch_core_session_get_channel(host));
	if (profile != NULL && profile->caller_id_number != NULL)
		snprintf(live->peer, sizeof(live->peer), "%s",
		         profile->caller_id_number);
	pthread_mutex_init(&listener->lock, NULL);
	ve_record_begin(&listener->record);
	listener->references = 1;
	listener->read.owner = listener;
	listener->read.side = "caller";
	listener->write.owner = listener;
	listener->write.side = "callee";
	return listener;
}

const char *ve_listen_start(switch_core_session_t *host, const char *data)
{
	struct listener *listener = listener_new(host);
	const char *problem = NULL;

	if (listener == NULL)
		return "out of memory";
	problem = ve_options_parse(data, &listener->options);
	snprintf(listener->live.agent, sizeof(listener->live.agent), "%s",
	         listener->options.agent);
	listener->generation = ve_generation_get();
	if (problem == NULL && listener->generation == NULL)
		problem = "the module is being unloaded";
	if (problem == NULL)
		problem = check_agent(listener->generation,
		                      listener->options.agent);
	if (problem == NULL && switch_core_media_bug_count(host, FUNCTION) > 0)
		problem = "somebody listens already";
	if (problem == NULL && !ve_module_hold())
		problem = "the module is being unloaded";
	if (problem != NULL) {
		listener_free(listener);
		return problem;
	}
	listener->live.generation = listener->generation->number;
	if (!ve_live_add(&listener->live, listener->generation->max_calls)) {
		listener_free(listener);
		ve_module_release();
		return "max-calls are live";
	}
	problem = listener_open(listener, host);
	if (problem == NULL &&
	    (!add_bug(listener, host, on_read,
	              SMBF_READ_STREAM | SMBF_READ_PING) ||
	     !add_bug(listener, host, on_write,
	              SMBF_WRITE_STREAM | SMBF_WRITE_REPLACE)))
		problem = "FreeSWITCH did not take the media bug";
	listener->problem = problem;
	if (problem != NULL)
		switch_core_media_bug_remove_all_function(host, FUNCTION);
	let_go(listener);
	return problem;
}

bool ve_listen_stop(switch_core_session_t *host)
{
	if (switch_core_media_bug_count(host, FUNCTION) == 0)
		return false;
	switch_core_media_bug_remove_all_function(host, FUNCTION);
	return true;
}
