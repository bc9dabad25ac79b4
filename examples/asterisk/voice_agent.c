/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VoiceAgent(agent[,options]) and VoiceListen(agent[,options]): arguments,
 * sessions, and the list of the calls that are live. */
#include "voice_module.h"

#include <unistd.h>

enum {
	OPTION_NO_ANSWER = 1 << 0,
	OPTION_RATE = 1 << 1,
	OPTION_LIMIT = 1 << 2,
	OPTION_VARIABLES = 1 << 3,
	OPTION_LEAVE_TRANSFER = 1 << 4,
};

enum { ARGUMENT_RATE, ARGUMENT_LIMIT, ARGUMENT_VARIABLES, ARGUMENTS };

AST_APP_OPTIONS(agent_options,
                BEGIN_OPTIONS AST_APP_OPTION('n', OPTION_NO_ANSWER),
                AST_APP_OPTION_ARG('r', OPTION_RATE, ARGUMENT_RATE),
                AST_APP_OPTION_ARG('t', OPTION_LIMIT, ARGUMENT_LIMIT),
                AST_APP_OPTION_ARG('v', OPTION_VARIABLES, ARGUMENT_VARIABLES),
                AST_APP_OPTION('x', OPTION_LEAVE_TRANSFER), END_OPTIONS);

/* -- The calls that are live ---------------------------------------------- */

static struct ao2_container *calls;

int voice_calls_start(void)
{
	calls = ao2_container_alloc_list(AO2_ALLOC_OPT_LOCK_MUTEX, 0, NULL,
	                                 NULL);
	return calls == NULL ? -1 : 0;
}

void voice_calls_stop(void)
{
	ao2_cleanup(calls);
	calls = NULL;
}

int voice_calls_count(void)
{
	return calls == NULL ? 0 : ao2_container_count(calls);
}

struct ao2_iterator voice_calls_all(void)
{
	return ao2_iterator_init(calls, 0);
}

struct voice_call *voice_calls_find(const char *name, const char *side)
{
	struct ao2_iterator all = voice_calls_all();
	struct voice_call *call;

	while ((call = ao2_iterator_next(&all)) != NULL) {
		if ((strcasecmp(call->id, name) == 0 ||
		     strcasecmp(call->channel, name) == 0) &&
		    (side == NULL ||
		     (call->side != NULL && strcasecmp(call->side, side) == 0)))
			break;
		ao2_ref(call, -1);
	}
	ao2_iterator_destroy(&all);
	return call;
}

void voice_calls_link(struct voice_call *call)
{
	ao2_link(calls, call);
}

void voice_calls_unlink(struct voice_call *call)
{
	ao2_unlink(calls, call);
}

/* -- A call --------------------------------------------------------------- */

static void call_destroy(void *data)
{
	struct voice_call *call = data;

	ast_free(call->transcript);
	ast_free(call->summary);
	ao2_cleanup(call->setup);
}

struct voice_call *voice_call_alloc(struct ast_channel *chan,
                                    struct voice_setup *setup,
                                    const struct voice_order *order)
{
	struct voice_call *call = ao2_alloc(sizeof(*call), call_destroy);

	if (call == NULL)
		return NULL;
	call->transcript = ast_str_create(1024);
	call->summary = ast_str_create(256);
	if (call->transcript == NULL || call->summary == NULL) {
		ao2_ref(call, -1);
		return NULL;
	}
	call->setup = ao2_bump(setup);
	call->chan = chan;
	call->log = call;
	call->timer_fd = -1;
	call->begin = ast_tvnow();
	ast_copy_string(call->agent, order->agent, sizeof(call->agent));
	call->rate = order->rate != 0 ? order->rate : voice_entry_rate(chan);
	call->format =
		call->rate == 16000 ? ast_format_slin16 : ast_format_slin;
	call->limit_s =
		order->limit_s != 0 ? order->limit_s : setup->max_call_s;
	call->leaves_transfer = order->leaves_transfer;
	ast_channel_lock(chan);
	ast_copy_string(call->channel, ast_channel_name(chan),
	                sizeof(call->channel));
	ast_copy_string(call->id, ast_channel_uniqueid(chan), sizeof(call->id));
	ast_copy_string(call->linked, ast_channel_linkedid(chan),
	                sizeof(call->linked));
	if (ast_channel_caller(chan)->id.number.valid)
		voice_copy_line(
			call->caller, sizeof(call->caller),
			S_OR(ast_channel_caller(chan)->id.number.str, ""));
	ast_channel_unlock(chan);
	return call;
}

