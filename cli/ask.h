/*
 * ask.h: one question to the collector's API and its answer as JSON.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

/* Where to ask; the first members of every command that asks. */
struct ask_conf {
	const char *api;   /* --api, or NULL: the socket in the state folder */
	const char *state; /* --state, or NULL */
};

#define ASK_OPTS(conf)                                                                                               \
	OPT(conf, ask.api, "api", 0, OPT_TEXT, "URL", NULL,                                                          \
	    "where the collector listens: unix:/PATH, http://HOST:PORT or https://HOST:PORT; else api.sock in the "  \
	    "state folder"),                                                                                         \
		OPT(conf, ask.state, "state", 0, OPT_TEXT, "DIR", NULL,                                              \
		    "state folder; else /var/lib/clewline for root, ~/.local/state/clewline for others")

#define ASK_TIMEOUT_NS (60 * INT64_C(1000000000))

struct ask {
	const char *method;
	const char *target; /* path and query */
	int64_t timeout_ns; /* 0 = ASK_TIMEOUT_NS */
};

/*
 * The caller owns *ret (json_decref). Errors: ERR_UNREACHABLE (a second line says what to do), ERR_NOT_FOUND, and what
 * http_reply_check gives; then *ret is the error document where the server sent one, else NULL. It is to be freed, too.
 */
int ask_json(const struct ask_conf *conf, const struct ask *ask, json_t **ret, struct err *err);

/* Appends "?name=value" or "&name=value", escaped; nothing for NULL. */
void ask_add(struct strbuf *target, const char *name, const char *value);
