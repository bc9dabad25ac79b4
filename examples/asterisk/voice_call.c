/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of an agent, in its channel's thread.
 *
 *     channel ──► ast_read ──► voice_session_push_audio ─►┐
 *     timerfd ──► every 20 ms: voice_session_pull_audio ◄─┤ engine, with
 *                              ──► ast_write              │ threads of its own
 *     event fd ─► voice_session_next_event ◄──────────────┘
 *
 * One wait for all three, so the agent speaks also to callers that send
 * nothing, and a late frame of theirs delays nothing of its own. What was
 * pulled has been written: the engine knows to the sample what was heard. So
 * nothing is pulled that would not be heard: not on hold, and not while a key
 * is pressed.
 *
 * Only this thread touches the channel. No call into the engine is made with
 * the channel locked, and the engine calls nothing here.
 */
#include "voice_module.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "asterisk/musiconhold.h"

#define FRAME_MS 20
/* [ms] A wait ends by then, whatever happens; the timer ends it before. */
#define WAIT_MS 1000
/* Frames that are made up for at once; the engine holds 120 ms ready. */
#define MOST_FRAMES 5
/* Frames without audio of the caller, after which it counts as silence. Some
 * telephones send nothing while nobody speaks; the engine counts samples. */
#define QUIET_TICKS 3
/* [ticks] After the last word, for the network and the telephone. */
#define TAIL_TICKS 5
/* [ticks] A key, and the pause after it: 160 and 80 ms. */
#define KEY_TICKS 8
#define KEY_PAUSE_TICKS 4
/* Events at a time, so that audio goes on. */
#define MOST_EVENTS 64
/* [ms] For the last events of a session that has been ended. */
#define DRAIN_MS 200

static const int16_t silence[640 / sizeof(int16_t)];

static size_t frame_bytes(const struct voice_call *call)
{
	return call->rate * FRAME_MS / 1000 * sizeof(int16_t);
}

static void finish(struct voice_call *call, enum voice_result result,
                   const char *reason)
{
	if (call->phase == VOICE_OVER)
		return;
	call->phase = VOICE_OVER;
	call->result = result;
	voice_copy_line(call->reason, sizeof(call->reason), reason);
}

/* -- From the caller ------------------------------------------------------ */

static void hear(struct voice_call *call, const void *audio, size_t bytes)
{
	/* Overrun and the end of the session are told by events. */
	if (bytes > 0 && bytes <= VOICE_MAX_PUSH_BYTES)
		voice_session_push_audio(call->session, audio, bytes);
}

static void take_voice(struct voice_call *call, const struct ast_frame *frame)
{
	if (frame->datalen <= 0 || frame->data.ptr == NULL)
		return;
	if (ast_format_cmp(frame->subclass.format, call->format) ==
	    AST_FORMAT_CMP_NOT_EQUAL)
		return;
	call->quiet_ticks = 0;
	ao2_lock(call);
	call->figures.frames_in++;
	ao2_unlock(call);
	/* On hold it is music, or another conversation. */
	if (call->phase == VOICE_TALKING)
		hear(call, frame->data.ptr, (size_t)frame->datalen);
}

static void take_key(struct voice_call *call, int key)
{
	char digits[2] = {(char)toupper(key), '\0'};

	if (strchr("0123456789ABCD*#", digits[0]) == NULL || digits[0] == '\0')
		return;
	voice_report(call, "VoiceAgentDTMF", "Direction", "in", "Digits",
	             digits, NULL);
	voice_session_send_dtmf(call->session, digits);
}

static void take_control(struct voice_call *call, int control)
{
	if (control == AST_CONTROL_HOLD && call->phase == VOICE_TALKING) {
		call->phase = VOICE_HELD;
		voice_report(call, "VoiceAgentHold", "Held", "yes", NULL);
	} else if (control == AST_CONTROL_UNHOLD && call->phase == VOICE_HELD) {
		call->phase = VOICE_TALKING;
		voice_report(call, "VoiceAgentHold", "Held", "no", NULL);
	} else if (control == AST_CONTROL_HANGUP ||
	           control == AST_CONTROL_BUSY ||
	           control == AST_CONTROL_CONGESTION) {
		finish(call, VOICE_HANGUP, "the caller hung up");
	}
}

