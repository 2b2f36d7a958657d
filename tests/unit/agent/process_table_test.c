#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/state/process_table.h"
#include "base/attr.h"

/* Numbers that no live process has: /proc stays silent about them. */
#define GONE 4194000

static const struct container_identity box = { .info = { .id = "box" } };

static int set_up(void **state)
{
	*state = process_table_new(NULL, NULL);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	process_table_free(*state);
	return 0;
}

static struct execution *exec_as(struct process_table *table, pid_t pid, const char *name, const char *args,
				 size_t args_length)
{
	struct exec_facts facts = {
		.comm = name, .exe_path = "/bin/x", .cwd = "/", .args = args, .args_length = args_length, .time_ns = 5
	};

	return process_table_exec(table, pid, &facts);
}

static void an_unknown_process_is_read_with_its_ancestors(void **state)
{
	struct execution *self = process_table_get(*state, getpid());

	assert_non_null(self);
	assert_int_equal(self->view.pid, getpid());
	assert_non_null(self->parent);
	assert_int_equal(self->parent->view.pid, getppid());
	assert_int_equal(self->view.parent_exec_id, self->parent->view.exec_id);
	assert_true(self->view.arg_count > 0);
	assert_ptr_equal(process_table_get(*state, getpid()), self);
}

static void a_fork_shares_what_its_parent_ran(void **state)
{
	struct execution *parent = exec_as(*state, GONE, "shell", "sh\0-c\0x", 8), *child;

	process_table_assign(*state, GONE, &box, 0);
	child = process_table_fork(*state, GONE, GONE + 1, 7);
	assert_string_equal(child->view.name, "shell");
	assert_int_equal(child->view.arg_count, 3);
	assert_string_equal(child->view.args[1], "-c");
	assert_ptr_equal(child->parent, parent);
	assert_int_equal(child->view.ppid, GONE);
	assert_int_equal(child->view.start_ns, 7);
	assert_string_equal(child->view.container, "box");
	assert_int_not_equal(child->view.exec_id, parent->view.exec_id);
}

static void an_exec_is_another_execution_of_the_same_process(void **state)
{
	struct execution *parent = exec_as(*state, GONE, "shell", "sh", 3), *child;
	uint64_t forked;

	process_table_assign(*state, GONE, &box, 0);
	forked = process_table_fork(*state, GONE, GONE + 1, 7)->view.exec_id;
	child = exec_as(*state, GONE + 1, "touch", "touch\0/x", 9);
	assert_true(child->view.exec_id > forked);
	assert_ptr_equal(child->parent, parent);
	assert_string_equal(child->view.name, "touch");
	assert_string_equal(child->view.container, "box");
}

static void an_exec_of_a_process_already_gone_keeps_who_it_was(void **state)
{
	struct execution *self = process_table_get(*state, getpid()), *gone;
	struct exec_facts facts = { .comm = "brief",
				    .exe_path = "/bin/brief",
				    .cwd = "/",
				    .args = "brief",
				    .args_length = 6,
				    .uid = self->view.uid,
				    .gid = self->view.gid,
				    .has_ids = true };

	process_table_fork(*state, getpid(), GONE, 7);
	gone = process_table_exec(*state, GONE, &facts);
	assert_string_equal(gone->view.name, "brief");
	assert_int_equal(gone->view.ppid, getpid());
	assert_string_equal(gone->user, self->user);
	assert_string_equal(gone->group, self->group);
	assert_int_equal(gone->loginuid, self->loginuid);
	/* another user is not given the name of the former one */
	facts.uid++;
	gone = process_table_exec(*state, GONE, &facts);
	assert_int_equal(gone->view.uid, self->view.uid + 1);
	assert_string_equal(gone->user, "");
}

static void ancestors_outlive_their_end_for_their_descendants(void **state)
{
	struct execution *child;

	exec_as(*state, GONE, "grandparent", "g", 2);
	process_table_fork(*state, GONE, GONE + 1, 1);
	exec_as(*state, GONE + 1, "parent", "p", 2);
	process_table_fork(*state, GONE + 1, GONE + 2, 2);
	process_table_exit(*state, GONE);
	process_table_exit(*state, GONE + 1);
	assert_int_equal(process_table_count(*state), 1);
	child = process_table_get(*state, GONE + 2);
	assert_string_equal(child->parent->view.name, "parent");
	assert_string_equal(child->parent->parent->view.name, "grandparent");
}

static void a_line_of_ancestors_has_an_end(void **state)
{
	const struct execution *execution;
	int depth = 0;

	exec_as(*state, GONE, "x", "x", 2);
	for (int i = 0; i < 3 * ANCESTORS_MAX; i++) {
		process_table_fork(*state, GONE + i, GONE + i + 1, 1);
		process_table_exit(*state, GONE + i);
	}
	execution = process_table_get(*state, GONE + 3 * ANCESTORS_MAX);
	while ((execution = execution->parent))
		depth++;
	assert_in_range(depth, 1, ANCESTORS_MAX);
}

