#include "collector/store/derived_rows.h"

#include <stdlib.h>
#include <string.h>

#include "collector/store/alert_rows.h"
#include "collector/store/sql.h"
#include "json/json.h"

#define SCRATCH_MAX (64u << 20)

static const struct {
	enum sql_id write, clear;
} tables[DERIVED_TABLE_COUNT] = {
	[DERIVED_ENTITY] = { SQL_ENTITY_UPSERT, SQL_REBUILD_CLEAR_ENTITY },
	[DERIVED_FACT] = { SQL_FACT_UPSERT, SQL_REBUILD_CLEAR_FACT },
	[DERIVED_ALIAS] = { SQL_ALIAS_UPSERT, SQL_REBUILD_CLEAR_ALIAS },
	[DERIVED_ASSERTION] = { SQL_ASSERTION_INSERT, SQL_REBUILD_CLEAR_ASSERTION },
	[DERIVED_MARK] = { SQL_MARK_INSERT, SQL_REBUILD_CLEAR_MARK },
	[DERIVED_WATERMARK] = { SQL_WATERMARK_UPSERT, SQL_REBUILD_CLEAR_WATERMARK },
	[DERIVED_ALERT] = { SQL_ALERT_INSERT, SQL_REBUILD_CLEAR_ALERT },
	[DERIVED_SCAN] = { SQL_SCAN_INSERT, SQL_REBUILD_CLEAR_SCAN },
};

static void begin_table(struct derived_rows *rows, size_t table)
{
	params_init(&rows->tables[table], &sql_statements[tables[table].write]);
	params_int(&rows->tables[table], 0, rows->tenant);
}

int derived_rows_init(struct derived_rows *rows, int64_t tenant, struct err *err)
{
	*rows = (struct derived_rows){ .tenant = tenant, .derived = malloc(sizeof(*rows->derived)) };
	arena_init(&rows->scratch, SCRATCH_MAX);
	for (size_t i = 0; i < DERIVED_TABLE_COUNT; i++)
		begin_table(rows, i);
	if (!rows->derived)
		return err_set(err, ERR_MEMORY, "out of memory");
	return 0;
}

