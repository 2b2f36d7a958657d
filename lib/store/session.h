/*
 * session.h: what a connection is made of, and how its answers become errors. Inside lib/store only.
 */
#pragma once

#include "base/map.h"
#include "store/store.h"

struct pg_conn;	  /* libpq's PGconn */
struct pg_result; /* libpq's PGresult */

struct store {
	struct pg_conn *connection;
	struct map *prepared; /* names of statements this connection knows */
	const char *role;     /* NULL = whoever connected */
	bool in_transaction;
};

void result_clear(struct pg_result **result);
#define AUTO_RESULT CLEANUP(result_clear) struct pg_result *

/* Sets the error that an answer of the server stands for; what says what was done. result may be NULL. Returns its code. */
int result_error(struct store *store, const struct pg_result *result, const char *what, struct err *err);
