#include "cli/ask.h"

#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "json/json.h"

void ask_add(struct strbuf *target, const char *name, const char *value)
{
	if (!value)
		return;
	strbuf_addf(target, "%c%s=", strchr(target->data, '?') ? '&' : '?', name);
	http_escape(target, value);
}

/* A collector on this machine can be started from here; one elsewhere cannot. */
static void add_hint(const struct ask_conf *conf, const char *url, struct err *err)
{
	if (strncmp(url, "unix:", 5) == 0)
		err_hint(err, "secctl up%s%s", conf->state ? " --state " : "", conf->state ? conf->state : "");
}

int ask_json(const struct ask_conf *conf, const struct ask *ask, json_t **ret, struct err *err)
{
	struct http_conf http = { .timeout_ns = ask->timeout_ns ? ask->timeout_ns : ASK_TIMEOUT_NS };
	AUTO_HTTP client = NULL;
	AUTO_HTTP_REPLY reply = { 0 };
	char url[HTTP_URL_MAX];
	int code;

	*ret = NULL;
	if (http_url(conf->api, conf->state, url, err) < 0)
		return err->code;
	http.url = url;
	if (http_client_open(&http, &client, err) < 0)
		return err->code;
	code = http_request(client, ask->method, ask->target, NULL, &reply, err);
	if (code == ERR_UNREACHABLE)
		add_hint(conf, url, err);
	if (code < 0)
		return code;
	code = http_reply_check(&reply, err);
	if (code < 0) {
		json_parse("error", reply.body, reply.length, ret, NULL);
		return code;
	}
	return json_parse("answer of the collector", reply.body, reply.length, ret, err);
}
