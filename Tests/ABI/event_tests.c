/* Events and callbacks: order, borrowed memory, calls and destroys inside. */
#include "abi_test.h"

#include <poll.h>

struct watcher {
	voice_engine *engine;
	voice_session *session;
	voice_server *server;
	uint64_t sequence;
	int64_t time_ns;
	int events;
	int frames;
	int wrong;
	/* on_audio runs on a thread of its own. */
	int wrong_frames;
	volatile int late_frames;
	int inside;
	int overlapped;
	size_t frame_bytes;
	int destroy_in;     /* event type that destroys the session */
	int destroy_engine; /* ... or the engine */
	volatile int closed;
	volatile int destroyed;
	volatile int late;
};

static void on_event(void *user_data, const voice_event *event)
{
	struct watcher *w = (struct watcher *)user_data;

	if (__atomic_add_fetch(&w->inside, 1, __ATOMIC_ACQ_REL) != 1)
		w->overlapped++;
	if (w->destroyed == 2 || w->closed)
		w->late++;
	w->wrong += event->struct_size < sizeof(uint32_t) * 2;
	w->wrong +=
		event->text == NULL || event->name == NULL || event->id == NULL;
	w->wrong += event->session == NULL;
	/* Once destroyed, events may be left out, but not their order. */
	w->wrong += w->destroyed ? event->sequence <= w->sequence
	                         : event->sequence != w->sequence + 1;
	w->wrong += event->time_ns < w->time_ns - 1000000000;
	w->wrong += (event->metrics != NULL) !=
	            (event->type == VOICE_EVENT_TURN_METRICS);
	w->wrong += w->events == 0 && event->type != VOICE_EVENT_STARTED;
	w->sequence = event->sequence;
	w->time_ns = event->time_ns;
	w->events++;
	if (w->destroy_in == (int)event->type && !w->destroyed) {
		w->destroyed = 1;
		if (w->destroy_engine)
			voice_engine_destroy(w->engine);
		else
			voice_session_destroy(event->session);
		/* Deferred: event and texts are still there. */
		w->wrong += event->text[0] == '\0' && event->type == 1;
	}
	__atomic_sub_fetch(&w->inside, 1, __ATOMIC_ACQ_REL);
	if (event->type == VOICE_EVENT_CLOSED)
		__atomic_store_n(&w->closed, 1, __ATOMIC_RELEASE);
}

static void on_audio(void *user_data, voice_session *session, const void *audio,
                     size_t bytes)
{
	struct watcher *w = (struct watcher *)user_data;
	unsigned char frame[1920];

	if (w->destroyed == 2)
		w->late_frames++;
	w->wrong_frames += session == NULL || audio == NULL;
	w->wrong_frames += bytes != w->frame_bytes || bytes > sizeof(frame);
	if (bytes <= sizeof(frame))
		memcpy(frame, audio, bytes);
	__atomic_add_fetch(&w->frames, 1, __ATOMIC_ACQ_REL);
}

static voice_session_callbacks watch(struct watcher *w, int audio)
{
	voice_session_callbacks callbacks;

	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.user_data = w;
	callbacks.on_event = on_event;
	if (audio)
		callbacks.on_audio = on_audio;
	return callbacks;
}

static voice_session *start(struct watcher *w, int audio, uint32_t ptime_ms)
{
	voice_session_callbacks callbacks = watch(w, audio);
	voice_session_config config = make_config();
	voice_session *session = NULL;

	config.ptime_ms = ptime_ms;
	w->frame_bytes = (size_t)16 * (ptime_ms == 0 ? 20 : ptime_ms);
	CHECK_STATUS(
		voice_session_create(w->engine, &config, &callbacks, &session),
		VOICE_OK);
	return session;
}

static void events_are_in_order_and_closed_is_last(void)
{
	struct watcher w;
	voice_session *session;

	memset(&w, 0, sizeof(w));
	w.engine = make_engine();
	session = start(&w, 0, 0);
	CHECK_STATUS(voice_session_event_fd(session), VOICE_ERR_UNSUPPORTED);
	CHECK_STATUS(voice_session_hangup(session), VOICE_OK);
	CHECK(wait_flag(&w.closed));
	voice_session_destroy(session);
	w.destroyed = 2;
	voice_engine_destroy(w.engine);
	CHECK(w.events >= 2);
	CHECK(w.wrong + w.wrong_frames == 0);
	CHECK(w.overlapped == 0);
	CHECK(w.late + w.late_frames == 0);
}

