#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A server on a Unix socket that takes one connection and gives the answers of a list, one for each request. */
struct server {
	char folder[64];
	char path[96];
	char url[128];
	int listener;
	const char *const *answers;
	struct strbuf seen; /* everything asked */
	pthread_t thread;
};

static bool request_complete(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length: ");

	return end && (!length || strlen(end + 4) >= (size_t)atol(length + 16));
}

static void *serve(void *context)
{
	struct server *server = context;
	AUTO_FD int fd = accept(server->listener, NULL, NULL);

	for (const char *const *answer = server->answers; fd >= 0 && *answer; answer++) {
		AUTO_STRBUF request = STRBUF_INIT;
		char chunk[4096];
		ssize_t got = 1;

		while (!request_complete(request.data) && (got = read(fd, chunk, sizeof(chunk))) > 0)
			strbuf_add(&request, chunk, (size_t)got);
		if (got <= 0)
			break;
		strbuf_adds(&server->seen, request.data);
		if (send(fd, *answer, strlen(*answer), MSG_NOSIGNAL) < 0)
			break;
	}
	return NULL;
}

static void server_start(struct server *server, const char *const *answers)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(server->folder, "/tmp/clewline-http.XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->path, sizeof(server->path), "%s/api.sock", server->folder);
	snprintf(server->url, sizeof(server->url), "unix:%s", server->path);
	memcpy(address.sun_path, server->path, strlen(server->path) + 1);
	strbuf_init(&server->seen, 1 << 20);
	server->answers = answers;
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listener, 4), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
	pthread_join(server->thread, NULL);
	close(server->listener);
	unlink(server->path);
	rmdir(server->folder);
	strbuf_fini(&server->seen);
}

static void a_get_and_a_post_over_a_unix_socket(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1}",
		"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", NULL
	};
	struct server server;
	struct err err;
	AUTO_HTTP client = NULL;
	AUTO_HTTP_REPLY reply = { 0 };
	AUTO_HTTP_REPLY second = { 0 };

	(void)state;
	server_start(&server, answers);
	assert_int_equal(http_client_open(&(struct http_conf){ .url = server.url }, &client, &err), 0);
	assert_int_equal(http_request(client, "GET", "/v1/alerts?limit=1", NULL, &reply, &err), 0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.content_type, "application/json");
	assert_string_equal(reply.body, "{\"a\": 1}");
	assert_int_equal(http_request(client, "POST", "/v1/scans", "{\"schema\": 1}", &second, &err), 0);
	assert_int_equal(second.status, 201);
	assert_string_equal(second.body, "");
	http_client_close_pointer(&client);
	assert_non_null(strstr(server.seen.data, "GET /v1/alerts?limit=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(server.seen.data, "POST /v1/scans HTTP/1.1\r\n"));
	assert_non_null(strstr(server.seen.data, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(server.seen.data, "\r\n\r\n{\"schema\": 1}"));
	server_stop(&server);
}

static void nobody_there_is_one_clear_line(void **state)
{
	struct err err;
	AUTO_HTTP client = NULL;
	AUTO_HTTP_REPLY reply = { 0 };

	(void)state;
	assert_int_equal(http_client_open(&(struct http_conf){ .url = "unix:/nonexistent/api.sock" }, &client, &err),
			 0);
	assert_int_equal(http_request(client, "GET", "/", NULL, &reply, &err), ERR_UNREACHABLE);
	assert_string_equal(
		err.message,
		"could not reach the collector at \"unix:/nonexistent/api.sock\": No such file or directory");
}

static void a_reply_over_the_limit_is_refused(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678", NULL };
	struct server server;
	struct err err;
	AUTO_HTTP client = NULL;
	AUTO_HTTP_REPLY reply = { 0 };

	(void)state;
	server_start(&server, answers);
	assert_int_equal(http_client_open(&(struct http_conf){ .url = server.url, .body_max = 7 }, &client, &err), 0);
	assert_int_equal(http_request(client, "GET", "/", NULL, &reply, &err), ERR_LIMIT);
	assert_null(reply.body);
	http_client_close_pointer(&client);
	server_stop(&server);
}

static void other_urls_are_a_usage_error(void **state)
{
	static const char *const urls[] = { "ftp://host/", "api.sock", "unix:relative/api.sock", "file:///etc/passwd",
					    "" };
	char url[256] = "unix:/";
	struct err err;
	struct http_client *client = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		assert_int_equal(http_client_open(&(struct http_conf){ .url = urls[i] }, &client, &err), ERR_USAGE);
	memset(url + 6, 'x', 120);
	assert_int_equal(http_client_open(&(struct http_conf){ .url = url }, &client, &err), ERR_USAGE);
	assert_null(client);
}

static void a_status_becomes_an_error_with_the_servers_words(void **state)
{
	static const struct {
		long status;
		const char *body;
		int code;
		const char *message;
	} cases[] = {
		{ 200, "{}", 0, "" },
		{ 404, "{\"error\": \"no alert \\\"al_1\\\"\"}", ERR_NOT_FOUND, "no alert \"al_1\"" },
		{ 409, "{\"error\": {\"message\": \"several\"}}", ERR_USAGE, "several" },
		{ 403, "{\"message\": \"\\u001b[2J\"}", ERR_DENIED, "\\x1b[2J" },
		{ 503, "<html>", ERR_UNREACHABLE, "the server answered with status 503" },
		{ 500, "", ERR_FAILED, "the server answered with status 500" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_reply reply = { .status = cases[i].status,
					    .body = (char *)cases[i].body,
					    .length = strlen(cases[i].body) };

		err.message[0] = '\0';
		assert_int_equal(http_reply_check(&reply, &err), cases[i].code);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void the_default_url_is_the_socket_of_the_state_folder(void **state)
{
	char url[HTTP_URL_MAX];
	struct err err;

	(void)state;
	assert_int_equal(http_url(NULL, "/srv/clew", url, &err), 0);
	assert_string_equal(url, "unix:/srv/clew/api.sock");
	assert_int_equal(http_url("http://127.0.0.1:8080", "/srv/clew", url, &err), 0);
	assert_string_equal(url, "http://127.0.0.1:8080");
}

static void a_reference_is_escaped_for_a_query(void **state)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	(void)state;
	http_escape(&buf, "user/bad lugo&x=\xc3\xa9~");
	assert_string_equal(buf.data, "user%2Fbad%20lugo%26x%3D%C3%A9~");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_get_and_a_post_over_a_unix_socket),
		cmocka_unit_test(nobody_there_is_one_clear_line),
		cmocka_unit_test(a_reply_over_the_limit_is_refused),
		cmocka_unit_test(other_urls_are_a_usage_error),
		cmocka_unit_test(a_status_becomes_an_error_with_the_servers_words),
		cmocka_unit_test(the_default_url_is_the_socket_of_the_state_folder),
		cmocka_unit_test(a_reference_is_escaped_for_a_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
