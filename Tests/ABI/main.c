/* Runs all tables and prints how many checks passed and failed. */
#include "abi_test.h"

#include <poll.h>
#include <stdarg.h>

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned passed_count;
static unsigned failed_count;
static const char *current = "";

static void note(int passed, const char *format, ...)
{
	va_list arguments;

	pthread_mutex_lock(&count_lock);
	if (passed) {
		passed_count++;
	} else {
		failed_count++;
		printf("FAIL %s: ", current);
		va_start(arguments, format);
		vprintf(format, arguments);
		va_end(arguments);
		putchar('\n');
	}
	pthread_mutex_unlock(&count_lock);
}

void abi_note(int passed, const char *file, int line, const char *what)
{
	note(passed, "%s:%d: %s", file, line, what);
}

void abi_note_status(voice_status got, voice_status expected, const char *file,
                     int line, const char *what)
{
	/* The detail goes with the next voice_ call: copy it first. */
	char detail[1024];
	const char *text = voice_last_error();

	strncpy(detail, text, sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = '\0';
	note(got == expected, "%s:%d: %s gave %d (%s), expected %d", file, line,
	     what, (int)got, detail, (int)expected);
}

void abi_note_detail(const char *part, const char *file, int line)
{
	const char *text = voice_last_error();

	note(strstr(text, part) != NULL,
	     "%s:%d: the error \"%s\" does not name \"%s\"", file, line, text,
	     part);
}

static void need(voice_status status, const char *what)
{
	if (status >= 0)
		return;
	printf("FAIL %s: %s: %d (%s)\n0 passed, 1 failed\n", current, what,
	       (int)status, voice_last_error());
	exit(1);
}

voice_engine *make_engine(void)
{
	voice_engine_config config;
	voice_engine *engine = NULL;

	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	config.loops = 1;
	config.inference_threads = 1;
	need(voice_engine_create(&config, &engine), "voice_engine_create");
	need(voice_engine_add_agent(engine, AGENT_JSON, strlen(AGENT_JSON)),
	     "voice_engine_add_agent");
	return engine;
}

voice_session_config make_config(void)
{
	voice_session_config config;

	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	config.agent_name = "test";
	return config;
}

voice_session *make_session(voice_engine *engine)
{
	voice_session_config config = make_config();
	voice_session *session = NULL;

	need(voice_session_create(engine, &config, NULL, &session),
	     "voice_session_create");
	return session;
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int wait_event(voice_session *session, uint32_t type, voice_event *out)
{
	int64_t until = now_ms() + 5000;
	struct pollfd waiting;

	waiting.fd = voice_session_event_fd(session);
	waiting.events = POLLIN;
	while (now_ms() < until) {
		voice_status status;

		memset(out, 0, sizeof(*out));
		out->struct_size = sizeof(*out);
		status = voice_session_next_event(session, out);
		if (status == VOICE_OK && out->type == type)
			return 1;
		if (status != VOICE_OK && status != VOICE_ERR_AGAIN)
			return 0;
		if (status == VOICE_ERR_AGAIN)
			(void)poll(&waiting, 1, 100);
	}
	return 0;
}

int wait_flag(const volatile int *flag)
{
	int64_t until = now_ms() + 5000;

	while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) {
		if (now_ms() > until)
			return 0;
		(void)poll(NULL, 0, 1);
	}
	return 1;
}

void *invented_handle(int index)
{
	static char memory[64];
	const uintptr_t numbers[INVENTED] = {1, 0x10001, 0xDEADBEEFu,
	                                     UINTPTR_MAX, (uintptr_t)memory};

	return (void *)numbers[index % INVENTED];
}

static void run_table(const struct abi_test *table, const char *only)
{
	for (; table->name != NULL; table++) {
		int64_t start = now_ms();

		if (only != NULL && strstr(table->name, only) == NULL)
			continue;
		current = table->name;
		table->run();
		printf("%5d ms  %s\n", (int)(now_ms() - start), table->name);
		fflush(stdout);
	}
}

int main(int count, char **arguments)
{
	const char *only = count > 1 ? arguments[1] : NULL;

	setenv("VOICE_TEST_KEY", "not-a-key", 1);
	unsetenv("VOICE_TEST_UNSET_KEY");
	run_table(process_tests, only);
	run_table(engine_tests, only);
	run_table(session_tests, only);
	run_table(event_tests, only);
	run_table(server_tests, only);
	run_table(thread_tests, only);
	printf("%u passed, %u failed\n", passed_count, failed_count);
	return failed_count == 0 && passed_count > 0 ? 0 : 1;
}
