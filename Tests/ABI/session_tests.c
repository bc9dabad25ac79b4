/* One call: configuration, audio, text, end. */
#include "abi_test.h"

#include <unistd.h>

struct long_session_config {
	voice_session_config known;
	uint64_t future[4];
};

static void create_fails(voice_engine *engine,
                         const voice_session_config *config,
                         const voice_session_callbacks *callbacks,
                         voice_status expected, const char *field)
{
	voice_session *session = (voice_session *)invented_handle(0);

	CHECK_STATUS(voice_session_create(engine, config, callbacks, &session),
	             expected);
	CHECK_DETAIL(field);
	CHECK(session == NULL);
	if (session != NULL)
		voice_session_destroy(session);
}

static void every_session_field_has_its_range(void)
{
	static const struct {
		size_t offset;
		const char *name;
		uint32_t wrong[4];
	} rows[] = {
		{offsetof(voice_session_config, input_encoding),
	         "input_encoding",
	         {5, 100, 1u << 31, UINT32_MAX}},
		{offsetof(voice_session_config, output_encoding),
	         "output_encoding",
	         {5, 100, 1u << 31, UINT32_MAX}},
		{offsetof(voice_session_config, input_rate),
	         "input_rate",
	         {1, 7999, 48001, UINT32_MAX}},
		{offsetof(voice_session_config, output_rate),
	         "output_rate",
	         {1, 7999, 48001, UINT32_MAX}},
		{offsetof(voice_session_config, ptime_ms),
	         "ptime_ms",
	         {1, 15, 40, UINT32_MAX}},
		{offsetof(voice_session_config, playout),
	         "playout",
	         {3, 4, 100, UINT32_MAX}},
		{offsetof(voice_session_config, reserved),
	         "reserved",
	         {1, 2, 100, UINT32_MAX}},
	};
	voice_engine *engine = make_engine();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < 4; j++) {
			voice_session_config config = make_config();

			memcpy((char *)&config + rows[i].offset,
			       &rows[i].wrong[j], sizeof(uint32_t));
			create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG,
			             rows[i].name);
		}
	}
	create_fails(engine, NULL, NULL, VOICE_ERR_BAD_ARG, "config");
	voice_engine_destroy(engine);
}

static void session_struct_sizes_are_checked(void)
{
	static const uint32_t wrong[] = {0, 1, 3, 1u << 30, UINT32_MAX};
	struct long_session_config config;
	voice_session_callbacks callbacks;
	voice_engine *engine = make_engine();
	voice_session *session = NULL;

	memset(&config, 0, sizeof(config));
	config.known = make_config();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		config.known.struct_size = wrong[i];
		create_fails(engine, &config.known, NULL, VOICE_ERR_BAD_ARG,
		             "struct_size");
	}
	config.known.struct_size = sizeof(config);
	CHECK_STATUS(
		voice_session_create(engine, &config.known, NULL, &session),
		VOICE_OK);
	voice_session_destroy(session);
	((unsigned char *)&config)[sizeof(config) - 1] = 1;
	create_fails(engine, &config.known, NULL, VOICE_ERR_BAD_ARG,
	             "struct_size");
	config.known = make_config();
	memset(&callbacks, 0, sizeof(callbacks));
	create_fails(engine, &config.known, &callbacks, VOICE_ERR_BAD_ARG,
	             "struct_size");
	callbacks.struct_size = sizeof(callbacks);
	callbacks.reserved = 1;
	create_fails(engine, &config.known, &callbacks, VOICE_ERR_BAD_ARG,
	             "reserved");
	voice_engine_destroy(engine);
}

static void exactly_one_agent_is_named(void)
{
	voice_engine *engine = make_engine();
	voice_session_config config = make_config();
	voice_session *session = NULL;

	config.agent_json = AGENT_JSON;
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG, "agent_");
	config.agent_name = NULL;
	CHECK_STATUS(voice_session_create(engine, &config, NULL, &session),
	             VOICE_OK);
	voice_session_destroy(session);
	config.agent_json = NULL;
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG, "agent_");
	config.agent_name = "nobody";
	create_fails(engine, &config, NULL, VOICE_ERR_NOT_FOUND, "nobody");
	config.agent_name = NULL;
	config.agent_json = "{\"name\":\"t\",\"bogus\":1," AGENT_PROVIDERS "}";
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_CONFIG, "bogus");
	config = make_config();
	config.variables_json = "[]";
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG,
	             "variables_json");
	config.variables_json = "{\"a\":";
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG,
	             "variables_json");
	config = make_config();
	config.conversation_json = "{}";
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG,
	             "conversation_json");
	config = make_config();
	config.playout = VOICE_PLAYOUT_CALLBACK;
	create_fails(engine, &config, NULL, VOICE_ERR_BAD_ARG, "playout");
	config = make_config();
	CHECK_STATUS(voice_session_create(engine, &config, NULL, NULL),
	             VOICE_ERR_BAD_ARG);
	voice_engine_destroy(engine);
}

