/* A CloudTrail file of any bytes, packed or not: every record gives its fields and a line that a terminal obeys nothing of. */
#include <stdint.h>
#include <stdlib.h>

#include "cloudrecord/document.h"
#include "cloudrecord/fields.h"
#include "cloudtrail/source/text.h"

#define FUZZ_TEXT_MAX  (4u << 20)
#define FUZZ_ARENA_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_record(void *context, json_t *json, struct err *err)
{
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD record = { 0 };
	AUTO_STRBUF line = STRBUF_INIT;
	struct fields fields = { .record = &record, .arena = &arena, .number = 1, .hostname = "here" };

	(void)context;
	arena_init(&arena, FUZZ_ARENA_MAX);
	if (record_make(json, "AWSLogs/111122223333/CloudTrail/us-east-1/x.json.gz", &arena, &record, err) < 0)
		return 0;
	for (int field = 0; field < FIELD_COUNT; field++) {
		struct value value;

		(void)fields_read(&fields, (enum field)field, "/requestParameters/0/a~1b", &value);
	}
	record_text_line(&record, &line);
	for (size_t i = 0; i + 1 < line.length; i++) {
		if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f)
			abort();
	}
	return 0;
}

static void take_problem(void *context, size_t line, size_t column, const char *message)
{
	(void)context;
	if (!line || !column || !message)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document_sink sink = { .record = take_record, .problem = take_problem };
	struct document_counts counts = { 0 };
	AUTO_STRBUF text = { 0 };
	struct text_end end;
	struct err err;

	strbuf_init(&text, FUZZ_TEXT_MAX);
	if (text_unpack(data, size, &text, &end, &err) < 0)
		return 0;
	if (document_read(text.data, text.length, &sink, &counts, &err) < 0)
		abort();
	return 0;
}
