/*
 * server.h: HTTP around the routes: sockets, limits, tokens. The only place that sees libmicrohttpd.
 */
#pragma once

#include "base/err.h"
#include "collector/api/route.h"

#define API_BODY_MAX	    (16u << 20)
#define API_CONNECTIONS_MAX 64
#define API_THREADS	    4
#define API_TIMEOUT_S	    30 /* of a silent connection */
#define API_REQUEST_MEMORY  (256u << 20)

struct api_server;

/*
 * url: unix:/path (mode 0660) or tcp://address:port, the latter only with a token. context and token are borrowed.
 * Errors: ERR_USAGE, ERR_FAILED naming url and reason.
 */
int api_server_start(const char *url, const char *token, const struct api_context *context, struct api_server **ret,
		     struct err *err);

/* Finishes running requests; removes the socket. Accepts NULL. */
void api_server_stop(struct api_server *server);
