/*
 * What the engine reports in a call, as FreeSWITCH's events, channel variables
 * and a transcript; see ve.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define MOST_SUMMARY 4000
#define MOST_SAID 8192

/* -- FreeSWITCH's events -------------------------------------------------- */

switch_event_t *ve_event_new(const char *subclass, const struct ve_live *live,
                             switch_channel_t *channel)
{
	switch_event_t *event = NULL;

	if (switch_event_create_subclass(&event, SWITCH_EVENT_CUSTOM,
	                                 subclass) != SWITCH_STATUS_SUCCESS)
		return NULL;
	if (channel != NULL) {
		switch_channel_event_set_data(channel, event);
	} else {
		ve_event_add(event, "Unique-ID", live->uuid);
		ve_event_add(event, "Channel-Name", live->channel_name);
		ve_event_add(event, "Caller-Caller-ID-Number", live->peer);
	}
	ve_event_add(event, "Voice-Kind", live->kind);
	ve_event_add(event, "Voice-Agent", live->agent);
	return event;
}

void ve_event_add(switch_event_t *event, const char *name, const char *value)
{
	if (event != NULL)
		switch_event_add_header_string(event, SWITCH_STACK_BOTTOM, name,
		                               value);
}

void ve_event_number(switch_event_t *event, const char *name, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	ve_event_add(event, name, digits);
}

/* -- The record ----------------------------------------------------------- */

void ve_record_begin(struct ve_record *record)
{
	memset(record, 0, sizeof(*record));
	record->summary.most = MOST_SUMMARY;
	record->caller.most = MOST_SAID;
}

static void add_line(struct ve_text *summary, const char *who, const char *said)
{
	if (*said == '\0')
		return;
	ve_text_add(summary, summary->used > 0 ? " | " : "");
	ve_text_add(summary, who);
	ve_text_add(summary, said);
}

void ve_record_turn(struct ve_record *record, uint64_t turn, const char *caller,
                    const char *agent, bool interrupted)
{
	struct ve_text *turns = &record->turns;

	ve_text_format(turns, "%s\n  {\"turn\": %llu, \"caller\": ",
	               turns->used > 0 ? "," : "", (unsigned long long)turn);
	ve_text_quote(turns, caller);
	ve_text_add(turns, ", \"agent\": ");
	ve_text_quote(turns, agent);
	ve_text_add(turns, interrupted ? ", \"interrupted\": true}" : "}");
	add_line(&record->summary, "caller: ", caller);
	add_line(&record->summary, "agent: ", agent);
}

/* A UUID may be any text: nothing of it leaves the folder. */
static void name_file(const char *dir, const char *uuid, const char *kind,
                      char *path)
{
	size_t used;

	snprintf(path, VE_PATH_BYTES, "%s/", dir);
	used = strlen(path);
	snprintf(path + used, VE_PATH_BYTES - used, "%s%s.json", uuid,
	         strcmp(kind, "agent") == 0 ? "" : "-listen");
	for (char *at = path + used; *at != '\0'; at++) {
		if (*at == '/' || (*at == '.' && at == path + used))
			*at = '_';
	}
}

void ve_record_write(struct ve_record *record, const struct ve_live *live,
                     const char *status, const char *reason, const char *wanted,
                     const char *dir, char *path)
{
	struct ve_text head = {0};
	FILE *file;

	path[0] = '\0';
	if (wanted[0] != '\0')
		snprintf(path, VE_PATH_BYTES, "%s", wanted);
	else if (dir[0] != '\0')
		name_file(dir, live->uuid, live->kind, path);
	else
		return;
	ve_text_add(&head, "{\"call\": ");
	ve_text_quote(&head, live->uuid);
	ve_text_add(&head, ", \"agent\": ");
	ve_text_quote(&head, live->agent);
	ve_text_add(&head, ", \"caller\": ");
	ve_text_quote(&head, live->peer);
	ve_text_format(&head, ", \"began\": %lld, \"ended\": %lld",
	               (long long)live->began, (long long)time(NULL));
	ve_text_add(&head, ", \"status\": ");
	ve_text_quote(&head, status);
	ve_text_add(&head, ", \"reason\": ");
	ve_text_quote(&head, reason);
	file = fopen(path, "we");
	if (file == NULL ||
	    fprintf(file, "%s%s, \"turns\": [%s]}\n", ve_text_get(&head),
	            record->turns.cut ? ", \"cut\": true" : "",
	            ve_text_get(&record->turns)) < 0) {
		ve_log(SWITCH_LOG_ERROR, "voice_engine: transcript %s: %s\n",
		       path, strerror(errno));
		path[0] = '\0';
	}
	if (file != NULL && fclose(file) != 0)
		path[0] = '\0';
	ve_text_free(&head);
}

