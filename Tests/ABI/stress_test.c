/*
 * A host that does everything wrong at once: threads and callbacks call every
 * function with random arguments on random handles, live, dead and invented,
 * of two engines that live and some that come and go.
 *
 *     stress_test [SECONDS [SEED]]
 *
 * Nothing may crash, hang or give an unknown status; at the end no descriptor
 * and no thread is left.
 */
#include "abi_test.h"

#include <dirent.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS 6
#define SLOTS 48

/* Handles of every kind; dead ones stay until they are overwritten. */
static _Atomic(void *) handles[SLOTS];
static voice_engine *engines[2];
static atomic_int stop;
static atomic_ullong calls;
static atomic_ullong frames;
static atomic_ullong events;
static atomic_int extra_engines;
static atomic_uint failures;
static uint64_t seed;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t below(uint64_t *state, uint64_t bound)
{
	return next_random(state) % bound;
}

static void *any_handle(uint64_t *r)
{
	uintptr_t handle = (uintptr_t)atomic_load(&handles[below(r, SLOTS)]);

	switch (below(r, 32)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)next_random(r);
	case 2:
		return (void *)(handle ^ (uintptr_t)1 << below(r, 64));
	case 3:
		return engines[below(r, 2)];
	default:
		return (void *)handle;
	}
}

static voice_engine *any_engine(uint64_t *r)
{
	return below(r, 8) == 0 ? (voice_engine *)any_handle(r)
	                        : engines[below(r, 2)];
}

/* What is forgotten is freed, so that at the end nothing may be left. */
static void keep(uint64_t *r, void *handle)
{
	void *old;

	if (handle == NULL)
		return;
	old = atomic_exchange(&handles[below(r, SLOTS)], handle);
	voice_session_destroy((voice_session *)old);
	voice_server_stop((voice_server *)old);
}

static const char *any_text(uint64_t *r)
{
	static char large[9000];
	static const char *const texts[] = {
		"",
		"test",
		"nobody",
		"1",
		"12#*",
		"{}",
		"[]",
		"{\"a\":\"b\"}",
		"\xFF\xFE",
		"One moment, please.",
		AGENT_JSON,
		"{\"a\":[",
		NULL,
		"x\ny",
		"[{\"role\":\"user\",\"content\":\"Hi.\"}]",
	};

	if (below(r, 40) == 0) {
		memset(large, 'a', sizeof(large) - 1);
		return large;
	}
	return texts[below(r, sizeof(texts) / sizeof(texts[0]))];
}

static uint32_t any_size(uint64_t *r, size_t right)
{
	switch (below(r, 12)) {
	case 0:
		return (uint32_t)next_random(r);
	case 1:
		return (uint32_t)below(r, right + 64);
	default:
		return (uint32_t)right;
	}
}

static uint32_t any_number(uint64_t *r, const uint32_t *good, size_t count)
{
	return below(r, 10) == 0 ? (uint32_t)next_random(r)
	                         : good[below(r, count)];
}

static void note(voice_status status, const char *what)
{
	atomic_fetch_add(&calls, 1);
	if (status <= 0 &&
	    strcmp(voice_status_text(status), voice_status_text(-12345)) == 0) {
		printf("FAIL %s gave %d\n", what, (int)status);
		atomic_fetch_add(&failures, 1);
	}
	if (status == VOICE_ERR_INTERNAL) {
		printf("FAIL %s: %s\n", what, voice_last_error());
		atomic_fetch_add(&failures, 1);
	}
}

static void act(uint64_t *r, int in_callback);

static void on_event(void *user_data, const voice_event *event)
{
	uint64_t r =
		seed ^ (uint64_t)event->time_ns ^ (uintptr_t)event->session;

	(void)user_data;
	atomic_fetch_add(&events, 1);
	if (event->text == NULL || event->name == NULL || event->id == NULL)
		atomic_fetch_add(&failures, 1);
	if (r == 0 || atomic_load(&stop))
		return;
	(void)next_random(&r);
	if (below(&r, 8) == 0)
		voice_session_destroy(event->session);
	else if (below(&r, 4) == 0)
		act(&r, 1);
}

