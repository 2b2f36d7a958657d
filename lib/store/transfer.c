#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "store/copy.h"
#include "store/session.h"

/* Signature, flags and length of the extension; at the end the count of columns that no row has. */
static const char copy_head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
static const char copy_tail[] = "\377\377";

static int put_copy(struct store *store, const struct copy_part *parts, size_t count)
{
	bool is_put = PQputCopyData(store->connection, copy_head, sizeof(copy_head)) > 0;

	for (size_t i = 0; is_put && i < count; i++)
		is_put =
			!parts[i].length || PQputCopyData(store->connection, parts[i].data, (int)parts[i].length) > 0;
	is_put = is_put && PQputCopyData(store->connection, copy_tail, sizeof(copy_tail) - 1) > 0;
	return is_put && PQputCopyEnd(store->connection, NULL) > 0 ? 0 : -1;
}

/*
 * Distributed PostgreSQL (Citus 13) passes a shard's refusal of a row on as an internal error, without its class. Whoever is told that
 * the rows are refused tries them one by one, by statements, which keep the class.
 */
static int refusal(struct store *store, const PGresult *result, struct err *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	int code = result_error(store, result, "copy", err);

	if (code == ERR_FAILED && state && strcmp(state, "XX000") == 0)
		err->code = ERR_SYNTAX;
	return err->code;
}

int store_copy(struct store *store, const char *statement, const struct copy_part *parts, size_t part_count,
	       size_t *ret_count, struct err *err)
{
	AUTO_RESULT begun = PQexec(store->connection, statement);
	AUTO_RESULT result = NULL;
	int put;

	if (PQresultStatus(begun) != PGRES_COPY_IN)
		return result_error(store, begun, "copy", err);
	/* When the server refuses a row while more are sent, its reason is in the result, not in what putting says. */
	put = put_copy(store, parts, part_count);
	result = PQgetResult(store->connection);
	if (put < 0 || PQresultStatus(result) != PGRES_COMMAND_OK)
		return refusal(store, result, err);
	if (ret_count)
		*ret_count = (size_t)strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(PQgetResult(store->connection));
	return 0;
}

/* Whoever takes may refuse: the rest is not waited for, the statement is cancelled. */
static void cancel(struct store *store)
{
	PGcancel *request = PQgetCancel(store->connection);
	char reason[256], *data;

	if (request)
		PQcancel(request, reason, sizeof(reason));
	PQfreeCancel(request);
	while (PQgetCopyData(store->connection, &data, 0) > 0)
		PQfreemem(data);
	for (PGresult *result; (result = PQgetResult(store->connection));)
		PQclear(result);
}

int store_copy_out(struct store *store, const char *statement, copy_take_fn *take, void *context, size_t *ret_count,
		   struct err *err)
{
	AUTO_RESULT begun = PQexec(store->connection, statement);
	AUTO_RESULT result = NULL;
	char *data;
	int length;

	if (PQresultStatus(begun) != PGRES_COPY_OUT)
		return result_error(store, begun, "copy", err);
	while ((length = PQgetCopyData(store->connection, &data, 0)) > 0) {
		int code = take(context, data, (size_t)length, err);

		PQfreemem(data);
		if (code < 0) {
			cancel(store);
			return code;
		}
	}
	result = PQgetResult(store->connection);
	if (length < -1 || PQresultStatus(result) != PGRES_COMMAND_OK)
		return result_error(store, result, "copy", err);
	*ret_count = (size_t)strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(PQgetResult(store->connection));
	return 0;
}

static int put_given(struct store *store, copy_give_fn *give, void *context, struct err *err)
{
	const void *data;
	size_t length;
	int code;

	while ((code = give(context, &data, &length, err)) > 0) {
		if (PQputCopyData(store->connection, data, (int)length) <= 0)
			return 0; /* the server's reason is in the result */
	}
	return code;
}

int store_copy_in(struct store *store, const char *statement, copy_give_fn *give, void *context, size_t *ret_count,
		  struct err *err)
{
	AUTO_RESULT begun = PQexec(store->connection, statement);
	AUTO_RESULT result = NULL;
	int code;

	if (PQresultStatus(begun) != PGRES_COPY_IN)
		return result_error(store, begun, "copy", err);
	code = put_given(store, give, context, err);
	PQputCopyEnd(store->connection, code < 0 ? "what is copied ended too soon" : NULL);
	result = PQgetResult(store->connection);
	PQclear(PQgetResult(store->connection));
	if (code < 0)
		return code;
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return result_error(store, result, "copy", err);
	*ret_count = (size_t)strtoull(PQcmdTuples(result), NULL, 10);
	return 0;
}
