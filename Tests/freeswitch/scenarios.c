/*
 * Calls through mod_voice_engine on a stand-in of FreeSWITCH.
 *
 *   scenarios MODULE CONF_DIR WORK_DIR [--listen]
 *
 * CONF_DIR has a folder for each configuration: good, limit, broken. One line a
 * scenario; the last line counts. --listen: the engine knows listening agents.
 */
#include <dirent.h>
#include <unistd.h>

#include "stand-in/host.h"

#define MOST_PARALLEL 40
#define QUESTION "vm-num-i-have"
#define INTERRUPTION "one-moment-please"
#define GREETING "Thanks for calling, how can I help?"
/* The scripted ears need 280 ms for a word, and two words are wanted. */
#define SILENT_WITHIN_MS 1000
#define CALLS 50
#define ROUNDS 20

static const char *module_path;
static const char *conf_path;
static const char *work_path;
static bool can_listen;
static unsigned passed;
static unsigned failed;
static atomic_size_t deepest; /* [bytes] of the session threads' stacks */
static _Thread_local char problem[512];
static _Thread_local char note[256];

static void check(bool good, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first thing that is wrong is what is told. */
static void check(bool good, const char *format, ...)
{
	va_list list;

	if (good || problem[0] != '\0')
		return;
	va_start(list, format);
	vsnprintf(problem, sizeof(problem), format, list);
	va_end(list);
}

static void use_conf(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", conf_path, name);
	host_conf(path);
}

/* -- Calls ---------------------------------------------------------------- */

static void finish(switch_core_session_t *call)
{
	size_t before = atomic_load(&deepest);

	call_wait(call);
	while (call->stack_used > before &&
	       !atomic_compare_exchange_weak(&deepest, &before,
	                                     call->stack_used)) {
	}
	check(!call->timed_out, "%s: the call did not end by itself",
	      call->uuid);
	check(call->codec == NULL && call->codec_changes % 2 == 0,
	      "%s: the codec was not restored", call->uuid);
	check(events_of("voice_engine::end", call->uuid, NULL, NULL) == 1,
	      "%s: not exactly one end", call->uuid);
}

static switch_core_session_t *begin(const char *uuid, const char *data,
                                    const struct step *steps)
{
	switch_core_session_t *call = call_new(uuid, 8000, steps);

	call_start(call, "voice_agent", data);
	return call;
}

static void expect_status(switch_core_session_t *call, const char *status)
{
	const char *found = call_get(call, "voice_agent_status");

	check(strcmp(found, status) == 0, "%s: status %s (%s), not %s",
	      call->uuid, found, call_get(call, "voice_agent_reason"), status);
}

static bool heard_text(switch_core_session_t *call, const char *part)
{
	return events_of("voice_engine::turn", call->uuid, "Voice-Heard-Text",
	                 part) > 0;
}

/* -- Conversations -------------------------------------------------------- */

static const struct step CONVERSATION[] = {
	{LISTEN, NULL, 0.6}, {SAY, QUESTION, 0}, {LISTEN, NULL, 0.6},
	{SAY, QUESTION, 0}, {INTERRUPT, INTERRUPTION, 1.0}, {LISTEN, NULL, 0.6},
	{HANG_UP, NULL, 0},
};

static void converse(const char *uuid, unsigned rate, const char *data)
{
	switch_core_session_t *call = call_new(uuid, rate, CONVERSATION);
	char *first;
	char path[600];

	call_set(call, "voice_agent_var_business", "ACME \"Ltd\" ${x\x01");
	call_start(call, "voice_agent", data);
	finish(call);
	expect_status(call, "HANGUP");
	check(strcmp(call_get(call, "voice_agent_reason"), "USER_BUSY") == 0,
	      "the cause is %s", call_get(call, "voice_agent_reason"));
	first = event_header("voice_engine::turn", uuid, 0, "Voice-Heard-Text");
	check(first != NULL && strcmp(first, GREETING) == 0,
	      "heard of the greeting: %s", first != NULL ? first : "nothing");
	free(first);
	check(call->stretches >= 4, "greeting and three answers; heard %u",
	      call->stretches);
	check(events_of("voice_engine::barge_in", uuid, NULL, NULL) >= 1,
	      "no interruption was reported");
	check(call->silent_after_ms > 0 &&
	      call->silent_after_ms <= SILENT_WITHIN_MS,
	      "the agent went on for %u ms", call->silent_after_ms);
	check(events_of("voice_engine::turn", uuid, "Voice-Interrupted",
	                "true") >= 1, "no turn was interrupted");
	check(atoi(call_get(call, "voice_agent_turns")) >= 3, "%s turns",
	      call_get(call, "voice_agent_turns"));
	check(strstr(call_get(call, "voice_agent_summary"), "Certainly") != NULL,
	      "summary: %s", call_get(call, "voice_agent_summary"));
	snprintf(path, sizeof(path), "%s/transcripts/%s.json", work_path, uuid);
	check(strcmp(call_get(call, "voice_agent_transcript"), path) == 0 &&
	      access(path, R_OK) == 0, "no transcript at %s", path);
	check(call->tick - call->written < 10, "%llu ticks, %u frames written",
	      (unsigned long long)call->tick, call->written);
	snprintf(note, sizeof(note), "%u stretches heard, silent %u ms after "
	         "the interruption began", call->stretches,
	         call->silent_after_ms);
	call_free(call);
}

static void at_8_khz(void) { converse("conversation", 8000, "talk"); }
static void at_16_khz(void) { converse("wideband", 16000, "talk"); }

static void resampled(void)
{
	converse("resampled", 8000, "talk rate=16000,hangup");
}

static void silent_caller(void)
{
	static const struct step steps[] = {{STAY, NULL, 0}};
	switch_core_session_t *call = call_new("silent", 8000, steps);

	/* And a telephone that sends nothing but comfort noise. */
	call->silent_telephone = true;
	call_start(call, "voice_agent", "silent");
	finish(call);
	expect_status(call, "COMPLETED");
	check(strstr(call_get(call, "voice_agent_reason"), "silent") != NULL,
	      "reason: %s", call_get(call, "voice_agent_reason"));
	check(heard_text(call, "Goodbye") && call->stretches >= 3,
	      "greeting, question and goodbye; heard %u", call->stretches);
	check(call->returned, "the dialplan did not go on");
	snprintf(note, sizeof(note), "%s", call_get(call, "voice_agent_reason"));
	call_free(call);
}

static void digits(void)
{
	static const struct step steps[] = {
		{LISTEN, NULL, 0.4}, {KEYS, "1a2w#", 0}, {WAIT, NULL, 2},
		{HANG_UP, NULL, 0},
	};
	switch_core_session_t *call = begin("digits", "digits", steps);

	finish(call);
	expect_status(call, "HANGUP");
	check(strcmp(call->sent_digits, "42#") == 0, "sent: %s",
	      call->sent_digits);
	check(events_of("voice_engine::turn", "digits", "Voice-Caller-Text",
	                "2") > 0, "no turn of the keys");
	snprintf(note, sizeof(note), "1A2# in, %s out", call->sent_digits);
	call_free(call);
}

static void hold(void)
{
	static const struct step steps[] = {
		{WAIT, NULL, 0.8}, {HOLD, NULL, 1.5}, {LISTEN, NULL, 0.6},
		{HANG_UP, NULL, 0},
	};
	switch_core_session_t *call = begin("hold", "talk", steps);
	char *first;
	size_t begin_at = (size_t)(1.0 * 8000);

	finish(call);
	expect_status(call, "HANGUP");
	check(!is_loud(call->heard + begin_at, 8000), "heard on hold");
	first = event_header("voice_engine::turn", "hold", 0,
	                     "Voice-Heard-Text");
	check(first != NULL && strcmp(first, GREETING) == 0,
	      "the greeting did not go on: %s", first != NULL ? first : "");
	free(first);
	call_free(call);
}

/* -- The end -------------------------------------------------------------- */

static void hang_ups(const char *who, bool from_outside)
{
	static const struct step stay[] = {{SAY, QUESTION, 0}, {STAY, NULL, 0}};
	switch_core_session_t *calls[10];
	double moments[10];
	unsigned seed = 4711;

	for (unsigned i = 0; i < 10; i++) {
		struct step steps[] = {{SAY, QUESTION, 0}, {HANG_UP, NULL, 0}};
		char uuid[48];

		moments[i] = (double)(rand_r(&seed) % 4000) / 1000;
		snprintf(uuid, sizeof(uuid), "hangup-%s-%u", who, i);
		steps[0] = (struct step){WAIT, NULL, moments[i]};
		calls[i] = begin(uuid, "talk", from_outside ? stay : steps);
	}
	if (from_outside) {
		for (unsigned ms = 0; ms <= 4000; ms++) {
			nap(0.001);
			for (unsigned i = 0; i < 10; i++) {
				if ((unsigned)(moments[i] * 1000) == ms)
					telephone_hang_up(calls[i], 17);
			}
		}
	}
	for (unsigned i = 0; i < 10; i++) {
		finish(calls[i]);
		expect_status(calls[i], "HANGUP");
		check(!calls[i]->returned, "%s returned alive", calls[i]->uuid);
		call_free(calls[i]);
	}
	snprintf(note, sizeof(note), "10 moments within 4 s");
}

static void caller_hangs_up(void) { hang_ups("caller", false); }
static void switch_hangs_up(void) { hang_ups("switch", true); }

static const struct step QUESTION_ONLY[] = {
	{LISTEN, NULL, 0.3}, {SAY, QUESTION, 0}, {STAY, NULL, 0},
};

static void agent_hangs_up(void)
{
	switch_core_session_t *call =
		begin("end", "end hangup", QUESTION_ONLY);

	finish(call);
	expect_status(call, "COMPLETED");
	check(heard_text(call, "Goodbye then"), "no goodbye was heard");
	check(!call->returned, "hangup did not hang up");
	snprintf(note, sizeof(note), "%s", call_get(call, "voice_agent_reason"));
	call_free(call);
}

static void transfers(void)
{
	switch_core_session_t *call =
		begin("transfer", "transfer", QUESTION_ONLY);
	switch_core_session_t *other = begin("refer", "refer", QUESTION_ONLY);

	finish(call);
	expect_status(call, "TRANSFER");
	check(heard_text(call, "I put you through"), "the words were not heard");
	check(strcmp(call->transfer[0], "2000") == 0 &&
	      strcmp(call->transfer[1], "XML") == 0 &&
	      strcmp(call->transfer[2], "default") == 0, "to %s %s %s",
	      call->transfer[0], call->transfer[1], call->transfer[2]);
	finish(other);
	expect_status(other, "TRANSFER");
	check(strcmp(other->application, "deflect") == 0 &&
	      strcmp(other->argument, "sip:desk@example.org") == 0,
	      "%s %s", other->application, other->argument);
	snprintf(note, sizeof(note), "2000 XML default, and REFER");
	call_free(call);
	call_free(other);
}

static void taken_away(void)
{
	static const struct step steps[] = {{STAY, NULL, 0}};
	switch_core_session_t *call = begin("taken", "talk", steps);

	nap(0.5);
	/* What uuid_transfer does. */
	atomic_store(&call->channel.flags[CF_TRANSFER], 1);
	finish(call);
	expect_status(call, "TRANSFER");
	check(call->transfer[0][0] == '\0', "transferred again");
	call_free(call);
}

/* -- Tools ---------------------------------------------------------------- */

static const struct step ASK[] = {
	{LISTEN, NULL, 0.3}, {SAY, QUESTION, 0}, {LISTEN, NULL, 0.6},
	{HANG_UP, NULL, 0},
};

static void tool_by_command(void)
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
	      strstr(result, "\"line\": \"next%20Monday%3B%20system%20touch"
	             "%20%2Ftmp%2Fx%20%24%7Bcaller%7D%20%27a 3 tool\"") != NULL,
	      "line: %s", result != NULL ? result : "none");
	free(result);
	check(heard_text(call, "booked"), "the answer was not heard");
	/* 0.4 s of the tool, and not a frame was missed. */
	check(call->tick - call->written < 10, "frames were missed");
	call_free(call);
}

