#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/footprint.h"

/* Addresses in it are put in when the program starts, and it is read-only from then on. */
static const char *const words[] = { "first", "second", "third" };
static int written = 1;

/* Resident pages of files. */
static long shared_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long shared = -1;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %*d %ld", &shared), 1);
	fclose(file);
	return shared;
}

static void pages_of_the_program_are_let_go(void **state UNUSED)
{
	long before = shared_pages();

	/* An emulator has pages of its own, and may keep those of the program. */
	if (getenv("CLEWLINE_EMULATED"))
		skip();
	footprint_shrink();
	assert_true(shared_pages() < before);
}

static void what_was_written_stays(void **state UNUSED)
{
	char *kept = strdup("kept");

	written = 2;
	for (int i = 0; i < 3; i++)
		footprint_shrink();
	assert_int_equal(written, 2);
	assert_string_equal(kept, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_true(strlen(words[i]) >= 5);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_the_program_are_let_go),
		cmocka_unit_test(what_was_written_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
