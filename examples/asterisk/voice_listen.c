/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VoiceListen(agent[,options]): an agent that listens to a call between two
 * people, writes down both sides, and can whisper to either.
 *
 *                        spy hook                near: the channel's own party
 *     channel ◄──► bridge ──┬── READ  ──► session of the near side ─┐
 *                           └── WRITE ──► session of the far side ──┤ events
 *                       whisper hook                                ▼
 *     near hears ◄── WRITE ── what the near session says     manager,
 * transcript far hears  ◄── READ  ── what the far session says
 *
 * The hooks sit in the channel's media path and only queue frames there. A
 * thread of the listener takes them out every 20 ms. It ends with the channel,
 * or when it is told to; then the sides have a moment for their last words.
 */
#include "voice_module.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "asterisk/audiohook.h"

#define FRAME_MS 20
#define MOST_FRAMES 10
#define QUIET_TICKS 3
#define LINGER_TICKS 75 /* [ticks] 1.5 s for the last words */
#define WAIT_MS 1000
#define MOST_EVENTS 64

enum { NEAR, FAR, SIDES };

enum listening { LISTENING, LINGERING, ENDED };

struct listener {
	struct voice_task task;
	struct ast_audiohook spy;
	struct ast_audiohook whisper;
	struct voice_call *sides[SIDES];
	int is_told_to_stop; /* atomic */
	enum listening state;
	unsigned int linger_ticks;
	int timer_fd;
	struct listener *next;
};

AST_MUTEX_DEFINE_STATIC(lock);
static struct listener *listeners;

static const int16_t silence[640 / sizeof(int16_t)];

/* What the agent hears from a side, and what that side hears of it. */
static const enum ast_audiohook_direction heard_of[SIDES] = {
	AST_AUDIOHOOK_DIRECTION_READ, AST_AUDIOHOOK_DIRECTION_WRITE};
static const enum ast_audiohook_direction told_to[SIDES] = {
	AST_AUDIOHOOK_DIRECTION_WRITE, AST_AUDIOHOOK_DIRECTION_READ};

static size_t frame_bytes(const struct voice_call *side)
{
	return side->rate * FRAME_MS / 1000 * sizeof(int16_t);
}

/* -- Audio ---------------------------------------------------------------- */

/* Takes what waits in the hook; whether there was anything. */
static bool hear(struct listener *listener, int which)
{
	struct voice_call *side = listener->sides[which];
	size_t samples = frame_bytes(side) / sizeof(int16_t);
	int taken;

	for (taken = 0; taken < MOST_FRAMES; taken++) {
		struct ast_frame *frame;

		ast_audiohook_lock(&listener->spy);
		frame = ast_audiohook_read_frame(&listener->spy, samples,
		                                 heard_of[which], side->format);
		ast_audiohook_unlock(&listener->spy);
		if (frame == NULL)
			break;
		if (frame->data.ptr != NULL && frame->datalen > 0 &&
		    frame->datalen <= VOICE_MAX_PUSH_BYTES)
			voice_session_push_audio(side->session, frame->data.ptr,
			                         (size_t)frame->datalen);
		ast_frfree(frame);
	}
	ao2_lock(side);
	side->figures.frames_in += (uint64_t)taken;
	ao2_unlock(side);
	return taken > 0;
}

static bool is_silent(const char *audio, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (audio[i] != 0)
			return false;
	}
	return true;
}

/* 20 ms of what the session of a side says, to that side alone. */
static void whisper(struct listener *listener, int which)
{
	struct voice_call *side = listener->sides[which];
	char *audio = side->audio + AST_FRIENDLY_OFFSET;
	size_t bytes = frame_bytes(side);
	struct ast_frame frame = {
		.frametype = AST_FRAME_VOICE,
		.subclass.format = side->format,
		.datalen = (int)bytes,
		.samples = (int)(bytes / sizeof(int16_t)),
		.offset = AST_FRIENDLY_OFFSET,
		.src = "VoiceListen",
		.data.ptr = audio,
	};

	if (voice_session_pull_audio(side->session, audio, bytes) != VOICE_OK ||
	    is_silent(audio, bytes))
		return;
	ast_audiohook_lock(&listener->whisper);
	ast_audiohook_write_frame(&listener->whisper, told_to[which], &frame);
	ast_audiohook_unlock(&listener->whisper);
	ao2_lock(side);
	side->figures.frames_out++;
	ao2_unlock(side);
}

static bool is_attached(struct listener *listener)
{
	bool is_running;

	ast_audiohook_lock(&listener->spy);
	is_running = listener->spy.status == AST_AUDIOHOOK_STATUS_RUNNING;
	ast_audiohook_unlock(&listener->spy);
	return is_running;
}

