/*
 * voice-host: agents that answer the telephone, as a program.
 *
 *   voice-host serve --agents DIR        carriers call agents
 *   voice-host check agent.json ...      are documents and providers right?
 *   voice-host talk agent.json in.wav out.wav
 *                                        a recording calls an agent
 *   voice-host call NUMBER               lets a running serve call somebody
 *   voice-host version
 *
 * A thin layer over the public header alone: this file reads the command line,
 * serve.c and talk.c are the hosts, call.c asks a running one, event_log.c
 * writes events, wav.c files.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host.h"

static const char usage_all[] =
	"voice-host: agents that answer the telephone\n"
	"\n"
	"  voice-host serve --agents DIR           let carriers call agents\n"
	"  voice-host check AGENT.json ...         check agent documents and\n"
	"                                          try their providers\n"
	"  voice-host talk AGENT.json IN.wav OUT.wav\n"
	"                                          let a recording call\n"
	"  voice-host call NUMBER                  let a running serve call\n"
	"                                          somebody\n"
	"  voice-host version                      print versions\n"
	"\n"
	"\"voice-host COMMAND --help\" tells the options of a command.\n"
	"\n"
	"Exit codes: 0 done, 1 the document is wrong or the call failed,\n"
	"2 wrong usage, 3 could not start, 4 ended with calls still live.\n";

static const char usage_serve[] =
	"voice-host serve --agents DIR [options]\n"
	"Answers calls of carriers with the agents DIR/*.json.\n"
	"\n"
	"  --agents DIR       folder of agent documents (required)\n"
	"  --host ADDRESS     address to listen on (127.0.0.1)\n"
	"  --port N           port, 0 = any free one (8080)\n"
	"  --public-url URL   how carriers reach this server, such as\n"
	"                     https://agent.example.com\n"
	"  --settings FILE    server document: TLS, carriers, control API,\n"
	"                     admission, limits (docs/server.md)\n"
	"  --max-calls N      calls at the same time, 1..65535 (4096)\n"
	"  --drain-s N        seconds that live calls get after SIGTERM (30)\n"
	"  --events FILE      append each event of each call as a JSON line;\n"
	"                     - writes to the standard output\n"
	"  --models DIR       local models ($VOICE_ENGINE_MODELS)\n"
	"  --proxy URL        proxy to the providers, or none (environment)\n"
	"  --loops N          event loops, 1..64 (one per core)\n"
	"  --loop-cpus LIST   processors for the loops' threads, such as 2 or\n"
	"                     0,4-6 (bound to none)\n"
	"  --log-level LEVEL  trace, debug, info, warning, error or off (info)\n"
	"\n"
	"API keys come from the environment variables that the documents name;\n"
	"with TWILIO_AUTH_TOKEN set, only requests that Twilio signed are taken.\n"
	"SIGTERM and SIGINT let live calls end, a second one ends at once;\n"
	"SIGHUP reads the agents and the certificate again.\n";

static const char usage_check[] =
	"voice-host check AGENT.json ... [options]\n"
	"Prints OK, or what is wrong with the path of the key, per document;\n"
	"then tries each provider that it names with a little real work, which\n"
	"proves address, certificate, key, model and voice (and costs what such\n"
	"a request costs).\n"
	"\n"
	"  --offline          check the documents alone: needs no model, no key\n"
	"  --timeout-ms N     for each provider, 1..120000 (10000)\n"
	"  --models DIR       local models ($VOICE_ENGINE_MODELS)\n"
	"  --proxy URL        proxy to the providers, or none (environment)\n"
	"  --log-level LEVEL  trace, debug, info, warning, error or off (off)\n"
	"\n"
	"Exits with 0 when all is right, else with 1.\n";

static const char usage_talk[] =
	"voice-host talk AGENT.json IN.wav OUT.wav [options]\n"
	"Plays IN.wav to the agent in real time, prints what happens, and writes\n"
	"the call: caller left, agent right. Ends when the recording has ended\n"
	"and the agent has been silent, or when the agent hangs up.\n"
	"\n"
	"IN.wav: 16-bit PCM, mu-law or A-law, 8 to 48 kHz.\n"
	"\n"
	"  --var NAME=VALUE   a value for {{NAME}} in the document (up to 16)\n"
	"  --tail-s N         seconds of silence that end the call (3)\n"
	"  --mono             write the agent alone\n"
	"  --call-id ID       name of the call in events (talk)\n"
	"  --events FILE      append each event as a JSON line; - writes them\n"
	"                     to the standard output, instead of the text\n"
	"  --models DIR       local models ($VOICE_ENGINE_MODELS)\n"
	"  --proxy URL        proxy to the providers, or none (environment)\n"
	"  --loops N          event loops, 1..64 (one per core)\n"
	"  --loop-cpus LIST   processors for the loops' threads, such as 2 or\n"
	"                     0,4-6 (bound to none)\n"
	"  --log-level LEVEL  trace, debug, info, warning, error or off (warning)\n";

static const char *const level_names[] = {"off",  "trace",   "debug",
                                          "info", "warning", "error"};

#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

void complain(const char *format, ...)
{
	va_list arguments;

	flockfile(stderr);
	fputs("voice-host: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void complain_status(const char *what, voice_status status)
{
	/* The detail lives until the next voice_ call: print it first. */
	const char *detail = voice_last_error();

	if (detail[0] != '\0')
		complain("%s: %s", what, detail);
	else
		complain("%s: %s", what, voice_status_text(status));
}

