#include "aws/container.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/file.h"

#define RELATIVE   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define ECS_URL	   "http://169.254.170.2"
#define HTTP	   "http://"
#define URL_MAX	   2048
#define TOKEN_MAX  8192
#define HOST_CHARS 64

static const char *const known_hosts[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "::1" };

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool is_known(const char *host)
{
	struct in_addr address;

	if (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(known_hosts); i++) {
		if (strcmp(known_hosts[i], host) == 0)
			return true;
	}
	return false;
}

/* Host of http://HOST[:PORT][/...] or http://[HOST]...; false for anything else, also with a user in front. */
static bool read_host(const char *url, char host[HOST_CHARS])
{
	const char *at = url + strlen(HTTP), *end;
	size_t length;

	if (strncmp(url, HTTP, strlen(HTTP)) != 0)
		return false;
	if (*at == '[') {
		end = strchr(++at, ']');
		length = end ? (size_t)(end - at) : 0;
		end = end ? end + 1 : at;
	} else {
		length = strcspn(at, ":/?#");
		end = at + length;
	}
	if (!length || length >= HOST_CHARS)
		return false;
	memcpy(host, at, length);
	host[length] = '\0';
	if (*end == ':')
		end += 1 + strspn(end + 1, "0123456789");
	return *end == '\0' || *end == '/';
}

/* Blanks and control characters would end the line of the request. */
static bool is_plain(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c <= 0x20 || *c >= 0x7f)
			return false;
	}
	return true;
}

static int check_url(const char *url, struct err *err)
{
	char host[HOST_CHARS];

	if (strlen(url) > URL_MAX || !is_plain(url) || !read_host(url, host))
		return err_set(
			err, ERR_USAGE,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI must be http://ADDRESS[:PORT]/PATH, with a number as "
			"address");
	if (!is_known(host))
		return err_set(
			err, ERR_USAGE,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI names %s: credentials are taken only from this machine "
			"and the agents of ECS and EKS (169.254.170.2, 169.254.170.23)",
			host);
	return 0;
}

static int find_token(struct strbuf *out, struct err *err)
{
	const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (path) {
		if (file_read(path, TOKEN_MAX, out, err) < 0)
			return err_wrap(err, "could not read the token for the container's credentials");
		strbuf_truncate(out, strcspn(out->data, "\r\n"));
	} else if (token && strlen(token) <= TOKEN_MAX) {
		strbuf_adds(out, token);
	} else if (token) {
		return err_set(err, ERR_FAILED, "AWS_CONTAINER_AUTHORIZATION_TOKEN is longer than %d bytes",
			       TOKEN_MAX);
	}
	for (const unsigned char *c = (const unsigned char *)out->data; *c; c++) {
		if (*c < 0x20 || *c >= 0x7f)
			return err_set(
				err, ERR_FAILED,
				"the token for the container's credentials has characters that no header may hold");
	}
	return 0;
}

static void init(struct container_source *source)
{
	strbuf_init(&source->url, STRBUF_MAX_DEFAULT);
	strbuf_init(&source->authorization, STRBUF_MAX_DEFAULT);
}

static int use_relative(const char *relative, struct container_source *source, struct err *err)
{
	if (*relative != '/' || strlen(relative) > URL_MAX || !is_plain(relative))
		return err_set(err, ERR_USAGE,
			       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must be a path that begins with \"/\"");
	strbuf_adds(&source->url, ECS_URL);
	strbuf_adds(&source->url, relative);
	return 0;
}

int container_source_of(const char *environment, size_t length, struct container_source *ret, struct err *err)
{
	static const char name[] = RELATIVE "=";

	init(ret);
	for (size_t at = 0; at < length; at += strnlen(environment + at, length - at) + 1) {
		size_t left = strnlen(environment + at, length - at);

		/* the last one may have been cut */
		if (left >= sizeof(name) && at + left < length &&
		    memcmp(environment + at, name, sizeof(name) - 1) == 0)
			return use_relative(environment + at + sizeof(name) - 1, ret, err);
	}
	return 0;
}

int container_source_find(struct container_source *ret, struct err *err)
{
	const char *relative = variable(RELATIVE);
	const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");

	init(ret);
	if (relative) {
		if (use_relative(relative, ret, err) < 0)
			return ERR_USAGE;
	} else if (full) {
		if (check_url(full, err) < 0)
			return err ? err->code : ERR_USAGE;
		strbuf_adds(&ret->url, full);
	} else {
		return 0;
	}
	return find_token(&ret->authorization, err);
}

void container_source_fini(struct container_source *source)
{
	if (source->authorization.size)
		OPENSSL_cleanse(source->authorization.data, source->authorization.size);
	strbuf_fini(&source->authorization);
	strbuf_fini(&source->url);
}
