/* Engines: configuration, handles, agents, metrics. */
#include <dirent.h>

#include "abi_test.h"

/* An engine configuration with room for fields of the future. */
struct long_engine_config {
	voice_engine_config known;
	uint64_t future[4];
};

static voice_engine_config defaults(void)
{
	voice_engine_config config;

	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	return config;
}

static void create_refuses(const voice_engine_config *config, const char *field)
{
	voice_engine *engine = (voice_engine *)invented_handle(0);

	CHECK_STATUS(voice_engine_create(config, &engine), VOICE_ERR_BAD_ARG);
	CHECK_DETAIL(field);
	CHECK(engine == NULL);
	if (engine != NULL)
		voice_engine_destroy(engine);
}

static void create_takes(const voice_engine_config *config)
{
	voice_engine *engine = NULL;

	CHECK_STATUS(voice_engine_create(config, &engine), VOICE_OK);
	CHECK(engine != NULL);
	voice_engine_destroy(engine);
}

static void defaults_are_taken(void)
{
	voice_engine_config config = defaults();

	create_takes(NULL);
	create_takes(&config);
}

static void every_engine_field_has_its_range(void)
{
	voice_engine_config config = defaults();

	config.loops = 65;
	create_refuses(&config, "loops");
	config.loops = UINT32_MAX;
	create_refuses(&config, "loops");
	config = defaults();
	config.inference_threads = 65;
	create_refuses(&config, "inference_threads");
	config = defaults();
	config.max_sessions = 65536;
	create_refuses(&config, "max_sessions");
	config = defaults();
	config.log_level = 6;
	create_refuses(&config, "log_level");
	config.log_level = -1;
	create_refuses(&config, "log_level");
	config = defaults();
	config.proxy = "socks5://proxy.example:1080";
	create_refuses(&config, "proxy");
	config.proxy = "http://proxy.example:port";
	create_refuses(&config, "proxy");
	config.proxy = NULL;
	config.loop_cpus = "first";
	create_refuses(&config, "loop_cpus");
	/* No machine has so many. */
	config.loop_cpus = "1023";
	create_refuses(&config, "loop_cpus");
	config.loop_cpus = NULL;
	config.reserved = 1;
	create_refuses(&config, "reserved");
	CHECK_STATUS(voice_engine_create(&config, NULL), VOICE_ERR_BAD_ARG);
	CHECK_STATUS(voice_engine_create(NULL, NULL), VOICE_ERR_BAD_ARG);
}

/* Loops of this process whose threads may run on one processor alone, and that
 * is `processor`. */
static int loops_bound_to(const char *processor)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *at;
	int count = 0;

	CHECK(tasks != NULL);
	while (tasks != NULL && (at = readdir(tasks)) != NULL) {
		char path[300], line[256], name[64] = "", list[256] = "";
		FILE *status;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status",
		         at->d_name);
		status = at->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (status != NULL &&
		       fgets(line, sizeof(line), status) != NULL) {
			(void)sscanf(line, "Name: %63s", name);
			(void)sscanf(line, "Cpus_allowed_list: %255s", list);
		}
		if (status != NULL)
			fclose(status);
		count += strncmp(name, "NIO-ELT", 7) == 0 &&
		         strcmp(list, processor) == 0;
	}
	if (tasks != NULL)
		closedir(tasks);
	return count;
}

static void loops_are_bound_to_processors(void)
{
	voice_engine_config config = defaults();
	voice_engine *engine = NULL;
	int before = loops_bound_to("0");

	config.loops = 0;
	config.loop_cpus = "0,0";
	CHECK_STATUS(voice_engine_create(&config, &engine), VOICE_OK);
	CHECK(loops_bound_to("0") == before + 2);
	voice_engine_destroy(engine);
	config.loops = 3;
	CHECK_STATUS(voice_engine_create(&config, &engine), VOICE_OK);
	CHECK(loops_bound_to("0") == before + 3);
	voice_engine_destroy(engine);
}

