#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/proc/path.h"

static void paths_become_normal(void **state)
{
	static const char *const cases[][2] = {
		{ "/", "/" },
		{ "//", "/" },
		{ "/a/b", "/a/b" },
		{ "/a//b/", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },
		{ "/..", "/" },
		{ "/../../etc/passwd", "/etc/passwd" },
		{ "/a/b/../../..", "/" },
		{ "/...", "/..." },
		{ "/a/..b/.c", "/a/..b/.c" },
		{ "/usr/bin/../../usr/bin/x", "/usr/bin/x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[64];

		strcpy(path, cases[i][0]);
		path_normalize(path);
		assert_string_equal(path, cases[i][1]);
	}
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	char out[PATH_MAX], name[PATH_MAX];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(path_join("/tmp", name, out));
	name[PATH_MAX - 6] = '\0';
	assert_true(path_join("/tmp", name, out));
	assert_int_equal(strlen(out), PATH_MAX - 1);
	assert_true(path_join("/tmp", "/other", out));
	assert_string_equal(out, "/other");
}

static char folder[] = "/tmp/path_test.XXXXXX";

static void links_of_folders_are_followed(void **state)
{
	char link[PATH_MAX], path[PATH_MAX], expected[PATH_MAX];
	int root = path_open_root(getpid());
	bool known;
	char real[PATH_MAX];

	(void)state;
	assert_true(root >= 0);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/real", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(symlink("real", link), 0);
	snprintf(path, sizeof(path), "%s/link/../link//new", folder);
	snprintf(expected, sizeof(expected), "%s/real/new", folder);
	assert_true(path_real(getpid(), AT_FDCWD, path, real));
	assert_string_equal(real, expected);
	assert_false(path_exists_below(root, "/", getpid(), AT_FDCWD, path, &known));
	assert_true(known);

	close(open(expected, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_true(path_exists_below(root, "/", getpid(), AT_FDCWD, path, &known));
	assert_true(known);
	unlink(expected);
	close(root);
}

static void relative_paths_start_at_their_folder(void **state)
{
	char path[PATH_MAX], expected[PATH_MAX];
	char real[PATH_MAX];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/link", folder);
	snprintf(expected, sizeof(expected), "%s/real/x", folder);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(path_real(getpid(), fd, "x", real));
	assert_string_equal(real, expected);
	assert_true(path_absolute(getpid(), fd, "./y/../x", NULL, path));
	assert_string_equal(path, expected);
	close(fd);
	/* one that is not taken by what asks, either: the process that is asked about is this one */
	assert_false(path_real(getpid(), 1000, "x", real));
	assert_false(path_absolute(getpid(), 1000, "x", "/", path));

	assert_int_equal(chdir(folder), 0);
	assert_true(path_real(getpid(), AT_FDCWD, "link/x", real));
	assert_string_equal(real, expected);
	assert_false(path_real(getpid(), AT_FDCWD, "absent/x", real));
}

static void only_regular_files_are_opened(void **state)
{
	char path[PATH_MAX];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(path_open_in_root(getpid(), path), -1);
	unlink(path);
	assert_int_equal(path_open_in_root(getpid(), "/dev/zero"), -1);
	fd = path_open_in_root(getpid(), "/proc/self/status");
	assert_true(fd >= 0);
	close(fd);
}

static int clean_up(void **state)
{
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/link", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/real", folder);
	rmdir(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_become_normal),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
		cmocka_unit_test(links_of_folders_are_followed),
		cmocka_unit_test(relative_paths_start_at_their_folder),
		cmocka_unit_test(only_regular_files_are_opened),
	};

	return cmocka_run_group_tests(tests, NULL, clean_up);
}
