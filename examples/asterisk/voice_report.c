/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the world is told of a call: manager events, user events (which ARI
 * sees), the console, the transcript, and the variables of the channel.
 *
 * Texts come from callers and models: line ends are taken out, so that none
 * can add a header to a manager event, and what is no UTF-8 is replaced.
 */
#include "voice_module.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "asterisk/localtime.h"
#include "asterisk/manager.h"
#include "asterisk/stasis.h"

/* [bytes] A transcript stays in memory until the call is over: a slow disk
 * must not stop the sound. */
#define MOST_TRANSCRIPT ((size_t)1 << 20)
#define MOST_SUMMARY ((size_t)4000)

int voice_trace_all;

const char *voice_result_name(enum voice_result result)
{
	static const char *const names[] = {
		"COMPLETED",      "HANGUP",    "TRANSFER",
		"TRANSFERFAILED", "REDIRECT",  "TIMEOUT",
		"REFUSED",        "BADCONFIG", "FAILED",
	};

	return names[result];
}

void voice_copy_line(char *out, size_t room, const char *text)
{
	size_t used = 0;

	for (; *text != '\0' && used + 1 < room; text++) {
		unsigned char byte = (unsigned char)*text;

		out[used++] = byte < 0x20 || byte == 0x7F ? ' ' : *text;
	}
	/* Not in the middle of a character. */
	if (*text != '\0' && ((unsigned char)*text & 0xC0) == 0x80) {
		while (used > 0 &&
		       ((unsigned char)out[used - 1] & 0xC0) == 0x80)
			used--;
		if (used > 0)
			used--;
	}
	out[used] = '\0';
}

struct ast_json *voice_json_text(const char *text)
{
	struct ast_json *json;
	char *copy;

	if (ast_json_utf8_check(text))
		return ast_json_string_create(text);
	copy = ast_strdup(text);
	if (copy == NULL)
		return NULL;
	for (char *at = copy; *at != '\0'; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	json = ast_json_string_create(copy);
	ast_free(copy);
	return json;
}

/* -- Events --------------------------------------------------------------- */

/* A header of the event, and a member of the user event where there is one. */
static void add_field(struct ast_str **body, struct ast_json *fields,
                      const char *name, const char *value)
{
	char *line = ast_strdup(value);

	if (line == NULL)
		return;
	voice_copy_line(line, strlen(value) + 1, value);
	ast_str_append(body, 0, "%s: %s\r\n", name, line);
	if (fields != NULL)
		ast_json_object_set(fields, name, voice_json_text(line));
	ast_free(line);
}

static void publish_user_event(struct voice_call *call, struct ast_json *fields)
{
	ast_multi_object_blob_single_channel_publish(
		call->chan, ast_multi_user_event_type(), fields);
}

void voice_report(struct voice_call *call, const char *event, ...)
{
	struct ast_str *body = ast_str_create(512);
	struct ast_json *fields =
		call->setup->has_user_events ? ast_json_object_create() : NULL;
	char listen[VOICE_NAME_BYTES];
	const char *name;
	va_list pairs;

	if (body == NULL)
		goto out;
	/* Of a listener: VoiceListenTurn and so on. */
	if (call->side != NULL && strncmp(event, "VoiceAgent", 10) == 0) {
		snprintf(listen, sizeof(listen), "VoiceListen%s", event + 10);
		event = listen;
	}
	/* A user event tells its channel by itself. */
	add_field(&body, NULL, "Channel", call->channel);
	add_field(&body, NULL, "Uniqueid", call->id);
	add_field(&body, NULL, "Linkedid", call->linked);
	if (fields != NULL)
		ast_json_object_set(fields, "eventname",
		                    ast_json_string_create(event));
	add_field(&body, fields, "Agent", call->agent);
	if (call->side != NULL)
		add_field(&body, fields, "Side", call->side);
	va_start(pairs, event);
	while ((name = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);

		if (value[0] != '\0')
			add_field(&body, fields, name, value);
	}
	va_end(pairs);
	ast_manager_event(call->chan, EVENT_FLAG_CALL, event, "%s",
	                  ast_str_buffer(body));
	if (fields != NULL)
		publish_user_event(call, fields);
out:
	ast_free(body);
	ast_json_unref(fields);
}

/* -- Transcript ----------------------------------------------------------- */

static void add_to_transcript(struct voice_call *of, const char *who,
                              const char *text, bool is_cut)
{
	struct voice_call *call = of->log;
	struct ast_json *line;
	struct ast_tm parts;
	struct timeval now = ast_tvnow();
	char when[64];
	char *json;

	if (ast_str_strlen(call->transcript) < MOST_TRANSCRIPT &&
	    call->setup->transcripts[0] != '\0') {
		ast_localtime(&now, &parts, "UTC");
		ast_strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S.%3qZ",
		             &parts);
		line = ast_json_pack("{s:s, s:s, s:o}", "at", when, "who", who,
		                     "text", voice_json_text(text));
		if (line != NULL && is_cut)
			ast_json_object_set(line, "interrupted",
			                    ast_json_true());
		json = line != NULL ? ast_json_dump_string(line) : NULL;
		if (json != NULL)
			ast_str_append(&call->transcript, 0, "%s\n", json);
		ast_json_free(json);
		ast_json_unref(line);
	}
	if (ast_str_strlen(call->summary) < MOST_SUMMARY) {
		char shown[VOICE_TEXT_BYTES];

		voice_copy_line(shown, sizeof(shown), text);
		ast_str_append(&call->summary, 0, "%s%s: %s%s",
		               ast_str_strlen(call->summary) > 0 ? " | " : "",
		               who, shown, is_cut ? " ..." : "");
	}
}

