#include "collector/archive/part.h"

#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "collector/archive/days.h"
#include "collector/store/source.h"
#include "store/copy.h"

/*
 * Numbers and times of our own making only: COPY takes no parameters. The order is that of the primary key, so that the same rows
 * make the same file.
 */
static void add_events(const struct archive_unit *unit, const char *columns, struct strbuf *out)
{
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	int64_t kinds[SOURCE_KINDS_MAX];
	size_t count = source_kinds(unit->source, kinds);

	time_format(unit->day_ns, 0, from);
	time_format(unit->day_ns + DAY_NS, 0, until);
	strbuf_addf(out, "SELECT %s FROM event WHERE tenant_id = %lld AND ts >= '%s' AND ts < '%s' AND kind IN (",
		    columns, (long long)unit->tenant, from, until);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, "%s%lld", i ? ", " : "", (long long)kinds[i]);
	strbuf_addc(out, ')');
}

static void add_query(const struct archive_unit *unit, enum archive_table table, struct strbuf *out)
{
	const char *columns = archive_tables[table].columns;

	if (table == ARCHIVE_EVENT) {
		add_events(unit, columns, out);
		strbuf_adds(out, " ORDER BY event_id, ts");
		return;
	}
	strbuf_addf(out, "SELECT %s FROM origin WHERE tenant_id = %lld AND origin_id IN (", columns,
		    (long long)unit->tenant);
	add_events(unit, "origin_id", out);
	strbuf_adds(out, ") ORDER BY origin_id");
}

static int write_file(struct store *store, const char *path, const char *statement, struct archive_file *ret,
		      struct err *err)
{
	struct file_writer *writer;
	size_t rows;
	int code;

	if (file_writer_open(path, &writer, err) < 0)
		return err->code;
	code = store_copy_out(store, statement, file_writer_add, writer, &rows, err);
	if (code == 0)
		code = file_writer_commit(writer, ret, err);
	if (code == 0)
		ret->rows = (int64_t)rows;
	file_writer_close(writer);
	return code;
}

int part_write(struct store *store, const char *folder, const struct archive_unit *unit, size_t number,
	       struct archive_part *ret, struct err *err)
{
	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++) {
		AUTO_STRBUF statement = STRBUF_INIT;
		char path[PATH_MAX];

		strbuf_adds(&statement, "COPY (");
		add_query(unit, table, &statement);
		strbuf_adds(&statement, ") TO STDOUT (FORMAT binary)");
		if (manifest_file_path(folder, unit, number, table, path, err) < 0 ||
		    write_file(store, path, statement.data, &ret->files[table], err) < 0)
			return err->code;
	}
	return 0;
}

int part_check(const char *folder, const struct archive_unit *unit, size_t number, const struct archive_part *part,
	       const struct halt *halt, struct err *err)
{
	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++) {
		char path[PATH_MAX];

		if (manifest_file_path(folder, unit, number, table, path, err) < 0 ||
		    archive_file_check(path, &part->files[table], halt, err) < 0)
			return err->code;
	}
	return 0;
}

void part_remove(const char *folder, const struct archive_unit *unit, size_t number)
{
	struct err err = { 0 };
	char path[PATH_MAX];

	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++) {
		if (manifest_file_path(folder, unit, number, table, path, &err) == 0)
			unlink(path);
	}
}

int part_move(const char *folder, const struct archive_unit *unit, size_t from, size_t to, struct err *err)
{
	char old[PATH_MAX], new[PATH_MAX];

	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++) {
		if (manifest_file_path(folder, unit, from, table, old, err) < 0 ||
		    manifest_file_path(folder, unit, to, table, new, err) < 0)
			return err->code;
		if (rename(old, new) < 0)
			return err_errno(err, ERR_FAILED, "could not rename \"%s\"", old);
	}
	return 0;
}
