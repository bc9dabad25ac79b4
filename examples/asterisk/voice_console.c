/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of Asterisk's console: voice show ..., voice debug, voice say,
 * voice listen, voice whisper. */
#include "voice_module.h"

#include "asterisk/ast_version.h"
#include "asterisk/cli.h"

#define PROBE_MS 8000

/* Commands that take long and are running. Asterisk removes a command without
 * waiting for it: the module must not go meanwhile. Atomic. */
static int busy;

static const char *phase_name(const struct voice_call *call)
{
	static const char *const names[] = {"talking", "on hold", "leaving",
	                                    "over"};

	return call->side != NULL ? call->side : names[call->phase];
}

static char *complete_call(const char *word, int number)
{
	struct ao2_iterator all = voice_calls_all();
	struct voice_call *call;
	char *found = NULL;
	int which = 0;

	while (found == NULL && (call = ao2_iterator_next(&all)) != NULL) {
		if (strncasecmp(call->channel, word, strlen(word)) == 0 &&
		    ++which > number)
			found = ast_strdup(call->channel);
		ao2_ref(call, -1);
	}
	ao2_iterator_destroy(&all);
	return found;
}

/* The call that an argument names, with a reference; the console is told when
 * there is none. */
static struct voice_call *call_named(struct ast_cli_args *arguments, int index)
{
	struct voice_call *call =
		voice_calls_find(arguments->argv[index], NULL);

	if (call == NULL)
		ast_cli(arguments->fd, "There is no call %s\n",
		        arguments->argv[index]);
	return call;
}

/* Lets the agent of a call say the arguments from an index on. Takes over the
 * reference. */
static char *speak(struct voice_call *call, struct ast_cli_args *arguments,
                   int first)
{
	char text[4096] = "";
	voice_status status;

	ast_join(text, sizeof(text), arguments->argv + first);
	status = voice_session_say(call->session, text);
	ast_cli(arguments->fd, "%s\n", voice_status_text(status));
	ao2_ref(call, -1);
	return status < 0 ? CLI_FAILURE : CLI_SUCCESS;
}

static int seconds_of(const struct voice_call *call)
{
	return (int)(ast_tvdiff_ms(ast_tvnow(), call->begin) / 1000);
}

static char *show_calls(struct ast_cli_entry *entry, int command,
                        struct ast_cli_args *arguments)
{
	struct ao2_iterator all;
	struct voice_call *call;
	int count = 0;

	if (command == CLI_INIT) {
		entry->command = "voice show calls";
		entry->usage = "Usage: voice show calls\n"
			       "       Lists the calls of voice agents.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return NULL;
	if (arguments->argc != 3)
		return CLI_SHOWUSAGE;
	ast_cli(arguments->fd, "%-40s %-20s %-8s %8s %6s\n", "Channel", "Agent",
	        "State", "Seconds", "Turns");
	all = voice_calls_all();
	while ((call = ao2_iterator_next(&all)) != NULL) {
		ao2_lock(call);
		ast_cli(arguments->fd, "%-40s %-20s %-8s %8d %6u\n",
		        call->channel, call->agent, phase_name(call),
		        seconds_of(call), call->figures.turns);
		ao2_unlock(call);
		ao2_ref(call, -1);
		count++;
	}
	ao2_iterator_destroy(&all);
	ast_cli(arguments->fd, "%d calls\n", count);
	return CLI_SUCCESS;
}

static char *show_call(struct ast_cli_entry *entry, int command,
                       struct ast_cli_args *arguments)
{
	struct voice_figures figures;
	struct voice_call *call;

