/*
 * mod_voice_engine: voice agents in FreeSWITCH's dialplan.
 *
 *   <action application="voice_agent" data="receptionist"/>
 *
 * Applications  voice_agent, voice_listen
 * Commands      voice_engine, uuid_voice_say, uuid_voice_text,
 *               uuid_voice_barge_in, uuid_voice_listen, uuid_voice_tool_result
 * Events        CUSTOM voice_engine::turn, ::barge_in, ::tool, ::end
 *
 * README.md tells how it is built and used; ve.h how it is made.
 *
 * This Source Code Form is subject to the terms of the Mozilla Public License,
 * v. 2.0. If a copy of the MPL was not distributed with this file, You can
 * obtain one at https://mozilla.org/MPL/2.0/.
 */
#include <stdio.h>
#include <string.h>

#include "ve.h"

SWITCH_MODULE_LOAD_FUNCTION(mod_voice_engine_load);
SWITCH_MODULE_SHUTDOWN_FUNCTION(mod_voice_engine_shutdown);
SWITCH_MODULE_DEFINITION(mod_voice_engine, mod_voice_engine_load,
                         mod_voice_engine_shutdown, NULL);

static const char *const subclasses[] = {VE_EVENT_TURN, VE_EVENT_BARGE_IN,
                                         VE_EVENT_TOOL, VE_EVENT_END};
#define SUBCLASSES (sizeof(subclasses) / sizeof(subclasses[0]))

static switch_loadable_module_interface_t *self;

/* FreeSWITCH holds this lock while an application or a command of ours runs,
 * and refuses to unload the module meanwhile. */
bool ve_module_hold(void)
{
	return switch_thread_rwlock_tryrdlock(self->rwlock) ==
	       SWITCH_STATUS_SUCCESS;
}

void ve_module_release(void)
{
	switch_thread_rwlock_unlock(self->rwlock);
}

/* -- Applications and commands -------------------------------------------- */

SWITCH_STANDARD_APP(run_voice_agent)
{
	ve_call_run(session, data);
}

SWITCH_STANDARD_APP(run_voice_listen)
{
	const char *problem = ve_listen_start(session, data);

	switch_channel_set_variable(switch_core_session_get_channel(session),
	                            "voice_listen_status",
	                            problem == NULL ? "LISTENING" : problem);
	if (problem != NULL)
		ve_log(SWITCH_LOG_ERROR, "voice_listen on %s: %s\n",
		       switch_core_session_get_uuid(session), problem);
}

