/* Batches over real connections, with collectors that answer in every way, die and come back. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/time.h"
#include "bus/monitor.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "tests/support/sample.h"
#include "wire/wire.h"

#define PATIENCE_NS (60 * NS_PER_S) /* ends a test that would hang; nothing waits for it */
#define SEEN_MAX    256
#define HANGUPS	    100
#define SILENCE	    ((enum reply_kind)99) /* an answer that is none */

struct seen {
	uint64_t epoch, number, first_seq, drops, oldest_waiting;
	size_t events;
	enum lane lane;
	bool is_last;
};

/* A collector that remembers what it was given; answers[n] is what it says to the n-th frame, later ones are acked. */
struct collector {
	struct monitor monitor;
	struct receiver *receiver;
	enum reply_kind answers[8];
	size_t frames;
	bool holds_bulk;	    /* puts bulk off until an alert has come */
	struct seen seen[SEEN_MAX]; /* accepted */
	size_t count;
	char error[ERR_MESSAGE_MAX]; /* of the last bad frame */
};

struct world {
	char folder[64];
	char url[128];
	char spool[80];
	struct arena arena;
	struct collector collector;
	struct sender *sender;
};

static uint64_t drops_of(const struct batch *batch)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < batch->drop_count; i++)
		sum += batch->drops[i].count;
	return sum;
}

/* A slow machine makes the watchdog send a batch again; as in the store, its number makes the two one. */
static bool is_known(const struct collector *collector, const struct batch *batch)
{
	for (size_t i = 0; i < collector->count; i++) {
		if (collector->seen[i].epoch == batch->epoch && collector->seen[i].number == batch->batch_no)
			return true;
	}
	return false;
}

static void answer(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct collector *collector = context;
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch = { 0 };
	struct reply out = { .kind = REPLY_ACK, .retry_after_ms = 1, .reason = "test" };
	struct err err = { 0 };

	assert_true(peer->address[0] != '\0');
	monitor_lock(&collector->monitor);
	if (wire_batch_decode(frame, length, &arena, &batch, &err) < 0) {
		out.kind = REPLY_REJECT;
		out.reason = err.message;
		memcpy(collector->error, err.message, sizeof(collector->error));
	} else if (collector->frames < ARRAY_SIZE(collector->answers) && collector->answers[collector->frames]) {
		out.kind = collector->answers[collector->frames];
	}
	if (collector->holds_bulk && out.kind == REPLY_ACK && batch.lane == LANE_BULK)
		out.kind = REPLY_RETRY;
	collector->holds_bulk &= batch.lane == LANE_BULK;
	out.batch_no = batch.batch_no;
	collector->frames++;
	if (out.kind == REPLY_ACK && collector->count < SEEN_MAX && !is_known(collector, &batch))
		collector->seen[collector->count++] = (struct seen){
			batch.epoch,	  batch.batch_no,	batch.event_count ? batch.events[0].seq : 0,
			drops_of(&batch), batch.oldest_waiting, batch.event_count,
			batch.lane,	  batch.is_last
		};
	monitor_notify(&collector->monitor);
	monitor_unlock(&collector->monitor);
	if (out.kind != SILENCE)
		assert_int_equal(wire_reply_encode(&out, reply, &err), 0);
}

static void collector_open(struct world *world)
{
	struct err err;

	if (receiver_open(
		    &(struct receiver_conf){ .url = world->url, .handler = answer, .context = &world->collector },
		    &world->collector.receiver, &err) < 0)
		fail_msg("%s", err.message);
}

static void sender_begin_sized(struct world *world, int64_t spool_max)
{
	struct sender_conf conf = { .url = world->url,
				    .spool = world->spool,
				    .spool_max = spool_max,
				    .flush_ns = 10 * NS_PER_MS,
				    .watchdog_ns = 500 * NS_PER_MS,
				    .origin = sample_origin(&world->arena) };
	struct err err;

	if (sender_open(&conf, &world->sender, &err) < 0)
		fail_msg("%s", err.message);
}

static void sender_begin(struct world *world)
{
	sender_begin_sized(world, 0);
}

static void sender_end(struct world *world)
{
	sender_close(TAKE(world->sender));
}

/* One batch of one event. */
static void send_event(struct world *world, struct event (*make)(struct arena *, uint64_t), uint64_t number)
{
	struct event event = make(&world->arena, number);
	struct err err;

	if (sender_add(world->sender, &event, true, &err) < 0)
		fail_msg("%s", err.message);
}

