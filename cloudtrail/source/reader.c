#include "cloudtrail/source/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloudrecord/document.h"
#include "cloudtrail/source/seen.h"
#include "cloudtrail/source/text.h"
#include "text/escape.h"

#define RECORD_ARENA_MAX (16u << 20)

struct reader {
	struct reader_sink sink;
	struct reader_counts counts;
	struct seen *seen;
	struct arena arena; /* of one record */
	struct strbuf text; /* of one file; its memory is kept */
	const char *path;
	uint64_t ordinal; /* of the record within the file, from 1 */
	uint64_t bad;	  /* records of the file without a usable time */
};

int reader_open(const struct reader_sink *sink, struct reader **ret, struct err *err)
{
	AUTO_READER reader = calloc(1, sizeof(*reader));

	if (!reader)
		return err_set(err, ERR_MEMORY, "out of memory");
	reader->sink = *sink;
	reader->seen = seen_new();
	arena_init(&reader->arena, RECORD_ARENA_MAX);
	strbuf_init(&reader->text, TEXT_MAX);
	if (!reader->seen)
		return err_set(err, ERR_MEMORY, "out of memory");
	*ret = TAKE(reader);
	return 0;
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	seen_free(reader->seen);
	arena_fini(&reader->arena);
	strbuf_fini(&reader->text);
	free(reader);
}

void reader_close_pointer(struct reader **reader)
{
	reader_close(*reader);
	*reader = NULL;
}

const struct reader_counts *reader_counts(const struct reader *reader)
{
	return &reader->counts;
}

static void report(struct reader *reader, size_t line, size_t column, const char *message)
{
	AUTO_STRBUF out = STRBUF_INIT;

	escape_adds(&out, reader->path);
	if (line)
		strbuf_addf(&out, ":%zu:%zu", line, column);
	strbuf_adds(&out, ": ");
	escape_adds(&out, message);
	reader->sink.problem(reader->sink.context, out.data);
}

static void take_problem(void *context, size_t line, size_t column, const char *message)
{
	report(context, line, column, message);
}

static void report_record(struct reader *reader, const struct err *problem)
{
	char message[ERR_MESSAGE_MAX + 64];

	if (reader->bad++ >= DOCUMENT_PROBLEMS_MAX)
		return;
	snprintf(message, sizeof(message), "record %llu: %s", (unsigned long long)reader->ordinal, problem->message);
	report(reader, 0, 0, message);
}

static int take_record(void *context, json_t *json, struct err *err)
{
	struct reader *reader = context;
	AUTO_RECORD record = { 0 };
	AUTO_STRBUF key = STRBUF_INIT;
	struct err problem;

	arena_reset(&reader->arena);
	reader->ordinal++;
	if (record_make(json, reader->path, &reader->arena, &record, &problem) < 0) {
		report_record(reader, &problem);
		return 0;
	}
	record_key(&record, &key);
	if (seen_before(reader->seen, key.data, key.length)) {
		reader->counts.duplicates++;
		return 0;
	}
	reader->counts.records++;
	return reader->sink.record(reader->sink.context, &record, err);
}

static void report_early_end(struct reader *reader, const struct text_end *end, uint64_t records)
{
	char message[sizeof(end->reason) + 64];

	snprintf(message, sizeof(message), "%s; %llu records were read", end->reason, (unsigned long long)records);
	report(reader, 0, 0, message);
}

static int read_text(struct reader *reader, const struct text_end *end, uint64_t *problems, struct err *err)
{
	struct document_counts counts = { 0 };
	struct document_sink sink = {
		.record = take_record, .problem = take_problem, .known_cut = end->early, .context = reader
	};
	int code = document_read(reader->text.data, reader->text.length, &sink, &counts, err);

	if (code < 0)
		return code;
	if (end->early)
		report_early_end(reader, end, counts.records);
	if (counts.problems > DOCUMENT_PROBLEMS_MAX)
		report(reader, 0, 0, "has more problems; the first are listed above");
	reader->counts.digests += counts.digests;
	*problems = counts.problems + reader->bad + end->early;
	return 0;
}

int reader_file(struct reader *reader, const char *path, uint64_t *ret_problems, struct err *err)
{
	struct text_end end;
	struct err problem;
	uint64_t problems = 1;
	int code = 0;

	reader->path = path;
	reader->ordinal = reader->bad = 0;
	/* A failed buffer stays failed; a fresh one also gives back the memory of an unusually large file. */
	strbuf_fini(&reader->text);
	strbuf_init(&reader->text, TEXT_MAX);
	if (text_read(path, &reader->text, &end, &problem) < 0)
		report(reader, 0, 0, problem.message);
	else
		code = read_text(reader, &end, &problems, err);
	reader->counts.problems += problems;
	if (ret_problems)
		*ret_problems = problems;
	return code;
}

void reader_problem(struct reader *reader, const struct err *problem)
{
	AUTO_STRBUF out = STRBUF_INIT;

	reader->counts.problems++;
	reader->counts.not_found += problem->code == ERR_NOT_FOUND;
	escape_adds(&out, problem->message);
	reader->sink.problem(reader->sink.context, out.data);
}

static int visit_file(void *context, const struct walk_file *file, struct err *err)
{
	return reader_file(context, file->path, NULL, err);
}

static int visit_problem(void *context, const char *folder UNUSED, const struct err *problem, struct err *err UNUSED)
{
	reader_problem(context, problem);
	return 0;
}

int reader_paths(struct reader *reader, char *const *paths, struct err *err)
{
	struct walk_visitor visitor = { .file = visit_file, .problem = visit_problem, .context = reader };

	return walk(paths, &visitor, &reader->counts.walk, err);
}
