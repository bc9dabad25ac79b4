/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A setup: what voice_engine.conf says, its agents, and the engine with them.
 *
 * A setup is made as a whole and never changed. A reload makes another one; it
 * takes the place of the old one only when nothing in it is wrong. Calls hold
 * the setup that they began with, and the last of them lets the old engine go.
 */
#include "voice_module.h"

#include <dirent.h>
#include <errno.h>

#include "asterisk/paths.h"

#define MAX_DOCUMENT_BYTES ((size_t)1 << 20)
#define READY_MS (600 * 1000)

static AO2_GLOBAL_OBJ_STATIC(current);
static unsigned int setups_made; /* loads and reloads come one at a time */

/* Reads a whole file; *out is for ast_free. 0, or -1 with errno. */
static int read_file(const char *path, size_t limit, char **out, size_t *bytes)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	int failed = -1;

	if (file == NULL)
		return -1;
	text = ast_malloc(limit + 1);
	if (text == NULL)
		goto out;
	*bytes = fread(text, 1, limit, file);
	if (ferror(file))
		goto out;
	if (*bytes == limit) {
		errno = EFBIG;
		goto out;
	}
	text[*bytes] = '\0';
	*out = ast_realloc(text, *bytes + 1);
	if (*out == NULL)
		goto out;
	text = NULL;
	failed = 0;
out:
	ast_free(text);
	fclose(file);
	return failed;
}

/* -- Agents --------------------------------------------------------------- */

static void free_agent(struct voice_agent_file *agent)
{
	ast_free(agent->json);
	ast_free(agent);
}

/* The name that stands in the document, which the engine has checked. */
static int agent_name(struct voice_agent_file *agent)
{
	struct ast_json *document =
		ast_json_load_buf(agent->json, agent->bytes, NULL);
	const char *name = ast_json_object_string_get(document, "name");

	ast_copy_string(agent->name, S_OR(name, ""), sizeof(agent->name));
	ast_json_unref(document);
	return agent->name[0] == '\0' ? -1 : 0;
}

static int add_agent(struct voice_setup *setup, const char *path)
{
	struct voice_agent_file *agent = ast_calloc(1, sizeof(*agent));

	if (agent == NULL)
		return -1;
	ast_copy_string(agent->path, path, sizeof(agent->path));
	if (read_file(path, MAX_DOCUMENT_BYTES, &agent->json, &agent->bytes)) {
		ast_log(LOG_ERROR, "agent %s: %s\n", path, strerror(errno));
		goto failed;
	}
	if (voice_engine_add_agent(setup->engine, agent->json, agent->bytes) <
	    0) {
		ast_log(LOG_ERROR, "agent %s: %s\n", path, voice_last_error());
		goto failed;
	}
	if (agent_name(agent))
		goto failed;
	if (voice_setup_has_agent(setup, agent->name)) {
		ast_log(LOG_ERROR, "agent %s: another file has the name %s\n",
		        path, agent->name);
		goto failed;
	}
	agent->next = setup->agents;
	setup->agents = agent;
	return 0;
failed:
	free_agent(agent);
	return -1;
}

static int is_document(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && entry->d_name[0] != '.' &&
	       strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* 0, or -1 when one of the folder's agents could not be added. */
static int add_agents(struct voice_setup *setup, const char *folder)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, is_document, alphasort);
	int failed = 0;

	if (count < 0) {
		ast_log(LOG_ERROR, "agents = %s: %s\n", folder,
		        strerror(errno));
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", folder,
		             names[i]->d_name) >= (int)sizeof(path) ||
		    add_agent(setup, path))
			failed = -1;
		ast_std_free(names[i]);
	}
	ast_std_free(names);
	if (count == 0) {
		ast_log(LOG_ERROR, "agents = %s: no .json file is there\n",
		        folder);
		return -1;
	}
	return failed;
}

/* -- The engine ----------------------------------------------------------- */

static void engine_log(void *user_data, int32_t level, const char *component,
                       const char *message)
{
	(void)user_data;
	if (level >= VOICE_LOG_ERROR)
		ast_log(LOG_ERROR, "[%s] %s\n", component, message);
	else if (level == VOICE_LOG_WARNING)
		ast_log(LOG_WARNING, "[%s] %s\n", component, message);
	else if (level == VOICE_LOG_INFO)
		ast_verb(3, "voice: [%s] %s\n", component, message);
	else
		ast_debug(1, "[%s] %s\n", component, message);
}

static int log_level(const char *name)
{
	static const char *const names[] = {"",     "trace",   "debug",
	                                    "info", "warning", "error"};

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (strcasecmp(name, names[i]) == 0)
			return i;
	}
	ast_log(LOG_ERROR,
	        "log_level = %s: expected trace, debug, info, "
	        "warning or error\n",
	        name);
	return -1;
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static int create_engine(struct voice_setup *setup,
                         const struct voice_settings *settings)
{
	int level = log_level(settings->log_level);
	voice_engine_config config = {
		.struct_size = sizeof(config),
		.loops = settings->loops,
		.inference_threads = settings->inference_threads,
		.max_sessions = settings->max_sessions,
		.models_dir = or_null(settings->models),
		.ca_file = or_null(settings->ca_file),
		.proxy = or_null(settings->proxy),
		.no_proxy = or_null(settings->no_proxy),
		.loop_cpus = or_null(settings->loop_cpus),
		.on_log = engine_log,
		.log_level = level,
	};

	if (level < 0)
		return -1;
	if (voice_engine_create(&config, &setup->engine) < 0) {
		ast_log(LOG_ERROR, "the engine does not start: %s\n",
		        voice_last_error());
		return -1;
	}
	return 0;
}

