/* Tools, refusals, commands and listeners. */
#include "scenario.h"

/* -- Tools ---------------------------------------------------------------- */

/* The result, or what came of it, is repeated. */
static const struct step ASK[] = {
	{LISTEN, NULL, 0.8},
	{SAY, QUESTION, 0},
	{HEAR, "Result", 0},
	{HANG_UP, NULL, 0},
};

void tool_by_command(void)
{
	switch_core_session_t *call = begin("tool", "tool", ASK);
	char *result;

	finish(call);
	result = event_header("voice_engine::tool", "tool", 1,
	                      "Voice-Tool-Result");
	check(result != NULL && strstr(result, "\"booked\": true") != NULL,
	      "result: %s", result != NULL ? result : "none");
	/* What a caller says is no syntax of the command. */
	check(result != NULL &&
	              strstr(result,
	                     "\"line\": \"next%20Monday%3B%20system%20touch"
	                     "%20%2Ftmp%2Fx%20%24%7Bcaller%7D%20%27a 3 tool\"") !=
	                      NULL,
	      "line: %s", result != NULL ? result : "none");
	free(result);
	check(heard_text(call, "booked"), "the answer was not heard");
	/* 0.4 s of the tool, and not a frame was missed. */
	check(call->tick - call->written < 10, "frames were missed");
	call_free(call);
}

void tool_unknown(void)
{
	switch_core_session_t *call = begin("lost", "lost", ASK);

	finish(call);
	check(events_of("voice_engine::tool", "lost", "Voice-Tool-Result",
	                "{\"error\":\"this tool is not set up\"}") == 1,
	      "no clear error");
	check(heard_text(call, "not set up"), "the model was not told");
	call_free(call);
}

void tool_by_event(void)
{
	switch_core_session_t *call = begin("outside", "outside", ASK);
	char *id = NULL;
	char *answer = NULL;

	if (events_wait("voice_engine::tool", "outside", "Voice-Tool-State",
	                "called", 15))
		id = event_header("voice_engine::tool", "outside", 0,
		                  "Voice-Tool-ID");
	check(id != NULL, "no tool was called");
	answer = host_api("uuid_voice_tool_result", "outside %s {\"seen\": 7}",
	                  id != NULL ? id : "x");
	check(strcmp(answer, "+OK\n") == 0, "%s", answer);
	finish(call);
	check(heard_text(call, "seen"), "the answer was not heard");
	free(answer);
	free(id);
	call_free(call);
}

/* A call that ends while its tool runs; the module stays until it is done. */
void tool_outlives(void)
{
	static const struct step steps[] = {
		{LISTEN, NULL, 0.8},
		{SAY, QUESTION, 0},
		{CALLED, NULL, 0},
		{HANG_UP, NULL, 0},
	};
	switch_core_session_t *call = begin("slow", "slow", steps);
	switch_core_session_t *other = begin("patient", "slow", ASK);

	finish(call);
	check(events_of("voice_engine::tool", "slow", "Voice-Tool-State",
	                "called") == 1,
	      "the tool was not called");
	call_free(call);
	check(events_wait("voice_engine::tool", "slow", "Voice-Tool-Result",
	                  "plain words", 5),
	      "the tool did not end");
	finish(other);
	check(events_of("voice_engine::tool", "patient", "Voice-Tool-Result",
	                "{\"result\":\"plain words\"}") == 1 &&
	              heard_text(other, "plain words"),
	      "text was no result");
	call_free(other);
}

/* -- Refusals ------------------------------------------------------------- */

static void refused(const char *uuid, const char *data, const char *status,
                    const char *reason)
{
	static const struct step steps[] = {{STAY, NULL, 0}};
	switch_core_session_t *call = begin(uuid, data, steps);
	unsigned before = host_logged(SWITCH_LOG_ERROR, uuid);

	finish(call);
	expect_status(call, status);
	check(strstr(call_get(call, "voice_agent_reason"), reason) != NULL,
	      "%s: reason: %s", uuid, call_get(call, "voice_agent_reason"));
	check(host_logged(SWITCH_LOG_ERROR, uuid) - before <= 1 &&
	              host_logged(SWITCH_LOG_ERROR, uuid) >= 1,
	      "%s: %u log lines", uuid, host_logged(SWITCH_LOG_ERROR, uuid));
	check(call->returned, "%s: the dialplan did not go on", uuid);
	check(strcmp(status, "FAILED") == 0 ||
	              atomic_load(&call->channel.flags[CF_ANSWERED]) == 0,
	      "%s: was answered", uuid);
	call_free(call);
}

