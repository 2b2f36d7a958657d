/*
 * An agent without a sensor: sends one event after the other until its input ends, delivers what is left, and says how many
 * there were. usage: feeder URL SPOOL IDENTITY-FOLDER TOKEN|INVITATION|- ; every quarter of a second it says how it stands.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "bus/sender.h"
#include "enrol/enrolment.h"
#include "tests/support/sample.h"

#define PAUSE_MS      2
#define SAY_NS	      (250 * NS_PER_MS)
#define LAST_FLUSH_NS (60 * NS_PER_S)

static void tell(void *context UNUSED, enum enrolment_news news, const char *sentence)
{
	printf("%s %s\n",
	       news == ENROLMENT_FAILED	   ? "failed"
	       : news == ENROLMENT_GRANTED ? "granted"
					   : "renewed",
	       sentence);
	fflush(stdout);
}

static void say_state(struct sender *sender, uint64_t sent)
{
	struct sender_state state;

	sender_state(sender, &state);
	printf("state sent=%llu waiting=%llu acked=%llu rejected=%llu dropped=%llu error=%s\n",
	       (unsigned long long)sent, (unsigned long long)state.batches_spooled,
	       (unsigned long long)state.batches_acked, (unsigned long long)state.batches_rejected,
	       (unsigned long long)state.events_dropped, state.last_error);
	fflush(stdout);
}

static int feed(struct sender *sender)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t say_ns = 0;
	uint64_t sent = 0;
	struct err err;
	char byte;

	for (;;) {
		AUTO_ARENA arena = { .max = 1u << 20 };
		struct event event = sample_exec(&arena, sent + 1);

		event.time_ns = time_now_ns();
		if (sender_add(sender, &event, false, &err) < 0)
			printf("failed %s\n", err.message);
		sent++;
		if (poll(&input, 1, PAUSE_MS) > 0 && read(STDIN_FILENO, &byte, 1) <= 0)
			break;
		if (time_monotonic_ns() < say_ns)
			continue;
		say_state(sender, sent);
		say_ns = time_monotonic_ns() + SAY_NS;
	}
	if (sender_flush(sender, LAST_FLUSH_NS, &err) < 0)
		printf("failed %s\n", err.message);
	say_state(sender, sent);
	printf("sent %llu\n", (unsigned long long)sent);
	return 0;
}

int main(int argc, char **argv)
{
	struct enrolment_conf enrol = { .name = "feeder", .tell = tell };
	struct sender_conf conf = { .flush_ns = 20 * NS_PER_MS, .watchdog_ns = 5 * NS_PER_S };
	AUTO_ARENA arena = { .max = 1u << 20 };
	struct enrolment *enrolment;
	struct err err;

	if (argc != 5)
		return 2;
	enrol.url = conf.url = argv[1];
	conf.spool = argv[2];
	enrol.folder = argv[3];
	if (strncmp(argv[4], "clw1i-", 6) == 0)
		enrol.invitation = argv[4];
	else if (strcmp(argv[4], "-") != 0)
		enrol.token = argv[4];
	conf.origin = sample_origin(&arena);
	log_setup("feeder", LOG_LEVEL_WARN);
	if (enrolment_open(&enrol, &enrolment, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	conf.tls = enrolment_tls(enrolment);
	conf.heard = enrolment_heard;
	conf.heard_context = enrolment;
	struct sender *sender;

	if (sender_open(&conf, &sender, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	feed(sender);
	sender_close(sender);
	enrolment_close(enrolment);
	return 0;
}