bool read_file(const char *path, size_t limit, char **out, size_t *bytes)
{
	FILE *file = fopen(path, "rbe");
	char *text = NULL;
	size_t used = 0;
	size_t room = 65536;

	if (file == NULL) {
		complain("cannot read %s: %s", path, strerror(errno));
		return false;
	}
	for (;;) {
		char *grown = realloc(text, room + 1);

		if (grown == NULL) {
			complain("%s: not enough memory", path);
			goto fail;
		}
		text = grown;
		used += fread(text + used, 1, room - used, file);
		if (used < room)
			break;
		if (room > limit) {
			complain("%s: larger than %zu bytes", path, limit);
			goto fail;
		}
		room *= 2;
	}
	if (ferror(file) != 0) {
		complain("cannot read %s: %s", path, strerror(errno));
		goto fail;
	}
	if (used > limit) {
		complain("%s: larger than %zu bytes", path, limit);
		goto fail;
	}
	fclose(file);
	text[used] = '\0';
	*out = text;
	*bytes = used;
	return true;
fail:
	fclose(file);
	free(text);
	return false;
}

/* From any thread of the engine. */
static void on_log(void *user_data, int32_t level, const char *component,
                   const char *message)
{
	struct timespec now = {0, 0};
	struct tm parts;
	char when[32] = "";

	(void)user_data;
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &parts) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &parts);
	fprintf(stderr, "%s.%03ldZ %-7s %s: %s\n", when, now.tv_nsec / 1000000,
	        level > 0 && (size_t)level < LEVELS ? level_names[level] : "?",
	        component, message);
}

/* -- Command line ------------------------------------------------------- */

enum option_id {
	OPTION_AGENTS = 256,
	OPTION_HOST,
	OPTION_PORT,
	OPTION_PUBLIC_URL,
	OPTION_MODELS,
	OPTION_PROXY,
	OPTION_LOOPS,
	OPTION_LOOP_CPUS,
	OPTION_EVENTS,
	OPTION_LOG_LEVEL,
	OPTION_MAX_CALLS,
	OPTION_SETTINGS,
	OPTION_DRAIN_S,
	OPTION_VAR,
	OPTION_TAIL_S,
	OPTION_MONO,
	OPTION_CALL_ID,
	OPTION_OFFLINE,
	OPTION_TIMEOUT_MS,
};