/* The channel has nothing more to read. */
static void gone(struct voice_call *call)
{
	bool is_moved;

	ast_channel_lock(call->chan);
	is_moved = (ast_channel_softhangup_internal_flag(call->chan) &
	            AST_SOFTHANGUP_ASYNCGOTO) != 0;
	ast_channel_unlock(call->chan);
	if (is_moved)
		finish(call, VOICE_REDIRECT, "the channel was redirected");
	else
		finish(call, VOICE_HANGUP, "the caller hung up");
}

static void read_channel(struct voice_call *call)
{
	struct ast_frame *frame = ast_read(call->chan);

	if (frame == NULL) {
		gone(call);
		return;
	}
	switch (frame->frametype) {
	case AST_FRAME_VOICE:
		take_voice(call, frame);
		break;
	case AST_FRAME_DTMF_END:
		take_key(call, frame->subclass.integer);
		break;
	case AST_FRAME_CONTROL:
		take_control(call, frame->subclass.integer);
		break;
	default:
		break;
	}
	ast_frfree(frame);
}

/* -- To the caller -------------------------------------------------------- */

/* Whether a key is being pressed in this tick. */
static bool press_keys(struct voice_call *call)
{
	struct voice_keys *keys = &call->keys;

	if (keys->pressed != '\0') {
		if (++keys->ticks < KEY_TICKS)
			return true;
		ast_senddigit_end(call->chan, keys->pressed,
		                  KEY_TICKS * FRAME_MS);
		keys->pressed = '\0';
		keys->pause = KEY_PAUSE_TICKS;
		return true;
	}
	if (keys->pause > 0) {
		keys->pause--;
		return true;
	}
	if (keys->waiting[0] == '\0')
		return false;
	keys->pressed = keys->waiting[0];
	keys->ticks = 0;
	memmove(keys->waiting, keys->waiting + 1, strlen(keys->waiting));
	ast_senddigit_begin(call->chan, keys->pressed);
	return true;
}

static void play(struct voice_call *call, bool is_silence)
{
	char *audio = call->audio + AST_FRIENDLY_OFFSET;
	size_t bytes = frame_bytes(call);
	struct ast_frame frame = {
		.frametype = AST_FRAME_VOICE,
		.subclass.format = call->format,
		.datalen = (int)bytes,
		.samples = (int)(bytes / sizeof(int16_t)),
		.offset = AST_FRIENDLY_OFFSET,
		.src = "VoiceAgent",
		.data.ptr = audio,
	};

	if (is_silence)
		memset(audio, 0, bytes);
	else
		voice_session_pull_audio(call->session, audio, bytes);
	if (ast_write(call->chan, &frame) == 0) {
		ao2_lock(call);
		call->figures.frames_out++;
		ao2_unlock(call);
	} else if (ast_check_hangup(call->chan)) {
		gone(call);
	}
}

/* 20 ms of the call. */
static void tick(struct voice_call *call)
{
	if (call->phase == VOICE_LEAVING) {
		if (call->tail_ticks-- == 0)
			finish(call, VOICE_COMPLETED, call->reason);
		else
			play(call, true);
		return;
	}
	if (++call->quiet_ticks > QUIET_TICKS || call->phase == VOICE_HELD)
		hear(call, silence, frame_bytes(call));
	if (!press_keys(call) && call->phase == VOICE_TALKING)
		play(call, false);
}

static void take_ticks(struct voice_call *call)
{
	uint64_t count = 0;

	if (read(call->timer_fd, &count, sizeof(count)) != sizeof(count))
		return;
	if (count > MOST_FRAMES) {
		ao2_lock(call);
		call->figures.frames_late += count - MOST_FRAMES;
		ao2_unlock(call);
		count = MOST_FRAMES;
	}
	while (count-- > 0 && call->phase != VOICE_OVER)
		tick(call);
	if (call->limit_s > 0 &&
	    ast_tvdiff_ms(ast_tvnow(), call->begin) >= call->limit_s * 1000LL)
		finish(call, VOICE_TIMEOUT, "the call took too long");
}

/* -- From the engine ------------------------------------------------------ */