/* The file's path into out; "" when there is none. */
static void write_transcript(struct voice_call *call, char *out, size_t room)
{
	FILE *file = NULL;

	out[0] = '\0';
	if (call->setup->transcripts[0] == '\0' ||
	    ast_str_strlen(call->transcript) == 0)
		return;
	if (snprintf(out, room, "%s/%s.jsonl", call->setup->transcripts,
	             call->id) >= (int)room)
		errno = ENAMETOOLONG;
	else
		file = fopen(out, "we");
	if (file == NULL) {
		ast_log(LOG_WARNING, "transcript %s: %s\n", out,
		        strerror(errno));
		out[0] = '\0';
		return;
	}
	fputs(ast_str_buffer(call->transcript), file);
	if (fclose(file) != 0)
		ast_log(LOG_WARNING, "transcript %s: %s\n", out,
		        strerror(errno));
}

/* -- Events of the engine ------------------------------------------------- */

static const char *shown(const struct voice_call *call, const char *text)
{
	return call->setup->has_event_texts ? text : "";
}

static void count(struct voice_call *call, unsigned int *figure)
{
	ao2_lock(call);
	(*figure)++;
	ao2_unlock(call);
}

static void report_caller(struct voice_call *call, const voice_event *event,
                          const char *turn)
{
	const char *who = call->side != NULL ? call->side : "caller";

	if ((event->flags & VOICE_FLAG_FINAL) == 0 || event->text[0] == '\0')
		return;
	ao2_lock(call);
	voice_copy_line(call->figures.last_caller,
	                sizeof(call->figures.last_caller), event->text);
	ao2_unlock(call);
	add_to_transcript(call, who, event->text, false);
	voice_report(call, "VoiceAgentTurn", "Turn", turn, "Who", who, "Text",
	             shown(call, event->text), NULL);
}

static void report_agent(struct voice_call *call, const voice_event *event,
                         const char *turn)
{
	bool is_cut = (event->flags & VOICE_FLAG_INTERRUPTED) != 0;

	ao2_lock(call);
	voice_copy_line(call->figures.last_agent,
	                sizeof(call->figures.last_agent), event->text);
	ao2_unlock(call);
	if (event->text[0] != '\0')
		add_to_transcript(call, "agent", event->text, is_cut);
	voice_report(call, "VoiceAgentTurn", "Turn", turn, "Who", "agent",
	             "Text", shown(call, event->text), "Interrupted",
	             is_cut ? "yes" : "no", NULL);
}

static void report_barge_in(struct voice_call *call, const voice_event *event,
                            const char *turn)
{
	const char *what =
		(event->flags & VOICE_FLAG_CONFIRMED) != 0 ? "confirmed"
		: (event->flags & VOICE_FLAG_RESUMED) != 0 ? "resumed"
							   : "paused";

	if ((event->flags & VOICE_FLAG_CONFIRMED) != 0)
		count(call, &call->figures.interruptions);
	voice_report(call, "VoiceAgentBargeIn", "Turn", turn, "State", what,
	             NULL);
}

static void report_metrics(struct voice_call *call, const voice_event *event,
                           const char *turn)
{
	char total[24];
	char engine[24];

	if (event->metrics == NULL)
		return;
	ao2_lock(call);
	call->figures.last_total_ms = event->metrics->total_ns / 1000000;
	ao2_unlock(call);
	snprintf(total, sizeof(total), "%" PRId64,
	         event->metrics->total_ns / 1000000);
	snprintf(engine, sizeof(engine), "%" PRId64 ".%02d",
	         event->metrics->engine_ns / 1000000,
	         (int)(event->metrics->engine_ns % 1000000 / 10000));
	voice_report(call, "VoiceAgentMetrics", "Turn", turn, "TotalMs", total,
	             "EngineMs", engine, NULL);
}

static void trace(const struct voice_call *call, const voice_event *event)
{
	if (!ast_atomic_fetchadd_int(&voice_trace_all, 0) &&
	    !ast_atomic_fetchadd_int((int *)&call->is_traced, 0))
		return;
	ast_verbose("voice: %s: event %u turn %llu flags %#x status %d "
	            "position %lld [%s] %s\n",
	            call->channel, event->type, (unsigned long long)event->turn,
	            event->flags, event->status, (long long)event->position,
	            event->name, event->text);
}