static void the_limit_of_sessions_holds(void)
{
	voice_engine_config config;
	voice_session_config call = make_config();
	voice_engine *engine = NULL;
	voice_session *sessions[2] = {NULL, NULL};

	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	config.loops = 1;
	config.max_sessions = 2;
	CHECK_STATUS(voice_engine_create(&config, &engine), VOICE_OK);
	CHECK_STATUS(
		voice_engine_add_agent(engine, AGENT_JSON, strlen(AGENT_JSON)),
		VOICE_OK);
	sessions[0] = make_session(engine);
	sessions[1] = make_session(engine);
	create_fails(engine, &call, NULL, VOICE_ERR_LIMIT, "");
	/* A place that was left is free again. */
	voice_session_destroy(sessions[0]);
	sessions[0] = make_session(engine);
	voice_session_destroy(sessions[0]);
	voice_session_destroy(sessions[1]);
	voice_engine_destroy(engine);
}

static void audio_is_a_whole_number_of_samples(void)
{
	static unsigned char audio[VOICE_MAX_PUSH_BYTES + 2];
	static const size_t odd[] = {0,
	                             1,
	                             3,
	                             321,
	                             VOICE_MAX_PUSH_BYTES - 1,
	                             VOICE_MAX_PUSH_BYTES + 1,
	                             VOICE_MAX_PUSH_BYTES + 2,
	                             SIZE_MAX - 1,
	                             SIZE_MAX};
	voice_engine *engine = make_engine();
	voice_session_config config = make_config();
	voice_session *session = make_session(engine);

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		CHECK_STATUS(voice_session_push_audio(session, audio, odd[i]),
		             VOICE_ERR_BAD_ARG);
		CHECK_DETAIL("bytes");
		CHECK_STATUS(voice_session_pull_audio(session, audio, odd[i]),
		             VOICE_ERR_BAD_ARG);
		CHECK_DETAIL("bytes");
	}
	CHECK_STATUS(voice_session_push_audio(session, NULL, 320),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("audio");
	CHECK_STATUS(voice_session_pull_audio(session, NULL, 320),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("audio");
	CHECK_STATUS(voice_session_push_audio(session, audio, 2), VOICE_OK);
	CHECK_STATUS(voice_session_pull_audio(session, audio, 2), VOICE_OK);
	/* An address that no sample type may have. */
	CHECK_STATUS(voice_session_push_audio(session, audio + 1, 320),
	             VOICE_OK);
	CHECK_STATUS(voice_session_pull_audio(session, audio + 1, 320),
	             VOICE_OK);
	voice_session_destroy(session);
	config.input_encoding = VOICE_ENCODING_MULAW;
	CHECK_STATUS(voice_session_create(engine, &config, NULL, &session),
	             VOICE_OK);
	CHECK_STATUS(voice_session_push_audio(session, audio, 161), VOICE_OK);
	CHECK_STATUS(voice_session_pull_audio(session, audio, 161), VOICE_OK);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

static void a_pull_fills_the_buffer_and_no_more(void)
{
	unsigned char audio[480];
	voice_engine *engine = make_engine();
	voice_session_config config = make_config();
	voice_session *session = NULL;

	config.output_encoding = VOICE_ENCODING_ALAW;
	CHECK_STATUS(voice_session_create(engine, &config, NULL, &session),
	             VOICE_OK);
	memset(audio, 0x5A, sizeof(audio));
	CHECK_STATUS(voice_session_pull_audio(session, audio + 80, 320),
	             VOICE_OK);
	for (size_t i = 0; i < 80; i++)
		CHECK(audio[i] == 0x5A && audio[400 + i] == 0x5A);
	/* Nothing can speak: silence, which A-law writes as D5. */
	for (size_t i = 80; i < 400; i++)
		CHECK(audio[i] == 0xD5);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

static void a_long_unread_push_is_bounded(void)
{
	static unsigned char second[16000];
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	int overruns = 0;

	for (int i = 0; i < 200; i++) {
		voice_status status = voice_session_push_audio(session, second,
		                                               sizeof(second));

		CHECK(status == VOICE_OK || status == VOICE_ERR_OVERRUN);
		overruns += status == VOICE_ERR_OVERRUN;
	}
	/* 200 s within milliseconds do not fit into any bounded ring. */
	CHECK(overruns > 0);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

static void texts_are_checked(void)
{
	char text[8194];
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	static const char *const wrong_digits[] = {
		"", "x", "1 2", "1\n", "123456789012345678901234567890123"};

	memset(text, 'a', sizeof(text));
	text[8193] = '\0';
	CHECK_STATUS(voice_session_say(session, NULL), VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("text");
	CHECK_STATUS(voice_session_say(session, ""), VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("text");
	CHECK_STATUS(voice_session_say(session, text), VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("text");
	CHECK_STATUS(voice_session_say(session, "\xFF\xFE"), VOICE_ERR_BAD_ARG);
	CHECK_STATUS(voice_session_send_text(session, NULL), VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("user_text");
	CHECK_STATUS(voice_session_send_text(session, ""), VOICE_ERR_BAD_ARG);
	CHECK_STATUS(voice_session_send_text(session, text), VOICE_ERR_BAD_ARG);
	CHECK_STATUS(voice_session_send_dtmf(session, NULL), VOICE_ERR_BAD_ARG);
	for (size_t i = 0; i < sizeof(wrong_digits) / sizeof(char *); i++) {
		CHECK_STATUS(voice_session_send_dtmf(session, wrong_digits[i]),
		             VOICE_ERR_BAD_ARG);
		CHECK_DETAIL("digits");
	}
	CHECK_STATUS(voice_session_send_dtmf(session, "0123456789ABCD#*"),
	             VOICE_OK);
	CHECK_STATUS(voice_session_tool_result(session, NULL, "{}"),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("call_id");
	CHECK_STATUS(voice_session_tool_result(session, "x", NULL),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("json");
	CHECK_STATUS(voice_session_tool_result(session, "x", "no json"),
	             VOICE_ERR_BAD_ARG);
	CHECK_DETAIL("json");
	CHECK_STATUS(voice_session_tool_result(session, "x", ""),
	             VOICE_ERR_BAD_ARG);
	text[8192] = '\0';
	CHECK_STATUS(voice_session_say(session, text), VOICE_OK);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

static void a_result_nobody_waits_for_is_an_error_event(void)
{
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	voice_event event;
	int found = 0;

	CHECK_STATUS(voice_session_tool_result(session, "nobody-asked", "{}"),
	             VOICE_OK);
	while (!found && wait_event(session, VOICE_EVENT_ERROR, &event))
		found = event.status == VOICE_ERR_NOT_FOUND;
	CHECK(found);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

/* Every function of a session, on a handle that must be refused. */
static void refuse_everything(voice_session *bad, voice_status expected)
{
	unsigned char audio[320] = {0};
	voice_event event;

	memset(&event, 0, sizeof(event));
	event.struct_size = sizeof(event);
	CHECK_STATUS(voice_session_push_audio(bad, audio, sizeof(audio)),
	             expected);
	CHECK_STATUS(voice_session_pull_audio(bad, audio, sizeof(audio)),
	             expected);
	CHECK_STATUS(voice_session_barge_in(bad), expected);
	CHECK_STATUS(voice_session_say(bad, "text"), expected);
	CHECK_STATUS(voice_session_send_text(bad, "text"), expected);
	CHECK_STATUS(voice_session_send_dtmf(bad, "1"), expected);
	CHECK_STATUS(voice_session_tool_result(bad, "id", "{}"), expected);
	CHECK_STATUS(voice_session_hangup(bad), expected);
	if (expected != VOICE_ERR_BAD_HANDLE)
		return;
	CHECK(voice_last_error()[0] != '\0');
	CHECK_STATUS(voice_session_event_fd(bad), expected);
	CHECK_STATUS(voice_session_next_event(bad, &event), expected);
}

static void no_session_function_takes_a_wrong_handle(void)
{
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);

	refuse_everything(NULL, VOICE_ERR_BAD_HANDLE);
	refuse_everything((voice_session *)engine, VOICE_ERR_BAD_HANDLE);
	voice_session_destroy((voice_session *)engine);
	for (int i = 0; i < INVENTED; i++) {
		refuse_everything((voice_session *)invented_handle(i),
		                  VOICE_ERR_BAD_HANDLE);
		voice_session_destroy((voice_session *)invented_handle(i));
	}
	CHECK_STATUS(voice_session_barge_in(session), VOICE_OK);
	voice_session_destroy(session);
	refuse_everything(session, VOICE_ERR_BAD_HANDLE);
	voice_session_destroy(session);
	voice_session_destroy(NULL);
	voice_engine_destroy(engine);
}

/* Every neighbour of a handle: one bit away, or one step of any size. */
static void try_neighbours(uintptr_t handle)
{
	for (unsigned bit = 0; bit < sizeof(handle) * 8; bit++) {
		uintptr_t step = (uintptr_t)1 << bit;
		uintptr_t near[3] = {handle ^ step, handle + step,
		                     handle - step};

		for (int i = 0; i < 3; i++) {
			voice_session *bad = (voice_session *)near[i];

			CHECK_STATUS(voice_session_barge_in(bad),
			             VOICE_ERR_BAD_HANDLE);
			voice_session_destroy(bad);
		}
	}
}

static void a_handle_that_is_almost_right_is_wrong(void)
{
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	voice_session *made[8];

	try_neighbours((uintptr_t)session);
	CHECK_STATUS(voice_session_barge_in(session), VOICE_OK);
	voice_session_destroy(session);
	try_neighbours((uintptr_t)session);
	/* Destroying what never was has not mixed anything up. */
	for (int i = 0; i < 8; i++) {
		made[i] = make_session(engine);
		for (int j = 0; j < i; j++)
			CHECK(made[i] != made[j]);
	}
	for (int i = 0; i < 8; i++) {
		CHECK_STATUS(voice_session_barge_in(made[i]), VOICE_OK);
		voice_session_destroy(made[i]);
	}
	voice_engine_destroy(engine);
}

static void after_hangup_the_session_is_closed(void)
{
	unsigned char audio[320];
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);
	voice_event event;

	CHECK_STATUS(voice_session_hangup(session), VOICE_OK);
	CHECK(wait_event(session, VOICE_EVENT_CLOSED, &event));
	refuse_everything(session, VOICE_ERR_CLOSED);
	memset(audio, 0x5A, sizeof(audio));
	CHECK_STATUS(voice_session_pull_audio(session, audio, sizeof(audio)),
	             VOICE_ERR_CLOSED);
	/* The buffer is silence all the same. */
	for (size_t i = 0; i < sizeof(audio); i++)
		CHECK(audio[i] == 0);
	CHECK_STATUS(voice_session_next_event(session, &event),
	             VOICE_ERR_AGAIN);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

static void descriptors_and_sessions_do_not_leak(void)
{
	voice_engine *engine = make_engine();
	int before;
	int after;

	voice_session_destroy(make_session(engine));
	before = dup(0);
	close(before);
	for (int i = 0; i < 300; i++)
		voice_session_destroy(make_session(engine));
	/* Connections that are being refused may take a moment. */
	for (int i = 0; i < 50; i++) {
		struct timespec pause = {0, 20000000};

		after = dup(0);
		close(after);
		if (after <= before + 8)
			break;
		nanosleep(&pause, NULL);
	}
	CHECK(after <= before + 8);
	voice_engine_destroy(engine);
}

static void rates_without_whole_frames_are_refused(void)
{
	static const struct {
		uint32_t rate;
		voice_status status;
	} rows[] = {
		{8000, VOICE_OK},  {11025, VOICE_ERR_BAD_ARG},
		{12000, VOICE_OK}, {22050, VOICE_OK},
		{44100, VOICE_OK}, {47999, VOICE_ERR_BAD_ARG},
	};
	voice_engine *engine = make_engine();
	voice_event event;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		voice_session_config config = make_config();
		voice_session *session = NULL;

		/* The caller's side takes any rate; the agent's has frames. */
		config.input_rate = rows[i].rate;
		config.output_rate = 8000;
		CHECK_STATUS(
			voice_session_create(engine, &config, NULL, &session),
			VOICE_OK);
		CHECK(wait_event(session, VOICE_EVENT_STARTED, &event));
		CHECK_STATUS(voice_session_barge_in(session), VOICE_OK);
		voice_session_destroy(session);
		config.input_rate = 8000;
		config.output_rate = rows[i].rate;
		CHECK_STATUS(
			voice_session_create(engine, &config, NULL, &session),
			rows[i].status);
		if (session == NULL) {
			config.output_rate = rows[i].rate;
			create_fails(engine, &config, NULL, rows[i].status,
			             "output_rate");
			continue;
		}
		CHECK(wait_event(session, VOICE_EVENT_STARTED, &event));
		CHECK_STATUS(voice_session_barge_in(session), VOICE_OK);
		voice_session_destroy(session);
	}
	voice_engine_destroy(engine);
}

static void a_call_without_a_name_is_given_one(void)
{
	voice_engine *engine = make_engine();
	voice_session_config config = make_config();
	voice_session *session = make_session(engine);
	voice_event event;
	char made[64] = "";

	CHECK(wait_event(session, VOICE_EVENT_STARTED, &event));
	CHECK(strcmp(event.name, "test") == 0);
	CHECK(strlen(event.text) > 8);
	strncpy(made, event.text, sizeof(made) - 1);
	voice_session_destroy(session);
	session = make_session(engine);
	CHECK(wait_event(session, VOICE_EVENT_STARTED, &event));
	CHECK(strcmp(event.text, made) != 0);
	voice_session_destroy(session);
	config.call_id = "call 7";
	CHECK_STATUS(voice_session_create(engine, &config, NULL, &session),
	             VOICE_OK);
	CHECK(wait_event(session, VOICE_EVENT_STARTED, &event));
	CHECK(strcmp(event.text, "call 7") == 0);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

/* Whatever becomes of the texts, room is made again: three times the 16 that
 * may wait. */
static void texts_that_were_said_make_room(void)
{
	/* No voice can be reached, and the call goes on without one. */
	static const char patient[] =
		"{\"name\":\"patient\"," AGENT_PROVIDERS
		",\"failover\":{\"retries\":0,\"end_after\":0}}";
	voice_engine *engine = make_engine();
	voice_session_config config = make_config();
	voice_session *session = NULL;
	int64_t until = now_ms() + 30000;
	int taken = 0;
	int refused = 0;

	CHECK_STATUS(voice_engine_add_agent(engine, patient, strlen(patient)),
	             VOICE_OK);
	config.agent_name = "patient";
	CHECK_STATUS(voice_session_create(engine, &config, NULL, &session),
	             VOICE_OK);
	while (taken < 48 && now_ms() < until) {
		voice_status status = voice_session_say(session, "One.");

		CHECK(status == VOICE_OK || status == VOICE_ERR_LIMIT);
		taken += status == VOICE_OK;
		refused += status == VOICE_ERR_LIMIT;
	}
	CHECK(taken == 48);
	CHECK(refused > 0);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

const struct abi_test session_tests[] = {
	{"every session field has its range",
         every_session_field_has_its_range},
	{"session struct sizes are checked", session_struct_sizes_are_checked},
	{"exactly one agent is named", exactly_one_agent_is_named},
	{"the limit of sessions holds", the_limit_of_sessions_holds},
	{"audio is a whole number of samples",
         audio_is_a_whole_number_of_samples},
	{"a pull fills the buffer and no more",
         a_pull_fills_the_buffer_and_no_more},
	{"a long unread push is bounded", a_long_unread_push_is_bounded},
	{"texts are checked", texts_are_checked},
	{"a result nobody waits for is an error event",
         a_result_nobody_waits_for_is_an_error_event},
	{"no session function takes a wrong handle",
         no_session_function_takes_a_wrong_handle},
	{"a handle that is almost right is wrong",
         a_handle_that_is_almost_right_is_wrong},
	{"after hangup the session is closed",
         after_hangup_the_session_is_closed},
	{"rates without whole frames are refused",
         rates_without_whole_frames_are_refused},
	{"a call without a name is given one",
         a_call_without_a_name_is_given_one},
	{"texts that were said make room", texts_that_were_said_make_room},
	{"descriptors and sessions do not leak",
         descriptors_and_sessions_do_not_leak},
	{NULL, NULL},
};