static void frames_come_at_their_length(void)
{
	static const uint32_t lengths[] = {10, 20, 30, 60};
	unsigned char audio[320];

	for (size_t i = 0; i < 4; i++) {
		struct watcher w;
		voice_session *session;
		int64_t start_ms = now_ms();

		memset(&w, 0, sizeof(w));
		w.engine = make_engine();
		session = start(&w, 1, lengths[i]);
		while (__atomic_load_n(&w.frames, __ATOMIC_ACQUIRE) < 5 &&
		       now_ms() - start_ms < 5000)
			(void)poll(NULL, 0, 5);
		CHECK(w.frames >= 5);
		CHECK_STATUS(
			voice_session_pull_audio(session, audio, sizeof(audio)),
			VOICE_ERR_UNSUPPORTED);
		voice_session_destroy(session);
		/* From here on no callback runs. */
		w.destroyed = 2;
		(void)poll(NULL, 0, 100);
		CHECK(w.late + w.late_frames == 0);
		CHECK(w.wrong + w.wrong_frames == 0);
		voice_engine_destroy(w.engine);
	}
}

static void a_session_may_be_destroyed_in_its_own_event(void)
{
	static const int types[] = {VOICE_EVENT_STARTED, VOICE_EVENT_ERROR,
	                            VOICE_EVENT_CLOSED};

	for (size_t i = 0; i < 3; i++) {
		struct watcher w;
		voice_session *session;

		memset(&w, 0, sizeof(w));
		w.engine = make_engine();
		w.destroy_in = types[i];
		session = start(&w, 1, 0);
		if (types[i] == VOICE_EVENT_CLOSED)
			CHECK_STATUS(voice_session_hangup(session), VOICE_OK);
		CHECK(wait_flag(&w.destroyed));
		CHECK(wait_flag(&w.closed));
		CHECK_STATUS(voice_session_barge_in(session),
		             VOICE_ERR_BAD_HANDLE);
		voice_session_destroy(session);
		voice_engine_destroy(w.engine);
		w.destroyed = 2;
		CHECK(w.wrong + w.wrong_frames == 0);
		CHECK(w.late + w.late_frames == 0);
	}
}

static void an_engine_may_be_destroyed_in_an_event_of_its_call(void)
{
	struct watcher w;

	memset(&w, 0, sizeof(w));
	w.engine = make_engine();
	w.destroy_in = VOICE_EVENT_STARTED;
	w.destroy_engine = 1;
	(void)start(&w, 1, 0);
	CHECK(wait_flag(&w.destroyed));
	CHECK(wait_flag(&w.closed));
	CHECK_STATUS(voice_engine_wait_ready(w.engine, 0),
	             VOICE_ERR_BAD_HANDLE);
	voice_engine_destroy(w.engine);
	CHECK(w.wrong + w.wrong_frames == 0);
}

struct caller {
	voice_engine *engine;
	voice_session *session;
	volatile int done;
	int calls;
};

static void ignore_probe(void *user_data, const voice_probe_result *result)
{
	(void)user_data;
	(void)result;
}

