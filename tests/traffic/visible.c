#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/store/query.h"
#include "store/store.h"
#include "tests/traffic/traffic.h"

#define TIMES_MAX 10000
#define POLL_US	  2000
#define LATE_NS	  NS_PER_S /* alerts that take longer are told one by one */

struct visible_conf {
	const char *url, *spool, *database;
	int64_t alerts, every_ns, timeout_ns;
};
const size_t visible_conf_size = sizeof(struct visible_conf);

const struct opt visible_opts[] = {
	OPT(visible_conf, url, "url", 0, OPT_TEXT, "URL", NULL, "the collector's intake"),
	OPT(visible_conf, spool, "spool", 0, OPT_TEXT, "DIR", NULL, "spool"),
	OPT(visible_conf, database, "database", 0, OPT_TEXT, "CONNINFO", NULL, "where alerts are looked for"),
	OPT_RANGE(visible_conf, alerts, "alerts", "N", 1, TIMES_MAX, "100", "how many"),
	OPT(visible_conf, every_ns, "every", 0, OPT_DURATION, "TIME", "100ms", "between two"),
	OPT(visible_conf, timeout_ns, "timeout", 0, OPT_DURATION, "TIME", "30s", "then it counts as never seen"),
	OPT_END,
};

static int compare(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* From just before the event is given to the sender until a reader of the table sees it; negative: never. */
static int64_t measure(const struct visible_conf *conf, struct sender *sender, struct store *store, uint64_t number,
		       struct err *err)
{
	int64_t begun_ns = time_monotonic_ns();
	struct alert_filter filter = { .priority_max = PRIORITY_DEBUG, .limit = 1 };
	struct event event;
	AUTO_ARENA arena;

	arena_init(&arena, 16u << 20);
	event = traffic_event_make(&arena, &(struct traffic_event){ number, true, "visible" });
	/* The store keeps microseconds. */
	event.time_ns -= event.time_ns % 1000;
	filter.since_ns = filter.until_ns = event.time_ns;
	if (sender_add(sender, &event, true, err) < 0)
		return -1;
	while (time_monotonic_ns() - begun_ns < conf->timeout_ns) {
		struct alert_row *rows;
		size_t count;
		bool more;

		if (query_alerts(store, 1, &filter, &arena, &rows, &count, &more, err) < 0)
			return -1;
		if (count)
			return time_monotonic_ns() - begun_ns;
		usleep(POLL_US);
	}
	return -1;
}

int visible_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct visible_conf *conf = options;
	struct sender_conf sender_conf = { .url = conf->url, .spool = conf->spool };
	static int64_t times[TIMES_MAX];
	struct sender *sender = NULL;
	struct store *store = NULL;
	int64_t seen = 0;
	AUTO_ARENA arena;

	arena_init(&arena, 1u << 20);
	sender_conf.origin = traffic_origin_make(&arena, "visible");
	if (store_open(conf->database, &store, err) < 0 || sender_open(&sender_conf, &sender, err) < 0)
		return err->code;
	for (int64_t i = 0; i < conf->alerts; i++) {
		int64_t spent_ns = measure(conf, sender, store, (uint64_t)i + 1, err);

		if (spent_ns >= 0)
			times[seen++] = spent_ns;
		if (spent_ns < 0 || spent_ns > LATE_NS)
			fprintf(stderr, "alert %" PRId64 ": %.1f s%s\n", i + 1, (double)spent_ns / NS_PER_S,
				spent_ns < 0 ? ", not seen" : "");
		if (spent_ns < conf->every_ns)
			usleep((useconds_t)((conf->every_ns - (spent_ns > 0 ? spent_ns : 0)) / 1000));
	}
	sender_close(sender);
	store_close(store);
	qsort(times, (size_t)seen, sizeof(*times), compare);
	printf("%" PRId64 " %" PRId64 " %.1f %.1f %.1f\n", conf->alerts, seen,
	       seen ? (double)times[seen / 2] / NS_PER_MS : 0, seen ? (double)times[seen * 99 / 100] / NS_PER_MS : 0,
	       seen ? (double)times[seen - 1] / NS_PER_MS : 0);
	if (seen < conf->alerts)
		*ret_exit = 1;
	return 0;
}
