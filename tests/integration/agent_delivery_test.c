/* What secagent run delivers: a receiver in this process takes its batches, over the real transport. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "bus/receiver.h"
#include "wire/wire.h"

#define EVENTS_MAX 4096
#define MEMORY_MAX (64u << 20)

static const char *agent;

/* Everything that was received, in order. */
static struct {
	pthread_mutex_t lock; /* guards: all below */
	struct arena arena;
	struct event events[EVENTS_MAX];
	size_t count;
	struct origin origin;
} received = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char folder[64], url[128];

static void take(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct reply ack = { .kind = REPLY_ACK, .server_ns = time_now_ns() };
	struct batch batch;
	struct err err = { 0 };

	(void)context;
	(void)peer;
	pthread_mutex_lock(&received.lock);
	if (wire_batch_decode(frame, length, &received.arena, &batch, &err) < 0) {
		ack.kind = REPLY_REJECT;
		ack.reason = err.message;
	} else {
		for (size_t i = 0; i < batch.event_count && received.count < EVENTS_MAX; i++)
			received.events[received.count++] = batch.events[i];
		received.origin = batch.origin;
		ack.batch_no = batch.batch_no;
	}
	pthread_mutex_unlock(&received.lock);
	wire_reply_encode(&ack, reply, NULL);
}

