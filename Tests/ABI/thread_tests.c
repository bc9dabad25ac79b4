/* Threads hammer one session, many sessions, and destroy underneath. */
#include "abi_test.h"

#include <poll.h>

#define ROUNDS 40
#define WORKERS 5

struct shared {
	voice_engine *engine;
	voice_session *session;
	volatile int stop;
	int unexpected;
	volatile int callbacks;
	volatile int destroyed;
	int late;
};

static void expect(struct shared *s, voice_status status)
{
	switch (status) {
	case VOICE_OK:
	case VOICE_ERR_BAD_HANDLE:
	case VOICE_ERR_CLOSED:
	case VOICE_ERR_OVERRUN:
	case VOICE_ERR_LIMIT:
	case VOICE_ERR_AGAIN:
		return;
	default:
		__atomic_add_fetch(&s->unexpected, 1, __ATOMIC_RELAXED);
	}
}

static int running(struct shared *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE) == 0;
}

static void *push(void *argument)
{
	struct shared *s = (struct shared *)argument;
	unsigned char audio[320] = {0};

	while (running(s))
		expect(s, voice_session_push_audio(s->session, audio,
		                                   sizeof(audio)));
	return NULL;
}

static void *pull(void *argument)
{
	struct shared *s = (struct shared *)argument;
	unsigned char audio[320];

	while (running(s))
		expect(s, voice_session_pull_audio(s->session, audio,
		                                   sizeof(audio)));
	return NULL;
}

static void *control(void *argument)
{
	struct shared *s = (struct shared *)argument;

	while (running(s)) {
		expect(s, voice_session_barge_in(s->session));
		expect(s, voice_session_say(s->session, "One moment."));
		expect(s, voice_session_send_dtmf(s->session, "5"));
		(void)poll(NULL, 0, 1);
	}
	return NULL;
}

static void *take_events(void *argument)
{
	struct shared *s = (struct shared *)argument;

	while (running(s)) {
		voice_event event;

		memset(&event, 0, sizeof(event));
		event.struct_size = sizeof(event);
		expect(s, voice_session_next_event(s->session, &event));
		(void)voice_session_event_fd(s->session);
	}
	return NULL;
}

static void *destroy(void *argument)
{
	struct shared *s = (struct shared *)argument;

	(void)poll(NULL, 0, 3);
	voice_session_destroy(s->session);
	return NULL;
}

static void destroy_under_push_and_pull(void)
{
	static void *(*const work[WORKERS])(void *) = {push, pull, control,
	                                               take_events, destroy};

	for (int round = 0; round < ROUNDS; round++) {
		struct shared s;
		pthread_t threads[WORKERS];

		memset(&s, 0, sizeof(s));
		s.engine = make_engine();
		s.session = make_session(s.engine);
		for (int i = 0; i < WORKERS; i++)
			CHECK(pthread_create(&threads[i], NULL, work[i], &s) ==
			      0);
		(void)poll(NULL, 0, 10);
		/* Two threads destroy at once; one of them wins. */
		voice_session_destroy(s.session);
		__atomic_store_n(&s.stop, 1, __ATOMIC_RELEASE);
		for (int i = 0; i < WORKERS; i++)
			pthread_join(threads[i], NULL);
		CHECK(s.unexpected == 0);
		voice_engine_destroy(s.engine);
	}
}

static void count_event(void *user_data, const voice_event *event)
{
	struct shared *s = (struct shared *)user_data;

	(void)event;
	__atomic_add_fetch(&s->callbacks, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&s->destroyed, __ATOMIC_ACQUIRE) != 0)
		s->late++;
}

static void count_audio(void *user_data, voice_session *session,
                        const void *audio, size_t bytes)
{
	(void)session;
	(void)audio;
	(void)bytes;
	count_event(user_data, NULL);
}

static void no_callback_runs_after_destroy(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		/* On the heap: a late callback is a use after free. */
		struct shared *s = (struct shared *)calloc(1, sizeof(*s));
		voice_session_callbacks callbacks;
		voice_session_config config = make_config();

		if (s == NULL)
			return;
		memset(&callbacks, 0, sizeof(callbacks));
		callbacks.struct_size = sizeof(callbacks);
		callbacks.user_data = s;
		callbacks.on_event = count_event;
		callbacks.on_audio = count_audio;
		s->engine = make_engine();
		CHECK_STATUS(voice_session_create(s->engine, &config,
		                                  &callbacks, &s->session),
		             VOICE_OK);
		(void)poll(NULL, 0, round % 30);
		voice_session_destroy(s->session);
		__atomic_store_n(&s->destroyed, 1, __ATOMIC_RELEASE);
		(void)poll(NULL, 0, 5);
		CHECK(s->late == 0);
		voice_engine_destroy(s->engine);
		free(s);
	}
}

