/*
 * mod_voice_engine: what its files share.
 *
 *   mod_voice_engine.c  load, unload, applications and commands as FreeSWITCH
 *                       sees them
 *   ve_config.c         voice_engine.conf; a generation: one engine, its agents
 *   ve_call.c           voice_agent: the session thread's loop
 *   ve_call_events.c    what the engine reports in a call, and the call's end
 *   ve_tools.c          tools that are API commands, or answered over events
 *   ve_listen.c         voice_listen: media bugs on a call between two people
 *   ve_commands.c       the API commands
 *   ve_live.c           who is live, and the threads for what may take long
 *   ve_text.c           growing text, JSON out and in
 *
 * Threads: the session thread alone touches its channel. It has 240 KiB of
 * stack, so it only moves frames, takes events and hands work on; a tool, the
 * end of a listener and the end of an engine run on threads of this module.
 */
#ifndef VE_H
#define VE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <time.h>

#include <switch.h>
#include <voice_engine.h>

#define VE_NAME_BYTES 65  /* agents, tools: 64 letters */
#define VE_UUID_BYTES 257 /* FreeSWITCH takes any text as a UUID */
#define VE_REASON_BYTES 256
#define VE_PATH_BYTES 1024
#define VE_TOOL_BYTES 65536 /* the longest result that the engine takes */

#define VE_EVENT_TURN "voice_engine::turn"
#define VE_EVENT_BARGE_IN "voice_engine::barge_in"
#define VE_EVENT_TOOL "voice_engine::tool"
#define VE_EVENT_END "voice_engine::end"

#define ve_log(level, ...)                                                     \
	switch_log_printf(SWITCH_CHANNEL_LOG, level, __VA_ARGS__)

/* -- Text: ve_text.c ------------------------------------------------------ */

/* Grows up to `most` bytes; what does not fit is left out and `cut` is set. */
struct ve_text {
	char *data; /* NUL-terminated, or NULL while empty */
	size_t used;
	size_t room;
	size_t most;
	bool cut;
};

