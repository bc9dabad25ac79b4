/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tools of an agent that the dialplan carries out, by a subroutine or an AGI.
 *
 * The channel's thread has a frame to play every 20 ms, so a tool has a thread
 * and a channel of its own, VoiceTool/...; what it does on that channel (ask a
 * database, wait for a web service, run a program) holds up nobody. The caller
 * is heard meanwhile, and the agent may bridge the wait. The caller's channel
 * is named by a variable, for functions that act on another channel.
 *
 * In:  VOICE_TOOL_NAME, VOICE_TOOL_ARGUMENTS (the JSON object as it came),
 *      VOICE_TOOL_ARG_x for each of its members, VOICE_TOOL_CHANNEL (the
 *      caller's), VOICE_TOOL_UNIQUEID, and the VOICE_AGENT_VAR_* of the caller
 * Out: VOICE_TOOL_RESULT (JSON, or any text), VOICE_TOOL_ERROR
 *
 * A caller who hangs up does not stop a tool: a booking under way is made.
 */
#include "voice_module.h"

#include <ctype.h>

#include "asterisk/chanvars.h"
#include "asterisk/lock.h"

#define MOST_RESULT ((size_t)65536)

struct run {
	struct voice_task task;
	struct run *next;
	struct voice_setup *setup;
	voice_session *session;
	struct ast_channel *chan;      /* its own */
	const struct voice_tool *tool; /* the setup's */
	char id[VOICE_TEXT_BYTES];
	char caller[AST_CHANNEL_NAME];
	struct timeval deadline;
	bool is_late;
};

AST_MUTEX_DEFINE_STATIC(lock);
static struct run *runs; /* those whose channel lives */
static unsigned int count;

/* It shall not appear in billing. */
static const struct ast_channel_tech tool_tech = {
	.type = "VoiceTool",
	.description = "Tools of a voice agent",
	.properties = AST_CHAN_TP_INTERNAL,
};

/* -- Answers -------------------------------------------------------------- */

static void answer(voice_session *session, const char *id,
                   struct ast_json *result)
{
	char *text = result != NULL ? ast_json_dump_string(result) : NULL;

	/* Where the call is over meanwhile, nobody wants it any more. */
	voice_session_tool_result(
		session, id, text != NULL ? text : "{\"error\":\"no memory\"}");
	ast_json_free(text);
	ast_json_unref(result);
}

static void answer_error(voice_session *session, const char *id,
                         const char *error)
{
	answer(session, id,
	       ast_json_pack("{s:o}", "error", voice_json_text(error)));
}

/* A variable's value as JSON: what is none is a text. */
static struct ast_json *result_of(const char *text)
{
	struct ast_json *value = ast_json_load_string(text, NULL);

	return value != NULL ? value
	                     : ast_json_pack("{s:o}", "result",
	                                     voice_json_text(text));
}

/* -- Its channel ---------------------------------------------------------- */

/* A member of the arguments as text: strings as they are, the rest as JSON. */
static void set_argument(struct ast_channel *chan, const char *name,
                         struct ast_json *value)
{
	char variable[VOICE_TEXT_BYTES];
	struct ast_json *list = NULL;
	char *text = NULL;

	snprintf(variable, sizeof(variable), "VOICE_TOOL_ARG_%s", name);
	/* Names of variables have letters, digits and _. */
	for (char *at = variable; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at))
			*at = '_';
	}
	if (ast_json_typeof(value) == AST_JSON_STRING) {
		pbx_builtin_setvar_helper(chan, variable,
		                          ast_json_string_get(value));
		return;
	}
	/* Only lists and objects are written alone: [value], then. */
	list = ast_json_array_create();
	if (list != NULL &&
	    ast_json_array_append(list, ast_json_ref(value)) == 0)
		text = ast_json_dump_string(list);
	if (text != NULL && strlen(text) >= 2) {
		text[strlen(text) - 1] = '\0';
		pbx_builtin_setvar_helper(chan, variable, text + 1);
	}
	ast_json_free(text);
	ast_json_unref(list);
}

