/* Role and key id of a container's credentials, and nothing else of them. */
#include "aws/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/time.h"

#define ROLE   "arn:aws:iam::111122223333:role/shop-task"
#define KEY    "ASIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define ANSWER                                                                                                       \
	"{\"RoleArn\":\"" ROLE "\",\"AccessKeyId\":\"" KEY "\",\"SecretAccessKey\":\"" SECRET                        \
	"\",\"Token\":\"t==\","                                                                                      \
	"\"Expiration\":\"2026-11-25T06:00:00Z\"}"

static int parse(const char *text, struct aws_identity *ret)
{
	struct err err = { 0 };
	int code = aws_identity_parse(text, strlen(text), ret, &err);

	assert_null(strstr(err.message, SECRET));
	return code;
}

static void what_ecs_and_eks_answer(void **state UNUSED)
{
	struct aws_identity found;

	assert_int_equal(parse(ANSWER, &found), 0);
	assert_string_equal(found.role_arn, ROLE);
	assert_string_equal(found.key_id, KEY);
	assert_int_equal(found.expires_ns, INT64_C(1795586400) * NS_PER_S);
	assert_int_equal(parse(" {\n\"AccessKeyId\" : \"" KEY
			       "\" , \"AccountId\": \"111122223333\", \"n\": [1, {\"a\": null}] }\n",
			       &found),
			 0);
	assert_string_equal(found.key_id, KEY);
	assert_string_equal(found.role_arn, "");
	assert_int_equal(found.expires_ns, 0);
}

static void other_texts_do_not_count(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"null",
		"{\"AccessKeyId\":7}",
		"{\"AccessKeyId\":\"short\"}",
		"{\"AccessKeyId\":\"" KEY "\"",
		"{\"AccessKeyId\":\"" KEY "\"} x",
		"{\"AccessKeyId\":\"" KEY "\",}",
		"{\"AccessKeyId\" \"" KEY "\"}",
		"{\"accesskeyid\":\"" KEY "\"}",
		"{\"AccessKeyId\":\"ASIA\\u0049OSFODNN7EXAMPLE\"}",
		"{\"AccessKeyId\":\"ASIAIOSFODNN7 EXAMPLE\"}",
		"{\"Token\":\"\\\",\\\"AccessKeyId\\\":\\\"" KEY "\"}",
		"{\"Inner\":{\"AccessKeyId\":\"" KEY "\"}}",
		"{\"Token\":\"" SECRET "\\\"}",
		"{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],\"AccessKeyId\":\"" KEY "\"}",
	};
	struct aws_identity found;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (parse(texts[i], &found) != ERR_SYNTAX)
			fail_msg("%s", texts[i]);
	}
	assert_int_equal(
		parse("{\"RoleArn\":\"no arn\",\"AccessKeyId\":\"" KEY "\",\"Expiration\":\"soon\"}", &found), 0);
	assert_string_equal(found.role_arn, "");
	assert_int_equal(found.expires_ns, 0);
}

/* A child that answers one connection with a text, and keeps it open if it does not close it. */
struct server {
	char url[64];
	pid_t pid;
};

static struct server serve(const char *answer, bool closes)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(address);
	struct server server;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d/v2/credentials/x", ntohs(address.sin_port));
	server.pid = fork();
	if (server.pid == 0) {
		int fd = accept(listener, NULL, NULL);
		char request[4096];
		ssize_t got = recv(fd, request, sizeof(request) - 1, 0);

		request[got > 0 ? got : 0] = '\0';
		if (!strstr(request, "GET /v2/credentials/x HTTP/1.0\r\n") ||
		    !strstr(request, "Authorization: token\r\n"))
			_exit(1);
		if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			_exit(2);
		if (closes)
			_exit(0);
		/* until the other side has had enough */
		_exit(recv(fd, request, sizeof(request), 0) == 0 ? 0 : 3);
	}
	close(listener);
	return server;
}

