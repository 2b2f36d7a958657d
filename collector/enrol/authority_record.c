#include "collector/enrol/authority_record.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/pool.h"
#include "collector/store/sql.h"

#define NO_TENANT 0
#define READ_MAX  (1u << 20)

struct root_row {
	const char *digest;
};
static const struct column root_columns[] = { COLUMN(root_row, digest, TEXT) };
static const struct row_shape root_shape = ROW_SHAPE(root_row, root_columns);

static int run(struct store *store, enum sql_id statement, const struct authority_roots *roots, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[statement]);
	params_int(&params, 0, NO_TENANT);
	for (size_t i = 0; roots && i < roots->count; i++)
		params_text(&params, 1, roots->digests[i]);
	if (roots) {
		params_time(&params, 2, time_now_ns());
		params_text(&params, 3, roots->digests[0]);
	}
	return store_run(store, &params, NULL, err);
}

static int lock(struct store *store, struct err *err)
{
	AUTO_ARENA arena = { .max = READ_MAX };
	struct root_row *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_AUTHORITY_LOCK]);
	return store_read(store, &params, &root_shape, &arena, &rows, &count, err);
}

static int read_roots(struct store *store, struct authority_roots *ret, struct err *err)
{
	AUTO_ARENA arena = { .max = READ_MAX };
	struct root_row *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_AUTHORITY_ROOTS]);
	params_int(&params, 0, NO_TENANT);
	if (store_read(store, &params, &root_shape, &arena, &rows, &count, err) < 0)
		return err->code;
	ret->count = count < AUTHORITY_ROOTS_MAX ? count : AUTHORITY_ROOTS_MAX;
	for (size_t i = 0; i < ret->count; i++)
		snprintf(ret->digests[i], sizeof(ret->digests[i]), "%s", rows[i].digest);
	return 0;
}

static int conclude(struct pool *pool, struct store *store, int code, struct err *err)
{
	if (code == 0)
		code = store_commit(store, err);
	else
		store_rollback(store);
	pool_give(pool, store);
	return code;
}

int authority_record_claim(struct pool *pool, const struct authority_roots *own, struct authority_roots *ret,
			   struct err *err)
{
	struct store *store;
	int code = pool_take(pool, &store, err);

	if (code < 0)
		return code;
	code = store_begin(store, err);
	if (code == 0)
		code = lock(store, err);
	if (code == 0)
		code = read_roots(store, ret, err);
	if (code == 0 && !ret->count) {
		code = run(store, SQL_AUTHORITY_RECORD, own, err);
		*ret = *own;
	}
	return conclude(pool, store, code, err);
}

int authority_record_replace(struct pool *pool, const struct authority_roots *own, struct err *err)
{
	struct store *store;
	int code = pool_take(pool, &store, err);

	if (code < 0)
		return code;
	code = store_begin(store, err);
	if (code == 0)
		code = lock(store, err);
	if (code == 0)
		code = run(store, SQL_AUTHORITY_FORGET, NULL, err);
	if (code == 0)
		code = run(store, SQL_AUTHORITY_RECORD, own, err);
	return conclude(pool, store, code, err);
}

static bool holds(const struct authority_roots *roots, const char *digest)
{
	for (size_t i = 0; i < roots->count; i++) {
		if (strcmp(roots->digests[i], digest) == 0)
			return true;
	}
	return false;
}

bool authority_roots_overlap(const struct authority_roots *a, const struct authority_roots *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (holds(b, a->digests[i]))
			return true;
	}
	return false;
}

bool authority_roots_same(const struct authority_roots *a, const struct authority_roots *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (!holds(b, a->digests[i]))
			return false;
	}
	return a->count == b->count && strcmp(a->digests[0], b->digests[0]) == 0;
}
