/* What a sender and a listener owe to a thousand others: nobody asks more often than helps, and all get in again after a collector died. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/bus/world.h"

#define FDS_MAX	    1024
#define PUT_OFF	    SENDER_WINDOW /* all that come together */
#define HANDLED_US  50000
#define WATCHDOG_NS (3600 * NS_PER_S) /* in these tests it helps nobody */

/* Puts the first frames off unread; notes who was there with the first that it reads. */
struct busy {
	struct monitor monitor;
	size_t frames, in_hand, with_first;
};

static void put_off_first(void *context, const void *frame, size_t length, const struct peer *peer UNUSED,
			  struct strbuf *reply)
{
	struct busy *busy = context;
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct reply out = { .kind = REPLY_RETRY, .retry_after_ms = 1, .reason = "too much to do" };
	struct batch batch = { 0 };
	size_t number;

	monitor_lock(&busy->monitor);
	number = busy->frames++;
	busy->in_hand++;
	monitor_unlock(&busy->monitor);
	usleep(HANDLED_US);
	monitor_lock(&busy->monitor);
	if (number == PUT_OFF)
		busy->with_first = busy->frames - PUT_OFF;
	busy->in_hand--;
	monitor_unlock(&busy->monitor);
	if (number >= PUT_OFF) {
		assert_int_equal(wire_batch_decode(frame, length, &arena, &batch, NULL), 0);
		out.kind = REPLY_ACK;
		out.batch_no = batch.batch_no;
	}
	assert_int_equal(wire_reply_encode(&out, reply, NULL), 0);
}

static void open_sender(struct world *world)
{
	struct sender_conf conf = { .url = world->url,
				    .spool = world->spool,
				    .flush_ns = 10 * NS_PER_MS,
				    .watchdog_ns = WATCHDOG_NS,
				    .origin = sample_origin(&world->arena) };
	struct err err;

	if (sender_open(&conf, &world->sender, &err) < 0)
		fail_msg("%s", err.message);
}

static void who_is_put_off_unread_tries_with_one_batch(void **state)
{
	struct world *world = *state;
	struct busy busy = { 0 };
	struct err err;

	monitor_init(&busy.monitor);
	open_sender(world);
	for (uint64_t i = 1; i <= 3 * PUT_OFF; i++)
		send_event(world, sample_exec, i);
	if (receiver_open(&(struct receiver_conf){ .url = world->url, .handler = put_off_first, .context = &busy },
			  &world->collector.receiver, &err) < 0)
		fail_msg("%s", err.message);
	flush(world);
	sender_end(world);
	receiver_close(TAKE(world->collector.receiver));
	assert_int_equal(busy.with_first, 1);
	assert_true(busy.frames >= 4 * PUT_OFF);
	monitor_fini(&busy.monitor);
}

static in_port_t port_of(const struct world *world)
{
	return htons((in_port_t)atoi(strrchr(world->url, ':') + 1));
}

/* A socket of ours that is connected to the port, or -1. */
static int connected_to(in_port_t port)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		struct sockaddr_in address = { 0 };
		socklen_t length = sizeof(address);

		if (getpeername(fd, (struct sockaddr *)&address, &length) == 0 && address.sin_family == AF_INET &&
		    address.sin_port == port)
			return fd;
	}
	return -1;
}

/* The system's socket is gone, and nng was told nothing. It is not to be found out only when something is sent. */
static void a_connection_that_ended_unheard_is_made_again(void **state)
{
	struct world *world = *state;
	int64_t until = time_monotonic_ns() + PATIENCE_NS;
	int other, fd;

	use_tcp(world);
	collector_open(world);
	open_sender(world);
	send_event(world, sample_exec, 1);
	flush(world);
	fd = connected_to(port_of(world));
	assert_true(fd >= 0);
	other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(dup2(other, fd), fd);
	close(other);
	while (connected_to(port_of(world)) < 0 && time_monotonic_ns() < until)
		usleep(10000);
	assert_true(connected_to(port_of(world)) >= 0);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 2);
}

/* As many may wait to be accepted as the system allows. */
static void a_thousand_may_knock_at_once(void **state)
{
	struct world *world = *state;
	unsigned int most = 0, waiting = 0;
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &most), 1);
	fclose(file);
	use_tcp(world);
	collector_open(world);
	for (int fd = 0; fd < FDS_MAX; fd++) {
		struct sockaddr_in address = { 0 };
		socklen_t length = sizeof(address), size = sizeof(struct tcp_info);
		struct tcp_info info = { 0 };

		if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.sin_family == AF_INET &&
		    address.sin_port == port_of(world) && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
		    info.tcpi_state == TCP_LISTEN)
			waiting = info.tcpi_sacked; /* of one that listens: how many may wait */
	}
	assert_int_equal(waiting, most < SOMAXCONN ? most : SOMAXCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_put_off_unread_tries_with_one_batch),
		TEST(a_connection_that_ended_unheard_is_made_again),
		TEST(a_thousand_may_knock_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
