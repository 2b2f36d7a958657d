/* The watcher over real sockets, in a network namespace of this test's own. Skipped where namespaces cannot be made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/sensor/net/netwatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/time.h"

#define CONNECTIONS 2000
#define CHUNK	    500 /* what the ring holds, whoever is scheduled when */
#define WAIT_MS	    20000

static struct netwatch *netwatch;
static bool has_namespace;

static bool raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static int open_watch(void **state)
{
	struct err err = { 0 };

	(void)state;
	has_namespace = unshare(CLONE_NEWNET) == 0 && raise_loopback();
	if (!has_namespace) {
		fprintf(stderr, "no network namespace can be made here: skipped\n");
		return 0;
	}
	if (netwatch_open(&(struct netwatch_conf){ 0 }, &netwatch, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.message);
	return -1;
}

static int close_watch(void **state)
{
	(void)state;
	netwatch_close(netwatch);
	return 0;
}

/* The next event; fails when none comes. */
static struct net_event next_event(void)
{
	struct net_event event;

	for (int i = 0; i < WAIT_MS; i++) {
		if (netwatch_take(netwatch, &event))
			return event;
		usleep(1000);
	}
	fail_msg("no event came");
	return event;
}

static struct sockaddr_in local(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in address = local(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1024), 0);
	return fd;
}

/* A child that does not outlive a test that failed. */
static pid_t start(void)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

