/*
 * A host that loads and unloads the library, as PBX modules do: 20 rounds of
 * dlopen, an engine, a call, destroy, dlclose. Not linked against the library.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voice_engine.h>

#define ROUNDS 20

static const char agent[] =
	"{\"name\":\"test\",\"language\":\"en-US\",\"prompt\":\"x\","
	"\"greeting\":\"Hello.\","
	"\"stt\":{\"provider\":\"deepgram\",\"base_url\":\"ws://127.0.0.1:1\","
	"\"api_key_env\":\"VOICE_TEST_KEY\"},"
	"\"llm\":{\"provider\":\"openai\",\"model\":\"test\","
	"\"base_url\":\"http://127.0.0.1:1/v1\","
	"\"api_key_env\":\"VOICE_TEST_KEY\"},"
	"\"tts\":{\"provider\":\"deepgram\",\"base_url\":\"ws://127.0.0.1:1\","
	"\"api_key_env\":\"VOICE_TEST_KEY\"}}";

/* ISO C has no cast from an object to a function pointer. */
static void find(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof(symbol));
}

static voice_status one_call(void *library)
{
	voice_status (*engine_create)(const voice_engine_config *,
	                              voice_engine **) = NULL;
	voice_status (*session_create)(
		voice_engine *, const voice_session_config *,
		const voice_session_callbacks *, voice_session **) = NULL;
	voice_status (*push)(voice_session *, const void *, size_t) = NULL;
	void (*session_destroy)(voice_session *) = NULL;
	void (*engine_destroy)(voice_engine *) = NULL;
	voice_session_config config;
	voice_engine *engine = NULL;
	voice_session *session = NULL;
	unsigned char audio[320] = {0};
	voice_status status;

	find(library, "voice_engine_create", &engine_create);
	find(library, "voice_session_create", &session_create);
	find(library, "voice_session_push_audio", &push);
	find(library, "voice_session_destroy", &session_destroy);
	find(library, "voice_engine_destroy", &engine_destroy);
	if (engine_create == NULL || session_create == NULL || push == NULL ||
	    session_destroy == NULL || engine_destroy == NULL)
		return VOICE_ERR_INTERNAL;
	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	config.agent_json = agent;
	status = engine_create(NULL, &engine);
	if (status == VOICE_OK)
		status = session_create(engine, &config, NULL, &session);
	if (status == VOICE_OK)
		status = push(session, audio, sizeof(audio));
	session_destroy(session);
	engine_destroy(engine);
	return status;
}

int main(int count, char **arguments)
{
	unsigned passed = 0;
	unsigned failed = 0;

	if (count != 2) {
		fprintf(stderr, "usage: load_test LIBRARY\n");
		return 2;
	}
	setenv("VOICE_TEST_KEY", "not-a-key", 1);
	for (int round = 0; round < ROUNDS; round++) {
		void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
		voice_status status;

		if (library == NULL) {
			printf("FAIL dlopen: %s\n", dlerror());
			failed++;
			break;
		}
		status = one_call(library);
		if (status == VOICE_OK && dlclose(library) == 0) {
			passed++;
		} else {
			printf("FAIL round %d: status %d\n", round,
			       (int)status);
			failed++;
		}
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