void derived_rows_fini(struct derived_rows *rows)
{
	for (size_t i = 0; i < DERIVED_TABLE_COUNT; i++)
		params_fini(&rows->tables[i]);
	arena_fini(&rows->scratch);
	free(rows->derived);
	rows->derived = NULL;
	free(rows->source);
	rows->source = NULL;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static void add_entities(struct derived_rows *rows, int64_t at)
{
	const struct derived *derived = rows->derived;
	struct params *entity = &rows->tables[DERIVED_ENTITY], *alias = &rows->tables[DERIVED_ALIAS];

	for (size_t i = 0; i < derived->entity_count; i++) {
		params_int(entity, 1, derived->entities[i].id);
		params_text(entity, 2, entity_kind_name(derived->entities[i].kind));
		params_key(entity, 3, derived->entities[i].key);
		params_time(entity, 4, at);
	}
	for (size_t i = 0; i < derived->alias_count; i++) {
		params_text(alias, 1, entity_kind_name(derived->aliases[i].kind));
		params_key(alias, 2, derived->aliases[i].alias);
		params_int(alias, 3, derived->aliases[i].entity);
		params_time(alias, 4, at);
	}
}

static void add_facts(struct derived_rows *rows, const uint8_t *event, int64_t at)
{
	const struct derived *derived = rows->derived;
	struct params *fact = &rows->tables[DERIVED_FACT], *mark = &rows->tables[DERIVED_MARK];

	for (size_t i = 0; i < derived->fact_count; i++) {
		params_int(fact, 1, derived->facts[i].entity);
		params_key(fact, 2, derived->facts[i].fact);
		params_text(fact, 3, text_or_empty(derived->facts[i].value));
		params_time(fact, 4, at);
		params_uuid(fact, 5, event);
	}
	for (size_t i = 0; i < derived->mark_count; i++) {
		params_key(mark, 1, derived->marks[i].source);
		params_uuid(mark, 2, event);
		params_time(mark, 3, at);
		params_bool(mark, 4, derived->marks[i].blind);
		params_text(mark, 5, text_or_empty(derived->marks[i].reason));
	}
}

static void add_assertions(struct derived_rows *rows, const uint8_t *event, int64_t at)
{
	struct params *params = &rows->tables[DERIVED_ASSERTION];

	for (size_t i = 0; i < rows->derived->assertion_count; i++) {
		const struct derived_assertion *assertion = &rows->derived->assertions[i];

		params_int(params, 1, assertion->from);
		params_key(params, 2, assertion->relation);
		params_int(params, 3, assertion->to);
		params_text(params, 4, link_methods[assertion->method].method);
		params_uuid(params, 5, event);
		params_int(params, 6, assertion->strength);
		params_float(params, 7, assertion->confidence);
		params_time(params, 8, at);
		params_text(params, 9, text_or_empty(assertion->detail));
	}
}

static void add_scan(struct derived_rows *rows, const struct derive_input *input)
{
	struct params *params = &rows->tables[DERIVED_SCAN];
	AUTO_JSON scan = NULL;

	if (json_parse("scan", input->scan_json, input->scan_json_length, &scan, NULL) < 0)
		return;
	params_uuid(params, 1, input->event_id);
	params_time(params, 2, input->event->time_ns);
	params_text(params, 3, text_or_empty(json_text(scan, "reference")));
	params_text(params, 4, text_or_empty(json_text(scan, "config_digest")));
	params_int(params, 5, (int64_t)json_array_size(json_object_get(scan, "findings")));
}

int derived_rows_derive(struct derived_rows *rows, const struct derive_input *input, struct err *err)
{
	int code;

	arena_reset(&rows->scratch);
	code = derive_event(input, &rows->scratch, rows->derived, err);
	if (code != ERR_SYNTAX)
		return code;
	rows->underived++;
	memset(rows->derived, 0, sizeof(*rows->derived));
	return 0;
}

static void add_watermark(struct derived_rows *rows, const char *source, int64_t at)
{
	params_key(&rows->tables[DERIVED_WATERMARK], 1, source);
	params_time(&rows->tables[DERIVED_WATERMARK], 2, at);
}

static void settle_watermark(struct derived_rows *rows)
{
	if (rows->source)
		add_watermark(rows, rows->source, rows->source_at);
	free(rows->source);
	rows->source = NULL;
}

/* Event after event has the same source: its highest time is one row, not as many as there are events. */
static void raise_watermark(struct derived_rows *rows, const char *source, int64_t at)
{
	if (rows->source && strcmp(rows->source, source) == 0) {
		rows->source_at = at > rows->source_at ? at : rows->source_at;
		return;
	}
	settle_watermark(rows);
	rows->source = strdup(source);
	rows->source_at = at;
	if (!rows->source)
		add_watermark(rows, source, at);
}

void derived_rows_gather(struct derived_rows *rows, const struct derive_input *input)
{
	int64_t at = input->event->time_ns;

	add_entities(rows, at);
	add_facts(rows, input->event_id, at);
	add_assertions(rows, input->event_id, at);
	alert_rows_add(&rows->tables[DERIVED_ALERT], input, rows->derived);
	if (rows->derived->watermark)
		raise_watermark(rows, rows->derived->watermark, at);
	if (input->scan_json)
		add_scan(rows, input);
}

int derived_rows_add(struct derived_rows *rows, const struct derive_input *input, struct err *err)
{
	if (derived_rows_derive(rows, input, err) < 0)
		return err->code;
	derived_rows_gather(rows, input);
	return 0;
}

void derived_rows_join(struct derived_rows *rows, const struct derived_rows *from)
{
	for (size_t i = 0; i < DERIVED_TABLE_COUNT; i++)
		params_join(&rows->tables[i], &from->tables[i]);
	if (from->source)
		add_watermark(rows, from->source, from->source_at);
	rows->underived += from->underived;
}

/* The tenant, the first parameter, is there in any case. */
static bool has_rows(const struct params *table)
{
	return table->items[1].count > 0;
}

bool derived_rows_is_full(const struct derived_rows *rows)
{
	size_t size = 0;

	for (size_t i = 0; i < DERIVED_TABLE_COUNT; i++) {
		for (size_t j = 0; has_rows(&rows->tables[i]) && j < rows->tables[i].count; j++)
			size += rows->tables[i].items[j].data.length;
	}
	return size > DERIVED_FLUSH_SIZE;
}

int derived_rows_write(struct derived_rows *rows, struct store *store, struct err *err)
{
	settle_watermark(rows);
	for (size_t i = 0; i < DERIVED_TABLE_COUNT; i++) {
		if (has_rows(&rows->tables[i]) && store_run(store, &rows->tables[i], NULL, err) < 0)
			return err->code;
		params_fini(&rows->tables[i]);
		begin_table(rows, i);
	}
	return 0;
}

int derived_rows_clear(int64_t tenant, struct store *store, struct err *err)
{
	for (size_t i = 0; i < DERIVED_TABLE_COUNT; i++) {
		AUTO_PARAMS params;

		params_init(&params, &sql_statements[tables[i].clear]);
		params_int(&params, 0, tenant);
		if (store_run(store, &params, NULL, err) < 0)
			return err->code;
	}
	return 0;
}