static void flush(struct world *world)
{
	struct err err;

	if (sender_flush(world->sender, PATIENCE_NS, &err) < 0)
		fail_msg("%s", err.message);
}

static void shell(const char *format, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), format, path);
	assert_int_equal(system(command), 0);
}

/* What a shell command prints, as a number. */
static long count_files(const char *format, const char *path)
{
	char command[512], line[64] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), format, path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return strtol(line, NULL, 10);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->folder, "/tmp/clewline-bus-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->url, sizeof(world->url), "ipc://%s/intake.sock", world->folder);
	snprintf(world->spool, sizeof(world->spool), "%s/spool", world->folder);
	arena_init(&world->arena, WIRE_ARENA_MAX);
	monitor_init(&world->collector.monitor);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	sender_close(world->sender);
	receiver_close(world->collector.receiver);
	monitor_fini(&world->collector.monitor);
	arena_fini(&world->arena);
	shell("rm -rf %s", world->folder);
	free(world);
	return 0;
}

static void events_arrive_in_numbered_batches(void **state)
{
	struct world *world = *state;
	uint64_t events = 0, numbers = 0;
	struct sender_state now;

	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_alert, 2);
	send_event(world, sample_cloud, 3);
	flush(world);
	sender_state(world->sender, &now);
	assert_true(now.connected);
	assert_int_equal(now.batches_acked, world->collector.count);
	assert_int_equal(now.batches_spooled, 0);
	assert_string_equal(now.last_error, "");
	for (size_t i = 0; i < world->collector.count; i++) {
		const struct seen *seen = &world->collector.seen[i];

		assert_int_equal(seen->epoch, 1);
		numbers += seen->number;
		events += seen->events;
	}
	assert_int_equal(events, 3);
	assert_int_equal(numbers, world->collector.count * (world->collector.count + 1) / 2);
}

static void a_batch_is_cut_by_time_alone(void **state)
{
	struct world *world = *state;
	struct event event = sample_exec(&world->arena, 1);
	int64_t deadline = time_monotonic_ns() + PATIENCE_NS;
	struct err err;

	collector_open(world);
	sender_begin(world);
	assert_int_equal(sender_add(world->sender, &event, false, &err), 0);
	monitor_lock(&world->collector.monitor);
	while (!world->collector.count && time_monotonic_ns() < deadline)
		monitor_wait(&world->collector.monitor, deadline);
	assert_int_equal(world->collector.count, 1);
	monitor_unlock(&world->collector.monitor);
}

/* A port that is free now. */
static void use_tcp(struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(world->url, sizeof(world->url), "tcp://127.0.0.1:%d", ntohs(address.sin_port));
}

static void events_arrive_over_tcp(void **state)
{
	struct world *world = *state;

	use_tcp(world);
	collector_open(world);
	sender_begin(world);
	for (uint64_t i = 1; i <= 20; i++)
		send_event(world, sample_file, i);
	flush(world);
	assert_int_equal(world->collector.count, 20);
}

static void what_was_not_sent_is_sent_by_the_next_run_and_numbers_go_on(void **state)
{
	struct world *world = *state;
	bool seen[7] = { false };

	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_exec, 2);
	sender_end(world);
	sender_begin(world);
	send_event(world, sample_exec, 3);
	sender_end(world);
	collector_open(world);
	sender_begin(world);
	flush(world);
	sender_end(world);
	/* everything is acknowledged; numbers must still go on */
	sender_begin(world);
	send_event(world, sample_exec, 4);
	flush(world);
	assert_int_equal(world->collector.count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct seen *batch = &world->collector.seen[i];

		assert_in_range(batch->number, 1, 4);
		assert_false(seen[batch->number]);
		seen[batch->number] = true;
		assert_int_equal(batch->first_seq, batch->number);
		assert_int_equal(batch->epoch, 1);
	}
}

static void an_absent_collector_is_named_with_the_reason(void **state)
{
	struct world *world = *state;
	struct sender_state now;
	struct err err;
	char expected[256];

	sender_begin(world);
	send_event(world, sample_exec, 1);
	snprintf(expected, sizeof(expected), "could not reach the collector at \"%s\": Connection refused",
		 world->url);
	assert_int_equal(sender_flush(world->sender, 300 * NS_PER_MS, &err), ERR_UNREACHABLE);
	assert_string_equal(err.message, expected);
	sender_state(world->sender, &now);
	assert_false(now.connected);
	assert_int_equal(now.batches_spooled, 1);
	assert_string_equal(now.last_error, expected);
}

