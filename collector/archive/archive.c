#include "collector/archive/archive.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/archive/days.h"
#include "collector/archive/part.h"
#include "collector/store/halt.h"
#include "collector/store/partitions.h"
#include "collector/store/retention.h"
#include "collector/store/source.h"
#include "collector/store/sql.h"

#define STATEMENT_MAX 128
#define SCRATCH_MAX   (16u << 20)

struct look_row {
	int64_t events, oldest_ns, newest_ns;
	const char *digest;
};
static const struct column look_columns[] = {
	COLUMN(look_row, events, INT),
	COLUMN(look_row, oldest_ns, TIME),
	COLUMN(look_row, newest_ns, TIME),
	COLUMN(look_row, digest, TEXT),
};
static const struct row_shape look_shape = ROW_SHAPE(look_row, look_columns);

struct bool_row {
	bool is_true;
};
static const struct column bool_columns[] = { COLUMN(bool_row, is_true, BOOL) };
static const struct row_shape bool_shape = ROW_SHAPE(bool_row, bool_columns);

struct run {
	struct store *store;
	const struct archive_conf *conf;
	struct arena *arena;   /* of the caller */
	struct arena *scratch; /* of one unit */
	const char *schema;
};

static void set_unit(struct params *params, const struct archive_unit *unit)
{
	params_int(params, 0, unit->tenant);
	params_time(params, 1, unit->day_ns);
	params_time(params, 2, unit->day_ns + DAY_NS);
	source_add_kinds(unit->source, params, 3);
}

static int look(const struct run *run, const struct archive_unit *unit, struct look_row **ret, struct err *err)
{
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_ARCHIVE_LOOK]);
	set_unit(&params, unit);
	return store_read(run->store, &params, &look_shape, run->scratch, ret, &count, err);
}

static int ask(const struct run *run, const struct params *params, bool *ret, struct err *err)
{
	struct bool_row *row;
	size_t count;

	if (store_read(run->store, params, &bool_shape, run->scratch, &row, &count, err) < 0)
		return err->code;
	*ret = row->is_true;
	return 0;
}

static bool same_content(const struct archive_part *a, const struct archive_part *b)
{
	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++) {
		if (strcmp(a->files[table].content, b->files[table].content) != 0)
			return false;
	}
	return true;
}

static int64_t part_bytes(const struct archive_part *part)
{
	return part->files[ARCHIVE_EVENT].bytes + part->files[ARCHIVE_ORIGIN].bytes;
}

/* The files of the newest part: kept where they are right, replaced by those just written where the disk spoilt them. */
static int keep_part(const struct run *run, struct manifest *manifest, const struct archive_part *fresh,
		     int64_t *ret_bytes, struct err *err)
{
	size_t last = manifest->part_count;
	struct err reason = { 0 };

	if (part_check(run->conf->folder, &manifest->unit, last, &manifest->parts[last - 1], run->conf->halt,
		       &reason) == 0) {
		part_remove(run->conf->folder, &manifest->unit, last + 1);
		return 0;
	}
	if (part_check(run->conf->folder, &manifest->unit, last + 1, fresh, run->conf->halt, err) < 0 ||
	    part_move(run->conf->folder, &manifest->unit, last + 1, last, err) < 0)
		return err->code;
	manifest->parts[last - 1] = *fresh;
	*ret_bytes = part_bytes(fresh);
	return manifest_write(run->conf->folder, manifest, err);
}

static int add_part(const struct run *run, struct manifest *manifest, const struct archive_part *fresh,
		    int64_t *ret_bytes, struct err *err)
{
	if (part_check(run->conf->folder, &manifest->unit, manifest->part_count + 1, fresh, run->conf->halt, err) < 0)
		return err_wrap(err, "what was written does not read back");
	manifest->parts[manifest->part_count++] = *fresh;
	*ret_bytes = part_bytes(fresh);
	return manifest_write(run->conf->folder, manifest, err);
}

static int open_manifest(const struct run *run, const struct archive_unit *unit, struct manifest **ret,
			 struct err *err)
{
	int code = manifest_read(run->conf->folder, unit, run->scratch, ret, err);

	if (code == ERR_NOT_FOUND) {
		*ret = arena_new(run->scratch, struct manifest);
		if (!*ret)
			return err_set(err, ERR_MEMORY, "out of memory");
		(*ret)->unit = *unit;
		return manifest_folder(run->conf->folder, unit, err);
	}
	if (code == 0 && (*ret)->part_count == MANIFEST_PARTS_MAX)
		return err_set(err, ERR_LIMIT, "%s has %d parts already", unit->source, MANIFEST_PARTS_MAX);
	return code;
}