/* Calls everything that the header allows inside a callback. */
static void call_from_event(void *user_data, const voice_event *event)
{
	struct caller *c = (struct caller *)user_data;
	voice_session_config config = make_config();
	voice_session *other = NULL;
	voice_engine *engine = NULL;
	unsigned char audio[320] = {0};
	char text[8];

	if (event->type != VOICE_EVENT_STARTED)
		return;
	CHECK_STATUS(
		voice_session_push_audio(event->session, audio, sizeof(audio)),
		VOICE_OK);
	CHECK_STATUS(
		voice_session_pull_audio(event->session, audio, sizeof(audio)),
		VOICE_OK);
	CHECK_STATUS(voice_session_barge_in(event->session), VOICE_OK);
	CHECK_STATUS(voice_session_say(event->session, "One."), VOICE_OK);
	CHECK_STATUS(voice_session_send_text(event->session, "Two."), VOICE_OK);
	CHECK_STATUS(voice_session_send_dtmf(event->session, "3"), VOICE_OK);
	CHECK_STATUS(voice_engine_wait_ready(c->engine, 10),
	             VOICE_ERR_REENTRANT);
	CHECK_STATUS(voice_engine_probe(c->engine, AGENT_JSON,
	                                strlen(AGENT_JSON), 10, ignore_probe,
	                                NULL),
	             VOICE_ERR_REENTRANT);
	CHECK_STATUS(voice_engine_metrics(c->engine, text, sizeof(text), NULL),
	             VOICE_ERR_BAD_ARG);
	CHECK_STATUS(voice_agent_check(AGENT_JSON, strlen(AGENT_JSON)),
	             VOICE_OK);
	CHECK_STATUS(voice_engine_add_agent(c->engine, AGENT_JSON,
	                                    strlen(AGENT_JSON)),
	             VOICE_OK);
	CHECK_STATUS(voice_session_create(c->engine, &config, NULL, &other),
	             VOICE_OK);
	voice_session_destroy(other);
	CHECK_STATUS(voice_engine_create(NULL, &engine), VOICE_OK);
	voice_engine_destroy(engine);
	CHECK_STATUS(voice_session_hangup(event->session), VOICE_OK);
	c->calls++;
	__atomic_store_n(&c->done, 1, __ATOMIC_RELEASE);
}

static void everything_may_be_called_from_an_event(void)
{
	struct caller c;
	voice_session_callbacks callbacks;
	voice_session_config config = make_config();

	memset(&c, 0, sizeof(c));
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.user_data = &c;
	callbacks.on_event = call_from_event;
	c.engine = make_engine();
	CHECK_STATUS(
		voice_session_create(c.engine, &config, &callbacks, &c.session),
		VOICE_OK);
	CHECK(wait_flag(&c.done));
	voice_session_destroy(c.session);
	voice_engine_destroy(c.engine);
	CHECK(c.calls == 1);
}

struct blocker {
	volatile int entered;
	volatile int leave;
	volatile int left;
};

static void block(void *user_data, const voice_event *event)
{
	struct blocker *b = (struct blocker *)user_data;

	if (event->type != VOICE_EVENT_STARTED)
		return;
	__atomic_store_n(&b->entered, 1, __ATOMIC_RELEASE);
	(void)wait_flag(&b->leave);
	__atomic_store_n(&b->left, 1, __ATOMIC_RELEASE);
}

