#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sensor/bpf/record.h"

#define BOOT_NS INT64_C(1000)

/* A record under construction: head, then texts. */
struct draft {
	struct wire_head head;
	char text[WIRE_TEXTS_MAX];
};

static struct draft draft;
static struct record record;
static struct err err;

static void draft_begin(enum wire_kind kind, enum sensor_call call)
{
	memset(&draft, 0, sizeof(draft));
	draft.head.kind = kind;
	draft.head.call = call;
	draft.head.boot_ns = 5;
	draft.head.tid = 12;
	draft.head.pid = 11;
	draft.head.length = sizeof(draft.head);
}

/* length includes the NULs */
static void draft_text(enum wire_text text, const char *bytes, size_t length)
{
	memcpy(draft.text + draft.head.length - sizeof(draft.head), bytes, length);
	draft.head.text_length[text] = (__u16)length;
	draft.head.length += length;
	draft.head.bits |= WIRE_HAS(text);
}

static int draft_decode(void)
{
	return record_decode(&draft, draft.head.length, BOOT_NS, &record, &err);
}

static void a_call_with_all_its_texts_is_decoded(void **state)
{
	(void)state;
	draft_begin(WIRE_CALL, SENSOR_RENAMEAT);
	draft_text(WIRE_PATH, "a", 2);
	draft_text(WIRE_PATH2, "b", 2);
	draft_text(WIRE_FOLDER, "lib\0var", 8);
	draft_text(WIRE_FOLDER2, "", 0);
	memcpy(draft.head.comm, "sixteen-letters!", WIRE_COMM_MAX);
	draft.head.result = -2;
	draft.head.dirfd = 7;
	assert_int_equal(draft_decode(), 0);
	assert_int_equal(record.event.call, SENSOR_RENAMEAT);
	assert_int_equal(record.event.time_ns, 1005);
	assert_int_equal(record.event.tid, 12);
	assert_int_equal(record.event.pid, 11);
	assert_int_equal(record.event.result, -2);
	assert_int_equal(record.event.dirfd, 7);
	assert_string_equal(record.event.path, "a");
	assert_string_equal(record.event.path2, "b");
	assert_string_equal(record.event.folder, "/var/lib");
	assert_string_equal(record.event.folder2, "/");
	assert_string_equal(record.event.comm, "sixteen-letters!");
	assert_null(record.event.real_path);
	assert_null(record.event.args);
	assert_false(record.event.known_new_file);
}

static void an_exec_has_a_file_and_arguments(void **state)
{
	(void)state;
	draft_begin(WIRE_EXEC, 0);
	draft_text(WIRE_PATH, "./x", 4);
	draft_text(WIRE_ARGS, "x\0-y\0", 6);
	draft_text(WIRE_REAL, "x\0srv", 6);
	draft_text(WIRE_CGROUP, "c0ffee\0docker", 14);
	assert_int_equal(draft_decode(), 0);
	assert_int_equal(record.event.call, SENSOR_EXECVE);
	assert_string_equal(record.event.exe_path, "/srv/x");
	assert_null(record.event.real_path);
	assert_string_equal(record.event.cgroup, "/docker/c0ffee");
	assert_int_equal(record.event.args_length, 5);
	assert_memory_equal(record.event.args, "x\0-y", 5);
}

static void cut_arguments_keep_their_last_byte(void **state)
{
	(void)state;
	draft_begin(WIRE_EXEC, 0);
	draft_text(WIRE_ARGS, "x\0long", 7);
	draft.head.bits |= WIRE_ARGS_CUT;
	assert_int_equal(draft_decode(), 0);
	assert_int_equal(record.event.args_length, 7);
	assert_true(record.event.is_args_cut);
}