static void retry_is_obeyed_and_then_the_batch_arrives(void **state)
{
	struct world *world = *state;

	world->collector.answers[0] = REPLY_RETRY;
	world->collector.answers[1] = REPLY_RETRY;
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	flush(world);
	assert_int_equal(world->collector.frames, 3);
	assert_int_equal(world->collector.count, 1);
}

static void a_collector_that_says_nothing_is_asked_again(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < 3; i++)
		world->collector.answers[i] = SILENCE;
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 2);
	assert_in_range(world->collector.frames, 4, 6);
}

static void an_event_too_large_to_travel_is_declared(void **state)
{
	struct world *world = *state;
	struct event event = sample_cloud(&world->arena, 1);
	struct cloud_record cloud = *event.cloud;
	char *json = malloc(EVENT_SIZE_MAX + 1);
	uint64_t drops = 0, events = 0, first_seq = 0;
	struct err err;

	memset(json, 'x', EVENT_SIZE_MAX);
	json[EVENT_SIZE_MAX] = '\0';
	cloud.json = json;
	event.cloud = &cloud;
	collector_open(world);
	sender_begin(world);
	assert_int_equal(sender_add(world->sender, &event, false, &err), 0);
	free(json);
	send_event(world, sample_exec, 2);
	flush(world);
	/* The loss may travel with the event or, when time cut it, in a batch of its own that arrives before or after. */
	for (size_t i = 0; i < world->collector.count; i++) {
		drops += world->collector.seen[i].drops;
		events += world->collector.seen[i].events;
		first_seq += world->collector.seen[i].first_seq;
	}
	assert_int_equal(drops, 1);
	assert_int_equal(events, 1);
	assert_int_equal(first_seq, 1);
}

static void a_full_disk_drops_old_batches_and_says_so(void **state)
{
	struct world *world = *state;
	struct sender_state now;
	uint64_t declared = 0;

	assert_int_equal(mkdir(world->spool, 0700), 0);
	if (mount("none", world->spool, "tmpfs", 0, "size=128k") < 0)
		skip();
	sender_begin(world);
	for (uint64_t i = 1; i <= 60; i++)
		send_event(world, sample_exec, i);
	collector_open(world);
	flush(world);
	flush(world); /* what the last batch could not declare any more */
	sender_state(world->sender, &now);
	assert_in_range(now.events_dropped, 1, 59);
	sender_end(world);
	assert_int_equal(umount2(world->spool, MNT_DETACH), 0);
	for (size_t i = 0; i < world->collector.count; i++)
		declared += world->collector.seen[i].drops;
	assert_int_equal(declared, now.events_dropped);
}

static void many_events_are_cut_by_size_and_number(void **state)
{
	struct world *world = *state;
	uint64_t sum = 0;
	struct err err;

	collector_open(world);
	sender_begin(world);
	for (uint64_t i = 1; i <= 12000; i++) {
		struct event event = sample_exec(&world->arena, i);

		assert_int_equal(sender_add(world->sender, &event, false, &err), 0);
	}
	flush(world);
	for (size_t i = 0; i < world->collector.count; i++) {
		assert_in_range(world->collector.seen[i].events, 1, BATCH_EVENTS_MAX);
		sum += world->collector.seen[i].events;
	}
	assert_int_equal(sum, 12000);
	assert_true(world->collector.count >= 4);
}

static void a_rejected_batch_is_kept_apart_and_the_rest_goes_on(void **state)
{
	struct world *world = *state;
	uint64_t declared = 0, events = 0;
	struct sender_state now;

	world->collector.answers[0] = REPLY_REJECT;
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	flush(world);
	sender_state(world->sender, &now);
	assert_int_equal(now.batches_rejected, 1);
	sender_end(world);
	sender_begin(world);
	send_event(world, sample_exec, 2);
	flush(world);
	/* and is declared once, so that nobody takes it for one that never arrived */
	for (size_t i = 0; i < world->collector.count; i++) {
		declared += world->collector.seen[i].drops;
		events += world->collector.seen[i].events;
		assert_true(world->collector.seen[i].number > 1);
	}
	assert_int_equal(declared, 1);
	assert_int_equal(events, 1);
	assert_int_equal(count_files("ls %s/dead | wc -l", world->spool), 1);
}

