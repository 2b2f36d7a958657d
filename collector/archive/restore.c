#include "collector/archive/restore.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/archive/days.h"
#include "collector/archive/part.h"
#include "collector/store/halt.h"
#include "collector/store/partitions.h"
#include "collector/store/rederive.h"
#include "collector/store/source.h"
#include "collector/store/sql.h"
#include "store/copy.h"
#include "store/migrate.h"

#define SCRATCH_MAX   (16u << 20)
#define STATEMENT_MAX 256
#define DAYS_MAX      40000 /* of a span */

const char *const restore_staging[RESTORE_STAGING_COUNT] = {
	"CREATE TEMPORARY TABLE restored_event (LIKE event) ON COMMIT DROP",
	"CREATE TEMPORARY TABLE restored_origin (tenant_id bigint, origin_id bigint, raw bytea) ON COMMIT DROP",
	"CREATE TEMPORARY TABLE restored_part (LIKE event) ON COMMIT DROP",
};

struct finding_row {
	int64_t count;
	const char *first;
	int64_t all;
};
static const struct column finding_columns[] = {
	COLUMN(finding_row, count, INT),
	COLUMN(finding_row, first, TEXT),
	COLUMN(finding_row, all, INT),
};
static const struct row_shape finding_shape = ROW_SHAPE(finding_row, finding_columns);

struct run {
	struct store *store;
	const struct restore_conf *conf;
	struct arena *scratch; /* of one unit */
};

static bool is_known(const char *schema)
{
	for (size_t i = 0; i < schema_step_count; i++) {
		if (strcmp(schema_steps[i].name, schema) == 0)
			return true;
	}
	return false;
}

/* Nothing is changed before everything that is to be read is known to be whole. */
static int check_all(const struct run *run, const struct manifest *manifest, struct err *err)
{
	err->code = 0;
	for (size_t i = 0; i < manifest->part_count; i++) {
		const struct archive_part *part = &manifest->parts[i];

		if (!is_known(part->schema))
			return err_set(
				err, ERR_FAILED,
				"it was archived by program %s with schema \"%s\", newer than this one; install that "
				"program, run secctl db migrate, then restore",
				part->program, part->schema);
		if (part_check(run->conf->folder, &manifest->unit, i + 1, part, run->conf->halt, err) ==
		    ERR_NOT_FOUND)
			err->code = ERR_SYNTAX; /* a manifest without its files is damage, not absence */
		if (err->code < 0)
			return err->code;
	}
	return 0;
}

static int load(const struct run *run, const struct manifest *manifest, size_t part, enum archive_table table,
		const char *into, struct err *err)
{
	char path[PATH_MAX], statement[STATEMENT_MAX];
	struct file_reader *reader;
	size_t rows;
	int code;

	snprintf(statement, sizeof(statement), "COPY %s (%s) FROM STDIN (FORMAT binary)", into,
		 archive_tables[table].columns);
	if (manifest_file_path(run->conf->folder, &manifest->unit, part, table, path, err) < 0 ||
	    file_reader_open(path, &reader, err) < 0)
		return err->code;
	code = store_copy_in(run->store, statement, file_reader_next, reader, &rows, err);
	file_reader_close(reader);
	if (code == 0 && (int64_t)rows != manifest->parts[part - 1].files[table].rows)
		return err_set(err, ERR_FAILED, "\"%s\" changed while it was read", path);
	return code;
}

static int run_all(struct store *store, const char *const *statements, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (store_command(store, statements[i], err) < 0)
			return err->code;
	}
	return 0;
}

/* Where two parts hold the same event, the later one is right. */
static int load_part(const struct run *run, const struct manifest *manifest, size_t part, struct err *err)
{
	static const char *const join[] = {
		("DELETE FROM restored_event r USING restored_part p"
		 " WHERE r.tenant_id = p.tenant_id AND r.event_id = p.event_id AND r.ts = p.ts"),
		"INSERT INTO restored_event SELECT * FROM restored_part",
		"TRUNCATE restored_part",
	};

	if (load(run, manifest, part, ARCHIVE_ORIGIN, "restored_origin", err) < 0 ||
	    load(run, manifest, part, ARCHIVE_EVENT, part == 1 ? "restored_event" : "restored_part", err) < 0)
		return err->code;
	return part == 1 ? 0 : run_all(run->store, join, ARRAY_SIZE(join), err);
}

static int find(const struct run *run, const struct params *params, struct finding_row **ret, struct err *err)
{
	size_t count;

	return store_read(run->store, params, &finding_shape, run->scratch, ret, &count, err);
}

/* Rows of another tenant, day or source, or without their origin: no archive of ours has them. */
static int check_foreign(const struct run *run, const struct archive_unit *unit, struct err *err)
{
	struct finding_row *row;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RESTORE_FOREIGN]);
	params_int(&params, 0, unit->tenant);
	params_time(&params, 1, unit->day_ns);
	params_time(&params, 2, unit->day_ns + DAY_NS);
	source_add_kinds(unit->source, &params, 3);
	if (find(run, &params, &row, err) < 0)
		return err->code;
	return row->count ? err_set(err, ERR_SYNTAX,
				    "%lld events of its files do not belong there, the first is %s; nothing was "
				    "restored",
				    (long long)row->count, row->first)
			  : 0;
}