void ve_record_free(struct ve_record *record)
{
	ve_text_free(&record->turns);
	ve_text_free(&record->summary);
	ve_text_free(&record->caller);
}

/* -- The engine's events of a call ---------------------------------------- */

static void turn_done(struct ve_call *call, uint64_t turn, const char *heard,
                      bool interrupted)
{
	const char *said = ve_text_get(&call->record.caller);
	switch_event_t *event;

	if (*said == '\0' && *heard == '\0')
		return;
	ve_record_turn(&call->record, turn, said, heard, interrupted);
	event = ve_event_new(VE_EVENT_TURN, &call->live, call->channel);
	if (event != NULL) {
		ve_event_number(event, "Voice-Turn", turn);
		if (!call->generation->no_texts) {
			ve_event_add(event, "Voice-Caller-Text", said);
			ve_event_add(event, "Voice-Heard-Text", heard);
		}
		ve_event_add(event, "Voice-Interrupted",
		             interrupted ? "true" : "false");
		switch_event_fire(&event);
	}
	ve_text_free(&call->record.caller);
}

static void barged_in(struct ve_call *call, const voice_event *event)
{
	switch_event_t *report;

	if ((event->flags & VOICE_FLAG_CONFIRMED) == 0)
		return;
	__atomic_add_fetch(&call->live.interruptions, 1, __ATOMIC_RELAXED);
	report = ve_event_new(VE_EVENT_BARGE_IN, &call->live, call->channel);
	if (report == NULL)
		return;
	ve_event_number(report, "Voice-Turn", event->turn);
	ve_event_number(report, "Voice-Position", (uint64_t)event->position);
	switch_event_fire(&report);
}

/* Groups of digits, as FreeSWITCH takes them: at most 99 letters. */
static void send_digits(struct ve_call *call, const char *digits)
{
	char text[100];
	size_t count = 0;

	for (; *digits != '\0' && count < sizeof(text) - 1; digits++) {
		if (strchr("0123456789ABCD#*", *digits) != NULL)
			text[count++] = *digits;
	}
	text[count] = '\0';
	if (count > 0)
		switch_core_session_send_dtmf_string(call->host, text);
}

static void log_event(struct ve_call *call, const voice_event *event)
{
	if (event->type == VOICE_EVENT_ERROR)
		ve_log(SWITCH_LOG_WARNING, "voice_agent %s on %s: %s: %s\n",
		       call->live.agent, call->live.channel_name, event->name,
		       event->text);
	else if (ve_debug() && event->type != VOICE_EVENT_TURN_METRICS)
		ve_log(SWITCH_LOG_NOTICE,
		       "voice_agent %s: event %u turn %llu "
		       "flags %u %s %s\n",
		       call->live.uuid, event->type,
		       (unsigned long long)event->turn, event->flags,
		       event->name, event->text);
}

/* A dial string can do much: it is taken only where the operator allows it. */
static void take_transfer(struct ve_call *call, const char *target)
{
	if (strncmp(target, "bridge:", 7) == 0 &&
	    !call->generation->may_bridge) {
		ve_call_decide(call, VE_FAILED,
		               "a transfer to bridge: is not allowed; see "
		               "bridge-transfers");
		return;
	}
	snprintf(call->target, sizeof(call->target), "%s", target);
	ve_call_decide(call, VE_TRANSFER, target);
}

/* After these the session ends by itself, or is ended by close_session. */
static bool take_ending(struct ve_call *call, const voice_event *event)
{
	switch (event->type) {
	case VOICE_EVENT_TRANSFER:
		take_transfer(call, event->text);
		return false;
	case VOICE_EVENT_HANGUP:
		/* CLOSED follows and tells whether it was a failure. */
		voice_session_hangup(call->session);
		if (call->reason[0] == '\0')
			snprintf(call->reason, sizeof(call->reason), "%s",
			         event->text);
		return false;
	case VOICE_EVENT_CLOSED: {
		char reason[VE_REASON_BYTES];

		snprintf(reason, sizeof(reason), "%s",
		         call->reason[0] != '\0' ? call->reason : event->text);
		ve_call_decide(call,
		               event->status < 0 ? VE_FAILED : VE_COMPLETED,
		               reason);
		return true;
	}
	default:
		return false;
	}
}

