#include "base/time.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/archive/archive.h"
#include "collector/archive/days.h"
#include "collector/archive/restore.h"
#include "collector/store/pool.h"
#include "json/json.h"
#include "model/tenant.h"

#define LIMIT_DEFAULT 1000

static void set_optional_time(json_t *json, const char *name, int64_t ns)
{
	if (ns)
		json_set_time(json, name, ns);
}

static json_t *day_json(int64_t day_ns, const char *source, int64_t events)
{
	char day[TIME_TEXT_MAX];

	return json_pack("{s:s%, s:s, s:I}", "day", time_format(day_ns, 0, day), (size_t)10, "source", source,
			 "events", (json_int_t)events);
}

int api_archive(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	size_t limit = (size_t)request_number(request, "limit", LIMIT_DEFAULT), count;
	int64_t tenant = request_number(request, "tenant", TENANT_LOCAL);
	struct archived_day *rows;
	struct store *store;
	json_t *days;
	int code;

	if (pool_take_reading(request->context->pool, tenant, &store, err) < 0)
		return err->code;
	code = archived_days_list(store, tenant, limit + 1, request->arena, &rows, &count, err);
	pool_give(request->context->pool, store);
	if (code < 0)
		return code;
	days = json_array();
	for (size_t i = 0; i < count && i < limit; i++) {
		json_t *json = day_json(rows[i].day_ns, rows[i].source, rows[i].events);

		json_set_time(json, "archived_at", rows[i].archived_ns);
		set_optional_time(json, "dropped_at", rows[i].dropped_ns);
		set_optional_time(json, "restored_at", rows[i].restored_ns);
		set_optional_time(json, "kept_until", rows[i].kept_until_ns);
		json_array_append_new(days, json);
	}
	*ret = json_pack("{s:s, s:o, s:b}", "folder", request->context->archive, "days", days, "more", count > limit);
	return 0;
}

/* The span that both routes take: whole days, until the one that is not over yet. */
static int read_span(const struct request *request, int64_t *from, int64_t *until, struct err *err)
{
	int64_t today = time_now_ns() / DAY_NS * DAY_NS;

	*from = request_number(request, "from", INT64_MIN / DAY_NS / 2 * DAY_NS);
	*until = request_number(request, "until", 0);
	if (!*until)
		return err_set(err, ERR_USAGE, "until is needed: the beginning of the first day that is left alone");
	if (*until > today)
		return err_set(err, ERR_USAGE, "a day that is not over is not archived");
	return 0;
}

/* A file that is damaged is no fault of the request. */
static int settle(int code, struct err *err)
{
	if (code == ERR_SYNTAX)
		err->code = ERR_FAILED;
	return code < 0 ? (int)err->code : 0;
}

int api_archive_run(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct archive_conf conf = { .folder = request->context->archive,
				     .tenant = request_number(request, "tenant", TENANT_LOCAL),
				     .source = request_text(request, "source"),
				     .drop = request_number(request, "drop", 0) };
	struct archive_done *done;
	struct store *store;
	json_t *days;
	size_t count;
	int code;

	if (read_span(request, &conf.from_ns, &conf.until_ns, err) < 0 ||
	    pool_take(request->context->write_pool, &store, err) < 0)
		return err->code;
	code = archive_run(store, &conf, request->arena, &done, &count, err);
	pool_give(request->context->write_pool, store);
	if (code < 0)
		return settle(code, err);
	days = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *json = day_json(done[i].day_ns, done[i].source, done[i].events);

		json_object_set_new(json, "bytes", json_integer(done[i].bytes));
		json_object_set_new(json, "dropped", json_boolean(done[i].is_dropped));
		json_array_append_new(days, json);
	}
	*ret = json_pack("{s:s, s:o}", "folder", conf.folder, "days", days);
	return 0;
}

int api_restore(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct restore_conf conf = { .folder = request->context->archive,
				     .tenant = request_number(request, "tenant", TENANT_LOCAL),
				     .source = request_text(request, "source") };
	struct restore_done *done;
	struct store *store;
	json_t *days;
	size_t count;
	int code;

	conf.kept_until_ns = time_now_ns() + request_number(request, "keep", RESTORE_KEEP_DAYS * DAY_NS);
	if (read_span(request, &conf.from_ns, &conf.until_ns, err) < 0 ||
	    pool_take(request->context->write_pool, &store, err) < 0)
		return err->code;
	code = restore_run(store, &conf, request->arena, &done, &count, err);
	pool_give(request->context->write_pool, store);
	if (code < 0)
		return settle(code, err);
	days = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *json = day_json(done[i].day_ns, done[i].source, done[i].events);

		json_object_set_new(json, "restored", json_integer(done[i].restored));
		json_array_append_new(days, json);
	}
	*ret = json_pack("{s:s, s:o}", "folder", conf.folder, "days", days);
	json_set_time(*ret, "kept_until", conf.kept_until_ns);
	return 0;
}