static void engine_struct_sizes_are_checked(void)
{
	struct long_engine_config config;
	static const uint32_t wrong[] = {0, 1, 3, 1u << 30, UINT32_MAX};

	memset(&config, 0, sizeof(config));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		/* A size beyond reason must not be read to its end. */
		config.known.struct_size = wrong[i];
		create_refuses(&config.known, "struct_size");
	}
	/* Of a newer header, with its new fields at their default. */
	config.known.struct_size = sizeof(config);
	config.known.loops = 1;
	create_takes(&config.known);
	/* The last byte counts too. */
	((unsigned char *)&config)[sizeof(config) - 1] = 1;
	create_refuses(&config.known, "struct_size");
	/* Of an older header: what it does not know is not read. */
	config.known.struct_size = offsetof(voice_engine_config, models_dir);
	config.known.models_dir = (const char *)invented_handle(0);
	create_takes(&config.known);
}

struct probed {
	voice_engine *engine;
	int count;
	char paths[64];
};

static void note_probe(void *user_data, const voice_probe_result *result)
{
	struct probed *all = (struct probed *)user_data;
	size_t room;

	CHECK(all != NULL);
	if (all == NULL)
		return;
	room = sizeof(all->paths) - strlen(all->paths) - 1;
	CHECK(result->struct_size == sizeof(*result));
	CHECK(result->status < 0 && result->detail[0] != '\0');
	CHECK(strstr(result->detail, "not-a-key") == NULL);
	strncat(all->paths, result->path, room);
	strncat(all->paths, " ", room > 0 ? room - 1 : 0);
	/* Results come when all is done: anything may be called. */
	if (++all->count == 3)
		voice_engine_destroy(all->engine);
}

