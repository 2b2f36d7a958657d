#include "collector/store/partitions.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "store/store.h"

#define DAY_NS	      (INT64_C(86400) * NS_PER_S)
#define STATEMENT_MAX 320

void partitions_init(struct partitions *partitions)
{
	pthread_mutex_init(&partitions->mutex, NULL);
	partitions->count = 0;
	partitions->owner = NULL;
}

void partitions_fini(struct partitions *partitions)
{
	pthread_mutex_destroy(&partitions->mutex);
}

static bool is_known(struct partitions *partitions, int64_t day)
{
	bool is_found = false;

	pthread_mutex_lock(&partitions->mutex);
	for (size_t i = partitions->count; i > 0 && !is_found; i--)
		is_found = partitions->days[i - 1] == day;
	pthread_mutex_unlock(&partitions->mutex);
	return is_found;
}

static void remember(struct partitions *partitions, int64_t day)
{
	pthread_mutex_lock(&partitions->mutex);
	/* The cache holds every day there can be, except over years of running: then it begins anew. */
	if (partitions->count == PARTITION_CACHE_MAX)
		partitions->count = 0;
	partitions->days[partitions->count++] = day;
	pthread_mutex_unlock(&partitions->mutex);
}

/* Only digits of dates go into the texts: a partition's name and bounds cannot be parameters. */
struct day_text {
	char name[PARTITION_NAME_MAX], from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
};

static void day_format(int64_t day, struct day_text *ret)
{
	time_format(day * DAY_NS, 0, ret->from);
	time_format((day + 1) * DAY_NS, 0, ret->until);
	snprintf(ret->name, sizeof(ret->name), "event_%.4s%.2s%.2s", ret->from, ret->from + 5, ret->from + 8);
}

/* One transaction; it waits for every running insert, and new inserts wait for it. Not for long. */
static int run_all(struct store *store, char texts[][STATEMENT_MAX], size_t count, struct err *err)
{
	int code;

	if (store_begin(store, err) < 0)
		return err->code;
	code = store_command(store, "SET LOCAL lock_timeout = '5s'", err);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = store_command(store, texts[i], err);
	if (code == 0)
		return store_commit(store, err);
	store_rollback(store);
	return code;
}

static int create(struct store *store, const struct day_text *day, struct err *err)
{
	char text[1][STATEMENT_MAX];

	snprintf(text[0], STATEMENT_MAX,
		 "CREATE TABLE IF NOT EXISTS %s PARTITION OF event FOR VALUES FROM ('%.10s 00:00:00+00') TO ('%.10s "
		 "00:00:00+00')",
		 day->name, day->from, day->until);
	return run_all(store, text, ARRAY_SIZE(text), err);
}

/* The default partition holds rows of the day, from when it was out of range: they move. */
static int create_from_default(struct store *store, const struct day_text *day, struct err *err)
{
	char texts[4][STATEMENT_MAX];

	snprintf(texts[0], STATEMENT_MAX, "LOCK TABLE event IN ACCESS EXCLUSIVE MODE");
	snprintf(texts[1], STATEMENT_MAX, "CREATE TABLE %s (LIKE event INCLUDING ALL)", day->name);
	snprintf(texts[2], STATEMENT_MAX,
		 "WITH moved AS (DELETE FROM event_default WHERE ts >= '%.10s 00:00:00+00' AND ts < '%.10s "
		 "00:00:00+00' RETURNING *) INSERT INTO %s SELECT * FROM moved",
		 day->from, day->until, day->name);
	snprintf(texts[3], STATEMENT_MAX,
		 "ALTER TABLE event ATTACH PARTITION %s FOR VALUES FROM ('%.10s 00:00:00+00') TO ('%.10s "
		 "00:00:00+00')",
		 day->name, day->from, day->until);
	return run_all(store, texts, ARRAY_SIZE(texts), err);
}

static int make(struct store *store, int64_t day, struct err *err)
{
	struct day_text text;
	int code;

	day_format(day, &text);
	code = create(store, &text, err);
	return code == ERR_SYNTAX ? create_from_default(store, &text, err) : code;
}

int partitions_make(struct store *store, int64_t day_ns, struct err *err)
{
	return make(store, day_ns / DAY_NS - (day_ns % DAY_NS < 0), err);
}

char *partitions_name(int64_t day_ns, char out[PARTITION_NAME_MAX])
{
	struct day_text day;

	day_format(day_ns / DAY_NS - (day_ns % DAY_NS < 0), &day);
	return strcpy(out, day.name);
}

int partitions_drop(struct store *store, const char *name, struct err *err)
{
	char detach[STATEMENT_MAX], drop[STATEMENT_MAX];

	snprintf(detach, sizeof(detach), "ALTER TABLE event DETACH PARTITION %s", name);
	snprintf(drop, sizeof(drop), "DROP TABLE %s", name);
	if (store_command(store, "SET LOCAL lock_timeout = '5s'", err) < 0 || store_command(store, detach, err) < 0)
		return err->code;
	return store_command(store, drop, err);
}

/* Writers may not: a connection of the owner is made for it, a few times a day. */
static int make_as_owner(const char *conninfo, int64_t day, struct err *err)
{
	struct store *store;
	int code;

	if (store_open(conninfo, &store, err) < 0)
		return err->code;
	code = make(store, day, err);
	store_close(store);
	return code;
}

int partitions_ensure(struct partitions *partitions, struct store *store, int64_t time_ns, int64_t now_ns,
		      int64_t days_back, struct err *err)
{
	int64_t day = time_ns / DAY_NS - (time_ns % DAY_NS < 0), today = now_ns / DAY_NS;
	struct err reason = { 0 };
	int code;

	if (day < today - days_back || day > today + PARTITION_AHEAD || is_known(partitions, day))
		return 0;
	code = partitions->owner ? make_as_owner(partitions->owner, day, &reason) : make(store, day, &reason);
	if (code == ERR_UNREACHABLE)
		return err_set(err, ERR_UNREACHABLE, "%s", reason.message);
	/* Also when it failed: a batch must not wait for it again and again; upkeep tries with a memory of its own. */
	remember(partitions, day);
	return 0;
}

int partitions_ensure_ahead(struct partitions *partitions, struct store *store, int64_t now_ns, struct err *err)
{
	for (int i = 0; i <= PARTITION_AHEAD; i++) {
		if (partitions_ensure(partitions, store, now_ns + i * DAY_NS, now_ns, PARTITION_AGENT_DAYS, err) < 0)
			return err->code;
	}
	return 0;
}
