/* What is remembered of files that were written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/execfn.h"
#include "agent/state/written.h"
#include "base/attr.h"

static const struct execution writer = { .view = { .exec_id = 7, .pid = 70, .name = "cp", .exe_path = "/bin/cp" },
					 .user = "app" };
static const struct execution other = { .view = { .exec_id = 8, .pid = 80, .name = "mv" } };

static struct file_id file(uint64_t inode)
{
	return (struct file_id){ .device = 1, .inode = inode, .born_ns = 5 };
}

static void the_last_writer_counts(void **state UNUSED)
{
	struct written *written = written_new();
	struct file_id a = file(1), b = file(2);
	const struct writing *found;

	written_note(written, &a, WRITING_WRITE, &writer, 100);
	found = written_find(written, &a, 100);
	assert_non_null(found);
	assert_int_equal(found->kind, WRITING_WRITE);
	assert_int_equal(found->by->pid, 70);
	assert_string_equal(found->by->name, "cp");
	assert_string_equal(found->by->program, "/bin/cp");
	assert_string_equal(found->by->user, "app");
	assert_string_equal(found->by->container, "");
	assert_null(written_find(written, &a, 99));
	assert_null(written_find(written, &b, 100));
	written_note(written, &a, WRITING_WRITE, &other, 200);
	assert_string_equal(written_find(written, &a, 200)->by->name, "mv");
	assert_string_equal(written_find(written, &a, 200)->by->program, "");
	assert_int_equal(written_count(written), 1);
	written_free(written);
}

static void moving_and_modes_do_not_hide_the_writer(void **state UNUSED)
{
	struct written *written = written_new();
	struct file_id a = file(1), b = file(2);

	written_note(written, &a, WRITING_WRITE, &writer, 100);
	written_note(written, &a, WRITING_CHMOD, &other, 200);
	written_note(written, &a, WRITING_RENAME, &other, 300);
	assert_string_equal(written_find(written, &a, 300)->by->name, "cp");
	assert_int_equal(written_find(written, &a, 300)->time_ns, 100);
	written_note(written, &b, WRITING_RENAME, &other, 100);
	assert_int_equal(written_find(written, &b, 300)->kind, WRITING_RENAME);
	written_note(written, &b, WRITING_WRITE, &writer, 200);
	assert_int_equal(written_find(written, &b, 300)->kind, WRITING_WRITE);
	written_free(written);
}

/* Who writes many files is described once, and anew as soon as something of it is another. */
static void files_of_one_writer_share_it(void **state UNUSED)
{
	static const struct container_identity container = { .short_id = "0123456789ab" };
	struct execution changed = writer;
	struct written *written = written_new();
	struct file_id a = file(1), b = file(2), c = file(3);
	const struct writer *first;

	written_note(written, &a, WRITING_WRITE, &writer, 1);
	written_note(written, &b, WRITING_WRITE, &writer, 2);
	first = written_find(written, &a, 9)->by;
	assert_ptr_equal(written_find(written, &b, 9)->by, first);
	strcpy(changed.user, "root");
	written_note(written, &c, WRITING_WRITE, &changed, 3);
	assert_string_equal(written_find(written, &c, 9)->by->user, "root");
	changed.container = &container;
	written_note(written, &c, WRITING_WRITE, &changed, 4);
	assert_string_equal(written_find(written, &c, 9)->by->container, "0123456789ab");
	changed.view.exe_path = "/bin/other";
	written_note(written, &c, WRITING_WRITE, &changed, 5);
	assert_string_equal(written_find(written, &c, 9)->by->program, "/bin/other");
	changed.view.name = "another";
	written_note(written, &c, WRITING_WRITE, &changed, 6);
	assert_string_equal(written_find(written, &c, 9)->by->name, "another");
	changed.view.pid++;
	written_note(written, &c, WRITING_WRITE, &changed, 7);
	assert_int_equal(written_find(written, &c, 9)->by->pid, writer.view.pid + 1);
	assert_string_equal(written_find(written, &a, 9)->by->user, "app");
	written_free(written);
}

