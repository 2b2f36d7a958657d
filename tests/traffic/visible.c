#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "http/http.h"
#include "json/json.h"
#include "tests/traffic/traffic.h"

#define TIMES_MAX 10000
#define POLL_US	  2000

struct visible_conf {
	const char *url, *spool, *api;
	int64_t alerts, every_ns, timeout_ns, late_ns;
};
const size_t visible_conf_size = sizeof(struct visible_conf);

const struct opt visible_opts[] = {
	OPT(visible_conf, url, "url", 0, OPT_TEXT, "URL", NULL, "the collector's intake"),
	OPT(visible_conf, spool, "spool", 0, OPT_TEXT, "DIR", NULL, "spool"),
	OPT(visible_conf, api, "api", 0, OPT_TEXT, "URL", NULL, "the collector's API, where alerts are looked for"),
	OPT_RANGE(visible_conf, alerts, "alerts", "N", 1, TIMES_MAX, "100", "how many"),
	OPT(visible_conf, every_ns, "every", 0, OPT_DURATION, "TIME", "100ms", "between two"),
	OPT(visible_conf, timeout_ns, "timeout", 0, OPT_DURATION, "TIME", "30s", "then it counts as never seen"),
	OPT(visible_conf, late_ns, "late", 0, OPT_DURATION, "TIME", "1s",
	    "alerts that take longer are told one by one"),
	OPT_END,
};

/* Spans since the event was given to the sender; negative: never. */
struct times {
	int64_t added_ns, acked_ns, seen_ns;
};

static int compare(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static bool ask(struct http_client *client, const char *target, struct err *err)
{
	AUTO_HTTP_REPLY reply = { 0 };
	AUTO_JSON answer = NULL;

	if (http_request(client, "GET", target, NULL, &reply, err) < 0 || http_reply_check(&reply, err) < 0 ||
	    json_parse("alerts", reply.body, reply.length, &answer, err) < 0)
		return false;
	return json_array_size(json_object_get(answer, "alerts")) > 0;
}

/* From just before the event is given to the sender until the API, which secctl alerts asks, has it. */
static void measure(const struct visible_conf *conf, struct sender *sender, struct http_client *client,
		    uint64_t number, struct times *ret)
{
	int64_t begun_ns = time_monotonic_ns();
	char target[256], text[TIME_TEXT_MAX];
	struct sender_state state;
	struct event event;
	struct err err = { 0 };
	AUTO_ARENA arena;

	*ret = (struct times){ -1, -1, -1 };
	arena_init(&arena, 16u << 20);
	sender_state(sender, &state);
	event = traffic_event_make(&arena, &(struct traffic_event){ number, true, "visible" });
	/* The store keeps microseconds. */
	event.time_ns -= event.time_ns % 1000;
	time_format_exact(event.time_ns, text);
	snprintf(target, sizeof(target), "/v1/alerts?since=%s&until=%s&limit=1", text, text);
	if (sender_add(sender, &event, true, &err) < 0)
		return;
	ret->added_ns = time_monotonic_ns() - begun_ns;
	while (time_monotonic_ns() - begun_ns < conf->timeout_ns) {
		struct sender_state now;

		sender_state(sender, &now);
		if (ret->acked_ns < 0 && now.batches_acked > state.batches_acked)
			ret->acked_ns = time_monotonic_ns() - begun_ns;
		if (ask(client, target, &err)) {
			ret->seen_ns = time_monotonic_ns() - begun_ns;
			return;
		}
		usleep(POLL_US);
	}
	fprintf(stderr, "alert %" PRIu64 ": not seen %s\n", number, err.message);
}

static void tell(const struct visible_conf *conf, int64_t number, const struct times *times)
{
	if (times->seen_ns > conf->late_ns)
		fprintf(stderr, "alert %" PRId64 ": seen after %.0f ms (spooled %.0f, acknowledged %.0f)\n", number,
			(double)times->seen_ns / NS_PER_MS, (double)times->added_ns / NS_PER_MS,
			(double)times->acked_ns / NS_PER_MS);
}

static int64_t measure_all(const struct visible_conf *conf, struct sender *sender, struct http_client *client,
			   int64_t seen_ns[TIMES_MAX])
{
	int64_t seen = 0;

	for (int64_t i = 0; i < conf->alerts; i++) {
		int64_t begun_ns = time_monotonic_ns(), spent_ns;
		struct times times;

		measure(conf, sender, client, (uint64_t)i + 1, &times);
		if (times.seen_ns >= 0)
			seen_ns[seen++] = times.seen_ns;
		tell(conf, i + 1, &times);
		spent_ns = time_monotonic_ns() - begun_ns;
		if (spent_ns < conf->every_ns)
			usleep((useconds_t)((conf->every_ns - spent_ns) / 1000));
	}
	return seen;
}

int visible_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct visible_conf *conf = options;
	struct sender_conf sender_conf = { .url = conf->url, .spool = conf->spool };
	const struct http_conf http = { .url = conf->api };
	static int64_t times[TIMES_MAX];
	struct sender *sender = NULL;
	AUTO_HTTP client = NULL;
	AUTO_ARENA arena;
	int64_t seen;

	arena_init(&arena, 1u << 20);
	sender_conf.origin = traffic_origin_make(&arena, "visible");
	if (http_client_open(&http, &client, err) < 0 || sender_open(&sender_conf, &sender, err) < 0)
		return err->code;
	seen = measure_all(conf, sender, client, times);
	sender_close(sender);
	qsort(times, (size_t)seen, sizeof(*times), compare);
	printf("%" PRId64 " %" PRId64 " %.1f %.1f %.1f\n", conf->alerts, seen,
	       seen ? (double)times[seen / 2] / NS_PER_MS : 0, seen ? (double)times[seen * 99 / 100] / NS_PER_MS : 0,
	       seen ? (double)times[seen - 1] / NS_PER_MS : 0);
	if (seen < conf->alerts)
		*ret_exit = 1;
	return 0;
}
