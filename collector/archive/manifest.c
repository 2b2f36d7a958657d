#include "collector/archive/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/time.h"
#include "json/json.h"

#define MANIFEST_SIZE_MAX (1u << 20)
#define NAME_MAX_BYTES	  96

const struct archive_columns archive_tables[ARCHIVE_TABLE_COUNT] = {
	[ARCHIVE_EVENT] = { "event", "tenant_id, event_id, ts, received_at, kind, type, origin_id, stream_id, "
				     "task_id, actor_id, "
				     "raw" },
	[ARCHIVE_ORIGIN] = { "origin", "tenant_id, origin_id, raw" },
};

static int add_stem(const char *folder, const struct archive_unit *unit, struct strbuf *out, struct err *err)
{
	char day[TIME_TEXT_MAX];

	time_format(unit->day_ns, 0, day);
	strbuf_addf(out, "%s/tenant-%lld/%.4s/event_%.4s%.2s%.2s_%s", folder, (long long)unit->tenant, day, day,
		    day + 5, day + 8, unit->source);
	return out->length < PATH_MAX - NAME_MAX_BYTES
		       ? 0
		       : err_set(err, ERR_LIMIT, "path \"%.80s...\" is too long", folder);
}

int manifest_folder(const char *folder, const struct archive_unit *unit, struct err *err)
{
	char path[PATH_MAX];

	if (manifest_path(folder, unit, path, err) < 0)
		return err->code;
	*strrchr(path, '/') = '\0';
	return folder_create(path, 0700, err);
}

int manifest_path(const char *folder, const struct archive_unit *unit, char out[PATH_MAX], struct err *err)
{
	AUTO_STRBUF path = STRBUF_INIT;

	if (add_stem(folder, unit, &path, err) < 0)
		return err->code;
	snprintf(out, PATH_MAX, "%s.json", path.data);
	return 0;
}

static void file_name(const struct archive_unit *unit, size_t part, enum archive_table table, char *out, size_t size)
{
	char day[TIME_TEXT_MAX];

	time_format(unit->day_ns, 0, day);
	snprintf(out, size, "event_%.4s%.2s%.2s_%s.%zu.%s.copy.zst", day, day + 5, day + 8, unit->source, part,
		 archive_tables[table].table);
}

int manifest_file_path(const char *folder, const struct archive_unit *unit, size_t part, enum archive_table table,
		       char out[PATH_MAX], struct err *err)
{
	char name[NAME_MAX_BYTES];

	if (manifest_path(folder, unit, out, err) < 0)
		return err->code;
	file_name(unit, part, table, name, sizeof(name));
	strcpy(strrchr(out, '/') + 1, name);
	return 0;
}

static int get_number(const json_t *object, const char *name, int64_t min, int64_t *ret)
{
	const json_t *value = json_object_get(object, name);

	*ret = json_integer_value(value);
	return json_is_integer(value) && *ret >= min ? 0 : -1;
}

static int get_digest(const json_t *object, const char *name, char out[DIGEST_TEXT_MAX])
{
	const char *text = json_text(object, name);
	uint8_t bytes[(DIGEST_TEXT_MAX - 1) / 2];

	if (!text || strlen(text) != DIGEST_TEXT_MAX - 1 || hex_parse(text, bytes, sizeof(bytes), NULL) < 0)
		return -1;
	strcpy(out, text);
	return 0;
}

static int get_time(const json_t *object, const char *name, int64_t *ret)
{
	const char *text = json_text(object, name);

	return text && time_parse(text, ret, NULL) == 0 ? 0 : -1;
}

static int parse_file(const json_t *json, const struct archive_unit *unit, size_t part, enum archive_table table,
		      struct archive_file *ret, struct err *err)
{
	const char *name = archive_tables[table].table, *columns = json_text(json, "columns"),
		   *file = json_text(json, "file");
	char expected[NAME_MAX_BYTES];

	file_name(unit, part, table, expected, sizeof(expected));
	/* The name is ours to know: one that is read could lead anywhere. */
	if (!file || strcmp(file, expected) != 0)
		return err_set(err, ERR_SYNTAX, "part %zu has no file \"%s\"", part, expected);
	if (!columns || strcmp(columns, archive_tables[table].columns) != 0)
		return err_set(err, ERR_FAILED,
			       "part %zu has other columns of %s than this program restores; restore it with the "
			       "program that wrote it, then secctl db migrate, and archive it again",
			       part, name);
	if (get_number(json, "rows", 0, &ret->rows) < 0 || get_number(json, "bytes", 1, &ret->bytes) < 0 ||
	    get_digest(json, "sha256", ret->sha256) < 0 || get_digest(json, "content_sha256", ret->content) < 0)
		return err_set(err, ERR_SYNTAX, "part %zu: file \"%s\" is not described", part, expected);
	return 0;
}

static int parse_part(const json_t *json, const struct archive_unit *unit, size_t number, struct arena *arena,
		      struct archive_part *ret, struct err *err)
{
	const json_t *files = json_object_get(json, "files");