static void add_keys(struct voice_call *call, const char *digits)
{
	size_t used = strlen(call->keys.waiting);

	ast_copy_string(call->keys.waiting + used, digits,
	                sizeof(call->keys.waiting) - used);
}

/* A signalling address, for a REFER, rather than a place in the dialplan. */
static bool is_address(struct ast_channel *chan, const char *target)
{
	const char *tech = ast_channel_tech(chan)->type;
	size_t length = strlen(tech);

	return strncasecmp(target, "sip:", 4) == 0 ||
	       strncasecmp(target, "sips:", 5) == 0 ||
	       (strncasecmp(target, tech, length) == 0 &&
	        target[length] == '/');
}

/* [context,]exten[,priority] into its parts; whether the dialplan has it. */
static bool find_place(struct voice_call *call, const char *target)
{
	char *rest = ast_strdupa(target);
	char *parts[3] = {NULL, NULL, NULL};
	const char *context;
	const char *exten;
	const char *priority = "1";
	const char *caller;
	char number[AST_MAX_EXTENSION] = "";
	int count = 0;
	int place;

	if (strncasecmp(rest, "tel:", 4) == 0)
		rest += 4;
	while (count < 3 && (parts[count] = strsep(&rest, ",")) != NULL)
		count++;
	exten = count > 1 ? parts[1] : parts[0];
	if (count == 3)
		priority = parts[2];
	ast_channel_lock(call->chan);
	context = count > 1 ? parts[0]
	          : call->setup->transfer_context[0] != '\0'
	                  ? call->setup->transfer_context
	                  : ast_channel_context(call->chan);
	ast_copy_string(call->place[0], context, sizeof(call->place[0]));
	caller = ast_channel_caller(call->chan)->id.number.str;
	ast_copy_string(number, S_OR(caller, ""), sizeof(number));
	ast_channel_unlock(call->chan);
	ast_copy_string(call->place[1], exten, sizeof(call->place[1]));
	ast_copy_string(call->place[2], priority, sizeof(call->place[2]));
	if (sscanf(priority, "%30d", &place) != 1)
		place = ast_findlabel_extension(call->chan, call->place[0],
		                                exten, priority, number);
	if (place < 1 || !ast_exists_extension(call->chan, call->place[0],
	                                       exten, place, number))
		return false;
	snprintf(call->place[2], sizeof(call->place[2]), "%d", place);
	return true;
}

static void begin_transfer(struct voice_call *call, const char *target)
{
	voice_copy_line(call->target, sizeof(call->target), target);
	if (call->leaves_transfer || is_address(call->chan, call->target) ||
	    find_place(call, call->target)) {
		finish(call, VOICE_TRANSFER, call->target);
		return;
	}
	/* The conversation goes on: the agent is still there. */
	ast_log(LOG_WARNING,
	        "%s: no transfer to %s: the dialplan has no "
	        "%s,%s,%s\n",
	        call->channel, call->target, call->place[0], call->place[1],
	        call->place[2]);
	voice_report(call, "VoiceAgentTransfer", "Target", call->target,
	             "Result", "no such extension", NULL);
	call->target[0] = '\0';
	call->place[0][0] = '\0';
	if (call->setup->transfer_failed[0] != '\0')
		voice_session_say(call->session, call->setup->transfer_failed);
}

static void take_event(struct voice_call *call, const voice_event *event)
{
	voice_report_event(call, event);
	switch (event->type) {
	case VOICE_EVENT_TOOL_CALL:
		voice_tools_call(call, event->name, event->id, event->text);
		break;
	case VOICE_EVENT_DTMF_OUT:
		add_keys(call, event->text);
		break;
	case VOICE_EVENT_TRANSFER:
		if (call->phase != VOICE_OVER)
			begin_transfer(call, event->text);
		break;
	case VOICE_EVENT_HANGUP:
		if (call->phase == VOICE_OVER)
			break;
		voice_copy_line(call->reason, sizeof(call->reason),
		                event->text);
		call->phase = VOICE_LEAVING;
		call->tail_ticks = TAIL_TICKS;
		if (event->status != VOICE_OK)
			finish(call, VOICE_FAILED, event->text);
		break;
	case VOICE_EVENT_CLOSED:
		if (call->phase != VOICE_LEAVING)
			finish(call,
			       event->status == VOICE_OK ? VOICE_COMPLETED
			                                 : VOICE_FAILED,
			       event->text);
		break;
	default:
		break;
	}
}

