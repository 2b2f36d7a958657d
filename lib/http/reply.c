#include "http/http.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "text/escape.h"

/* status, error; anything else is a plain failure */
#define STATUSES(X)                                                                                                  \
	X(400, ERR_USAGE)                                                                                            \
	X(401, ERR_DENIED)                                                                                           \
	X(403, ERR_DENIED)                                                                                           \
	X(404, ERR_NOT_FOUND)                                                                                        \
	X(409, ERR_USAGE)                                                                                            \
	X(413, ERR_LIMIT)                                                                                            \
	X(429, ERR_AGAIN)                                                                                            \
	X(502, ERR_UNREACHABLE)                                                                                      \
	X(503, ERR_UNREACHABLE)                                                                                      \
	X(504, ERR_UNREACHABLE)                                                                                      \
	X(507, ERR_FULL)

static enum err_code status_code(long status)
{
	switch (status) {
#define X(number, code)                                                                                              \
	case number:                                                                                                 \
		return code;
		STATUSES(X)
#undef X
	default:
		return ERR_FAILED;
	}
}

static const char *message_of(const json_t *document)
{
	const char *text = json_text(document, "error");

	if (!text)
		text = json_text(json_object_get(document, "error"), "message");
	return text ? text : json_text(document, "message");
}

int http_reply_check(const struct http_reply *reply, struct err *err)
{
	AUTO_JSON document = NULL;
	AUTO_STRBUF safe = STRBUF_INIT;
	const char *text;

	if (reply->status >= 200 && reply->status < 300)
		return 0;
	(void)json_parse("reply", reply->body ? reply->body : "", reply->length, &document, NULL);
	text = message_of(document);
	escape_adds(&safe, text);
	if (safe.length)
		return err_set(err, status_code(reply->status), "%s", safe.data);
	return err_set(err, status_code(reply->status), "the server answered with status %ld", reply->status);
}

void http_reply_fini(struct http_reply *reply)
{
	free(reply->body);
	memset(reply, 0, sizeof(*reply));
}