static void take_event(struct ve_call *call, const voice_event *event)
{
	switch (event->type) {
	case VOICE_EVENT_TURN_STARTED:
		/* What was said before and got no answer. */
		turn_done(call, event->turn > 0 ? event->turn - 1 : 0, "",
		          false);
		ve_text_add(&call->record.caller, event->text);
		__atomic_add_fetch(&call->live.turns, 1, __ATOMIC_RELAXED);
		break;
	case VOICE_EVENT_AGENT_HEARD:
		turn_done(call, event->turn, event->text,
		          (event->flags & VOICE_FLAG_INTERRUPTED) != 0);
		break;
	case VOICE_EVENT_BARGE_IN:
		barged_in(call, event);
		break;
	case VOICE_EVENT_TOOL_CALL:
		ve_tool_run(call->generation, &call->live, call->channel,
		            event);
		break;
	case VOICE_EVENT_DTMF_OUT:
		send_digits(call, event->text);
		break;
	case VOICE_EVENT_VOICEMAIL:
		switch_channel_set_variable(
			call->channel, "voice_agent_voicemail", event->text);
		break;
	case VOICE_EVENT_NODE:
		switch_channel_set_variable(call->channel, "voice_agent_node",
		                            event->name);
		break;
	default:
		break;
	}
}

bool ve_call_events(struct ve_call *call)
{
	voice_event event;

	for (;;) {
		memset(&event, 0, sizeof(event));
		event.struct_size = sizeof(event);
		if (voice_session_next_event(call->session, &event) < 0)
			return false;
		log_event(call, &event);
		take_event(call, &event);
		if (take_ending(call, &event))
			return true;
	}
}

/* -- The end -------------------------------------------------------------- */

const char *ve_outcome_text(enum ve_outcome outcome)
{
	switch (outcome) {
	case VE_COMPLETED:
		return "COMPLETED";
	case VE_HANGUP:
		return "HANGUP";
	case VE_TRANSFER:
		return "TRANSFER";
	case VE_REFUSED:
		return "REFUSED";
	case VE_BADCONFIG:
		return "BADCONFIG";
	case VE_RUNNING:
	case VE_FAILED:
		break;
	}
	return "FAILED";
}

/*
 * FreeSWITCH expands ${...} in what it reads from variables, and refuses to
 * set one that holds it: a caller's words are never an expression.
 */
static void set(struct ve_call *call, const char *name, const char *value)
{
	struct ve_text plain = {0};

	for (; *value != '\0'; value++) {
		ve_text_bytes(&plain, value, 1);
		if (*value == '$' && value[1] == '{')
			ve_text_add(&plain, " ");
	}
	switch_channel_set_variable(call->channel, name, ve_text_get(&plain));
	ve_text_free(&plain);
}

void ve_call_report(struct ve_call *call)
{
	const char *status = ve_outcome_text(call->outcome);
	const char *dir = call->generation != NULL
	                          ? call->generation->transcript_dir
	                          : "";
	unsigned turns = __atomic_load_n(&call->live.turns, __ATOMIC_RELAXED);
	char path[VE_PATH_BYTES] = "";
	char count[12];
	switch_event_t *event;

	turn_done(call, turns, "", false);
	if (call->session != NULL)
		ve_record_write(&call->record, &call->live, status,
		                call->reason, call->options.transcript, dir,
		                path);
	snprintf(count, sizeof(count), "%u", turns);
	set(call, "voice_agent_status", status);
	set(call, "voice_agent_reason", call->reason);
	set(call, "voice_agent_transcript", path);
	set(call, "voice_agent_summary", ve_text_get(&call->record.summary));
	set(call, "voice_agent_turns", count);
	set(call, "voice_agent_transfer", call->target);
	event = ve_event_new(VE_EVENT_END, &call->live, call->channel);
	if (event == NULL)
		return;
	ve_event_add(event, "Voice-Status", status);
	ve_event_add(event, "Voice-Reason", call->reason);
	ve_event_add(event, "Voice-Transcript", path);
	ve_event_add(event, "Voice-Transfer", call->target);
	ve_event_add(event, "Voice-Turns", count);
	switch_event_fire(&event);
}
