/*
 * voice_engine.conf, and the engine that is made from it.
 *
 * A setup is made as a whole and never changed. A reload makes another one; it
 * takes the place of the old one only when nothing in it is wrong. Calls hold
 * the setup that they began with, and the last of them lets the old engine go.
 */
#include "voice_module.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "asterisk/config.h"
#include "asterisk/paths.h"

#define CONFIG_FILE "voice_engine.conf"
#define MAX_DOCUMENT_BYTES ((size_t)1 << 20)
#define MAX_KEY_LINE 8192
#define READY_MS (600 * 1000)

static AO2_GLOBAL_OBJ_STATIC(current);
static unsigned int setups_made; /* loads and reloads come one at a time */

/* What voice_engine.conf says in [general], as it stands. */
struct settings {
	char agents[PATH_MAX];
	char keys[PATH_MAX];
	char models[PATH_MAX];
	char transcripts[PATH_MAX];
	char ca_file[PATH_MAX];
	char proxy[512];
	char no_proxy[512];
	char transfer_context[AST_MAX_CONTEXT];
	char transfer_failed[VOICE_TEXT_BYTES];
	char log_level[16];
	unsigned int loops;
	unsigned int inference_threads;
	unsigned int max_sessions;
	unsigned int max_call_s;
	unsigned int tool_timeout_s;
	unsigned int max_tools;
	unsigned int user_events;
	unsigned int event_texts;
};

enum kind { TEXT, NUMBER, SWITCH };

#define FIELD(member) \
	offsetof(struct settings, member), \
		sizeof(((struct settings *)NULL)->member)

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
	size_t room;
	unsigned int low;
	unsigned int high;
} options[] = {
	{"agents", TEXT, FIELD(agents), 0, 0},
	{"keys", TEXT, FIELD(keys), 0, 0},
	{"models", TEXT, FIELD(models), 0, 0},
	{"transcripts", TEXT, FIELD(transcripts), 0, 0},
	{"ca_file", TEXT, FIELD(ca_file), 0, 0},
	{"proxy", TEXT, FIELD(proxy), 0, 0},
	{"no_proxy", TEXT, FIELD(no_proxy), 0, 0},
	{"transfer_context", TEXT, FIELD(transfer_context), 0, 0},
	{"transfer_failed", TEXT, FIELD(transfer_failed), 0, 0},
	{"log_level", TEXT, FIELD(log_level), 0, 0},
	{"loops", NUMBER, FIELD(loops), 0, 64},
	{"inference_threads", NUMBER, FIELD(inference_threads), 0, 64},
	{"max_calls", NUMBER, FIELD(max_sessions), 1, 65535},
	{"max_call_s", NUMBER, FIELD(max_call_s), 0, 86400},
	{"tool_timeout_s", NUMBER, FIELD(tool_timeout_s), 1, 600},
	{"max_tools", NUMBER, FIELD(max_tools), 1, 1000},
	{"user_events", SWITCH, FIELD(user_events), 0, 1},
	{"event_texts", SWITCH, FIELD(event_texts), 0, 1},
};

/* -- Reading -------------------------------------------------------------- */

static int take_option(struct settings *settings,
                       const struct ast_variable *line)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		char *field = (char *)settings + options[i].offset;
		unsigned int number = 0;
		char rest;

		if (strcasecmp(line->name, options[i].name) != 0)
			continue;
		if (options[i].kind == TEXT) {
			if (strlen(line->value) >= options[i].room) {
				ast_log(LOG_ERROR, "%s:%d: %s is too long\n",
				        CONFIG_FILE, line->lineno, line->name);
				return -1;
			}
			ast_copy_string(field, line->value, options[i].room);
			return 0;
		}
		if (options[i].kind == SWITCH) {
			number = ast_true(line->value) ? 1 : 0;
			if (!number && !ast_false(line->value)) {
				ast_log(LOG_ERROR,
				        "%s:%d: %s = %s: expected yes or no\n",
				        CONFIG_FILE, line->lineno, line->name,
				        line->value);
				return -1;
			}
		} else if (sscanf(line->value, "%30u%c", &number, &rest) != 1 ||
		           line->value[0] == '-' || number < options[i].low ||
		           number > options[i].high) {
			ast_log(LOG_ERROR,
			        "%s:%d: %s = %s: expected a whole number from "
			        "%u to %u\n",
			        CONFIG_FILE, line->lineno, line->name,
			        line->value, options[i].low, options[i].high);
			return -1;
		}
		memcpy(field, &number, sizeof(number));
		return 0;
	}
	ast_log(LOG_ERROR, "%s:%d: there is no setting named %s\n", CONFIG_FILE,
	        line->lineno, line->name);
	return -1;
}

