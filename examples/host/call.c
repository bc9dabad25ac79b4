/*
 * voice-host call: a running server places a call.
 *
 * The call is made by the server that carriers reach (voice-host serve), not
 * by this program: it has the public address, the accounts and the agents, and
 * goes on when this program is stopped. So this is a small client of its
 * control API: POST /calls, then GET /calls/ID until the call has ended, one
 * line per state. Ctrl-C leaves the call alone; --hang-up ends one.
 *
 * The server is reached on plain HTTP, on this machine or through a tunnel;
 * across a network put TLS in front and use curl (docs/server.md).
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define MAX_ANSWER ((size_t)1 << 20)
#define MAX_VARIABLES 64
#define ANSWER_S 40 /* [s] longer than the server waits for a carrier */
#define POLL_MS 500
#define TEXT_BYTES 512

static const char usage_call[] =
	"voice-host call NUMBER [options]\n"
	"Lets a running \"voice-host serve\" call NUMBER (+15551234567 or\n"
	"sip:user@host), and prints how far the call has come until it ends.\n"
	"\n"
	"  --agent NAME       who talks; may be left out if there is one\n"
	"  --goal TEXT        what the call is for\n"
	"  --from NUMBER      whom the call comes from (the account's number)\n"
	"  --carrier NAME     twilio or telnyx; may be left out if there is one\n"
	"  --machine          let the carrier tell people from machines\n"
	"  --var NAME=VALUE   a value for {{NAME}} in the document (up to 64)\n"
	"  --server URL       where the server is (http://127.0.0.1:8080)\n"
	"  --no-wait          do not wait for the end\n"
	"  --hang-up ID       end the call with this id instead of placing one\n"
	"\n"
	"The server's control token is read from VOICE_CONTROL_TOKEN.\n"
	"\n"
	"Exits with 0 when the call was answered (or placed, with --no-wait),\n"
	"1 when it was not, 3 when the server cannot be asked.\n";

struct order {
	const char *server;
	const char *token;
	const char *to;
	const char *agent;
	const char *goal;
	const char *from;
	const char *carrier;
	const char *hang_up;
	bool machine;
	bool no_wait;
	char *variables[MAX_VARIABLES];
	size_t variable_count;
};

struct answer {
	int status;
	char *text; /* head and body; free */
	char *body; /* within text */
};

/* -- HTTP ----------------------------------------------------------------- */

/* "http://HOST[:PORT]" into its parts. */
static bool split_url(const char *url, char *host, size_t room, char *port)
{
	const char *at = url + strlen("http://");
	size_t length;

	if (strncmp(url, "http://", strlen("http://")) != 0)
		goto wrong;
	length = *at == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/");
	if (length == 0 || length >= room)
		goto wrong;
	memcpy(host, at, length);
	host[length] = '\0';
	at += length;
	strcpy(port, "80");
	if (*at == ':') {
		length = strspn(at + 1, "0123456789");
		if (length == 0 || length > 5)
			goto wrong;
		memcpy(port, at + 1, length);
		port[length] = '\0';
		at += 1 + length;
	}
	if (*at != '\0' && strcmp(at, "/") != 0)
		goto wrong;
	return true;
wrong:
	complain("--server %s: expected http://HOST:PORT", url);
	return false;
}