static void on_audio(void *user_data, voice_session *session, const void *audio,
                     size_t bytes)
{
	uint64_t r = seed + atomic_fetch_add(&frames, 1) * 2654435761u + 1;

	(void)user_data;
	(void)audio;
	(void)bytes;
	(void)next_random(&r);
	if (atomic_load(&stop))
		return;
	if (below(&r, 64) == 0)
		voice_session_destroy(session);
	else if (below(&r, 16) == 0)
		act(&r, 1);
}

static void on_log(void *user_data, int32_t level, const char *component,
                   const char *message)
{
	(void)user_data;
	if (level < VOICE_LOG_TRACE || level > VOICE_LOG_ERROR ||
	    strlen(component) == 0 || strchr(message, '\n') != NULL)
		atomic_fetch_add(&failures, 1);
}

static void create_session(uint64_t *r)
{
	static const uint32_t rates[] = {0,     8000,  11025, 16000,
	                                 22050, 24000, 48000, 7999};
	static const uint32_t small[] = {0, 0, 1, 2, 3, 4};
	static const uint32_t lengths[] = {0, 0, 10, 20, 30, 60, 15};
	union {
		voice_session_config known;
		unsigned char bytes[sizeof(voice_session_config) + 128];
	} config;
	union {
		voice_session_callbacks known;
		unsigned char bytes[sizeof(voice_session_callbacks) + 128];
	} callbacks;
	voice_session *session = NULL;

	memset(&config, 0, sizeof(config));
	memset(&callbacks, 0, sizeof(callbacks));
	config.known.struct_size = any_size(r, sizeof(config.known));
	if (below(r, 2) == 0) {
		config.known.input_encoding = any_number(r, small, 6);
		config.known.output_encoding = any_number(r, small, 6);
		config.known.input_rate = any_number(r, rates, 8);
		config.known.output_rate = any_number(r, rates, 8);
		config.known.ptime_ms = any_number(r, lengths, 7);
		config.known.playout = any_number(r, small, 4);
	}
	config.known.agent_name = below(r, 8) == 0 ? any_text(r) : "test";
	if (below(r, 8) == 0)
		config.known.agent_json = any_text(r);
	if (below(r, 8) == 0)
		config.known.variables_json = any_text(r);
	if (below(r, 8) == 0)
		config.known.conversation_json = any_text(r);
	if (below(r, 4) == 0)
		config.known.call_id = any_text(r);
	callbacks.known.struct_size = any_size(r, sizeof(callbacks.known));
	if (below(r, 2) == 0)
		callbacks.known.on_event = on_event;
	if (below(r, 2) == 0)
		callbacks.known.on_audio = on_audio;
	note(voice_session_create(any_engine(r),
	                          below(r, 30) == 0 ? NULL : &config.known,
	                          below(r, 4) == 0 ? NULL : &callbacks.known,
	                          below(r, 30) == 0 ? NULL : &session),
	     "voice_session_create");
	keep(r, session);
}

static void create_engine(uint64_t *r)
{
	voice_engine_config config;
	voice_engine *engine = NULL;

	/* An engine is a dozen threads: a few at a time are enough. */
	if (atomic_fetch_add(&extra_engines, 1) < 3) {
		memset(&config, 0, sizeof(config));
		config.struct_size = any_size(r, sizeof(config));
		if (config.struct_size > sizeof(config))
			config.struct_size = sizeof(config);
		config.loops = 1 + (uint32_t)below(r, 2);
		config.inference_threads = 1;
		config.max_sessions = (uint32_t)below(r, 8);
		config.on_log = on_log;
		config.log_level = (int32_t)below(r, 7);
		if (below(r, 8) == 0)
			config.ca_file = any_text(r);
		if (below(r, 8) == 0)
			config.proxy = any_text(r);
		if (below(r, 8) == 0)
			config.no_proxy = any_text(r);
		if (below(r, 8) == 0)
			config.loop_cpus = below(r, 2) == 0 ? "0" : any_text(r);
		note(voice_engine_create(&config, &engine),
		     "voice_engine_create");
		if (engine != NULL) {
			note(voice_engine_add_agent(engine, AGENT_JSON,
			                            strlen(AGENT_JSON)),
			     "voice_engine_add_agent");
			keep(r, engine);
			(void)poll(NULL, 0, (int)below(r, 20));
			voice_engine_destroy(engine);
		}
	}
	atomic_fetch_sub(&extra_engines, 1);
}