void bad_configuration(void)
{
	refused("refused-unknown", "nobody", "BADCONFIG", "no agent");
	refused("refused-broken", "broken", "BADCONFIG", "greetings");
	refused("refused-key", "keyless", "REFUSED", "VOICE_LAB_NO_SUCH_KEY");
	refused("refused-none", "", "BADCONFIG", "expected the name");
	refused("refused-option", "talk loud", "BADCONFIG", "unknown option");
	refused("refused-rate", "talk rate=9", "BADCONFIG", "rate");
	refused("refused-dead", "dead", "FAILED", "");
	snprintf(note, sizeof(note),
	         "unknown, broken, no key, no name, "
	         "options, dead providers");
}

/* -- Commands ------------------------------------------------------------- */

void commands(void)
{
	static const struct step steps[] = {{WAIT, NULL, 6},
	                                    {HANG_UP, NULL, 0}};
	switch_core_session_t *call = begin("commands", "talk", steps);
	const char *why = "";

	nap(0.5);
	expect_answer("voice_engine", "status", "agent talk: ready");
	expect_answer("voice_engine", "status", "tool book_appointment");
	expect_answer("voice_engine", "calls", "commands agent talk 15550123");
	expect_answer("voice_engine", "call commands", "channel stand-in/");
	expect_answer("voice_engine", "call nobody", "-ERR");
	expect_answer("voice_engine", "version", "ABI 1.");
	expect_answer("voice_engine", "providers dead", "stt");
	expect_answer("voice_engine", "providers nobody", "-ERR");
	expect_answer("voice_engine", "debug maybe", "-USAGE");
	expect_answer("voice_engine", "debug on", "+OK");
	expect_answer("voice_engine", "debug off", "+OK");
	expect_answer("voice_engine", "", "-USAGE");
	expect_answer("uuid_voice_barge_in", "commands", "+OK");
	expect_answer("uuid_voice_say", "commands One more thing.", "+OK");
	expect_answer("uuid_voice_say", "commands", "-ERR");
	expect_answer("uuid_voice_say", "nobody hello", "-ERR");
	expect_answer("uuid_voice_text", "", "-USAGE");
	expect_answer("uuid_voice_listen", "commands begin x", "-USAGE");
	expect_answer("uuid_voice_listen", "nobody start x", "-ERR");
	expect_answer("uuid_voice_listen", "commands start nobody", "-ERR");
	expect_answer("uuid_voice_listen", "commands stop", "-ERR");
	expect_answer("uuid_voice_tool_result", "commands 1 {}", "+OK");
	check(!host_unload(&why) && strcmp(why, "Module in use.") == 0,
	      "unloaded with a live call: %s", why);
	finish(call);
	check(heard_text(call, "One more thing."), "it was not said");
	snprintf(note, sizeof(note), "22 commands; unload refused: %s", why);
	call_free(call);
}

/* -- Listening ------------------------------------------------------------ */

void listen_in(void)
{
	static const struct step caller[] = {
		{WAIT, NULL, 1.5},
		{SAY, QUESTION, 0},
		{WAIT, NULL, 5},
		{HANG_UP, NULL, 0},
	};
	static const struct step callee[] = {
		{WAIT, NULL, 5},
		{SAY, INTERRUPTION, 0},
		{STAY, NULL, 0},
	};
	switch_core_session_t *a = call_new("listen-a", 8000, caller);
	switch_core_session_t *b = call_new("listen-b", 8000, callee);
	char *answer = host_api("uuid_voice_listen", "listen-a start talk");
	const char *why = "";

	check(strncmp(answer, "-ERR", 4) == 0, "talk does not listen");
	free(answer);
	expect_answer("uuid_voice_listen", "listen-a start listen", "+OK");
	expect_answer("uuid_voice_listen", "listen-a start listen", "-ERR");
	expect_answer("voice_engine", "calls", "listen-a listen listen");
	check(!host_unload(&why), "unloaded with a listener");
	expect_answer("uuid_voice_say", "listen-a Offer him ten percent.",
	              "+OK");
	call_bridge(a, b);
	check(events_wait("voice_engine::end", "listen-a", "Voice-Status",
	                  "COMPLETED", 5),
	      "no end");
	check(events_of("voice_engine::turn", "listen-a", "Voice-Side",
	                "caller") >= 1,
	      "the caller was not understood");
	check(events_of("voice_engine::turn", "listen-a", "Voice-Side",
	                "callee") >= 1,
	      "the callee was not understood");
	/* The caller hears the whisper before the callee says anything; the
	 * callee hears the caller's words and nothing else. */
	check(is_loud(a->heard, 8000 * 4), "the whisper was not heard");
	check(!is_loud(b->heard, 8000), "the callee heard the whisper");
	check(b->stretches >= 1, "the callee did not hear the caller");
	snprintf(note, sizeof(note), "both sides, whisper to one");
	call_free(a);
	call_free(b);
}
