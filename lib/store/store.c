#include "store/store.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/rows.h"
#include "store/session.h"

#define ROLE_TEXT_MAX 96

void result_clear(PGresult **result)
{
	PQclear(*result);
}

/* First line of the server's or library's message, without its prefix. */
static void set_message(struct err *err, enum err_code code, const char *what, const char *message)
{
	size_t length = strcspn(message, "\n");

	if (strncmp(message, "ERROR:  ", 8) == 0)
		message += 8, length -= 8;
	err_set(err, code, "%s: %.*s", what, (int)length, message);
}

/* Classes of SQLSTATE (PostgreSQL manual, appendix A) and what they mean for the caller; the first that fits. */
static const struct {
	const char *prefix;
	enum err_code code;
} state_codes[] = {
	{ "08", ERR_UNREACHABLE },  /* connection */
	{ "53", ERR_UNREACHABLE },  /* disk full, out of memory, too many connections */
	{ "57P", ERR_UNREACHABLE }, /* shutting down, starting */
	{ "58", ERR_UNREACHABLE },  /* system error */
	{ "40", ERR_AGAIN },	    /* deadlock, serialization */
	{ "55P03", ERR_AGAIN },	    /* lock_timeout */
	{ "57014", ERR_AGAIN },	    /* cancelled */
	{ "22", ERR_SYNTAX },	    /* a value that cannot be stored */
	{ "23", ERR_SYNTAX },	    /* a constraint it breaks */
	{ "54", ERR_SYNTAX },	    /* it is too large or too deep */
};

static enum err_code code_of_state(const char *state)
{
	for (size_t i = 0; state && i < ARRAY_SIZE(state_codes); i++) {
		if (strncmp(state, state_codes[i].prefix, strlen(state_codes[i].prefix)) == 0)
			return state_codes[i].code;
	}
	return ERR_FAILED;
}

int result_error(struct store *store, const PGresult *result, const char *what, struct err *err)
{
	enum err_code code = code_of_state(PQresultErrorField(result, PG_DIAG_SQLSTATE));

	if (PQstatus(store->connection) != CONNECTION_OK)
		code = ERR_UNREACHABLE;
	set_message(err, code, what, result ? PQresultErrorMessage(result) : PQerrorMessage(store->connection));
	return code;
}

static int take_role(struct store *store, struct err *err)
{
	char text[ROLE_TEXT_MAX];

	snprintf(text, sizeof(text), "SET ROLE %s", store->role);
	AUTO_RESULT result = PQexec(store->connection, text);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return result_error(store, result, "could not take on a role", err);
	return 0;
}

/* Settings that every statement here counts on; plans are made for the values at hand, as many parameters are optional. */
static int session_setup(struct store *store, struct err *err)
{
	AUTO_RESULT result =
		PQexec(store->connection,
		       "SET client_encoding = 'UTF8'; SET synchronous_commit = on;"
		       "SET client_min_messages = warning; SET lock_timeout = '30s';"
		       "SET idle_in_transaction_session_timeout = '60s'; SET plan_cache_mode = force_custom_plan");

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return result_error(store, result, "could not set up the session", err);
	return store->role ? take_role(store, err) : 0;
}

static int connect_again(struct store *store, struct err *err)
{
	if (PQstatus(store->connection) == CONNECTION_OK)
		return 0;
	PQreset(store->connection);
	map_free(store->prepared);
	store->prepared = map_new();
	if (!store->prepared)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (PQstatus(store->connection) != CONNECTION_OK) {
		set_message(err, ERR_UNREACHABLE, "database", PQerrorMessage(store->connection));
		return ERR_UNREACHABLE;
	}
	return session_setup(store, err);
}

static void ignore_notice(void *context UNUSED, const char *message UNUSED)
{
}

int store_open(const char *conninfo, struct store **ret, struct err *err)
{
	return store_open_as(conninfo, NULL, ret, err);
}

