#include "cloudtrail/source/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/file.h"
#include "cloudtrail/source/text.h"

#define LAYOUT	   "AWSLogs/111122223333/CloudTrail/us-west-1/2026/11/23"
#define RECORD(id) "{\"eventTime\":\"2026-11-23T12:00:00Z\",\"eventName\":\"A\",\"eventID\":\"" id "\"}"

struct fixture {
	char folder[64];
	struct strbuf records, problems;
	struct reader *reader;
};

static int note_record(void *context, const struct record *record, struct err *err)
{
	(void)err;
	strbuf_addf(&((struct fixture *)context)->records, "%s ", record->id);
	return 0;
}

static void note_problem(void *context, const char *line)
{
	struct fixture *fixture = context;

	/* the temporary folder's name is not part of what is compared */
	if (strncmp(line, fixture->folder, strlen(fixture->folder)) == 0)
		line += strlen(fixture->folder) + 1;
	strbuf_addf(&fixture->problems, "%s\n", line);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct reader_sink sink = { .record = note_record, .problem = note_problem, .context = fixture };
	struct err err;

	strcpy(fixture->folder, "/tmp/clewline-reader.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	strbuf_init(&fixture->records, 1 << 20);
	strbuf_init(&fixture->problems, 1 << 20);
	assert_int_equal(reader_open(&sink, &fixture->reader, &err), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
	assert_int_equal(system(command), 0);
	reader_close(fixture->reader);
	strbuf_fini(&fixture->records);
	strbuf_fini(&fixture->problems);
	free(fixture);
	return 0;
}

static void put(const struct fixture *fixture, const char *name, const void *data, size_t length)
{
	char path[512], *slash;
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(folder_create(path, 0755, &err), 0);
	*slash = '/';
	assert_int_equal(file_write_atomic(path, data, length, 0644, &err), 0);
}

static size_t pack(const char *text, unsigned char *out, size_t size)
{
	z_stream stream = { .next_in = (unsigned char *)text, .avail_in = (unsigned int)strlen(text) };

	stream.next_out = out;
	stream.avail_out = (unsigned int)size;
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static void read_all(struct fixture *fixture)
{
	char *paths[] = { fixture->folder, NULL };
	struct err err;

	assert_int_equal(reader_paths(fixture->reader, paths, &err), 0);
}

static void a_bucket_is_read_in_order_and_its_siblings_are_left_out(void **state)
{
	struct fixture *fixture = *state;
	const struct reader_counts *counts = reader_counts(fixture->reader);
	unsigned char packed[4096];
	size_t length = pack("{\"Records\":[" RECORD("a") "," RECORD("b") "]}", packed, sizeof(packed));

	put(fixture, LAYOUT "/1.json.gz", packed, length);
	put(fixture, LAYOUT "/2.json", RECORD("b") RECORD("c"), strlen(RECORD("b") RECORD("c")));
	put(fixture, "AWSLogs/111122223333/CloudTrail-Digest/us-west-1/2026/11/23/d.json.gz", packed, length);
	put(fixture, "AWSLogs/111122223333/CloudTrail-Insight/us-west-1/2026/11/23/i.json.gz", packed, length);
	put(fixture, "README", "x", 1);
	read_all(fixture);
	assert_string_equal(fixture->records.data, "a b c ");
	assert_string_equal(fixture->problems.data, "");
	assert_int_equal(counts->duplicates, 1);
	assert_int_equal(counts->walk.files, 2);
	assert_int_equal(counts->walk.digests, 1);
	assert_int_equal(counts->walk.insights, 1);
	assert_int_equal(counts->walk.others, 1);
}

static void the_same_id_in_another_account_is_another_record(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "AWSLogs/111122223333/CloudTrail/r/1.json", RECORD("a"), strlen(RECORD("a")));
	put(fixture, "AWSLogs/444455556666/CloudTrail/r/1.json", RECORD("a"), strlen(RECORD("a")));
	read_all(fixture);
	assert_string_equal(fixture->records.data, "a a ");
}

static void truncated_gzip_says_how_far_it_got(void **state)
{
	struct fixture *fixture = *state;
	AUTO_STRBUF text = STRBUF_INIT;
	unsigned char packed[65536];
	size_t length;

	strbuf_adds(&text, "{\"Records\":[" RECORD("a") "," RECORD("b"));
	for (int i = 0; i < 2000; i++)
		strbuf_addf(&text, ",{\"eventTime\":\"x\",\"eventID\":\"%08x\",\"eventName\":\"B\"}",
			    (unsigned int)i * 2654435761u);
	strbuf_adds(&text, "]}");
	length = pack(text.data, packed, sizeof(packed));
	put(fixture, "1.json.gz", packed, 4);
	put(fixture, "2.json.gz", packed, 300);
	put(fixture, "3.json", RECORD("z"), strlen(RECORD("z")));
	assert_true(length > 300);
	read_all(fixture);
	assert_non_null(strstr(fixture->problems.data,
			       "1.json.gz: gzip data ends early after 4 bytes; 0 records were read\n"));
	assert_non_null(strstr(fixture->problems.data, "2.json.gz: gzip data ends early after 300 bytes; "));
	assert_int_equal(strncmp(fixture->records.data, "a b ", 4), 0);
	assert_non_null(strstr(fixture->records.data, "z "));
	assert_null(strstr(fixture->problems.data, "JSON ends early"));
}

static void damaged_gzip_and_bad_json_are_one_line_each(void **state)
{
	struct fixture *fixture = *state;
	unsigned char packed[4096];
	size_t length = pack(RECORD("a"), packed, sizeof(packed));

	packed[length - 8] ^= 0xff; /* the checksum */
	put(fixture, "1.json.gz", packed, length);
	put(fixture, "2.json", "[" RECORD("b") ",\n  {\"a\": }]", strlen("[" RECORD("b") ",\n  {\"a\": }]"));
	put(fixture, "3\x1b.json", "{}", 2);
	read_all(fixture);
	assert_string_equal(fixture->records.data, "a b ");
	assert_non_null(strstr(fixture->problems.data, "1.json.gz: gzip data is damaged after "));
	assert_non_null(strstr(fixture->problems.data, "2.json:2:9: unexpected token near '}'\n"));
	assert_non_null(strstr(fixture->problems.data, "3\\x1b.json:1:1: not a CloudTrail record"));
	assert_int_equal(reader_counts(fixture->reader)->problems, 3);
}

static void a_gzip_bomb_stops_at_the_limit(void **state)
{
	AUTO_STRBUF bomb = STRBUF_INIT;
	AUTO_STRBUF text = { 0 };
	unsigned char packed[65536];
	struct text_end end;
	struct err err;
	size_t length;

	(void)state;
	for (int i = 0; i < 200000; i++)
		strbuf_adds(&bomb, "          ");
	length = pack(bomb.data, packed, sizeof(packed));
	strbuf_init(&text, 1 << 20);
	assert_int_equal(text_unpack(packed, length, &text, &end, &err), ERR_LIMIT);
	assert_string_equal(err.message, "text is larger than 1048576 bytes");
	assert_true(text.length <= 1 << 20);
}

static void a_path_that_does_not_exist_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	char path[128];
	char *paths[] = { path, fixture->folder, NULL };
	struct err err;

	snprintf(path, sizeof(path), "%s/nothing", fixture->folder);
	put(fixture, "1.json", RECORD("a"), strlen(RECORD("a")));
	assert_int_equal(reader_paths(fixture->reader, paths, &err), 0);
	assert_string_equal(fixture->problems.data, "nothing: No such file or directory\n");
	assert_int_equal(reader_counts(fixture->reader)->not_found, 1);
	assert_string_equal(fixture->records.data, "a ");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_bucket_is_read_in_order_and_its_siblings_are_left_out),
		CASE(the_same_id_in_another_account_is_another_record),
		CASE(truncated_gzip_says_how_far_it_got),
		CASE(damaged_gzip_and_bad_json_are_one_line_each),
		cmocka_unit_test(a_gzip_bomb_stops_at_the_limit),
		CASE(a_path_that_does_not_exist_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
