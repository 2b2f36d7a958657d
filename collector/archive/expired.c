#include "collector/archive/expired.h"

#include "collector/archive/archive.h"
#include "collector/archive/days.h"
#include "collector/store/retention.h"
#include "collector/store/source.h"

#define MEMORY_MAX (32u << 20)

/* What is the same for all tenants and sources. */
struct expiry {
	struct store *store;
	const char *folder;
	const struct halt *halt;
	int64_t now_ns;
	int64_t events; /* archived so far */
};

/* source NULL: all of them at once, so that a day can go as a partition. */
static int archive_source(struct expiry *expiry, int64_t tenant, const char *source, int64_t until_ns,
			  struct err *err)
{
	const struct archive_conf conf = { .folder = expiry->folder,
					   .tenant = tenant,
					   .source = source,
					   .from_ns = INT64_MIN / 2 / DAY_NS * DAY_NS,
					   .until_ns = until_ns,
					   .drop = true,
					   .spare_restored = true,
					   .halt = expiry->halt };
	struct archive_done *done;
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, MEMORY_MAX);
	if (archive_run(expiry->store, &conf, &arena, &done, &count, err) < 0)
		return err_wrap(err, "could not archive what is too old to be kept");
	for (size_t i = 0; i < count; i++)
		expiry->events += done[i].events;
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

static int archive_tenant(struct expiry *expiry, int64_t tenant, const struct retention_row *rows, size_t count,
			  struct err *err)
{
	int64_t end;

	if (common_end(rows, count, expiry->now_ns, &end) && archive_source(expiry, tenant, NULL, end, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].is_archived && archive_source(expiry, tenant, rows[i].source,
							  retention_cutoff(&rows[i], expiry->now_ns), err) < 0)
			return err->code;
	}
	return 0;
}

static int archive_tenants(struct expiry *expiry, struct arena *arena, struct err *err)
{
	int64_t *tenants;
	size_t count;

	if (retention_tenants(expiry->store, arena, &tenants, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		struct retention_row *rows;
		size_t row_count;

		if (retention_list(expiry->store, tenants[i], arena, &rows, &row_count, err) < 0 ||
		    archive_tenant(expiry, tenants[i], rows, row_count, err) < 0)
			return err->code;
	}
	return 0;
}

int expired_archive(struct store *store, const char *folder, const struct halt *halt, int64_t now_ns,
		    int64_t *ret_events, struct err *err)
{
	struct expiry expiry = { .store = store, .folder = folder, .halt = halt, .now_ns = now_ns };
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, MEMORY_MAX);
	code = archive_tenants(&expiry, &arena, err);
	*ret_events = expiry.events;
	return code;
}
