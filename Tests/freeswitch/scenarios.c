/*
 * Calls through mod_voice_engine on a stand-in of FreeSWITCH.
 *
 *   scenarios MODULE CONF_DIR WORK_DIR [--short] [--refuse]
 *
 * CONF_DIR has a folder for each configuration: good, limit, broken. One line a
 * scenario; the last line counts. --short: fewer rounds of load and unload;
 * --refuse: the library is of another ABI, and all that the module shall do is
 * not to load.
 */
#include <dirent.h>

#include "scenario.h"

#define CALLS 50
#define ROUNDS 20

static const char *module_path;
static const char *conf_path;
const char *work_path;
static unsigned most_rounds = ROUNDS;
static unsigned passed;
static unsigned failed;
static atomic_size_t deepest; /* [bytes] of the session threads' stacks */
static _Thread_local char problem[512];
_Thread_local char note[256];

void check(bool good, const char *format, ...)
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

void finish(switch_core_session_t *call)
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

switch_core_session_t *begin(const char *uuid, const char *data,
                             const struct step *steps)
{
	switch_core_session_t *call = call_new(uuid, 8000, steps);

	call_start(call, "voice_agent", data);
	return call;
}

void expect_status(switch_core_session_t *call, const char *status)
{
	const char *found = call_get(call, "voice_agent_status");

	check(strcmp(found, status) == 0, "%s: status %s (%s), not %s",
	      call->uuid, found, call_get(call, "voice_agent_reason"), status);
}

bool heard_text(switch_core_session_t *call, const char *part)
{
	return events_of("voice_engine::turn", call->uuid, "Voice-Heard-Text",
	                 part) > 0;
}

void expect_answer(const char *command, const char *argument, const char *part)
{
	char *answer = host_api(command, "%s", argument);

	check(strstr(answer, part) != NULL, "%s %s: %s", command, argument,
	      answer);
	free(answer);
}

/* -- Many, and again ------------------------------------------------------ */

static void many(void)
{
	static const struct step steps[] = {
		{LISTEN, NULL, 0.8},
		{SAY, QUESTION, 0},
		{LISTEN, NULL, 0.8},
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
		missed +=
			(unsigned)(calls[i]->tick - 1 - calls[i]->written > 1);
		call_free(calls[i]);
	}
	check(missed == 0, "%u calls have lost frames", missed);
	snprintf(note, sizeof(note), "%u calls, 0 frames lost", CALLS);
}

static void reload(void)
{
	static const struct step steps[] = {{WAIT, NULL, 3},
	                                    {HANG_UP, NULL, 0}};
	switch_core_session_t *old = begin("reload-old", "talk", steps);
	switch_core_session_t *new;
	switch_core_session_t *third;
	switch_core_session_t *bridge;

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
	check(heard_text(new, "We have moved."),
	      "the new greeting was not heard");
	bridge = begin("no-bridge", "bridge", QUESTION_ONLY);
	finish(bridge);
	expect_status(bridge, "FAILED");
	check(bridge->application[0] == '\0', "it was bridged all the same");
	call_free(bridge);
	use_conf("good");
	expect_answer("voice_engine", "reload", "+OK");
	snprintf(note, sizeof(note),
	         "old call on the old configuration, "
	         "max-calls refuses the third");
	call_free(old);
	call_free(new);
	call_free(third);
}

static unsigned threads(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void rounds(void)
{
	static const struct step steps[] = {{WAIT, NULL, 0.2},
	                                    {HANG_UP, NULL, 0}};
	unsigned after_first = 0;

	for (unsigned i = 0; i < most_rounds; i++) {
		const char *why = "";
		char error[256] = "";
		char uuid[48];
		switch_core_session_t *call;

		check(host_unload(&why), "round %u: unload: %s", i, why);
		if (i == 1)
			after_first = threads();
		check(i < 1 || threads() <= after_first,
		      "round %u: %u threads, not %u", i, threads(),
		      after_first);
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
	snprintf(note, sizeof(note),
	         "%u rounds with a call each, %u threads "
	         "when unloaded",
	         most_rounds, after_first);
}

/* -- Running -------------------------------------------------------------- */

struct scenario {
	const char *name;
	void (*run)(void);
	char problem[512];
	char note[256];
	double seconds;
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
	{.name = "tool with a text, tool that outlives its call",
         .run = tool_outlives},
	{.name = "bad configurations", .run = bad_configuration},
	{.name = "commands, unload refused", .run = commands},
	{.name = "listener with whisper", .run = listen_in},
	{.name = "50 simultaneous calls, beside all these", .run = many},
};

static struct scenario alone[] = {
	{.name = "reload with a live call", .run = reload},
	{.name = "load and unload", .run = rounds},
};

static void *run(void *context)
{
	struct scenario *scenario = context;
	struct timespec begun;
	struct timespec ended;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	problem[0] = '\0';
	note[0] = '\0';
	scenario->run();
	clock_gettime(CLOCK_MONOTONIC, &ended);
	scenario->seconds = (double)(ended.tv_sec - begun.tv_sec) +
	                    (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
	snprintf(scenario->problem, sizeof(scenario->problem), "%s", problem);
	snprintf(scenario->note, sizeof(scenario->note), "%s", note);
	return NULL;
}

static void tell(const struct scenario *scenario)
{
	bool good = scenario->problem[0] == '\0';

	*(good ? &passed : &failed) += 1;
	printf("  %-7s stand-in: %s (%.0f s)%s%s\n", good ? "ok" : "FAILED",
	       scenario->name, scenario->seconds,
	       good && scenario->note[0] == '\0' ? "" : ": ",
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

static void refuse_abi(void)
{
	char error[256] = "";

	use_conf("good");
	check(!host_load(module_path, error, sizeof(error)), "it was loaded");
	check(host_logged(SWITCH_LOG_ERROR, "has 2.0: not loaded") == 1,
	      "not one clear line");
}

int main(int count, char **arguments)
{
	struct scenario other = {.name = "load refused: library of another ABI",
	                         .run = refuse_abi};
	bool refuse = false;
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
	for (int i = 4; i < count; i++) {
		refuse = refuse || strcmp(arguments[i], "--refuse") == 0;
		if (strcmp(arguments[i], "--short") == 0)
			most_rounds = ROUNDS / 4;
	}
	snprintf(log, sizeof(log), "%s/freeswitch.log", work_path);
	host_begin(conf_path, log);
	if (refuse) {
		run(&other);
		tell(&other);
		printf("%u passed, %u failed\n", passed, failed);
		host_end();
		return failed > 0;
	}
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
