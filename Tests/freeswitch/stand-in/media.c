/* Frames, media bugs, and the telephone at the other end of a call. */
#include <errno.h>
#include <math.h>

#include "host.h"

#define LOUD 600
#define SILENT_TICKS 15 /* a pause within speech is shorter */

/* -- Sounds --------------------------------------------------------------- */

static struct {
	const char *name;
	struct sound sound;
} sounds[8];
static unsigned sound_count;
static pthread_mutex_t sound_lock = PTHREAD_MUTEX_INITIALIZER;

static bool read_wav(const char *path, struct sound *out)
{
	FILE *file = fopen(path, "rb");
	uint8_t head[12];
	uint8_t chunk[8];
	bool found = false;

	if (file == NULL || fread(head, 12, 1, file) != 1)
		goto out;
	while (fread(chunk, 8, 1, file) == 1) {
		uint32_t bytes = chunk[4] | chunk[5] << 8 | chunk[6] << 16 |
		                 (uint32_t)chunk[7] << 24;

		if (memcmp(chunk, "data", 4) != 0) {
			fseek(file, (long)bytes, SEEK_CUR);
			continue;
		}
		out->samples = malloc(bytes);
		found = out->samples != NULL &&
		        fread(out->samples, bytes, 1, file) == 1;
		out->count = bytes / 2;
		break;
	}
out:
	if (file != NULL)
		fclose(file);
	return found;
}

const struct sound *sound_load(const char *name)
{
	const char *dir = getenv("ASTERISK_SOUNDS");
	struct sound *sound = NULL;
	char path[512];

	pthread_mutex_lock(&sound_lock);
	for (unsigned i = 0; i < sound_count; i++) {
		if (strcmp(sounds[i].name, name) == 0)
			sound = &sounds[i].sound;
	}
	if (sound == NULL && sound_count < 8) {
		snprintf(path, sizeof(path), "%s/%s.wav",
		         dir != NULL
		                 ? dir
		                 : "/usr/share/asterisk/sounds/en_US_f_Allison",
		         name);
		if (!read_wav(path, &sounds[sound_count].sound)) {
			fprintf(stderr, "%s: no sound\n", path);
			exit(2);
		}
		sounds[sound_count].name = name;
		sound = &sounds[sound_count++].sound;
	}
	pthread_mutex_unlock(&sound_lock);
	return sound;
}

bool is_loud(const int16_t *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (abs(samples[i]) > LOUD)
			return true;
	}
	return false;
}

/* -- The telephone -------------------------------------------------------- */

static void begin_step(switch_core_session_t *call, unsigned step)
{
	call->step = step;
	call->step_tick = call->tick;
	call->loud_first = 0;
	call->saying = NULL;
	call->said = 0;
	if (call->steps[step].act == SAY)
		call->saying = sound_load(call->steps[step].text);
}

void telephone_hang_up(switch_core_session_t *call, switch_call_cause_t cause)
{
	int expected = CS_EXECUTE;

	if (atomic_load(&call->channel.state) == CS_EXECUTE)
		clock_gettime(CLOCK_MONOTONIC, &call->hung_up);
	if (atomic_compare_exchange_strong(&call->channel.state, &expected,
	                                   CS_HANGUP))
		atomic_store(&call->channel.cause, (int)cause);
}

static void press(switch_core_session_t *call, const char *keys)
{
	switch_channel_t *channel = &call->channel;

	pthread_mutex_lock(&channel->lock);
	for (; *keys != '\0' && channel->digit_count < MOST_DIGITS; keys++)
		channel->digits[channel->digit_count++] = *keys;
	pthread_mutex_unlock(&channel->lock);
}

static bool step_done(switch_core_session_t *call)
{
	const struct step *step = &call->steps[call->step];
	uint64_t wait = (uint64_t)(step->s * 1000 / TICK_MS);
	atomic_uint *held = &call->channel.flags[CF_PROTO_HOLD];

	switch (step->act) {
	case SAY:
		return call->said >= call->saying->count;
	case LISTEN:
		return call->loud_first != 0 &&
		       call->tick - call->loud_last >= wait;
	case HEAR:
		return events_of("voice_engine::turn", call->uuid,
		                 "Voice-Heard-Text", step->text) > 0;
	case CALLED:
		return events_of("voice_engine::tool", call->uuid, NULL, NULL) >
		       0;
	case INTERRUPT:
		if (call->saying == NULL && call->loud_first != 0 &&
		    call->tick - call->loud_first >= wait) {
			call->saying = sound_load(step->text);
			call->onset = call->tick;
		}
		if (call->saying == NULL || call->said < call->saying->count)
			return false;
		call->silent_after_ms = call->loud_last < call->onset
		                                ? 0
		                                : (unsigned)(call->loud_last -
		                                             call->onset + 1) *
		                                          TICK_MS;
		return true;
	case KEYS:
		press(call, step->text);
		return true;
	case WAIT:
		return call->tick - call->step_tick >= wait;
	case HOLD:
		atomic_store(held, call->tick - call->step_tick < wait);
		return call->tick - call->step_tick >= wait;
	case HANG_UP:
		telephone_hang_up(call, SWITCH_CAUSE_USER_BUSY);
		return false;
	case STAY:
		break;
	}
	return false;
}

