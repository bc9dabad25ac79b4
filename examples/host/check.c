/*
 * voice-host check: are the documents right, and do their providers work?
 */

#include <stdlib.h>
#include <string.h>

#include "host.h"

static void print_result(void *user_data, const voice_probe_result *result)
{
	(void)user_data;
	printf("  %-8s %-18s ", result->path, result->provider);
	if (result->status == VOICE_OK)
		printf("OK, first result after %u ms\n", result->elapsed_ms);
	else
		printf("FAILED: %s\n", result->detail);
}

static bool probe(const struct options *options, const char *path,
                  const char *json, size_t bytes)
{
	voice_engine *engine = NULL;
	voice_status status = voice_engine_create(&options->engine, &engine);

	if (status < 0) {
		complain_status("engine", status);
		return false;
	}
	fprintf(stderr, "trying the providers of %s ...\n", path);
	status = voice_engine_probe(engine, json, bytes, options->timeout_ms,
	                            print_result, NULL);
	if (status < 0 && status != VOICE_ERR_PROVIDER)
		complain_status("probe", status);
	voice_engine_destroy(engine);
	return status == VOICE_OK;
}

static bool check_one(const struct options *options, const char *path)
{
	char *json = NULL;
	size_t bytes = 0;
	voice_status status;
	bool is_right = false;

	if (!read_file(path, MAX_DOCUMENT_BYTES, &json, &bytes))
		return false;
	status = voice_agent_check(json, bytes);
	if (status < 0) {
		printf("%s: %s\n", path, voice_last_error());
	} else {
		printf("%s: OK\n", path);
		is_right =
			options->offline || probe(options, path, json, bytes);
	}
	free(json);
	return is_right;
}

int check(const struct options *options, char **paths)
{
	int exit_code = EXIT_DONE;

	for (; *paths != NULL; paths++) {
		if (!check_one(options, *paths))
			exit_code = EXIT_FAILED;
		fflush(stdout);
	}
	return exit_code;
}