#define SHARED_OPTIONS                                                         \
	{"help", no_argument, NULL, 'h'},                                      \
		{"models", required_argument, NULL, OPTION_MODELS},            \
		{"proxy", required_argument, NULL, OPTION_PROXY},              \
		{"loops", required_argument, NULL, OPTION_LOOPS},              \
		{"loop-cpus", required_argument, NULL, OPTION_LOOP_CPUS},      \
		{"events", required_argument, NULL, OPTION_EVENTS},            \
	{                                                                      \
		"log-level", required_argument, NULL, OPTION_LOG_LEVEL         \
	}

static const struct option serve_options[] = {
	SHARED_OPTIONS,
	{"agents", required_argument, NULL, OPTION_AGENTS},
	{"host", required_argument, NULL, OPTION_HOST},
	{"port", required_argument, NULL, OPTION_PORT},
	{"public-url", required_argument, NULL, OPTION_PUBLIC_URL},
	{"max-calls", required_argument, NULL, OPTION_MAX_CALLS},
	{"settings", required_argument, NULL, OPTION_SETTINGS},
	{"drain-s", required_argument, NULL, OPTION_DRAIN_S},
	{NULL, 0, NULL, 0},
};

static const struct option talk_options[] = {
	SHARED_OPTIONS,
	{"var", required_argument, NULL, OPTION_VAR},
	{"tail-s", required_argument, NULL, OPTION_TAIL_S},
	{"mono", no_argument, NULL, OPTION_MONO},
	{"call-id", required_argument, NULL, OPTION_CALL_ID},
	{NULL, 0, NULL, 0},
};

static const struct option check_options[] = {
	SHARED_OPTIONS,
	{"offline", no_argument, NULL, OPTION_OFFLINE},
	{"timeout-ms", required_argument, NULL, OPTION_TIMEOUT_MS},
	{NULL, 0, NULL, 0},
};

static bool number(const char *name, const char *text, uint32_t low,
                   uint32_t high, uint32_t *out)
{
	char *rest = NULL;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &rest, 10);
	if (text[0] < '0' || text[0] > '9' || *rest != '\0' || errno != 0 ||
	    value < low || value > high) {
		complain("--%s %s: expected a number from %u to %u", name, text,
		         low, high);
		return false;
	}
	*out = (uint32_t)value;
	return true;
}

static bool log_level(struct options *options, const char *text)
{
	for (size_t i = 0; i < LEVELS; i++) {
		if (strcmp(text, level_names[i]) != 0)
			continue;
		options->engine.on_log = i == 0 ? NULL : on_log;
		options->engine.log_level = (int32_t)i;
		return true;
	}
	complain("--log-level %s: expected trace, debug, info, warning, error "
	         "or off",
	         text);
	return false;
}

static bool variable(struct options *options, char *text)
{
	char *equals = strchr(text, '=');
	size_t limit = sizeof(options->names) / sizeof(options->names[0]);

	if (equals == NULL || equals == text) {
		complain("--var %s: expected NAME=VALUE", text);
		return false;
	}
	if (options->variables == limit) {
		complain("--var: up to %zu are taken", limit);
		return false;
	}
	*equals = '\0';
	options->names[options->variables] = text;
	options->values[options->variables++] = equals + 1;
	return true;
}