static void telephone_tick(switch_core_session_t *call, int16_t *out,
                           size_t count)
{
	if (call->tick > call->most_ticks && !call->timed_out) {
		call->timed_out = true;
		telephone_hang_up(call, SWITCH_CAUSE_NORMAL_CLEARING);
	}
	while (step_done(call) && call->step + 1 < MOST_STEPS)
		begin_step(call, call->step + 1);
	memset(out, 0, count * 2);
	if (call->saying == NULL)
		return;
	/* The sounds have 8 kHz; a wideband telephone repeats samples. */
	for (size_t i = 0; i < count && call->said < call->saying->count; i++) {
		out[i] = call->saying->samples[call->said];
		if (call->rate == 8000 || (i & 1) != 0)
			call->said++;
	}
}

static void telephone_hears(switch_core_session_t *call, const int16_t *in,
                            size_t count)
{
	size_t at = (size_t)call->tick * count;

	if (is_loud(in, count)) {
		if (call->loud_first == 0) {
			call->loud_first = call->tick;
		}
		if (call->stretches == 0 ||
		    call->tick - call->loud_last > SILENT_TICKS)
			call->stretches++;
		call->loud_last = call->tick;
	}
	if (at + count <= call->heard_room)
		memcpy(call->heard + at, in, count * 2);
}

/* -- Frames --------------------------------------------------------------- */

void media_init(switch_core_session_t *call)
{
	clock_gettime(CLOCK_MONOTONIC, &call->begin);
	call->tick = 1;
	begin_step(call, 0);
}

static void pace(switch_core_session_t *call)
{
	uint64_t ns = call->tick++ * TICK_MS * 1000000ull;
	struct timespec until = call->begin;

	until.tv_sec += (time_t)(ns / 1000000000);
	until.tv_nsec += (long)(ns % 1000000000);
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	       EINTR) {
	}
}

static void to_bugs(switch_core_session_t *call, uint32_t stream,
                    switch_abc_type_t type, const int16_t *samples,
                    size_t count)
{
	pthread_mutex_lock(&call->bug_lock);
	for (unsigned i = 0; i < MOST_BUGS; i++) {
		struct switch_media_bug *bug = &call->bugs[i];

		if (!bug->used || (bug->flags & stream) == 0)
			continue;
		if (samples != NULL && bug->count + count <= 8192) {
			memcpy(bug->pending + bug->count, samples, count * 2);
			bug->count += count;
		}
		bug->callback(bug, bug->user_data, type);
	}
	pthread_mutex_unlock(&call->bug_lock);
}

switch_status_t switch_core_session_read_frame(switch_core_session_t *session,
                                               switch_frame_t **frame,
                                               switch_io_flag_t flags,
                                               int stream_id)
{
	size_t count = session->rate / 1000 * TICK_MS;
	int16_t wire[960];
	int16_t *out = (int16_t *)(void *)session->frame_data;
	switch_frame_t *into = &session->frame;
	bool noise;

	(void)flags;
	(void)stream_id;
	*frame = NULL;
	if (atomic_load(&session->channel.state) >= CS_HANGUP)
		return SWITCH_STATUS_FALSE;
	pace(session);
	telephone_tick(session, wire, count);
	memset(into, 0, sizeof(*into));
	into->data = session->frame_data;
	into->buflen = sizeof(session->frame_data);
	*frame = into;
	/* As FreeSWITCH: the first frames are comfort noise at the wire's size,
	 * without samples and rate. Some garbage shows who reads them. */
	noise = session->tick < 4 || session->silent_telephone;
	if (noise) {
		memset(session->frame_data, 0x55, count * 2);
		into->flags = SFF_CNG;
		into->datalen = (uint32_t)count * 2;
	} else {
		to_bugs(session, SMBF_READ_STREAM, SWITCH_ABC_TYPE_READ, wire,
		        count);
		into->rate = session->codec != NULL
		                     ? session->codec->implementation
		                               ->samples_per_second
		                     : session->rate;
		into->samples = into->rate / 1000 * TICK_MS;
		into->datalen = into->samples * 2;
		for (uint32_t i = 0; i < into->samples; i++)
			out[i] = wire[i * count / into->samples];
	}
	to_bugs(session, SMBF_READ_PING, SWITCH_ABC_TYPE_READ_PING, NULL, 0);
	return SWITCH_STATUS_SUCCESS;
}