static void providers_are_tried_in_the_order_of_the_document(void)
{
	struct probed all;

	memset(&all, 0, sizeof(all));
	all.engine = make_engine();
	CHECK_STATUS(voice_engine_probe(all.engine, AGENT_JSON,
	                                strlen(AGENT_JSON), 2000, NULL, &all),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("on_result");
	CHECK_STATUS(voice_engine_probe(all.engine, AGENT_JSON,
	                                strlen(AGENT_JSON), 120001, note_probe,
	                                &all),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("timeout_ms");
	CHECK_STATUS(
		voice_engine_probe(all.engine, "{", 1, 0, note_probe, &all),
		VOICE_ERR_BAD_CONFIG);
	CHECK(all.count == 0);
	CHECK_STATUS(voice_engine_probe(all.engine, AGENT_JSON,
	                                strlen(AGENT_JSON), 2000, note_probe,
	                                &all),
	             VOICE_ERR_PROVIDER);
	CHECK(all.count == 3);
	CHECK(strcmp(all.paths, "stt llm tts ") == 0);
	CHECK_STATUS(voice_engine_probe(all.engine, AGENT_JSON,
	                                strlen(AGENT_JSON), 0, note_probe,
	                                &all),
	             VOICE_ERR_BAD_HANDLE);
}

static void no_engine_function_takes_a_wrong_handle(void)
{
	voice_engine *dead = make_engine();
	voice_session *session = make_session(dead);
	char text[16];
	size_t required = 0;

	for (int i = -2; i < INVENTED; i++) {
		voice_engine *bad =
			i == -2   ? NULL
			: i == -1 ? (voice_engine *)session
				  : (voice_engine *)invented_handle(i);
		voice_session_config config = make_config();
		voice_server_config server;
		voice_session *made = (voice_session *)invented_handle(0);
		voice_server *started = (voice_server *)invented_handle(0);

		memset(&server, 0, sizeof(server));
		server.struct_size = sizeof(server);
		CHECK_STATUS(voice_engine_add_agent(bad, AGENT_JSON,
		                                    strlen(AGENT_JSON)),
		             VOICE_ERR_BAD_HANDLE);
		CHECK(voice_last_error()[0] != '\0');
		CHECK_STATUS(voice_engine_wait_ready(bad, 0),
		             VOICE_ERR_BAD_HANDLE);
		CHECK_STATUS(voice_engine_probe(bad, AGENT_JSON,
		                                strlen(AGENT_JSON), 0,
		                                note_probe, NULL),
		             VOICE_ERR_BAD_HANDLE);
		CHECK_STATUS(voice_engine_metrics(bad, text, sizeof(text),
		                                  &required),
		             VOICE_ERR_BAD_HANDLE);
		CHECK_STATUS(voice_session_create(bad, &config, NULL, &made),
		             VOICE_ERR_BAD_HANDLE);
		CHECK(made == NULL);
		CHECK_STATUS(voice_server_start(bad, &server, &started),
		             VOICE_ERR_BAD_HANDLE);
		CHECK(started == NULL);
		voice_engine_destroy(bad);
	}
	/* The session survived being taken for an engine. */
	CHECK_STATUS(voice_session_barge_in(session), VOICE_OK);
	voice_session_destroy(session);
	voice_engine_destroy(dead);
	CHECK_STATUS(voice_engine_wait_ready(dead, 0), VOICE_ERR_BAD_HANDLE);
	voice_engine_destroy(dead);
	voice_engine_destroy(dead);
}

static void a_destroyed_handle_is_not_taken_for_a_new_one(void)
{
	voice_engine *old = make_engine();
	voice_engine *fresh;

	voice_engine_destroy(old);
	fresh = make_engine();
	CHECK(old != fresh);
	voice_engine_destroy(old);
	CHECK_STATUS(
		voice_engine_add_agent(fresh, AGENT_JSON, strlen(AGENT_JSON)),
		VOICE_OK);
	voice_engine_destroy(fresh);
}

static void agents_are_checked_when_added(void)
{
	static const char unset[] =
		"{\"name\":\"test\",\"prompt\":\"x\","
		"\"greeting\":\"Hello.\","
		"\"stt\":{\"provider\":\"deepgram\","
		"\"base_url\":\"ws://127.0.0.1:1\","
		"\"api_key_env\":\"VOICE_TEST_UNSET_KEY\"},"
		"\"llm\":{\"provider\":\"openai\",\"model\":\"test\","
		"\"base_url\":\"http://127.0.0.1:1/v1\","
		"\"api_key_env\":\"VOICE_TEST_KEY\"},"
		"\"tts\":{\"provider\":\"deepgram\","
		"\"base_url\":\"ws://127.0.0.1:1\","
		"\"api_key_env\":\"VOICE_TEST_KEY\"}}";
	voice_engine *engine = make_engine();

	CHECK_STATUS(voice_engine_add_agent(engine, "{}", 2),
	             VOICE_ERR_BAD_CONFIG);
	CHECK(voice_engine_add_agent(engine, NULL, 4) < 0);
	CHECK_STATUS(voice_engine_add_agent(engine, unset, strlen(unset)),
	             VOICE_ERR_KEY_MISSING);
	CHECK_DETAIL("VOICE_TEST_UNSET_KEY");
	/* Replacing the agent of the same name. */
	CHECK_STATUS(
		voice_engine_add_agent(engine, AGENT_JSON, strlen(AGENT_JSON)),
		VOICE_OK);
	voice_engine_destroy(engine);
}

static void metrics_say_how_much_room_they_need(void)
{
	voice_engine *engine = make_engine();
	size_t required = 0;
	size_t again = 0;
	char *text;

	CHECK_STATUS(voice_engine_metrics(engine, NULL, 0, &required),
	             VOICE_ERR_BAD_ARG);
	CHECK(required > 1);
	/* Room for counters that grow a digit meanwhile. */
	text = (char *)malloc(required + 4096);
	if (text == NULL)
		return;
	CHECK_STATUS(
		voice_engine_metrics(engine, text, required + 4096, &again),
		VOICE_OK);
	CHECK(strlen(text) + 1 == again);
	CHECK(strstr(text, "voice_engine_") != NULL);
	CHECK(strstr(text, "# TYPE ") != NULL);
	CHECK(strstr(text, "\nvoice_engine_connections ") != NULL);
	CHECK(strstr(text, "\nvoice_engine_streams{kind=\"tcp\"} 0\n") != NULL);
	CHECK_STATUS(voice_engine_metrics(engine, text, required + 4096, NULL),
	             VOICE_OK);
	CHECK_STATUS(voice_engine_metrics(engine, text, 1, NULL),
	             VOICE_ERR_BAD_ARG);
	CHECK_STATUS(voice_engine_metrics(engine, NULL, 64, NULL),
	             VOICE_ERR_BAD_ARG);
	free(text);
	voice_engine_destroy(engine);
}

static void two_engines_do_not_know_of_each_other(void)
{
	voice_engine *one = make_engine();
	voice_engine *other = NULL;
	voice_session_config config = make_config();
	voice_session *session = NULL;
	voice_session *kept;

	CHECK_STATUS(voice_engine_create(NULL, &other), VOICE_OK);
	CHECK_STATUS(voice_session_create(other, &config, NULL, &session),
	             VOICE_ERR_NOT_FOUND);
	CHECK_DETAIL("test");
	CHECK(session == NULL);
	kept = make_session(one);
	voice_engine_destroy(other);
	CHECK_STATUS(voice_session_barge_in(kept), VOICE_OK);
	voice_engine_destroy(one);
	/* The engine has ended its session; the handle is harmless. */
	CHECK(voice_session_barge_in(kept) < 0);
	voice_session_destroy(kept);
}

struct log_lines {
	int count;
	int empty;
	int bad_level;
};

static void on_log(void *user_data, int32_t level, const char *component,
                   const char *message)
{
	struct log_lines *lines = (struct log_lines *)user_data;

	__atomic_add_fetch(&lines->count, 1, __ATOMIC_RELAXED);
	if (component == NULL || component[0] == '\0' || message == NULL ||
	    strchr(message, '\n') != NULL ||
	    strstr(message, "not-a-key") != NULL)
		__atomic_add_fetch(&lines->empty, 1, __ATOMIC_RELAXED);
	if (level < VOICE_LOG_TRACE || level > VOICE_LOG_ERROR)
		__atomic_add_fetch(&lines->bad_level, 1, __ATOMIC_RELAXED);
}

static void log_lines_are_whole_and_hold_no_key(void)
{
	struct log_lines lines = {0, 0, 0};
	voice_engine_config config = defaults();
	voice_engine *engine = NULL;
	voice_session *session;
	voice_event event;
	int after;

	config.on_log = on_log;
	config.log_user_data = &lines;
	config.log_level = VOICE_LOG_TRACE;
	CHECK_STATUS(voice_engine_create(&config, &engine), VOICE_OK);
	CHECK_STATUS(
		voice_engine_add_agent(engine, AGENT_JSON, strlen(AGENT_JSON)),
		VOICE_OK);
	session = make_session(engine);
	/* The text-to-speech is refused: something to log. */
	CHECK(wait_event(session, VOICE_EVENT_ERROR, &event));
	voice_session_destroy(session);
	voice_engine_destroy(engine);
	CHECK(lines.count > 0);
	CHECK(lines.empty == 0);
	CHECK(lines.bad_level == 0);
	after = lines.count;
	(void)voice_agent_check("{", 1);
	CHECK(lines.count == after);
}

const struct abi_test engine_tests[] = {
	{"defaults are taken", defaults_are_taken},
	{"every engine field has its range", every_engine_field_has_its_range},
	{"loops are bound to processors", loops_are_bound_to_processors},
	{"engine struct sizes are checked", engine_struct_sizes_are_checked},
	{"no engine function takes a wrong handle",
         no_engine_function_takes_a_wrong_handle},
	{"a destroyed handle is not taken for a new one",
         a_destroyed_handle_is_not_taken_for_a_new_one},
	{"agents are checked when added", agents_are_checked_when_added},
	{"providers are tried in the order of the document",
         providers_are_tried_in_the_order_of_the_document},
	{"metrics say how much room they need",
         metrics_say_how_much_room_they_need},
	{"two engines do not know of each other",
         two_engines_do_not_know_of_each_other},
	{"log lines are whole and hold no key",
         log_lines_are_whole_and_hold_no_key},
	{NULL, NULL},
};
