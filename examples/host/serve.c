/*
 * voice-host serve: carriers call agents over the network.
 *
 * The engine does the work on its own threads. The main thread waits for
 * signals: they are blocked everywhere (before the engine starts its threads)
 * and read from a descriptor, so no code runs in a signal handler.
 *
 *   SIGTERM, SIGINT   take no new calls, wait for the live ones, then end
 *   a second one      end at once
 *   SIGHUP            read the agents and the certificate again, for calls
 *                     and connections from now on
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host.h"

#define READY_SLICE_MS 200
#define READY_SLICES 3000 /* ten minutes: models on a slow disk */
#define BUCKETS 1024
#define CALL_ID_BYTES 128

/* The call id of a live session. */
struct live_call {
	struct live_call *next;
	const voice_session *session;
	char id[CALL_ID_BYTES];
};

struct host {
	const struct options *options;
	voice_engine *engine;
	voice_server *server;
	FILE *events;
	pthread_mutex_t lock; /* of calls */
	struct live_call *calls[BUCKETS];
	char *settings; /* the server document, NULL without one */
	char **agents;  /* names */
	size_t agent_count;
	int signals;
	int drained[2]; /* a pipe: written when the drain is over */
	_Atomic int drain_status;
};

/* -- Events: from the engine's event threads ---------------------------- */

static struct live_call **bucket(struct host *host, const voice_session *of)
{
	uintptr_t hash = (uintptr_t)of;

	hash ^= hash >> 32;
	hash ^= hash >> 10;
	return &host->calls[hash % BUCKETS];
}

static void remember(struct host *host, const voice_event *event)
{
	struct live_call *call = calloc(1, sizeof(*call));
	struct live_call **head;

	if (call == NULL)
		return; /* the call goes on without a name in the log */
	call->session = event->session;
	strncpy(call->id, event->text, sizeof(call->id) - 1);
	pthread_mutex_lock(&host->lock);
	head = bucket(host, event->session);
	call->next = *head;
	*head = call;
	pthread_mutex_unlock(&host->lock);
}

/* Copies the id of a session's call; "" when it is not known. */
static void find_id(struct host *host, const voice_event *event, char *id)
{
	const struct live_call *call;

	id[0] = '\0';
	pthread_mutex_lock(&host->lock);
	for (call = *bucket(host, event->session); call; call = call->next)
		if (call->session == event->session)
			break;
	if (call != NULL)
		memcpy(id, call->id, CALL_ID_BYTES);
	pthread_mutex_unlock(&host->lock);
}

static void forget(struct host *host, const voice_event *event)
{
	struct live_call **at;
	struct live_call *gone = NULL;

	pthread_mutex_lock(&host->lock);
	for (at = bucket(host, event->session); *at; at = &(*at)->next) {
		if ((*at)->session == event->session) {
			gone = *at;
			*at = gone->next;
			break;
		}
	}
	pthread_mutex_unlock(&host->lock);
	free(gone);
}

static void on_event(void *user_data, const voice_event *event)
{
	struct host *host = user_data;
	char id[CALL_ID_BYTES];

	if (event->type == VOICE_EVENT_STARTED)
		remember(host, event);
	find_id(host, event, id);
	event_write_json(host->events, id, event);
	if (event->type == VOICE_EVENT_CLOSED)
		forget(host, event);
	/* A tool that the document does not run itself: the reply waits. */
	if (event->type == VOICE_EVENT_TOOL_CALL)
		voice_session_tool_result(
			event->session, event->id,
			"{\"error\":\"this host has no such tool\"}");
}

/* -- Agents ------------------------------------------------------------- */

/*
 * The value of the document's top-level "name". The engine has accepted the
 * document, so its syntax is sound; names have no escapes.
 */
static char *agent_name(const char *json)
{
	int depth = 0;

	for (const char *at = json; *at != '\0'; at++) {
		const char *start = at + 1;
		const char *after;

		depth +=
			(*at == '{' || *at == '[') - (*at == '}' || *at == ']');
		if (*at != '"')
			continue;
		for (at++; *at != '\0' && *at != '"'; at++)
			if (*at == '\\' && at[1] != '\0')
				at++;
		if (*at == '\0')
			break;
		after = at + 1 + strspn(at + 1, " \t\r\n");
		if (depth != 1 || *after != ':' || at - start != 4 ||
		    memcmp(start, "name", 4) != 0)
			continue;
		after += 1 + strspn(after + 1, " \t\r\n");
		if (*after != '"')
			break;
		return strndup(after + 1, strcspn(after + 1, "\""));
	}
	return NULL;
}