/* Takes what waits; whether the session has closed. */
static bool take_events(struct voice_call *call)
{
	for (int i = 0; i < MOST_EVENTS; i++) {
		voice_event event = {.struct_size = sizeof(event)};

		if (voice_session_next_event(call->session, &event) != VOICE_OK)
			return false;
		take_event(call, &event);
		if (event.type == VOICE_EVENT_CLOSED)
			return true;
	}
	return false;
}

void voice_call_drain(struct voice_call *call)
{
	struct timeval begin = ast_tvnow();
	struct pollfd waited = {.fd = call->event_fd, .events = POLLIN};

	voice_session_hangup(call->session);
	while (!take_events(call)) {
		int64_t left = DRAIN_MS - ast_tvdiff_ms(ast_tvnow(), begin);

		if (left <= 0 ||
		    (ast_poll(&waited, 1, (int)left) < 0 && errno != EINTR))
			return;
	}
}

/* -- The loop ------------------------------------------------------------- */

static void serve(struct voice_call *call)
{
	int fds[] = {call->timer_fd, call->event_fd};

	while (call->phase != VOICE_OVER) {
		struct ast_channel *active;
		int exception = 0;
		int ready = -1;
		int ms = WAIT_MS;

		active = ast_waitfor_nandfds(&call->chan, 1, fds, 2, &exception,
		                             &ready, &ms);
		if (active != NULL)
			read_channel(call);
		else if (ready == call->timer_fd)
			take_ticks(call);
		else if (ready == call->event_fd)
			take_events(call);
		else if (ast_check_hangup(call->chan))
			gone(call);
	}
}

static int start_timer(struct voice_call *call)
{
	struct itimerspec every = {{0, FRAME_MS * 1000000L},
	                           {0, FRAME_MS * 1000000L}};

	call->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (call->timer_fd < 0 ||
	    timerfd_settime(call->timer_fd, 0, &every, NULL) != 0) {
		ast_log(LOG_ERROR, "%s: no timer: %s\n", call->channel,
		        strerror(errno));
		return -1;
	}
	return 0;
}

/* Answers, or opens the way for sound before the answer. */
static int open_channel(struct voice_call *call, bool answers)
{
	if (ast_channel_state(call->chan) == AST_STATE_UP)
		return 0;
	/* Not ast_answer: it waits up to half a second for the caller's first
	 * packet. */
	if (answers)
		return ast_raw_answer(call->chan);
	ast_indicate(call->chan, AST_CONTROL_PROGRESS);
	return 0;
}

void voice_call_run(struct voice_call *call, bool answers)
{
	struct ast_format *before[2];

	call->event_fd = voice_session_event_fd(call->session);
	if (call->event_fd < 0) {
		finish(call, VOICE_FAILED, "no descriptor is left");
		return;
	}
	ast_stopstream(call->chan);
	ast_moh_stop(call->chan);
	ast_deactivate_generator(call->chan);
	ast_channel_lock(call->chan);
	before[0] = ao2_bump(ast_channel_readformat(call->chan));
	before[1] = ao2_bump(ast_channel_writeformat(call->chan));
	ast_channel_unlock(call->chan);
	if (ast_set_read_format(call->chan, call->format) ||
	    ast_set_write_format(call->chan, call->format))
		finish(call, VOICE_FAILED, "its codec cannot be translated");
	else if (open_channel(call, answers))
		finish(call, VOICE_HANGUP, "it could not be answered");
	else if (start_timer(call))
		finish(call, VOICE_FAILED, "no descriptor is left");
	serve(call);
	if (call->keys.pressed != '\0')
		ast_senddigit_end(call->chan, call->keys.pressed,
		                  call->keys.ticks * FRAME_MS);
	if (before[0] != NULL)
		ast_set_read_format(call->chan, before[0]);
	if (before[1] != NULL)
		ast_set_write_format(call->chan, before[1]);
	ao2_cleanup(before[0]);
	ao2_cleanup(before[1]);
}