static int open_socket(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct timeval patience = {ANSWER_S, 0};
	char name[256];
	int fd = -1;
	int status;

	/* The brackets of an IPv6 address are the URL's. */
	snprintf(name, sizeof(name), "%s", host[0] == '[' ? host + 1 : host);
	name[strcspn(name, "]")] = '\0';
	status = getaddrinfo(name, port, &hints, &found);
	if (status != 0) {
		complain("%s: %s", host, gai_strerror(status));
		return -1;
	}
	for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		           sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		           sizeof(patience));
		if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
			break;
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		complain("no server at %s:%s: %s", host, port, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

static bool send_all(int fd, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t sent = send(fd, text, bytes, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		text += sent;
		bytes -= (size_t)sent;
	}
	return true;
}

/* Reads until the server closes. */
static char *receive_all(int fd)
{
	char *text = malloc(MAX_ANSWER + 1);
	size_t used = 0;

	while (text != NULL && used < MAX_ANSWER) {
		ssize_t got = recv(fd, text + used, MAX_ANSWER - used, 0);

		if (got < 0) {
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	if (text != NULL)
		text[used] = '\0';
	return text;
}

/* One request on a connection of its own. On failure the reason is printed. */
static bool ask(const struct order *order, const char *method, const char *path,
                const char *body, struct answer *out)
{
	char host[256];
	char port[8];
	char *request = NULL;
	char *end;
	bool done = false;
	int length;
	int fd;

	memset(out, 0, sizeof(*out));
	if (!split_url(order->server, host, sizeof(host), port))
		return false;
	fd = open_socket(host, port);
	if (fd < 0)
		return false;
	length = asprintf(&request,
	                  "%s %s HTTP/1.1\r\nHost: %s:%s\r\n"
	                  "Authorization: Bearer %s\r\n"
	                  "Content-Type: application/json\r\n"
	                  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	                  method, path, host, port, order->token, strlen(body),
	                  body);
	if (length < 0) {
		request = NULL;
		goto out;
	}
	if (!send_all(fd, request, (size_t)length))
		goto out;
	out->text = receive_all(fd);
	if (out->text == NULL ||
	    sscanf(out->text, "HTTP/1.%*d %d", &out->status) != 1)
		goto out;
	end = strstr(out->text, "\r\n\r\n");
	out->body = end != NULL ? end + 4 : out->text + strlen(out->text);
	done = true;
out:
	if (!done) {
		complain("%s did not answer: %s", order->server,
		         errno != 0 ? strerror(errno) : "no HTTP");
		free(out->text);
	}
	free(request);
	close(fd);
	return done;
}

/* -- JSON, as far as this program needs it -------------------------------- */

/*
 * Copies the text of the member key, wherever it stands; "" when there is
 * none. The server writes no blanks around the colon; escapes of control
 * characters become blanks.
 */
static const char *member(const char *json, const char *key, char *out)
{
	char wanted[64];
	const char *at;
	size_t used = 0;

	out[0] = '\0';
	snprintf(wanted, sizeof(wanted), "\"%s\":\"", key);
	at = strstr(json, wanted);
	if (at == NULL)
		return out;
	for (at += strlen(wanted); *at != '\0' && *at != '"'; at++) {
		if (used + 1 >= TEXT_BYTES)
			break;
		if (*at == '\\' && at[1] != '\0') {
			at++;
			out[used++] = isalpha((unsigned char)*at) ? ' ' : *at;
		} else {
			out[used++] = *at;
		}
	}
	out[used] = '\0';
	return out;
}

static void write_member(FILE *file, const char *key, const char *value)
{
	if (value == NULL)
		return;
	fputc(',', file);
	json_write_string(file, key);
	fputc(':', file);
	json_write_string(file, value);
}

/* The body of POST /calls; free. */
static char *order_json(const struct order *order)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);

	if (file == NULL)
		return NULL;
	fputs("{\"to\":", file);
	json_write_string(file, order->to);
	write_member(file, "agent", order->agent);
	write_member(file, "goal", order->goal);
	write_member(file, "from", order->from);
	write_member(file, "carrier", order->carrier);
	if (order->machine)
		fputs(",\"machine_detection\":true", file);
	if (order->variable_count > 0)
		fputs(",\"variables\":{", file);
	for (size_t i = 0; i < order->variable_count; i++) {
		char *name = order->variables[i];
		size_t length = strcspn(name, "=");
		char *copy = strndup(name, length);

		if (i > 0)
			fputc(',', file);
		json_write_string(file, copy != NULL ? copy : "");
		fputc(':', file);
		json_write_string(file, name + length + 1);
		free(copy);
	}
	if (order->variable_count > 0)
		fputc('}', file);
	fputc('}', file);
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* -- The call ------------------------------------------------------------- */

static int refused(const struct answer *answer)
{
	char message[TEXT_BYTES];

	member(answer->body, "message", message);
	complain("the server answered %d: %s", answer->status,
	         message[0] != '\0' ? message : answer->body);
	return EXIT_FAILED;
}

/* "12:00:05  answered by human": a line for each state. */
static void print_state(const char *body, const char *state)
{
	char cause[TEXT_BYTES];
	char detail[TEXT_BYTES];
	char who[TEXT_BYTES];
	char when[16] = "";
	time_t now = time(NULL);
	struct tm parts;

	if (localtime_r(&now, &parts) != NULL)
		strftime(when, sizeof(when), "%H:%M:%S", &parts);
	printf("%s  %s", when, state);
	if (member(body, "answered_by", who)[0] != '\0')
		printf(" by %s", who);
	if (member(body, "cause", cause)[0] != '\0')
		printf(": %s", cause);
	if (member(body, "detail", detail)[0] != '\0')
		printf(" (%s)", detail);
	fputc('\n', stdout);
	fflush(stdout);
}

/* Follows the call until it ends. */
static int follow(const struct order *order, const char *id)
{
	struct timespec pause = {0, POLL_MS * 1000000L};
	char path[TEXT_BYTES + 16];
	char last[TEXT_BYTES * 2 + 2] = "";
	char cause[TEXT_BYTES] = "";
	char state[TEXT_BYTES] = "";

	snprintf(path, sizeof(path), "/calls/%s", id);
	while (strcmp(state, "ended") != 0) {
		struct answer answer;
		char who[TEXT_BYTES];
		char line[TEXT_BYTES * 2 + 2];

		if (!ask(order, "GET", path, "", &answer))
			return EXIT_START;
		if (answer.status != 200) {
			refused(&answer);
			free(answer.text);
			return EXIT_FAILED;
		}
		member(answer.body, "status", state);
		member(answer.body, "cause", cause);
		snprintf(line, sizeof(line), "%s %s", state,
		         member(answer.body, "answered_by", who));
		if (strcmp(line, last) != 0)
			print_state(answer.body, state);
		memcpy(last, line, sizeof(last));
		free(answer.text);
		if (strcmp(state, "ended") != 0)
			nanosleep(&pause, NULL);
	}
	return strcmp(cause, "completed") == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int place(const struct order *order)
{
	struct answer answer;
	char id[TEXT_BYTES];
	char *body = order_json(order);
	bool asked;

	if (body == NULL)
		return EXIT_START;
	asked = ask(order, "POST", "/calls", body, &answer);
	free(body);
	if (!asked)
		return EXIT_START;
	member(answer.body, "id", id);
	if (answer.status != 201 || id[0] == '\0') {
		refused(&answer);
		free(answer.text);
		return answer.status == 401 || answer.status == 403
		               ? EXIT_START
		               : EXIT_FAILED;
	}
	free(answer.text);
	printf("%s\n", id);
	fflush(stdout);
	return order->no_wait ? EXIT_DONE : follow(order, id);
}

static int hang_up(const struct order *order)
{
	struct answer answer;
	char path[TEXT_BYTES];
	char state[TEXT_BYTES];
	int code = EXIT_DONE;

	if (strspn(order->hang_up, "abcdefghijklmnopqrstuvwxyz0123456789_") !=
	    strlen(order->hang_up)) {
		complain("--hang-up %s: expected the id of a call",
		         order->hang_up);
		return EXIT_USAGE;
	}
	snprintf(path, sizeof(path), "/calls/%s", order->hang_up);
	if (!ask(order, "DELETE", path, "", &answer))
		return EXIT_START;
	if (answer.status != 200 && answer.status != 202)
		code = refused(&answer);
	else
		print_state(answer.body, member(answer.body, "status", state));
	free(answer.text);
	return code;
}

/* -- Command line --------------------------------------------------------- */

static const struct option call_options[] = {
	{"help", no_argument, NULL, 'h'},
	{"agent", required_argument, NULL, 'a'},
	{"goal", required_argument, NULL, 'g'},
	{"from", required_argument, NULL, 'f'},
	{"carrier", required_argument, NULL, 'c'},
	{"machine", no_argument, NULL, 'm'},
	{"var", required_argument, NULL, 'v'},
	{"server", required_argument, NULL, 's'},
	{"no-wait", no_argument, NULL, 'n'},
	{"hang-up", required_argument, NULL, 'x'},
	{NULL, 0, NULL, 0},
};

static bool take(struct order *order, int id, char *value)
{
	switch (id) {
	case 'a':
		order->agent = value;
		return true;
	case 'g':
		order->goal = value;
		return true;
	case 'f':
		order->from = value;
		return true;
	case 'c':
		order->carrier = value;
		return true;
	case 'm':
		order->machine = true;
		return true;
	case 's':
		order->server = value;
		return true;
	case 'n':
		order->no_wait = true;
		return true;
	case 'x':
		order->hang_up = value;
		return true;
	case 'v':
		if (strchr(value, '=') == NULL || value[0] == '=') {
			complain("--var %s: expected NAME=VALUE", value);
			return false;
		}
		if (order->variable_count == MAX_VARIABLES) {
			complain("--var: up to %d are taken", MAX_VARIABLES);
			return false;
		}
		order->variables[order->variable_count++] = value;
		return true;
	default:
		return false; /* getopt has said why */
	}
}

int call(int count, char **arguments)
{
	struct order order = {.server = "http://127.0.0.1:8080",
	                      .token = getenv("VOICE_CONTROL_TOKEN")};
	int id;

	while ((id = getopt_long(count, arguments, "h", call_options, NULL)) !=
	       -1) {
		if (id == 'h') {
			fputs(usage_call, stdout);
			return EXIT_DONE;
		}
		if (!take(&order, id, optarg)) {
			fputs("\"--help\" tells the options\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (count - optind != (order.hang_up != NULL ? 0 : 1)) {
		fputs(usage_call, stderr);
		return EXIT_USAGE;
	}
	if (order.token == NULL || order.token[0] == '\0' ||
	    strpbrk(order.token, "\r\n") != NULL) {
		complain("VOICE_CONTROL_TOKEN: expected the token that the "
		         "server was started with");
		return EXIT_START;
	}
	if (order.hang_up != NULL)
		return hang_up(&order);
	order.to = arguments[optind];
	return place(&order);
}