static void tool_unknown(void)
{
	switch_core_session_t *call = begin("lost", "lost", ASK);

	finish(call);
	check(events_of("voice_engine::tool", "lost", "Voice-Tool-Result",
	                "{\"error\":\"this tool is not set up\"}") == 1,
	      "no clear error");
	check(heard_text(call, "not set up"), "the model was not told");
	call_free(call);
}

static void tool_by_event(void)
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
static void tool_outlives(void)
{
	static const struct step steps[] = {
		{LISTEN, NULL, 0.3}, {SAY, QUESTION, 0}, {WAIT, NULL, 1.2},
		{HANG_UP, NULL, 0},
	};
	switch_core_session_t *call = begin("slow", "slow", steps);
	switch_core_session_t *other = begin("patient", "slow", ASK);

	finish(call);
	check(events_of("voice_engine::tool", "slow", "Voice-Tool-State",
	                "called") == 1, "the tool was not called");
	call_free(call);
	check(events_wait("voice_engine::tool", "slow", "Voice-Tool-Result",
	                  "plain words", 5), "the tool did not end");
	finish(other);
	check(events_of("voice_engine::tool", "patient", "Voice-Tool-Result",
	                "{\"result\":\"plain words\"}") == 1 &&
	      heard_text(other, "plain words"), "text was no result");
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

static void bad_configuration(void)
{
	refused("refused-unknown", "nobody", "BADCONFIG", "no agent");
	refused("refused-broken", "broken", "BADCONFIG", "greetings");
	refused("refused-key", "keyless", "REFUSED", "VOICE_LAB_NO_SUCH_KEY");
	refused("refused-none", "", "BADCONFIG", "expected the name");
	refused("refused-option", "talk loud", "BADCONFIG", "unknown option");
	refused("refused-rate", "talk rate=9", "BADCONFIG", "rate");
	refused("refused-dead", "dead", "FAILED", "");
	snprintf(note, sizeof(note), "unknown, broken, no key, no name, "
	         "options, dead providers");
}

/* -- Commands ------------------------------------------------------------- */

static void expect_answer(const char *command, const char *argument,
                          const char *part)
{
	char *answer = host_api(command, "%s", argument);

	check(strstr(answer, part) != NULL, "%s %s: %s", command, argument,
	      answer);
	free(answer);
}

static void commands(void)
{
	static const struct step steps[] = {{WAIT, NULL, 6}, {HANG_UP, NULL, 0}};
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

static void listen(void)
{
	static const struct step caller[] = {
		{WAIT, NULL, 0.5}, {SAY, QUESTION, 0}, {WAIT, NULL, 4},
		{HANG_UP, NULL, 0},
	};
	static const struct step callee[] = {
		{WAIT, NULL, 3}, {SAY, INTERRUPTION, 0}, {STAY, NULL, 0},
	};
	switch_core_session_t *a = call_new("listen-a", 8000, caller);
	switch_core_session_t *b = call_new("listen-b", 8000, callee);
	char *answer = host_api("uuid_voice_listen", "listen-a start talk");
	const char *why = "";

	if (can_listen)
		check(strncmp(answer, "-ERR", 4) == 0, "talk does not listen");
	free(answer);
	if (!can_listen)
		free(host_api("uuid_voice_listen", "listen-a stop"));
	expect_answer("uuid_voice_listen", "listen-a start listen", "+OK");
	expect_answer("uuid_voice_listen", "listen-a start listen", "-ERR");
	expect_answer("voice_engine", "calls", "listen-a listen listen");
	check(!host_unload(&why), "unloaded with a listener");
	expect_answer("uuid_voice_say", "listen-a Offer him ten percent.", "+OK");
	call_bridge(a, b);
	check(events_wait("voice_engine::end", "listen-a", "Voice-Status",
	                  "COMPLETED", 5), "no end");
	check(events_of("voice_engine::turn", "listen-a", "Voice-Side",
	                "caller") >= 1, "the caller was not understood");
	check(events_of("voice_engine::turn", "listen-a", "Voice-Side",
	                "callee") >= 1, "the callee was not understood");
	/* The caller hears the whisper before the callee says anything; the
	 * callee hears the caller's words and nothing else. */
	check(is_loud(a->heard, 8000 * 2), "the whisper was not heard");
	check(!is_loud(b->heard, 8000 / 2), "the callee heard the whisper");
	check(b->stretches >= 1, "the callee did not hear the caller");
	snprintf(note, sizeof(note), "both sides, whisper to one%s",
	         can_listen ? "" : "; with an agent that says nothing: this "
	         "engine has no listening mode");
	call_free(a);
	call_free(b);
}

/* -- Many, and again ------------------------------------------------------ */

static void many(void)
{
	static const struct step steps[] = {
		{LISTEN, NULL, 0.3}, {SAY, QUESTION, 0}, {LISTEN, NULL, 0.5},
		{HANG_UP, NULL, 0},
	};
	switch_core_session_t *calls[CALLS];
	unsigned missed = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		char uuid[48];

		snprintf(uuid, sizeof(uuid), "many-%u", i);
		calls[i] = begin(uuid, "talk", steps);
	}
	for (unsigned i = 0; i < CALLS; i++) {
		finish(calls[i]);
		expect_status(calls[i], "HANGUP");
		check(calls[i]->stretches >= 2, "%s heard %u stretches",
		      calls[i]->uuid, calls[i]->stretches);
		/* One frame written for each that was read. */
		missed += (unsigned)(calls[i]->tick - 1 - calls[i]->written > 1);
		call_free(calls[i]);
	}
	check(missed == 0, "%u calls have lost frames", missed);
	snprintf(note, sizeof(note), "%u calls, 0 frames lost", CALLS);
}

static void reload(void)
{
	static const struct step steps[] = {{WAIT, NULL, 3}, {HANG_UP, NULL, 0}};
	switch_core_session_t *old = begin("reload-old", "talk", steps);
	switch_core_session_t *new;
	switch_core_session_t *third;

	nap(0.5);
	use_conf("broken");
	expect_answer("voice_engine", "reload", "-ERR");
	use_conf("limit");
	expect_answer("voice_engine", "reload", "+OK");
	expect_answer("voice_engine", "status", "configuration 2");
	new = begin("reload-new", "talk", steps);
	nap(0.3);
	third = begin("reload-third", "talk", steps);
	finish(third);
	expect_status(third, "REFUSED");
	finish(old);
	expect_status(old, "HANGUP");
	check(heard_text(old, GREETING), "the old call did not go on");
	finish(new);
	expect_status(new, "HANGUP");
	check(heard_text(new, "We have moved."), "the new greeting was not heard");
	use_conf("good");
	expect_answer("voice_engine", "reload", "+OK");
	snprintf(note, sizeof(note), "old call on the old configuration, "
	         "max-calls refuses the third");
	call_free(old);
	call_free(new);
	call_free(third);
}

static unsigned threads(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/task");

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void rounds(void)
{
	static const struct step steps[] = {{WAIT, NULL, 0.2},
	                                    {HANG_UP, NULL, 0}};
	unsigned after_first = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const char *why = "";
		char error[256] = "";
		char uuid[48];
		switch_core_session_t *call;

		check(host_unload(&why), "round %u: unload: %s", i, why);
		if (i == 1)
			after_first = threads();
		check(i < 1 || threads() <= after_first,
		      "round %u: %u threads, not %u", i, threads(), after_first);
		check(host_load(module_path, error, sizeof(error)),
		      "round %u: load: %s", i, error);
		if (problem[0] != '\0')
			return;
		snprintf(uuid, sizeof(uuid), "round-%u", i);
		call = begin(uuid, "talk", steps);
		finish(call);
		expect_status(call, "HANGUP");
		call_free(call);
	}
	snprintf(note, sizeof(note), "%u rounds with a call each, %u threads "
	         "when unloaded", ROUNDS, after_first);
}

/* -- Running -------------------------------------------------------------- */

struct scenario {
	const char *name;
	void (*run)(void);
	char problem[512];
	char note[256];
	pthread_t thread;
};

static struct scenario together[] = {
	{.name = "greeting, turn, barge-in, goodbye", .run = at_8_khz},
	{.name = "the same at 16 kHz", .run = at_16_khz},
	{.name = "16 kHz on an 8 kHz call", .run = resampled},
	{.name = "silent caller", .run = silent_caller},
	{.name = "keys both ways", .run = digits},
	{.name = "hold and unhold", .run = hold},
	{.name = "the caller hangs up", .run = caller_hangs_up},
	{.name = "FreeSWITCH hangs up", .run = switch_hangs_up},
	{.name = "the agent hangs up", .run = agent_hangs_up},
	{.name = "transfer", .run = transfers},
	{.name = "uuid_transfer takes the call away", .run = taken_away},
	{.name = "tool by an API command", .run = tool_by_command},
	{.name = "tool that is not set up", .run = tool_unknown},
	{.name = "tool answered over events", .run = tool_by_event},
	{.name = "tool with a text, tool that outlives its call", .run = tool_outlives},
	{.name = "bad configurations", .run = bad_configuration},
	{.name = "commands, unload refused", .run = commands},
	{.name = "listener with whisper", .run = listen},
};

static struct scenario alone[] = {
	{.name = "50 simultaneous calls", .run = many},
	{.name = "reload with a live call", .run = reload},
	{.name = "load and unload", .run = rounds},
};

static void *run(void *context)
{
	struct scenario *scenario = context;

	problem[0] = '\0';
	note[0] = '\0';
	scenario->run();
	snprintf(scenario->problem, sizeof(scenario->problem), "%s", problem);
	snprintf(scenario->note, sizeof(scenario->note), "%s", note);
	return NULL;
}

static void tell(const struct scenario *scenario)
{
	bool good = scenario->problem[0] == '\0';

	*(good ? &passed : &failed) += 1;
	printf("  %-7s stand-in: %s%s%s\n", good ? "ok" : "FAILED",
	       scenario->name, good && scenario->note[0] == '\0' ? "" : ": ",
	       good ? scenario->note : scenario->problem);
	fflush(stdout);
}

static void refuse_broken(void)
{
	char error[256] = "";

	use_conf("broken");
	check(!host_load(module_path, error, sizeof(error)), "it was loaded");
	check(host_logged(SWITCH_LOG_ERROR, "max-calls") == 1,
	      "not one clear line");
	use_conf("good");
}

int main(int count, char **arguments)
{
	struct scenario first = {.name = "load refused: broken configuration",
	                         .run = refuse_broken};
	char log[512];
	char error[256] = "";
	const char *why = "";

	if (count < 4) {
		fprintf(stderr, "scenarios MODULE CONF_DIR WORK_DIR\n");
		return 2;
	}
	module_path = arguments[1];
	conf_path = arguments[2];
	work_path = arguments[3];
	can_listen = count > 4 && strcmp(arguments[4], "--listen") == 0;
	snprintf(log, sizeof(log), "%s/freeswitch.log", work_path);
	host_begin(conf_path, log);
	run(&first);
	tell(&first);
	if (!host_load(module_path, error, sizeof(error))) {
		printf("  FAILED  stand-in: load: %s\n", error);
		return 1;
	}
	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++)
		pthread_create(&together[i].thread, NULL, run, &together[i]);
	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++) {
		pthread_join(together[i].thread, NULL);
		tell(&together[i]);
	}
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		run(&alone[i]);
		tell(&alone[i]);
	}
	if (!host_unload(&why)) {
		printf("  FAILED  stand-in: unload at the end: %s\n", why);
		failed++;
	}
	printf("  session threads used %zu of %d KiB of stack\n",
	       atomic_load(&deepest) / 1024, STACK_BYTES / 1024);
	printf("%u passed, %u failed\n", passed, failed);
	host_end();
	return failed > 0;
}
