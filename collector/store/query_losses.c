#include "collector/store/query.h"
#include "collector/store/sql.h"

static const struct column loss_columns[] = {
	COLUMN(loss_row, stream, UUID), COLUMN(loss_row, mode, ENUM),	COLUMN(loss_row, agent, TEXT),
	COLUMN(loss_row, kind, INT),	COLUMN(loss_row, reason, TEXT), COLUMN(loss_row, count, INT),
	COLUMN(loss_row, since, TIME),	COLUMN(loss_row, until, TIME),
};
static const struct row_shape loss_shape = ROW_SHAPE(loss_row, loss_columns);

int query_losses(struct store *store, int64_t tenant, const struct loss_filter *filter, struct arena *arena,
		 struct loss_row **ret, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_LOSSES]);
	params_int(&params, 0, tenant);
	for (size_t i = 0; i < filter->stream_count; i++)
		params_uuid(&params, 1, filter->streams[i]);
	params_time(&params, 2, filter->since_ns);
	params_time(&params, 3, filter->until_ns);
	params_time(&params, 4, filter->settled_ns);
	return store_read(store, &params, &loss_shape, arena, ret, ret_count, err);
}