	if (command == CLI_INIT) {
		entry->command = "voice show call";
		entry->usage = "Usage: voice show call <channel or unique id>\n"
			       "       Tells about one call.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return arguments->pos == 3
		               ? complete_call(arguments->word, arguments->n)
		               : NULL;
	if (arguments->argc != 4)
		return CLI_SHOWUSAGE;
	call = call_named(arguments, 3);
	if (call == NULL)
		return CLI_FAILURE;
	ao2_lock(call);
	figures = call->figures;
	ao2_unlock(call);
	ast_cli(arguments->fd,
	        "Channel:        %s\nUnique id:      %s\nAgent:          %s\n"
	        "Configuration:  %u\nState:          %s\nSeconds:        %d\n"
	        "Audio:          %u Hz, %llu frames in, %llu out, %llu late\n"
	        "Turns:          %u, %u interruptions, %u tools, %u errors\n"
	        "Last answer:    after %lld ms\nCaller said:    %s\n"
	        "Agent said:     %s\n",
	        call->channel, call->id, call->agent, call->setup->number,
	        phase_name(call), seconds_of(call), call->rate,
	        (unsigned long long)figures.frames_in,
	        (unsigned long long)figures.frames_out,
	        (unsigned long long)figures.frames_late, figures.turns,
	        figures.interruptions, figures.tools, figures.errors,
	        (long long)figures.last_total_ms, figures.last_caller,
	        figures.last_agent);
	ao2_ref(call, -1);
	return CLI_SUCCESS;
}

/* -- voice show providers ------------------------------------------------- */

struct probe {
	struct voice_setup *setup;
	const char *agent; /* NULL = all */
	int fd;
};

static void show_result(void *data, const voice_probe_result *result)
{
	const struct probe *probe = data;

	ast_cli(probe->fd, "  %-10s %-14s %-8s %6u ms  %s\n", result->path,
	        result->provider, result->status == VOICE_OK ? "ok" : "FAILED",
	        result->elapsed_ms, result->detail);
}

static void *run_probe(void *data)
{
	struct probe *probe = data;
	const struct voice_agent_file *agent;

	for (agent = probe->setup->agents; agent != NULL; agent = agent->next) {
		voice_status status;

		if (probe->agent != NULL &&
		    strcmp(probe->agent, agent->name) != 0)
			continue;
		ast_cli(probe->fd, "%s (%s)\n", agent->name, agent->path);
		status = voice_engine_probe(probe->setup->engine, agent->json,
		                            agent->bytes, PROBE_MS, show_result,
		                            probe);
		if (status != VOICE_OK && status != VOICE_ERR_PROVIDER)
			ast_cli(probe->fd, "  %s\n", voice_last_error());
	}
	return NULL;
}

static char *show_providers(struct ast_cli_entry *entry, int command,
                            struct ast_cli_args *arguments)
{
	struct probe probe = {.fd = arguments != NULL ? arguments->fd : -1};

	if (command == CLI_INIT) {
		entry->command = "voice show providers";
		entry->usage =
			"Usage: voice show providers [agent]\n"
			"       Tries the providers of the agents with a little\n"
			"       real work, 8 s at most for each agent. It costs\n"
			"       what such requests cost.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return NULL;
	if (arguments->argc != 3 && arguments->argc != 4)
		return CLI_SHOWUSAGE;
	probe.setup = voice_setup_current();
	if (probe.setup == NULL) {
		ast_cli(arguments->fd, "No configuration is in force\n");
		return CLI_FAILURE;
	}
	if (arguments->argc == 4) {
		probe.agent = arguments->argv[3];
		if (!voice_setup_has_agent(probe.setup, probe.agent)) {
			ast_cli(arguments->fd, "There is no agent %s\n",
			        probe.agent);
			ao2_ref(probe.setup, -1);
			return CLI_FAILURE;
		}
	}
	ast_atomic_fetchadd_int(&busy, 1);
	voice_run_wide(run_probe, &probe);
	ast_atomic_fetchadd_int(&busy, -1);
	ao2_ref(probe.setup, -1);
	return CLI_SUCCESS;
}

/* -- voice show version, voice debug, voice say --------------------------- */

static char *show_version(struct ast_cli_entry *entry, int command,
                          struct ast_cli_args *arguments)
{
	struct voice_setup *setup;
	uint32_t abi = voice_abi_version();