static void *make_and_destroy(void *argument)
{
	struct shared *s = (struct shared *)argument;
	unsigned char audio[320] = {0};

	for (int i = 0; i < 60; i++) {
		voice_session_config config = make_config();
		voice_session *session = NULL;
		voice_status status = voice_session_create(s->engine, &config,
		                                           NULL, &session);

		if (status == VOICE_ERR_BAD_HANDLE)
			break; /* the engine is gone */
		if (status != VOICE_OK)
			__atomic_add_fetch(&s->unexpected, 1, __ATOMIC_RELAXED);
		expect(s,
		       voice_session_push_audio(session, audio, sizeof(audio)));
		voice_session_destroy(session);
	}
	return NULL;
}

static void sessions_come_and_go_on_many_threads(void)
{
	struct shared s;
	pthread_t threads[8];

	memset(&s, 0, sizeof(s));
	s.engine = make_engine();
	for (int i = 0; i < 8; i++)
		CHECK(pthread_create(&threads[i], NULL, make_and_destroy, &s) ==
		      0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	CHECK(s.unexpected == 0);
	voice_engine_destroy(s.engine);
}

static void an_engine_is_destroyed_under_its_users(void)
{
	for (int round = 0; round < 10; round++) {
		struct shared s;
		pthread_t threads[4];

		memset(&s, 0, sizeof(s));
		s.engine = make_engine();
		for (int i = 0; i < 4; i++)
			CHECK(pthread_create(&threads[i], NULL,
			                     make_and_destroy, &s) == 0);
		(void)poll(NULL, 0, 5);
		voice_engine_destroy(s.engine);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		CHECK(s.unexpected == 0);
	}
}

struct held {
	volatile int leave;
	volatile int left;
};

static void wait_in_start(void *user_data, const voice_event *event)
{
	struct held *held = (struct held *)user_data;

	if (event->type != VOICE_EVENT_STARTED)
		return;
	(void)wait_flag(&held->leave);
	__atomic_store_n(&held->left, 1, __ATOMIC_RELEASE);
}

static void note_start(void *user_data, const voice_event *event)
{
	if (event->type == VOICE_EVENT_STARTED)
		__atomic_store_n((volatile int *)user_data, 1,
		                 __ATOMIC_RELEASE);
}

static void a_blocked_on_event_delays_its_own_session_only(void)
{
	enum { others = 8 };
	struct held held;
	volatile int started[others] = {0};
	voice_session_callbacks callbacks;
	voice_session_config config = make_config();
	voice_engine *engine = make_engine();
	voice_session *blocked = NULL;
	voice_session *sessions[others] = {NULL};

	memset(&held, 0, sizeof(held));
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.user_data = &held;
	callbacks.on_event = wait_in_start;
	CHECK_STATUS(
		voice_session_create(engine, &config, &callbacks, &blocked),
		VOICE_OK);
	callbacks.on_event = note_start;
	for (int i = 0; i < others; i++) {
		callbacks.user_data = (void *)&started[i];
		CHECK_STATUS(voice_session_create(engine, &config, &callbacks,
		                                  &sessions[i]),
		             VOICE_OK);
	}
	for (int i = 0; i < others; i++)
		CHECK(wait_flag(&started[i]));
	CHECK(__atomic_load_n(&held.left, __ATOMIC_ACQUIRE) == 0);
	__atomic_store_n(&held.leave, 1, __ATOMIC_RELEASE);
	voice_session_destroy(blocked);
	for (int i = 0; i < others; i++)
		voice_session_destroy(sessions[i]);
	voice_engine_destroy(engine);
}

const struct abi_test thread_tests[] = {
	{"destroy under push and pull", destroy_under_push_and_pull},
	{"no callback runs after destroy", no_callback_runs_after_destroy},
	{"sessions come and go on many threads",
         sessions_come_and_go_on_many_threads},
	{"an engine is destroyed under its users",
         an_engine_is_destroyed_under_its_users},
	{"a blocked on_event delays its own session only",
         a_blocked_on_event_delays_its_own_session_only},
	{NULL, NULL},
};