/* A child that opens a listener, says so, and takes connections until it is killed. */
static pid_t start_server(uint16_t port)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = start();
	if (child == 0) {
		int listener = listen_at(port);

		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			close(accept(listener, NULL, NULL));
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void stop(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void connect_to(uint16_t port, int count)
{
	struct sockaddr_in address = local(port);

	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			_exit(1);
		close(fd);
	}
}

static void every_connection_is_seen_at_both_ends(void **state)
{
	size_t connects = 0, accepts = 0, owned_accepts = 0, owned_connects = 0;
	struct netwatch_stats stats;
	pid_t server;

	(void)state;
	if (!has_namespace)
		skip();
	server = start_server(7000);
	for (int chunk = 0; chunk < CONNECTIONS / CHUNK; chunk++) {
		pid_t client = start();

		if (client == 0) {
			connect_to(7000, CHUNK);
			_exit(0);
		}
		for (int i = 0; i < 2 * CHUNK; i++) {
			struct net_event event = next_event();

			assert_int_equal(event.tuple.to.port, 7000);
			assert_true(event.has_result && event.result == 0);
			if (event.act == NET_CONNECT) {
				connects++;
				owned_connects += event.owner.pid == client ? 1 : 0;
				assert_true(event.owner.pid == client || event.owner.pid == 0);
			} else {
				accepts++;
				owned_accepts += event.owner.pid == server ? 1 : 0;
			}
		}
		waitpid(client, NULL, 0);
	}
	netwatch_stats(netwatch, &stats);
	printf("%zu connects, %zu with their process; %zu accepts, %zu with theirs; %llu lost\n", connects,
	       owned_connects, accepts, owned_accepts, (unsigned long long)stats.lost);
	assert_int_equal(connects, CONNECTIONS);
	assert_int_equal(accepts, CONNECTIONS);
	/* the listener lives on, so its side is known however short the connection was */
	assert_int_equal(owned_accepts, CONNECTIONS);
	assert_int_equal(stats.lost, 0);
	stop(server);
}

static void an_open_connection_has_its_process(void **state)
{
	struct net_event event;
	int hold[2];
	pid_t server, client;

	(void)state;
	if (!has_namespace)
		skip();
	server = start_server(7001);
	assert_int_equal(pipe(hold), 0);
	client = start();
	if (client == 0) {
		struct sockaddr_in address = local(7001);
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		char byte;

		close(hold[1]);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || read(hold[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	event = next_event();
	assert_int_equal(event.act, NET_CONNECT);
	assert_int_equal(event.owner.kind, NET_OWNER_EXACT);
	assert_int_equal(event.owner.pid, client);
	assert_true(event.owner.fd >= 0 && event.owner.inode != 0);
	assert_int_equal(event.owner.uid, getuid());
	event = next_event();
	assert_int_equal(event.act, NET_ACCEPT);
	assert_int_equal(event.owner.pid, server);
	close(hold[0]);
	close(hold[1]);
	waitpid(client, NULL, 0);
	stop(server);
}

static void a_refused_connection_is_told_as_refused(void **state)
{
	struct sockaddr_in address = local(7999);
	struct net_event event;
	pid_t client;

	(void)state;
	if (!has_namespace)
		skip();
	client = start();
	if (client == 0) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		_exit(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == ECONNREFUSED ? 0 : 1);
	}
	event = next_event();
	assert_int_equal(event.act, NET_CONNECT);
	assert_int_equal(event.tuple.to.port, 7999);
	assert_int_equal(event.result, -ECONNREFUSED);
	waitpid(client, NULL, 0);
}

static void send_bytes(int fd, uint16_t port, const void *data, size_t size)
{
	struct sockaddr_in address = local(port);

	assert_int_equal(sendto(fd, data, size, 0, (struct sockaddr *)&address, sizeof(address)), size);
}

static int bind_datagrams(uint16_t port)
{
	struct sockaddr_in address = local(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A child that sends one datagram after another until it is killed. */
static pid_t start_sender(uint16_t port)
{
	pid_t child = start();

	if (child == 0) {
		int fd = bind_datagrams(4444);

		for (;;) {
			send_bytes(fd, port, "x", 1);
			usleep(1000);
		}
	}
	return child;
}

static void datagrams_are_told_once_with_their_process(void **state)
{
	struct net_event event, more;
	int receiver;
	pid_t sender;

	(void)state;
	if (!has_namespace)
		skip();
	receiver = bind_datagrams(4445);
	sender = start_sender(4445);
	event = next_event();
	assert_int_equal(event.act, NET_SEND);
	assert_int_equal(event.tuple.from.port, 4444);
	assert_int_equal(event.tuple.to.port, 4445);
	assert_int_equal(event.owner.pid, sender);
	stop(sender);
	assert_false(netwatch_take(netwatch, &more));
	close(receiver);
}

#define QUERY	 "\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"
#define RESPONSE "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\7example\3com\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"

static void serve_dns(int server, pid_t *ret_client)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	char bytes[64];

	*ret_client = start();
	if (*ret_client == 0) {
		int fd = bind_datagrams(5353);

		send_bytes(fd, 53, QUERY, sizeof(QUERY) - 1);
		pause();
	}
	assert_int_equal(recvfrom(server, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size),
			 sizeof(QUERY) - 1);
	assert_int_equal(sendto(server, RESPONSE, sizeof(RESPONSE) - 1, 0, (struct sockaddr *)&from, sizeof(from)),
			 sizeof(RESPONSE) - 1);
}

static void a_query_is_told_with_its_answer_and_names_what_is_connected_to(void **state)
{
	struct net_event event;
	char text[IP_TEXT_MAX];
	int server;
	pid_t client, tcp;

	(void)state;
	if (!has_namespace)
		skip();
	server = bind_datagrams(53);
	serve_dns(server, &client);
	event = next_event();
	assert_int_equal(event.act, NET_QUERY);
	assert_string_equal(event.name, "example.com");
	assert_true(event.has_result && event.result == 0);
	assert_int_equal(event.answer_count, 1);
	assert_string_equal(ip_text(event.answers[0].ip, true, text), "127.0.0.1");
	assert_int_equal(event.owner.pid, client);
	stop(client);
	tcp = start();
	if (tcp == 0) {
		struct sockaddr_in address = local(7998);

		_exit(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)) < 0 ? 0
														 : 1);
	}
	event = next_event();
	assert_int_equal(event.act, NET_CONNECT);
	assert_string_equal(event.name, "example.com");
	waitpid(tcp, NULL, 0);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_connection_has_its_process),
		cmocka_unit_test(a_refused_connection_is_told_as_refused),
		cmocka_unit_test(datagrams_are_told_once_with_their_process),
		cmocka_unit_test(a_query_is_told_with_its_answer_and_names_what_is_connected_to),
		/* last: after it looking for owners has to rest for a while */
		cmocka_unit_test(every_connection_is_seen_at_both_ends),
	};

	return cmocka_run_group_tests(tests, open_watch, close_watch);
}