static void a_sender_that_stops_in_order_says_so_last(void **state)
{
	struct world *world = *state;
	struct seen *last;

	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_alert, 2);
	sender_goodbye(world->sender);
	flush(world);
	last = &world->collector.seen[0];
	for (size_t i = 0; i < world->collector.count; i++) {
		if (world->collector.seen[i].number > last->number)
			last = &world->collector.seen[i];
	}
	assert_int_equal(last->number, world->collector.count);
	for (size_t i = 0; i < world->collector.count; i++)
		assert_int_equal(world->collector.seen[i].is_last, &world->collector.seen[i] == last);
	/* who goes on after all has later numbers */
	send_event(world, sample_exec, 3);
	flush(world);
	assert_false(world->collector.seen[world->collector.count - 1].is_last);
}

static void an_alert_overtakes_bulk_that_waits(void **state)
{
	struct world *world = *state;
	const struct seen *first = &world->collector.seen[0];
	uint64_t events = 0;

	world->collector.holds_bulk = true;
	collector_open(world);
	sender_begin(world);
	for (uint64_t i = 1; i <= 10; i++)
		send_event(world, sample_exec, i);
	send_event(world, sample_alert, 11);
	flush(world);
	assert_int_equal(first->lane, LANE_ALERT);
	assert_int_equal(first->events, 1);
	/* it says itself that the numbers before it may still come */
	assert_int_equal(first->number, 11);
	assert_int_equal(first->oldest_waiting, 1);
	for (size_t i = 0; i < world->collector.count; i++)
		events += world->collector.seen[i].events;
	assert_int_equal(events, 11);
	assert_int_equal(world->collector.count, 11);
}

static void a_full_spool_drops_old_batches_without_alerts_and_says_so(void **state)
{
	struct world *world = *state;
	struct sender_state now;
	uint64_t declared = 0, events = 0;
	bool alert_arrived = false;

	sender_begin_sized(world, 64 << 10); /* a batch costs a block of 4 KiB; room is made for 20 KiB at a time */
	send_event(world, sample_alert, 1);
	for (uint64_t i = 2; i <= 30; i++)
		send_event(world, sample_exec, i);
	sender_state(world->sender, &now);
	assert_true(now.events_dropped > 0);
	assert_true(now.batches_spooled <= 16);
	collector_open(world);
	flush(world);
	for (size_t i = 0; i < world->collector.count; i++) {
		declared += world->collector.seen[i].drops;
		events += world->collector.seen[i].events;
		alert_arrived |= world->collector.seen[i].lane == LANE_ALERT;
	}
	assert_true(alert_arrived);
	assert_int_equal(declared, now.events_dropped);
	assert_int_equal(declared + events, 30);
}

static void drops_declared_alone_arrive(void **state)
{
	struct world *world = *state;

	collector_open(world);
	sender_begin(world);
	sender_drop(world->sender, "ring-full", 5);
	sender_drop(world->sender, "ring-full", 6);
	flush(world);
	monitor_lock(&world->collector.monitor);
	assert_in_range(world->collector.count, 1, 2);
	assert_int_equal(world->collector.seen[0].drops + world->collector.seen[1].drops, 11);
	monitor_unlock(&world->collector.monitor);
}

static void a_damaged_file_is_set_aside_and_its_events_declared(void **state)
{
	struct world *world = *state;
	struct sender_state now;
	uint64_t declared = 0;

	sender_begin(world);
	for (uint64_t i = 1; i <= 3; i++)
		send_event(world, sample_exec, i);
	sender_end(world);
	shell("printf x | dd of=$(ls %s/1-2-*) bs=1 seek=60 conv=notrunc 2>/dev/null", world->spool);
	collector_open(world);
	sender_begin(world);
	flush(world);
	sender_state(world->sender, &now);
	assert_int_equal(now.batches_corrupt, 1);
	assert_int_equal(now.events_dropped, 1);
	assert_int_equal(count_files("ls %s/quarantine | wc -l", world->spool), 1);
	for (size_t i = 0; i < world->collector.count; i++) {
		assert_int_not_equal(world->collector.seen[i].number, 2);
		declared += world->collector.seen[i].drops;
	}
	assert_int_equal(declared, 1);
}

static void a_damaged_identity_makes_a_new_stream_and_old_batches_still_go(void **state)
{
	struct world *world = *state;

	sender_begin(world);
	send_event(world, sample_exec, 1);
	sender_end(world);
	shell("echo garbage > %s/stream", world->spool);
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 2);
}

