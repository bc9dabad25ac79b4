/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of app_voice_engine.so share.
 *
 *   app_voice_engine.c  the module: load, reload, unload
 *   voice_agent.c       VoiceAgent(): its arguments and its session
 *   voice_call.c        the call, in its channel's thread
 *   voice_listen.c      VoiceListen(): both sides of a call between people
 *   voice_entry.c       variables and rate of a session
 *   voice_report.c      manager and ARI events, transcript, channel variables
 *   voice_tools.c       tools of an agent that the dialplan carries out
 *   voice_config.c      voice_engine.conf and the file with the keys
 *   voice_setup.c       the agents and the engine made from them
 *   voice_console.c     the commands of the console
 *   voice_manager.c     the actions of the manager interface
 *   voice_keeper.c      the thread that ends engines and joins threads
 *
 * The header of the engine comes first: asterisk.h forbids parts of libc.
 */
#ifndef VOICE_MODULE_H
#define VOICE_MODULE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <voice_engine.h>

#include "asterisk.h"

#include "asterisk/app.h"
#include "asterisk/astobj2.h"
#include "asterisk/channel.h"
#include "asterisk/format.h"
#include "asterisk/format_cache.h"
#include "asterisk/frame.h"
#include "asterisk/json.h"
#include "asterisk/logger.h"
#include "asterisk/module.h"
#include "asterisk/pbx.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#define VOICE_NAME_BYTES 80
#define VOICE_TEXT_BYTES 256

/* -- voice_keeper.c ------------------------------------------------------- */

/** A task for the keeper, or a thread that it joins; embedded, so that
 *  nothing has to be allocated when it is handed over. */
struct voice_task {
	struct voice_task *next;
	voice_engine *engine; /* to be destroyed, or NULL */
	pthread_t thread;     /* to be joined, where there is no engine */
	void *(*work)(void *);
	void *data;
	void (*done)(void *); /* after the join, on the keeper's thread */
};

int voice_keeper_start(void);

/** Waits for all threads and for all engines that were handed over. */
void voice_keeper_stop(void);

/** Destroys an engine; the caller does not wait. task lives in the object that
 *  done() releases. */
void voice_keeper_destroy(struct voice_task *task);

/** Runs task->work(task->data) in a thread of its own. 0, or -1. */
int voice_keeper_run(struct voice_task *task);

/** Runs work in a thread with a stack of 2 MiB and waits for it: the console's
 *  and the channels' threads have 496 KiB. 0, or -1. */
int voice_run_wide(void *(*work)(void *), void *data);

/* -- voice_config.c ------------------------------------------------------- */

#define VOICE_CONFIG_FILE "voice_engine.conf"

struct voice_setup;

/** What voice_engine.conf says in [general], as it stands. */
struct voice_settings {
	char agents[PATH_MAX];
	char keys[PATH_MAX];
	char models[PATH_MAX];
	char transcripts[PATH_MAX];
	char ca_file[PATH_MAX];
	char proxy[512];
	char no_proxy[512];
	char loop_cpus[256];
	char transfer_context[AST_MAX_CONTEXT];
	char transfer_failed[VOICE_TEXT_BYTES];
	char log_level[16];
	unsigned int loops;
	unsigned int inference_threads;
	unsigned int max_sessions;
	unsigned int max_call_s;
	unsigned int tool_timeout_s;
	unsigned int max_tools;
	unsigned int user_events;
	unsigned int event_texts;
};

/** Reads the file into settings, and its tools into the setup. 0, or -1 when
 *  anything in it is wrong: the log says what and where. */
int voice_config_read(struct voice_setup *setup,
                      struct voice_settings *settings);

/** Takes the NAME=VALUE lines of a file into the environment. 0, or -1. */
int voice_config_keys(const char *path);

/* -- voice_setup.c -------------------------------------------------------- */

struct voice_agent_file {
	struct voice_agent_file *next;
	char name[VOICE_NAME_BYTES]; /* as the document says */
	char path[PATH_MAX];
	char *json;
	size_t bytes;
};

struct voice_tool {
	struct voice_tool *next;
	char name[VOICE_NAME_BYTES];
	bool is_agi;
	char target[VOICE_TEXT_BYTES]; /* context,exten,priority; or script,...
	                                */
};