static void set_arguments(struct run *run, const char *arguments)
{
	struct ast_json *object = ast_json_load_string(arguments, NULL);
	struct ast_json_iter *at;

	pbx_builtin_setvar_helper(run->chan, "VOICE_TOOL_NAME",
	                          run->tool->name);
	pbx_builtin_setvar_helper(run->chan, "VOICE_TOOL_ARGUMENTS", arguments);
	if (object == NULL)
		return;
	for (at = ast_json_object_iter(object); at != NULL;
	     at = ast_json_object_iter_next(object, at))
		set_argument(run->chan, ast_json_object_iter_key(at),
		             ast_json_object_iter_value(at));
	ast_json_unref(object);
}

/* The caller's VOICE_AGENT_VAR_*, without both channels locked at once. */
static void copy_variables(struct ast_channel *to, struct ast_channel *from)
{
	struct varshead copies = AST_LIST_HEAD_NOLOCK_INIT_VALUE;
	struct ast_var_t *variable;

	ast_channel_lock(from);
	AST_LIST_TRAVERSE(ast_channel_varshead(from), variable, entries)
	{
		const char *name = ast_var_name(variable);
		struct ast_var_t *copy;

		if (name == NULL || strncmp(name, "VOICE_AGENT_VAR_", 16) != 0)
			continue;
		copy = ast_var_assign(name, ast_var_value(variable));
		if (copy != NULL)
			AST_LIST_INSERT_HEAD(&copies, copy, entries);
	}
	ast_channel_unlock(from);
	while ((variable = AST_LIST_REMOVE_HEAD(&copies, entries)) != NULL) {
		pbx_builtin_setvar_helper(to, ast_var_name(variable),
		                          ast_var_value(variable));
		ast_var_delete(variable);
	}
}

static struct ast_channel *make_channel(const struct voice_call *call)
{
	static int number;
	struct ast_assigned_ids ids = {NULL, NULL};
	struct ast_channel *chan = ast_channel_alloc(
		1, AST_STATE_UP, "", "", "", "s", "default", &ids, NULL,
		AST_AMA_OMIT, "VoiceTool/%s-%08x", call->id,
		(unsigned int)ast_atomic_fetchadd_int(&number, 1));

	if (chan == NULL)
		return NULL;
	ast_channel_tech_set(chan, &tool_tech);
	ast_channel_unlock(chan);
	return chan;
}

/* -- Its thread ----------------------------------------------------------- */

static int execute(struct run *run)
{
	const char *target = run->tool->target;
	struct ast_app *agi;

	if (!run->tool->is_agi)
		return ast_app_run_sub(NULL, run->chan, target, "", 0);
	agi = pbx_findapp("AGI");
	if (agi == NULL) {
		ast_log(LOG_WARNING, "tool %s: res_agi is not loaded\n",
		        run->tool->name);
		return -1;
	}
	return pbx_exec(run->chan, agi, target);
}

static void copy_variable(struct ast_channel *chan, const char *name, char *out,
                          size_t room)
{
	ast_channel_lock(chan);
	ast_copy_string(out, S_OR(pbx_builtin_getvar_helper(chan, name), ""),
	                room);
	ast_channel_unlock(chan);
}

/* Answers, and gives the channel up. */
static void conclude(struct run *run, int failed)
{
	char error[VOICE_TEXT_BYTES];
	char *result = ast_malloc(MOST_RESULT);

	if (result == NULL) {
		answer_error(run->session, run->id, "no memory");
		return;
	}
	copy_variable(run->chan, "VOICE_TOOL_RESULT", result, MOST_RESULT);
	copy_variable(run->chan, "VOICE_TOOL_ERROR", error, sizeof(error));
	if (error[0] == '\0' && result[0] == '\0')
		ast_copy_string(error,
		                run->is_late ? "it took too long"
		                : failed     ? "it could not be carried out"
		                             : "it gave no result",
		                sizeof(error));
	if (error[0] != '\0') {
		ast_log(LOG_WARNING, "%s: tool %s: %s\n", run->caller,
		        run->tool->name, error);
		answer_error(run->session, run->id, error);
	} else {
		answer(run->session, run->id, result_of(result));
	}
	ast_free(result);
}