	if (command == CLI_INIT) {
		entry->command = "voice show version";
		entry->usage = "Usage: voice show version\n"
			       "       Module, engine and configuration.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return NULL;
	setup = voice_setup_current();
	ast_cli(arguments->fd,
	        "Module for Asterisk %d, running in %s\n"
	        "Engine %s, interface %u.%u\n",
	        VOICE_ASTERISK_MAJOR, ast_get_version(),
	        voice_library_version(), abi >> 16, abi & 0xFFFF);
	if (setup == NULL) {
		ast_cli(arguments->fd, "No configuration is in force\n");
		return CLI_SUCCESS;
	}
	ast_cli(arguments->fd, "Configuration %u, agents:", setup->number);
	for (const struct voice_agent_file *agent = setup->agents;
	     agent != NULL; agent = agent->next)
		ast_cli(arguments->fd, " %s", agent->name);
	ast_cli(arguments->fd, "\n%d calls\n", voice_calls_count());
	ao2_ref(setup, -1);
	return CLI_SUCCESS;
}

static void set_atomic(int *field, int value)
{
	int before = ast_atomic_fetchadd_int(field, 0);

	ast_atomic_fetchadd_int(field, value - before);
}

static char *debug(struct ast_cli_entry *entry, int command,
                   struct ast_cli_args *arguments)
{
	struct voice_call *call;
	bool is_on;

	if (command == CLI_INIT) {
		entry->command = "voice debug {on|off}";
		entry->usage =
			"Usage: voice debug {on|off} [channel or unique id]\n"
			"       Shows every event of the engine, with what was\n"
			"       said; of all calls, or of one.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return arguments->pos == 3
		               ? complete_call(arguments->word, arguments->n)
		               : NULL;
	if (arguments->argc != 3 && arguments->argc != 4)
		return CLI_SHOWUSAGE;
	is_on = strcasecmp(arguments->argv[2], "on") == 0;
	if (arguments->argc == 3) {
		set_atomic(&voice_trace_all, is_on);
		ast_cli(arguments->fd, "Events are %sshown\n",
		        is_on ? "" : "not ");
		return CLI_SUCCESS;
	}
	call = call_named(arguments, 3);
	if (call == NULL)
		return CLI_FAILURE;
	set_atomic(&call->is_traced, is_on);
	ast_cli(arguments->fd, "Events of %s are %sshown\n", call->channel,
	        is_on ? "" : "not ");
	ao2_ref(call, -1);
	return CLI_SUCCESS;
}

static char *say(struct ast_cli_entry *entry, int command,
                 struct ast_cli_args *arguments)
{
	struct voice_call *call;

	if (command == CLI_INIT) {
		entry->command = "voice say";
		entry->usage =
			"Usage: voice say <channel or unique id> <text>\n"
			"       Lets the agent of a call say something.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return arguments->pos == 2
		               ? complete_call(arguments->word, arguments->n)
		               : NULL;
	if (arguments->argc < 4)
		return CLI_SHOWUSAGE;
	call = call_named(arguments, 2);
	if (call == NULL)
		return CLI_FAILURE;
	return speak(call, arguments, 3);
}

static char *hang_up(struct ast_cli_entry *entry, int command,
                     struct ast_cli_args *arguments)
{
	struct voice_call *call;

	if (command == CLI_INIT) {
		entry->command = "voice hangup";
		entry->usage =
			"Usage: voice hangup <channel or unique id>\n"
			"       Ends the conversation; the dialplan goes on.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return arguments->pos == 2
		               ? complete_call(arguments->word, arguments->n)
		               : NULL;
	if (arguments->argc != 3)
		return CLI_SHOWUSAGE;
	call = call_named(arguments, 2);
	if (call == NULL)
		return CLI_FAILURE;
	voice_session_hangup(call->session);
	ao2_ref(call, -1);
	return CLI_SUCCESS;
}

static char *whisper(struct ast_cli_entry *entry, int command,
                     struct ast_cli_args *arguments)
{
	struct voice_call *call;

