/* Versions, status texts, the error of the thread, the agent check. */
#include "abi_test.h"

#include <signal.h>

static void versions_are_those_of_the_header(void)
{
	const char *version = voice_library_version();

	CHECK(voice_abi_version() >> 16 == VOICE_ABI_MAJOR);
	CHECK(voice_abi_version() >= VOICE_ABI_VERSION);
	CHECK(version != NULL && version[0] >= '0' && version[0] <= '9');
	CHECK(voice_library_version() == version);
}

static void every_status_has_a_text_of_its_own(void)
{
	static const voice_status all[] = {
		VOICE_OK,
		VOICE_ERR_BAD_HANDLE,
		VOICE_ERR_BAD_ARG,
		VOICE_ERR_BAD_CONFIG,
		VOICE_ERR_REENTRANT,
		VOICE_ERR_UNSUPPORTED,
		VOICE_ERR_NOT_FOUND,
		VOICE_ERR_OVERRUN,
		VOICE_ERR_AGAIN,
		VOICE_ERR_LIMIT,
		VOICE_ERR_TIMEOUT,
		VOICE_ERR_DRAINING,
		VOICE_ERR_KEY_MISSING,
		VOICE_ERR_MODEL_MISSING,
		VOICE_ERR_PROVIDER,
		VOICE_ERR_NETWORK,
		VOICE_ERR_CLOSED,
		VOICE_ERR_INTERNAL,
	};
	const size_t count = sizeof(all) / sizeof(all[0]);
	const char *unknown = voice_status_text(-12345);

	CHECK(unknown != NULL && unknown[0] != '\0');
	CHECK(voice_status_text(INT32_MAX) != NULL);
	CHECK(voice_status_text(INT32_MIN) != NULL);
	for (size_t i = 0; i < count; i++) {
		const char *text = voice_status_text(all[i]);

		CHECK(text != NULL && text[0] != '\0');
		CHECK(text == voice_status_text(all[i]));
		CHECK(strcmp(text, unknown) != 0);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(text, voice_status_text(all[j])) != 0);
	}
}

static void the_last_error_is_empty_after_success(void)
{
	CHECK_STATUS(voice_agent_check("{", 1), VOICE_ERR_BAD_CONFIG);
	CHECK(voice_last_error()[0] != '\0');
	CHECK_STATUS(voice_agent_check(AGENT_JSON, strlen(AGENT_JSON)),
	             VOICE_OK);
	CHECK(voice_last_error()[0] == '\0');
}

static void *other_thread(void *argument)
{
	int *empty = (int *)argument;

	*empty = voice_last_error()[0] == '\0';
	(void)voice_session_hangup(NULL);
	return NULL;
}

static void the_last_error_belongs_to_its_thread(void)
{
	pthread_t thread;
	char before[256];
	int empty = 0;

	CHECK_STATUS(voice_agent_check("[", 1), VOICE_ERR_BAD_CONFIG);
	strncpy(before, voice_last_error(), sizeof(before) - 1);
	before[sizeof(before) - 1] = '\0';
	CHECK(pthread_create(&thread, NULL, other_thread, &empty) == 0);
	pthread_join(thread, NULL);
	CHECK(empty == 1);
	CHECK(strcmp(before, voice_last_error()) == 0);
}

