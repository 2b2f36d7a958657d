#include "collector/store/query.h"
#include "collector/store/sql.h"

static const struct column watermark_columns[] = { COLUMN(watermark_row, source, TEXT),
						   COLUMN(watermark_row, newest, TIME) };
static const struct row_shape watermark_shape = ROW_SHAPE(watermark_row, watermark_columns);

int query_watermarks(struct store *store, int64_t tenant, struct arena *arena, struct watermark_row **ret,
		     size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_WATERMARKS]);
	params_int(&params, 0, tenant);
	return store_read(store, &params, &watermark_shape, arena, ret, ret_count, err);
}
