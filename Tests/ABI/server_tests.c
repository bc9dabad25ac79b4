/* Servers: configuration, ports, drain, stop. */
#include "abi_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct long_server_config {
	voice_server_config known;
	uint64_t future[2];
};

static voice_server_config defaults(void)
{
	voice_server_config config;

	memset(&config, 0, sizeof(config));
	config.struct_size = sizeof(config);
	return config;
}

static void start_fails(voice_engine *engine, const voice_server_config *config,
                        voice_status expected, const char *field)
{
	voice_server *server = (voice_server *)invented_handle(0);

	CHECK_STATUS(voice_server_start(engine, config, &server), expected);
	CHECK_DETAIL(field);
	CHECK(server == NULL);
	if (server != NULL)
		voice_server_stop(server);
}

static int connect_to(int port)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address,
	                       sizeof(address)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void every_server_field_has_its_range(void)
{
	voice_engine *engine = make_engine();
	voice_server_config config = defaults();
	struct long_server_config longer;

	config.port = 65536;
	start_fails(engine, &config, VOICE_ERR_BAD_ARG, "port");
	config = defaults();
	config.max_calls = 65536;
	start_fails(engine, &config, VOICE_ERR_BAD_ARG, "max_calls");
	config = defaults();
	config.reserved = 1;
	start_fails(engine, &config, VOICE_ERR_BAD_ARG, "reserved");
	config = defaults();
	config.struct_size = 1;
	start_fails(engine, &config, VOICE_ERR_BAD_ARG, "struct_size");
	memset(&longer, 0, sizeof(longer));
	longer.known.struct_size = sizeof(longer);
	longer.future[1] = 1;
	start_fails(engine, &longer.known, VOICE_ERR_BAD_ARG, "struct_size");
	start_fails(engine, NULL, VOICE_ERR_BAD_ARG, "config");
	config = defaults();
	config.settings = "{\"limits\":{\"request_s\":0}}";
	start_fails(engine, &config, VOICE_ERR_BAD_CONFIG, "limits.request_s");
	config.settings = "{\"control\":{\"token_env\":\"NOT_SET_HERE\"}}";
	start_fails(engine, &config, VOICE_ERR_KEY_MISSING, "NOT_SET_HERE");
	config.settings =
		"{\"tls\":{\"certificate\":\"/no.pem\",\"key\":\"x\"}}";
	start_fails(engine, &config, VOICE_ERR_BAD_CONFIG, "/no.pem");
	config = defaults();
	CHECK_STATUS(voice_server_start(engine, &config, NULL),
	             VOICE_ERR_BAD_ARG);
	config.host = "256.1.1.1";
	start_fails(engine, &config, VOICE_ERR_NETWORK, "256.1.1.1");
	voice_engine_destroy(engine);
}

static void a_port_in_use_is_named(void)
{
	voice_engine *engine = make_engine();
	voice_server_config config = defaults();
	voice_server *server = NULL;
	char number[16];

	CHECK_STATUS(voice_server_start(engine, &config, &server), VOICE_OK);
	config.port = (uint32_t)voice_server_port(server);
	snprintf(number, sizeof(number), "%u", config.port);
	start_fails(engine, &config, VOICE_ERR_NETWORK, number);
	/* Without a certificate there is nothing to read again. */
	CHECK_STATUS(voice_server_reload(server), VOICE_OK);
	voice_server_stop(server);
	CHECK_STATUS(voice_server_reload(server), VOICE_ERR_BAD_HANDLE);
	/* The port is free again at once. */
	CHECK_STATUS(voice_server_start(engine, &config, &server), VOICE_OK);
	voice_server_stop(server);
	voice_engine_destroy(engine);
}

static void a_server_answers_and_stops(void)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\n"
				      "Host: x\r\nConnection: close\r\n\r\n";
	voice_engine *engine = make_engine();
	voice_server_config config = defaults();
	voice_server *server = NULL;
	char answer[16] = "";
	int port;
	int fd;

	CHECK_STATUS(voice_server_start(engine, &config, &server), VOICE_OK);
	port = voice_server_port(server);
	CHECK(port > 0 && port < 65536);
	CHECK(voice_server_calls(server) == 0);
	fd = connect_to(port);
	CHECK(fd >= 0);
	CHECK(write(fd, request, strlen(request)) == (ssize_t)strlen(request));
	CHECK(read(fd, answer, sizeof(answer) - 1) > 8);
	CHECK(strncmp(answer, "HTTP/1.1 200", 12) == 0);
	close(fd);
	CHECK_STATUS(voice_server_drain(server, 1000), VOICE_OK);
	CHECK_STATUS(voice_server_drain(server, 0), VOICE_OK);
	voice_server_stop(server);
	CHECK(connect_to(port) < 0);
	CHECK_STATUS(voice_server_port(server), VOICE_ERR_BAD_HANDLE);
	CHECK_STATUS(voice_server_calls(server), VOICE_ERR_BAD_HANDLE);
	CHECK_STATUS(voice_server_drain(server, 0), VOICE_ERR_BAD_HANDLE);
	voice_server_stop(server);
	voice_server_stop(NULL);
	voice_engine_destroy(engine);
}

static void a_silent_client_does_not_hold_the_stop(void)
{
	voice_engine *engine = make_engine();
	voice_server_config config = defaults();
	voice_server *server = NULL;
	int64_t start;
	int fd;

	CHECK_STATUS(voice_server_start(engine, &config, &server), VOICE_OK);
	fd = connect_to(voice_server_port(server));
	CHECK(fd >= 0);
	start = now_ms();
	voice_server_stop(server);
	CHECK(now_ms() - start < 2000);
	close(fd);
	voice_engine_destroy(engine);
}

static void an_engine_takes_its_server_along(void)
{
	voice_engine *engine = make_engine();
	voice_server_config config = defaults();
	voice_server *server = NULL;
	int port;

	CHECK_STATUS(voice_server_start(engine, &config, &server), VOICE_OK);
	port = voice_server_port(server);
	voice_engine_destroy(engine);
	CHECK(connect_to(port) < 0);
	CHECK(voice_server_port(server) < 0);
	voice_server_stop(server);
}

static void no_server_function_takes_a_wrong_handle(void)
{
	voice_engine *engine = make_engine();
	voice_session *session = make_session(engine);

	for (int i = -3; i < INVENTED; i++) {
		voice_server *bad =
			i == -3   ? NULL
			: i == -2 ? (voice_server *)engine
			: i == -1 ? (voice_server *)session
				  : (voice_server *)invented_handle(i);

		CHECK_STATUS(voice_server_port(bad), VOICE_ERR_BAD_HANDLE);
		CHECK_STATUS(voice_server_calls(bad), VOICE_ERR_BAD_HANDLE);
		CHECK_STATUS(voice_server_drain(bad, 0), VOICE_ERR_BAD_HANDLE);
		voice_server_stop(bad);
	}
	CHECK_STATUS(voice_session_barge_in(session), VOICE_OK);
	voice_session_destroy(session);
	voice_engine_destroy(engine);
}

const struct abi_test server_tests[] = {
	{"every server field has its range", every_server_field_has_its_range},
	{"a port in use is named", a_port_in_use_is_named},
	{"a server answers and stops", a_server_answers_and_stops},
	{"a silent client does not hold the stop",
         a_silent_client_does_not_hold_the_stop},
	{"an engine takes its server along", an_engine_takes_its_server_along},
	{"no server function takes a wrong handle",
         no_server_function_takes_a_wrong_handle},
	{NULL, NULL},
};
