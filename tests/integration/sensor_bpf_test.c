/* The BPF sensor on the running kernel: what children do is reported, each thing once. Needs root; else exit 77. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "agent/sensor/bpf/sensor_bpf.h"
#include "base/attr.h"

#define SEEN_MAX   64
#define TEXT_MAX   256
#define POLLS_MAX  3000 /* of 10 ms: a machine that is this slow is not tested */
#define FLOOD	   20000
#define LONG_NAME  3000
#define I386_CREAT 8

struct seen {
	struct sensor_event event;
	char path[TEXT_MAX], path2[TEXT_MAX], real[TEXT_MAX], folder[TEXT_MAX], exe[TEXT_MAX], args[TEXT_MAX];
};

/* What one child did, as the sensor tells it. */
struct story {
	pid_t child;
	int status; /* as waitpid() gives it */
	struct seen seen[SEEN_MAX];
	size_t count, creats;
	uint64_t lost, all;
	bool has_fork, has_exit;
};

static const struct sensor_wants wants_changes = {
	.calls = {
		[SENSOR_OPEN] = true, [SENSOR_OPENAT] = true, [SENSOR_OPENAT2] = true, [SENSOR_CREAT] = true,
		[SENSOR_UNLINK] = true, [SENSOR_UNLINKAT] = true, [SENSOR_RMDIR] = true, [SENSOR_RENAME] = true,
		[SENSOR_RENAMEAT] = true, [SENSOR_RENAMEAT2] = true,
	},
};

static char folder[] = "/tmp/sensor-bpf-XXXXXX";

static void text_keep(char out[TEXT_MAX], const char *text)
{
	snprintf(out, TEXT_MAX, "%s", text ? text : "(none)");
}

static void story_add(void *context, const struct sensor_event *event)
{
	struct story *story = context;
	struct seen *seen;

	story->all++;
	story->lost += event->lost;
	if (event->call == SENSOR_CLONE && event->child == story->child)
		story->has_fork = true;
	if (event->pid != story->child)
		return;
	if (event->call == SENSOR_PROCEXIT)
		story->has_exit = true;
	if (event->call == SENSOR_CREAT)
		story->creats++;
	if (story->count == SEEN_MAX)
		return;
	seen = &story->seen[story->count++];
	seen->event = *event;
	text_keep(seen->path, event->path);
	text_keep(seen->path2, event->path2);
	text_keep(seen->real, event->real_path);
	text_keep(seen->folder, event->folder);
	text_keep(seen->exe, event->exe_path);
	memset(seen->args, 0, sizeof(seen->args));
	if (event->args && event->args_length < TEXT_MAX)
		memcpy(seen->args, event->args, event->args_length);
}

/* Runs child_main in a child and collects what the sensor says about it until it has ended. */
static void story_run(struct sensor_bpf *sensor, struct story *story, void (*child_main)(void))
{
	struct err err;

	memset(story, 0, sizeof(*story));
	fflush(NULL);
	story->child = fork();
	assert_true(story->child >= 0);
	if (story->child == 0) {
		child_main();
		_exit(9);
	}
	assert_int_equal(waitpid(story->child, &story->status, 0), story->child);
	for (int i = 0; i < POLLS_MAX && !story->has_exit; i++)
		assert_true(sensor_bpf_poll(sensor, 10, story_add, story, &err) >= 0);
	while (sensor_bpf_poll(sensor, 0, story_add, story, &err) > 0)
		;
}

static struct sensor_bpf *sensor_start(void)
{
	struct sensor_bpf *sensor;
	struct err err;

	if (sensor_bpf_open(&wants_changes, &sensor, &err) < 0)
		fail_msg("%s", err.message);
	return sensor;
}

static void child_changes_files(void)
{
	char *args[] = { "true", "one two", "", "three", NULL };
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_RDWR };
	int dirfd;

	if (chdir(folder) < 0)
		_exit(1);
	close(open("new", O_CREAT | O_EXCL | O_WRONLY, 0640));
	close(open("new", O_CREAT | O_WRONLY, 0640));
	close(open("new", O_RDONLY));
	close((int)syscall(SYS_openat2, AT_FDCWD, "link", &how, sizeof(how)));
	dirfd = open(".", O_RDONLY | O_DIRECTORY);
	mkdir("sub", 0700);
	renameat(AT_FDCWD, "new", dirfd, "sub/moved");
	unlink("absent");
	unlinkat(dirfd, "sub/moved", 0);
	syscall(SYS_rmdir, "sub");
	execv("/bin/true", args);
}

