#include "collector/api/server.h"

#include <microhttpd.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "collector/api/listen.h"
#include "json/json.h"

#define HEADER_MEMORY (64u << 10)

struct api_server {
	struct MHD_Daemon *daemon;
	const struct api_context *context;
	const char *token; /* NULL = none asked for */
	char *path;	   /* of the Unix socket, or NULL */
};

/* One request while its body arrives. */
struct exchange {
	struct strbuf body;
	bool is_too_large;
};

/* Takes the text. */
static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned int status, char *text, const char *type)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* A JSON text on its own is an answer that is no JSON: it goes out as it is. */
static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned int status, const json_t *json)
{
	AUTO_FREE char *dumped = NULL;
	char *text = NULL;

	if (json_is_string(json)) {
		text = strdup(json_string_value(json));
		return text ? send_text(connection, status, text, "text/plain; version=0.0.4") : MHD_NO;
	}
	dumped = json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	if (!dumped || asprintf(&text, "%s\n", dumped) < 0)
		return MHD_NO;
	return send_text(connection, status, text, "application/json");
}

static enum MHD_Result send_error(struct MHD_Connection *connection, unsigned int status, const char *message)
{
	json_t *json = json_object();
	enum MHD_Result result;

	json_set_text(json, "error", message);
	result = send_json(connection, status, json);
	json_decref(json);
	return result;
}

/* Compared in constant time: how long it takes tells nothing about the token. */
static bool is_allowed(const struct api_server *server, struct MHD_Connection *connection)
{
	const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
	size_t length = server->token ? strlen(server->token) : 0;

	if (!server->token)
		return true;
	return header && strncmp(header, "Bearer ", 7) == 0 && strlen(header + 7) == length &&
	       CRYPTO_memcmp(header + 7, server->token, length) == 0;
}

struct arguments {
	struct request *request;
	struct err *err;
	int code;
};

static enum MHD_Result read_argument(void *context, enum MHD_ValueKind kind UNUSED, const char *name,
				     const char *value)
{
	struct arguments *arguments = context;

	if (arguments->code == 0)
		arguments->code = route_set(arguments->request, name, value ? value : "", arguments->err);
	return arguments->code == 0 ? MHD_YES : MHD_NO;
}

static int run_route(struct MHD_Connection *connection, struct request *request, json_t **ret,
		     unsigned int *ret_status, struct err *err)
{
	struct arguments arguments = { .request = request, .err = err };
	int code;

	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, read_argument, &arguments);
	code = arguments.code;
	if (code == 0)
		code = request->route->handler(request, ret, ret_status, err);
	if (code < 0)
		*ret_status = route_status_of(code);
	return code;
}

static enum MHD_Result answer(const struct api_server *server, struct MHD_Connection *connection, const char *method,
			      const char *path, const struct exchange *exchange)
{
	AUTO_ARENA arena;
	struct request request = { .context = server->context,
				   .arena = &arena,
				   .body = exchange->body.data,
				   .body_length = exchange->body.length };
	unsigned int status = 200;
	struct err err = { 0 };
	AUTO_JSON json = NULL;

	arena_init(&arena, API_REQUEST_MEMORY);
	if (exchange->is_too_large || exchange->body.failed)
		return send_error(connection, 413, "the body is larger than 16 MiB");
	if (route_find(method, path, &request.route, &request.argument, &status, &err) < 0)
		return send_error(connection, status, err.message);
	/* A long answer must not be cut off by the timeout for silent connections. */
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	if (run_route(connection, &request, &json, &status, &err) < 0) {
		if (status >= 500)
			log_warn("api-failed", "%s %s: %s", method, path, err.message);
		return send_error(connection, status, err.message);
	}
	return send_json(connection, status, json);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version UNUSED, const char *data, size_t *length,
				  void **state)
{
	const struct api_server *server = context;
	struct exchange *exchange = *state;

	if (!exchange) {
		if (!is_allowed(server, connection))
			return send_error(connection, 401, "the token is missing or not the right one");
		exchange = calloc(1, sizeof(*exchange));
		if (!exchange)
			return MHD_NO;
		strbuf_init(&exchange->body, API_BODY_MAX);
		*state = exchange;
		return MHD_YES;
	}
	if (*length) {
		if (exchange->body.length + *length > API_BODY_MAX)
			exchange->is_too_large = true;
		else
			strbuf_add(&exchange->body, data, *length);
		*length = 0;
		return MHD_YES;
	}
	return answer(server, connection, method, path, exchange);
}

static void on_completed(void *context UNUSED, struct MHD_Connection *connection UNUSED, void **state,
			 enum MHD_RequestTerminationCode code UNUSED)
{
	struct exchange *exchange = *state;

	if (!exchange)
		return;
	strbuf_fini(&exchange->body);
	free(exchange);
	*state = NULL;
}

static void ignore_log(void *context UNUSED, const char *format UNUSED, va_list args UNUSED)
{
}

static struct MHD_Daemon *start_daemon(struct api_server *server, int fd)
{
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				on_request, server, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)API_THREADS,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned int)API_CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)API_TIMEOUT_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
}

int api_server_start(const char *url, const char *token, const struct api_context *context, struct api_server **ret,
		     struct err *err)
{
	struct api_server *server;
	const char *path;
	int fd;

	if (strncmp(url, "unix:", 5) != 0 && !token)
		return err_set(err, ERR_USAGE,
			       "cannot listen on \"%s\": cannot listen on the network without authentication; give "
			       "--api-token-file",
			       url);
	if (listen_open(url, &fd, &path, err) < 0)
		return err->code;
	server = calloc(1, sizeof(*server));
	if (server) {
		*server = (struct api_server){ .context = context, .token = path ? NULL : token };
		server->path = path ? strdup(path) : NULL;
		server->daemon = start_daemon(server, fd);
	}
	if (!server || !server->daemon) {
		close(fd);
		api_server_stop(server);
		return err_set(err, ERR_FAILED, "could not start the HTTP server on \"%s\"", url);
	}
	*ret = server;
	return 0;
}

void api_server_stop(struct api_server *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->path)
		unlink(server->path);
	free(server->path);
	free(server);
}