static bool take_option(struct options *o, int id, char *value)
{
	switch (id) {
	case OPTION_AGENTS:
		o->agents = value;
		return true;
	case OPTION_HOST:
		o->server.host = value;
		return true;
	case OPTION_PORT:
		return number("port", value, 0, 65535, &o->server.port);
	case OPTION_PUBLIC_URL:
		o->server.public_url = value;
		return true;
	case OPTION_MODELS:
		o->engine.models_dir = value;
		return true;
	case OPTION_PROXY:
		o->engine.proxy = value;
		return true;
	case OPTION_LOOPS:
		return number("loops", value, 1, 64, &o->engine.loops);
	case OPTION_LOOP_CPUS:
		o->engine.loop_cpus = value;
		return true;
	case OPTION_EVENTS:
		o->events = value;
		return true;
	case OPTION_LOG_LEVEL:
		return log_level(o, value);
	case OPTION_MAX_CALLS:
		return number("max-calls", value, 1, 65535,
		              &o->server.max_calls);
	case OPTION_SETTINGS:
		o->settings = value;
		return true;
	case OPTION_DRAIN_S:
		return number("drain-s", value, 0, 86400, &o->drain_s);
	case OPTION_VAR:
		return variable(o, value);
	case OPTION_TAIL_S:
		return number("tail-s", value, 0, 240, &o->tail_s);
	case OPTION_MONO:
		o->mono = true;
		return true;
	case OPTION_CALL_ID:
		o->call_id = value;
		return true;
	case OPTION_OFFLINE:
		o->offline = true;
		return true;
	case OPTION_TIMEOUT_MS:
		return number("timeout-ms", value, 1, 120000, &o->timeout_ms);
	default:
		return false; /* getopt has said why */
	}
}

/* Reads the options; a value >= 0 is the exit code to end with. */
static int take_options(struct options *options, const struct option *known,
                        const char *usage, int count, char **arguments)
{
	int id;

	while ((id = getopt_long(count, arguments, "h", known, NULL)) != -1) {
		if (id == 'h') {
			fputs(usage, stdout);
			return EXIT_DONE;
		}
		if (!take_option(options, id, optarg)) {
			fputs("\"--help\" tells the options\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

static int usage_error(const char *usage)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

/* -- Commands ----------------------------------------------------------- */

static int version(void)
{
	uint32_t abi = voice_abi_version();

	printf("voice-host, header %d.%d\nlibvoiceengine %s, ABI %u.%u\n",
	       VOICE_ABI_MAJOR, VOICE_ABI_MINOR, voice_library_version(),
	       abi >> 16, abi & 0xFFFF);
	return EXIT_DONE;
}

int main(int count, char **arguments)
{
	const char *command = count > 1 ? arguments[1] : "";
	struct options options = {
		.engine = {.struct_size = sizeof(options.engine),
	                   .on_log = on_log,
	                   .log_level = VOICE_LOG_INFO},
		.server = {.struct_size = sizeof(options.server), .port = 8080},
		.drain_s = 30,
		.tail_s = 3,
	};
	int code;

	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
	    strcmp(command, "help") == 0) {
		fputs(usage_all, stdout);
		return EXIT_DONE;
	}
	if (strcmp(command, "version") == 0 ||
	    strcmp(command, "--version") == 0)
		return version();
	if (voice_abi_version() >> 16 != VOICE_ABI_MAJOR) {
		complain("the library has ABI %u, this program needs %d",
		         voice_abi_version() >> 16, VOICE_ABI_MAJOR);
		return EXIT_START;
	}
	/* The command takes the place of the program's name for getopt. */
	count--;
	arguments++;
	if (strcmp(command, "serve") == 0) {
		code = take_options(&options, serve_options, usage_serve, count,
		                    arguments);
		if (code >= 0)
			return code;
		if (options.agents == NULL || optind != count)
			return usage_error(usage_serve);
		return serve(&options);
	}
	if (strcmp(command, "call") == 0)
		return call(count, arguments);
	if (strcmp(command, "talk") == 0) {
		options.engine.log_level = VOICE_LOG_WARNING;
		code = take_options(&options, talk_options, usage_talk, count,
		                    arguments);
		if (code >= 0)
			return code;
		if (count - optind != 3)
			return usage_error(usage_talk);
		return talk(&options, arguments[optind], arguments[optind + 1],
		            arguments[optind + 2]);
	}
	if (strcmp(command, "check") == 0) {
		options.engine.on_log = NULL; /* the results say it better */
		code = take_options(&options, check_options, usage_check, count,
		                    arguments);
		if (code >= 0)
			return code;
		if (optind == count)
			return usage_error(usage_check);
		return check(&options, arguments + optind);
	}
	return usage_error(usage_all);
}
