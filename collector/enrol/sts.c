#include "collector/enrol/sts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/enrol/pace.h"
#include "http/http.h"

#define HEADERS_MAX 6

struct sts {
	char *address, *trust_file; /* NULL = none */
	struct pace *pace;
	pthread_mutex_t mutex; /* guards: asking */
	size_t asking;
};

int sts_new(const struct sts_conf *conf, struct sts **ret, struct err *err)
{
	struct sts *sts = calloc(1, sizeof(*sts));

	if (!sts)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_init(&sts->mutex, NULL);
	sts->address = conf->address ? strdup(conf->address) : NULL;
	sts->trust_file = conf->trust_file ? strdup(conf->trust_file) : NULL;
	sts->pace = pace_new();
	if (!sts->pace || (conf->address && !sts->address) || (conf->trust_file && !sts->trust_file)) {
		sts_free(sts);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	*ret = sts;
	return 0;
}

void sts_free(struct sts *sts)
{
	if (!sts)
		return;
	pace_free(sts->pace);
	pthread_mutex_destroy(&sts->mutex);
	free(sts->address);
	free(sts->trust_file);
	free(sts);
}

static bool enter(struct sts *sts)
{
	bool has_room;

	pthread_mutex_lock(&sts->mutex);
	has_room = sts->asking < STS_ASKS_MAX;
	sts->asking += has_room;
	pthread_mutex_unlock(&sts->mutex);
	return has_room;
}

static void leave(struct sts *sts)
{
	pthread_mutex_lock(&sts->mutex);
	sts->asking--;
	pthread_mutex_unlock(&sts->mutex);
}

/* Texts of the proof were checked: none can end its line. */
static int send_on(struct http_client *client, const struct aws_proof *proof, const char *binding,
		   struct http_reply *reply, struct err *err)
{
	AUTO_STRBUF authorization = STRBUF_INIT, date = STRBUF_INIT, session = STRBUF_INIT, bound = STRBUF_INIT;
	const char *headers[HEADERS_MAX] = { "Accept: application/json", "Content-Type: " CALLER_CONTENT_TYPE };
	struct http_message message = { "POST", "/", headers, 2, CALLER_BODY };

	strbuf_addf(&authorization, "Authorization: %s", proof->authorization);
	strbuf_addf(&date, "X-Amz-Date: %s", proof->date);
	strbuf_addf(&bound, CALLER_BINDING_HEADER ": %s", binding);
	headers[message.header_count++] = authorization.data;
	headers[message.header_count++] = date.data;
	headers[message.header_count++] = bound.data;
	if (proof->session_token) {
		strbuf_addf(&session, "X-Amz-Security-Token: %s", proof->session_token);
		headers[message.header_count++] = session.data;
	}
	if (authorization.failed || date.failed || session.failed || bound.failed)
		return err_set(err, ERR_MEMORY, "out of memory");
	return http_send(client, &message, reply, err);
}

static int ask(const struct sts *sts, const struct aws_proof *proof, const char *binding,
	       const struct sts_endpoint *endpoint, struct http_reply *reply, struct err *err)
{
	char url[sizeof("https://") + STS_HOST_MAX] = "https://";
	const struct http_conf conf = { .url = url,
					.server = "AWS",
					.timeout_ns = STS_TIMEOUT_NS,
					.body_max = STS_ANSWER_MAX,
					.trust_file = sts->trust_file,
					.address = sts->address };
	AUTO_HTTP client = NULL;

	strcat(url, endpoint->host);
	if (http_client_open(&conf, &client, err) == 0 && send_on(client, proof, binding, reply, err) == 0)
		return 0;
	err->code = ERR_UNREACHABLE; /* an answer without end, too: the agent may try again */
	return err->code;
}

int sts_identify(struct sts *sts, const char *from, const struct aws_proof *proof,
		 const struct caller_binding *binding, int64_t now_ns, struct aws_role *ret, struct err *err)
{
	AUTO_HTTP_REPLY reply = { 0 };
	char bound[CALLER_BINDING_MAX];
	struct sts_endpoint endpoint;
	int code = caller_check(proof, now_ns, &endpoint, err);

	if (code < 0)
		return code;
	if (!pace_take(sts->pace, from, time_monotonic_ns()) || !enter(sts))
		return err_set(err, ERR_AGAIN, "too many roles are being proved at once");
	code = ask(sts, proof, caller_binding_format(binding, bound), &endpoint, &reply, err);
	leave(sts);
	if (code < 0)
		return code;
	return caller_parse(reply.status, reply.body, reply.length, endpoint.partition, ret, err);
}
