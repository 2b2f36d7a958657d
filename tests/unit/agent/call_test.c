/* The paths of a call, as they are found below the root of the process that makes it: this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sensor/trace/call.h"
#include "base/attr.h"

struct world {
	char folder[64];
	struct roots roots;
	struct pending_call call;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char path[PATH_MAX];

	strcpy(world->folder, "/tmp/call_test.XXXXXX");
	roots_init(&world->roots);
	*state = world;
	if (!mkdtemp(world->folder) || chdir(world->folder) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/other", world->folder);
	return mkdir("real", 0700) < 0 || symlink("real", "link") < 0 || mkdir(path, 0700) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	roots_fini(&world->roots);
	unlink("link");
	unlink("real/last");
	rmdir("real");
	rmdir("other");
	rmdir(world->folder);
	free(world);
	return chdir("/");
}

static void enter_rename(struct world *world, const char *from, const char *to)
{
	const struct call_origin origin = { getpid(), getpid(), ARCH_NATIVE, &world->roots, false };
	const uint64_t args[6] = { (uint64_t)(uintptr_t)from, (uint64_t)(uintptr_t)to };

	call_enter(&world->call, SENSOR_RENAME, &origin, args);
	assert_string_equal(world->call.event.path, from);
	assert_string_equal(world->call.event.path2, to);
}

/* Where the call's paths lead, below the folder; the new one is asked for first. */
static void assert_leads(struct world *world, const char *from, const char *to)
{
	const struct sensor_event *event = &world->call.event;
	char expected[PATH_MAX];

	snprintf(expected, sizeof(expected), "%s/%s", world->folder, to);
	assert_string_equal(event->find_real(event, true), expected);
	snprintf(expected, sizeof(expected), "%s/%s", world->folder, from);
	assert_string_equal(event->real_path ? event->real_path : event->find_real(event, false), expected);
}

static void both_names_of_one_folder_are_found(void **state)
{
	struct world *world = *state;

	enter_rename(world, "real/a", "real/b");
	assert_leads(world, "real/a", "real/b");
	enter_rename(world, "link/a", "link/b");
	assert_leads(world, "real/a", "real/b");
	enter_rename(world, "a", "b");
	assert_leads(world, "a", "b");
}

static void names_of_two_folders_are_found(void **state)
{
	struct world *world = *state;

	enter_rename(world, "link/a", "other/b");
	assert_leads(world, "real/a", "other/b");
	enter_rename(world, "real/a", "link/b");
	assert_leads(world, "real/a", "real/b");
	enter_rename(world, "real/a", "b");
	assert_leads(world, "real/a", "b");
}

/* A last name that is a link is what is renamed; its folder is what counts for the other. */
static void a_link_at_the_end_is_not_followed(void **state)
{
	struct world *world = *state;

	assert_int_equal(symlink("/etc/passwd", "real/last"), 0);
	enter_rename(world, "link/last", "link/b");
	assert_leads(world, "real/last", "real/b");
}

static void whether_an_open_makes_its_file_is_known_before(void **state)
{
	struct world *world = *state;
	const struct call_origin origin = { getpid(), getpid(), ARCH_NATIVE, &world->roots, false };
	static const char *const paths[] = { "real/new", "link/new", "real", "nowhere/new" };
	static const bool is_new[] = { true, true, false, true };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const uint64_t args[6] = { (uint64_t)(uintptr_t)paths[i], O_CREAT | O_WRONLY, 0600 };

		call_enter(&world->call, SENSOR_OPEN, &origin, args);
		call_look(&world->call, true);
		assert_int_equal(world->call.event.is_new_file, is_new[i]);
		assert_true(world->call.event.known_new_file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_names_of_one_folder_are_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_of_two_folders_are_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_at_the_end_is_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whether_an_open_makes_its_file_is_known_before, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
