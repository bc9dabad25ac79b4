/* Conversations, and how they end. */
#include <unistd.h>

#include "scenario.h"

/* -- Conversations -------------------------------------------------------- */

/* The scripted ears need 280 ms for a word, and two words are wanted. */
#define SILENT_WITHIN_MS 1000

static const struct step CONVERSATION[] = {
	{LISTEN, NULL, 0.8},
	{SAY, QUESTION, 0},
	{LISTEN, NULL, 0.8},
	{SAY, QUESTION, 0},
	{INTERRUPT, INTERRUPTION, 0.6},
	{LISTEN, NULL, 0.8},
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
	                "true") >= 1,
	      "no turn was interrupted");
	check(atoi(call_get(call, "voice_agent_turns")) >= 3, "%s turns",
	      call_get(call, "voice_agent_turns"));
	check(strstr(call_get(call, "voice_agent_summary"), "Certainly") !=
	              NULL,
	      "summary: %s", call_get(call, "voice_agent_summary"));
	snprintf(path, sizeof(path), "%s/transcripts/%s.json", work_path, uuid);
	check(strcmp(call_get(call, "voice_agent_transcript"), path) == 0 &&
	              access(path, R_OK) == 0,
	      "no transcript at %s", path);
	check(call->tick - call->written < 10, "%llu ticks, %u frames written",
	      (unsigned long long)call->tick, call->written);
	snprintf(note, sizeof(note),
	         "%u stretches heard, silent %u ms after "
	         "the interruption began",
	         call->stretches, call->silent_after_ms);
	call_free(call);
}

void at_8_khz(void)
{
	converse("conversation", 8000, "talk");
}
void at_16_khz(void)
{
	converse("wideband", 16000, "talk");
}

void resampled(void)
{
	converse("resampled", 8000, "talk rate=16000,hangup");
}

void silent_caller(void)
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
	snprintf(note, sizeof(note), "%s",
	         call_get(call, "voice_agent_reason"));
	call_free(call);
}

void digits(void)
{
	static const struct step steps[] = {
		{LISTEN, NULL, 0.8},
		{KEYS, "1a2w#", 0},
		{WAIT, NULL, 4},
		{HANG_UP, NULL, 0},
	};
	switch_core_session_t *call = begin("digits", "digits", steps);

	finish(call);
	expect_status(call, "HANGUP");
	check(strcmp(call->sent_digits, "42#") == 0, "sent: %s",
	      call->sent_digits);
	check(events_of("voice_engine::turn", "digits", "Voice-Caller-Text",
	                "2") > 0,
	      "no turn of the keys");
	snprintf(note, sizeof(note), "1A2# in, %s out", call->sent_digits);
	call_free(call);
}

void hold(void)
{
	static const struct step steps[] = {
		{WAIT, NULL, 0.8},
		{HOLD, NULL, 1.5},
		{LISTEN, NULL, 0.8},
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
	unsigned longest = 0;

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
		if (calls[i]->returned_ms > longest)
			longest = calls[i]->returned_ms;
		call_free(calls[i]);
	}
	snprintf(note, sizeof(note),
	         "10 moments within 4 s, done %u ms after it at most", longest);
}

void caller_hangs_up(void)
{
	hang_ups("caller", false);
}
void switch_hangs_up(void)
{
	hang_ups("switch", true);
}

const struct step QUESTION_ONLY[] = {
	{LISTEN, NULL, 0.8},
	{SAY, QUESTION, 0},
	{STAY, NULL, 0},
};

void agent_hangs_up(void)
{
	switch_core_session_t *call = begin("end", "end hangup", QUESTION_ONLY);

	finish(call);
	expect_status(call, "COMPLETED");
	check(heard_text(call, "Goodbye then"), "no goodbye was heard");
	check(!call->returned, "hangup did not hang up");
	snprintf(note, sizeof(note), "%s",
	         call_get(call, "voice_agent_reason"));
	call_free(call);
}

void transfers(void)
{
	switch_core_session_t *call =
		begin("transfer", "transfer", QUESTION_ONLY);
	switch_core_session_t *other = begin("refer", "refer", QUESTION_ONLY);
	switch_core_session_t *third = begin("bridge", "bridge", QUESTION_ONLY);

	finish(call);
	expect_status(call, "TRANSFER");
	check(heard_text(call, "I put you through"),
	      "the words were not heard");
	check(strcmp(call->transfer[0], "2000") == 0 &&
	              strcmp(call->transfer[1], "XML") == 0 &&
	              strcmp(call->transfer[2], "default") == 0,
	      "to %s %s %s", call->transfer[0], call->transfer[1],
	      call->transfer[2]);
	finish(other);
	expect_status(other, "TRANSFER");
	check(strcmp(other->application, "deflect") == 0 &&
	              strcmp(other->argument, "sip:desk@example.org") == 0,
	      "%s %s", other->application, other->argument);
	finish(third);
	expect_status(third, "TRANSFER");
	check(strcmp(third->application, "bridge") == 0 &&
	              strcmp(third->argument, "user/1001") == 0,
	      "%s %s", third->application, third->argument);
	call_free(third);
	third = begin("dialplan", "transfer notransfer", QUESTION_ONLY);
	finish(third);
	expect_status(third, "TRANSFER");
	check(third->transfer[0][0] == '\0' && third->returned &&
	              strcmp(call_get(third, "voice_agent_transfer"),
	                     "2000 XML default") == 0,
	      "not left to the dialplan");
	snprintf(note, sizeof(note),
	         "2000 XML default, REFER, bridge, dialplan");
	call_free(third);
	call_free(call);
	call_free(other);
}

void taken_away(void)
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
