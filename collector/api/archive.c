#include "base/time.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/archive/archive.h"
#include "collector/archive/days.h"
#include "collector/archive/restore.h"
#include "collector/store/halt.h"
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

/* What archiving and restoring are asked for in the same way. */
struct job {
	const struct request *request;
	const char *folder, *source;
	int64_t tenant;
	int64_t from_ns, until_ns; /* whole days, until the one that is not over yet */
	int64_t kept_until_ns;	   /* of what is restored */
};

/* Does it, and appends what was done of each day. */
typedef int job_fn(const struct job *job, struct store *store, json_t *days, struct err *err);

static int read_job(const struct request *request, struct job *ret, struct err *err)
{
	int64_t now = time_now_ns();

	*ret = (struct job){ .request = request,
			     .folder = request->context->archive,
			     .source = request_text(request, "source"),
			     .tenant = request_number(request, "tenant", TENANT_LOCAL),
			     .from_ns = request_number(request, "from", INT64_MIN / DAY_NS / 2 * DAY_NS),
			     .until_ns = request_number(request, "until", 0) };
	if (!ret->until_ns)
		return err_set(err, ERR_USAGE, "until is needed: the beginning of the first day that is left alone");
	if (ret->until_ns > now / DAY_NS * DAY_NS)
		return err_set(err, ERR_USAGE, "a day that is not over is not archived");
	ret->kept_until_ns = now + request_number(request, "keep", RESTORE_KEEP_DAYS * DAY_NS);
	return 0;
}

static int do_job(const struct job *job, job_fn *work, json_t *days, struct err *err)
{
	struct pool *pool = job->request->context->write_pool;
	struct halt *halt = job->request->context->halt;
	struct halt_work *entered;
	struct store *store;
	int code;

	if (pool_take(pool, &store, err) < 0)
		return err->code;
	code = halt_enter(halt, store, &entered, err);
	if (code == 0)
		code = work(job, store, days, err);
	halt_leave(halt, entered);
	pool_give(pool, store);
	/* What was broken off says so, and not how. */
	if (code < 0 && halt_check(halt, err) < 0)
		return err->code;
	/* A file that is damaged is no fault of the request. */
	if (code == ERR_SYNTAX)
		err->code = ERR_FAILED;
	return code < 0 ? (int)err->code : 0;
}

static int answer(const struct request *request, job_fn *work, struct job *job, json_t **ret, struct err *err)
{
	AUTO_JSON days = json_array();

	if (read_job(request, job, err) < 0 || do_job(job, work, days, err) < 0)
		return err->code;
	*ret = json_pack("{s:s, s:O}", "folder", job->folder, "days", days);
	return 0;
}

static int archive_days(const struct job *job, struct store *store, json_t *days, struct err *err)
{
	const struct archive_conf conf = { .folder = job->folder,
					   .tenant = job->tenant,
					   .source = job->source,
					   .from_ns = job->from_ns,
					   .until_ns = job->until_ns,
					   .drop = request_number(job->request, "drop", 0),
					   .halt = job->request->context->halt };
	struct archive_done *done;
	size_t count;

	if (archive_run(store, &conf, job->request->arena, &done, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		json_t *json = day_json(done[i].day_ns, done[i].source, done[i].events);

		json_object_set_new(json, "bytes", json_integer(done[i].bytes));
		json_object_set_new(json, "dropped", json_boolean(done[i].is_dropped));
		json_array_append_new(days, json);
	}
	return 0;
}

static int restore_days(const struct job *job, struct store *store, json_t *days, struct err *err)
{
	const struct restore_conf conf = { .folder = job->folder,
					   .tenant = job->tenant,
					   .source = job->source,
					   .from_ns = job->from_ns,
					   .until_ns = job->until_ns,
					   .kept_until_ns = job->kept_until_ns,
					   .halt = job->request->context->halt };
	struct restore_done *done;
	size_t count;

	if (restore_run(store, &conf, job->request->arena, &done, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		json_t *json = day_json(done[i].day_ns, done[i].source, done[i].events);

		json_object_set_new(json, "restored", json_integer(done[i].restored));
		json_array_append_new(days, json);
	}
	return 0;
}

int api_archive_run(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct job job;

	return answer(request, archive_days, &job, ret, err);
}

int api_restore(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct job job;

	if (answer(request, restore_days, &job, ret, err) < 0)
		return err->code;
	json_set_time(*ret, "kept_until", job.kept_until_ns);
	return 0;
}