	ret->program = arena_dup(arena, json_text(json, "program"));
	ret->schema = arena_dup(arena, json_text(json, "schema"));
	if (!ret->program || !ret->schema || get_time(json, "archived_at", &ret->archived_ns) < 0 ||
	    get_time(json, "oldest", &ret->oldest_ns) < 0 || get_time(json, "newest", &ret->newest_ns) < 0)
		return err_set(err, ERR_SYNTAX, "part %zu lacks program, schema or times", number);
	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++) {
		if (parse_file(json_array_get(files, table), unit, number, table, &ret->files[table], err) < 0)
			return err->code;
	}
	return 0;
}

static int parse_head(const json_t *json, const struct archive_unit *unit, struct err *err)
{
	int64_t format, tenant, day;
	const char *source = json_text(json, "source");

	if (get_number(json, "format", 0, &format) < 0)
		return err_set(err, ERR_SYNTAX, "it is no manifest of an archive");
	if (format != MANIFEST_FORMAT)
		return err_set(
			err, ERR_FAILED,
			"its format is %lld, but this program knows %d; restore it with the program that wrote it",
			(long long)format, MANIFEST_FORMAT);
	if (get_number(json, "tenant", 1, &tenant) < 0 || tenant != unit->tenant || !source ||
	    strcmp(source, unit->source) != 0 || get_time(json, "day", &day) < 0 || day != unit->day_ns)
		return err_set(err, ERR_SYNTAX, "it speaks of another tenant, source or day than its name");
	return 0;
}

static int parse(const json_t *json, const struct archive_unit *unit, struct arena *arena, struct manifest *ret,
		 struct err *err)
{
	const json_t *parts = json_object_get(json, "parts");

	ret->unit = *unit;
	ret->part_count = json_array_size(parts);
	if (parse_head(json, unit, err) < 0)
		return err->code;
	if (ret->part_count < 1 || ret->part_count > MANIFEST_PARTS_MAX)
		return err_set(err, ERR_SYNTAX, "it has %zu parts, but must have 1 to %d", ret->part_count,
			       MANIFEST_PARTS_MAX);
	for (size_t i = 0; i < ret->part_count; i++) {
		if (parse_part(json_array_get(parts, i), unit, i + 1, arena, &ret->parts[i], err) < 0)
			return err->code;
	}
	return 0;
}

int manifest_parse(const char *name, const char *text, size_t length, const struct archive_unit *unit,
		   struct arena *arena, struct manifest *ret, struct err *err)
{
	AUTO_JSON json = NULL;

	if (json_parse(name, text, length, &json, err) < 0)
		return err->code;
	return parse(json, unit, arena, ret, err) < 0 ? err_wrap(err, "\"%s\"", name) : 0;
}

int manifest_read(const char *folder, const struct archive_unit *unit, struct arena *arena, struct manifest **ret,
		  struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	char path[PATH_MAX];

	if (manifest_path(folder, unit, path, err) < 0 || file_read(path, MANIFEST_SIZE_MAX, &text, err) < 0)
		return err->code;
	*ret = arena_new(arena, struct manifest);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	return manifest_parse(path, text.data, text.length, unit, arena, *ret, err);
}

static json_t *file_json(const struct archive_unit *unit, size_t part, enum archive_table table,
			 const struct archive_file *file)
{
	char name[NAME_MAX_BYTES];

	file_name(unit, part, table, name, sizeof(name));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "table", archive_tables[table].table, "file", name,
			 "columns", archive_tables[table].columns, "rows", (json_int_t)file->rows, "bytes",
			 (json_int_t)file->bytes, "sha256", file->sha256, "content_sha256", file->content);
}

static void set_time(json_t *object, const char *name, int64_t ns)
{
	char text[TIME_TEXT_MAX];

	json_set_text(object, name, time_format_exact(ns, text));
}

static json_t *part_json(const struct archive_unit *unit, size_t number, const struct archive_part *part)
{
	json_t *json = json_object(), *files = json_array();

	set_time(json, "archived_at", part->archived_ns);
	json_set_text(json, "program", part->program);
	json_set_text(json, "schema", part->schema);
	set_time(json, "oldest", part->oldest_ns);
	set_time(json, "newest", part->newest_ns);
	for (enum archive_table table = 0; table < ARCHIVE_TABLE_COUNT; table++)
		json_array_append_new(files, file_json(unit, number, table, &part->files[table]));
	json_object_set_new(json, "files", files);
	return json;
}

int manifest_write(const char *folder, const struct manifest *manifest, struct err *err)
{
	AUTO_JSON json = json_object();
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *parts = json_array();
	char path[PATH_MAX];

	json_object_set_new(json, "format", json_integer(MANIFEST_FORMAT));
	json_object_set_new(json, "tenant", json_integer(manifest->unit.tenant));
	json_set_text(json, "source", manifest->unit.source);
	set_time(json, "day", manifest->unit.day_ns);
	for (size_t i = 0; i < manifest->part_count; i++)
		json_array_append_new(parts, part_json(&manifest->unit, i + 1, &manifest->parts[i]));
	json_object_set_new(json, "parts", parts);
	if (json_print(json, JSON_INDENT(2), &text, err) < 0 || manifest_path(folder, &manifest->unit, path, err) < 0)
		return err->code;
	return file_write_atomic(path, text.data, text.length, 0600, err);
}
