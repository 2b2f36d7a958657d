#include "collector/store/query.h"

#include "base/time.h"
#include "collector/store/sql.h"
#include "collector/store/stored_event.h"

static const struct column alert_columns[] = {
	COLUMN(alert_row, id, TEXT),
	COLUMN(alert_row, event_id, UUID),
	COLUMN(alert_row, time_ns, TIME),
	COLUMN(alert_row, rule, TEXT),
	COLUMN(alert_row, rule_version, TEXT),
	COLUMN(alert_row, source, TEXT),
	COLUMN(alert_row, output, TEXT),
	COLUMN(alert_row, priority, ENUM),
	COLUMN(alert_row, tags_json, JSON),
	COLUMN(alert_row, fields_json, JSON),
	COLUMN(alert_row, task_id, INT),
	COLUMN(alert_row, cluster_id, INT),
	COLUMN(alert_row, actor_id, INT),
	COLUMN(alert_row, container_id, INT),
	COLUMN(alert_row, policies_json, JSON),
	COLUMN(alert_row, severity, ENUM),
	COLUMN(alert_row, responses_json, JSON),
};
static const struct row_shape alert_shape = ROW_SHAPE(alert_row, alert_columns);

static void set_time(struct params *params, size_t index, int64_t ns)
{
	if (ns)
		params_time(params, index, ns);
}

int query_alerts(struct store *store, int64_t tenant, const struct alert_filter *filter, struct arena *arena,
		 struct alert_row **ret, size_t *ret_count, bool *ret_more, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ALERTS]);
	params_int(&params, 0, tenant);
	set_time(&params, 1, filter->since_ns);
	set_time(&params, 2, filter->until_ns);
	params_text(&params, 3, filter->id_prefix);
	params_text(&params, 4, filter->rule);
	params_int(&params, 5, filter->priority_max);
	params_id(&params, 6, filter->task_id);
	params_id(&params, 7, filter->cluster_id);
	params_id(&params, 8, filter->actor_id);
	params_uuid(&params, 9, filter->event_id);
	params_int(&params, 10, (int64_t)filter->limit + 1);
	if (store_read(store, &params, &alert_shape, arena, ret, ret_count, err) < 0)
		return err->code;
	*ret_more = *ret_count > filter->limit;
	if (*ret_more)
		*ret_count = filter->limit;
	return 0;
}

/* An event's id begins with its time in milliseconds: only that day's partition is looked into. */
static void set_event_id(struct params *params, const struct event_filter *filter)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | filter->event_id[i];
	params_uuid(params, 5, filter->event_id);
	/* A time before 1970 wraps around in 48 bits; such an event is looked for everywhere. */
	if (!filter->since_ns && !filter->until_ns && ms < INT64_MAX / NS_PER_MS - 1) {
		params_time(params, 1, ms * NS_PER_MS);
		params_time(params, 2, (ms + 1) * NS_PER_MS);
	}
}

static int decode_events(const struct stored_event *stored, size_t count, struct arena *arena, struct event_row **ret,
			 struct err *err)
{
	struct event_row *rows = arena_array(arena, struct event_row, count + 1);

	if (!rows)
		return err_set(err, ERR_MEMORY, "no room for %zu events", count);
	for (size_t i = 0; i < count; i++) {
		if (stored_event_decode(&stored[i], arena, &rows[i], err) < 0)
			return err->code;
	}
	*ret = rows;
	return 0;
}

int query_events(struct store *store, int64_t tenant, const struct event_filter *filter, struct arena *arena,
		 struct event_row **ret, size_t *ret_count, bool *ret_more, struct err *err)
{
	struct stored_event *stored;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[filter->is_newest_first ? SQL_EVENTS_NEWEST : SQL_EVENTS]);
	params_int(&params, 0, tenant);
	set_time(&params, 1, filter->since_ns);
	set_time(&params, 2, filter->until_ns);
	params_id(&params, 3, filter->task_id);
	params_id(&params, 4, filter->actor_id);
	if (filter->is_newest_first)
		params_uuid(&params, 5, filter->before_id);
	else if (filter->event_id)
		set_event_id(&params, filter);
	params_int(&params, 6, (int64_t)filter->limit + 1);
	if (stored_events_read(store, tenant, &params, arena, &stored, ret_count, err) < 0)
		return err->code;
	*ret_more = *ret_count > filter->limit;
	if (*ret_more)
		*ret_count = filter->limit;
	return decode_events(stored, *ret_count, arena, ret, err);
}
