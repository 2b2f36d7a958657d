#include "collector/metrics/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/time.h"

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

static const struct metric {
	enum metric_type type;
	const char *name, *labels, *help;
} table[METRIC_COUNT] = {
#define METRIC(id, type_, name_, labels_, help_)                                                                     \
	[METRIC_##id] = { .type = (type_), .name = (name_), .labels = (labels_), .help = (help_) },
#include "collector/metrics/metrics.def"
#undef METRIC
};

static const char *const type_names[] = { [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram" };

/* Upper bounds in nanoseconds, and as the format writes them. */
static const struct {
	int64_t ns;
	const char *text;
} buckets[] = {
	{ 5 * NS_PER_MS, "0.005" }, { 10 * NS_PER_MS, "0.01" }, { 25 * NS_PER_MS, "0.025" },
	{ 50 * NS_PER_MS, "0.05" }, { 100 * NS_PER_MS, "0.1" }, { 250 * NS_PER_MS, "0.25" },
	{ 500 * NS_PER_MS, "0.5" }, { NS_PER_S, "1" },		{ 2500 * NS_PER_MS, "2.5" },
	{ 5 * NS_PER_S, "5" },	    { 10 * NS_PER_S, "10" },	{ INT64_MAX, "+Inf" },
};

static atomic_int_fast64_t values[METRIC_COUNT]; /* of a histogram: how many */
static atomic_int_fast64_t sums_ns[METRIC_COUNT];
static atomic_int_fast64_t counts[METRIC_COUNT][ARRAY_SIZE(buckets)];

void metric_add(enum metric_id id, int64_t count)
{
	atomic_fetch_add_explicit(&values[id], count, memory_order_relaxed);
}

void metric_set(enum metric_id id, int64_t value)
{
	atomic_store_explicit(&values[id], value, memory_order_relaxed);
}

void metric_observe(enum metric_id id, int64_t ns)
{
	size_t bucket = 0;

	while (ns > buckets[bucket].ns)
		bucket++;
	atomic_fetch_add_explicit(&counts[id][bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&sums_ns[id], ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&values[id], 1, memory_order_relaxed);
}

int64_t metric_get(enum metric_id id)
{
	return atomic_load_explicit(&values[id], memory_order_relaxed);
}

static void write_histogram(enum metric_id id, struct strbuf *out)
{
	int64_t sum = atomic_load_explicit(&sums_ns[id], memory_order_relaxed);
	const char *name = table[id].name;
	int64_t below = 0;

	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++) {
		below += atomic_load_explicit(&counts[id][i], memory_order_relaxed);
		strbuf_addf(out, "%s_bucket{le=\"%s\"} %" PRId64 "\n", name, buckets[i].text, below);
	}
	strbuf_addf(out, "%s_sum %" PRId64 ".%09" PRId64 "\n%s_count %" PRId64 "\n", name, sum / NS_PER_S,
		    sum % NS_PER_S, name, below);
}

void metrics_write(struct strbuf *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric *metric = &table[i];

		if (metric->help)
			strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
				    type_names[metric->type]);
		if (metric->type == HISTOGRAM)
			write_histogram(i, out);
		else if (metric->labels)
			strbuf_addf(out, "%s{%s} %" PRId64 "\n", metric->name, metric->labels, metric_get(i));
		else
			strbuf_addf(out, "%s %" PRId64 "\n", metric->name, metric_get(i));
	}
}
