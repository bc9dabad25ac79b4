/* voice_engine.conf, and the engines made from it; see ve.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define CONFIG_FILE "voice_engine.conf"
#define MOST_DOCUMENT ((size_t)1 << 20)
#define MOST_CALLS 65535
#define DEFAULT_CALLS 4096
#define DEFAULT_TOOL_THREADS 4
#define DEFAULT_TOOL_QUEUE 64

/* What is read before the engine is made. */
struct reading {
	struct ve_generation *generation;
	struct ve_agent **last_agent;
	struct ve_tool **last_tool;
	char models_dir[VE_PATH_BYTES];
	char ca_file[VE_PATH_BYTES];
	char proxy[VE_PATH_BYTES];
	char no_proxy[VE_PATH_BYTES];
	char loop_cpus[VE_PATH_BYTES];
	char agents_dir[VE_PATH_BYTES];
	uint32_t loops;
	uint32_t inference_threads;
	uint32_t log_level;
	char *error;
	size_t room;
};

struct loading {
	char *error;
	size_t room;
	bool loaded;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ve_generation *current;
static unsigned generations;

/* -- Generations ---------------------------------------------------------- */

struct ending {
	struct ve_job job;
	struct ve_generation *generation;
};

static void generation_free(struct ve_generation *generation)
{
	struct ve_agent *agent = generation->agents;
	struct ve_tool *tool = generation->tools;

	voice_engine_destroy(generation->engine);
	while (agent != NULL) {
		struct ve_agent *next = agent->next;

		free(agent->json);
		free(agent);
		agent = next;
	}
	while (tool != NULL) {
		struct ve_tool *next = tool->next;

		free(tool);
		tool = next;
	}
	free(generation);
}

static void run_ending(struct ve_job *job)
{
	struct ending *ending = (struct ending *)job;

	ve_log(SWITCH_LOG_INFO, "voice_engine: configuration %u has ended\n",
	       ending->generation->number);
	generation_free(ending->generation);
	free(ending);
}

struct ve_generation *ve_generation_get(void)
{
	struct ve_generation *generation;

	pthread_mutex_lock(&lock);
	generation = current;
	if (generation != NULL)
		generation->references++;
	pthread_mutex_unlock(&lock);
	return generation;
}

/* The engine needs up to 2 s to end, which no call shall wait for. */
void ve_generation_put(struct ve_generation *generation)
{
	struct ending *ending;
	bool last;

	if (generation == NULL)
		return;
	pthread_mutex_lock(&lock);
	last = --generation->references == 0;
	pthread_mutex_unlock(&lock);
	if (!last)
		return;
	ending = calloc(1, sizeof(*ending));
	if (ending != NULL) {
		ending->job.run = run_ending;
		ending->generation = generation;
		if (ve_work_add(VE_QUEUE_ENDINGS, &ending->job, 0))
			return;
		free(ending);
	}
	generation_free(generation);
}

const struct ve_agent *ve_agent_find(const struct ve_generation *generation,
                                     const char *name)
{
	const struct ve_agent *agent = generation->agents;

	while (agent != NULL && strcmp(agent->name, name) != 0)
		agent = agent->next;
	return agent;
}

const struct ve_tool *ve_tool_find(const struct ve_generation *generation,
                                   const char *name)
{
	const struct ve_tool *tool = generation->tools;

	while (tool != NULL && strcmp(tool->name, name) != 0)
		tool = tool->next;
	return tool;
}

/* -- Reading -------------------------------------------------------------- */

static bool wrong(struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool wrong(struct reading *reading, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(reading->error, reading->room, format, list);
	va_end(list);
	return false;
}

static bool take_text(struct reading *reading, const char *name,
                      const char *value, char *into, size_t room)
{
	if (strlen(value) >= room)
		return wrong(reading, "%s: longer than %zu bytes", name,
		             room - 1);
	strcpy(into, value);
	return true;
}

static bool take_number(struct reading *reading, const char *name,
                        const char *value, unsigned least, unsigned most,
                        unsigned *into)
{
	char *end = NULL;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 ||
	    number < least || number > most)
		return wrong(reading, "%s: found \"%.40s\", expected %u to %u",
		             name, value, least, most);
	*into = (unsigned)number;
	return true;
}

static bool take_switch(struct reading *reading, const char *name,
                        const char *value, bool *into)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return wrong(reading,
		             "%s: found \"%.40s\", expected true or "
		             "false",
		             name, value);
	*into = strcmp(value, "true") == 0;
	return true;
}

static bool take_level(struct reading *reading, const char *value)
{
	static const char *const names[] = {"trace", "debug", "info", "warning",
	                                    "error"};

	for (uint32_t i = 0; i < 5; i++) {
		if (strcmp(names[i], value) == 0) {
			reading->log_level = VOICE_LOG_TRACE + i;
			return true;
		}
	}
	return wrong(reading,
	             "log-level: found \"%.40s\", expected trace, "
	             "debug, info, warning or error",
	             value);
}