/* From here on the watch leaves the channel alone. */
static void leave_watch(struct run *run)
{
	struct run **at;

	ast_mutex_lock(&lock);
	for (at = &runs; *at != run;)
		at = &(*at)->next;
	*at = run->next;
	ast_mutex_unlock(&lock);
}

static void *work(void *data)
{
	struct run *run = data;

	conclude(run, execute(run));
	leave_watch(run);
	ast_hangup(run->chan);
	return NULL;
}

/* On the keeper's thread: no thread of the run is left. */
static void finish(void *data)
{
	struct run *run = data;

	ast_mutex_lock(&lock);
	count--;
	ast_mutex_unlock(&lock);
	ao2_ref(run->setup, -1);
	ast_free(run);
	ast_module_unref(AST_MODULE_SELF);
}

void voice_tools_expire(void)
{
	struct timeval now = ast_tvnow();

	ast_mutex_lock(&lock);
	for (struct run *run = runs; run != NULL; run = run->next) {
		if (run->is_late || ast_tvcmp(now, run->deadline) < 0)
			continue;
		run->is_late = true;
		ast_softhangup(run->chan, AST_SOFTHANGUP_EXPLICIT);
	}
	ast_mutex_unlock(&lock);
}

/* -- A call --------------------------------------------------------------- */

static bool take_place(const struct voice_setup *setup)
{
	bool has_room;

	ast_mutex_lock(&lock);
	has_room = count < setup->max_tools;
	if (has_room)
		count++;
	ast_mutex_unlock(&lock);
	return has_room;
}

static void give_place(void)
{
	ast_mutex_lock(&lock);
	count--;
	ast_mutex_unlock(&lock);
}

static struct run *make_run(struct voice_call *call,
                            const struct voice_tool *tool, const char *id)
{
	struct run *run = ast_calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->chan = make_channel(call);
	if (run->chan == NULL) {
		ast_free(run);
		return NULL;
	}
	run->setup = ao2_bump(call->setup);
	run->session = call->session;
	run->tool = tool;
	ast_copy_string(run->id, id, sizeof(run->id));
	ast_copy_string(run->caller, call->channel, sizeof(run->caller));
	run->deadline =
		ast_tvadd(ast_tvnow(), ast_tv(call->setup->tool_timeout_s, 0));
	run->task.work = work;
	run->task.data = run;
	run->task.done = finish;
	return run;
}

static int start(struct run *run)
{
	ast_module_ref(AST_MODULE_SELF);
	ast_mutex_lock(&lock);
	run->next = runs;
	runs = run;
	ast_mutex_unlock(&lock);
	if (voice_keeper_run(&run->task) == 0)
		return 0;
	leave_watch(run);
	ast_module_unref(AST_MODULE_SELF);
	return -1;
}

static void give_up(struct run *run)
{
	if (run == NULL)
		return;
	ast_hangup(run->chan);
	ao2_ref(run->setup, -1);
	ast_free(run);
}

void voice_tools_call(struct voice_call *call, const char *name, const char *id,
                      const char *arguments)
{
	const struct voice_tool *tool = voice_setup_tool(call->setup, name);
	struct run *run;

	if (tool == NULL) {
		ast_log(LOG_WARNING,
		        "%s: the agent wants the tool %s, which "
		        "[tools] of voice_engine.conf does not have\n",
		        call->channel, name);
		answer_error(call->session, id, "this tool is not available");
		return;
	}
	if (!take_place(call->setup)) {
		ast_log(LOG_WARNING, "%s: tool %s: max_tools = %u are busy\n",
		        call->channel, name, call->setup->max_tools);
		answer_error(call->session, id, "too busy, try again later");
		return;
	}
	run = make_run(call, tool, id);
	if (run != NULL) {
		set_arguments(run, arguments);
		copy_variables(run->chan, call->chan);
		pbx_builtin_setvar_helper(run->chan, "VOICE_TOOL_CHANNEL",
		                          call->channel);
		pbx_builtin_setvar_helper(run->chan, "VOICE_TOOL_UNIQUEID",
		                          call->id);
	}
	if (run == NULL || start(run)) {
		give_up(run);
		give_place();
		answer_error(call->session, id, "no memory");
	}
}