static bool keep_name(struct host *host, char *name)
{
	char **grown;

	for (size_t i = 0; i < host->agent_count; i++) {
		if (strcmp(host->agents[i], name) == 0) {
			free(name);
			return true;
		}
	}
	grown = realloc(host->agents, (host->agent_count + 1) * sizeof(*grown));
	if (grown == NULL) {
		free(name);
		return false;
	}
	host->agents = grown;
	host->agents[host->agent_count++] = name;
	return true;
}

/*
 * Adds one document. A wrong one is an error; one that lacks its key or its
 * model here is passed over, so that the others can be called.
 */
static bool add_agent(struct host *host, const char *path)
{
	char *json = NULL;
	char *name;
	size_t bytes = 0;
	voice_status status;
	bool added = true;

	if (!read_file(path, MAX_DOCUMENT_BYTES, &json, &bytes))
		return false;
	status = voice_engine_add_agent(host->engine, json, bytes);
	if (status == VOICE_ERR_KEY_MISSING ||
	    status == VOICE_ERR_MODEL_MISSING) {
		fprintf(stderr, "voice-host: %s is left out: %s\n", path,
		        voice_last_error());
	} else if (status < 0) {
		complain_status(path, status);
		added = false;
	} else {
		name = agent_name(json);
		added = name == NULL || keep_name(host, name);
	}
	free(json);
	return added;
}

static int is_document(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && entry->d_name[0] != '.' &&
	       strcmp(entry->d_name + length - 5, ".json") == 0;
}

static bool add_agents(struct host *host)
{
	const char *folder = host->options->agents;
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_document, alphasort);
	bool sound = true;

	if (count < 0) {
		complain("cannot read the agents in %s: %s", folder,
		         strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];
		int length = snprintf(path, sizeof(path), "%s/%s", folder,
		                      entries[i]->d_name);

		if (length < 0 || (size_t)length >= sizeof(path) ||
		    !add_agent(host, path))
			sound = false;
		free(entries[i]);
	}
	free(entries);
	if (sound && host->agent_count == 0) {
		complain("no agent in %s can be called; it needs at least one "
		         "*.json document",
		         folder);
		return false;
	}
	return sound;
}

/* -- Start -------------------------------------------------------------- */

/*
 * Whether the server document has a section "tls". The engine has accepted it:
 * its syntax is sound, and no other key or usual value of it is "tls".
 */
static bool is_secure(const struct host *host)
{
	return host->settings != NULL &&
	       strstr(host->settings, "\"tls\"") != NULL;
}

static void print_welcome(const struct host *host)
{
	const voice_server_config *config = &host->options->server;
	const char *address = config->host ? config->host : "127.0.0.1";
	int32_t port = voice_server_port(host->server);
	const char *public_url = config->public_url;
	const char *scheme = is_secure(host) ? "https" : "http";
	size_t length = public_url != NULL ? strlen(public_url) : 0;

	while (length > 0 && public_url[length - 1] == '/')
		length--;
	fprintf(stderr,
	        "listening on %s://%s:%d (/healthz /readyz "
	        "/metrics)\n",
	        scheme, address, port);
	if (strncmp(address, "127.", 4) == 0 ||
	    strcmp(address, "localhost") == 0)
		fprintf(stderr,
		        "\nTo talk to an agent, open %s://localhost:%d/ in "
		        "a browser on this machine.\n",
		        scheme, port);
	fprintf(stderr, "\nAt Twilio, in the settings of the telephone number, "
	                "set \"A call comes in\"\nto Webhook, HTTP POST:\n");
	for (size_t i = 0; i < host->agent_count; i++) {
		if (public_url != NULL)
			fprintf(stderr, "  %.*s/twilio/voice/%s\n", (int)length,
			        public_url, host->agents[i]);
		else
			fprintf(stderr,
			        "  https://YOUR-PUBLIC-NAME/twilio/voice/%s\n",
			        host->agents[i]);
	}
	if (public_url == NULL)
		fprintf(stderr,
		        "Twilio needs a public https address: put a reverse "
		        "proxy or a tunnel in front of\nport %d and start "
		        "again with --public-url https://YOUR-PUBLIC-NAME\n",
		        port);
	fputc('\n', stderr);
}