static void a_full_table_forgets_who_was_longest_silent(void **state)
{
	for (pid_t pid = 1; pid <= EXECUTIONS_MAX; pid++)
		exec_as(*state, 3000000 + pid, "x", "x", 2);
	assert_int_equal(process_table_count(*state), EXECUTIONS_MAX);
	assert_int_equal(process_table_evicted(*state), 0);
	process_table_get(*state, 3000001);
	exec_as(*state, GONE, "new", "x", 2);
	assert_int_equal(process_table_count(*state), EXECUTIONS_MAX);
	assert_int_equal(process_table_evicted(*state), 1);
	assert_string_equal(process_table_get(*state, 3000001)->view.name, "x");
}

#define WORKER	"/managed-agents/execute-command/ssm-session-worker"
#define SESSION "ecs-execute-command-0dfcb1f8c2e47585a"

static struct execution *exec_program(struct process_table *table, pid_t pid, const char *exe, const char *args,
				      size_t length)
{
	return process_table_exec(
		table, pid,
		&(struct exec_facts){
			.comm = "x", .exe_path = exe, .cwd = "/", .args = args, .args_length = length });
}

static void everything_below_a_session_worker_is_in_its_session(void **state)
{
	const struct execution *execution;

	exec_program(*state, GONE, "/managed-agents/execute-command/ssm-agent-worker", "ssm-agent-worker", 17);
	process_table_fork(*state, GONE, GONE + 1, 1);
	execution = exec_program(*state, GONE + 1, WORKER, WORKER "\0" SESSION, sizeof(WORKER "\0" SESSION));
	assert_string_equal(execution->view.exec_session, SESSION);
	process_table_fork(*state, GONE + 1, GONE + 2, 1);
	execution = exec_program(*state, GONE + 2, "/bin/sh", "sh", 3);
	assert_string_equal(execution->view.exec_session, SESSION);
	process_table_fork(*state, GONE + 2, GONE + 3, 1);
	process_table_exit(*state, GONE + 2);
	assert_string_equal(process_table_get(*state, GONE + 3)->view.exec_session, SESSION);
	assert_null(process_table_get(*state, GONE)->view.exec_session);
}

static void what_only_looks_like_a_session_worker_is_none(void **state)
{
	static const struct {
		const char *exe, *id;
	} cases[] = {
		{ "/tmp/ssm-session-worker", SESSION },
		{ "/managed-agents/execute-command/sh", SESSION },
		{ WORKER, "i-0abc" },
		{ WORKER, "ecs-execute-command-" },
		{ WORKER, "ecs-execute-command-\"><script>" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char args[256];
		int length = snprintf(args, sizeof(args), "worker%c%s", '\0', cases[i].id) + 1;

		assert_null(exec_program(*state, GONE, cases[i].exe, args, (size_t)length)->view.exec_session);
	}
	assert_null(exec_program(*state, GONE, WORKER, "worker", 7)->view.exec_session);
}

static void who_ended_can_still_be_asked_for(void **state)
{
	const struct execution *execution;

	process_table_fork(*state, GONE, GONE + 1, 1);
	exec_program(*state, GONE + 1, "/bin/first", "first", 6);
	process_table_exit(*state, GONE + 1);
	assert_true(process_table_knows(*state, GONE + 1));
	assert_false(process_table_knows(*state, GONE + 2));
	execution = process_table_at(*state, GONE + 1, 5);
	assert_string_equal(execution->view.exe_path, "/bin/first");
	/* the number is given out again: what happened before belongs to the one before */
	process_table_fork(*state, GONE, GONE + 1, 100);
	assert_string_equal(process_table_at(*state, GONE + 1, 50)->view.exe_path, "/bin/first");
	assert_int_equal(process_table_at(*state, GONE + 1, 100)->view.start_ns, 100);
	execution = process_table_at(*state, 0, 1);
	assert_int_equal(execution->view.exec_id, 0);
	assert_string_equal(execution->view.name, "");
	for (int i = 0; i < 2 * ENDED_MAX; i++) {
		process_table_fork(*state, GONE, GONE + 10, 1);
		process_table_exit(*state, GONE + 10);
	}
	process_table_exit(*state, GONE + 1);
	assert_int_not_equal(process_table_at(*state, GONE + 1, 50)->view.start_ns, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_unknown_process_is_read_with_its_ancestors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_fork_shares_what_its_parent_ran, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_exec_is_another_execution_of_the_same_process, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_exec_of_a_process_already_gone_keeps_who_it_was, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(ancestors_outlive_their_end_for_their_descendants, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_of_ancestors_has_an_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_table_forgets_who_was_longest_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(everything_below_a_session_worker_is_in_its_session, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_only_looks_like_a_session_worker_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_ended_can_still_be_asked_for, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