/** A configuration and its engine. Never changed once it is in use: a reload
 *  makes another one, and calls keep the one that they began with. */
struct voice_setup {
	struct voice_task *end; /* by which the engine is ended */
	voice_engine *engine;
	unsigned int number; /* 1, 2, 3 ... */
	struct voice_agent_file *agents;
	struct voice_tool *tools;
	char transfer_context[AST_MAX_CONTEXT]; /* "" = the call's own */
	char transfer_failed[VOICE_TEXT_BYTES];
	char transcripts[PATH_MAX]; /* "" = none are kept */
	unsigned int max_call_s;    /* 0 = no limit */
	unsigned int tool_timeout_s;
	unsigned int max_tools;
	bool has_user_events;
	bool has_event_texts;
};

/** Reads voice_engine.conf and makes an engine from it. At the start an agent
 *  that cannot be had is left out; at a reload it keeps the old setup in
 *  force. 0, or -1: the log says why. */
int voice_setup_load(bool is_reload);

/** No new calls; the engine ends with its last call. */
void voice_setup_drop(void);

/** The setup for a new call, with a reference; NULL: none could be made. */
struct voice_setup *voice_setup_current(void);

const struct voice_tool *voice_setup_tool(const struct voice_setup *setup,
                                          const char *name);
bool voice_setup_has_agent(const struct voice_setup *setup, const char *name);

/* -- voice_agent.c and voice_call.c --------------------------------------- */

enum voice_phase {
	VOICE_TALKING,
	VOICE_HELD,    /* the caller has put us on hold: nothing is played */
	VOICE_LEAVING, /* the last words are out; a moment for the network */
	VOICE_OVER,
};

/** How a call ended: VOICE_AGENT_STATUS. */
enum voice_result {
	VOICE_COMPLETED,
	VOICE_HANGUP,
	VOICE_TRANSFER,
	VOICE_TRANSFERFAILED,
	VOICE_REDIRECT,
	VOICE_TIMEOUT,
	VOICE_REFUSED,
	VOICE_BADCONFIG,
	VOICE_FAILED,
};

/** What the console and the events tell of a call. Under the call's lock. */
struct voice_figures {
	unsigned int turns;
	unsigned int interruptions;
	unsigned int tools;
	unsigned int errors;
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t frames_late; /* ticks that came too late to be made up for */
	int64_t last_total_ms;
	char last_caller[VOICE_TEXT_BYTES];
	char last_agent[VOICE_TEXT_BYTES];
};

/** Keys that the agent presses, without holding up the loop. */
struct voice_keys {
	char waiting[128];
	char pressed; /* 0 = none */
	unsigned int ticks;
	unsigned int pause;
};

/** A call of an agent. The channel's thread owns it; the console reads the
 *  names, and the figures under the object's lock. */
struct voice_call {
	struct voice_setup *setup;
	struct ast_channel *chan;
	voice_session *session;
	char agent[VOICE_NAME_BYTES];
	char channel[AST_CHANNEL_NAME];
	char id[AST_MAX_UNIQUEID];
	char linked[AST_MAX_UNIQUEID];
	char caller[VOICE_NAME_BYTES]; /* number */
	const char
		*side; /* of a listener: near or far; NULL = a conversation */
	struct timeval begin;
	int is_traced; /* voice debug; atomic */
	struct voice_figures figures;

	/* The channel's thread alone. */
	enum voice_phase phase;
	enum voice_result result;
	char reason[VOICE_TEXT_BYTES];
	char target[VOICE_TEXT_BYTES];    /* of a transfer, as the agent said */
	char place[3][AST_MAX_EXTENSION]; /* context, exten, priority */
	bool leaves_transfer;             /* option x */
	unsigned int rate;
	struct ast_format *format;
	unsigned int limit_s;
	unsigned int quiet_ticks; /* since audio of the caller came */
	unsigned int tail_ticks;
	int timer_fd;
	int event_fd;
	struct voice_keys keys;
	struct voice_call *log; /* whose transcript it goes to */
	struct ast_str *transcript;
	struct ast_str *summary;
	char audio[AST_FRIENDLY_OFFSET + 640] __attribute__((aligned(8)));
};