/* Every command gives its answer as text, and succeeds. */
#define COMMAND(name, function)                                                \
	SWITCH_STANDARD_API(run_##name)                                        \
	{                                                                      \
		(void)session;                                                 \
		function(cmd != NULL ? cmd : "", stream);                      \
		return SWITCH_STATUS_SUCCESS;                                  \
	}

COMMAND(voice_engine, ve_command)
COMMAND(uuid_voice_say, ve_command_say)
COMMAND(uuid_voice_text, ve_command_text)
COMMAND(uuid_voice_barge_in, ve_command_barge_in)
COMMAND(uuid_voice_listen, ve_command_listen)
COMMAND(uuid_voice_tool_result, ve_command_tool_result)

static void
add_interfaces(switch_loadable_module_interface_t **module_interface)
{
	switch_application_interface_t *app;
	switch_api_interface_t *api;

	SWITCH_ADD_APP(
		app, "voice_agent", "Let a voice agent talk",
		"Answers, and lets an agent of voice_engine.conf talk "
		"with the caller until one of them ends it",
		run_voice_agent,
		"<agent> [rate=<Hz>] [transcript=<path>] [early] [hangup] "
		"[notransfer]",
		SAF_NONE);
	SWITCH_ADD_APP(app, "voice_listen", "Transcribe both sides of a call",
	               "Begins to listen and returns: bridge the call then",
	               run_voice_listen, "<agent> [transcript=<path>]",
	               SAF_MEDIA_TAP);
	SWITCH_ADD_API(api, "voice_engine", "Voice agents", run_voice_engine,
	               "status|calls|call <uuid>|providers [<agent>]|version|"
	               "reload|debug on|off");
	SWITCH_ADD_API(api, "uuid_voice_say", "Let the agent say a text",
	               run_uuid_voice_say, "<uuid> <text>");
	SWITCH_ADD_API(api, "uuid_voice_text",
	               "A turn of the caller in writing", run_uuid_voice_text,
	               "<uuid> <text>");
	SWITCH_ADD_API(api, "uuid_voice_barge_in", "Interrupt the agent",
	               run_uuid_voice_barge_in, "<uuid>");
	SWITCH_ADD_API(
		api, "uuid_voice_listen", "Transcribe a call",
		run_uuid_voice_listen,
		"<uuid> start <agent> [transcript=<path>] | <uuid> stop");
	SWITCH_ADD_API(api, "uuid_voice_tool_result", "Answer a tool call",
	               run_uuid_voice_tool_result, "<uuid> <tool id> <json>");
	switch_console_set_complete("add voice_engine status");
	switch_console_set_complete("add voice_engine calls");
	switch_console_set_complete("add voice_engine call");
	switch_console_set_complete("add voice_engine providers");
	switch_console_set_complete("add voice_engine version");
	switch_console_set_complete("add voice_engine reload");
	switch_console_set_complete("add voice_engine debug on");
	switch_console_set_complete("add voice_engine debug off");
}

/* -- Load and unload ------------------------------------------------------ */

static bool fits(void)
{
	uint32_t found = voice_abi_version();

	/* Within a major version everything that was there stays. */
	if (found >> 16 == VOICE_ABI_MAJOR && found >= VOICE_ABI_VERSION)
		return true;
	ve_log(SWITCH_LOG_ERROR,
	       "voice_engine: built for ABI %u.%u, but the "
	       "library has %u.%u: not loaded\n",
	       (unsigned)VOICE_ABI_MAJOR, (unsigned)VOICE_ABI_MINOR,
	       (unsigned)(found >> 16), (unsigned)(found & 0xFFFF));
	return false;
}

/* The number of tool threads is read once, when the module is loaded. */
static bool start(void)
{
	struct ve_generation *generation;
	char error[VE_PATH_BYTES + VE_REASON_BYTES];
	bool started;

	if (!ve_config_load(error, sizeof(error))) {
		ve_log(SWITCH_LOG_ERROR, "voice_engine: %s: not loaded\n",
		       error);
		return false;
	}
	generation = ve_generation_get();
	started = generation != NULL && ve_work_start(generation->tool_threads);
	ve_generation_put(generation);
	if (!started) {
		ve_log(SWITCH_LOG_ERROR,
		       "voice_engine: no threads: not loaded\n");
		ve_config_unload();
	}
	return started;
}

SWITCH_MODULE_LOAD_FUNCTION(mod_voice_engine_load)
{
	size_t reserved = 0;

	if (!fits())
		return SWITCH_STATUS_FALSE;
	for (; reserved < SUBCLASSES; reserved++) {
		if (switch_event_reserve_subclass(subclasses[reserved]) !=
		    SWITCH_STATUS_SUCCESS) {
			ve_log(SWITCH_LOG_ERROR,
			       "voice_engine: the event %s is "
			       "taken\n",
			       subclasses[reserved]);
			goto failed;
		}
	}
	if (!start())
		goto failed;
	*module_interface =
		switch_loadable_module_create_module_interface(pool, modname);
	self = *module_interface;
	add_interfaces(module_interface);
	ve_log(SWITCH_LOG_NOTICE, "voice_engine: library %s\n",
	       voice_library_version());
	return SWITCH_STATUS_SUCCESS;
failed:
	while (reserved > 0)
		switch_event_free_subclass(subclasses[--reserved]);
	return SWITCH_STATUS_FALSE;
}

/* Only reached while nothing is live, or while all of FreeSWITCH ends. */
SWITCH_MODULE_SHUTDOWN_FUNCTION(mod_voice_engine_shutdown)
{
	bool stopped;

	switch_console_set_complete("del voice_engine");
	ve_config_unload();
	stopped = ve_work_stop();
	for (size_t i = 0; i < SUBCLASSES; i++)
		switch_event_free_subclass(subclasses[i]);
	/* A command that never returns keeps our code in use. */
	return stopped ? SWITCH_STATUS_SUCCESS : SWITCH_STATUS_NOUNLOAD;
}