static void tick(struct listener *listener)
{
	for (int which = 0; which < SIDES; which++) {
		struct voice_call *side = listener->sides[which];

		if (listener->state == LISTENING && hear(listener, which))
			side->quiet_ticks = 0;
		else if (++side->quiet_ticks > QUIET_TICKS ||
		         listener->state == LINGERING)
			voice_session_push_audio(side->session, silence,
			                         frame_bytes(side));
		if (listener->state == LISTENING)
			whisper(listener, which);
	}
	if (listener->state == LINGERING && listener->linger_ticks-- == 0)
		listener->state = ENDED;
}

static void take_ticks(struct listener *listener)
{
	uint64_t count = 0;

	if (read(listener->timer_fd, &count, sizeof(count)) != sizeof(count))
		return;
	if (listener->state == LISTENING &&
	    (ast_atomic_fetchadd_int(&listener->is_told_to_stop, 0) ||
	     !is_attached(listener))) {
		listener->state = LINGERING;
		listener->linger_ticks = LINGER_TICKS;
	}
	if (count > MOST_FRAMES)
		count = MOST_FRAMES;
	while (count-- > 0 && listener->state != ENDED)
		tick(listener);
}

/* -- The thread ----------------------------------------------------------- */

/* Whether the side's session has ended. */
static bool take_events(struct voice_call *side)
{
	for (int i = 0; i < MOST_EVENTS; i++) {
		voice_event event = {.struct_size = sizeof(event)};

		if (voice_session_next_event(side->session, &event) != VOICE_OK)
			return false;
		voice_report_event(side, &event);
		if (event.type == VOICE_EVENT_CLOSED) {
			voice_copy_line(side->reason, sizeof(side->reason),
			                event.text);
			side->result = event.status == VOICE_OK
			                       ? VOICE_COMPLETED
			                       : VOICE_FAILED;
			side->phase = VOICE_OVER;
			return true;
		}
	}
	return false;
}

static void serve(struct listener *listener)
{
	struct pollfd waited[SIDES + 1] = {
		{.fd = listener->timer_fd, .events = POLLIN}};

	for (int which = 0; which < SIDES; which++)
		waited[which + 1] =
			(struct pollfd){.fd = listener->sides[which]->event_fd,
		                        .events = POLLIN};
	while (listener->state != ENDED) {
		if (ast_poll(waited, SIDES + 1, WAIT_MS) <= 0)
			continue;
		if (waited[0].revents != 0)
			take_ticks(listener);
		for (int which = 0; which < SIDES; which++) {
			/* A negative descriptor is not waited for. */
			if (waited[which + 1].revents != 0 &&
			    take_events(listener->sides[which]))
				waited[which + 1].fd = -1;
		}
		if (waited[1].fd < 0 && waited[2].fd < 0)
			listener->state = ENDED;
	}
}

static void detach(struct ast_channel *chan, struct ast_audiohook *hook)
{
	/* Where the hook went to another channel with its media, that
	 * channel's next frame lets it go. */
	if (ast_audiohook_remove(chan, hook)) {
		ast_audiohook_lock(hook);
		ast_audiohook_detach(hook);
		ast_audiohook_unlock(hook);
	}
	ast_audiohook_destroy(hook);
}

static void leave_list(struct listener *listener)
{
	struct listener **at;

	ast_mutex_lock(&lock);
	for (at = &listeners; *at != NULL && *at != listener;)
		at = &(*at)->next;
	if (*at != NULL)
		*at = listener->next;
	ast_mutex_unlock(&lock);
}

static void release(struct listener *listener)
{
	for (int which = 0; which < SIDES; which++) {
		struct voice_call *side = listener->sides[which];

		if (side == NULL)
			continue;
		voice_session_destroy(side->session);
		ast_channel_unref(side->chan);
		ao2_ref(side, -1);
	}
	if (listener->timer_fd >= 0)
		close(listener->timer_fd);
	ast_free(listener);
}

static void *work(void *data)
{
	struct listener *listener = data;
	struct voice_call *near = listener->sides[NEAR];

	serve(listener);
	leave_list(listener);
	detach(near->chan, &listener->spy);
	detach(near->chan, &listener->whisper);
	for (int which = 0; which < SIDES; which++) {
		struct voice_call *side = listener->sides[which];

		if (side->phase != VOICE_OVER)
			voice_call_drain(side);
		voice_calls_unlink(side);
	}
	voice_report_listened(near, listener->sides[FAR]);
	return NULL;
}

