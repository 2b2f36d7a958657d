#include "collector/store/thin.h"

#include "collector/store/sql.h"
#include "model/batch.h"

#define STREAMS_MEMORY (16u << 20)

struct tenant_row {
	int64_t tenant;
};
static const struct column tenant_columns[] = { COLUMN(tenant_row, tenant, INT) };
static const struct row_shape tenant_shape = ROW_SHAPE(tenant_row, tenant_columns);

struct stream_row {
	uint8_t id[STREAM_ID_SIZE];
};
static const struct column stream_columns[] = { COLUMN(stream_row, id, UUID) };
static const struct row_shape stream_shape = ROW_SHAPE(stream_row, stream_columns);

struct stream_key {
	int64_t tenant;
	const uint8_t *stream;
	int64_t before_ns;
};

static int run(struct store *store, enum sql_id id, const struct stream_key *key, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[id]);
	params_int(&params, 0, key->tenant);
	params_uuid(&params, 1, key->stream);
	if (params.count > 2)
		params_time(&params, 2, key->before_ns);
	return store_run(store, &params, ret_count, err);
}

/* The lock comes first: whoever claims a batch of the stream waits, and then looks at what is there after us. */
static int thin_stream(struct store *store, const struct stream_key *key, int64_t *rows, struct err *err)
{
	size_t count;

	if (store_begin(store, err) < 0)
		return err->code;
	if (run(store, SQL_THIN_LOCK, key, NULL, err) < 0 || run(store, SQL_THIN_NOTE, key, NULL, err) < 0 ||
	    run(store, SQL_THIN_DELETE, key, &count, err) < 0 || store_commit(store, err) < 0) {
		store_rollback(store);
		return err->code;
	}
	*rows += (int64_t)count;
	return 0;
}

static int thin_tenant(struct store *store, int64_t tenant, int64_t before_ns, int64_t rows_min, int64_t *rows,
		       struct err *err)
{
	struct stream_row *streams;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, STREAMS_MEMORY);
	params_init(&params, &sql_statements[SQL_THIN_STREAMS]);
	params_int(&params, 0, tenant);
	params_time(&params, 1, before_ns);
	params_int(&params, 2, rows_min);
	if (store_read(store, &params, &stream_shape, &arena, &streams, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		const struct stream_key key = { tenant, streams[i].id, before_ns };

		if (thin_stream(store, &key, rows, err) < 0)
			return err->code;
	}
	return 0;
}

int thin_batches(struct store *store, int64_t before_ns, int64_t rows_min, int64_t *ret_rows, struct err *err)
{
	struct tenant_row *tenants;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t count;

	*ret_rows = 0;
	arena_init(&arena, STREAMS_MEMORY);
	params_init(&params, &sql_statements[SQL_TENANTS]);
	if (store_read(store, &params, &tenant_shape, &arena, &tenants, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (thin_tenant(store, tenants[i].tenant, before_ns, rows_min, ret_rows, err) < 0)
			return err->code;
	}
	return 0;
}
