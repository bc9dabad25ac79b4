/*
 * The shortest complete host: one call, raw PCM16 at 8 kHz on stdin and stdout.
 *
 *   cc minimal_call.c -o minimal_call $(pkg-config --cflags --libs voiceengine)
 *   ./minimal_call agent.json < caller.raw > agent.raw
 *
 * stdin sets the pace: feed it from a sound card, a PBX, or
 * "sox in.wav -t raw -r 8000 -c 1 -e signed -b 16 - | pv -qL 16000".
 */
#include <stdio.h>

#include <voice_engine.h>

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, voice_last_error());
	return 1;
}

static void on_event(void *user_data, const voice_event *event)
{
	(void)user_data; /* on a thread of the engine; copy and return */
	if (event->type == VOICE_EVENT_TRANSCRIPT &&
	    (event->flags & VOICE_FLAG_FINAL) != 0)
		fprintf(stderr, "caller: %s\n", event->text);
	else if (event->type == VOICE_EVENT_AGENT_HEARD)
		fprintf(stderr, "agent:  %s\n", event->text);
	else if (event->type == VOICE_EVENT_ERROR)
		fprintf(stderr, "error:  %s\n", event->text);
}

int main(int count, char **arguments)
{
	static char agent[65536];
	char frame[320]; /* 20 ms */
	size_t bytes = 0;
	FILE *file = count == 2 ? fopen(arguments[1], "r") : NULL;
	voice_engine *engine = NULL;
	voice_session *call = NULL;
	voice_session_callbacks callbacks = {.struct_size = sizeof(callbacks),
	                                     .on_event = on_event};
	voice_session_config config = {.struct_size = sizeof(config),
	                               .input_rate = 8000,
	                               .agent_json = agent};
	int code = 0;

	if (file != NULL) {
		bytes = fread(agent, 1, sizeof(agent) - 1, file);
		fclose(file);
	}
	if (bytes == 0) {
		fprintf(stderr, "usage: minimal_call agent.json\n");
		return 2;
	}
	if (voice_engine_create(NULL, &engine) < 0)
		return failed("engine");
	/* Adding the agent loads its models before the call. */
	if (voice_engine_add_agent(engine, agent, bytes) < 0 ||
	    voice_engine_wait_ready(engine, 60000) < 0 ||
	    voice_session_create(engine, &config, &callbacks, &call) < 0)
		code = failed("agent");
	while (code == 0 && fread(frame, sizeof(frame), 1, stdin) == 1) {
		if (voice_session_push_audio(call, frame, sizeof(frame)) ==
		            VOICE_ERR_CLOSED ||
		    voice_session_pull_audio(call, frame, sizeof(frame)) < 0)
			break; /* the agent has hung up */
		if (fwrite(frame, sizeof(frame), 1, stdout) != 1)
			break;
		fflush(stdout);
	}
	voice_session_destroy(call);
	voice_engine_destroy(engine);
	return code;
}