/* The number of a signal that waits, or 0. */
static int next_signal(int signals, int timeout_ms)
{
	struct pollfd waiting = {signals, POLLIN, 0};
	struct signalfd_siginfo info;

	if (poll(&waiting, 1, timeout_ms) <= 0)
		return 0;
	if (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

/* At SIGHUP. A document that is wrong has been complained of; its agent stays
 * as it was, and so does a certificate that cannot be used. */
static void read_again(struct host *host)
{
	voice_status status = voice_server_reload(host->server);

	if (status < 0)
		complain_status("certificate", status);
	if (add_agents(host))
		fprintf(stderr, "the agents were read again\n");
}

/*
 * Waits for the models. A SIGHUP meanwhile reads the agents again, and what
 * they need now is waited for as well; any other signal is returned, else 0.
 */
static int wait_ready(struct host *host)
{
	fprintf(stderr, "loading what the agents need ...\n");
	for (int slice = 0; slice < READY_SLICES; slice++) {
		voice_status status =
			voice_engine_wait_ready(host->engine, READY_SLICE_MS);
		int number;

		if (status == VOICE_OK) {
			fprintf(stderr, "ready for calls\n");
			return 0;
		}
		if (status != VOICE_ERR_TIMEOUT) {
			/* The agents that can still be served are. */
			complain_status("loading", status);
			return 0;
		}
		number = next_signal(host->signals, 0);
		if (number == SIGHUP)
			read_again(host);
		else if (number != 0)
			return number;
	}
	complain("some models are still not loaded; see /readyz");
	return 0;
}

/* -- End ---------------------------------------------------------------- */

static void *drain(void *argument)
{
	struct host *host = argument;
	voice_status status =
		voice_server_drain(host->server, host->options->drain_s * 1000);

	atomic_store(&host->drain_status, status);
	voice_server_stop(host->server);
	voice_engine_destroy(host->engine);
	while (write(host->drained[1], "x", 1) < 0 && errno == EINTR)
		;
	return NULL;
}

/* Drains on a thread of its own, so that a second signal is seen. */
static int end(struct host *host)
{
	pthread_t thread;
	struct pollfd waiting[2] = {{host->signals, POLLIN, 0},
	                            {host->drained[0], POLLIN, 0}};

	fprintf(stderr,
	        "no new calls; %d live, waiting up to %u s (again to end "
	        "now)\n",
	        voice_server_calls(host->server), host->options->drain_s);
	if (pthread_create(&thread, NULL, drain, host) != 0) {
		drain(host);
		return EXIT_CUT;
	}
	for (;;) {
		if (poll(waiting, 2, -1) < 0 && errno != EINTR)
			break;
		if ((waiting[1].revents & POLLIN) != 0)
			break;
		if ((waiting[0].revents & POLLIN) != 0 &&
		    next_signal(host->signals, 0) != SIGHUP) {
			fprintf(stderr, "ended at once\n");
			/* The events are flushed line by line. */
			_exit(EXIT_CUT);
		}
	}
	pthread_join(thread, NULL);
	if (atomic_load(&host->drain_status) == VOICE_ERR_TIMEOUT) {
		fprintf(stderr, "the time is over: calls were ended\n");
		return EXIT_CUT;
	}
	fprintf(stderr, "all calls have ended\n");
	return EXIT_DONE;
}

static bool open_signals(struct host *host)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	host->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return host->signals >= 0 && pipe(host->drained) == 0;
}

static int run(struct host *host)
{
	voice_server_config config = host->options->server;
	voice_status status;
	int number;

	status = voice_engine_create(&host->options->engine, &host->engine);
	if (status < 0) {
		complain_status("engine", status);
		return EXIT_START;
	}
	if (!add_agents(host))
		return EXIT_START;
	if (host->options->settings != NULL) {
		size_t bytes = 0;

		if (!read_file(host->options->settings, MAX_DOCUMENT_BYTES,
		               &host->settings, &bytes))
			return EXIT_START;
		if (strlen(host->settings) != bytes) {
			complain("%s: not a JSON document",
			         host->options->settings);
			return EXIT_START;
		}
		config.settings = host->settings;
	}
	config.on_event = on_event;
	config.user_data = host;
	status = voice_server_start(host->engine, &config, &host->server);
	if (status < 0) {
		complain_status("server", status);
		return EXIT_START;
	}
	print_welcome(host);
	number = wait_ready(host);
	while (number == 0 || number == SIGHUP) {
		if (number == SIGHUP)
			read_again(host);
		number = next_signal(host->signals, -1);
	}
	return end(host);
}

int serve(const struct options *options)
{
	struct host host = {.options = options,
	                    .lock = PTHREAD_MUTEX_INITIALIZER,
	                    .signals = -1,
	                    .drained = {-1, -1}};
	int exit_code = EXIT_START;

	if (!open_signals(&host)) {
		complain("cannot wait for signals: %s", strerror(errno));
		goto out;
	}
	if (!event_log_open(options->events, &host.events))
		goto out;
	exit_code = run(&host);
	/* Without a drain they still stand; destroying twice is harmless. */
	voice_server_stop(host.server);
	voice_engine_destroy(host.engine);
out:
	for (size_t i = 0; i < BUCKETS; i++) {
		while (host.calls[i] != NULL) {
			struct live_call *call = host.calls[i];

			host.calls[i] = call->next;
			free(call);
		}
	}
	for (size_t i = 0; i < host.agent_count; i++)
		free(host.agents[i]);
	free(host.agents);
	free(host.settings);
	if (host.events != NULL && host.events != stdout)
		fclose(host.events);
	return exit_code;
}
