#include "http/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"

struct http_client {
	CURL *curl;
	struct curl_slist *headers; /* of the request */
	struct curl_slist *addresses;
	char *url;  /* as configured, for errors */
	char *base; /* what curl gets in front of a target */
	char *server;
	const char *socket; /* within url, or NULL */
	int64_t timeout_ns;
	size_t body_max;
	char reason[CURL_ERROR_SIZE];
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void library_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int check_socket(const char *url, const char *path, struct err *err)
{
	struct sockaddr_un address;

	if (*path != '/')
		return err_set(err, ERR_USAGE, "URL \"%s\" must name an absolute path, as unix:/path/api.sock", url);
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, "path of the socket \"%s\" is longer than %zu bytes", path,
			       sizeof(address.sun_path) - 1);
	return 0;
}

static int check_url(struct http_client *client, struct err *err)
{
	const char *url = client->url;
	size_t length = strlen(url);

	if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		client->socket = url + strlen(UNIX_PREFIX);
		client->base = strdup("http://collector");
		return check_socket(url, client->socket, err);
	}
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return err_set(err, ERR_USAGE, "URL \"%s\" must begin with unix:/, http:// or https://", url);
	while (length && url[length - 1] == '/')
		length--;
	client->base = strndup(url, length);
	return 0;
}

/* "::ADDRESS": whatever host and port are asked for. */
static int set_destination(struct http_client *client, const struct http_conf *conf)
{
	AUTO_STRBUF rule = STRBUF_INIT;

	if (conf->trust_file && curl_easy_setopt(client->curl, CURLOPT_CAINFO, conf->trust_file))
		return -1;
	if (!conf->address)
		return 0;
	strbuf_addf(&rule, "::%s", conf->address);
	client->addresses = curl_slist_append(NULL, rule.data);
	return client->addresses ? (int)curl_easy_setopt(client->curl, CURLOPT_CONNECT_TO, client->addresses) : -1;
}

static int set_options(struct http_client *client, struct err *err)
{
	CURL *curl = client->curl;

	if (!client->base)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) || /* else curl would use SIGALRM for timeouts */
	    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") ||
	    curl_easy_setopt(curl, CURLOPT_USERAGENT, "clewline/" CLEWLINE_VERSION) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->reason) ||
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(client->timeout_ns / 1000000)) ||
	    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(HTTP_CONNECT_MAX_NS / 1000000)))
		return err_set(err, ERR_FAILED, "could not set up curl");
	if (client->socket && (curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket) ||
			       curl_easy_setopt(curl, CURLOPT_PROXY, "")))
		return err_set(err, ERR_FAILED, "could not set up curl for a Unix socket");
	return 0;
}

int http_client_open(const struct http_conf *conf, struct http_client **ret, struct err *err)
{
	AUTO_HTTP client = calloc(1, sizeof(*client));

	pthread_once(&library_once, library_init);
	if (!client)
		return err_set(err, ERR_MEMORY, "out of memory");
	client->curl = curl_easy_init();
	client->url = strdup(conf->url);
	client->server = strdup(conf->server ? conf->server : "the collector");
	if (!client->curl || !client->url || !client->server)
		return err_set(err, ERR_MEMORY, "out of memory");
	client->timeout_ns = conf->timeout_ns ? conf->timeout_ns : HTTP_TIMEOUT_NS;
	client->body_max = conf->body_max ? conf->body_max : HTTP_BODY_MAX;
	int code = check_url(client, err);

	if (code == 0)
		code = set_options(client, err);
	if (code < 0)
		return code;
	if (set_destination(client, conf) != 0)
		return err_set(err, ERR_FAILED, "could not set up curl for \"%s\"", conf->url);
	*ret = TAKE(client);
	return 0;
}

void http_client_close(struct http_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	curl_slist_free_all(client->headers);
	curl_slist_free_all(client->addresses);
	free(client->url);
	free(client->base);
	free(client->server);
	free(client);
}

void http_client_close_pointer(struct http_client **client)
{
	http_client_close(*client);
	*client = NULL;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct strbuf *body = context;

	strbuf_add(body, data, size * count);
	return body->failed ? 0 : size * count;
}

/* curl's own words for a socket name "port 80"; the system's are the ones that help. */
static int fail(const struct http_client *client, CURLcode code, const struct strbuf *body, struct err *err)
{
	long number = 0;

	if (body->failed)
		return err_set(err, ERR_LIMIT, "reply of %s at \"%s\" is larger than %zu bytes", client->server,
			       client->url, client->body_max);
	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && number)
		return err_set(err, ERR_UNREACHABLE, "could not reach %s at \"%s\": %s", client->server, client->url,
			       strerror((int)number));
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, ERR_UNREACHABLE, "could not reach %s at \"%s\": no answer within %lld ms",
			       client->server, client->url, (long long)(client->timeout_ns / 1000000));
	return err_set(err, ERR_UNREACHABLE, "could not reach %s at \"%s\": %s", client->server, client->url,
		       client->reason[0] ? client->reason : curl_easy_strerror(code));
}

static bool set_headers(struct http_client *client, const struct http_message *message)
{
	/* 100-continue would cost a round trip for each upload. */
	struct curl_slist *list = message->body ? curl_slist_append(NULL, "Expect:") : NULL;
	bool complete = list || !message->body;

	for (size_t i = 0; complete && i < message->header_count; i++) {
		struct curl_slist *longer = curl_slist_append(list, message->headers[i]);

		complete = longer != NULL;
		list = longer ? longer : list;
	}
	curl_slist_free_all(client->headers);
	client->headers = list;
	return complete && curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, list) == CURLE_OK;
}

static bool set_request(struct http_client *client, const struct http_message *message, struct strbuf *body)
{
	AUTO_STRBUF url = STRBUF_INIT;
	CURL *curl = client->curl;
	const char *text = message->body;

	strbuf_adds(&url, client->base);
	strbuf_adds(&url, message->target);
	client->reason[0] = '\0';
	/* HTTPGET undoes the body of the request before; CUSTOMREQUEST then only changes the word. */
	return !url.failed && !curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) && set_headers(client, message) &&
	       (!text || (!curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text)) &&
			  !curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text))) &&
	       !curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, message->method) &&
	       !curl_easy_setopt(curl, CURLOPT_URL, url.data) &&
	       !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) &&
	       !curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
}

int http_send(struct http_client *client, const struct http_message *message, struct http_reply *ret, struct err *err)
{
	AUTO_STRBUF body = STRBUF_INIT;
	char *type = NULL;
	CURLcode code;

	memset(ret, 0, sizeof(*ret));
	body.max = client->body_max;
	if (!set_request(client, message, &body))
		return err_set(err, ERR_FAILED, "could not prepare the request for \"%s\"", message->target);
	code = curl_easy_perform(client->curl);
	if (code != CURLE_OK)
		return fail(client, code, &body, err);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(client->curl, CURLINFO_CONTENT_TYPE, &type);
	snprintf(ret->content_type, sizeof(ret->content_type), "%s", type ? type : "");
	ret->length = body.length;
	ret->body = body.length ? strbuf_take(&body) : strdup("");
	return ret->body ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

int http_request(struct http_client *client, const char *method, const char *target, const char *json,
		 struct http_reply *ret, struct err *err)
{
	static const char *const headers[] = { "Content-Type: application/json" };
	const struct http_message message = { method, target, headers, json ? 1 : 0, json };

	return http_send(client, &message, ret, err);
}
