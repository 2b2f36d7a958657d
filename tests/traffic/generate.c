#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/traffic/ledger.h"
#include "tests/traffic/traffic.h"
#include "wire/wire.h"

#define PERMILLE      1000
#define AGENT_MAX     64
#define NAP_MAX_NS    (20 * NS_PER_MS)
#define EVENT_MEMORY  (8u << 20)
#define ORIGIN_MEMORY (64u << 20)
#define NO_KIND	      ((enum event_kind)99)

enum made_kind {
	MADE_PLAIN,
	MADE_ALERT,
	MADE_POISON,	/* no collector takes it: its kind is none */
	MADE_TOO_LARGE, /* more than EVENT_SIZE_MAX */
};

struct generate_conf {
	const char *url, *spool, *ledger, *tag;
	int64_t senders, rate, count, batch, seed, spool_max, alerts, poison, large;
	int64_t finish_ns, watchdog_ns, flush_ns;
	struct enrol_conf enrol;
};

const size_t generate_conf_size = sizeof(struct generate_conf);

const struct opt generate_opts[] = {
	OPT(generate_conf, url, "url", 0, OPT_TEXT, "URL", NULL, "intake of the collector"),
	OPT(generate_conf, spool, "spool", 0, OPT_TEXT, "DIR", NULL, "existing folder for the spools 0, 1, ..."),
	OPT(generate_conf, ledger, "ledger", 0, OPT_TEXT, "FILE", NULL, "what was given and what became of it"),
	OPT(generate_conf, tag, "tag", 0, OPT_TEXT, "TAG", "g", "name in the marks, letters and digits"),
	OPT_RANGE(generate_conf, senders, "senders", "N", 1, LEDGER_SENDERS_MAX, "1", "senders, each with a spool"),
	OPT_RANGE(generate_conf, rate, "rate", "N", 0, 10000000, "0", "events a second, all together; 0 = no limit"),
	OPT_RANGE(generate_conf, count, "count", "N", 0, INT64_MAX, "0",
		  "events, all together, then the end; 0 = until SIGTERM"),
	OPT_RANGE(generate_conf, batch, "batch", "N", 0, 5000, "0",
		  "batches of 1 to N events; 0 = as the sender cuts them"),
	OPT_RANGE(generate_conf, seed, "seed", "N", 0, INT64_MAX, "1", "of everything random"),
	OPT_RANGE(generate_conf, spool_max, "spool-max", "BYTES", 0, INT64_MAX, "0", "of each spool"),
	OPT_RANGE(generate_conf, alerts, "alerts", "N", 0, PERMILLE, "0", "events with an alert in a thousand"),
	OPT_RANGE(generate_conf, poison, "poison", "N", 0, PERMILLE, "0",
		  "batches that no collector takes in a thousand"),
	OPT_RANGE(generate_conf, large, "large", "N", 0, PERMILLE, "0", "too large events in a thousand batches"),
	OPT(generate_conf, finish_ns, "finish", 0, OPT_DURATION, "TIME", "60s",
	    "how long to wait at the end until all is acknowledged"),
	OPT(generate_conf, watchdog_ns, "watchdog", 0, OPT_DURATION, "TIME", "15s", "as the sender's"),
	OPT(generate_conf, flush_ns, "flush", 0, OPT_DURATION, "TIME", "200ms", "as the sender's"),
	ENROL_OPTS(generate_conf, enrol, "traffic"),
	OPT_END,
};

struct feed {
	struct sender *sender;
	char name[AGENT_MAX];
	int64_t left; /* events until the batch is cut */
};

struct generator {
	const struct generate_conf *conf;
	struct arena origins, events;
	char *large; /* text that makes an event too large */
	uint64_t random;
	struct enrolment *enrolment;
	struct sender_conf sender; /* what all have in common */
	struct feed *feeds;
	int64_t made;
};

static volatile sig_atomic_t is_asked_to_stop;

static void on_signal(int number UNUSED)
{
	is_asked_to_stop = 1;
}