static int ask(const char *answer, bool closes, int64_t timeout_ns, struct aws_identity *ret, struct err *err)
{
	struct server server = serve(answer, closes);
	struct container_source source = { STRBUF_INIT, STRBUF_INIT };
	int status, code;

	strbuf_adds(&source.url, server.url);
	strbuf_adds(&source.authorization, "token");
	code = aws_identity_ask(&source, timeout_ns, ret, err);
	container_source_fini(&source);
	assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
	assert_int_equal(status, 0);
	assert_null(strstr(err->message, SECRET));
	return code;
}

static void an_endpoint_is_asked(void **state UNUSED)
{
	struct aws_identity found;
	struct err err = { 0 };
	char text[1024];

	assert_int_equal(ask("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" ANSWER, true, 60 * NS_PER_S, &found, &err), 0);
	assert_string_equal(found.key_id, KEY);
	snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\ncontent-length: %zu\r\n\r\n%s", strlen(ANSWER), ANSWER);
	assert_int_equal(ask(text, false, 60 * NS_PER_S, &found, &err), 0);
	assert_string_equal(found.role_arn, ROLE);
}

static void what_is_no_answer_is_told(void **state UNUSED)
{
	struct container_source nobody = { STRBUF_INIT, STRBUF_INIT };
	struct aws_identity found;
	struct err err = { 0 };
	AUTO_STRBUF large = STRBUF_INIT;

	assert_int_equal(ask("HTTP/1.1 404 Not Found\r\n\r\n", true, 60 * NS_PER_S, &found, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "status 404"));
	assert_int_equal(ask("SSH-2.0-x\r\n\r\n", true, 60 * NS_PER_S, &found, &err), ERR_SYNTAX);
	assert_int_equal(
		ask("HTTP/1.1 200 OK\r\n\r\n{\"SecretAccessKey\":\"" SECRET "\"}", true, 60 * NS_PER_S, &found, &err),
		ERR_SYNTAX);
	assert_int_equal(ask("HTTP/1.1 200 OK\r\n\r\n{", false, NS_PER_S / 20, &found, &err), ERR_UNREACHABLE);
	assert_non_null(strstr(err.message, "timed out"));
	strbuf_adds(&large, "HTTP/1.1 200 OK\r\n\r\n");
	while (large.length <= IDENTITY_ANSWER_MAX)
		strbuf_adds(&large, "0123456789abcdef");
	assert_int_equal(ask(large.data, true, 60 * NS_PER_S, &found, &err), ERR_LIMIT);
	strbuf_adds(&nobody.url, "http://127.0.0.1:1/x");
	assert_int_equal(aws_identity_ask(&nobody, NS_PER_S, &found, &err), ERR_UNREACHABLE);
	container_source_fini(&nobody);
}

static void a_container_only_says_where_at_the_agent_of_ecs(void **state UNUSED)
{
	static const char relative[] = "A=b\0AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/u\0Z=";
	static const char full[] =
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:99/x\0AWS_CONTAINER_AUTHORIZATION_TOKEN=t";
	static const char bad[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=//x y";
	static const char cut[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/cre";
	struct container_source source = { 0 };

	assert_int_equal(container_source_of(relative, sizeof(relative), &source, NULL), 0);
	assert_string_equal(source.url.data, "http://169.254.170.2/v2/credentials/u");
	assert_int_equal(source.authorization.length, 0);
	container_source_fini(&source);
	assert_int_equal(container_source_of(full, sizeof(full), &source, NULL), 0);
	assert_int_equal(source.url.length, 0);
	container_source_fini(&source);
	assert_int_equal(container_source_of(bad, sizeof(bad), &source, NULL), ERR_USAGE);
	container_source_fini(&source);
	assert_int_equal(container_source_of(cut, sizeof(cut) - 1, &source, NULL), 0);
	assert_int_equal(source.url.length, 0);
	container_source_fini(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ecs_and_eks_answer),
		cmocka_unit_test(other_texts_do_not_count),
		cmocka_unit_test(an_endpoint_is_asked),
		cmocka_unit_test(what_is_no_answer_is_told),
		cmocka_unit_test(a_container_only_says_where_at_the_agent_of_ecs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
