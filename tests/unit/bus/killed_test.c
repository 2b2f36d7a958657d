/* Collectors that are killed while batches are on their way, and senders before they have written what they were given. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/bus/world.h"

#define GIVEN_NS 12345

static const char *self; /* this program: forked children cannot go on using nng, so it is started anew */

static pid_t fork_as(const char *part, struct world *world)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl(self, self, part, world->url, world->folder, NULL);
		_exit(127);
	}
	return pid;
}

static void record(void *context, const void *frame, size_t length, const struct peer *peer UNUSED,
		   struct strbuf *reply)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct reply out = { .kind = REPLY_ACK };
	struct batch batch;
	struct err err;

	if (wire_batch_decode(frame, length, &arena, &batch, &err) < 0)
		abort();
	out.batch_no = batch.batch_no;
	for (size_t i = 0; i < batch.event_count; i++)
		dprintf(*(int *)context, "%llu\n", (unsigned long long)batch.events[i].seq);
	wire_reply_encode(&out, reply, &err);
}

/* The child: records batches until it is killed. */
static int run_collector(const char *url, const char *folder)
{
	char path[256];
	struct receiver *receiver;
	struct err err;
	int fd;

	snprintf(path, sizeof(path), "%s/received", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || receiver_open(&(struct receiver_conf){ .url = url, .handler = record, .context = &fd },
				    &receiver, &err) < 0) {
		fprintf(stderr, "%s\n", fd < 0 ? "no file" : err.message);
		return 1;
	}
	for (;;)
		pause();
}

static void kill_child(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void every_batch_survives_collectors_that_are_killed(void **state)
{
	struct world *world = *state;
	uint64_t number = 0;

	sender_begin(world);
	for (int round = 0; round < 5; round++) {
		pid_t pid = fork_as("collector", world);

		for (int i = 0; i < 10; i++)
			send_event(world, sample_exec, ++number);
		/* every other time the collector dies with batches on their way */
		if (round % 2 == 0)
			flush(world);
		else
			send_event(world, sample_alert, ++number);
		kill_child(pid);
	}
	{
		pid_t pid = fork_as("collector", world);

		flush(world);
		kill_child(pid);
	}
	assert_int_equal(count_files("sort -un %s/received | wc -l", world->folder), (long)number);
	assert_int_equal(count_files("sort -n %s/received | tail -1", world->folder), (long)number);
}

static void the_same_over_tcp(void **state)
{
	use_tcp(*state);
	every_batch_survives_collectors_that_are_killed(state);
}

/* In a file, so that it outlives the sender. */
static _Atomic int64_t *unwritten_in(const char *folder)
{
	char path[256];
	void *found;
	int fd;

	snprintf(path, sizeof(path), "%s/unwritten", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(int64_t)) < 0)
		abort();
	found = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (found == MAP_FAILED)
		abort();
	return found;
}

static struct sender *open_sender(const char *url, const char *folder, int64_t flush_ns)
{
	char spool[256];
	const struct sender_conf conf = { .url = url,
					  .spool = spool,
					  .flush_ns = flush_ns,
					  .unwritten_ns = unwritten_in(folder),
					  .unwritten_reason = "killed",
					  .origin = { .agent = "test", .mode = ORIGIN_RUN } };
	struct sender *sender;
	struct err err;

	snprintf(spool, sizeof(spool), "%s/spool", folder);
	if (sender_open(&conf, &sender, &err) < 0)
		abort();
	return sender;
}

/* The child: is given an event, and would write it in an hour. */
static int run_sender(const char *url, const char *folder)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct sender *sender = open_sender(url, folder, 3600 * NS_PER_S);
	struct event event = sample_exec(&arena, 1);
	struct err err;

	event.time_ns = GIVEN_NS;
	if (sender_add(sender, &event, false, &err) < 0)
		return 1;
	for (;;)
		pause();
}

static void what_a_killed_sender_had_not_written_is_declared_by_the_next(void **state)
{
	struct world *world = *state;
	_Atomic int64_t *unwritten_ns = unwritten_in(world->folder);

	pid_t pid = fork_as("sender", world);

	while (*unwritten_ns != GIVEN_NS)
		usleep(1000);
	kill_child(pid);
	assert_int_equal(*unwritten_ns, GIVEN_NS);
	collector_open(world);
	world->sender = open_sender(world->url, world->folder, 3600 * NS_PER_S);
	flush(world);
	assert_int_equal(*unwritten_ns, 0);
	assert_int_equal(collector_drops(&world->collector), 1);
	/* What is written is owed by nobody any more. */
	send_event(world, sample_exec, 2);
	assert_int_equal(*unwritten_ns, 0);
	sender_end(world);
	world->sender = open_sender(world->url, world->folder, 3600 * NS_PER_S);
	flush(world);
	assert_int_equal(collector_drops(&world->collector), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_batch_survives_collectors_that_are_killed),
		TEST(the_same_over_tcp),
		TEST(what_a_killed_sender_had_not_written_is_declared_by_the_next),
	};

	self = argv[0];
	if (argc == 4 && !strcmp(argv[1], "collector"))
		return run_collector(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "sender"))
		return run_sender(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