/** The applications. */
int voice_agent_exec(struct ast_channel *chan, const char *data);
int voice_listen_exec(struct ast_channel *chan, const char *data);
int voice_listen_stop_exec(struct ast_channel *chan, const char *data);

/** What an application, or an action, asks for. */
struct voice_order {
	const char *agent;
	const char *variables; /* a=b^c=d, or NULL */
	unsigned int rate;     /* 0 = as the call's codec */
	unsigned int limit_s;  /* 0 = as configured */
	bool leaves_transfer;
	bool answers;
};

/** A call without a session; NULL: no memory. */
struct voice_call *voice_call_alloc(struct ast_channel *chan,
                                    struct voice_setup *setup,
                                    const struct voice_order *order);

/** Begins the session. VOICE_OK, or the status with its reason, which lasts
 *  until the next call into the engine. */
voice_status voice_call_open(struct voice_call *call, const char *variables,
                             const char **reason);

/** Answers and talks until the call is over. Fills in result and reason. */
void voice_call_run(struct voice_call *call, bool answers);

/** The session does not end by itself any more: its last events are taken. */
void voice_call_drain(struct voice_call *call);

/** Calls that are live. */
int voice_calls_start(void);
void voice_calls_stop(void);
int voice_calls_count(void);
struct ao2_iterator voice_calls_all(void);
/** By id or channel name, with a reference; side: of a listener, or NULL. */
struct voice_call *voice_calls_find(const char *name, const char *side);
void voice_calls_link(struct voice_call *call);
void voice_calls_unlink(struct voice_call *call);

/* -- voice_listen.c ------------------------------------------------------- */

/** Begins to listen to a channel. 0, or -1 with the reason. */
int voice_listen_begin(struct ast_channel *chan, struct voice_setup *setup,
                       const struct voice_order *order, const char **reason);

/** Ends the listener of a channel, by its name or unique id; NULL: all of them.
 *  Whether there was one. */
bool voice_listen_stop(const char *channel);

/* -- voice_entry.c: what goes into a session ------------------------------ */

/** The JSON object of a session's variables: the call's own, VOICE_AGENT_VAR_*
 *  of the channel, and name=value pairs joined by ^. ast_json_free. */
char *voice_entry_variables(struct ast_channel *chan, const char *pairs);

/** 16000 for wideband codecs, else 8000. */
unsigned int voice_entry_rate(struct ast_channel *chan);

/* -- voice_report.c ------------------------------------------------------- */

/** One event: manager, and ARI where that is set. (name, value) ..., NULL. */
void voice_report(struct voice_call *call, const char *event, ...)
	__attribute__((sentinel));

/** Tells of an event of the engine: log, manager, figures, transcript. */
void voice_report_event(struct voice_call *call, const voice_event *event);

/** Sets VOICE_AGENT_* and writes the transcript. chan is not locked. */
void voice_report_end(struct voice_call *call);

/** The end of a listener. */
void voice_report_listened(struct voice_call *near, struct voice_call *far);

/** Sets VOICE_AGENT_STATUS and _REASON of a call that never began. */
void voice_report_refusal(struct ast_channel *chan, enum voice_result result,
                          const char *reason);

const char *voice_result_name(enum voice_result result);

/** Copies text without line ends, cut at the end of a character. */
void voice_copy_line(char *out, size_t room, const char *text);

/** A JSON string of any text: what is no UTF-8 becomes "?". */
struct ast_json *voice_json_text(const char *text);

extern int voice_trace_all; /* atomic: voice debug on */

/* -- voice_tools.c -------------------------------------------------------- */

/** Carries out a tool call in a thread of its own, or answers with an error
 *  at once. */
void voice_tools_call(struct voice_call *call, const char *name, const char *id,
                      const char *arguments);

/** Hangs up the channels of tools that take too long. */
void voice_tools_expire(void);

/* -- voice_console.c ------------------------------------------------------ */

int voice_console_start(void);
void voice_console_stop(void);
bool voice_console_is_busy(void);

/* -- voice_manager.c ------------------------------------------------------ */

int voice_manager_start(void);
void voice_manager_stop(void);

/** For console and manager: begins to listen to the channel of that name. */
int voice_listen_channel(const char *channel, const char *agent, char *reason,
                         size_t room);

#endif
