#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "collector/api/route.h"

static void the_reference_is_the_one_in_docs(void **state UNUSED)
{
	AUTO_FREE char *made = routes_document();
	AUTO_STRBUF kept = STRBUF_INIT;
	char path[4096];

	snprintf(path, sizeof(path), "%s/docs/api.md", getenv("CLEWLINE_SOURCE"));
	assert_int_equal(file_read(path, 1u << 20, &kept, NULL), 0);
	if (strcmp(made, kept.data) != 0)
		print_message("make docs/api.md anew: seccollector --routes >docs/api.md\n");
	assert_string_equal(made, kept.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_is_the_one_in_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