void voice_report_event(struct voice_call *call, const voice_event *event)
{
	char turn[24];

	trace(call, event);
	snprintf(turn, sizeof(turn), "%llu", (unsigned long long)event->turn);
	switch (event->type) {
	case VOICE_EVENT_TRANSCRIPT:
		report_caller(call, event, turn);
		break;
	case VOICE_EVENT_TURN_STARTED:
		count(call, &call->figures.turns);
		break;
	case VOICE_EVENT_AGENT_HEARD:
		report_agent(call, event, turn);
		break;
	case VOICE_EVENT_BARGE_IN:
		report_barge_in(call, event, turn);
		break;
	case VOICE_EVENT_TOOL_CALL:
		count(call, &call->figures.tools);
		voice_report(call, "VoiceAgentTool", "Turn", turn, "Tool",
		             event->name, "Id", event->id, "Arguments",
		             shown(call, event->text), NULL);
		break;
	case VOICE_EVENT_DTMF_OUT:
		voice_report(call, "VoiceAgentDTMF", "Direction", "out",
		             "Digits", event->text, NULL);
		break;
	case VOICE_EVENT_DTMF_IN:
		if ((event->flags & VOICE_FLAG_FINAL) != 0)
			voice_report(call, "VoiceAgentNumber", "Digits",
			             event->text, NULL);
		break;
	case VOICE_EVENT_TRANSFER:
		voice_report(call, "VoiceAgentTransfer", "Target", event->text,
		             NULL);
		break;
	case VOICE_EVENT_NODE:
		voice_report(call, "VoiceAgentNode", "Node", event->name, NULL);
		break;
	case VOICE_EVENT_VOICEMAIL:
		voice_report(call, "VoiceAgentVoicemail", "By", event->text,
		             NULL);
		break;
	case VOICE_EVENT_ERROR:
		/* The engine's own line in the log has told it already. */
		count(call, &call->figures.errors);
		voice_report(call, "VoiceAgentError", "Part", event->name,
		             "Reason", event->text, NULL);
		break;
	case VOICE_EVENT_TURN_METRICS:
		report_metrics(call, event, turn);
		break;
	default:
		break;
	}
}

/* -- The end -------------------------------------------------------------- */

static void set_variable(struct ast_channel *chan, const char *name,
                         const char *value)
{
	pbx_builtin_setvar_helper(chan, name, value);
}

void voice_report_refusal(struct ast_channel *chan, enum voice_result result,
                          const char *reason)
{
	set_variable(chan, "VOICE_AGENT_STATUS", voice_result_name(result));
	set_variable(chan, "VOICE_AGENT_REASON", reason);
}

void voice_report_end(struct voice_call *call)
{
	char path[PATH_MAX + AST_MAX_UNIQUEID];
	char turns[16];
	char seconds[16];
	char played[24];
	char late[24];

	write_transcript(call, path, sizeof(path));
	snprintf(turns, sizeof(turns), "%u", call->figures.turns);
	snprintf(seconds, sizeof(seconds), "%d",
	         (int)(ast_tvdiff_ms(ast_tvnow(), call->begin) / 1000));
	snprintf(played, sizeof(played), "%llu",
	         (unsigned long long)call->figures.frames_out);
	snprintf(late, sizeof(late), "%llu",
	         (unsigned long long)call->figures.frames_late);
	voice_report_refusal(call->chan, call->result, call->reason);
	set_variable(call->chan, "VOICE_AGENT_TURNS", turns);
	set_variable(call->chan, "VOICE_AGENT_SUMMARY",
	             ast_str_buffer(call->summary));
	set_variable(call->chan, "VOICE_AGENT_TRANSCRIPT", path);
	set_variable(call->chan, "VOICE_AGENT_GOTO", call->target);
	voice_report(call, "VoiceAgentEnd", "Status",
	             voice_result_name(call->result), "Reason", call->reason,
	             "Turns", turns, "Seconds", seconds, "Frames", played,
	             "Late", late, "Transcript", path, "Goto", call->target,
	             NULL);
	if (call->result == VOICE_FAILED)
		ast_log(LOG_WARNING, "%s: the call with agent %s failed: %s\n",
		        call->channel, call->agent, call->reason);
	else
		ast_verb(3, "voice: %s: %s after %s s and %s turns: %s\n",
		         call->channel, voice_result_name(call->result),
		         seconds, turns, call->reason);
}

void voice_report_listened(struct voice_call *near, struct voice_call *far)
{
	char path[PATH_MAX + AST_MAX_UNIQUEID];
	char seconds[16];

	write_transcript(near, path, sizeof(path));
	snprintf(seconds, sizeof(seconds), "%d",
	         (int)(ast_tvdiff_ms(ast_tvnow(), near->begin) / 1000));
	for (int which = 0; which < 2; which++) {
		struct voice_call *side = which == 0 ? near : far;

		if (side->result == VOICE_FAILED)
			ast_log(LOG_WARNING,
			        "%s: listening to the %s side "
			        "failed: %s\n",
			        side->channel, side->side, side->reason);
	}
	voice_report(near, "VoiceListenEnd", "Status",
	             near->result == VOICE_FAILED || far->result == VOICE_FAILED
	                     ? "FAILED"
	                     : "COMPLETED",
	             "Seconds", seconds, "Transcript", path, NULL);
}