static enum voice_result result_of(voice_status status)
{
	switch (status) {
	case VOICE_ERR_LIMIT:
	case VOICE_ERR_DRAINING:
		return VOICE_REFUSED;
	case VOICE_ERR_NOT_FOUND:
	case VOICE_ERR_BAD_CONFIG:
	case VOICE_ERR_BAD_ARG:
	case VOICE_ERR_KEY_MISSING:
	case VOICE_ERR_MODEL_MISSING:
	case VOICE_ERR_UNSUPPORTED:
		return VOICE_BADCONFIG;
	default:
		return VOICE_FAILED;
	}
}

voice_status voice_call_open(struct voice_call *call, const char *pairs,
                             const char **reason)
{
	char *variables = voice_entry_variables(call->chan, pairs);
	voice_session_config config = {
		.struct_size = sizeof(config),
		.input_rate = call->rate,
		.playout = VOICE_PLAYOUT_PULL,
		.agent_name = call->agent,
		.call_id = call->id,
		.variables_json = variables,
	};
	voice_status status = voice_session_create(call->setup->engine, &config,
	                                           NULL, &call->session);

	*reason = voice_last_error();
	ast_json_free(variables);
	return status;
}

/* What follows the call: the media path has been released. */
static int go_on(struct voice_call *call)
{
	struct ast_channel *chan = call->chan;

	switch (call->result) {
	case VOICE_HANGUP:
	case VOICE_REDIRECT:
		return -1;
	case VOICE_TRANSFER:
		if (call->leaves_transfer)
			return 0;
		if (call->place[0][0] != '\0')
			return ast_explicit_goto(chan, call->place[0],
			                         call->place[1],
			                         atoi(call->place[2]))
			               ? -1
			               : 0;
		if (ast_transfer(chan, call->target) == 1)
			return 0;
		ast_log(LOG_WARNING, "%s: the transfer to %s was refused\n",
		        call->channel, call->target);
		call->result = VOICE_TRANSFERFAILED;
		pbx_builtin_setvar_helper(chan, "VOICE_AGENT_STATUS",
		                          voice_result_name(call->result));
		return ast_check_hangup(chan) ? -1 : 0;
	default:
		return 0;
	}
}

static int talk(struct voice_call *call, bool answers)
{
	voice_calls_link(call);
	voice_report(call, "VoiceAgentStart", "CallerIDNum", call->caller,
	             NULL);
	voice_call_run(call, answers);
	voice_call_drain(call);
	voice_session_destroy(call->session);
	if (call->timer_fd >= 0)
		close(call->timer_fd);
	voice_calls_unlink(call);
	voice_report_end(call);
	return go_on(call);
}

/* -- The applications ----------------------------------------------------- */

static int read_number(const char *text, unsigned int most, unsigned int *out)
{
	char rest;

	return text == NULL || text[0] == '-' ||
	                       sscanf(text, "%30u%c", out, &rest) != 1 ||
	                       *out > most
	               ? -1
	               : 0;
}

/* Fills in the order from the application's data, which is cut into pieces.
 * NULL, or what is wrong. */
