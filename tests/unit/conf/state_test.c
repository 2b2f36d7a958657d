#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "conf/state.h"

static char out[STATE_PATH_MAX];

static void a_folder_that_was_asked_for_becomes_absolute(void **state UNUSED)
{
	assert_int_equal(state_folder("/x/y//", out, NULL), 0);
	assert_string_equal(out, "/x/y");
	assert_int_equal(chdir("/tmp"), 0);
	assert_int_equal(state_folder("here", out, NULL), 0);
	assert_string_equal(out, "/tmp/here");
	assert_int_equal(state_folder("/", out, NULL), 0);
	assert_string_equal(out, "/");
}

static void root_has_a_folder_of_the_system(void **state UNUSED)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(state_folder(NULL, out, NULL), 0);
	assert_string_equal(out, "/var/lib/clewline");
}

static void others_have_a_folder_in_their_home(void **state UNUSED)
{
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		skip();
	setenv("HOME", "/home/u", 1);
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(state_folder(NULL, out, NULL), 0);
	assert_string_equal(out, "/home/u/.local/state/clewline");
	setenv("XDG_STATE_HOME", "/s", 1);
	assert_int_equal(state_folder("", out, NULL), 0);
	assert_string_equal(out, "/s/clewline");
	setenv("XDG_STATE_HOME", "relative", 1);
	assert_int_equal(state_folder(NULL, out, NULL), 0);
	assert_string_equal(out, "/home/u/.local/state/clewline");
	unsetenv("HOME");
	assert_int_equal(state_folder(NULL, out, NULL), ERR_USAGE);
}

static void a_path_that_is_too_long_is_refused(void **state UNUSED)
{
	char folder[STATE_PATH_MAX];

	memset(folder, 'x', sizeof(folder) - 1);
	folder[0] = '/';
	folder[sizeof(folder) - 1] = '\0';
	assert_int_equal(state_path(folder, STATE_PID, out, NULL), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_that_was_asked_for_becomes_absolute),
		cmocka_unit_test(root_has_a_folder_of_the_system),
		cmocka_unit_test(a_path_that_is_too_long_is_refused),
		cmocka_unit_test(others_have_a_folder_in_their_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
