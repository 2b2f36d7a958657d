#include "cloudtrail/source/finished.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

struct fixture {
	char folder[64], path[96];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/clewline-finished.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/finished", fixture->folder);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static const struct walk_file one = { "a/1.json.gz", 10, 1000 }, grown = { "a/1.json.gz", 11, 2000 },
			      other = { "a/2.json.gz", 10, 1000 };

static struct finished *open_it(const struct fixture *fixture)
{
	struct finished *finished = NULL;
	struct err err;

	if (finished_open(fixture->path, &finished, &err) < 0)
		fail_msg("%s", err.message);
	return finished;
}

static void only_what_was_saved_is_remembered(void **state)
{
	AUTO_FINISHED first = open_it(*state);
	AUTO_FINISHED second = NULL;
	struct err err;

	assert_false(finished_has(first, &one));
	assert_int_equal(finished_add(first, &one, &err), 0);
	assert_true(finished_has(first, &one));
	assert_int_equal(finished_save(first, &err), 0);
	assert_int_equal(finished_add(first, &other, &err), 0);
	finished_close_pointer(&first);
	second = open_it(*state);
	assert_true(finished_has(second, &one));
	assert_false(finished_has(second, &grown));
	assert_false(finished_has(second, &other));
}

static void a_torn_last_line_costs_only_itself(void **state)
{
	const struct fixture *fixture = *state;
	AUTO_FINISHED first = open_it(fixture);
	AUTO_FINISHED second = NULL;
	AUTO_FINISHED third = NULL;
	AUTO_STRBUF text = STRBUF_INIT;
	struct err err;

	assert_int_equal(finished_add(first, &one, &err), 0);
	assert_int_equal(finished_add(first, &other, &err), 0);
	assert_int_equal(finished_save(first, &err), 0);
	finished_close_pointer(&first);
	assert_int_equal(file_read(fixture->path, 1 << 20, &text, &err), 0);
	assert_int_equal(file_write_atomic(fixture->path, text.data, text.length - 5, 0600, &err), 0);
	second = open_it(fixture);
	assert_true(finished_has(second, &one));
	assert_false(finished_has(second, &other));
	assert_int_equal(finished_add(second, &grown, &err), 0);
	assert_int_equal(finished_save(second, &err), 0);
	third = open_it(fixture);
	assert_true(finished_has(third, &one));
	assert_true(finished_has(third, &grown));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_what_was_saved_is_remembered),
		CASE(a_torn_last_line_costs_only_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
