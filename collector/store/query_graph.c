#include "collector/store/query.h"
#include "collector/store/sql.h"

/* Greater than every valid UTF-8 text that goes on after a prefix. */
#define AFTER_ALL "\xf4\x8f\xbf\xbf"

struct named_row {
	struct entity_row entity;
	const char *kind;
};
static const struct column entity_columns[] = {
	COLUMN(named_row, entity.id, INT),	   COLUMN(named_row, kind, TEXT),
	COLUMN(named_row, entity.key, TEXT),	   COLUMN(named_row, entity.first_seen, TIME),
	COLUMN(named_row, entity.last_seen, TIME),
};
static const struct row_shape entity_shape = ROW_SHAPE(named_row, entity_columns);

static const struct column fact_columns[] = {
	COLUMN(fact_row, entity, INT), COLUMN(fact_row, fact, TEXT),	 COLUMN(fact_row, value, TEXT),
	COLUMN(fact_row, at, TIME),    COLUMN(fact_row, event_id, UUID),
};
static const struct row_shape fact_shape = ROW_SHAPE(fact_row, fact_columns);

static const struct column assertion_columns[] = {
	COLUMN(assertion_row, from, INT),	  COLUMN(assertion_row, to, INT),
	COLUMN(assertion_row, relation, TEXT),	  COLUMN(assertion_row, method, TEXT),
	COLUMN(assertion_row, detail, TEXT),	  COLUMN(assertion_row, strength, ENUM),
	COLUMN(assertion_row, confidence, FLOAT), COLUMN(assertion_row, at, TIME),
	COLUMN(assertion_row, event_id, UUID),
};
static const struct row_shape assertion_shape = ROW_SHAPE(assertion_row, assertion_columns);

static const struct column mark_columns[] = {
	COLUMN(mark_row, source, TEXT), COLUMN(mark_row, reason, TEXT), COLUMN(mark_row, event_id, UUID),
	COLUMN(mark_row, at, TIME),	COLUMN(mark_row, blind, BOOL),
};
static const struct row_shape mark_shape = ROW_SHAPE(mark_row, mark_columns);

static const struct column watermark_columns[] = { COLUMN(watermark_row, source, TEXT),
						   COLUMN(watermark_row, newest, TIME) };
static const struct row_shape watermark_shape = ROW_SHAPE(watermark_row, watermark_columns);

static void init_for_ids(struct params *params, enum sql_id id, int64_t tenant, const int64_t *ids, size_t count)
{
	params_init(params, &sql_statements[id]);
	params_int(params, 0, tenant);
	for (size_t i = 0; i < count; i++)
		params_int(params, 1, ids[i]);
}

static int read_entities(struct store *store, const struct params *params, struct arena *arena,
			 struct entity_row **ret, size_t *ret_count, struct err *err)
{
	struct entity_row *entities;
	struct named_row *rows;

	if (store_read(store, params, &entity_shape, arena, &rows, ret_count, err) < 0)
		return err->code;
	entities = arena_array(arena, struct entity_row, *ret_count + 1);
	if (!entities)
		return err_set(err, ERR_MEMORY, "no room for %zu entities", *ret_count);
	for (size_t i = 0; i < *ret_count; i++) {
		int kind = entity_kind_find(rows[i].kind);

		if (kind < 0)
			return err_set(err, ERR_FAILED, "entity %lld has unrecognized kind \"%s\"",
				       (long long)rows[i].entity.id, rows[i].kind);
		entities[i] = rows[i].entity;
		entities[i].kind = (enum entity_kind)kind;
	}
	*ret = entities;
	return 0;
}

int query_entities(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, struct arena *arena,
		   struct entity_row **ret, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	init_for_ids(&params, SQL_ENTITIES, tenant, ids, id_count);
	return read_entities(store, &params, arena, ret, ret_count, err);
}

int query_entities_named(struct store *store, int64_t tenant, int kind, const char *text, bool is_prefix,
			 size_t limit, struct arena *arena, struct entity_row **ret, size_t *ret_count,
			 struct err *err)
{
	char *after = arena_printf(arena, "%s" AFTER_ALL, text);
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ENTITIES_NAMED]);
	if (!after)
		return err_set(err, ERR_MEMORY, "out of memory");
	params_int(&params, 0, tenant);
	for (int i = 0; i < ENTITY_KIND_COUNT; i++) {
		if (kind < 0 || kind == i)
			params_text(&params, 1, entity_kind_name((enum entity_kind)i));
	}
	params_key(&params, 2, text);
	params_text(&params, 3, after);
	params_bool(&params, 4, is_prefix);
	params_int(&params, 5, (int64_t)limit);
	return read_entities(store, &params, arena, ret, ret_count, err);
}

int query_facts(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, struct arena *arena,
		struct fact_row **ret, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	init_for_ids(&params, SQL_FACTS, tenant, ids, id_count);
	return store_read(store, &params, &fact_shape, arena, ret, ret_count, err);
}

/* params has the statement, the tenant and the entities. */
static int read_assertions(struct store *store, struct params *params, const struct assertion_filter *filter,
			   struct arena *arena, struct assertion_row **ret, size_t *ret_count, struct err *err)
{
	if (filter->since_ns)
		params_time(params, 2, filter->since_ns);
	if (filter->until_ns)
		params_time(params, 3, filter->until_ns);
	params_int(params, 4, (int64_t)filter->limit + 1);
	return store_read(store, params, &assertion_shape, arena, ret, ret_count, err);
}

int query_assertions(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, int64_t since_ns,
		     int64_t until_ns, size_t limit, struct arena *arena, struct assertion_row **ret,
		     size_t *ret_count, bool *ret_more, struct err *err)
{
	const struct assertion_filter filter = { since_ns, until_ns, limit };
	AUTO_PARAMS params;

	init_for_ids(&params, SQL_ASSERTIONS, tenant, ids, id_count);
	if (read_assertions(store, &params, &filter, arena, ret, ret_count, err) < 0)
		return err->code;
	*ret_more = *ret_count > limit;
	if (*ret_more)
		*ret_count = limit;
	return 0;
}

int query_deeds(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count,
		const struct assertion_filter *filter, struct arena *arena, struct assertion_row **ret,
		size_t *ret_count, bool *ret_more, struct err *err)
{
	AUTO_PARAMS params;

	init_for_ids(&params, SQL_DEEDS, tenant, ids, id_count);
	if (read_assertions(store, &params, filter, arena, ret, ret_count, err) < 0)
		return err->code;
	*ret_more = *ret_count > filter->limit;
	if (*ret_more)
		*ret_count = filter->limit;
	return 0;
}

int query_marks(struct store *store, int64_t tenant, const char *prefix, struct arena *arena, struct mark_row **ret,
		size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_MARKS]);
	params_int(&params, 0, tenant);
	params_text(&params, 1, prefix);
	return store_read(store, &params, &mark_shape, arena, ret, ret_count, err);
}

int query_watermarks(struct store *store, int64_t tenant, struct arena *arena, struct watermark_row **ret,
		     size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_WATERMARKS]);
	params_int(&params, 0, tenant);
	return store_read(store, &params, &watermark_shape, arena, ret, ret_count, err);
}