static void only_a_successful_open_knows_whether_its_file_is_new(void **state)
{
	(void)state;
	draft_begin(WIRE_CALL, SENSOR_OPENAT);
	draft.head.bits = WIRE_OPENED | WIRE_CREATED;
	draft.head.result = 3;
	assert_int_equal(draft_decode(), 0);
	assert_true(record.event.known_new_file && record.event.is_new_file);
	draft.head.bits = WIRE_OPENED;
	assert_int_equal(draft_decode(), 0);
	assert_true(record.event.known_new_file && !record.event.is_new_file);
	draft.head.result = -13;
	assert_int_equal(draft_decode(), 0);
	assert_false(record.event.known_new_file);
	draft.head.result = 3;
	draft.head.bits |= WIRE_BEGUN;
	assert_int_equal(draft_decode(), 0);
	assert_false(record.event.has_result || record.event.known_new_file);
	draft.head.bits = WIRE_OPENED;
	draft.head.call = SENSOR_UNLINK;
	draft.head.result = 0;
	assert_int_equal(draft_decode(), 0);
	assert_false(record.event.known_new_file);
}

static void a_head_that_is_cut_is_refused(void **state)
{
	(void)state;
	draft_begin(WIRE_EXIT, 0);
	for (size_t size = 0; size < sizeof(draft.head); size++)
		assert_int_equal(record_decode(&draft, size, 0, &record, &err), ERR_SYNTAX);
	assert_int_equal(draft_decode(), 0);
	draft.head.length--;
	assert_int_equal(record_decode(&draft, sizeof(draft), 0, &record, &err), ERR_SYNTAX);
}

static void lengths_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	draft_begin(WIRE_CALL, SENSOR_OPEN);
	draft_text(WIRE_PATH, "a", 2);
	draft.head.text_length[WIRE_PATH] = 3;
	assert_int_equal(draft_decode(), ERR_SYNTAX);
	draft.head.text_length[WIRE_PATH] = UINT16_MAX;
	assert_int_equal(draft_decode(), ERR_SYNTAX);
	draft.head.text_length[WIRE_PATH] = 1;
	assert_int_equal(draft_decode(), ERR_SYNTAX);
	draft.head.text_length[WIRE_PATH] = 2;
	assert_int_equal(draft_decode(), 0);
	draft.head.length += 1;
	assert_int_equal(record_decode(&draft, draft.head.length - 1, 0, &record, &err), ERR_SYNTAX);
	assert_int_equal(draft_decode(), ERR_SYNTAX);
}

static void a_text_that_the_head_denies_is_refused(void **state)
{
	(void)state;
	draft_begin(WIRE_CALL, SENSOR_OPEN);
	draft_text(WIRE_PATH, "a", 2);
	draft.head.bits = 0;
	assert_int_equal(draft_decode(), ERR_SYNTAX);
}

static void the_longest_text_fits_and_one_more_byte_does_not(void **state)
{
	static char names[WIRE_TEXT_MAX + 1];

	(void)state;
	/* only NULs: as many empty names as a folder could hold, each of which becomes a "/" */
	draft_begin(WIRE_CALL, SENSOR_OPEN);
	draft_text(WIRE_FOLDER, names, WIRE_TEXT_MAX);
	assert_int_equal(draft_decode(), 0);
	assert_int_equal(strlen(record.event.folder), WIRE_TEXT_MAX);
	draft_begin(WIRE_CALL, SENSOR_OPEN);
	draft_text(WIRE_FOLDER, names, WIRE_TEXT_MAX + 1);
	assert_int_equal(draft_decode(), ERR_SYNTAX);
}

static void kinds_and_calls_that_do_not_exist_are_refused(void **state)
{
	(void)state;
	draft_begin(WIRE_KIND_COUNT, 0);
	assert_int_equal(draft_decode(), ERR_SYNTAX);
	draft_begin(WIRE_CALL, SENSOR_CALL_COUNT);
	assert_int_equal(draft_decode(), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_with_all_its_texts_is_decoded),
		cmocka_unit_test(an_exec_has_a_file_and_arguments),
		cmocka_unit_test(cut_arguments_keep_their_last_byte),
		cmocka_unit_test(only_a_successful_open_knows_whether_its_file_is_new),
		cmocka_unit_test(a_head_that_is_cut_is_refused),
		cmocka_unit_test(lengths_that_do_not_fit_are_refused),
		cmocka_unit_test(a_text_that_the_head_denies_is_refused),
		cmocka_unit_test(the_longest_text_fits_and_one_more_byte_does_not),
		cmocka_unit_test(kinds_and_calls_that_do_not_exist_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