static void lost_batch_files_raise_the_epoch(void **state)
{
	struct world *world = *state;

	sender_begin(world);
	send_event(world, sample_exec, 1);
	sender_end(world);
	shell("rm %s/1-1-*", world->spool);
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 1);
	assert_int_equal(world->collector.seen[0].epoch, 2);
	assert_int_equal(world->collector.seen[0].number, 1);
}

static void a_spool_serves_one_process_at_a_time(void **state)
{
	struct world *world = *state;
	struct sender_conf conf = { .url = world->url,
				    .spool = world->spool,
				    .origin = sample_origin(&world->arena) };
	struct sender *second = NULL;
	struct err err;

	sender_begin(world);
	assert_int_equal(sender_open(&conf, &second, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "is in use by another process"));
}

static void an_address_that_is_none_is_refused(void **state)
{
	struct world *world = *state;
	struct sender_conf conf = { .url = "nonsense", .spool = world->spool };
	struct sender *sender = NULL;
	struct err err;

	assert_int_equal(sender_open(&conf, &sender, &err), ERR_USAGE);
	assert_non_null(strstr(err.message, "\"nonsense\" is no address of a collector"));
}

static void an_occupied_port_is_named(void **state)
{
	struct world *world = *state;
	struct receiver *second = NULL;
	char expected[256];
	struct err err;

	use_tcp(world);
	collector_open(world);
	snprintf(expected, sizeof(expected), "could not listen on \"%s\": Address in use", world->url);
	assert_int_equal(
		receiver_open(
			&(struct receiver_conf){ .url = world->url, .handler = answer, .context = &world->collector },
			&second, &err),
		ERR_FAILED);
	assert_string_equal(err.message, expected);
}

static void who_connects_and_hangs_up_does_not_stop_the_listener(void **state)
{
	struct world *world = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	collector_open(world);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->url + strlen("ipc://"));
	for (int i = 0; i < HANGUPS; i++) {
		AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	}
	sender_begin(world);
	send_event(world, sample_exec, 1);
	flush(world);
	assert_int_equal(world->collector.count, 1);
}

static void a_live_socket_is_refused_and_is_not_open_to_others(void **state)
{
	struct world *world = *state;
	struct receiver *second = NULL;
	struct stat st;
	struct err err;

	collector_open(world);
	assert_int_equal(stat(world->url + strlen("ipc://"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(
		receiver_open(
			&(struct receiver_conf){ .url = world->url, .handler = answer, .context = &world->collector },
			&second, &err),
		ERR_FAILED);
	assert_non_null(strstr(err.message, "Address in use"));
}

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(events_arrive_in_numbered_batches),
		TEST(a_batch_is_cut_by_time_alone),
		TEST(events_arrive_over_tcp),
		TEST(what_was_not_sent_is_sent_by_the_next_run_and_numbers_go_on),
		TEST(an_absent_collector_is_named_with_the_reason),
		TEST(retry_is_obeyed_and_then_the_batch_arrives),
		TEST(a_rejected_batch_is_kept_apart_and_the_rest_goes_on),
		TEST(a_sender_that_stops_in_order_says_so_last),
		TEST(an_alert_overtakes_bulk_that_waits),
		TEST(a_full_spool_drops_old_batches_without_alerts_and_says_so),
		TEST(a_collector_that_says_nothing_is_asked_again),
		TEST(an_event_too_large_to_travel_is_declared),
		TEST(a_full_disk_drops_old_batches_and_says_so),
		TEST(many_events_are_cut_by_size_and_number),
		TEST(drops_declared_alone_arrive),
		TEST(a_damaged_file_is_set_aside_and_its_events_declared),
		TEST(a_damaged_identity_makes_a_new_stream_and_old_batches_still_go),
		TEST(lost_batch_files_raise_the_epoch),
		TEST(a_spool_serves_one_process_at_a_time),
		TEST(an_address_that_is_none_is_refused),
		TEST(an_occupied_port_is_named),
		TEST(who_connects_and_hangs_up_does_not_stop_the_listener),
		TEST(a_live_socket_is_refused_and_is_not_open_to_others),
		TEST(every_batch_survives_collectors_that_are_killed),
		TEST(the_same_over_tcp),
	};

	self = argv[0];
	if (argc == 4 && !strcmp(argv[1], "collector"))
		return run_collector(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
