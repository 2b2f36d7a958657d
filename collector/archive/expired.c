#include "collector/archive/expired.h"

#include "collector/archive/archive.h"
#include "collector/archive/days.h"
#include "collector/store/retention.h"
#include "collector/store/source.h"

#define MEMORY_MAX (32u << 20)

/* source NULL: all of them at once, so that a day can go as a partition. */
static int archive_source(struct store *store, const char *folder, int64_t tenant, const char *source,
			  int64_t until_ns, int64_t *events, struct err *err)
{
	const struct archive_conf conf = { .folder = folder,
					   .tenant = tenant,
					   .source = source,
					   .from_ns = INT64_MIN / 2 / DAY_NS * DAY_NS,
					   .until_ns = until_ns,
					   .drop = true,
					   .spare_restored = true };
	struct archive_done *done;
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, MEMORY_MAX);
	if (archive_run(store, &conf, &arena, &done, &count, err) < 0)
		return err_wrap(err, "could not archive what is too old to be kept");
	for (size_t i = 0; i < count; i++)
		*events += done[i].events;
	return 0;
}

/* Until when all sources are to be archived, in *ret; false where one is not. */
static bool common_end(const struct retention_row *rows, size_t count, int64_t now_ns, int64_t *ret)
{
	*ret = INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		int64_t end = retention_cutoff(&rows[i], now_ns);

		if (!rows[i].is_archived)
			return false;
		*ret = end < *ret ? end : *ret;
	}
	return count == SOURCE_COUNT;
}

static int archive_tenant(struct store *store, const char *folder, int64_t tenant, const struct retention_row *rows,
			  size_t count, int64_t now_ns, int64_t *events, struct err *err)
{
	int64_t end;

	if (common_end(rows, count, now_ns, &end) &&
	    archive_source(store, folder, tenant, NULL, end, events, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].is_archived && archive_source(store, folder, tenant, rows[i].source,
							  retention_cutoff(&rows[i], now_ns), events, err) < 0)
			return err->code;
	}
	return 0;
}

int expired_archive(struct store *store, const char *folder, int64_t now_ns, int64_t *ret_events, struct err *err)
{
	int64_t *tenants;
	AUTO_ARENA arena;
	size_t count;

	*ret_events = 0;
	arena_init(&arena, MEMORY_MAX);
	if (retention_tenants(store, &arena, &tenants, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		struct retention_row *rows;
		size_t row_count;

		if (retention_list(store, tenants[i], &arena, &rows, &row_count, err) < 0 ||
		    archive_tenant(store, folder, tenants[i], rows, row_count, now_ns, ret_events, err) < 0)
			return err->code;
	}
	return 0;
}