static void finish(void *data)
{
	release(data);
	ast_module_unref(AST_MODULE_SELF);
}

/* -- The begin ------------------------------------------------------------ */

static int open_timer(struct listener *listener)
{
	struct itimerspec every = {{0, FRAME_MS * 1000000L},
	                           {0, FRAME_MS * 1000000L}};

	listener->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return listener->timer_fd < 0 || timerfd_settime(listener->timer_fd, 0,
	                                                 &every, NULL) != 0
	               ? -1
	               : 0;
}

/* Both hooks, or none. */
static int attach(struct listener *listener, struct ast_channel *chan)
{
	ast_audiohook_init(&listener->spy, AST_AUDIOHOOK_TYPE_SPY,
	                   "VoiceListen", 0);
	ast_audiohook_init(&listener->whisper, AST_AUDIOHOOK_TYPE_WHISPER,
	                   "VoiceListen", 0);
	if (ast_audiohook_attach(chan, &listener->spy) == 0) {
		if (ast_audiohook_attach(chan, &listener->whisper) == 0)
			return 0;
		ast_audiohook_remove(chan, &listener->spy);
	}
	ast_audiohook_destroy(&listener->spy);
	ast_audiohook_destroy(&listener->whisper);
	return -1;
}

static struct voice_call *open_side(struct ast_channel *chan,
                                    struct voice_setup *setup,
                                    const struct voice_order *order, int which,
                                    const char **reason)
{
	struct voice_call *side = voice_call_alloc(chan, setup, order);

	if (side == NULL) {
		*reason = "no memory";
		return NULL;
	}
	side->side = which == NEAR ? "near" : "far";
	if (voice_call_open(side, order->variables, reason) < 0) {
		ao2_ref(side, -1);
		return NULL;
	}
	side->chan = ast_channel_ref(chan);
	side->event_fd = voice_session_event_fd(side->session);
	return side;
}

static bool is_listened_to(struct ast_channel *chan)
{
	struct listener *listener;

	ast_mutex_lock(&lock);
	for (listener = listeners; listener != NULL;
	     listener = listener->next) {
		if (listener->sides[NEAR]->chan == chan)
			break;
	}
	ast_mutex_unlock(&lock);
	return listener != NULL;
}

static void announce(struct listener *listener)
{
	struct voice_call *near = listener->sides[NEAR];

	near->log = near;
	listener->sides[FAR]->log = near;
	for (int which = 0; which < SIDES; which++)
		voice_calls_link(listener->sides[which]);
	voice_report(near, "VoiceListenStart", "CallerIDNum", near->caller,
	             NULL);
}

int voice_listen_begin(struct ast_channel *chan, struct voice_setup *setup,
                       const struct voice_order *order, const char **reason)
{
	struct listener *listener;

	if (is_listened_to(chan)) {
		*reason = "somebody listens to this channel already";
		return -1;
	}
	listener = ast_calloc(1, sizeof(*listener));
	if (listener == NULL) {
		*reason = "no memory";
		return -1;
	}
	listener->timer_fd = -1;
	for (int which = 0; which < SIDES; which++) {
		listener->sides[which] =
			open_side(chan, setup, order, which, reason);
		if (listener->sides[which] == NULL)
			goto failed;
	}
	*reason = "the channel takes no listener";
	if (open_timer(listener) || attach(listener, chan))
		goto failed;
	listener->task.work = work;
	listener->task.data = listener;
	listener->task.done = finish;
	ast_module_ref(AST_MODULE_SELF);
	announce(listener);
	ast_mutex_lock(&lock);
	listener->next = listeners;
	listeners = listener;
	ast_mutex_unlock(&lock);
	if (voice_keeper_run(&listener->task) == 0)
		return 0;
	*reason = "no thread can be started";
	leave_list(listener);
	for (int which = 0; which < SIDES; which++)
		voice_calls_unlink(listener->sides[which]);
	detach(chan, &listener->spy);
	detach(chan, &listener->whisper);
	ast_module_unref(AST_MODULE_SELF);
failed:
	release(listener);
	return -1;
}

bool voice_listen_stop(const char *channel)
{
	struct listener *listener;

	ast_mutex_lock(&lock);
	for (listener = listeners; listener != NULL;
	     listener = listener->next) {
		if (channel == NULL ||
		    strcasecmp(listener->sides[NEAR]->channel, channel) == 0 ||
		    strcasecmp(listener->sides[NEAR]->id, channel) == 0) {
			ast_atomic_fetchadd_int(&listener->is_told_to_stop, 1);
			if (channel != NULL)
				break;
		}
	}
	ast_mutex_unlock(&lock);
	return listener != NULL;
}
