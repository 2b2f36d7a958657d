/*
 * corpora_cloudtrail DIR: real CloudTrail files, read by the reader and, independently, by walking the parsed JSON.
 *
 * cloudtrail-records: records that make a normalised record, give every field, and hold no secret afterwards.
 * cloudtrail-files: files of which the reader gives exactly the records that stand in them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloudrecord/document.h"
#include "cloudrecord/fields.h"
#include "cloudrecord/redact.h"
#include "cloudtrail/source/text.h"
#include "cloudtrail/source/walk.h"
#include "json/json.h"

#define SKIPPED	   77
#define ARENA_SIZE (32u << 20)

struct suite {
	const char *name;
	size_t passed, total;
};

struct run {
	struct suite records, files;
	size_t found; /* records of the file at hand */
};

static void suite_case(struct suite *suite, bool passed, const char *what, const char *why)
{
	suite->total++;
	suite->passed += passed;
	if (!passed && getenv("CLEWLINE_SHOW_FAILURES"))
		fprintf(stderr, "%s: %s: %s\n", suite->name, what, why);
}

/* Every field can be read, and every text is terminated where it says. */
static bool read_fields(const struct record *record, struct arena *arena)
{
	struct fields fields = { .record = record, .arena = arena, .number = 1, .hostname = "here" };

	for (int field = 0; field < FIELD_COUNT; field++) {
		struct value value;

		if (fields_read(&fields, (enum field)field, "/userIdentity/type", &value) &&
		    value.type == VALUE_TEXT && !value.is_list && strlen(value.text) != value.length)
			return false;
	}
	return true;
}

static void take_record(struct run *run, json_t *json, const char *path)
{
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD record = { 0 };
	AUTO_STRBUF line = STRBUF_INIT;
	struct err err = { 0 };
	bool fine;

	arena_init(&arena, ARENA_SIZE);
	fine = record_make(json, path, &arena, &record, &err) == 0 && read_fields(&record, &arena);
	if (fine) {
		json_t *credentials = json_at(record.json, "responseElements", "credentials", NULL);
		const char *token = json_text(credentials, "sessionToken");

		record_text_line(&record, &line);
		fine = line.length && (!token || !*token || strcmp(token, REDACTED) == 0);
	}
	suite_case(&run->records, fine, path, err.message);
}

static bool is_record(const json_t *json)
{
	return json_text(json, "eventVersion") && json_text(json, "eventName") &&
	       (json_text(json, "eventTime") || json_text(json, "@timestamp"));
}

static void walk_json(struct run *run, json_t *json, const char *path)
{
	const char *name;
	json_t *value;
	size_t index;

	if (is_record(json)) {
		run->found++;
		take_record(run, json, path);
		return;
	}
	json_array_foreach (json, index, value) {
		walk_json(run, value, path);
	}
	json_object_foreach (json, name, value) {
		walk_json(run, value, path);
	}
}

static int count_record(void *context, json_t *json, struct err *err)
{
	(void)err;
	*(size_t *)context += is_record(json);
	return 0;
}

static void ignore_problem(void *context, size_t line, size_t column, const char *message)
{
	(void)context;
	(void)line;
	(void)column;
	(void)message;
}

static size_t read_records(const struct strbuf *text)
{
	size_t count = 0;
	struct document_sink sink = { .record = count_record, .problem = ignore_problem, .context = &count };
	struct document_counts counts = { 0 };

	document_read(text->data, text->length, &sink, &counts, NULL);
	return count;
}

/* Test suites wrap records in objects of their own; the reader does not take those apart. */
static bool is_wrapped(const char *path)
{
	return strstr(path, "panther");
}

static int take_file(void *context, const struct walk_file *file, struct err *err)
{
	struct run *run = context;
	AUTO_STRBUF text = STRBUF_INIT;
	struct text_end end;
	size_t at = 0;

	run->found = 0;
	if (text_read(file->path, &text, &end, err) < 0) {
		suite_case(&run->files, false, file->path, err->message);
		return 0;
	}
	while (at < text.length) {
		json_error_t error;
		AUTO_JSON json = json_loadb(text.data + at, text.length - at, JSON_DISABLE_EOF_CHECK, &error);

		if (!json)
			break;
		at += (size_t)error.position;
		walk_json(run, json, file->path);
	}
	if (!is_wrapped(file->path))
		suite_case(&run->files, read_records(&text) == run->found, file->path, "other records than by hand");
	return 0;
}

static int ignore_path(void *context UNUSED, const char *folder UNUSED, const struct err *problem,
		       struct err *err UNUSED)
{
	fprintf(stderr, "%s\n", problem->message);
	return 0;
}

int main(int argc, char **argv)
{
	struct run run = { .records.name = "cloudtrail-records", .files.name = "cloudtrail-files" };
	struct walk_visitor visitor = { .file = take_file, .problem = ignore_path, .context = &run };
	struct walk_counts counts = { 0 };
	struct err err;

	if (argc != 2 || walk(argv + 1, &visitor, &counts, &err) < 0)
		return 1;
	if (!run.records.total)
		return SKIPPED;
	printf("%s %zu/%zu\n", run.records.name, run.records.passed, run.records.total);
	printf("%s %zu/%zu\n", run.files.name, run.files.passed, run.files.total);
	return run.records.passed != run.records.total || run.files.passed != run.files.total;
}
