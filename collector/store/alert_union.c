#include "collector/store/alert_union.h"

#include <stdlib.h>
#include <string.h>

#include "collector/store/sql.h"
#include "wire/wire.h"

#define UNION_MAX  (32u << 20)
#define ALERTS_MAX 1024 /* of one event, over all rules that ever saw it */

struct locked_row {
	uint8_t event_id[EVENT_ID_SIZE];
	int64_t ts;
	struct store_bytes raw;
};
static const struct column locked_columns[] = {
	COLUMN(locked_row, event_id, UUID),
	COLUMN(locked_row, ts, TIME),
	COLUMN(locked_row, raw, BYTES),
};
static const struct row_shape locked_shape = ROW_SHAPE(locked_row, locked_columns);

static int compare(const void *left, const void *right)
{
	const struct alert *a = left, *b = right;
	int order = strcmp(a->rule, b->rule);

	return order ? order : strcmp(a->rule_version, b->rule_version);
}

static bool has_alert(const struct event *event, const struct alert *alert)
{
	for (size_t i = 0; i < event->alert_count; i++) {
		if (compare(&event->alerts[i], alert) == 0)
			return true;
	}
	return false;
}

/* Returns how many were added. */
static int unite(struct event *event, const struct event *again, struct arena *arena, struct err *err)
{
	struct alert *alerts = arena_array(arena, struct alert, event->alert_count + again->alert_count);
	size_t count = event->alert_count;

	if (!alerts)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (count)
		memcpy(alerts, event->alerts, count * sizeof(*alerts));
	for (size_t i = 0; i < again->alert_count && count < ALERTS_MAX; i++) {
		if (!has_alert(event, &again->alerts[i]))
			alerts[count++] = again->alerts[i];
	}
	if (count == event->alert_count)
		return 0;
	qsort(alerts, count, sizeof(*alerts), compare);
	event->alerts = alerts;
	event->alert_count = count;
	event->encoded = NULL;
	event->encoded_size = 0;
	return 1;
}

static int replace(struct store *store, int64_t tenant, const struct locked_row *row, const struct event *event,
		   struct err *err)
{
	AUTO_STRBUF raw = STRBUF_INIT;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_EVENT_REPLACE]);
	if (wire_event_encode(event, &raw, err) < 0)
		return err->code;
	params_int(&params, 0, tenant);
	params_uuid(&params, 1, row->event_id);
	params_time(&params, 2, row->ts);
	params_bytes(&params, 3, raw.data, raw.length);
	return store_run(store, &params, NULL, err);
}

int alert_union_store(struct store *store, int64_t tenant, const uint8_t id[EVENT_ID_SIZE], const struct event *again,
		      struct err *err)
{
	struct locked_row *row;
	struct event event;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t count;
	int code;

	arena_init(&arena, UNION_MAX);
	params_init(&params, &sql_statements[SQL_EVENT_LOCK]);
	params_int(&params, 0, tenant);
	params_uuid(&params, 1, id);
	params_time(&params, 2, again->time_ns);
	if (store_read(store, &params, &locked_shape, &arena, &row, &count, err) < 0)
		return err->code;
	if (count == 0)
		return 0;
	if (wire_event_decode(row->raw.data, row->raw.length, &arena, &event, err) < 0)
		return err->code;
	code = unite(&event, again, &arena, err);
	return code > 0 ? replace(store, tenant, row, &event, err) : code;
}