/* Runs script under the agent until all is delivered. */
static void run_script(const char *script)
{
	struct receiver *receiver;
	struct err err = { 0 };
	char spool[128], rules[512];
	pid_t child;
	int status;

	arena_fini(&received.arena);
	arena_init(&received.arena, MEMORY_MAX);
	received.count = 0;
	snprintf(spool, sizeof(spool), "%s/spool", folder);
	snprintf(rules, sizeof(rules), "%s/tests/integration/agent_rules.yaml", getenv("CLEWLINE_SOURCE"));
	if (receiver_open(&(struct receiver_conf){ .url = url, .handler = take }, &receiver, &err) < 0)
		fail_msg("%s", err.message);
	child = fork();
	if (child == 0) {
		if (chdir(folder) < 0)
			_exit(99);
		execl(agent, agent, "run", "-r", rules, "--collector", url, "--spool", spool, "--", "/bin/sh", "-c",
		      script, NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	receiver_close(receiver);
	assert_int_equal(status, 0);
}

static const struct event *find(enum event_kind kind, const char *name, enum file_op op)
{
	for (size_t i = 0; i < received.count; i++) {
		const struct event *event = &received.events[i];

		if (event->kind == kind && (!name || strcmp(event->process->name, name) == 0) &&
		    (!op || event->file->op == op))
			return event;
	}
	return NULL;
}

static size_t count_kind(enum event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < received.count; i++)
		count += received.events[i].kind == kind;
	return count;
}

static void every_exec_and_exit_is_reported_with_its_process(void **state)
{
	const struct event *exec, *done;

	(void)state;
	run_script("/bin/echo one two; (exit 3); true");
	exec = find(EVENT_EXEC, "echo", 0);
	assert_non_null(exec);
	assert_int_equal(exec->process->arg_count, 3);
	assert_string_equal(exec->process->args[2], "two");
	assert_string_equal(exec->process->cwd, folder);
	assert_int_equal(exec->process->uid, geteuid());
	assert_int_equal(exec->lineage_count, 0);
	assert_int_equal(exec->alert_count, 0);
	done = find(EVENT_EXIT, "echo", 0);
	assert_non_null(done);
	assert_int_equal(done->process->exec_id, exec->process->exec_id);
	assert_int_equal(done->exit_status, 0);
	assert_int_equal(count_kind(EVENT_EXEC), 2);
	assert_int_equal(count_kind(EVENT_EXIT), 3);
	assert_true(count_kind(EVENT_HEARTBEAT) >= 1);
	assert_int_equal(received.origin.mode, ORIGIN_RUN);
	assert_non_null(received.origin.hostname);
}

static bool contains(const uint64_t *ids, size_t count, uint64_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static void every_parent_is_described_before_it_is_named(void **state)
{
	uint64_t known[EVENTS_MAX];
	size_t count = 0;

	(void)state;
	run_script("(/bin/true; (/bin/true; (/bin/true; true); true); true)");
	for (size_t i = 0; i < received.count; i++) {
		const struct process *process = received.events[i].process;

		if (!process)
			continue;
		assert_int_not_equal(process->exec_id, 0);
		if (process->parent_exec_id)
			assert_true(contains(known, count, process->parent_exec_id));
		known[count++] = process->exec_id;
	}
	assert_true(count > 5);
}

static void a_second_run_on_the_same_stream_uses_other_numbers(void **state)
{
	uint64_t known[EVENTS_MAX];
	size_t count = 0;

	(void)state;
	run_script("/bin/true");
	for (size_t i = 0; i < received.count; i++) {
		if (received.events[i].process)
			known[count++] = received.events[i].process->exec_id;
	}
	run_script("/bin/true");
	for (size_t i = 0; i < received.count; i++) {
		if (received.events[i].process)
			assert_false(contains(known, count, received.events[i].process->exec_id));
	}
}

static void changes_of_watched_files_are_reported_by_what_they_do(void **state)
{
	const struct event *event;
	char path[128];

	(void)state;
	run_script("mkdir .ssh; cd .ssh; touch authorized_keys; echo x >>authorized_keys; chmod 600 authorized_keys; "
		   "mv authorized_keys away; mv away authorized_keys; rm authorized_keys; rm -f authorized_keys; : "
		   ">other");
	snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", folder);
	event = find(EVENT_FILE, "touch", FILE_OP_CREATE);
	assert_non_null(event);
	assert_string_equal(event->file->path, path);
	assert_non_null(find(EVENT_FILE, "sh", FILE_OP_OPEN));
	assert_non_null(find(EVENT_FILE, "chmod", FILE_OP_CHMOD));
	event = find(EVENT_FILE, "mv", FILE_OP_RENAME);
	assert_non_null(event);
	assert_string_equal(event->file->path, path);
	assert_int_equal(event->file->result, 0);
	assert_non_null(find(EVENT_FILE, "rm", FILE_OP_REMOVE));
	/* "other" is not watched, and the second rm changed nothing */
	assert_int_equal(count_kind(EVENT_FILE), 6);
}

static void an_alert_brings_its_lineage_even_of_a_failed_call(void **state)
{
	const struct event *event;
	char script[256];

	(void)state;
	snprintf(script, sizeof(script),
		 "/bin/sh -c '/bin/sh -c \"mkdir %s/agent_test.x; rmdir %s/agent_test.y 2>/dev/null; true\"; true'",
		 folder, folder);
	run_script(script);
	event = find(EVENT_FILE, "rmdir", FILE_OP_REMOVE);
	assert_non_null(event);
	assert_true(event->file->result < 0);
	assert_int_equal(event->alert_count, 1);
	assert_string_equal(event->alerts[0].rule, "Changed");
	assert_non_null(strstr(event->alerts[0].output, "result ENOENT"));
	assert_in_range(event->lineage_count, 3, LINEAGE_MAX);
	assert_string_equal(event->lineage[0].name, "sh");
	assert_int_equal(event->process->parent_exec_id, event->lineage[0].exec_id);
	assert_int_equal(event->lineage[0].parent_exec_id, event->lineage[1].exec_id);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/delivery.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(url, sizeof(url), "ipc://%s/intake.sock", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	arena_fini(&received.arena);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_exec_and_exit_is_reported_with_its_process, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_parent_is_described_before_it_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_run_on_the_same_stream_uses_other_numbers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(changes_of_watched_files_are_reported_by_what_they_do, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_alert_brings_its_lineage_even_of_a_failed_call, set_up, tear_down),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s SECAGENT\n", argv[0]);
		return 2;
	}
	agent = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
