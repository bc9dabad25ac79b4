/* The scenarios of mod_voice_engine, and what they share. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "stand-in/host.h"

#define QUESTION "vm-num-i-have"
#define INTERRUPTION "one-moment-please"
#define GREETING "Thanks for calling, how can I help?"

extern const char *work_path;
extern _Thread_local char note[256]; /* what is told of a good scenario */
extern const struct step QUESTION_ONLY[];

/* The first thing that is wrong is what is told of the scenario. */
void check(bool good, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A call of voice_agent on a telephone of 8 kHz. */
switch_core_session_t *begin(const char *uuid, const char *data,
                             const struct step *steps);
/* Waits for its end, and checks what every call leaves behind. */
void finish(switch_core_session_t *call);
void expect_status(switch_core_session_t *call, const char *status);
bool heard_text(switch_core_session_t *call, const char *part);
void expect_answer(const char *command, const char *argument, const char *part);

/* conversations.c */
void at_8_khz(void);
void at_16_khz(void);
void resampled(void);
void silent_caller(void);
void digits(void);
void hold(void);
void caller_hangs_up(void);
void switch_hangs_up(void);
void agent_hangs_up(void);
void transfers(void);
void taken_away(void);

/* services.c */
void tool_by_command(void);
void tool_unknown(void);
void tool_by_event(void);
void tool_outlives(void);
void bad_configuration(void);
void commands(void);
void listen_in(void);

#endif