static bool take_param(struct reading *reading, const char *name,
                       const char *value)
{
	struct ve_generation *into = reading->generation;

	if (strcmp(name, "agents-dir") == 0)
		return take_text(reading, name, value, reading->agents_dir,
		                 sizeof(reading->agents_dir));
	if (strcmp(name, "models-dir") == 0)
		return take_text(reading, name, value, reading->models_dir,
		                 sizeof(reading->models_dir));
	if (strcmp(name, "ca-file") == 0)
		return take_text(reading, name, value, reading->ca_file,
		                 sizeof(reading->ca_file));
	if (strcmp(name, "proxy") == 0)
		return take_text(reading, name, value, reading->proxy,
		                 sizeof(reading->proxy));
	if (strcmp(name, "no-proxy") == 0)
		return take_text(reading, name, value, reading->no_proxy,
		                 sizeof(reading->no_proxy));
	if (strcmp(name, "loop-cpus") == 0)
		return take_text(reading, name, value, reading->loop_cpus,
		                 sizeof(reading->loop_cpus));
	if (strcmp(name, "transcript-dir") == 0)
		return take_text(reading, name, value, into->transcript_dir,
		                 sizeof(into->transcript_dir));
	if (strcmp(name, "max-calls") == 0)
		return take_number(reading, name, value, 1, MOST_CALLS,
		                   &into->max_calls);
	if (strcmp(name, "loops") == 0)
		return take_number(reading, name, value, 0, 64,
		                   &reading->loops);
	if (strcmp(name, "inference-threads") == 0)
		return take_number(reading, name, value, 0, 64,
		                   &reading->inference_threads);
	if (strcmp(name, "tool-threads") == 0)
		return take_number(reading, name, value, 1, 64,
		                   &into->tool_threads);
	if (strcmp(name, "tool-queue") == 0)
		return take_number(reading, name, value, 1, 4096,
		                   &into->tool_queue);
	if (strcmp(name, "bridge-transfers") == 0)
		return take_switch(reading, name, value, &into->may_bridge);
	if (strcmp(name, "event-texts") == 0) {
		bool texts = true;
		bool good = take_switch(reading, name, value, &texts);

		into->no_texts = !texts;
		return good;
	}
	if (strcmp(name, "log-level") == 0)
		return take_level(reading, value);
	return wrong(reading, "%.64s: unknown parameter", name);
}

static bool take_tool(struct reading *reading, switch_xml_t xml)
{
	const char *name = switch_xml_attr_soft(xml, "name");
	const char *api = switch_xml_attr_soft(xml, "api");
	struct ve_tool *tool;

	if (*name == '\0')
		return wrong(reading, "tools: a tool without a name");
	if ((*api != '\0') ==
	    (strcmp(switch_xml_attr_soft(xml, "event"), "true") == 0))
		return wrong(reading,
		             "tool %.64s: expected either api=\"...\" "
		             "or event=\"true\"",
		             name);
	tool = calloc(1, sizeof(*tool));
	if (tool == NULL)
		return wrong(reading, "out of memory");
	*reading->last_tool = tool;
	reading->last_tool = &tool->next;
	tool->kind = *api != '\0' ? VE_TOOL_API : VE_TOOL_EVENT;
	return take_text(reading, "tool name", name, tool->name,
	                 sizeof(tool->name)) &&
	       take_text(reading, name, api, tool->command,
	                 sizeof(tool->command)) &&
	       take_text(reading, name, switch_xml_attr_soft(xml, "args"),
	                 tool->arguments, sizeof(tool->arguments));
}

static bool take_file(struct reading *reading, const char *path)
{
	struct ve_agent *agent = calloc(1, sizeof(*agent));
	struct ve_text name = {0};
	FILE *file = fopen(path, "re");
	bool taken = false;

	if (agent == NULL) {
		wrong(reading, "out of memory");
		goto out;
	}
	if (file == NULL) {
		wrong(reading, "%s: %s", path, strerror(errno));
		goto out;
	}
	agent->json = malloc(MOST_DOCUMENT + 2);
	if (agent->json == NULL) {
		wrong(reading, "out of memory");
		goto out;
	}
	agent->bytes = fread(agent->json, 1, MOST_DOCUMENT + 1, file);
	agent->json[agent->bytes] = '\0';
	if (agent->bytes > MOST_DOCUMENT) {
		wrong(reading, "%s: longer than 1 MiB", path);
		goto out;
	}
	if (!ve_json_member(agent->json, "name", &name) || name.used == 0 ||
	    name.used >= sizeof(agent->name)) {
		wrong(reading, "%s: an agent document needs a name", path);
		goto out;
	}
	strcpy(agent->name, name.data);
	*reading->last_agent = agent;
	reading->last_agent = &agent->next;
	agent = NULL;
	taken = true;
out:
	if (file != NULL)
		fclose(file);
	if (agent != NULL)
		free(agent->json);
	free(agent);
	ve_text_free(&name);
	return taken;
}