static void *unblock_later(void *argument)
{
	struct blocker *b = (struct blocker *)argument;

	(void)poll(NULL, 0, 150);
	__atomic_store_n(&b->leave, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void destroy_waits_for_a_running_callback(void)
{
	struct blocker b;
	voice_session_callbacks callbacks;
	voice_session_config config = make_config();
	voice_engine *engine = make_engine();
	voice_session *session = NULL;
	pthread_t thread;

	memset(&b, 0, sizeof(b));
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.user_data = &b;
	callbacks.on_event = block;
	CHECK_STATUS(
		voice_session_create(engine, &config, &callbacks, &session),
		VOICE_OK);
	CHECK(wait_flag(&b.entered));
	CHECK(pthread_create(&thread, NULL, unblock_later, &b) == 0);
	voice_session_destroy(session);
	CHECK(__atomic_load_n(&b.left, __ATOMIC_ACQUIRE) == 1);
	pthread_join(thread, NULL);
	voice_engine_destroy(engine);
}

static void polled_events_have_sizes_too(void)
{
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	voice_event event;
	struct pollfd waiting;
	unsigned char *bytes = (unsigned char *)&event;
	const size_t old = offsetof(voice_event, value);

	memset(&event, 0, sizeof(event));
	CHECK_STATUS(voice_session_next_event(session, &event),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("struct_size");
	CHECK_STATUS(voice_session_next_event(session, NULL),
	             VOICE_ERR_BAD_ARG);
	waiting.fd = voice_session_event_fd(session);
	waiting.events = POLLIN;
	CHECK(waiting.fd >= 0);
	CHECK(poll(&waiting, 1, 5000) == 1);
	/* A host of an older header: nothing past its struct is touched. */
	memset(&event, 0x5A, sizeof(event));
	event.struct_size = (uint32_t)old;
	CHECK_STATUS(voice_session_next_event(session, &event), VOICE_OK);
	CHECK(event.type == VOICE_EVENT_STARTED);
	for (size_t i = old; i < sizeof(event); i++)
		CHECK(bytes[i] == 0x5A);
	CHECK_STATUS(voice_session_hangup(session), VOICE_OK);
	CHECK(wait_event(session, VOICE_EVENT_CLOSED, &event));
	CHECK(poll(&waiting, 1, 0) == 0);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

/* Until the session has ended, without taking its events. */
static void wait_closed(voice_session *session)
{
	int64_t until = now_ms() + 10000;

	while (voice_session_barge_in(session) != VOICE_ERR_CLOSED &&
	       now_ms() < until)
		(void)poll(NULL, 0, 5);
}

static void events_that_nobody_takes_are_bounded(void)
{
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	voice_event event;
	uint64_t sequence = 0;
	int count = 0;
	int last = 0;
	int gap = 0;
	int dropped = 0;

	for (int i = 0; i < 20000; i++) {
		voice_status status = voice_session_send_dtmf(session, "1");

		CHECK(status == VOICE_OK || status == VOICE_ERR_LIMIT);
	}
	CHECK_STATUS(voice_session_hangup(session), VOICE_OK);
	wait_closed(session);
	for (;;) {
		memset(&event, 0, sizeof(event));
		event.struct_size = sizeof(event);
		if (voice_session_next_event(session, &event) != VOICE_OK)
			break;
		/* The host is told where the gap is, and how large. */
		if (event.sequence != sequence + 1)
			gap = (int)(event.sequence - sequence - 1);
		if (event.type == VOICE_EVENT_SLOW_HOST)
			dropped = (int)event.value;
		sequence = event.sequence;
		count++;
		last = (int)event.type;
	}
	CHECK(gap > 10000);
	CHECK(dropped == gap + 1);
	/* Bounded, and the end is told all the same. */
	CHECK(count < 10000);
	CHECK(last == VOICE_EVENT_CLOSED);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

struct pair {
	voice_session *sessions[2];
	volatile int inside;
	volatile int left;
};

/* Each callback destroys the other call while that one's callback runs. */
static void destroy_other(void *user_data, const voice_event *event)
{
	struct pair *p = (struct pair *)user_data;
	int64_t until = now_ms() + 2000;
	int me;

	if (event->type != VOICE_EVENT_DTMF_IN)
		return;
	me = event->text[0] == '1';
	__atomic_add_fetch(&p->inside, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&p->inside, __ATOMIC_ACQUIRE) < 2 &&
	       now_ms() < until)
		(void)poll(NULL, 0, 1);
	voice_session_destroy(p->sessions[!me]);
	__atomic_add_fetch(&p->left, 1, __ATOMIC_ACQ_REL);
}

static void two_callbacks_may_destroy_each_others_calls(void)
{
	struct pair p;
	voice_session_callbacks callbacks;
	voice_session_config config = make_config();
	voice_engine *engine = make_engine();
	int64_t until = now_ms() + 5000;

	memset(&p, 0, sizeof(p));
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.user_data = &p;
	callbacks.on_event = destroy_other;
	for (int i = 0; i < 2; i++)
		CHECK_STATUS(voice_session_create(engine, &config, &callbacks,
		                                  &p.sessions[i]),
		             VOICE_OK);
	CHECK_STATUS(voice_session_send_dtmf(p.sessions[0], "0"), VOICE_OK);
	CHECK_STATUS(voice_session_send_dtmf(p.sessions[1], "1"), VOICE_OK);
	while (__atomic_load_n(&p.left, __ATOMIC_ACQUIRE) < 2 &&
	       now_ms() < until)
		(void)poll(NULL, 0, 1);
	CHECK(p.left == 2);
	voice_engine_destroy(engine);
}

struct looper {
	voice_engine *engine;
	voice_engine *other;
	voice_session *session;
	volatile int done;
	volatile int frames;
};

/* on_audio runs on a loop: nothing here may block or wait for loops. */
static void call_from_audio(void *user_data, voice_session *session,
                            const void *audio, size_t bytes)
{
	struct looper *l = (struct looper *)user_data;
	voice_session_config config = make_config();
	voice_session *made = NULL;
	voice_engine_config wrong;
	voice_engine *engine = NULL;
	unsigned char copy[320];

	__atomic_add_fetch(&l->frames, 1, __ATOMIC_ACQ_REL);
	if (l->done || bytes > sizeof(copy))
		return;
	memcpy(copy, audio, bytes);
	CHECK_STATUS(voice_session_push_audio(session, copy, bytes), VOICE_OK);
	CHECK_STATUS(voice_session_say(session, "One."), VOICE_OK);
	CHECK_STATUS(voice_engine_wait_ready(l->engine, 10),
	             VOICE_ERR_REENTRANT);
	CHECK_STATUS(voice_session_create(l->other, &config, NULL, &made),
	             VOICE_OK);
	voice_session_destroy(made);
	CHECK_STATUS(voice_engine_create(NULL, &engine), VOICE_OK);
	voice_engine_destroy(engine);
	memset(&wrong, 0, sizeof(wrong));
	wrong.struct_size = sizeof(wrong);
	wrong.ca_file = "/nowhere/ca.pem";
	CHECK_STATUS(voice_engine_create(&wrong, &engine), VOICE_ERR_BAD_ARG);
	wrong.ca_file = NULL;
	wrong.loop_cpus = "1023";
	CHECK_STATUS(voice_engine_create(&wrong, &engine), VOICE_ERR_BAD_ARG);
	voice_engine_destroy(l->other);
	voice_session_destroy(session);
	__atomic_store_n(&l->done, 1, __ATOMIC_RELEASE);
}

static void everything_may_be_called_from_on_audio(void)
{
	struct looper l;
	voice_session_callbacks callbacks;
	voice_session_config config = make_config();

	memset(&l, 0, sizeof(l));
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.user_data = &l;
	callbacks.on_audio = call_from_audio;
	l.engine = make_engine();
	l.other = make_engine();
	CHECK_STATUS(
		voice_session_create(l.engine, &config, &callbacks, &l.session),
		VOICE_OK);
	CHECK(wait_flag(&l.done));
	CHECK_STATUS(voice_session_barge_in(l.session), VOICE_ERR_BAD_HANDLE);
	voice_engine_destroy(l.engine);
	voice_engine_destroy(l.other);
}

static void slow_audio(void *user_data, voice_session *session,
                       const void *audio, size_t bytes)
{
	(void)user_data;
	(void)session;
	(void)audio;
	(void)bytes;
	(void)poll(NULL, 0, 8);
}

static void a_slow_on_audio_is_reported(void)
{
	voice_session_callbacks callbacks;
	voice_session_config config = make_config();
	voice_engine *engine = make_engine();
	voice_session *session = NULL;
	voice_event event;

	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.struct_size = sizeof(callbacks);
	callbacks.on_audio = slow_audio;
	CHECK_STATUS(
		voice_session_create(engine, &config, &callbacks, &session),
		VOICE_OK);
	CHECK(wait_event(session, VOICE_EVENT_SLOW_HOST, &event));
	CHECK(event.value >= 5000 && event.value < 1000000);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

const struct abi_test event_tests[] = {
	{"events are in order and closed is last",
         events_are_in_order_and_closed_is_last},
	{"frames come at their length", frames_come_at_their_length},
	{"a session may be destroyed in its own event",
         a_session_may_be_destroyed_in_its_own_event},
	{"an engine may be destroyed in an event of its call",
         an_engine_may_be_destroyed_in_an_event_of_its_call},
	{"everything may be called from an event",
         everything_may_be_called_from_an_event},
	{"destroy waits for a running callback",
         destroy_waits_for_a_running_callback},
	{"two callbacks may destroy each other's calls",
         two_callbacks_may_destroy_each_others_calls},
	{"everything may be called from on_audio",
         everything_may_be_called_from_on_audio},
	{"a slow on_audio is reported", a_slow_on_audio_is_reported},
	{"polled events have sizes too", polled_events_have_sizes_too},
	{"events that nobody takes are bounded",
         events_that_nobody_takes_are_bounded},
	{NULL, NULL},
};
