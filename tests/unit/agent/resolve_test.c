#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/resolve.h"
#include "base/time.h"

#define GONE 4194000 /* a number that no live process has */

static char scratch[] = "/tmp/resolve-XXXXXX";
static struct resolver resolver;

static int set_up(void **state)
{
	char path[64];

	(void)state;
	resolver_init(&resolver);
	if (!mkdtemp(scratch) || resolver.own_namespace == 0)
		return -1;
	snprintf(path, sizeof(path), "%s/folder", scratch);
	if (mkdir(path, 0700) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/way", scratch);
	return symlink("folder", path);
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/way", scratch);
	unlink(path);
	snprintf(path, sizeof(path), "%s/folder", scratch);
	rmdir(path);
	return rmdir(scratch);
}

static struct sensor_event event_of(pid_t tid, enum sensor_call call, const char *path)
{
	return (struct sensor_event){ .call = call,
				      .tid = tid,
				      .pid = tid,
				      .path = path,
				      .folder = scratch,
				      .mount_namespace = resolver.own_namespace };
}

static void a_link_among_the_folders_is_followed(void **state)
{
	struct sensor_event event = event_of(getpid(), SENSOR_UNLINK, "way/file");
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "%s/folder/file", scratch);
	assert_string_equal(resolver_handle(&resolver, &event)->real_path, expected);
}

static void what_has_no_link_is_left_to_its_text(void **state)
{
	struct sensor_event event = event_of(getpid(), SENSOR_UNLINK, "folder/file");

	(void)state;
	assert_null(resolver_handle(&resolver, &event)->real_path);
	/* the last part is the entry itself, link or not */
	event.path = "way";
	assert_null(resolver_handle(&resolver, &event)->real_path);
}

static void both_paths_of_a_rename_are_followed(void **state)
{
	struct sensor_event event = event_of(getpid(), SENSOR_RENAME, "folder/a");
	char expected[64], second[64];

	(void)state;
	snprintf(second, sizeof(second), "%s/way/b", scratch);
	snprintf(expected, sizeof(expected), "%s/folder/b", scratch);
	event.path2 = second;
	assert_null(resolver_handle(&resolver, &event)->real_path);
	assert_string_equal(resolver_handle(&resolver, &event)->real_path2, expected);
}

static void the_text_of_a_symbolic_link_is_not_a_path(void **state)
{
	struct sensor_event event = event_of(getpid(), SENSOR_SYMLINK, "folder/link");

	(void)state;
	event.path2 = "way/b";
	assert_null(resolver_handle(&resolver, &event)->real_path2);
}

static void a_process_that_is_gone_is_answered_for_by_one_with_its_mounts(void **state)
{
	struct sensor_event event = event_of(GONE, SENSOR_UNLINK, "way/file");

	(void)state;
	assert_non_null(resolver_handle(&resolver, &event)->real_path);
	/* nobody is left who sees what it saw */
	event.mount_namespace = resolver.own_namespace + 1;
	assert_null(resolver_handle(&resolver, &event)->real_path);
}

static void a_folder_found_plain_is_looked_at_again(void **state)
{
	struct sensor_event event = event_of(getpid(), SENSOR_UNLINK, "other/file");
	char other[64];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", scratch);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_null(resolver_handle(&resolver, &event)->real_path);
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(symlink("folder", other), 0);
	/* as if the folder had been looked at a while ago */
	for (int i = 0; i < PLAIN_FOLDERS; i++)
		resolver.plain[i].looked_ns -= NS_PER_S;
	assert_non_null(resolver_handle(&resolver, &event)->real_path);
	assert_int_equal(unlink(other), 0);
}

static void what_the_sensor_knew_stands(void **state)
{
	struct sensor_event event = event_of(getpid(), SENSOR_OPEN, "way/file");

	(void)state;
	event.real_path = "/known";
	assert_string_equal(resolver_handle(&resolver, &event)->real_path, "/known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_among_the_folders_is_followed),
		cmocka_unit_test(what_has_no_link_is_left_to_its_text),
		cmocka_unit_test(both_paths_of_a_rename_are_followed),
		cmocka_unit_test(the_text_of_a_symbolic_link_is_not_a_path),
		cmocka_unit_test(a_process_that_is_gone_is_answered_for_by_one_with_its_mounts),
		cmocka_unit_test(a_folder_found_plain_is_looked_at_again),
		cmocka_unit_test(what_the_sensor_knew_stands),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