switch_status_t switch_core_session_write_frame(switch_core_session_t *session,
                                                switch_frame_t *frame,
                                                switch_io_flag_t flags,
                                                int stream_id)
{
	size_t count = session->rate / 1000 * TICK_MS;
	size_t given = frame->datalen / 2;
	int16_t wire[960];
	switch_frame_t copy = *frame;

	(void)flags;
	(void)stream_id;
	if (atomic_load(&session->channel.state) >= CS_HANGUP || given == 0)
		return SWITCH_STATUS_FALSE;
	for (size_t i = 0; i < count; i++)
		memcpy(&wire[i], (uint8_t *)frame->data + i * given / count * 2,
		       2);
	copy.data = wire;
	copy.datalen = (uint32_t)count * 2;
	copy.samples = (uint32_t)count;
	to_bugs(session, SMBF_WRITE_STREAM, SWITCH_ABC_TYPE_WRITE, wire, count);
	for (unsigned i = 0; i < MOST_BUGS; i++)
		session->bugs[i].replace = &copy;
	to_bugs(session, SMBF_WRITE_REPLACE, SWITCH_ABC_TYPE_WRITE_REPLACE,
	        NULL, 0);
	atomic_fetch_add(&session->written, 1);
	telephone_hears(session, copy.data, count);
	return SWITCH_STATUS_SUCCESS;
}

/* -- Media bugs ----------------------------------------------------------- */

switch_status_t switch_core_media_bug_add(switch_core_session_t *session,
                                          const char *function,
                                          const char *target,
                                          switch_media_bug_callback_t callback,
                                          void *user_data, time_t stop_time,
                                          switch_media_bug_flag_t flags,
                                          switch_media_bug_t **new_bug)
{
	struct switch_media_bug *bug = NULL;

	(void)target;
	(void)stop_time;
	pthread_mutex_lock(&session->bug_lock);
	for (unsigned i = 0; i < MOST_BUGS && bug == NULL; i++) {
		if (!session->bugs[i].used)
			bug = &session->bugs[i];
	}
	if (bug != NULL) {
		memset(bug, 0, sizeof(*bug));
		bug->session = session;
		bug->callback = callback;
		bug->user_data = user_data;
		bug->flags = flags;
		snprintf(bug->function, sizeof(bug->function), "%s", function);
		bug->used = callback(bug, user_data, SWITCH_ABC_TYPE_INIT) ==
		            SWITCH_TRUE;
		*new_bug = bug;
	}
	pthread_mutex_unlock(&session->bug_lock);
	return bug != NULL && bug->used ? SWITCH_STATUS_SUCCESS
	                                : SWITCH_STATUS_GENERR;
}

switch_status_t
switch_core_media_bug_remove_all_function(switch_core_session_t *session,
                                          const char *function)
{
	pthread_mutex_lock(&session->bug_lock);
	for (unsigned i = 0; i < MOST_BUGS; i++) {
		struct switch_media_bug *bug = &session->bugs[i];

		if (!bug->used ||
		    (function != NULL && strcmp(function, bug->function) != 0))
			continue;
		bug->used = false;
		bug->callback(bug, bug->user_data, SWITCH_ABC_TYPE_CLOSE);
	}
	pthread_mutex_unlock(&session->bug_lock);
	return SWITCH_STATUS_SUCCESS;
}

void media_end(switch_core_session_t *call)
{
	switch_core_media_bug_remove_all_function(call, NULL);
}

uint32_t switch_core_media_bug_count(switch_core_session_t *session,
                                     const char *function)
{
	uint32_t count = 0;

	pthread_mutex_lock(&session->bug_lock);
	for (unsigned i = 0; i < MOST_BUGS; i++) {
		if (session->bugs[i].used &&
		    strcmp(session->bugs[i].function, function) == 0)
			count++;
	}
	pthread_mutex_unlock(&session->bug_lock);
	return count;
}

/* With `fill`, as FreeSWITCH: no data, no frame. Without, it would give silence
 * for ever, which no loop over it survives. */
switch_status_t switch_core_media_bug_read(switch_media_bug_t *bug,
                                           switch_frame_t *frame,
                                           switch_bool_t fill)
{
	size_t count = bug->session->rate / 1000 * TICK_MS;

	if (!fill && bug->count < count) {
		memset(frame->data, 0xFF, count * 2);
		frame->datalen = (uint32_t)count * 2;
		return SWITCH_STATUS_SUCCESS;
	}
	if (bug->count < count)
		return SWITCH_STATUS_FALSE;
	memcpy(frame->data, bug->pending, count * 2);
	memmove(bug->pending, bug->pending + count, (bug->count - count) * 2);
	bug->count -= count;
	frame->datalen = (uint32_t)count * 2;
	frame->samples = (uint32_t)count;
	frame->rate = bug->session->rate;
	return SWITCH_STATUS_SUCCESS;
}

switch_frame_t *
switch_core_media_bug_get_write_replace_frame(switch_media_bug_t *bug)
{
	return bug->replace;
}

void switch_core_media_bug_set_write_replace_frame(switch_media_bug_t *bug,
                                                   switch_frame_t *frame)
{
	bug->replace = frame;
}
