#include "aws/identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/time.h"

#define HTTP	   "http://"
#define HOST_MAX   64
#define PORT_MAX   8
#define DEPTH_MAX  16 /* of values that are passed over */
#define ARN_CHARS  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:/+=,.@_-"
#define KEY_CHARS  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TIME_CHARS "0123456789-:.TZ+"
#define HEAD_END   "\r\n\r\n"
#define KEY_ID_MIN 16
#define BLANKS	   " \t\r\n"

/* A text of JSON while it is walked over; nothing is copied out but what is asked for. */
struct scan {
	const char *at, *end;
};

static char peek(struct scan *scan)
{
	while (scan->at < scan->end && strchr(BLANKS, *scan->at) && *scan->at)
		scan->at++;
	return scan->at < scan->end ? *scan->at : '\0';
}

static bool take(struct scan *scan, char wanted)
{
	if (peek(scan) != wanted)
		return false;
	scan->at++;
	return true;
}

/* A string, without its quotes, as it is written: what has an escape in it is no name and no id that we know. */
static bool take_string(struct scan *scan, const char **ret_start, size_t *ret_length)
{
	if (!take(scan, '"'))
		return false;
	*ret_start = scan->at;
	while (scan->at < scan->end && *scan->at != '"')
		scan->at += *scan->at == '\\' && scan->at + 1 < scan->end ? 2 : 1;
	*ret_length = (size_t)(scan->at - *ret_start);
	return take(scan, '"');
}

/* Numbers, true, false, null. */
static bool skip_word(struct scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && !strchr(",]}" BLANKS, *scan->at))
		scan->at++;
	return scan->at > start;
}

static bool skip_value(struct scan *scan, int depth);

static bool skip_members(struct scan *scan, char close, int depth)
{
	const char *start;
	size_t length;

	if (take(scan, close))
		return true;
	do {
		if (close == '}' && (!take_string(scan, &start, &length) || !take(scan, ':')))
			return false;
		if (!skip_value(scan, depth + 1))
			return false;
	} while (take(scan, ','));
	return take(scan, close);
}

static bool skip_value(struct scan *scan, int depth)
{
	const char *start;
	size_t length;

	if (depth > DEPTH_MAX)
		return false;
	switch (peek(scan)) {
	case '"':
		return take_string(scan, &start, &length);
	case '{':
		scan->at++;
		return skip_members(scan, '}', depth);
	case '[':
		scan->at++;
		return skip_members(scan, ']', depth);
	default:
		return skip_word(scan);
	}
}

struct wanted {
	const char *name, *chars;
	char *out;
	size_t size;
};

/* Takes over a value that consists of what it may consist of. */
static void keep(const struct wanted *wanted, const char *start, size_t length)
{
	if (length >= wanted->size)
		return;
	for (size_t i = 0; i < length; i++) {
		if (!start[i] || !strchr(wanted->chars, start[i]))
			return;
	}
	memcpy(wanted->out, start, length);
	wanted->out[length] = '\0';
}

static bool read_member(struct scan *scan, const struct wanted *wanted, size_t count)
{
	const char *name, *start;
	size_t name_length, length;

	if (!take_string(scan, &name, &name_length) || !take(scan, ':'))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strlen(wanted[i].name) != name_length || memcmp(wanted[i].name, name, name_length) != 0 ||
		    peek(scan) != '"')
			continue;
		if (!take_string(scan, &start, &length))
			return false;
		keep(&wanted[i], start, length);
		return true;
	}
	return skip_value(scan, 0);
}

int aws_identity_parse(const char *json, size_t length, struct aws_identity *ret, struct err *err)
{
	char expires[TIME_TEXT_MAX] = "";
	const struct wanted wanted[] = { { "RoleArn", ARN_CHARS, ret->role_arn, sizeof(ret->role_arn) },
					 { "AccessKeyId", KEY_CHARS, ret->key_id, sizeof(ret->key_id) },
					 { "Expiration", TIME_CHARS, expires, sizeof(expires) } };
	struct scan scan = { json, json + length };
	bool is_whole = take(&scan, '{');

	*ret = (struct aws_identity){ .expires_ns = 0 };
	while (is_whole && (is_whole = read_member(&scan, wanted, ARRAY_SIZE(wanted))) && take(&scan, ','))
		continue;
	if (!is_whole || !take(&scan, '}') || peek(&scan))
		return err_set(err, ERR_SYNTAX, "the credentials are no JSON object");
	if (strlen(ret->key_id) < KEY_ID_MIN)
		return err_set(err, ERR_SYNTAX, "the credentials have no id of an access key");
	if (strncmp(ret->role_arn, "arn:", 4) != 0)
		ret->role_arn[0] = '\0';
	if (!*expires || time_parse(expires, &ret->expires_ns, NULL) < 0)
		ret->expires_ns = 0;
	return 0;
}

/* Where to connect to; url was checked by container_source_find(): a number as address. */
struct peer {
	char host[HOST_MAX], port[PORT_MAX];
	const char *path; /* "" = "/" */
};

static bool split_url(const char *url, struct peer *ret)
{
	const char *at = url + strlen(HTTP), *start = at;
	size_t length;

	if (strncmp(url, HTTP, strlen(HTTP)) != 0)
		return false;
	if (*at == '[') {
		start = ++at;
		at += strcspn(at, "]");
		length = (size_t)(at - start);
		at += *at == ']';
	} else {
		at += strcspn(at, ":/");
		length = (size_t)(at - start);
	}
	if (!length || length >= HOST_MAX)
		return false;
	snprintf(ret->host, sizeof(ret->host), "%.*s", (int)length, start);
	snprintf(ret->port, sizeof(ret->port), "%s", IDENTITY_URL_PORT);
	if (*at == ':') {
		length = strspn(at + 1, "0123456789");
		if (!length || length >= PORT_MAX)
			return false;
		snprintf(ret->port, sizeof(ret->port), "%.*s", (int)length, at + 1);
		at += 1 + length;
	}
	ret->path = at;
	return *at == '\0' || *at == '/';
}