static void start_server(uint64_t *r)
{
	voice_server_config config;
	voice_server *server = NULL;

	memset(&config, 0, sizeof(config));
	config.struct_size = any_size(r, sizeof(config));
	if (config.struct_size > sizeof(config))
		config.struct_size = sizeof(config);
	config.max_calls = (uint32_t)below(r, 3);
	config.host = below(r, 8) == 0 ? "256.0.0.1" : NULL;
	config.on_event = on_event;
	if (below(r, 8) == 0)
		config.public_url = any_text(r);
	note(voice_server_start(any_engine(r), &config, &server),
	     "voice_server_start");
	keep(r, server);
	(void)poll(NULL, 0, (int)below(r, 5));
	if (below(r, 4) != 0)
		voice_server_stop(server);
}

static void act_on_session(uint64_t *r, uint64_t choice)
{
	static _Thread_local unsigned char audio[VOICE_MAX_PUSH_BYTES + 8];
	voice_session *session = (voice_session *)any_handle(r);
	const size_t sizes[] = {0,
	                        1,
	                        2,
	                        160,
	                        320,
	                        321,
	                        960,
	                        1920,
	                        16000,
	                        VOICE_MAX_PUSH_BYTES,
	                        VOICE_MAX_PUSH_BYTES + 1,
	                        SIZE_MAX};
	size_t bytes = sizes[below(r, sizeof(sizes) / sizeof(sizes[0]))];
	union {
		voice_event known;
		unsigned char bytes[sizeof(voice_event) + 128];
	} event;

	switch (choice) {
	case 0:
		note(voice_session_push_audio(session, audio + below(r, 4),
		                              bytes),
		     "push_audio");
		break;
	case 1:
		note(voice_session_pull_audio(session, audio + below(r, 4),
		                              bytes),
		     "pull_audio");
		break;
	case 2:
		note(voice_session_barge_in(session), "barge_in");
		break;
	case 3:
		note(voice_session_say(session, any_text(r)), "say");
		break;
	case 4:
		note(voice_session_send_text(session, any_text(r)),
		     "send_text");
		break;
	case 5:
		note(voice_session_send_dtmf(session, any_text(r)),
		     "send_dtmf");
		break;
	case 6:
		note(voice_session_tool_result(session, any_text(r),
		                               any_text(r)),
		     "tool_result");
		break;
	case 7:
		if (below(r, 8) == 0)
			note(voice_session_hangup(session), "hangup");
		break;
	case 8:
		note(voice_session_event_fd(session), "event_fd");
		break;
	case 9:
		event.known.struct_size = any_size(r, sizeof(event.known));
		if (event.known.struct_size > sizeof(event))
			event.known.struct_size = sizeof(event);
		note(voice_session_next_event(session, &event.known),
		     "next_event");
		break;
	default:
		voice_session_destroy(session);
	}
}

static void act(uint64_t *r, int in_callback)
{
	uint64_t choice = below(r, 64);
	char text[64];
	size_t required;
	void *handle;

	if (choice < 44) {
		act_on_session(r, choice % 11);
		return;
	}
	switch (choice) {
	case 44:
	case 45:
	case 46:
	case 47:
	case 48:
	case 49:
	case 50:
	case 51:
		create_session(r);
		break;
	case 52:
		note(voice_engine_metrics(any_engine(r), text, sizeof(text),
		                          &required),
		     "metrics");
		break;
	case 53:
		note(voice_agent_check(any_text(r),
		                       below(r, 200) == 0 ? SIZE_MAX : 0),
		     "agent_check");
		break;
	case 54:
		note(voice_engine_add_agent(any_engine(r), AGENT_JSON,
		                            strlen(AGENT_JSON)),
		     "add_agent");
		break;
	case 55:
		note(voice_engine_wait_ready(any_engine(r),
		                             (uint32_t)below(r, 3)),
		     "wait_ready");
		break;
	case 56:
		if (in_callback || below(r, 4) != 0)
			break;
		start_server(r);
		break;
	case 57:
		note(voice_server_drain((voice_server *)any_handle(r),
		                        (uint32_t)below(r, 10)),
		     "server_drain");
		break;
	case 58:
		note(voice_server_port((voice_server *)any_handle(r)),
		     "server_port");
		note(voice_server_calls((voice_server *)any_handle(r)),
		     "server_calls");
		break;
	case 59:
		voice_server_stop((voice_server *)any_handle(r));
		break;
	case 60:
		if (below(r, 16) == 0)
			create_engine(r);
		break;
	case 61:
		/* The two that live are left alone. */
		handle = any_handle(r);
		if (handle != engines[0] && handle != engines[1])
			voice_engine_destroy((voice_engine *)handle);
		break;
	default:
		(void)voice_last_error();
	}
}

