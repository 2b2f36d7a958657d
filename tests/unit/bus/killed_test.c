/* Collectors that are killed while batches are on their way. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/bus/world.h"

static const char *self; /* this program: forked children cannot go on using nng, so it is started anew */

static pid_t fork_collector(struct world *world)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl(self, self, "collector", world->url, world->folder, NULL);
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

static void kill_collector(pid_t pid)
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
		pid_t pid = fork_collector(world);

		for (int i = 0; i < 10; i++)
			send_event(world, sample_exec, ++number);
		/* every other time the collector dies with batches on their way */
		if (round % 2 == 0)
			flush(world);
		else
			send_event(world, sample_alert, ++number);
		kill_collector(pid);
	}
	{
		pid_t pid = fork_collector(world);

		flush(world);
		kill_collector(pid);
	}
	assert_int_equal(count_files("sort -un %s/received | wc -l", world->folder), (long)number);
	assert_int_equal(count_files("sort -n %s/received | tail -1", world->folder), (long)number);
}

static void the_same_over_tcp(void **state)
{
	use_tcp(*state);
	every_batch_survives_collectors_that_are_killed(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_batch_survives_collectors_that_are_killed),
		TEST(the_same_over_tcp),
	};

	self = argv[0];
	if (argc == 4 && !strcmp(argv[1], "collector"))
		return run_collector(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
