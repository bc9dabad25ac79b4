/* Events as JSON lines, for programs, and as text lines, for people. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "host.h"

static const char *const type_names[] = {
	"unknown",       "started",      "caller_started", "caller_stopped",
	"transcript",    "turn_started", "agent_text",     "agent_started",
	"agent_stopped", "agent_heard",  "barge_in",       "tool_call",
	"dtmf_in",       "dtmf_out",     "transfer",       "hangup",
	"error",         "turn_metrics", "slow_host",      "closed",
	"voicemail",     "node",
};

static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{VOICE_FLAG_FINAL, "final"},
	{VOICE_FLAG_INTERRUPTED, "interrupted"},
	{VOICE_FLAG_PAUSED, "paused"},
	{VOICE_FLAG_CONFIRMED, "confirmed"},
	{VOICE_FLAG_RESUMED, "resumed"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *type_name(uint32_t type)
{
	return type_names[type < COUNT(type_names) ? type : 0];
}

void json_write_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(file, "\\%c", byte);
		else if (byte == '\n')
			fputs("\\n", file);
		else if (byte < 0x20 || byte == 0x7F)
			fprintf(file, "\\u%04x", byte);
		else
			fputc(byte, file);
	}
	fputc('"', file);
}

static void write_member(FILE *file, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(file, ",\"%s\":", key);
	json_write_string(file, text);
}

static void write_flags(FILE *file, uint32_t flags)
{
	const char *comma = "";

	fputs(",\"flags\":[", file);
	for (size_t i = 0; i < COUNT(flag_names); i++) {
		if ((flags & flag_names[i].flag) == 0)
			continue;
		fprintf(file, "%s\"%s\"", comma, flag_names[i].name);
		comma = ",";
	}
	fputc(']', file);
}

/* What the providers did; zeros are left out. */
static void write_provider_work(FILE *file, const voice_turn_metrics *m)
{
	const struct {
		const char *name;
		int64_t value;
	} members[] = {
		{"stt_first_words_ns", m->stt_first_words_ns},
		{"llm_answer_ns", m->llm_answer_ns},
		{"tts_answer_ns", m->tts_answer_ns},
		{"stt_connect_ns", m->stt_connect_ns},
		{"llm_connect_ns", m->llm_connect_ns},
		{"tts_connect_ns", m->tts_connect_ns},
		{"stt_audio_ns", m->stt_audio_ns},
		{"tts_characters", m->tts_characters},
		{"stt_reconnects", m->stt_reconnects},
		{"stt_failovers", m->stt_failovers},
		{"llm_retries", m->llm_retries},
		{"llm_failovers", m->llm_failovers},
		{"llm_hedges", m->llm_hedges},
		{"tts_reconnects", m->tts_reconnects},
		{"tts_failovers", m->tts_failovers},
		{"drafts", m->drafts},
		{"drafts_dropped", m->drafts_dropped},
		{"dropped_tokens", m->dropped_tokens},
		{"dropped_characters", m->dropped_characters},
	};

	for (size_t i = 0; i < COUNT(members); i++) {
		if (members[i].value != 0)
			fprintf(file, ",\"%s\":%" PRId64, members[i].name,
			        members[i].value);
	}
}

static void write_metrics(FILE *file, const voice_turn_metrics *m)
{
	fprintf(file, ",\"metrics\":{\"turn\":%" PRIu64, m->turn);
	fprintf(file, ",\"interrupted\":%s",
	        (m->flags & VOICE_FLAG_INTERRUPTED) != 0 ? "true" : "false");
	fprintf(file, ",\"endpoint_wait_ns\":%" PRId64, m->endpoint_wait_ns);
	fprintf(file, ",\"transcript_wait_ns\":%" PRId64,
	        m->transcript_wait_ns);
	fprintf(file, ",\"commit_ns\":%" PRId64, m->commit_ns);
	fprintf(file, ",\"llm_first_token_ns\":%" PRId64,
	        m->llm_first_token_ns);
	fprintf(file, ",\"segment_ns\":%" PRId64, m->segment_ns);
	fprintf(file, ",\"tts_request_ns\":%" PRId64, m->tts_request_ns);
	fprintf(file, ",\"tts_first_audio_ns\":%" PRId64,
	        m->tts_first_audio_ns);
	fprintf(file, ",\"playout_ns\":%" PRId64, m->playout_ns);
	fprintf(file, ",\"total_ns\":%" PRId64, m->total_ns);
	fprintf(file, ",\"engine_ns\":%" PRId64, m->engine_ns);
	fprintf(file, ",\"prompt_tokens\":%" PRIu32, m->prompt_tokens);
	fprintf(file, ",\"completion_tokens\":%" PRIu32, m->completion_tokens);
	write_provider_work(file, m);
	fputc('}', file);
}