static void *work(void *argument)
{
	uint64_t r = seed * 6364136223846793005u + (uintptr_t)argument + 1;

	for (int i = 0; i < 8; i++)
		(void)next_random(&r);
	while (!atomic_load(&stop))
		act(&r, 0);
	return NULL;
}

static int count_entries(const char *folder)
{
	DIR *listing = opendir(folder);
	int count = 0;

	if (listing == NULL)
		return -1;
	while (readdir(listing) != NULL)
		count++;
	closedir(listing);
	return count;
}

static voice_engine *lasting_engine(void)
{
	voice_engine_config config;
	voice_engine *engine = NULL;

	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	config.loops = 2;
	config.inference_threads = 1;
	config.max_sessions = 64;
	config.on_log = on_log;
	config.log_level = VOICE_LOG_TRACE;
	note(voice_engine_create(&config, &engine), "voice_engine_create");
	note(voice_engine_add_agent(engine, AGENT_JSON, strlen(AGENT_JSON)),
	     "voice_engine_add_agent");
	return engine;
}

/* Threads of the library end a moment after the engine that they belong to. */
static int settles(const char *folder, int limit)
{
	int64_t until = now_ms() + 10000;

	while (count_entries(folder) > limit && now_ms() < until)
		(void)poll(NULL, 0, 20);
	return count_entries(folder) <= limit;
}

static void list_descriptors(void)
{
	char name[64];
	char target[256];

	for (int fd = 0; fd < 256; fd++) {
		ssize_t length;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		length = readlink(name, target, sizeof(target) - 1);
		if (length > 0)
			printf("descriptor %d: %.*s\n", fd, (int)length,
			       target);
	}
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int count, char **arguments)
{
	int seconds = count > 1 ? atoi(arguments[1]) : 3;
	pthread_t threads[THREADS];
	uint64_t warm = 1;
	int files;
	int tasks;

	seed = count > 2 ? strtoull(arguments[2], NULL, 10)
	                 : (uint64_t)now_ms() % 1000000007u + 1;
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	setenv("VOICE_TEST_KEY", "not-a-key", 1);
	/* What the first call of a process loads stays: libdispatch, models. */
	engines[0] = lasting_engine();
	engines[1] = engines[0];
	create_session(&warm);
	(void)poll(NULL, 0, 500);
	voice_engine_destroy(engines[0]);
	files = count_entries("/proc/self/fd");
	tasks = count_entries("/proc/self/task");
	engines[0] = lasting_engine();
	engines[1] = lasting_engine();
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			return 2;
	(void)poll(NULL, 0, seconds * 1000);
	atomic_store(&stop, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	voice_engine_destroy(engines[0]);
	voice_engine_destroy(engines[1]);
	for (int i = 0; i < SLOTS; i++) {
		void *handle = atomic_load(&handles[i]);

		voice_session_destroy((voice_session *)handle);
		voice_server_stop((voice_server *)handle);
		voice_engine_destroy((voice_engine *)handle);
	}
	printf("%llu calls, %llu events, %llu frames\n",
	       (unsigned long long)atomic_load(&calls),
	       (unsigned long long)atomic_load(&events),
	       (unsigned long long)atomic_load(&frames));
	if (!settles("/proc/self/task", tasks + 4)) {
		printf("FAIL %d threads are left of %d\n",
		       count_entries("/proc/self/task"), tasks);
		atomic_fetch_add(&failures, 1);
	}
	if (getenv("ABI_STRESS_LIST") != NULL)
		list_descriptors();
	if (!settles("/proc/self/fd", files + 8)) {
		list_descriptors();
		printf("FAIL %d descriptors are left of %d\n",
		       count_entries("/proc/self/fd"), files);
		atomic_fetch_add(&failures, 1);
	}
	printf("%u passed, %u failed\n", atomic_load(&failures) == 0 ? 1u : 0u,
	       atomic_load(&failures));
	return atomic_load(&failures) == 0 ? 0 : 1;
}