static int note(const struct run *run, const struct archive_unit *unit, const struct archive_done *done,
		int64_t at_ns, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ARCHIVE_NOTE]);
	params_int(&params, 0, unit->tenant);
	params_text(&params, 1, unit->source);
	params_time(&params, 2, unit->day_ns);
	params_int(&params, 3, done->events);
	params_time(&params, 4, at_ns);
	return store_run(run->store, &params, NULL, err);
}

/* Both files and their digest are of one moment. Returns 0 also when there is nothing (events stays 0). */
static int read_unit(const struct run *run, struct manifest *manifest, struct archive_part *fresh,
		     struct archive_done *done, struct err *err)
{
	struct look_row *row;

	if (look(run, &manifest->unit, &row, err) < 0)
		return err->code;
	done->events = row->events;
	snprintf(done->digest, sizeof(done->digest), "%s", row->digest);
	*fresh = (struct archive_part){ .archived_ns = time_now_ns(),
					.program = CLEWLINE_VERSION,
					.schema = run->schema,
					.oldest_ns = row->oldest_ns,
					.newest_ns = row->newest_ns };
	if (!row->events)
		return 0;
	return part_write(run->store, run->conf->folder, &manifest->unit, manifest->part_count + 1, fresh, err);
}

/* Whether the manifest that is on disk names the part: what comes after writing it may fail, too. */
static bool is_named(const struct run *run, const struct archive_unit *unit, size_t number)
{
	struct manifest *manifest;
	struct err err = { 0 };
	int code = manifest_read(run->conf->folder, unit, run->scratch, &manifest, &err);

	/* What cannot be read may name it. */
	return code == 0 ? manifest->part_count >= number : code != ERR_NOT_FOUND;
}

static int archive_unit(const struct run *run, struct manifest *manifest, struct archive_done *done, struct err *err)
{
	size_t count = manifest->part_count;
	struct archive_part fresh;
	int code;

	if (store_begin_reading(run->store, err) < 0)
		return err->code;
	code = read_unit(run, manifest, &fresh, done, err);
	store_rollback(run->store);
	if (code == 0 && done->events) {
		code = count && same_content(&manifest->parts[count - 1], &fresh)
			       ? keep_part(run, manifest, &fresh, &done->bytes, err)
			       : add_part(run, manifest, &fresh, &done->bytes, err);
		if (code == 0)
			code = note(run, &manifest->unit, done, fresh.archived_ns, err);
	}
	if (code < 0 && !is_named(run, &manifest->unit, count + 1))
		part_remove(run->conf->folder, &manifest->unit, count + 1);
	return code;
}

static int is_spared(const struct run *run, const struct archive_unit *unit, bool *ret, struct err *err)
{
	struct archived_day day;
	bool is_found;

	*ret = false;
	if (!run->conf->spare_restored)
		return 0;
	if (archived_day_find(run->store, unit, run->scratch, &day, &is_found, err) < 0)
		return err->code;
	*ret = is_found && day.kept_until_ns > time_now_ns();
	return 0;
}

/* Appends to done what was archived of the day. */
static int archive_day(const struct run *run, int64_t day_ns, struct archive_done *done, size_t *count,
		       struct err *err)
{
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		const struct archive_unit unit = { run->conf->tenant, source_names[i], day_ns };
		struct archive_done *unit_done = &done[*count];
		struct manifest *manifest;
		bool is_skipped;

		if (run->conf->source && strcmp(run->conf->source, unit.source) != 0)
			continue;
		if (halt_check(run->conf->halt, err) < 0 || is_spared(run, &unit, &is_skipped, err) < 0)
			return err->code;
		if (is_skipped)
			continue;
		arena_reset(run->scratch);
		*unit_done = (struct archive_done){ .source = unit.source, .day_ns = day_ns };
		if (open_manifest(run, &unit, &manifest, err) < 0 || archive_unit(run, manifest, unit_done, err) < 0)
			return err->code;
		*count += unit_done->events > 0;
	}
	return 0;
}

/* Nobody stores into the day until the end of the transaction; storing into other days goes on. */
static int lock_day(const struct run *run, int64_t day_ns, bool *ret_partition, char name[PARTITION_NAME_MAX],
		    struct err *err)
{
	char text[STATEMENT_MAX];
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ARCHIVE_PARTITION]);
	params_text(&params, 0, partitions_name(day_ns, name));
	if (ask(run, &params, ret_partition, err) < 0 ||
	    store_command(run->store, "SET LOCAL lock_timeout = '5s'", err) < 0)
		return err->code;
	snprintf(text, sizeof(text), "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
		 *ret_partition ? name : "event_default");
	return store_command(run->store, text, err);
}

