#include "collector/store/rebuild.h"

#include "collector/store/derived_rows.h"
#include "collector/store/rederive.h"
#include "collector/store/sql.h"

#define ANSWER_MAX (1u << 20)

struct lock_row {
	bool is_locked;
};
static const struct column lock_columns[] = { COLUMN(lock_row, is_locked, BOOL) };
static const struct row_shape lock_shape = ROW_SHAPE(lock_row, lock_columns);

static int lock(struct store *store, int64_t tenant, struct arena *arena, struct err *err)
{
	struct lock_row *row;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_REBUILD_LOCK]);
	params_int(&params, 0, tenant);
	if (store_read(store, &params, &lock_shape, arena, &row, &count, err) < 0)
		return err->code;
	if (!row->is_locked)
		return err_set(err, ERR_AGAIN, "another rebuild runs already");
	return 0;
}

static int rebuild_all(struct store *store, int64_t tenant, struct rederived *ret, struct err *err)
{
	AUTO_ARENA arena;

	arena_init(&arena, ANSWER_MAX);
	if (lock(store, tenant, &arena, err) < 0 || derived_rows_clear(tenant, store, err) < 0)
		return err->code;
	return rederive(store, tenant, NULL, ret, err);
}

int rebuild(struct store *store, int64_t tenant, uint64_t *ret_events, uint64_t *ret_underived, struct err *err)
{
	struct rederived done = { 0 };
	int code = store_begin(store, err);

	if (code == 0)
		code = rebuild_all(store, tenant, &done, err);
	if (code == 0)
		code = store_commit(store, err);
	store_rollback(store);
	*ret_events = done.events;
	*ret_underived = done.underived;
	return code < 0 ? err_wrap(err, "could not rebuild; nothing was changed") : 0;
}
