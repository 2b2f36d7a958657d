#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/clewline-file-XXXXXX";
static struct err err;

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(void **state UNUSED)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	assert_int_equal(file_write_atomic(in_folder("five"), "12345", 5, 0600, &err), 0);
	strbuf_adds(&buf, "before ");
	assert_int_equal(file_read(in_folder("five"), 5, &buf, &err), 0);
	assert_string_equal(buf.data, "before 12345");
	assert_int_equal(file_read(in_folder("five"), 4, &buf, &err), ERR_LIMIT);
	assert_non_null(strstr(err.message, "five\" is larger than 4 bytes"));
}

static void a_buffer_too_small_for_a_file_says_so(void **state UNUSED)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	buf.max = 3;
	assert_int_equal(file_write_atomic(in_folder("five"), "12345", 5, 0600, &err), 0);
	assert_int_equal(file_read(in_folder("five"), 100, &buf, &err), ERR_LIMIT);
}

static void what_cannot_be_read_is_told_apart(void **state UNUSED)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	assert_int_equal(file_read(in_folder("absent"), 100, &buf, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.message, "No such file"));
	assert_int_equal(file_read(folder, 100, &buf, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "Is a directory"));
	assert_int_equal(file_write_atomic(in_folder("five"), "12345", 5, 0600, &err), 0);
	assert_int_equal(file_read(in_folder("five/below"), 100, &buf, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "Not a directory"));
}

static void a_file_is_replaced_whole_and_nothing_else_stays(void **state UNUSED)
{
	AUTO_STRBUF buf = STRBUF_INIT;
	struct stat st;

	assert_int_equal(file_write_atomic(in_folder("new"), "a longer text", 13, 0640, &err), 0);
	assert_int_equal(stat(in_folder("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(file_write_atomic(in_folder("new"), "short", 5, 0640, &err), 0);
	assert_int_equal(file_read(in_folder("new"), 100, &buf, &err), 0);
	assert_string_equal(buf.data, "short");
	assert_false(file_exists(in_folder("new.tmp")));
}

static void a_failed_write_leaves_the_old_file(void **state UNUSED)
{
	assert_int_equal(folder_create(in_folder("taken/inside"), 0700, &err), 0);
	assert_int_equal(file_write_atomic(in_folder("taken"), "x", 1, 0600, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "could not write"));
	assert_true(file_exists(in_folder("taken/inside")));
	assert_false(file_exists(in_folder("taken.tmp")));
	assert_int_equal(file_write_atomic(in_folder("no/folder"), "x", 1, 0600, &err), ERR_FAILED);
	assert_false(file_exists(in_folder("no")));
}

/* Whoever may write into the folder must not make us write through a link that he put in the way. */
static void a_link_in_the_way_is_not_followed(void **state UNUSED)
{
	char link[PATH_MAX], target[PATH_MAX];
	AUTO_STRBUF buf = STRBUF_INIT;

	snprintf(target, sizeof(target), "%s/target", folder);
	snprintf(link, sizeof(link), "%s/linked.tmp", folder);
	assert_int_equal(file_write_atomic(target, "old", 3, 0600, &err), 0);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(file_write_atomic(in_folder("linked"), "new", 3, 0600, &err), 0);
	assert_int_equal(file_read(target, 100, &buf, &err), 0);
	assert_string_equal(buf.data, "old");
	unlink(target);
	unlink(in_folder("linked"));
}

static void folders_come_with_their_parents(void **state UNUSED)
{
	char path[PATH_MAX + 2];
	struct stat st;

	assert_int_equal(folder_create(in_folder("a/b/c"), 0700, &err), 0);
	assert_int_equal(stat(in_folder("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(folder_create(in_folder("a/b/c"), 0700, &err), 0);
	assert_int_equal(file_write_atomic(in_folder("a/file"), "", 0, 0600, &err), 0);
	assert_int_equal(folder_create(in_folder("a/file"), 0700, &err), ERR_FAILED);
	assert_int_equal(folder_create(in_folder("a/file/below"), 0700, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "Not a directory"));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(folder_create(path, 0700, &err), ERR_LIMIT);
	assert_int_equal(file_write_atomic(path, "", 0, 0600, &err), ERR_LIMIT);
}

/* Of any writer: what has no room is told apart from what fails. */
static void a_full_disk_has_a_code_of_its_own(void **state UNUSED)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "x", 1, &err), ERR_FULL);
	assert_int_equal(err.code, ERR_FULL);
	assert_non_null(strstr(err.message, "No space left on device"));
	assert_int_equal(err_exit_code(ERR_FULL), 8);
	close(fd);
	errno = EIO;
	assert_int_equal(err_errno(&err, ERR_FAILED, "written"), ERR_FAILED);
	errno = ENOSPC;
	assert_int_equal(err_errno(&err, ERR_NOT_FOUND, "found"), ERR_NOT_FOUND);
}

static int make_folder(void **state UNUSED)
{
	umask(022);
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state UNUSED)
{
	static const char *const files[] = { "five", "new", "taken/inside", "taken", "a/file", "a/b/c", "a/b", "a" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		remove(in_folder(files[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not),
		cmocka_unit_test(a_buffer_too_small_for_a_file_says_so),
		cmocka_unit_test(what_cannot_be_read_is_told_apart),
		cmocka_unit_test(a_file_is_replaced_whole_and_nothing_else_stays),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(a_link_in_the_way_is_not_followed),
		cmocka_unit_test(folders_come_with_their_parents),
		cmocka_unit_test(a_full_disk_has_a_code_of_its_own),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