/* look_up = Gosub(tools,look_up,1), or AGI(look_up.agi) */
static int take_tool(struct voice_setup *setup, const struct ast_variable *line)
{
	struct voice_tool *tool;
	const char *open = strchr(line->value, '(');
	size_t length = strlen(line->value);
	bool is_agi = strncasecmp(line->value, "agi(", 4) == 0;

	if (open == NULL || line->value[length - 1] != ')' ||
	    (!is_agi && strncasecmp(line->value, "gosub(", 6) != 0) ||
	    length - (size_t)(open - line->value) - 2 >= sizeof(tool->target) ||
	    open[1] == ')' || strlen(line->name) >= sizeof(tool->name)) {
		ast_log(LOG_ERROR,
		        "%s:%d: tool %s = %s: expected "
		        "Gosub(context,exten,priority) or AGI(script)\n",
		        CONFIG_FILE, line->lineno, line->name, line->value);
		return -1;
	}
	tool = ast_calloc(1, sizeof(*tool));
	if (tool == NULL)
		return -1;
	ast_copy_string(tool->name, line->name, sizeof(tool->name));
	ast_copy_string(tool->target, open + 1, sizeof(tool->target));
	tool->target[length - (size_t)(open - line->value) - 2] = '\0';
	tool->is_agi = is_agi;
	tool->next = setup->tools;
	setup->tools = tool;
	return 0;
}

static int read_section(struct ast_config *file, const char *section,
                        struct voice_setup *setup, struct settings *settings)
{
	const struct ast_variable *line;
	int wrong = 0;

	for (line = ast_variable_browse(file, section); line != NULL;
	     line = line->next) {
		if (strcasecmp(section, "general") == 0)
			wrong |= take_option(settings, line);
		else if (strcasecmp(section, "tools") == 0)
			wrong |= take_tool(setup, line);
	}
	if (strcasecmp(section, "general") != 0 &&
	    strcasecmp(section, "tools") != 0) {
		ast_log(LOG_ERROR, "%s: there is no section [%s]\n",
		        CONFIG_FILE, section);
		wrong = -1;
	}
	return wrong;
}

static int read_config(struct voice_setup *setup, struct settings *settings)
{
	struct ast_flags flags = {0};
	struct ast_config *file = ast_config_load(CONFIG_FILE, flags);
	const char *section = NULL;
	int wrong = 0;

	if (file == CONFIG_STATUS_FILEINVALID) {
		ast_log(LOG_ERROR, "%s cannot be read\n", CONFIG_FILE);
		return -1;
	}
	if (file == CONFIG_STATUS_FILEMISSING) {
		ast_log(LOG_WARNING, "%s is missing: all settings have their "
		        "defaults\n", CONFIG_FILE);
	} else {
		while ((section = ast_category_browse(file, section)) != NULL)
			wrong |= read_section(file, section, setup, settings);
		ast_config_destroy(file);
	}
	return wrong;
}

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

/* NAME=VALUE lines into the environment, where the engine looks for keys. A
 * value is never logged. */
static int read_keys(const char *path)
{
	char line[MAX_KEY_LINE];
	struct stat facts;
	FILE *file = fopen(path, "re");
	int number = 0;
	int failed = 0;

	if (file == NULL || fstat(fileno(file), &facts) != 0) {
		ast_log(LOG_ERROR, "keys = %s: %s\n", path, strerror(errno));
		if (file != NULL)
			fclose(file);
		return -1;
	}
	if ((facts.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
		ast_log(LOG_ERROR, "keys = %s: others may read or change it; "
		        "chmod 640\n", path);
		failed = -1;
	}
	while (failed == 0 && fgets(line, sizeof(line), file) != NULL) {
		char *name = ast_strip(line);
		char *value = strchr(name, '=');
		const char *now;

		number++;
		if (name[0] == '\0' || name[0] == '#' || name[0] == ';')
			continue;
		if (value == NULL || value == name) {
			ast_log(LOG_ERROR, "%s:%d: expected NAME=VALUE\n", path,
			        number);
			failed = -1;
			break;
		}
		*value++ = '\0';
		name = ast_strip(name);
		value = ast_strip_quoted(value, "\"'", "\"'");
		/* Other threads may be reading the environment: it is only
		 * touched where something has changed. */
		now = getenv(name);
		if (now == NULL || strcmp(now, value) != 0)
			failed = setenv(name, value, 1);
	}
	memset(line, 0, sizeof(line));
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
	static const char *const names[] = {"", "trace", "debug", "info",
	                                    "warning", "error"};

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (strcasecmp(name, names[i]) == 0)
			return i;
	}
	ast_log(LOG_ERROR, "log_level = %s: expected trace, debug, info, "
	        "warning or error\n", name);
	return -1;
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static int create_engine(struct voice_setup *setup,
                         const struct settings *settings)
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
		         wait->number,
		         (int)ast_tvdiff_ms(ast_tvnow(), begin));
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

static void apply(struct voice_setup *setup, const struct settings *settings)
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
	struct settings settings = {
		.log_level = "info",
		.tool_timeout_s = 30,
		.max_tools = 32,
		.max_sessions = 4096,
		.event_texts = 1,
	};
	struct voice_setup *setup =
		ao2_alloc(sizeof(*setup), setup_destroy);

	if (setup == NULL)
		return NULL;
	setup->end = ast_calloc(1, sizeof(*setup->end));
	setup->number = ++setups_made;
	snprintf(settings.agents, sizeof(settings.agents), "%s/voice_agents",
	         ast_config_AST_CONFIG_DIR);
	if (setup->end == NULL || read_config(setup, &settings) ||
	    (settings.keys[0] != '\0' && read_keys(settings.keys)) ||
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
		ast_log(LOG_ERROR, "%s: nothing has changed: the configuration "
		        "before stays in force\n", CONFIG_FILE);
	else if (order.failed)
		ast_log(LOG_ERROR, "%s: no agent can be called; correct it, "
		        "then: module reload app_voice_engine\n", CONFIG_FILE);
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