	if (command == CLI_INIT) {
		entry->command = "voice whisper";
		entry->usage =
			"Usage: voice whisper <channel or unique id> "
			"{near|far} <text>\n"
			"       Says something to one side of a call that a\n"
			"       listener listens to: near is the channel's own\n"
			"       party, far the one that it talks with.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return arguments->pos == 2
		               ? complete_call(arguments->word, arguments->n)
		               : NULL;
	if (arguments->argc < 5)
		return CLI_SHOWUSAGE;
	call = voice_calls_find(arguments->argv[2], arguments->argv[3]);
	if (call == NULL) {
		ast_cli(arguments->fd, "Nobody listens to the %s side of %s\n",
		        arguments->argv[3], arguments->argv[2]);
		return CLI_FAILURE;
	}
	return speak(call, arguments, 4);
}

static char *listen_to(struct ast_cli_entry *entry, int command,
                       struct ast_cli_args *arguments)
{
	char reason[VOICE_TEXT_BYTES];

	if (command == CLI_INIT) {
		entry->command = "voice listen";
		entry->usage = "Usage: voice listen <channel> <agent>\n"
			       "       Lets an agent whose mode is \"listen\" "
			       "write down both sides.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return NULL;
	if (arguments->argc != 4)
		return CLI_SHOWUSAGE;
	if (voice_listen_channel(arguments->argv[2], arguments->argv[3], reason,
	                         sizeof(reason))) {
		ast_cli(arguments->fd, "%s\n", reason);
		return CLI_FAILURE;
	}
	return CLI_SUCCESS;
}

static char *unlisten(struct ast_cli_entry *entry, int command,
                      struct ast_cli_args *arguments)
{
	if (command == CLI_INIT) {
		entry->command = "voice unlisten";
		entry->usage = "Usage: voice unlisten <channel or unique id>\n"
			       "       Ends what voice listen or VoiceListen() "
			       "began.\n";
		return NULL;
	}
	if (command == CLI_GENERATE)
		return arguments->pos == 2
		               ? complete_call(arguments->word, arguments->n)
		               : NULL;
	if (arguments->argc != 3)
		return CLI_SHOWUSAGE;
	if (!voice_listen_stop(arguments->argv[2])) {
		ast_cli(arguments->fd, "Nobody listens to %s\n",
		        arguments->argv[2]);
		return CLI_FAILURE;
	}
	return CLI_SUCCESS;
}

static struct ast_cli_entry commands[] = {
	AST_CLI_DEFINE(show_calls, "List the calls of voice agents"),
	AST_CLI_DEFINE(show_call, "Tell about a call of a voice agent"),
	AST_CLI_DEFINE(show_providers, "Try the providers of voice agents"),
	AST_CLI_DEFINE(show_version, "Versions of the voice module"),
	AST_CLI_DEFINE(debug, "Show the events of voice agents"),
	AST_CLI_DEFINE(say, "Let a voice agent say something"),
	AST_CLI_DEFINE(listen_to, "Let an agent listen to a call"),
	AST_CLI_DEFINE(unlisten, "Let an agent listen no more"),
	AST_CLI_DEFINE(whisper, "Whisper to one side of a call"),
	AST_CLI_DEFINE(hang_up, "End the conversation of a voice agent"),
};

bool voice_console_is_busy(void)
{
	return ast_atomic_fetchadd_int(&busy, 0) > 0;
}

int voice_console_start(void)
{
	return ast_cli_register_multiple(commands, ARRAY_LEN(commands));
}

void voice_console_stop(void)
{
	ast_cli_unregister_multiple(commands, ARRAY_LEN(commands));
}
