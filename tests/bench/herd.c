/*
 * A thousand agents at once: how many connect over TLS, in what time, and what each costs the collecting side in memory.
 *
 * usage: herd [AGENTS]. The collecting side is a process of its own (receiver and handler that acknowledges), which is killed
 * in between: everybody comes back at once. Prints figures; exit code 1 if somebody did not connect, or a frame was not answered.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <nng/nng.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "bus/link.h"
#include "bus/receiver.h"
#include "tests/support/pki.h"
#include "wire/wire.h"

#define AGENTS_DEFAULT 1000
#define PATIENCE_NS    (120 * NS_PER_S)
#define WEEK_NS	       (7 * 24 * 3600 * NS_PER_S)
#define FRAME_SIZE     (64u << 10)
#define FILES_MAX      65536

struct herd {
	size_t count;
	struct link **links;
	struct monitor monitor;
	struct tls *tls;
	char url[64], folder[64];
	pid_t receiver;
};

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "herd: %s: %s\n", what, err ? err->message : "");
	exit(1);
}

static void acknowledge(void *context UNUSED, const void *frame UNUSED, size_t length UNUSED, const struct peer *peer,
			struct strbuf *reply)
{
	struct reply out = { .kind = peer->is_certified ? REPLY_ACK : REPLY_REJECT, .reason = "no certificate" };

	wire_reply_encode(&out, reply, NULL);
}

static void run_receiver(const struct herd *herd)
{
	struct receiver_conf conf = { .url = herd->url, .handler = acknowledge };
	struct credentials credentials;
	struct authority *authority;
	struct receiver *receiver;
	struct papers papers;
	struct err err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (authority_open(herd->folder, time_now_ns(), &authority, &err) < 0)
		die("authority", &err);
	papers_issue(authority, NULL, WEEK_NS, &papers);
	credentials = papers_credentials(&papers);
	if (tls_new(TLS_LISTENS, &credentials, &conf.tls, &err) < 0)
		die("TLS", &err);
	while (receiver_open(&conf, &receiver, &err) < 0)
		usleep(10000);
	for (;;)
		pause();
}

/* exec: no thread of the library may be there before. */
static void start_receiver(struct herd *herd)
{
	herd->receiver = fork();
	if (herd->receiver == 0) {
		execl("/proc/self/exe", "herd", "receive", herd->url, herd->folder, NULL);
		_exit(1);
	}
}

static long memory_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmRSS: %ld", &kb);
	if (file)
		fclose(file);
	return kb;
}

static size_t connected(struct herd *herd)
{
	size_t count = 0;

	monitor_lock(&herd->monitor);
	for (size_t i = 0; i < herd->count; i++)
		count += link_connected(herd->links[i]);
	monitor_unlock(&herd->monitor);
	return count;
}

/* Seconds until all are connected. */
static double wait_for_all(struct herd *herd)
{
	int64_t start = time_monotonic_ns();

	while (connected(herd) < herd->count) {
		if (time_monotonic_ns() - start > PATIENCE_NS) {
			fprintf(stderr, "herd: %zu of %zu connected\n", connected(herd), herd->count);
			exit(1);
		}
		usleep(10000);
	}
	return (double)(time_monotonic_ns() - start) / 1e9;
}

/* Everybody sends one frame and is answered: buffers are as large as they get with frames of this size. */
static void talk(struct herd *herd)
{
	AUTO_FREE char *body = calloc(1, FRAME_SIZE);

	for (size_t i = 0; i < herd->count; i++) {
		nng_socket socket = link_socket(herd->links[i]);
		nng_msg *message;

		nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, (nng_duration)(PATIENCE_NS / NS_PER_MS));
		if (nng_msg_alloc(&message, 0) || nng_msg_append(message, body, FRAME_SIZE) ||
		    nng_sendmsg(socket, message, 0) || nng_recvmsg(socket, &message, 0))
			die("a frame was not answered", NULL);
		nng_msg_free(message);
	}
}

static void prepare(struct herd *herd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct identity agent = papers_agent(1, "herd");
	struct rlimit files = { FILES_MAX, FILES_MAX };
	socklen_t length = sizeof(address);
	struct credentials credentials;
	struct authority *authority;
	struct papers papers;
	struct err err;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setrlimit(RLIMIT_NOFILE, &files);
	strcpy(herd->folder, "/tmp/clewline-herd.XXXXXX");
	if (!mkdtemp(herd->folder) || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		die("could not prepare", NULL);
	close(fd);
	snprintf(herd->url, sizeof(herd->url), "tls+tcp://127.0.0.1:%d", ntohs(address.sin_port));
	if (authority_open(herd->folder, time_now_ns(), &authority, &err) < 0)
		die("authority", &err);
	papers_issue(authority, &agent, WEEK_NS, &papers);
	authority_close(authority);
	start_receiver(herd);
	credentials = papers_credentials(&papers);
	if (tls_new(TLS_CONNECTS, &credentials, &herd->tls, &err) < 0)
		die("TLS", &err);
	monitor_init(&herd->monitor);
	herd->links = calloc(herd->count, sizeof(*herd->links));
}

static void measure(struct herd *herd)
{
	long before = 0, after;
	double first, again;
	struct err err;

	/* one first, so that what the library needs once is not counted */
	for (size_t i = 0, all = herd->count; i < all; i++) {
		if (link_open(herd->url, herd->tls, &herd->monitor, &herd->links[i], &err) < 0)
			die("link", &err);
		if (i > 0)
			continue;
		herd->count = 1;
		wait_for_all(herd);
		talk(herd);
		before = memory_kb(herd->receiver);
		herd->count = all;
	}
	first = wait_for_all(herd);
	talk(herd);
	after = memory_kb(herd->receiver);
	kill(herd->receiver, SIGKILL);
	waitpid(herd->receiver, NULL, 0);
	while (connected(herd))
		usleep(10000);
	start_receiver(herd);
	again = wait_for_all(herd);
	talk(herd);
	printf("%zu agents over TLS: all connected after %.1f s; after a kill -9 of the collector all again after "
	       "%.1f s\n"
	       "collector: %ld kB with one, %ld kB with all: %.1f kB for each\n",
	       herd->count, first, again, before, after, (double)(after - before) / (double)(herd->count - 1));
}

int main(int argc, char **argv)
{
	struct herd herd = { .count = argc == 2 ? strtoul(argv[1], NULL, 10) : AGENTS_DEFAULT };
	char command[128];

	if (argc == 4 && strcmp(argv[1], "receive") == 0) {
		snprintf(herd.url, sizeof(herd.url), "%s", argv[2]);
		snprintf(herd.folder, sizeof(herd.folder), "%s", argv[3]);
		run_receiver(&herd);
	}
	if (herd.count < 2)
		return 2;
	prepare(&herd);
	measure(&herd);
	kill(herd.receiver, SIGKILL);
	snprintf(command, sizeof(command), "rm -rf '%s'", herd.folder);
	fflush(stdout);
	_exit(system(command) == 0 ? 0 : 1); /* a thousand links need not be closed one by one */
}
