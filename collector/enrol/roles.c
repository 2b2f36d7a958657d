#include "collector/enrol/roles.h"

#include "base/time.h"
#include "collector/store/pool.h"
#include "collector/store/sql.h"

#define CHECK_MAX (1u << 20)

static const struct column role_columns[] = {
	COLUMN(role_row, partition, TEXT), COLUMN(role_row, account, TEXT),    COLUMN(role_row, name, TEXT),
	COLUMN(role_row, tags, JSON),	   COLUMN(role_row, allowed_ns, TIME),
};
static const struct row_shape role_shape = ROW_SHAPE(role_row, role_columns);

struct tags_row {
	const char *tags;
};
static const struct column tags_columns[] = { COLUMN(tags_row, tags, JSON) };
static const struct row_shape tags_shape = ROW_SHAPE(tags_row, tags_columns);

static void set_role(struct params *params, enum sql_id statement, int64_t tenant, const struct aws_role *role)
{
	params_init(params, &sql_statements[statement]);
	params_int(params, 0, tenant);
	params_text(params, 1, role->partition);
	params_text(params, 2, role->account);
	params_text(params, 3, role->name);
}

static int run(struct pool *pool, const struct params *params, size_t *ret_changed, struct err *err)
{
	struct store *store;
	int code = pool_take(pool, &store, err);

	if (code < 0)
		return code;
	code = store_run(store, params, ret_changed, err);
	pool_give(pool, store);
	return code;
}

int roles_allow(struct pool *pool, const struct role_terms *terms, struct err *err)
{
	AUTO_PARAMS params;

	set_role(&params, SQL_ROLE_ALLOW, terms->tenant, &terms->role);
	for (size_t i = 0; i < terms->tag_count; i++)
		params_key(&params, 4, terms->tags[i]);
	params_time(&params, 5, time_now_ns());
	return run(pool, &params, NULL, err);
}

int roles_forbid(struct pool *pool, int64_t tenant, const struct aws_role *role, struct err *err)
{
	char arn[AWS_ARN_MAX];
	AUTO_PARAMS params;
	size_t changed;
	int code;

	set_role(&params, SQL_ROLE_FORBID, tenant, role);
	code = run(pool, &params, &changed, err);
	if (code == 0 && !changed)
		code = err_set(err, ERR_NOT_FOUND, "the role %s is not allowed", aws_role_format(role, arn));
	return code;
}

static int list(struct pool *pool, int64_t tenant, int64_t limit, struct arena *arena, struct role_row **ret,
		size_t *ret_count, struct err *err)
{
	struct store *store;
	AUTO_PARAMS params;
	int code;

	params_init(&params, &sql_statements[SQL_ROLES]);
	params_int(&params, 0, tenant);
	params_int(&params, 1, limit);
	code = pool_take(pool, &store, err);
	if (code < 0)
		return code;
	code = store_read(store, &params, &role_shape, arena, ret, ret_count, err);
	pool_give(pool, store);
	return code;
}

int roles_list(struct pool *pool, int64_t tenant, struct arena *arena, struct role_row **ret, size_t *ret_count,
	       struct err *err)
{
	return list(pool, tenant, ROLES_MAX, arena, ret, ret_count, err);
}

int roles_check_any(struct pool *pool, int64_t tenant, struct err *err)
{
	AUTO_ARENA arena = { .max = CHECK_MAX };
	struct role_row *rows;
	size_t count;
	int code = list(pool, tenant, 1, &arena, &rows, &count, err);

	if (code == 0 && !count)
		code = err_set(err, ERR_DENIED, "no role of AWS is allowed for this tenant");
	return code;
}

int roles_find(struct store *store, int64_t tenant, const struct aws_role *role, struct arena *arena,
	       const char **ret_tags, struct err *err)
{
	char arn[AWS_ARN_MAX];
	struct tags_row *row;
	AUTO_PARAMS params;
	size_t count;

	set_role(&params, SQL_ROLE_FIND, tenant, role);
	if (store_read(store, &params, &tags_shape, arena, &row, &count, err) < 0)
		return err->code;
	if (!count)
		return err_set(err, ERR_DENIED, "%s may not enrol: its role is not allowed for this tenant",
			       aws_role_format(role, arn));
	*ret_tags = row->tags;
	return 0;
}
