/*
 * Tools of the host: a tool is an API command (lua, db, curl, ...) that runs on
 * a thread of this module while the audio goes on, or is answered by whoever
 * listens to the events; see ve.h.
 *
 * A caller's words reach a command only as percent-encoded text, in the places
 * that the configuration names, or unchanged as headers of the command's event.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

struct tool_job {
	struct ve_job job;
	struct ve_live live; /* a copy; the call may end meanwhile */
	voice_session *session;
	char command[64];
	char *name;
	char *id;
	char *arguments;     /* of the model: a JSON object */
	struct ve_text line; /* arguments of the command */
};

static void report(const struct ve_live *live, switch_channel_t *channel,
                   const char *state, const char *name, const char *id,
                   const char *arguments, const char *result)
{
	switch_event_t *event = ve_event_new(VE_EVENT_TOOL, live, channel);

	if (event == NULL)
		return;
	ve_event_add(event, "Voice-Tool-State", state);
	ve_event_add(event, "Voice-Tool-Name", name);
	ve_event_add(event, "Voice-Tool-ID", id);
	ve_event_add(event, "Voice-Tool-Arguments", arguments);
	if (result != NULL)
		ve_event_add(event, "Voice-Tool-Result", result);
	switch_event_fire(&event);
}

static void answer_error(const struct ve_live *live, switch_channel_t *channel,
                         voice_session *session, const voice_event *event,
                         const char *problem)
{
	struct ve_text json = {0};

	ve_text_add(&json, "{\"error\":");
	ve_text_quote(&json, problem);
	ve_text_add(&json, "}");
	ve_log(SWITCH_LOG_WARNING, "voice_agent %s: tool %s: %s\n", live->agent,
	       event->name, problem);
	report(live, channel, "failed", event->name, event->id, event->text,
	       ve_text_get(&json));
	voice_session_tool_result(session, event->id, ve_text_get(&json));
	ve_text_free(&json);
}

/* -- The command ---------------------------------------------------------- */

/* {NAME}: an argument of the model, {uuid}: the call, {*}: all, as JSON. */
static void fill_in(const char *pattern, const char *arguments,
                    const struct ve_live *live, struct ve_text *out)
{
	while (*pattern != '\0') {
		const char *end = strchr(pattern, '}');
		struct ve_text value = {0};
		char name[VE_NAME_BYTES];
		size_t length = end != NULL ? (size_t)(end - pattern - 1) : 0;

		if (*pattern != '{' || end == NULL || length == 0 ||
		    length >= sizeof(name)) {
			ve_text_bytes(out, pattern++, 1);
			continue;
		}
		memcpy(name, pattern + 1, length);
		name[length] = '\0';
		if (strcmp(name, "*") == 0) {
			ve_text_add(out, arguments);
		} else if (strcmp(name, "uuid") == 0) {
			ve_text_percent(out, live->uuid);
		} else {
			ve_json_member(arguments, name, &value);
			ve_text_percent(out, ve_text_get(&value));
		}
		ve_text_free(&value);
		pattern = end + 1;
	}
}

/* Scripts find the arguments as env:getHeader("Voice-Tool-Arg-NAME"). */
static void add_argument(void *context, const char *name, const char *value)
{
	switch_event_t *event = context;
	char header[VE_NAME_BYTES + 32];

	if (strlen(name) >= VE_NAME_BYTES)
		return;
	snprintf(header, sizeof(header), "Voice-Tool-Arg-%s", name);
	ve_event_add(event, header, value);
}

static void describe(const struct tool_job *tool, switch_event_t *event)
{
	ve_event_add(event, "Voice-Call-UUID", tool->live.uuid);
	ve_event_add(event, "Voice-Agent", tool->live.agent);
	ve_event_add(event, "Voice-Caller", tool->live.peer);
	ve_event_add(event, "Voice-Tool-Name", tool->name);
	ve_event_add(event, "Voice-Tool-ID", tool->id);
	ve_event_add(event, "Voice-Tool-Arguments", tool->arguments);
	ve_json_members(tool->arguments, add_argument, event);
}