/* splitmix64 */
static uint64_t next_random(struct generator *generator)
{
	uint64_t z = (generator->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool chance(struct generator *generator, int64_t permille)
{
	return permille && (int64_t)(next_random(generator) % PERMILLE) < permille;
}

static int feed_open(struct generator *generator, size_t index, struct err *err)
{
	const struct generate_conf *conf = generator->conf;
	struct feed *feed = &generator->feeds[index];
	AUTO_STRBUF spool = STRBUF_INIT;
	struct sender_conf sender_conf = generator->sender;

	strbuf_addf(&spool, "%s/%zu", conf->spool, index);
	snprintf(feed->name, sizeof(feed->name), "%s.%zu", conf->tag, index);
	sender_conf.spool = spool.data;
	sender_conf.origin = traffic_origin_make(&generator->origins, feed->name);
	return sender_open(&sender_conf, &feed->sender, err);
}

static struct event make(struct generator *generator, size_t index, enum made_kind kind, uint64_t number)
{
	struct traffic_event what = { .number = number,
				      .has_alert = kind == MADE_ALERT,
				      .agent = generator->feeds[index].name };
	struct event event;

	arena_reset(&generator->events);
	what.mark = arena_printf(&generator->events, "mark=%s.%zu.%" PRIu64 ";", generator->conf->tag, index, number);
	event = traffic_event_make(&generator->events, &what);
	if (kind == MADE_POISON)
		event.kind = NO_KIND;
	if (kind == MADE_TOO_LARGE)
		event.type = generator->large;
	return event;
}

static int add_one(struct generator *generator, size_t index, enum made_kind kind, bool urgent, struct err *err)
{
	uint64_t mark = ledger_next(index);
	struct event event = make(generator, index, kind, mark);

	ledger_adds(index, mark);
	generator->made++;
	return sender_add(generator->feeds[index].sender, &event, urgent, err);
}

/* An event that cannot be put on disk is written down as such; that is no end. */
static void feed_one(struct generator *generator, size_t index)
{
	const struct generate_conf *conf = generator->conf;
	struct feed *feed = &generator->feeds[index];
	enum made_kind kind = chance(generator, conf->alerts) ? MADE_ALERT : MADE_PLAIN;
	struct err err;
	bool urgent;

	if (conf->batch && feed->left <= 0) {
		feed->left = 1 + (int64_t)(next_random(generator) % (uint64_t)conf->batch);
		/* right behind a cut the open batch is empty, so nothing good goes down with it */
		if (chance(generator, conf->poison))
			add_one(generator, index, MADE_POISON, true, &err);
		if (chance(generator, conf->large))
			add_one(generator, index, MADE_TOO_LARGE, false, &err);
	}
	urgent = conf->batch && --feed->left <= 0;
	add_one(generator, index, kind, urgent, &err);
}

/* Sleeps until as many events are due as were made; at most a moment, so that signals are heard. */
static void keep_pace(const struct generator *generator, int64_t begun_ns)
{
	int64_t due_ns, wait_ns;

	if (!generator->conf->rate)
		return;
	due_ns = begun_ns + generator->made * NS_PER_S / generator->conf->rate;
	while (!is_asked_to_stop && (wait_ns = due_ns - time_monotonic_ns()) > 0) {
		if (wait_ns > NAP_MAX_NS)
			wait_ns = NAP_MAX_NS;
		nanosleep(&(struct timespec){ 0, wait_ns }, NULL);
	}
}

static void generate(struct generator *generator)
{
	const struct generate_conf *conf = generator->conf;
	int64_t begun_ns = time_monotonic_ns();
	size_t index = 0;

	while (!is_asked_to_stop && (!conf->count || generator->made < conf->count)) {
		feed_one(generator, index);
		/* senders take turns by whole batches, or by events where the sender cuts them itself */
		if (!conf->batch || generator->feeds[index].left <= 0)
			index = (index + 1) % (size_t)conf->senders;
		keep_pace(generator, begun_ns);
	}
}

static int finish(struct generator *generator, int64_t begun_ns, struct err *err)
{
	int64_t deadline_ns = time_monotonic_ns() + generator->conf->finish_ns;
	int code = 0;

	for (size_t i = 0; i < (size_t)generator->conf->senders; i++) {
		int64_t left_ns = deadline_ns - time_monotonic_ns();
		struct err reason;

		if (sender_flush(generator->feeds[i].sender, left_ns > 0 ? left_ns : 0, &reason) < 0)
			code = err_set(err, reason.code, "%s: %s", generator->feeds[i].name, reason.message);
	}
	printf("made %" PRId64 " handed %" PRIu64 " seconds %.6f\n", generator->made, ledger_handed(),
	       (double)(time_monotonic_ns() - begun_ns) / (double)NS_PER_S);
	return code;
}

static int open_all(struct generator *generator, struct err *err)
{
	const struct generate_conf *conf = generator->conf;
	int code = ledger_open(conf->ledger, (size_t)conf->senders, err);

	generator->sender = (struct sender_conf){ .url = conf->url,
						  .spool_max = conf->spool_max,
						  .flush_ns = conf->flush_ns,
						  .watchdog_ns = conf->watchdog_ns };
	if (code == 0)
		code = traffic_enrol(&conf->enrol, &generator->sender, &generator->enrolment, err);
	for (size_t i = 0; code == 0 && i < (size_t)conf->senders; i++)
		code = feed_open(generator, i, err);
	return code;
}

int generate_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct generate_conf *conf = options;
	struct generator generator = { .conf = conf, .random = (uint64_t)conf->seed };
	int64_t begun_ns = time_monotonic_ns();
	int code;

	if (!conf->url || !conf->spool || !conf->ledger)
		return err_set(err, ERR_USAGE, "--url, --spool and --ledger are needed");
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	arena_init(&generator.origins, ORIGIN_MEMORY);
	arena_init(&generator.events, EVENT_MEMORY);
	generator.large = calloc(1, EVENT_SIZE_MAX + 1);
	generator.feeds = calloc((size_t)conf->senders, sizeof(*generator.feeds));
	if (!generator.feeds || !generator.large)
		return err_set(err, ERR_MEMORY, "out of memory");
	memset(generator.large, 'x', EVENT_SIZE_MAX);
	code = open_all(&generator, err);
	if (code == 0) {
		generate(&generator);
		code = finish(&generator, begun_ns, err);
	}
	for (size_t i = 0; i < (size_t)conf->senders; i++)
		sender_close(generator.feeds[i].sender);
	enrolment_close(generator.enrolment);
	free(generator.feeds);
	free(generator.large);
	arena_fini(&generator.events);
	arena_fini(&generator.origins);
	return code;
}
