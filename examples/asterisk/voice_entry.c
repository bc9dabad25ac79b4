/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes into a session: the call's facts, the dialplan's variables, and
 * the rate of its audio. */
#include "voice_module.h"

#include "asterisk/chanvars.h"

#define PREFIX "VOICE_AGENT_VAR_"
#define WIDEBAND 16000

static void set(struct ast_json *object, const char *name, const char *value)
{
	if (!ast_strlen_zero(name) && value != NULL)
		ast_json_object_set(object, name, voice_json_text(value));
}

/* The facts of the call. Under the channel's lock. */
static void add_facts(struct ast_json *object, struct ast_channel *chan)
{
	const struct ast_party_caller *caller = ast_channel_caller(chan);
	const struct ast_party_dialed *dialed = ast_channel_dialed(chan);

	if (caller->id.number.valid)
		set(object, "caller", caller->id.number.str);
	if (caller->id.name.valid)
		set(object, "callerName", caller->id.name.str);
	set(object, "called",
	    S_OR(dialed->number.str, ast_channel_exten(chan)));
	set(object, "channel", ast_channel_name(chan));
	set(object, "uniqueid", ast_channel_uniqueid(chan));
	set(object, "linkedid", ast_channel_linkedid(chan));
	set(object, "language", ast_channel_language(chan));
	set(object, "direction",
	    ast_test_flag(ast_channel_flags(chan), AST_FLAG_OUTGOING)
	            ? "outbound"
	            : "inbound");
}

static void add_channel_variables(struct ast_json *object,
                                  struct ast_channel *chan)
{
	struct ast_var_t *variable;

	AST_LIST_TRAVERSE(ast_channel_varshead(chan), variable, entries)
	{
		const char *name = ast_var_name(variable);

		if (name != NULL && strncmp(name, PREFIX, strlen(PREFIX)) == 0)
			set(object, name + strlen(PREFIX),
			    ast_var_value(variable));
	}
}

/* a=b^c=d */
static void add_pairs(struct ast_json *object, const char *pairs)
{
	char *rest = ast_strdupa(pairs);
	char *pair;

	while ((pair = strsep(&rest, "^")) != NULL) {
		char *value = strchr(pair, '=');

		if (value == NULL) {
			if (pair[0] != '\0')
				ast_log(LOG_WARNING,
				        "option v(%s): expected "
				        "name=value\n",
				        pair);
			continue;
		}
		*value++ = '\0';
		set(object, ast_strip(pair), value);
	}
}

char *voice_entry_variables(struct ast_channel *chan, const char *pairs)
{
	struct ast_json *object = ast_json_object_create();
	char *text = NULL;

	if (object == NULL)
		return NULL;
	ast_channel_lock(chan);
	add_facts(object, chan);
	add_channel_variables(object, chan);
	ast_channel_unlock(chan);
	if (!ast_strlen_zero(pairs))
		add_pairs(object, pairs);
	text = ast_json_dump_string(object);
	ast_json_unref(object);
	return text;
}

unsigned int voice_entry_rate(struct ast_channel *chan)
{
	unsigned int rate;

	ast_channel_lock(chan);
	rate = ast_format_get_sample_rate(ast_channel_rawreadformat(chan));
	ast_channel_unlock(chan);
	return rate >= WIDEBAND ? WIDEBAND : 8000;
}