static const char *read_order(struct voice_order *order, char *data)
{
	struct ast_flags flags = {0};
	char *values[ARGUMENTS] = {NULL};

	AST_DECLARE_APP_ARGS(arguments, AST_APP_ARG(agent);
	                     AST_APP_ARG(options););
	AST_STANDARD_APP_ARGS(arguments, data);
	order->agent = arguments.agent;
	if (ast_strlen_zero(order->agent))
		return "expected an agent: (agent[,options])";
	if (!ast_strlen_zero(arguments.options) &&
	    ast_app_parse_options(agent_options, &flags, values,
	                          arguments.options))
		return "an option is unknown or lacks its value";
	if (ast_test_flag(&flags, OPTION_RATE) &&
	    (read_number(values[ARGUMENT_RATE], 16000, &order->rate) ||
	     (order->rate != 8000 && order->rate != 16000)))
		return "option r: expected r(8000) or r(16000)";
	if (ast_test_flag(&flags, OPTION_LIMIT) &&
	    read_number(values[ARGUMENT_LIMIT], 86400, &order->limit_s))
		return "option t: expected seconds, t(600)";
	order->variables = values[ARGUMENT_VARIABLES];
	order->leaves_transfer = ast_test_flag(&flags, OPTION_LEAVE_TRANSFER);
	order->answers = !ast_test_flag(&flags, OPTION_NO_ANSWER);
	return NULL;
}

static int begin(struct ast_channel *chan, const struct voice_order *order,
                 struct voice_setup *setup)
{
	struct voice_call *call = voice_call_alloc(chan, setup, order);
	char line[VOICE_TEXT_BYTES];
	const char *reason = NULL;
	voice_status status;
	int result = 0;

	if (call == NULL) {
		voice_report_refusal(chan, VOICE_FAILED, "no memory");
		return 0;
	}
	status = voice_call_open(call, order->variables, &reason);
	if (status == VOICE_OK) {
		result = talk(call, order->answers);
	} else {
		voice_copy_line(line, sizeof(line), reason);
		ast_log(LOG_WARNING, "%s: no call with agent %s: %s\n",
		        call->channel, call->agent, line);
		voice_report_refusal(chan, result_of(status), line);
	}
	ao2_ref(call, -1);
	return result;
}

int voice_agent_exec(struct ast_channel *chan, const char *data)
{
	char *parse = ast_strdupa(S_OR(data, ""));
	struct voice_order order = {0};
	const char *wrong = read_order(&order, parse);
	struct voice_setup *setup = NULL;
	int result;

	if (wrong == NULL) {
		setup = voice_setup_current();
		if (setup == NULL)
			wrong = "voice_engine.conf is wrong; the log of its "
				"loading says why";
	}
	if (wrong != NULL) {
		ast_log(LOG_WARNING, "VoiceAgent(%s): %s\n", S_OR(data, ""),
		        wrong);
		voice_report_refusal(chan, VOICE_BADCONFIG, wrong);
		return 0;
	}
	result = begin(chan, &order, setup);
	ao2_ref(setup, -1);
	return result;
}

int voice_listen_exec(struct ast_channel *chan, const char *data)
{
	char *parse = ast_strdupa(S_OR(data, ""));
	struct voice_order order = {0};
	const char *wrong = read_order(&order, parse);
	struct voice_setup *setup = voice_setup_current();
	char line[VOICE_TEXT_BYTES];

	if (wrong == NULL && setup == NULL)
		wrong = "voice_engine.conf is wrong";
	if (wrong == NULL &&
	    voice_listen_begin(chan, setup, &order, &wrong) == 0)
		wrong = NULL;
	voice_copy_line(line, sizeof(line), S_OR(wrong, ""));
	if (wrong != NULL)
		ast_log(LOG_WARNING, "VoiceListen(%s): %s\n", S_OR(data, ""),
		        line);
	pbx_builtin_setvar_helper(chan, "VOICE_LISTEN_STATUS",
	                          wrong == NULL ? "LISTENING" : "FAILED");
	pbx_builtin_setvar_helper(chan, "VOICE_LISTEN_REASON", line);
	ao2_cleanup(setup);
	return 0;
}

int voice_listen_stop_exec(struct ast_channel *chan, const char *data)
{
	char id[AST_MAX_UNIQUEID];

	ast_channel_lock(chan);
	ast_copy_string(id, ast_channel_uniqueid(chan), sizeof(id));
	ast_channel_unlock(chan);
	voice_listen_stop(id);
	return 0;
}