void event_write_json(FILE *file, const char *call, const voice_event *event)
{
	if (file == NULL)
		return;
	flockfile(file);
	fprintf(file, "{\"time_ns\":%" PRId64 ",\"call\":", event->time_ns);
	json_write_string(file, call);
	fprintf(file, ",\"sequence\":%" PRIu64 ",\"type\":\"%s\"",
	        event->sequence, type_name(event->type));
	fprintf(file, ",\"turn\":%" PRIu64, event->turn);
	fputs(",\"text\":", file);
	json_write_string(file, event->text);
	write_flags(file, event->flags);
	fprintf(file, ",\"position\":%" PRId64, event->position);
	write_member(file, "name", event->name);
	write_member(file, "id", event->id);
	if (event->value != 0)
		fprintf(file, ",\"value\":%" PRId64, event->value);
	if (event->status != VOICE_OK) {
		fprintf(file, ",\"status\":%" PRId32, event->status);
		write_member(file, "status_text",
		             voice_status_text(event->status));
	}
	if (event->metrics != NULL)
		write_metrics(file, event->metrics);
	fputs("}\n", file);
	fflush(file);
	funlockfile(file);
}

/* Words of callers and models end up on a terminal: no control bytes. */
static void write_clean(FILE *file, const char *before, const char *text)
{
	if (text[0] == '\0')
		return;
	fputs(before, file);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		fputc(byte < 0x20 || byte == 0x7F ? ' ' : byte, file);
	}
}

static int64_t to_ms(int64_t ns)
{
	return ns / 1000000;
}

static void write_metrics_text(FILE *file, const voice_turn_metrics *m)
{
	fprintf(file,
	        " %" PRId64 " ms = endpoint %" PRId64 " + transcript %" PRId64
	        " + model %" PRId64 " + segment %" PRId64 " + speech %" PRId64
	        " + engine %.1f",
	        to_ms(m->total_ns), to_ms(m->endpoint_wait_ns),
	        to_ms(m->transcript_wait_ns), to_ms(m->llm_first_token_ns),
	        to_ms(m->segment_ns), to_ms(m->tts_first_audio_ns),
	        (double)m->engine_ns / 1e6);
}

void event_write_text(FILE *file, const voice_event *event, int64_t start_ns)
{
	flockfile(file);
	fprintf(file, "%8.3f  %-14s", (double)(event->time_ns - start_ns) / 1e9,
	        type_name(event->type));
	for (size_t i = 0; i < COUNT(flag_names); i++)
		if ((event->flags & flag_names[i].flag) != 0)
			fprintf(file, " [%s]", flag_names[i].name);
	write_clean(file, " ", event->name);
	write_clean(file, " #", event->id);
	write_clean(file, " ", event->text);
	if (event->status != VOICE_OK)
		fprintf(file, " (%s)", voice_status_text(event->status));
	if (event->metrics != NULL)
		write_metrics_text(file, event->metrics);
	fputc('\n', file);
	fflush(file);
	funlockfile(file);
}

bool event_log_open(const char *path, FILE **out)
{
	*out = NULL;
	if (path == NULL)
		return true;
	*out = strcmp(path, "-") == 0 ? stdout : fopen(path, "ae");
	if (*out == NULL)
		complain("cannot write the events to %s: %s", path,
		         strerror(errno));
	return *out != NULL;
}