/* -- A setup's life ------------------------------------------------------- */

static void engine_ended(void *data)
{
	ast_verb(3, "voice: an engine that no call uses any more has ended\n");
	ast_free(data);
}

/* The last call has gone. In its thread, so the engine ends in another. */
static void setup_destroy(void *data)
{
	struct voice_setup *setup = data;

	while (setup->agents != NULL) {
		struct voice_agent_file *agent = setup->agents;

		setup->agents = agent->next;
		free_agent(agent);
	}
	while (setup->tools != NULL) {
		struct voice_tool *tool = setup->tools;

		setup->tools = tool->next;
		ast_free(tool);
	}
	if (setup->engine == NULL) {
		ast_free(setup->end);
		return;
	}
	setup->end->engine = setup->engine;
	setup->end->done = engine_ended;
	setup->end->data = setup->end;
	voice_keeper_destroy(setup->end);
}

/* Waits for the models of a setup, and says so. */
struct wait {
	struct voice_task task;
	voice_engine *engine;
	unsigned int number;
};

static void *wait_ready(void *data)
{
	struct wait *wait = data;
	struct timeval begin = ast_tvnow();
	voice_status status = voice_engine_wait_ready(wait->engine, READY_MS);

	/* A bad handle: the engine has ended meanwhile. */
	if (status == VOICE_OK)
		ast_verb(2, "voice: configuration %u is ready after %d ms\n",
		         wait->number, (int)ast_tvdiff_ms(ast_tvnow(), begin));
	else if (status != VOICE_ERR_BAD_HANDLE)
		ast_log(LOG_WARNING, "configuration %u is not ready: %s\n",
		        wait->number, voice_last_error());
	return NULL;
}

static void watch_ready(const struct voice_setup *setup)
{
	struct wait *wait = ast_calloc(1, sizeof(*wait));

	if (wait == NULL)
		return;
	wait->engine = setup->engine;
	wait->number = setup->number;
	wait->task.work = wait_ready;
	wait->task.data = wait;
	wait->task.done = ast_free_ptr;
	if (voice_keeper_run(&wait->task))
		ast_free(wait);
}

static void apply(struct voice_setup *setup,
                  const struct voice_settings *settings)
{
	ast_copy_string(setup->transfer_context, settings->transfer_context,
	                sizeof(setup->transfer_context));
	ast_copy_string(setup->transfer_failed, settings->transfer_failed,
	                sizeof(setup->transfer_failed));
	ast_copy_string(setup->transcripts, settings->transcripts,
	                sizeof(setup->transcripts));
	setup->max_call_s = settings->max_call_s;
	setup->tool_timeout_s = settings->tool_timeout_s;
	setup->max_tools = settings->max_tools;
	setup->has_user_events = settings->user_events;
	setup->has_event_texts = settings->event_texts;
}

/* A setup with its reference, or NULL. */
static struct voice_setup *make_setup(bool is_reload)
{
	struct voice_settings settings = {
		.log_level = "info",
		.tool_timeout_s = 30,
		.max_tools = 32,
		.max_sessions = 4096,
		.event_texts = 1,
	};
	struct voice_setup *setup = ao2_alloc(sizeof(*setup), setup_destroy);

	if (setup == NULL)
		return NULL;
	setup->end = ast_calloc(1, sizeof(*setup->end));
	setup->number = ++setups_made;
	snprintf(settings.agents, sizeof(settings.agents), "%s/voice_agents",
	         ast_config_AST_CONFIG_DIR);
	if (setup->end == NULL || voice_config_read(setup, &settings) ||
	    (settings.keys[0] != '\0' && voice_config_keys(settings.keys)) ||
	    create_engine(setup, &settings))
		goto failed;
	apply(setup, &settings);
	if (add_agents(setup, settings.agents) && is_reload)
		goto failed;
	return setup;
failed:
	ao2_ref(setup, -1);
	return NULL;
}

struct load {
	bool is_reload;
	int failed;
};

static void *load(void *data)
{
	struct load *load = data;
	struct voice_setup *setup = make_setup(load->is_reload);

	load->failed = setup == NULL ? -1 : 0;
	if (setup == NULL)
		return NULL;
	ao2_global_obj_replace_unref(current, setup);
	watch_ready(setup);
	ao2_ref(setup, -1);
	return NULL;
}

int voice_setup_load(bool is_reload)
{
	struct load order = {.is_reload = is_reload};

	if (voice_run_wide(load, &order))
		order.failed = -1;
	if (order.failed && is_reload)
		ast_log(LOG_ERROR,
		        "%s: nothing has changed: the configuration "
		        "before stays in force\n",
		        VOICE_CONFIG_FILE);
	else if (order.failed)
		ast_log(LOG_ERROR,
		        "%s: no agent can be called; correct it, "
		        "then: module reload app_voice_engine\n",
		        VOICE_CONFIG_FILE);
	return order.failed;
}

void voice_setup_drop(void)
{
	ao2_global_obj_release(current);
}

struct voice_setup *voice_setup_current(void)
{
	return ao2_global_obj_ref(current);
}

const struct voice_tool *voice_setup_tool(const struct voice_setup *setup,
                                          const char *name)
{
	const struct voice_tool *tool = setup->tools;

	while (tool != NULL && strcmp(tool->name, name) != 0)
		tool = tool->next;
	return tool;
}

bool voice_setup_has_agent(const struct voice_setup *setup, const char *name)
{
	const struct voice_agent_file *agent = setup->agents;

	while (agent != NULL && strcmp(agent->name, name) != 0)
		agent = agent->next;
	return agent != NULL;
}