struct expected {
	enum sensor_call call;
	int64_t result; /* 1 = any file descriptor */
	const char *path, *path2, *real;
};

static void changes_of_a_child_are_reported_in_order(void **state)
{
	static const struct expected expected[] = {
		{ SENSOR_OPENAT, 1, "new", "(none)", "new" },
		{ SENSOR_OPENAT, 1, "new", "(none)", "new" },
		{ SENSOR_OPENAT2, 1, "link", "(none)", "target" },
		{ SENSOR_RENAMEAT, 0, "new", "sub/moved", NULL },
		{ SENSOR_UNLINK, -ENOENT, "absent", "(none)", NULL },
		{ SENSOR_UNLINKAT, 0, "sub/moved", "(none)", NULL },
		{ SENSOR_RMDIR, 0, "sub", "(none)", NULL },
		{ SENSOR_EXECVE, 0, "/bin/true", "(none)", NULL },
		{ SENSOR_PROCEXIT, 0, "(none)", "(none)", NULL },
	};
	struct sensor_bpf *sensor = sensor_start();
	struct story story;

	(void)state;
	story_run(sensor, &story, child_changes_files);
	assert_true(story.has_fork);
	assert_int_equal(story.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct seen *seen = &story.seen[i];
		char real[TEXT_MAX];

		snprintf(real, sizeof(real), "%s/%s", folder, expected[i].real ? expected[i].real : "");
		assert_int_equal(seen->event.call, expected[i].call);
		assert_string_equal(seen->path, expected[i].path);
		assert_string_equal(seen->path2, expected[i].path2);
		assert_string_equal(seen->real, expected[i].real ? real : "(none)");
		assert_true(expected[i].result == 1 ? seen->event.result > 2
						    : seen->event.result == expected[i].result);
		assert_int_equal(seen->event.ppid, getpid());
		if (seen->event.call != SENSOR_PROCEXIT)
			assert_string_equal(seen->folder, folder);
	}
	sensor_bpf_close(sensor);
}

static void a_new_file_is_told_from_an_old_one(void **state)
{
	struct sensor_bpf *sensor = sensor_start();
	struct story story;

	(void)state;
	story_run(sensor, &story, child_changes_files);
	assert_true(story.count > 3);
	for (int i = 0; i < 3; i++)
		assert_true(story.seen[i].event.known_new_file);
	assert_true(story.seen[0].event.is_new_file);
	assert_false(story.seen[1].event.is_new_file);
	assert_false(story.seen[2].event.is_new_file);
	assert_int_equal(story.seen[0].event.flags, O_CREAT | O_EXCL | O_WRONLY);
	assert_int_equal(story.seen[0].event.mode, 0640);
	assert_int_equal(story.seen[2].event.flags, O_RDWR);
	sensor_bpf_close(sensor);
}

static void an_exec_brings_its_arguments_and_file(void **state)
{
	static const char args[] = "true\0one two\0\0three";
	struct sensor_bpf *sensor = sensor_start();
	const struct seen *seen = NULL;
	struct story story;
	char exe[TEXT_MAX] = "";

	(void)state;
	story_run(sensor, &story, child_changes_files);
	for (size_t i = 0; i < story.count; i++) {
		if (story.seen[i].event.call == SENSOR_EXECVE)
			seen = &story.seen[i];
	}
	assert_non_null(seen);
	assert_int_equal(seen->event.args_length, sizeof(args));
	assert_memory_equal(seen->args, args, sizeof(args));
	assert_false(seen->event.is_args_cut);
	assert_non_null(realpath("/bin/true", exe));
	assert_string_equal(seen->exe, exe);
	assert_int_equal(seen->event.uid, geteuid());
	sensor_bpf_close(sensor);
}

static void child_dies_of_a_signal(void)
{
	raise(SIGKILL);
}

static void an_exit_brings_the_wait_status(void **state)
{
	struct sensor_bpf *sensor = sensor_start();
	struct story story;

	(void)state;
	story_run(sensor, &story, child_dies_of_a_signal);
	assert_int_equal(story.count, 1);
	assert_true(WIFSIGNALED(story.seen[0].event.result));
	assert_int_equal(WTERMSIG(story.seen[0].event.result), SIGKILL);
	sensor_bpf_close(sensor);
}

