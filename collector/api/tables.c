#include "collector/api/tables.h"

#include <string.h>

#include "collector/store/sql.h"

static const struct column columns[] = {
	COLUMN(table_size, name, TEXT), COLUMN(table_size, rows, INT),	COLUMN(table_size, bytes, INT),
	COLUMN(table_size, days, INT),	COLUMN(table_size, ahead, INT), COLUMN(table_size, in_default, INT),
};
static const struct row_shape shape = ROW_SHAPE(table_size, columns);

int tables_read(struct store *store, struct arena *arena, struct table_size **ret, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_STATUS_TABLES]);
	return store_read(store, &params, &shape, arena, ret, ret_count, err);
}

const struct table_size *tables_event(const struct table_size *tables, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(tables[i].name, "event") == 0)
			return &tables[i];
	}
	return NULL;
}