static void a_path_is_known_in_its_container(void **state UNUSED)
{
	static const struct container_identity container = { .short_id = "0123456789ab" };
	struct execution inside = { .view = writer.view, .container = &container };
	struct written *written = written_new();

	written_note_path(written, &inside, "/tmp/x");
	assert_true(written_has_path(written, &inside, "/tmp/x"));
	assert_false(written_has_path(written, &inside, "/tmp/y"));
	assert_false(written_has_path(written, &writer, "/tmp/x"));
	written_free(written);
}

static void a_number_given_again_is_another_file(void **state UNUSED)
{
	struct written *written = written_new();
	struct file_id a = file(1), born_later = a, elsewhere = a;

	born_later.born_ns++;
	elsewhere.device++;
	written_note(written, &a, WRITING_WRITE, &writer, 100);
	assert_null(written_find(written, &born_later, 1000));
	assert_null(written_find(written, &elsewhere, 1000));
	written_free(written);
}

static void what_is_longest_unheard_of_makes_room(void **state UNUSED)
{
	struct written *written = written_new();
	struct file_id first = file(0);

	for (uint64_t i = 0; i < WRITTEN_MAX; i++) {
		struct file_id next = file(i);

		written_note(written, &next, WRITING_WRITE, &writer, 1);
	}
	/* heard of again, so number 1 is the oldest now */
	written_note(written, &first, WRITING_CHMOD, &other, 2);
	for (uint64_t i = 0; i < 10; i++) {
		struct file_id next = file(WRITTEN_MAX + i);

		written_note(written, &next, WRITING_WRITE, &writer, 3);
	}
	assert_int_equal(written_count(written), WRITTEN_MAX);
	assert_non_null(written_find(written, &first, 10));
	for (uint64_t i = 1; i < WRITTEN_MAX + 10; i++) {
		struct file_id one = file(i);

		assert_int_equal(written_find(written, &one, 10) != NULL, i > 10);
	}
	written_free(written);
}

static void a_file_is_known_by_any_name(void **state UNUSED)
{
	char folder[] = "/tmp/written.XXXXXX", path[64], second[64], link[64], fd_name[32];
	struct file_facts a, b;
	int fd;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a", folder);
	snprintf(second, sizeof(second), "%s/b", folder);
	snprintf(link, sizeof(link), "%s/c", folder);
	fd = open(path, O_CREAT | O_WRONLY, 0700);
	assert_true(fd >= 0);
	assert_true(file_facts_at(getpid(), path, &a));
	assert_int_equal(rename(path, second), 0);
	assert_int_equal(symlink(second, link), 0);
	assert_true(file_facts_at(getpid(), second, &b) && file_id_equal(&a.id, &b.id));
	assert_true(file_facts_at(getpid(), link, &b) && file_id_equal(&a.id, &b.id));
	assert_true(file_facts_at_real(getpid(), second, &b) && file_id_equal(&a.id, &b.id));
	assert_true(file_facts_at_real(getpid(), link, &b) && !file_id_equal(&a.id, &b.id));
	snprintf(fd_name, sizeof(fd_name), "fd/%d", fd);
	assert_true(file_facts_of(getpid(), fd_name, &b) && file_id_equal(&a.id, &b.id));
	assert_true(S_ISREG(b.mode) && b.mode & S_IXUSR);
	assert_false(file_facts_at(getpid(), path, &b));
	close(fd);
	unlink(second);
	unlink(link);
	rmdir(folder);
}

static void a_program_knows_the_name_it_was_executed_by(void **state UNUSED)
{
	char name[PATH_MAX], real[PATH_MAX], exe[PATH_MAX];

	assert_true(proc_execfn(getpid(), name));
	assert_non_null(realpath(name, real));
	assert_non_null(realpath("/proc/self/exe", exe));
	assert_string_equal(real, exe);
	assert_false(proc_execfn(0, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_writer_counts),
		cmocka_unit_test(moving_and_modes_do_not_hide_the_writer),
		cmocka_unit_test(files_of_one_writer_share_it),
		cmocka_unit_test(a_path_is_known_in_its_container),
		cmocka_unit_test(a_number_given_again_is_another_file),
		cmocka_unit_test(what_is_longest_unheard_of_makes_room),
		cmocka_unit_test(a_file_is_known_by_any_name),
		cmocka_unit_test(a_program_knows_the_name_it_was_executed_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
