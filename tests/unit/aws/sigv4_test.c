/* The signer beside the vectors that AWS published, and beside libcurl's own. */
#include "aws/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/time.h"

#define KEY	     "AKIDEXAMPLE"
#define SECRET	     "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE	     "20150830T123600Z"
#define REQUEST_SIZE 8192

#define SESSION                                                                                                      \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD" \
	"8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6" \
	"q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"                                                  \
	"scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJab"                                                         \
	"IQwj2ICCR/oLxBA=="

/* Names, requests and signatures of AWS's own test suite for Signature Version 4; the last is its documentation's example. */
static const struct {
	const char *name, *method, *query, *service, *body;
	struct sigv4_header headers[3];
	const char *expected;
} vectors[] = {
	{ "get-vanilla",
	  "GET",
	  "",
	  "service",
	  "",
	  { { "host", "example.amazonaws.com" }, { "x-amz-date", DATE } },
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "get-vanilla-query-order-key-case",
	  "GET",
	  "Param1=value1&Param2=value2",
	  "service",
	  "",
	  { { "host", "example.amazonaws.com" }, { "x-amz-date", DATE } },
	  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ "post-vanilla",
	  "POST",
	  "",
	  "service",
	  "",
	  { { "host", "example.amazonaws.com" }, { "x-amz-date", DATE } },
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "post-x-www-form-urlencoded",
	  "POST",
	  "",
	  "service",
	  "Param1=value1",
	  { { "content-type", "application/x-www-form-urlencoded" },
	    { "host", "example.amazonaws.com" },
	    { "x-amz-date", DATE } },
	  "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	{ "post-sts-header-before",
	  "POST",
	  "",
	  "service",
	  "",
	  { { "host", "example.amazonaws.com" }, { "x-amz-date", DATE }, { "x-amz-security-token", SESSION } },
	  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
	{ "list users",
	  "GET",
	  "Action=ListUsers&Version=2010-05-08",
	  "iam",
	  "",
	  { { "content-type", "application/x-www-form-urlencoded; charset=utf-8" },
	    { "host", "iam.amazonaws.com" },
	    { "x-amz-date", DATE } },
	  "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7" },
};

static void vectors_fit(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct sigv4_request request = { vectors[i].method,
						 "/",
						 vectors[i].query,
						 vectors[i].headers,
						 vectors[i].headers[2].name ? 3 : 2,
						 vectors[i].body,
						 DATE,
						 "us-east-1",
						 vectors[i].service };
		AUTO_STRBUF expected = STRBUF_INIT, out = STRBUF_INIT;

		strbuf_addf(&expected,
			    "AWS4-HMAC-SHA256 Credential=" KEY "/20150830/us-east-1/%s/aws4_request, SignedHeaders=",
			    vectors[i].service);
		sigv4_signed_headers(&request, &expected);
		strbuf_addf(&expected, ", Signature=%s", vectors[i].expected);
		assert_int_equal(sigv4_authorization(&request, KEY, SECRET, &out, NULL), 0);
		if (strcmp(out.data, expected.data) != 0)
			fail_msg("%s: %s", vectors[i].name, out.data);
	}
}

static void dates(void **state UNUSED)
{
	static const char *const wrong[] = { "",
					     "20150830T123600",
					     "20150830123600Z",
					     "2015083ZT123600Z",
					     "20151330T123600Z",
					     "20150830T126000Z",
					     "20150830T123600Zx" };
	char text[SIGV4_DATE_MAX];
	int64_t ns;

	assert_int_equal(sigv4_date_parse(DATE, &ns, NULL), 0);
	assert_int_equal(ns, INT64_C(1440938160) * NS_PER_S);
	assert_string_equal(sigv4_date(ns + 999, text), DATE);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(sigv4_date_parse(wrong[i], &ns, NULL) < 0);
}

struct server {
	int listener;
	char request[REQUEST_SIZE];
};

static void *serve(void *context)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	struct server *server = context;
	int fd = accept(server->listener, NULL, NULL);
	size_t used = 0;
	ssize_t got;

	while (!strstr(server->request, "Version=2011-06-15") &&
	       (got = read(fd, server->request + used, REQUEST_SIZE - 1 - used)) > 0)
		used += (size_t)got;
	assert_int_equal(write(fd, answer, strlen(answer)), strlen(answer));
	close(fd);
	return NULL;
}

static int port_of(int listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

static void ask_by_curl(int port, const struct sigv4_header *headers, size_t count, const char *body)
{
	struct curl_slist *list = NULL;
	CURL *curl = curl_easy_init();
	char text[512];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s: %s", headers[i].name, headers[i].value);
		list = curl_slist_append(list, text);
	}
	snprintf(text, sizeof(text), "http://127.0.0.1:%d/", port);
	curl_easy_setopt(curl, CURLOPT_URL, text);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:eu-central-1:sts");
	curl_easy_setopt(curl, CURLOPT_USERPWD, KEY ":" SECRET);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_slist_free_all(list);
	curl_easy_cleanup(curl);
}

static void value_of(const char *request, const char *name, char out[1024])
{
	const char *at = strstr(request, name);

	assert_non_null(at);
	at += strlen(name);
	snprintf(out, 1024, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* A signer that nobody here wrote signs the same request in the same way. */
static void curl_agrees(void **state UNUSED)
{
	const char *body = "Action=GetCallerIdentity&Version=2011-06-15";
	char date[1024], theirs[1024];
	struct sigv4_header headers[] = { { "content-type", "application/x-www-form-urlencoded; charset=utf-8" },
					  { "host", "sts.eu-central-1.amazonaws.com" },
					  { "x-clewline-enrolment", "1 root=00ff tenant=7 key=ff00" } };
	struct server server = { .listener = socket(AF_INET, SOCK_STREAM, 0) };
	AUTO_STRBUF ours = STRBUF_INIT;
	pthread_t thread;
	int port = port_of(server.listener);

	assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
	ask_by_curl(port, headers, ARRAY_SIZE(headers), body);
	pthread_join(thread, NULL);
	close(server.listener);
	value_of(server.request, "X-Amz-Date: ", date);
	value_of(server.request, "Authorization: ", theirs);

	struct sigv4_header all[] = { headers[0], headers[1], { "x-amz-date", date }, headers[2] };
	struct sigv4_request request = { "POST", "/", "", all, ARRAY_SIZE(all), body, date, "eu-central-1", "sts" };

	assert_int_equal(sigv4_authorization(&request, KEY, SECRET, &ours, NULL), 0);
	assert_string_equal(ours.data, theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(vectors_fit), cmocka_unit_test(dates),
					    cmocka_unit_test(curl_agrees) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
