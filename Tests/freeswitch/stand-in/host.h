/* The stand-in of FreeSWITCH as the tests see it: calls with a telephone at
 * their other end, a module loader, and what was logged and reported. */
#ifndef STAND_IN_HOST_H
#define STAND_IN_HOST_H

#include <stdatomic.h>
#include <stdio.h>

#include "switch.h"

#define TICK_MS 20
#define STACK_BYTES 245760 /* of FreeSWITCH's session threads */
#define MOST_STEPS 16
#define MOST_BUGS 4
#define MOST_DIGITS 64

/* What the telephone does, in order. */
enum act {
	SAY,       /* text: a WAV file */
	LISTEN,    /* until the agent has spoken and is silent for `s` */
	HEAR,      /* until a turn was reported whose heard text has text */
	CALLED,    /* until a tool call was reported */
	INTERRUPT, /* `s` after the agent began to speak, say text */
	KEYS,      /* text: digits */
	WAIT,      /* `s` */
	HOLD,      /* for `s` */
	HANG_UP,
	STAY, /* until the other side ends the call */
};

struct step {
	enum act act;
	const char *text;
	double s;
};

struct sound {
	int16_t *samples; /* 8 kHz */
	size_t count;
};

struct switch_media_bug {
	switch_core_session_t *session;
	char function[32];
	switch_media_bug_callback_t callback;
	void *user_data;
	uint32_t flags;
	bool used;
	int16_t pending[8192];
	size_t count;
	switch_frame_t *replace;
};

struct switch_channel {
	switch_core_session_t *session;
	char name[80];
	atomic_int state;
	atomic_int cause;
	atomic_uint flags[CF_FLAG_MAX];
	pthread_mutex_t lock;
	switch_event_t *variables;
	char digits[MOST_DIGITS];
	size_t digit_count;
	switch_caller_profile_t profile;
};

struct switch_core_session {
	switch_core_session_t *next;
	char uuid[48];
	switch_channel_t channel;
	pthread_rwlock_t lock;
	switch_memory_pool_t *pool;
	/* media */
	unsigned rate;         /* of the wire: 8000 or 16000 */
	switch_codec_t *codec; /* set by the application, or NULL */
	struct timespec begin;
	uint64_t tick;
	uint8_t frame_data[SWITCH_RECOMMENDED_BUFFER_SIZE];
	switch_frame_t frame;
	bool silent_telephone; /* sends comfort noise only */
	pthread_mutex_t bug_lock;
	struct switch_media_bug bugs[MOST_BUGS];
	/* telephone */
	struct step steps[MOST_STEPS];
	unsigned step;
	uint64_t step_tick;
	const struct sound *saying;
	size_t said;
	uint64_t loud_first; /* tick, since the step began; 0: not */
	uint64_t loud_last;
	uint64_t onset; /* tick of the interruption's first loud frame */
	uint64_t most_ticks;
	bool timed_out;
	/* what came of it */
	int16_t *heard; /* at the wire's rate, on the telephone's clock */
	size_t heard_room;
	atomic_uint written;
	atomic_uint codec_changes;
	unsigned stretches; /* of the agent's speech */
	unsigned silent_after_ms;
	char sent_digits[MOST_DIGITS];
	char application[32]; /* bridge, deflect */
	char argument[256];
	char transfer[3][64];
	bool returned; /* the application, with the call alive */
	size_t stack_used;
	struct timespec hung_up; /* by the telephone */
	unsigned returned_ms;    /* from then until the application was done */
	pthread_t thread;
	char app[32];
	char data[512];
};

struct switch_memory_pool {
	void **blocks;
	size_t count;
};

/* -- The host ------------------------------------------------------------- */

void host_begin(const char *conf_dir, const char *log_path);
/* Where the configuration is read from now on. */
void host_conf(const char *conf_dir);
void host_end(void);
bool host_load(const char *path, char *problem, size_t room);
bool host_unload(const char **problem);
/* What a command answers; caller frees. */
char *host_api(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
unsigned host_logged(switch_log_level_t level, const char *part);

/* -- Calls ---------------------------------------------------------------- */

switch_core_session_t *call_new(const char *uuid, unsigned rate,
                                const struct step *steps);
void call_set(switch_core_session_t *call, const char *name, const char *value);
const char *call_get(switch_core_session_t *call, const char *name);
/* Runs an application in a session thread. */
void call_start(switch_core_session_t *call, const char *app, const char *data);
void call_wait(switch_core_session_t *call);
void call_free(switch_core_session_t *call);
/* Two calls bridged, until one of the telephones hangs up. */
void call_bridge(switch_core_session_t *a, switch_core_session_t *b);
void telephone_hang_up(switch_core_session_t *call, switch_call_cause_t cause);
const struct sound *sound_load(const char *name);
bool is_loud(const int16_t *samples, size_t count);

/* -- Events --------------------------------------------------------------- */

/* How many events of a subclass (and of a call, unless NULL) there were whose
 * header holds the part; NULL header: any. */
unsigned events_of(const char *subclass, const char *uuid, const char *header,
                   const char *part);
/* A header of the n-th such event; caller frees; NULL: none. */
char *event_header(const char *subclass, const char *uuid, unsigned n,
                   const char *header);
bool events_wait(const char *subclass, const char *uuid, const char *header,
                 const char *part, double s);

/* -- Shared by host.c and media.c ------------------------------------------ */

void media_init(switch_core_session_t *call);
void media_end(switch_core_session_t *call);
void *pool_alloc(switch_memory_pool_t *pool, size_t bytes);
void nap(double s);

#endif
