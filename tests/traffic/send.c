#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/traffic/traffic.h"

#define EVENT_MEMORY  (1u << 20)
#define ORIGIN_MEMORY (1u << 20)

struct send_conf {
	const char *url, *spool, *agent;
	int64_t events, rate, alert_every, spool_mib, watchdog_ns, wait_ns;
};
const size_t send_conf_size = sizeof(struct send_conf);

const struct opt send_opts[] = {
	OPT(send_conf, url, "url", 0, OPT_TEXT, "URL", NULL, "the collector's intake"),
	OPT(send_conf, spool, "spool", 0, OPT_TEXT, "DIR", NULL, "spool; DIR.last keeps what was numbered"),
	OPT(send_conf, agent, "agent", 0, OPT_TEXT, "NAME", "agent", "the agent's name"),
	OPT_RANGE(send_conf, events, "events", "N", 0, INT64_C(1) << 39, "0",
		  "number events up to N; 0: until SIGTERM"),
	OPT_RANGE(send_conf, rate, "rate", "N", 0, 10000000, "0", "events a second; 0: as fast as they go"),
	OPT_RANGE(send_conf, alert_every, "alert-every", "N", 0, 1000000000, "0", "every Nth has an alert; 0: none"),
	OPT_RANGE(send_conf, spool_mib, "spool-mib", "N", 1, 65536, "256", "limit of the spool"),
	OPT(send_conf, watchdog_ns, "watchdog", 0, OPT_DURATION, "TIME", "5s",
	    "a batch without a reply for so long: reconnect"),
	OPT(send_conf, wait_ns, "wait", 0, OPT_DURATION, "TIME", "60s", "at the end, for acknowledgements"),
	OPT_END,
};

struct diary {
	int fd;
	uint64_t incarnation, last; /* seq */
};

static volatile sig_atomic_t stop_wanted;

static void on_term(int number UNUSED)
{
	stop_wanted = 1;
}

/* Two numbers, in place: what a killed process wrote is there, which is all that is asked of it. */
static int diary_open(const char *spool, struct diary *ret, struct err *err)
{
	char path[4096];
	uint64_t numbers[2] = { 0 };

	snprintf(path, sizeof(path), "%s.last", spool);
	*ret = (struct diary){ .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	if (ret->fd < 0 || pread(ret->fd, numbers, sizeof(numbers), 0) < 0)
		return err_errno(err, ERR_FAILED, "could not open \"%s\"", path);
	ret->incarnation = numbers[0];
	ret->last = numbers[1];
	return 0;
}

static void diary_write(const struct diary *diary)
{
	const uint64_t numbers[2] = { diary->incarnation, diary->last };

	if (pwrite(diary->fd, numbers, sizeof(numbers), 0) < 0)
		perror("traffic: diary");
}

static uint64_t last_seq(struct sender *sender)
{
	struct sender_state state;

	sender_state(sender, &state);
	return state.next_seq - 1;
}

/* The first event tells where the spool goes on: its seq is 1 in a spool that began anew. */
static int begin(struct sender *sender, struct diary *diary, struct err *err)
{
	struct heartbeat heartbeat = { 0 };
	struct event event = { .kind = EVENT_HEARTBEAT, .type = "heartbeat", .time_ns = time_now_ns() };

	event.heartbeat = &heartbeat;
	if (sender_add(sender, &event, true, err) < 0)
		return err->code;
	diary->last = last_seq(sender);
	if (diary->last == 1)
		diary->incarnation++;
	diary_write(diary);
	return 0;
}

static void pace(const struct send_conf *conf, int64_t begun_ns, uint64_t done)
{
	int64_t due_ns, now_ns;

	if (!conf->rate || done % 16)
		return;
	due_ns = begun_ns + (int64_t)(done * (uint64_t)NS_PER_S / (uint64_t)conf->rate);
	now_ns = time_monotonic_ns();
	if (due_ns > now_ns)
		usleep((useconds_t)((due_ns - now_ns) / 1000));
}

static int send_all(const struct send_conf *conf, struct sender *sender, struct diary *diary, struct err *err)
{
	int64_t begun_ns = time_monotonic_ns();
	uint64_t done = 0;
	AUTO_ARENA arena;

	arena_init(&arena, EVENT_MEMORY);
	while (!stop_wanted && (!conf->events || diary->last < (uint64_t)conf->events)) {
		uint64_t seq = diary->last + 1;
		struct traffic_event what = { .number = diary->incarnation << TRAFFIC_INCARNATION_SHIFT | seq,
					      .has_alert =
						      conf->alert_every && seq % (uint64_t)conf->alert_every == 0,
					      .agent = conf->agent };
		struct event event;

		arena_reset(&arena);
		event = traffic_event_make(&arena, &what);
		/* What the spool cannot take is declared lost by the sender itself; its seq is used up all the same. */
		if (sender_add(sender, &event, what.has_alert, err) < 0)
			fprintf(stderr, "traffic: %s\n", err->message);
		diary->last = last_seq(sender);
		diary_write(diary);
		pace(conf, begun_ns, ++done);
	}
	return 0;
}

int send_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct send_conf *conf = options;
	struct sender_conf sender_conf = { .url = conf->url,
					   .spool = conf->spool,
					   .spool_max = conf->spool_mib << 20,
					   .watchdog_ns = conf->watchdog_ns };
	struct sender *sender;
	struct diary diary;
	AUTO_ARENA arena;
	int code;

	signal(SIGTERM, on_term);
	arena_init(&arena, ORIGIN_MEMORY);
	sender_conf.origin = traffic_origin_make(&arena, conf->agent);
	if (diary_open(conf->spool, &diary, err) < 0 || sender_open(&sender_conf, &sender, err) < 0)
		return err->code;
	code = begin(sender, &diary, err);
	if (code == 0)
		code = send_all(conf, sender, &diary, err);
	if (code == 0 && conf->wait_ns && sender_flush(sender, conf->wait_ns, err) < 0) {
		fprintf(stderr, "traffic: %s\n", err->message);
		*ret_exit = 75;
	}
	printf("%s %" PRIu64 " %" PRIu64 "\n", conf->agent, diary.incarnation, diary.last);
	sender_close(sender);
	close(diary.fd);
	return code;
}
