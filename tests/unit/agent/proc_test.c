#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/proc/name.h"
#include "agent/proc/pid_table.h"
#include "agent/proc/proc.h"
#include "base/time.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX32 "0123456789abcdef0123456789abcdef"

static void containers_are_found_by_control_group(void **state)
{
	static const char *const cases[][2] = {
		{ "0::/system.slice/docker-" HEX64 ".scope\n", HEX64 },
		{ "12:cpu:/docker/" HEX64 "\n11:pids:/docker/" HEX64 "\n", HEX64 },
		{ "1:name=systemd:/ecs/" HEX32 "/" HEX32 "-1234567890\n", HEX32 "-1234567890" },
		{ "0::/user.slice/user-1000.slice\n", NULL },
		{ "0::/" HEX32 "\n", NULL },
		{ "0::/a" HEX64 "b\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char id[PROC_CONTAINER_ID_MAX];
		bool found = cgroup_container_id(cases[i][0], id);

		assert_int_equal(found, cases[i][1] != NULL);
		if (found)
			assert_string_equal(id, cases[i][1]);
	}
}

static void the_own_process_is_described(void **state)
{
	struct proc_status status;
	struct proc_stat stat;
	char line[64], exe[PATH_MAX];
	uint32_t uid, gid;

	(void)state;
	assert_true(proc_status_read(getpid(), &status));
	assert_int_equal(status.tgid, getpid());
	assert_int_equal(status.ppid, getppid());
	assert_int_equal(status.uid, geteuid());
	assert_true(proc_stat_read(getpid(), &stat));
	assert_int_equal(stat.session, getsid(0));
	assert_in_range(stat.start_ns, time_now_ns() - 3600 * NS_PER_S, time_now_ns() + NS_PER_S);
	assert_true(proc_ids(getpid(), &uid, &gid));
	assert_int_equal(uid, geteuid());
	assert_int_equal(gid, getegid());
	assert_true(proc_link(getpid(), "exe", exe));
	assert_non_null(strstr(exe, "proc"));
	assert_true(proc_cmdline(getpid(), line, sizeof(line)) > 0);
	assert_false(proc_is_thread_of(getpid(), getpid()));
}

static void a_process_that_is_gone_is_not_described(void **state)
{
	struct proc_status status;
	char text[PATH_MAX];
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	assert_false(proc_status_read(child, &status));
	assert_string_equal(status.name, "");
	assert_false(proc_link(child, "exe", text));
	assert_int_equal(proc_cmdline(child, text, sizeof(text)), 0);
	assert_int_equal(proc_loginuid(child), -1);
}

static void pids_lead_to_values_up_to_the_ceiling(void **state)
{
	struct pid_table *table = pid_table_new();
	int a, b;

	(void)state;
	assert_true(pid_table_put(table, 1, &a));
	assert_true(pid_table_put(table, PID_LIMIT - 1, &b));
	assert_false(pid_table_put(table, PID_LIMIT, &b));
	assert_false(pid_table_put(table, 0, &b));
	assert_ptr_equal(pid_table_get(table, 1), &a);
	assert_ptr_equal(pid_table_get(table, PID_LIMIT - 1), &b);
	assert_null(pid_table_get(table, PID_LIMIT));
	assert_null(pid_table_get(table, -5));
	assert_int_equal(table->count, 2);
	assert_int_equal(pid_table_next(table, 0), 1);
	assert_int_equal(pid_table_next(table, 1), PID_LIMIT - 1);
	assert_int_equal(pid_table_next(table, PID_LIMIT - 1), 0);
	assert_true(pid_table_put(table, 1, NULL));
	assert_true(pid_table_put(table, 1, NULL));
	assert_int_equal(table->count, 1);
	pid_table_free(table);
}

static void names_below_proc_are_made(void **state)
{
	char out[PROC_FILE_NAME_MAX], name[2 * PROC_FILE_NAME_MAX];

	(void)state;
	assert_string_equal(proc_file_name(out, 1, "root"), "/proc/1/root");
	assert_string_equal(proc_file_name(out, INT_MAX, "ns/mnt"), "/proc/2147483647/ns/mnt");
	assert_string_equal(proc_fd_name(out, 4096, 0), "/proc/4096/fd/0");
	assert_string_equal(proc_fd_name(out, INT_MAX, INT_MAX), "/proc/2147483647/fd/2147483647");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(strlen(proc_file_name(out, INT_MAX, name)), sizeof(out) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_are_found_by_control_group),
		cmocka_unit_test(the_own_process_is_described),
		cmocka_unit_test(a_process_that_is_gone_is_not_described),
		cmocka_unit_test(names_below_proc_are_made),
		cmocka_unit_test(pids_lead_to_values_up_to_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