static int is_document(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* A document that cannot be read costs its agent, not the others. */
static bool take_folder(struct reading *reading)
{
	struct dirent **names = NULL;
	char path[VE_PATH_BYTES + 260];
	int count;

	if (reading->agents_dir[0] == '\0')
		return true;
	count = scandir(reading->agents_dir, &names, is_document, alphasort);
	if (count < 0)
		return wrong(reading, "agents-dir %s: %s", reading->agents_dir,
		             strerror(errno));
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", reading->agents_dir,
		         names[i]->d_name);
		if (!take_file(reading, path))
			ve_log(SWITCH_LOG_ERROR, "voice_engine: %s\n",
			       reading->error);
		free(names[i]);
	}
	free(names);
	return true;
}

static bool read_xml(struct reading *reading)
{
	switch_xml_t cfg = NULL;
	switch_xml_t xml = switch_xml_open_cfg(CONFIG_FILE, &cfg, NULL);
	switch_xml_t part;
	switch_xml_t at;
	bool good = true;

	if (xml == NULL || cfg == NULL)
		return wrong(reading, "%s.xml: not found", CONFIG_FILE);
	part = switch_xml_child(cfg, "settings");
	at = part != NULL ? switch_xml_child(part, "param") : NULL;
	for (; good && at != NULL; at = at->next)
		good = take_param(reading, switch_xml_attr_soft(at, "name"),
		                  switch_xml_attr_soft(at, "value"));
	part = switch_xml_child(cfg, "agents");
	at = part != NULL ? switch_xml_child(part, "agent") : NULL;
	for (; good && at != NULL; at = at->next)
		good = take_file(reading, switch_xml_attr_soft(at, "file"));
	part = switch_xml_child(cfg, "tools");
	at = part != NULL ? switch_xml_child(part, "tool") : NULL;
	for (; good && at != NULL; at = at->next)
		good = take_tool(reading, at);
	switch_xml_free(xml);
	return good && take_folder(reading);
}

/* -- The engine ----------------------------------------------------------- */

/* Called from any thread of the engine: FreeSWITCH queues the line. */
static void on_log(void *user_data, int32_t level, const char *component,
                   const char *message)
{
	switch_log_level_t as = level >= VOICE_LOG_ERROR ? SWITCH_LOG_ERROR
	                        : level >= VOICE_LOG_WARNING
	                                ? SWITCH_LOG_WARNING
	                        : level >= VOICE_LOG_INFO ? SWITCH_LOG_INFO
	                                                  : SWITCH_LOG_DEBUG;

	(void)user_data;
	ve_log(as, "voice_engine: %s: %s\n", component, message);
}

static const char *or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static bool make_engine(struct reading *reading)
{
	struct ve_generation *into = reading->generation;
	voice_engine_config config = {
		.struct_size = sizeof(config),
		.loops = reading->loops,
		.inference_threads = reading->inference_threads,
		/* A listener has two. */
		.max_sessions = into->max_calls < MOST_CALLS / 2
	                                ? into->max_calls * 2
	                                : MOST_CALLS,
		.models_dir = or_null(reading->models_dir),
		.ca_file = or_null(reading->ca_file),
		.on_log = on_log,
		.log_level = (int32_t)reading->log_level,
		.proxy = or_null(reading->proxy),
		.no_proxy = or_null(reading->no_proxy),
		.loop_cpus = or_null(reading->loop_cpus),
	};

	if (voice_engine_create(&config, &into->engine) < 0)
		return wrong(reading, "the engine: %s", voice_last_error());
	for (struct ve_agent *at = into->agents; at != NULL; at = at->next) {
		at->status = voice_engine_add_agent(into->engine, at->json,
		                                    at->bytes);
		if (at->status >= 0)
			continue;
		snprintf(at->detail, sizeof(at->detail), "%s",
		         voice_last_error());
		ve_log(SWITCH_LOG_ERROR, "voice_engine: agent %s: %s\n",
		       at->name, at->detail);
	}
	return true;
}

static void load(void *context)
{
	struct loading *loading = context;
	struct reading reading = {.error = loading->error,
	                          .room = loading->room};
	struct ve_generation *old;

	reading.generation = calloc(1, sizeof(*reading.generation));
	if (reading.generation == NULL) {
		wrong(&reading, "out of memory");
		return;
	}
	reading.generation->references = 1;
	reading.generation->max_calls = DEFAULT_CALLS;
	reading.generation->tool_threads = DEFAULT_TOOL_THREADS;
	reading.generation->tool_queue = DEFAULT_TOOL_QUEUE;
	reading.last_agent = &reading.generation->agents;
	reading.last_tool = &reading.generation->tools;
	if (!read_xml(&reading) || !make_engine(&reading)) {
		generation_free(reading.generation);
		return;
	}
	pthread_mutex_lock(&lock);
	old = current;
	current = reading.generation;
	current->number = ++generations;
	pthread_mutex_unlock(&lock);
	ve_generation_put(old);
	loading->loaded = true;
}

bool ve_config_load(char *error, size_t room)
{
	struct loading loading = {.error = error, .room = room};

	error[0] = '\0';
	if (!ve_work_deep(load, &loading))
		snprintf(error, room, "no thread could be started");
	return loading.loaded;
}

void ve_config_unload(void)
{
	struct ve_generation *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = NULL;
	pthread_mutex_unlock(&lock);
	ve_generation_put(old);
}