static int drop_unit(const struct run *run, const struct archive_done *done, bool by_row, struct err *err)
{
	const struct archive_unit unit = { run->conf->tenant, done->source, done->day_ns };
	struct look_row *row;
	AUTO_PARAMS deleted, dropped;

	params_init(&deleted, &sql_statements[SQL_ARCHIVE_DELETE]);
	params_init(&dropped, &sql_statements[SQL_ARCHIVE_DROPPED]);
	if (look(run, &unit, &row, err) < 0)
		return err->code;
	if (row->events != done->events || strcmp(row->digest, done->digest) != 0)
		return err_set(err, ERR_AGAIN,
			       "events of %s came or changed while they were archived; nothing was dropped",
			       unit.source);
	set_unit(&deleted, &unit);
	params_int(&dropped, 0, unit.tenant);
	params_text(&dropped, 1, unit.source);
	params_time(&dropped, 2, unit.day_ns);
	params_time(&dropped, 3, time_now_ns());
	if (store_run(run->store, &dropped, NULL, err) < 0)
		return err->code;
	return by_row ? store_run(run->store, &deleted, NULL, err) : 0;
}

/* Rows of others in the day: it stays a partition. */
static int has_others(const struct run *run, const struct archive_done *done, size_t count, bool *ret,
		      struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ARCHIVE_OTHERS]);
	params_int(&params, 0, run->conf->tenant);
	params_time(&params, 1, done->day_ns);
	params_time(&params, 2, done->day_ns + DAY_NS);
	for (size_t i = 0; i < count; i++)
		source_add_kinds(done[i].source, &params, 3);
	return ask(run, &params, ret, err);
}

static int drop_rows(const struct run *run, const struct archive_done *done, size_t count, struct err *err)
{
	char name[PARTITION_NAME_MAX];
	bool is_partition = false, is_shared = false;
	int64_t derived = 0;

	if (lock_day(run, done->day_ns, &is_partition, name, err) < 0 ||
	    has_others(run, done, count, &is_shared, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (drop_unit(run, &done[i], is_shared || !is_partition, err) < 0)
			return err->code;
	}
	if (is_partition && !is_shared && partitions_drop(run->store, name, err) < 0)
		return err->code;
	return retention_end_derived(run->store, run->conf->tenant, done->day_ns, done->day_ns + DAY_NS, &derived,
				     err);
}

static int drop_day(const struct run *run, struct archive_done *done, size_t count, struct err *err)
{
	if (store_begin(run->store, err) < 0)
		return err->code;
	if (drop_rows(run, done, count, err) < 0 || store_commit(run->store, err) < 0) {
		store_rollback(run->store);
		return err->code;
	}
	for (size_t i = 0; i < count; i++)
		done[i].is_dropped = true;
	return 0;
}

static int do_days(const struct run *run, const int64_t *days, size_t day_count, struct archive_done *done,
		   size_t *count, struct err *err)
{
	for (size_t i = 0; i < day_count; i++) {
		char day[TIME_TEXT_MAX];
		size_t first = *count;
		int code = archive_day(run, days[i], done, count, err);

		if (code == 0 && run->conf->drop && *count > first)
			code = drop_day(run, done + first, *count - first, err);
		if (code < 0)
			return err_wrap(err, "%.10s", time_format(days[i], 0, day));
	}
	return 0;
}

static int run_locked(struct run *run, struct archive_done **ret, size_t *ret_count, struct err *err)
{
	int64_t *days;
	size_t count;

	if (archive_schema(run->store, run->arena, &run->schema, err) < 0 ||
	    archive_days_with_events(run->store, run->conf->from_ns, run->conf->until_ns, run->arena, &days, &count,
				     err) < 0)
		return err->code;
	*ret = arena_array(run->arena, struct archive_done, count * SOURCE_COUNT + 1);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	return do_days(run, days, count, *ret, ret_count, err);
}

int archive_run(struct store *store, const struct archive_conf *conf, struct arena *arena, struct archive_done **ret,
		size_t *ret_count, struct err *err)
{
	AUTO_ARENA scratch;
	struct run run = { .store = store, .conf = conf, .arena = arena, .scratch = &scratch };
	int code;

	arena_init(&scratch, SCRATCH_MAX);
	*ret = NULL;
	*ret_count = 0;
	if (conf->source && !source_is(conf->source))
		return err_set(err, ERR_USAGE, "source is \"%s\", but must be agent, cloudtrail or scan",
			       conf->source);
	if (conf->from_ns % DAY_NS || conf->until_ns % DAY_NS)
		return err_set(err, ERR_USAGE, "whole days only are archived");
	if (archive_lock(store, err) < 0)
		return err->code;
	code = run_locked(&run, ret, ret_count, err);
	archive_unlock(store);
	return code;
}
