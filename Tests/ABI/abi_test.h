/*
 * The contract of voice_engine.h, tested from the public header alone.
 *
 * Compiled as C99, as C11 and as C++: the common subset, so fields are set one
 * by one. Each test is a function named as a sentence; CHECK goes on after a
 * failure, so that one run shows them all.
 */
#ifndef ABI_TEST_H
#define ABI_TEST_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <voice_engine.h>

/* Nothing listens on port 1: every provider is refused at once. */
#define AGENT_PROVIDERS                                                        \
	"\"language\":\"en-US\","                                              \
	"\"prompt\":\"You answer the telephone.\","                            \
	"\"greeting\":\"Hello.\","                                             \
	"\"stt\":{\"provider\":\"deepgram\","                                  \
	"\"base_url\":\"ws://127.0.0.1:1\","                                   \
	"\"api_key_env\":\"VOICE_TEST_KEY\"},"                                 \
	"\"llm\":{\"provider\":\"openai\",\"model\":\"test\","                 \
	"\"base_url\":\"http://127.0.0.1:1/v1\","                              \
	"\"api_key_env\":\"VOICE_TEST_KEY\"},"                                 \
	"\"tts\":{\"provider\":\"deepgram\","                                  \
	"\"base_url\":\"ws://127.0.0.1:1\","                                   \
	"\"api_key_env\":\"VOICE_TEST_KEY\"}"
#define AGENT_JSON "{\"name\":\"test\"," AGENT_PROVIDERS "}"

struct abi_test {
	const char *name;
	void (*run)(void);
};

/* One table per file, ended by a NULL name. */
extern const struct abi_test process_tests[];
extern const struct abi_test engine_tests[];
extern const struct abi_test session_tests[];
extern const struct abi_test event_tests[];
extern const struct abi_test server_tests[];
extern const struct abi_test thread_tests[];

/** Notes one check; prints it when it failed. Any thread. */
void abi_note(int passed, const char *file, int line, const char *what);

/** As abi_note, with the status that came, its detail, and the one expected. */
void abi_note_status(voice_status got, voice_status expected, const char *file,
                     int line, const char *what);

/** As abi_note: the last error of this thread contains the text. */
void abi_note_detail(const char *part, const char *file, int line);

#define CHECK(condition)                                                       \
	abi_note((condition) != 0, __FILE__, __LINE__, #condition)
#define CHECK_STATUS(call, expected)                                           \
	abi_note_status((call), (expected), __FILE__, __LINE__, #call)
/* The failure's text names this field. */
#define CHECK_DETAIL(part) abi_note_detail((part), __FILE__, __LINE__)

/** An engine with one loop and the agent "test"; the run ends without one. */
voice_engine *make_engine(void);

/** Configuration of a PCM16 call of the agent "test". */
voice_session_config make_config(void);

/** A call that is pulled and polled; the run ends without one. */
voice_session *make_session(voice_engine *engine);

/** Waits for the event of a type, up to 5 s; takes the ones before it. */
int wait_event(voice_session *session, uint32_t type, voice_event *out);

/** Waits up to 5 s until the flag is set by another thread. */
int wait_flag(const volatile int *flag);

/** Milliseconds since some moment. */
int64_t now_ms(void);

/** Handles that never were: small numbers, all ones, a real address. */
void *invented_handle(int index);
#define INVENTED 5

#endif