#define THREADS 16

static void *thread_waits(void *barrier)
{
	pthread_barrier_wait(barrier);
	return NULL;
}

/* Its first thread ends before the others, and all of those at the same moment. */
static void child_ends_thread_by_thread(void)
{
	static pthread_barrier_t barrier;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, thread_waits, &barrier);
	syscall(SYS_exit, 3);
}

static void a_process_ends_once_whatever_its_threads_do(void **state)
{
	struct sensor_bpf *sensor = sensor_start();

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct story story;

		story_run(sensor, &story, child_ends_thread_by_thread);
		assert_int_equal(story.count, 1);
		assert_int_equal(story.seen[0].event.call, SENSOR_PROCEXIT);
		assert_int_equal(story.seen[0].event.result, story.status);
	}
	sensor_bpf_close(sensor);
}

static void child_calls_by_interrupt(void)
{
#ifdef __x86_64__
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (low == MAP_FAILED)
		_exit(1);
	snprintf(low, 4096, "%s/by-interrupt", folder);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(I386_CREAT), "b"(low), "c"(0600)
			 : "memory", "r8", "r9", "r10", "r11");
	_exit(result < 0);
#endif
}

static void a_32_bit_call_is_not_mistaken_for_another(void **state)
{
	struct sensor_bpf *sensor = sensor_start();
	struct story story;

	(void)state;
	story_run(sensor, &story, child_calls_by_interrupt);
	assert_true(story.count == 2 || (story.count == 1 && story.seen[0].event.result != 0));
	if (story.count == 2) {
		assert_int_equal(story.seen[0].event.call, SENSOR_CREAT);
		assert_non_null(strstr(story.seen[0].path, "/by-interrupt"));
		assert_int_equal(story.seen[0].event.flags, O_CREAT | O_WRONLY | O_TRUNC);
	}
	sensor_bpf_close(sensor);
}

/* Hands in one operation and waits for its end; negative errno. */
static int uring_do(const struct io_uring_sqe *operation)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	char *queue, *done;
	int result;

	if (ring < 0)
		return -errno;
	queue = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(__u32), PROT_READ | PROT_WRITE,
		     MAP_SHARED, ring, IORING_OFF_SQ_RING);
	done = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		    PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	*(struct io_uring_sqe *)mmap(NULL, sizeof(*operation), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
				     IORING_OFF_SQES) = *operation;
	*(__u32 *)(queue + params.sq_off.array) = 0;
	__atomic_store_n((__u32 *)(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	result = ((struct io_uring_cqe *)(done + params.cq_off.cqes))->res;
	close(ring);
	return result;
}

static void child_uses_io_uring(void)
{
	struct io_uring_sqe open = { .opcode = IORING_OP_OPENAT,
				     .fd = AT_FDCWD,
				     .addr = (uintptr_t) "by-ring",
				     .len = 0600,
				     .open_flags = O_CREAT | O_WRONLY };
	struct io_uring_sqe rename = { .opcode = IORING_OP_RENAMEAT,
				       .fd = AT_FDCWD,
				       .addr = (uintptr_t) "by-ring",
				       .len = (__u32)AT_FDCWD,
				       .addr2 = (uintptr_t) "moved" };
	struct io_uring_sqe unlink = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t) "moved" };

	if (chdir(folder) < 0 || uring_do(&open) < 0 || uring_do(&rename) < 0 || uring_do(&unlink) < 0)
		_exit(1);
	_exit(0);
}

static void io_uring_is_no_way_around(void **state)
{
	static const struct expected expected[] = {
		{ SENSOR_OPENAT, 0, "by-ring", "(none)", NULL },
		{ SENSOR_RENAMEAT2, 0, "by-ring", "moved", NULL },
		{ SENSOR_UNLINKAT, 0, "moved", "(none)", NULL },
	};
	struct sensor_bpf *sensor;
	struct story story;

	(void)state;
	if (libbpf_find_vmlinux_btf_id("io_uring_submit_req", BPF_TRACE_RAW_TP) < 0)
		skip();
	sensor = sensor_start();
	story_run(sensor, &story, child_uses_io_uring);
	sensor_bpf_close(sensor);
	if (story.status != 0)
		skip();
	assert_int_equal(story.count, ARRAY_SIZE(expected) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct seen *seen = &story.seen[i];

		assert_int_equal(seen->event.call, expected[i].call);
		assert_string_equal(seen->path, expected[i].path);
		assert_string_equal(seen->path2, expected[i].path2);
		assert_string_equal(seen->folder, folder);
		assert_false(seen->event.has_result);
	}
}