/* JSON as it is; -ERR as an error; other text as {"result": "..."}. */
static const char *give_result(const struct tool_job *tool, const char *output,
                               struct ve_text *json)
{
	bool failed = strncmp(output, "-ERR", 4) == 0 ||
	              strncmp(output, "-USAGE", 6) == 0 ||
	              strncmp(output, "INVALID COMMAND", 15) == 0;
	size_t length = strlen(output);
	voice_status status = VOICE_ERR_BAD_ARG;

	if (!failed && length > 0 && length < VE_TOOL_BYTES)
		status = voice_session_tool_result(tool->session, tool->id,
		                                   output);
	if (status != VOICE_ERR_BAD_ARG)
		return output;
	while (length > 0 && strchr("\r\n ", output[length - 1]) != NULL)
		length--;
	/* Escapes make text up to six times as long. */
	if (length > VE_TOOL_BYTES / 8)
		length = VE_TOOL_BYTES / 8;
	char *plain = strndup(output, length);

	ve_text_add(json, failed ? "{\"error\":" : "{\"result\":");
	ve_text_quote(json, plain != NULL ? plain : "");
	ve_text_add(json, "}");
	free(plain);
	voice_session_tool_result(tool->session, tool->id, ve_text_get(json));
	return ve_text_get(json);
}

static void tool_free(struct tool_job *tool)
{
	if (tool == NULL)
		return;
	free(tool->name);
	free(tool->id);
	free(tool->arguments);
	ve_text_free(&tool->line);
	free(tool);
}

static void run_tool(struct ve_job *job)
{
	struct tool_job *tool = (struct tool_job *)job;
	switch_stream_handle_t stream = {0};
	struct ve_text json = {.most = VE_TOOL_BYTES};
	const char *result;

	SWITCH_STANDARD_STREAM(stream);
	if (switch_event_create(&stream.param_event, SWITCH_EVENT_API) ==
	    SWITCH_STATUS_SUCCESS)
		describe(tool, stream.param_event);
	/* Without the session: a lock on it would keep the call from ending. */
	switch_api_execute(tool->command, ve_text_get(&tool->line), NULL,
	                   &stream);
	result = give_result(tool, stream.data != NULL ? stream.data : "",
	                     &json);
	report(&tool->live, NULL, "done", tool->name, tool->id, tool->arguments,
	       result);
	if (stream.param_event != NULL)
		switch_event_destroy(&stream.param_event);
	free(stream.data);
	ve_text_free(&json);
	tool_free(tool);
	ve_module_release();
}

void ve_tool_run(const struct ve_generation *generation,
                 const struct ve_live *live, switch_channel_t *channel,
                 const voice_event *event)
{
	const struct ve_tool *tool = ve_tool_find(generation, event->name);
	struct tool_job *job = NULL;

	if (tool == NULL) {
		answer_error(live, channel, event->session, event,
		             "this tool is not set up");
		return;
	}
	report(live, channel, "called", event->name, event->id, event->text,
	       NULL);
	if (tool->kind == VE_TOOL_EVENT)
		return;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		goto failed;
	job->job.run = run_tool;
	job->live = *live;
	job->session = event->session;
	job->name = strdup(event->name);
	job->id = strdup(event->id);
	job->arguments = strdup(event->text);
	strcpy(job->command, tool->command);
	job->line.most = VE_TOOL_BYTES;
	fill_in(tool->arguments, event->text, live, &job->line);
	if (job->name == NULL || job->id == NULL || job->arguments == NULL ||
	    job->line.cut || !ve_module_hold())
		goto failed;
	if (ve_work_add(VE_QUEUE_TOOLS, &job->job, generation->tool_queue))
		return;
	ve_module_release();
failed:
	tool_free(job);
	answer_error(live, channel, event->session, event,
	             "too many tools are running; try again later");
}
