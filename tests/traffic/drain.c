#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/traffic/traffic.h"

#define AGENTS_MAX    4096
#define ORIGIN_MEMORY (64u << 20)

struct drain_conf {
	const char *url, *spool;
	int64_t agents, events, alert_every, wait_ns, hold_ns;
	bool fill;
	struct enrol_conf enrol;
};
const size_t drain_conf_size = sizeof(struct drain_conf);

const struct opt drain_opts[] = {
	OPT(drain_conf, url, "url", 0, OPT_TEXT, "URL", NULL, "the collector's intake"),
	OPT(drain_conf, spool, "spool", 0, OPT_TEXT, "DIR", NULL, "folder with a spool for each agent"),
	OPT_RANGE(drain_conf, agents, "agents", "N", 1, AGENTS_MAX, "8", "how many"),
	OPT_RANGE(drain_conf, events, "events", "N", 0, INT64_C(1) << 39, "0", "with --fill: events of each agent"),
	OPT_RANGE(drain_conf, alert_every, "alert-every", "N", 0, 1000000000, "0", "every Nth has an alert; 0: none"),
	OPT(drain_conf, fill, "fill", 0, OPT_FLAG, NULL, NULL,
	    "fill the spools instead; nobody may listen on the URL"),
	OPT(drain_conf, wait_ns, "wait", 0, OPT_DURATION, "TIME", "300s", "for acknowledgements, at most"),
	OPT(drain_conf, hold_ns, "hold", 0, OPT_DURATION, "TIME", "0s", "stay connected so long after the last one"),
	ENROL_OPTS(drain_conf, enrol, "traffic"),
	OPT_END,
};

static int fill(const struct drain_conf *conf, struct sender *sender, const char *agent, struct err *err)
{
	AUTO_ARENA arena;

	arena_init(&arena, 1u << 20);
	for (int64_t i = 1; i <= conf->events; i++) {
		struct traffic_event what = { .number = (uint64_t)i,
					      .has_alert = conf->alert_every && i % conf->alert_every == 0,
					      .agent = agent };
		struct event event;

		arena_reset(&arena);
		event = traffic_event_make(&arena, &what);
		if (sender_add(sender, &event, false, err) < 0)
			return err->code;
	}
	return 0;
}

static int open_all(const struct drain_conf *conf, struct arena *arena, struct sender **senders,
		    struct enrolment **ret_enrolment, struct err *err)
{
	struct sender_conf base = { .url = conf->url };

	if (!conf->fill && traffic_enrol(&conf->enrol, &base, ret_enrolment, err) < 0)
		return err->code;
	for (int64_t i = 0; i < conf->agents; i++) {
		char *agent = arena_printf(arena, "%032x", (unsigned int)i + 1);
		struct sender_conf sender = base;

		sender.spool = arena_printf(arena, "%s/%" PRId64, conf->spool, i);
		sender.spool_max = INT64_C(16) << 30;
		sender.flush_ns = conf->fill ? 3600 * NS_PER_S : 0;
		sender.origin = traffic_origin_make(arena, agent);
		if (sender_open(&sender, &senders[i], err) < 0 ||
		    (conf->fill && fill(conf, senders[i], agent, err) < 0))
			return err->code;
		if (conf->fill) {
			sender_close(senders[i]);
			senders[i] = NULL;
		}
	}
	return 0;
}

int drain_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct drain_conf *conf = options;
	AUTO_FREE struct sender **senders = calloc((size_t)conf->agents, sizeof(*senders));
	int64_t begun_ns = time_monotonic_ns();
	struct enrolment *enrolment = NULL;
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, ORIGIN_MEMORY);
	code = open_all(conf, &arena, senders, &enrolment, err);
	for (int64_t i = 0; code == 0 && !conf->fill && i < conf->agents; i++) {
		if (sender_flush(senders[i], conf->wait_ns, err) < 0) {
			fprintf(stderr, "traffic: agent %" PRId64 ": %s\n", i, err->message);
			*ret_exit = 75;
		}
	}
	printf("%.3f\n", (double)(time_monotonic_ns() - begun_ns) / NS_PER_S);
	fflush(stdout);
	if (conf->hold_ns)
		nanosleep(&(struct timespec){ .tv_sec = conf->hold_ns / NS_PER_S }, NULL);
	for (int64_t i = 0; i < conf->agents; i++)
		sender_close(senders[i]);
	enrolment_close(enrolment);
	return code;
}