void ve_text_add(struct ve_text *text, const char *more);
void ve_text_bytes(struct ve_text *text, const char *more, size_t bytes);
void ve_text_format(struct ve_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* As a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void ve_text_quote(struct ve_text *text, const char *value);
/* As a part of a command: all but letters, digits and ._+@- as %XX. */
void ve_text_percent(struct ve_text *text, const char *value);
const char *ve_text_get(const struct ve_text *text); /* never NULL */
void ve_text_free(struct ve_text *text);

/*
 * Adds the member of a JSON object: a string without its quotes and escapes,
 * anything else as it is written. False when there is none.
 */
bool ve_json_member(const char *object, const char *name, struct ve_text *out);
/* Calls for each member of an object, with its value as ve_json_member. */
void ve_json_members(const char *object,
                     void (*each)(void *context, const char *name,
                                  const char *value),
                     void *context);

/* -- Configuration: ve_config.c ------------------------------------------- */

enum ve_tool_kind { VE_TOOL_API, VE_TOOL_EVENT };

struct ve_tool {
	struct ve_tool *next;
	enum ve_tool_kind kind;
	char name[VE_NAME_BYTES];
	char command[64];
	char arguments[1024];
};

struct ve_agent {
	struct ve_agent *next;
	char name[VE_NAME_BYTES];
	char *json;
	size_t bytes;
	voice_status status; /* VOICE_OK: the engine has it */
	char detail[VE_REASON_BYTES];
};

/*
 * One reading of the configuration: an engine with its agents. A call keeps
 * the generation that it began with; the last to let go of it ends the engine.
 */
struct ve_generation {
	unsigned number;
	unsigned references; /* under the lock of ve_config.c */
	voice_engine *engine;
	struct ve_agent *agents;
	struct ve_tool *tools;
	char transcript_dir[VE_PATH_BYTES];
	unsigned max_calls;
	unsigned tool_threads;
	unsigned tool_queue;
	bool may_bridge; /* transfers to bridge:... */
	bool no_texts;   /* events do not tell what was said */
};

/* Reads the configuration and makes it current. `error` gets one line. */
bool ve_config_load(char *error, size_t room);
void ve_config_unload(void);
struct ve_generation *ve_generation_get(void); /* NULL: none is loaded */
void ve_generation_put(struct ve_generation *generation);
const struct ve_agent *ve_agent_find(const struct ve_generation *generation,
                                     const char *name);
const struct ve_tool *ve_tool_find(const struct ve_generation *generation,
                                   const char *name);

/* -- Who is live, and work: ve_live.c ------------------------------------- */

struct ve_live {
	struct ve_live *next;
	const char *kind; /* "agent" or "listen" */
	char uuid[VE_UUID_BYTES];
	char channel_name[VE_UUID_BYTES];
	char agent[VE_NAME_BYTES];
	char peer[VE_UUID_BYTES]; /* the caller's number */
	time_t began;
	unsigned generation;
	unsigned rate;
	voice_session *speaker; /* say, barge-in and text go here */
	voice_session *other;   /* the second session of a listener, or NULL */
	unsigned turns;         /* atomic */
	unsigned interruptions; /* atomic */
};

/* False when `most` are live already. */
bool ve_live_add(struct ve_live *live, unsigned most);
/* What is known once media and sessions are there. */
void ve_live_open(struct ve_live *live, unsigned rate, voice_session *speaker,
                  voice_session *other);
void ve_live_remove(struct ve_live *live);
unsigned ve_live_count(void);
/* A copy; its sessions may end meanwhile, which the engine answers. */
bool ve_live_find(const char *uuid, const char *kind, struct ve_live *copy);
void ve_live_each(void (*each)(void *context, const struct ve_live *live),
                  void *context);

struct ve_job {
	struct ve_job *next;
	void (*run)(struct ve_job *job); /* frees the job */
};

enum ve_queue { VE_QUEUE_TOOLS, VE_QUEUE_ENDINGS };

/* `most` waiting jobs, 0 = no limit; false when there are as many. */
bool ve_work_add(enum ve_queue queue, struct ve_job *job, unsigned most);
bool ve_work_start(unsigned tool_threads);
/* Waits for the threads; false when one is still busy after 10 s. */
bool ve_work_stop(void);
/* Runs a function on a thread with 8 MiB of stack, and waits for it. */
bool ve_work_deep(void (*run)(void *context), void *context);

/* The module cannot be unloaded between these: for what FreeSWITCH does not
 * count itself (media bugs, jobs). False when it is being unloaded. */
bool ve_module_hold(void);
void ve_module_release(void);

/* -- Records of a conversation: ve_call_events.c -------------------------- */

struct ve_record {
	struct ve_text turns;   /* JSON objects, comma-separated */
	struct ve_text summary; /* for a channel variable */
	struct ve_text caller;  /* said, and not yet answered */
};

void ve_record_begin(struct ve_record *record);
/* Adds one turn; either side may be "". */
void ve_record_turn(struct ve_record *record, uint64_t turn, const char *caller,
                    const char *agent, bool interrupted);
/* Writes the transcript; `path` gets its name, or "" when there is none. */
void ve_record_write(struct ve_record *record, const struct ve_live *live,
                     const char *status, const char *reason, const char *wanted,
                     const char *dir, char *path);
void ve_record_free(struct ve_record *record);

/* An event with the identity of a call; channel may be NULL. */
switch_event_t *ve_event_new(const char *subclass, const struct ve_live *live,
                             switch_channel_t *channel);
void ve_event_add(switch_event_t *event, const char *name, const char *value);
void ve_event_number(switch_event_t *event, const char *name, uint64_t value);

/* -- Calls: ve_call.c, ve_call_events.c ----------------------------------- */

enum ve_outcome {
	VE_RUNNING,
	VE_COMPLETED, /* the agent has ended the conversation */
	VE_HANGUP,    /* the caller has hung up */
	VE_TRANSFER,  /* the call goes to somebody else */
	VE_FAILED,    /* providers or engine failed */
	VE_REFUSED,   /* a limit, a missing key or model */
	VE_BADCONFIG, /* no such agent, or its document is wrong */
};

const char *ve_outcome_text(enum ve_outcome outcome);

struct ve_options {
	char agent[VE_NAME_BYTES];
	char transcript[VE_PATH_BYTES];
	unsigned rate;    /* [Hz] 0 = the call's */
	bool early;       /* early media instead of an answer */
	bool hangup;      /* hang up when the agent has ended the call */
	bool no_transfer; /* the dialplan does it, by voice_agent_transfer */
};

struct ve_call {
	struct ve_live live;
	struct ve_options options;
	struct ve_record record;
	struct ve_generation *generation;
	switch_core_session_t *host;
	switch_channel_t *channel;
	voice_session *session;
	switch_codec_t codec;
	switch_frame_t out;
	unsigned rate; /* [Hz] */
	unsigned packet_bytes;
	uint8_t audio[SWITCH_RECOMMENDED_BUFFER_SIZE];
	uint8_t silence[SWITCH_RECOMMENDED_BUFFER_SIZE];
	enum ve_outcome outcome;
	char reason[VE_REASON_BYTES];
	char target[VE_REASON_BYTES]; /* of a transfer */
};

void ve_call_run(switch_core_session_t *host, const char *data);
/* "" or what is wrong with the arguments. */
const char *ve_options_parse(const char *data, struct ve_options *options);
/* {{name}} values from the channel; caller frees. */
void ve_call_variables(switch_channel_t *channel, const char *uuid,
                       struct ve_text *json);
void ve_call_decide(struct ve_call *call, enum ve_outcome outcome,
                    const char *reason);
/* Takes every event that waits; true once the session has closed. */
bool ve_call_events(struct ve_call *call);
void ve_call_report(struct ve_call *call);

/* -- Tools: ve_tools.c ---------------------------------------------------- */

void ve_tool_run(const struct ve_generation *generation,
                 const struct ve_live *live, switch_channel_t *channel,
                 const voice_event *event);

/* -- Listeners: ve_listen.c ----------------------------------------------- */

/* Begins to listen on a session that the caller has locked. NULL, or why not.
 */
const char *ve_listen_start(switch_core_session_t *host, const char *data);
bool ve_listen_stop(switch_core_session_t *host);

/* -- Commands: ve_commands.c ---------------------------------------------- */

void ve_command(const char *arguments, switch_stream_handle_t *stream);
void ve_command_say(const char *arguments, switch_stream_handle_t *stream);
void ve_command_text(const char *arguments, switch_stream_handle_t *stream);
void ve_command_barge_in(const char *arguments, switch_stream_handle_t *stream);
void ve_command_listen(const char *arguments, switch_stream_handle_t *stream);
void ve_command_tool_result(const char *arguments,
                            switch_stream_handle_t *stream);
bool ve_debug(void); /* whether every event of the engine is logged */

#endif