static int unreachable(const char *url, const char *what, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "could not get \"%s\": %s", url, what);
}

/* Gives the next step the time that is left; false if there is none. */
static bool set_time_left(int fd, int64_t deadline_ns)
{
	int64_t left_ns = deadline_ns - time_monotonic_ns();
	struct timeval left = { left_ns / NS_PER_S, left_ns % NS_PER_S / 1000 + 1 };

	return left_ns > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &left, sizeof(left)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof(left)) == 0;
}

/* The address is a number, so that nobody has to be asked for it. Returns its size, 0 if it is none. */
static socklen_t read_address(const struct peer *peer, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	in_port_t port = htons((uint16_t)strtoul(peer->port, NULL, 10));

	*ret = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
	if (inet_pton(AF_INET, peer->host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = port;
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, peer->host, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = port;
	return sizeof(*six);
}

static int connect_to(const struct peer *peer, int64_t deadline_ns)
{
	struct sockaddr_storage address;
	socklen_t size = read_address(peer, &address);
	int fd = size ? socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;

	if (fd >= 0 && (!set_time_left(fd, deadline_ns) || connect(fd, (struct sockaddr *)&address, size) < 0))
		close_fd(&fd);
	return fd;
}

/* 1.0: the body comes whole, and ends with the connection or with its announced length. */
static bool send_request(int fd, const struct container_source *source, const struct peer *peer)
{
	char request[IDENTITY_ANSWER_MAX / 2];
	bool has_token = source->authorization.length > 0;
	int length = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: %s\r\n%s%s%s\r\n",
			      *peer->path ? peer->path : "/", peer->host, has_token ? "Authorization: " : "",
			      has_token ? source->authorization.data : "", has_token ? "\r\n" : "");
	bool is_sent = length > 0 && (size_t)length < sizeof(request) &&
		       send(fd, request, (size_t)length, MSG_NOSIGNAL) == length;

	OPENSSL_cleanse(request, sizeof(request));
	return is_sent;
}

/* Bytes that the answer has by its head; SIZE_MAX if it does not say. body: where the body begins, or NULL. */
static size_t announced(const char *answer, const char *body)
{
	static const char name[] = "\r\nContent-Length:";
	size_t head = body ? (size_t)(body - answer) : 0;

	for (size_t at = 0; at + sizeof(name) < head; at++) {
		if (strncasecmp(answer + at, name, sizeof(name) - 1) == 0)
			return head + strtoul(answer + at + sizeof(name) - 1, NULL, 10);
	}
	return SIZE_MAX;
}

static int receive(int fd, int64_t deadline_ns, const char *url, char answer[IDENTITY_ANSWER_MAX], size_t *ret_length,
		   struct err *err)
{
	size_t length = 0;
	const char *body = NULL;

	while (length < announced(answer, body)) {
		ssize_t got;

		if (length == IDENTITY_ANSWER_MAX - 1)
			return err_set(err, ERR_LIMIT, "\"%s\" sends more than %u bytes", url, IDENTITY_ANSWER_MAX);
		if (!set_time_left(fd, deadline_ns))
			return unreachable(url, "timed out", err);
		got = recv(fd, answer + length, IDENTITY_ANSWER_MAX - 1 - length, 0);
		if (got < 0)
			return unreachable(url, errno == EAGAIN ? "timed out" : strerror(errno), err);
		if (got == 0)
			break;
		length += (size_t)got;
		answer[length] = '\0';
		if (!body && (body = strstr(answer, HEAD_END)))
			body += strlen(HEAD_END);
	}
	*ret_length = length;
	return 0;
}

static int read_answer(const char *url, const char *answer, size_t length, struct aws_identity *ret, struct err *err)
{
	const char *body = strstr(answer, HEAD_END);
	int status = 0;

	if (sscanf(answer, "HTTP/1.%*1d %3d", &status) != 1 || !body)
		return err_set(err, ERR_SYNTAX, "\"%s\" does not speak HTTP", url);
	if (status != 200)
		return err_set(err, ERR_FAILED, "\"%s\" answers with status %d", url, status);
	body += strlen(HEAD_END);
	if (aws_identity_parse(body, length - (size_t)(body - answer), ret, err) < 0)
		return err_wrap(err, "cannot use the answer of \"%s\"", url);
	return 0;
}

int aws_identity_ask(const struct container_source *source, int64_t timeout_ns, struct aws_identity *ret,
		     struct err *err)
{
	int64_t deadline_ns = time_monotonic_ns() + timeout_ns;
	const char *url = source->url.data;
	char answer[IDENTITY_ANSWER_MAX] = "";
	AUTO_FD int fd = -1;
	struct peer peer;
	size_t length = 0;
	int code;

	if (!split_url(url, &peer))
		return err_set(err, ERR_SYNTAX, "\"%s\" is no address of credentials", url);
	fd = connect_to(&peer, deadline_ns);
	if (fd < 0)
		return unreachable(url, strerror(errno), err);
	if (!send_request(fd, source, &peer))
		return unreachable(url, strerror(errno), err);
	code = receive(fd, deadline_ns, url, answer, &length, err);
	if (code == 0)
		code = read_answer(url, answer, length, ret, err);
	OPENSSL_cleanse(answer, sizeof(answer));
	return code;
}