static void a_wrong_document_is_refused_with_its_key(void)
{
	static const struct {
		const char *json;
		const char *names;
	} rows[] = {
		{"null", ""},
		{"[]", ""},
		{"{", ""},
		{"\"text\"", ""},
		{"{\"name\":\"test\",\"bogus\":1," AGENT_PROVIDERS "}",
	         "bogus"},
		{"{\"name\":7," AGENT_PROVIDERS "}", "name"},
		{"{\"name\":\"test\",\"prompt\":\"x\","
	         "\"stt\":{\"provider\":\"nosuch\"},"
	         "\"llm\":{\"provider\":\"local\"},"
	         "\"tts\":{\"provider\":\"local\"}}",
	         "stt"},
		{"{\"name\":\"test\",\"name\":{}}}", ""},
		{AGENT_JSON " x", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_STATUS(
			voice_agent_check(rows[i].json, strlen(rows[i].json)),
			VOICE_ERR_BAD_CONFIG);
		CHECK(voice_last_error()[0] != '\0');
		CHECK_STATUS(
			voice_agent_check(rows[i].json, strlen(rows[i].json)),
			VOICE_ERR_BAD_CONFIG);
		CHECK_DETAIL(rows[i].names);
	}
	CHECK(voice_agent_check("", 0) < 0);
	CHECK(voice_agent_check(NULL, 0) < 0);
	CHECK(voice_agent_check(NULL, 10) < 0);
}

static void a_document_ends_where_its_length_says(void)
{
	char text[sizeof(AGENT_JSON) + 8];

	memset(text, '!', sizeof(text));
	memcpy(text, AGENT_JSON, strlen(AGENT_JSON));
	CHECK_STATUS(voice_agent_check(text, strlen(AGENT_JSON)), VOICE_OK);
	CHECK_STATUS(voice_agent_check(text, strlen(AGENT_JSON) + 1),
	             VOICE_ERR_BAD_CONFIG);
	CHECK_STATUS(voice_agent_check(text, strlen(AGENT_JSON) - 1),
	             VOICE_ERR_BAD_CONFIG);
}

static void hostile_documents_are_refused(void)
{
	const size_t large = ((size_t)1 << 20) + 1;
	char *text = (char *)malloc(large);

	if (text == NULL)
		return;
	/* A million brackets, too large a document, no UTF-8. */
	memset(text, '[', large);
	CHECK_STATUS(voice_agent_check(text, large - 1), VOICE_ERR_BAD_CONFIG);
	memset(text, ' ', large);
	memcpy(text, AGENT_JSON, strlen(AGENT_JSON));
	CHECK_STATUS(voice_agent_check(text, large - 1), VOICE_OK);
	CHECK(voice_agent_check(text, large) < 0);
	CHECK(voice_agent_check(text, SIZE_MAX) < 0);
	memset(text, 0xFF, 64);
	CHECK_STATUS(voice_agent_check(text, 64), VOICE_ERR_BAD_CONFIG);
	memset(text, 0, 64);
	CHECK_STATUS(voice_agent_check(text, 64), VOICE_ERR_BAD_CONFIG);
	free(text);
}

static void the_host_keeps_its_signal_handlers(void)
{
	static const int signals[] = {SIGINT,  SIGTERM, SIGHUP, SIGUSR1,
	                              SIGUSR2, SIGCHLD, SIGSEGV};
	const size_t count = sizeof(signals) / sizeof(signals[0]);
	struct sigaction before[8];
	voice_engine *engine;

	for (size_t i = 0; i < count; i++)
		CHECK(sigaction(signals[i], NULL, &before[i]) == 0);
	engine = make_engine();
	for (size_t i = 0; i < count; i++) {
		struct sigaction after;

		CHECK(sigaction(signals[i], NULL, &after) == 0);
		CHECK(after.sa_handler == before[i].sa_handler);
	}
	voice_engine_destroy(engine);
}

const struct abi_test process_tests[] = {
	{"versions are those of the header", versions_are_those_of_the_header},
	{"every status has a text of its own",
         every_status_has_a_text_of_its_own},
	{"the last error is empty after success",
         the_last_error_is_empty_after_success},
	{"the last error belongs to its thread",
         the_last_error_belongs_to_its_thread},
	{"a wrong document is refused with its key",
         a_wrong_document_is_refused_with_its_key},
	{"a document ends where its length says",
         a_document_ends_where_its_length_says},
	{"hostile documents are refused", hostile_documents_are_refused},
	{"the host keeps its signal handlers",
         the_host_keeps_its_signal_handlers},
	{NULL, NULL},
};