int store_open_as(const char *conninfo, const char *role, struct store **ret, struct err *err)
{
	/* The first entry is expanded; the ones after it are defaults only where it does not say otherwise. */
	const char *names[] = { "connect_timeout", "fallback_application_name", "dbname", NULL };
	const char *values[] = { "5", "seccollector", conninfo, NULL };
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return err_set(err, ERR_MEMORY, "out of memory");
	store->role = role;
	store->prepared = map_new();
	store->connection = PQconnectdbParams(names, values, 1);
	if (!store->prepared || !store->connection) {
		store_close(store);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	PQsetNoticeProcessor(store->connection, ignore_notice, NULL);
	if (PQstatus(store->connection) != CONNECTION_OK) {
		set_message(err, ERR_UNREACHABLE, "database", PQerrorMessage(store->connection));
		store_close(store);
		return ERR_UNREACHABLE;
	}
	if (session_setup(store, err) < 0) {
		store_close(store);
		return err->code;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	PQfinish(store->connection);
	map_free(store->prepared);
	free(store);
}

int store_command(struct store *store, const char *text, struct err *err)
{
	ExecStatusType status;

	if (!store->in_transaction && connect_again(store, err) < 0)
		return err->code;
	AUTO_RESULT result = PQexecParams(store->connection, text, 0, NULL, NULL, NULL, NULL, 1);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
		return result_error(store, result, "database", err);
	return 0;
}

int store_check(struct store *store, struct err *err)
{
	if (store_command(store, "SELECT 1", err) == 0)
		return 0;
	return store_command(store, "SELECT 1", err);
}

static int begin(struct store *store, const char *text, struct err *err)
{
	store_rollback(store);
	/* A connection that broke while idle shows only when it is used: the second try makes it again. */
	if (store_command(store, text, err) < 0 &&
	    (PQstatus(store->connection) == CONNECTION_OK || store_command(store, text, err) < 0))
		return err->code;
	store->in_transaction = true;
	return 0;
}

int store_begin(struct store *store, struct err *err)
{
	return begin(store, "BEGIN", err);
}

int store_begin_reading(struct store *store, struct err *err)
{
	return begin(store, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

int store_commit(struct store *store, struct err *err)
{
	AUTO_RESULT result = PQexec(store->connection, "COMMIT");

	store->in_transaction = false;
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return result_error(store, result, "could not commit", err);
	/* COMMIT of a failed transaction succeeds, and says ROLLBACK. */
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return err_set(err, ERR_FAILED, "transaction was rolled back");
	return 0;
}

void store_rollback(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	PQclear(PQexec(store->connection, "ROLLBACK"));
}

static int prepare(struct store *store, const struct sql *sql, struct err *err)
{
	struct params shape = { .sql = sql };
	Oid oids[SQL_PARAMS_MAX];
	size_t count = strlen(sql->types);

	if (map_get(store->prepared, sql->name))
		return 0;
	for (size_t i = 0; i < count; i++)
		oids[i] = params_oid(&shape, i);
	AUTO_RESULT result = PQprepare(store->connection, sql->name, sql->text, (int)count, oids);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return result_error(store, result, sql->name, err);
	if (!map_put(store->prepared, sql->name, store))
		return err_set(err, ERR_MEMORY, "out of memory");
	return 0;
}

int store_prepare(struct store *store, const struct sql *sql, struct err *err)
{
	if (!store->in_transaction && connect_again(store, err) < 0)
		return err->code;
	return prepare(store, sql, err);
}

static int execute(struct store *store, const struct params *params, PGresult **ret, struct err *err)
{
	const char *values[SQL_PARAMS_MAX];
	int lengths[SQL_PARAMS_MAX], formats[SQL_PARAMS_MAX];
	ExecStatusType status;

	if (store_prepare(store, params->sql, err) < 0)
		return err->code;
	for (size_t i = 0; i < params->count; i++) {
		const struct param *param = &params->items[i];

		if (param->data.failed)
			return err_set(err, ERR_LIMIT, "%s: parameter %zu is larger than %u bytes", params->sql->name,
				       i + 1, STORE_PARAM_MAX);
		values[i] = param->data.size || param->count ? param->data.data : NULL;
		lengths[i] = (int)param->data.length;
		formats[i] = 1;
	}
	*ret = PQexecPrepared(store->connection, params->sql->name, (int)params->count, values, lengths, formats, 1);
	status = PQresultStatus(*ret);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return result_error(store, *ret, params->sql->name, err);
	return 0;
}

int store_run(struct store *store, const struct params *params, size_t *ret_count, struct err *err)
{
	AUTO_RESULT result = NULL;

	if (execute(store, params, &result, err) < 0)
		return err->code;
	if (ret_count)
		*ret_count = (size_t)strtoull(PQcmdTuples(result), NULL, 10);
	return 0;
}

int store_read(struct store *store, const struct params *params, const struct row_shape *shape, struct arena *arena,
	       void *ret_rows, size_t *ret_count, struct err *err)
{
	AUTO_RESULT result = NULL;

	if (execute(store, params, &result, err) < 0)
		return err->code;
	if (rows_read(result, shape, arena, ret_rows, ret_count, err) < 0)
		return err_wrap(err, "%s", params->sql->name);
	return 0;
}