static void child_does_nothing(void)
{
	_exit(0);
}

static void the_own_files_of_the_agent_are_not_reported(void **state)
{
	struct sensor_bpf *sensor = sensor_start();
	struct story story;
	char path[TEXT_MAX];
	struct err err;

	(void)state;
	memset(&story, 0, sizeof(story));
	snprintf(path, sizeof(path), "%s/own", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	unlink(path);
	story.child = getpid();
	while (sensor_bpf_poll(sensor, 0, story_add, &story, &err) > 0)
		;
	assert_int_equal(story.count, 0);
	/* and the sensor was alive meanwhile */
	story_run(sensor, &story, child_does_nothing);
	assert_true(story.has_exit);
	sensor_bpf_close(sensor);
}

static void child_floods(void)
{
	char path[LONG_NAME + 1];

	memset(path, 'x', LONG_NAME);
	path[0] = '/';
	path[LONG_NAME] = 0;
	for (int i = 0; i < FLOOD; i++)
		syscall(SYS_creat, path, 0600);
	_exit(0);
}

/* Nobody reads meanwhile: most of this does not fit into the ring. */
static void what_a_flood_loses_is_counted(void **state)
{
	struct sensor_bpf *sensor = sensor_start();
	struct story story;
	uint64_t lost;

	(void)state;
	memset(&story, 0, sizeof(story));
	story.child = fork();
	if (story.child == 0)
		child_floods();
	waitpid(story.child, NULL, 0);
	lost = sensor_bpf_lost(sensor);
	while (sensor_bpf_poll(sensor, 0, story_add, &story, NULL) > 0)
		;
	assert_true(lost > 0);
	assert_true(story.creats > 0 && story.creats < FLOOD);
	assert_true(story.creats + sensor_bpf_lost(sensor) >= FLOOD);
	assert_int_equal(story.all, sensor_bpf_sent(sensor));
	assert_true(story.lost >= lost);
	assert_true(story.lost <= sensor_bpf_lost(sensor));
	sensor_bpf_close(sensor);
}

static int capabilities_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return (int)syscall(SYS_capset, &header, data);
}

static void without_capabilities_the_reason_is_one_line(void **state)
{
	char message[ERR_MESSAGE_MAX] = "";
	int status, ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		struct sensor_bpf *sensor;
		struct err err = { 0 };

		if (capabilities_drop() < 0)
			_exit(99);
		status = sensor_bpf_open(&wants_changes, &sensor, &err);
		if (write(ends[1], err.message, strlen(err.message)) < 0)
			_exit(98);
		_exit(err_exit_code(status));
	}
	close(ends[1]);
	assert_true(read(ends[0], message, sizeof(message) - 1) > 0);
	close(ends[0]);
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 4);
	assert_string_equal(message,
			    "cannot load BPF: not permitted: needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)");
}

static int folder_make(void)
{
	char path[TEXT_MAX];

	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/target", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s/link", folder);
	return symlink("target", path);
}

static void folder_remove(void)
{
	static const char *const names[] = { "target", "link", "new", "by-interrupt" };
	char path[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_a_child_are_reported_in_order),
		cmocka_unit_test(a_new_file_is_told_from_an_old_one),
		cmocka_unit_test(an_exec_brings_its_arguments_and_file),
		cmocka_unit_test(an_exit_brings_the_wait_status),
		cmocka_unit_test(a_process_ends_once_whatever_its_threads_do),
		cmocka_unit_test(a_32_bit_call_is_not_mistaken_for_another),
		cmocka_unit_test(io_uring_is_no_way_around),
		cmocka_unit_test(the_own_files_of_the_agent_are_not_reported),
		cmocka_unit_test(what_a_flood_loses_is_counted),
		cmocka_unit_test(without_capabilities_the_reason_is_one_line),
	};
	struct sensor_bpf *sensor;
	struct err err;
	int result;

	if (sensor_bpf_open(&wants_changes, &sensor, &err) == ERR_DENIED) {
		printf("skipped: %s\n", err.message);
		return 77;
	}
	sensor_bpf_close(sensor);
	if (folder_make() < 0)
		return 1;
	result = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove();
	return result;
}
