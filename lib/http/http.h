/*
 * http.h: the asking side of HTTP: one request, one reply, over a Unix socket or TCP. The only place that sees curl.
 *
 * A server is named by a base URL: unix:/path/api.sock, http://HOST[:PORT] or https://HOST[:PORT]. Redirects are not followed, and
 * a Unix socket never goes through a proxy. A client keeps its connection between requests; not thread-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "conf/state.h"

#define HTTP_URL_MAX	    (STATE_PATH_MAX + 8)
#define HTTP_BODY_MAX	    (64u << 20) /* bytes of a reply, unless the configuration says less */
#define HTTP_TIMEOUT_NS	    (60 * INT64_C(1000000000))
#define HTTP_CONNECT_MAX_NS (5 * INT64_C(1000000000))

struct http_client;

struct http_conf {
	const char *url;    /* base URL */
	const char *server; /* what errors call it; NULL = "the collector" */
	int64_t timeout_ns; /* of a whole request; 0 = HTTP_TIMEOUT_NS */
	size_t body_max;    /* 0 = HTTP_BODY_MAX */
	/* With https://, both borrowed until the client is closed: whose certificate must be shown stays the URL's host. */
	const char *trust_file; /* roots (PEM) instead of the system's, or NULL */
	const char *address;	/* HOST:PORT to connect to instead of the URL's, or NULL */
};

/* One request; NULL or 0 leaves a part out. */
struct http_message {
	const char *method;
	const char *target;	    /* path and query, beginning with "/" */
	const char *const *headers; /* "Name: value" */
	size_t header_count;
	const char *body;
};

struct http_reply {
	long status;
	char content_type[128]; /* "" if the server gave none */
	char *body;		/* NUL-terminated, never NULL after success */
	size_t length;
};

/* Writes the URL of the API: wanted, or unix: and the socket in the state folder (NULL = the default folder). */
int http_url(const char *wanted, const char *state, char out[HTTP_URL_MAX], struct err *err);

/* Checks the URL; connects to nothing yet. Errors: ERR_USAGE for a URL of another form. */
int http_client_open(const struct http_conf *conf, struct http_client **ret, struct err *err);
void http_client_close(struct http_client *client); /* accepts NULL */
void http_client_close_pointer(struct http_client **client);

/*
 * Sends method ("GET", "POST", ...) for target (path and query, beginning with "/") with an optional JSON text as body. Any status
 * is a success: see http_reply_check. Errors: ERR_UNREACHABLE with server, URL and reason, ERR_LIMIT for a reply over body_max.
 */
int http_request(struct http_client *client, const char *method, const char *target, const char *json,
		 struct http_reply *ret, struct err *err);

/* The same with headers and a body of any type. */
int http_send(struct http_client *client, const struct http_message *message, struct http_reply *ret,
	      struct err *err);

/*
 * 0 for a status of 200..299; else the error that fits the status (404: ERR_NOT_FOUND, 401 and 403: ERR_DENIED, 503:
 * ERR_UNREACHABLE ...) with the text the server gave in "error" or "message", escaped.
 */
int http_reply_check(const struct http_reply *reply, struct err *err);
void http_reply_fini(struct http_reply *reply); /* accepts a zeroed reply */

/* Appends text with every byte but letters, digits, "-", ".", "_" and "~" as %XX; NULL adds nothing. */
void http_escape(struct strbuf *buf, const char *text);

#define AUTO_HTTP	CLEANUP(http_client_close_pointer) struct http_client *
#define AUTO_HTTP_REPLY CLEANUP(http_reply_fini) struct http_reply
