/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads voice_engine.conf and the file with the keys. */
#include "voice_module.h"

#include <errno.h>
#include <sys/stat.h>

#include "asterisk/config.h"

#define CONFIG_FILE VOICE_CONFIG_FILE
#define MAX_KEY_LINE 8192

enum kind { TEXT, NUMBER, SWITCH };

#define FIELD(member)                                                          \
	offsetof(struct voice_settings, member),                               \
		sizeof(((struct voice_settings *)NULL)->member)

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
	{"loop_cpus", TEXT, FIELD(loop_cpus), 0, 0},
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

static int take_option(struct voice_settings *settings,
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
                        struct voice_setup *setup,
                        struct voice_settings *settings)
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

int voice_config_read(struct voice_setup *setup,
                      struct voice_settings *settings)
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
		ast_log(LOG_WARNING,
		        "%s is missing: all settings have their "
		        "defaults\n",
		        CONFIG_FILE);
	} else {
		while ((section = ast_category_browse(file, section)) != NULL)
			wrong |= read_section(file, section, setup, settings);
		ast_config_destroy(file);
	}
	return wrong;
}

/* NAME=VALUE lines into the environment, where the engine looks for keys. A
 * value is never logged. */
int voice_config_keys(const char *path)
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
		ast_log(LOG_ERROR,
		        "keys = %s: others may read or change it; "
		        "chmod 640\n",
		        path);
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
	explicit_bzero(line, sizeof(line));
	fclose(file);
	return failed;
}