static int check_clash(const struct run *run, const struct archive_unit *unit, int64_t *ret_there, struct err *err)
{
	struct finding_row *row;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RESTORE_CLASH]);
	params_int(&params, 0, unit->tenant);
	if (find(run, &params, &row, err) < 0)
		return err->code;
	*ret_there = row->all;
	return row->count ? err_set(err, ERR_FAILED,
				    "%lld events are in the database with another content than in the archive, the "
				    "first is "
				    "%s; nothing was restored",
				    (long long)row->count, row->first)
			  : 0;
}

static int insert(const struct run *run, enum sql_id id, int64_t tenant, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[id]);
	params_int(&params, 0, tenant);
	if (params.count > 1)
		params_time(&params, 1, time_now_ns());
	return store_run(run->store, &params, NULL, err);
}

static int note(const struct run *run, const struct manifest *manifest, struct err *err)
{
	const struct archive_part *newest = &manifest->parts[manifest->part_count - 1];
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RESTORE_NOTE]);
	params_int(&params, 0, manifest->unit.tenant);
	params_text(&params, 1, manifest->unit.source);
	params_time(&params, 2, manifest->unit.day_ns);
	params_int(&params, 3, newest->files[ARCHIVE_EVENT].rows);
	params_time(&params, 4, newest->archived_ns);
	params_time(&params, 5, run->conf->kept_until_ns);
	return store_run(run->store, &params, NULL, err);
}

static int put_back(const struct run *run, const struct manifest *manifest, struct restore_done *done,
		    struct err *err)
{
	const struct archive_unit *unit = &manifest->unit;
	const struct rederive_span span = { unit->source, unit->day_ns, unit->day_ns + DAY_NS };
	static const struct sql counted = { "restored_count", "",
					    "SELECT count(*), NULL::text, 0::bigint FROM restored_event" };
	struct rederived derived;
	struct finding_row *row;
	AUTO_PARAMS params;
	int64_t there = 0;

	if (run_all(run->store, restore_staging, RESTORE_STAGING_COUNT, err) < 0)
		return err->code;
	for (size_t i = 1; i <= manifest->part_count; i++) {
		if (load_part(run, manifest, i, err) < 0)
			return err->code;
	}
	params_init(&params, &counted);
	if (insert(run, SQL_RESTORE_ORIGINS, unit->tenant, err) < 0 || check_foreign(run, unit, err) < 0 ||
	    check_clash(run, unit, &there, err) < 0 || find(run, &params, &row, err) < 0 ||
	    insert(run, SQL_RESTORE_INSERT, unit->tenant, err) < 0)
		return err->code;
	done->events = row->count;
	done->restored = row->count - there;
	if (done->restored && rederive(run->store, unit->tenant, &span, &derived, err) < 0)
		return err->code;
	return note(run, manifest, err);
}

static int restore_unit(const struct run *run, const struct archive_unit *unit, struct restore_done *done,
			struct err *err)
{
	struct manifest *manifest;

	if (manifest_read(run->conf->folder, unit, run->scratch, &manifest, err) < 0 ||
	    check_all(run, manifest, err) < 0)
		return err->code;
	/* That one cannot be made is no reason to refuse: the default partition takes the rows. */
	if (partitions_make(run->store, unit->day_ns, err) == ERR_UNREACHABLE || store_begin(run->store, err) < 0)
		return err->code;
	if (put_back(run, manifest, done, err) == 0)
		return store_commit(run->store, err);
	store_rollback(run->store);
	return err->code;
}

static int restore_days(const struct run *run, struct restore_done *done, size_t *count, struct err *err)
{
	for (int64_t day = run->conf->from_ns; day < run->conf->until_ns; day += DAY_NS) {
		for (size_t i = 0; i < SOURCE_COUNT; i++) {
			const struct archive_unit unit = { run->conf->tenant, source_names[i], day };
			char text[TIME_TEXT_MAX];
			int code;

			if (run->conf->source && strcmp(run->conf->source, unit.source) != 0)
				continue;
			if (halt_check(run->conf->halt, err) < 0)
				return err->code;
			arena_reset(run->scratch);
			done[*count] = (struct restore_done){ .source = unit.source, .day_ns = day };
			code = restore_unit(run, &unit, &done[*count], err);
			if (code == 0)
				(*count)++;
			else if (code != ERR_NOT_FOUND)
				return err_wrap(err, "%.10s, %s", time_format(day, 0, text), unit.source);
		}
	}
	return *count ? 0
		      : err_set(err, ERR_NOT_FOUND, "the archive in \"%s\" has nothing of these days",
				run->conf->folder);
}

int restore_run(struct store *store, const struct restore_conf *conf, struct arena *arena, struct restore_done **ret,
		size_t *ret_count, struct err *err)
{
	AUTO_ARENA scratch;
	const struct run run = { .store = store, .conf = conf, .scratch = &scratch };
	int64_t days = (conf->until_ns - conf->from_ns) / DAY_NS;
	int code;

	arena_init(&scratch, SCRATCH_MAX);
	*ret = NULL;
	*ret_count = 0;
	if (conf->source && !source_is(conf->source))
		return err_set(err, ERR_USAGE, "source is \"%s\", but must be agent, cloudtrail or scan",
			       conf->source);
	if (conf->from_ns % DAY_NS || conf->until_ns % DAY_NS || days < 1 || days > DAYS_MAX)
		return err_set(err, ERR_USAGE, "whole days only are restored, 1 to %d", DAYS_MAX);
	*ret = arena_array(arena, struct restore_done, (size_t)days * SOURCE_COUNT);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (archive_lock(store, err) < 0)
		return err->code;
	code = restore_days(&run, *ret, ret_count, err);
	archive_unlock(store);
	return code;
}
