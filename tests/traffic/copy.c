#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "collector/store/batch_rows.h"
#include "collector/store/group.h"
#include "store/copy.h"
#include "tests/traffic/traffic.h"
#include "wire/wire.h"

#define WRITERS_MAX  16
#define AGENTS_MAX   64
#define BATCH_MEMORY (64u << 20)
#define BATCHES_MAX  4096 /* of one writer, kept ready */

/* What of the collector's way is gone; each mode keeps what the one before leaves out. */
enum mode { MODE_BARE, MODE_CLAIM, MODE_GROUP };

struct copy_conf {
	const char *database, *mode;
	int64_t writers, agents, events, batch, group;
};
const size_t copy_conf_size = sizeof(struct copy_conf);

const struct opt copy_opts[] = {
	OPT(copy_conf, database, "database", 0, OPT_TEXT, "CONNINFO", NULL, "where"),
	OPT(copy_conf, mode, "mode", 0, OPT_TEXT, "MODE", "bare",
	    "bare: rows alone; claim: with the batches' keys; group: as the collector writes"),
	OPT_RANGE(copy_conf, writers, "writers", "N", 1, WRITERS_MAX, "2", "connections at once"),
	OPT_RANGE(copy_conf, agents, "agents", "N", 1, AGENTS_MAX, "1",
		  "streams of each writer, made one after the other and written in turn, as they come from spools"),
	OPT_RANGE(copy_conf, events, "events", "N", 1, 100000000, "100000", "rows in all"),
	OPT_RANGE(copy_conf, batch, "batch", "N", 1, 5000, "500", "rows of a batch"),
	OPT_RANGE(copy_conf, group, "group", "N", 1, 64000, "5000", "rows of a transaction"),
	OPT_END,
};

struct writer {
	const struct copy_conf *conf;
	pthread_t thread;
	pthread_barrier_t *ready;
	struct batch_rows *rows; /* all made before the clock starts */
	struct arena *arenas;
	struct batch *batches;
	size_t count;
	struct partitions *partitions;
	int64_t begun_ns; /* where a busy machine lets the main thread wait, it would begin late */
	int code;
	struct err err;
};

/* Through the wire and back: the store keeps the encoded events. */
static int make_batch(struct writer *writer, size_t index, size_t number, uint8_t stream[STREAM_ID_SIZE],
		      struct err *err)
{
	struct arena *arena = &writer->arenas[index];
	size_t count = (size_t)writer->conf->batch;
	struct event *events = arena_array(arena, struct event, count);
	struct batch batch = { .epoch = 1, .batch_no = number + 1, .events = events, .event_count = count };
	AUTO_STRBUF frame = STRBUF_INIT;
	char agent[2 * STREAM_ID_SIZE + 1];

	memcpy(batch.stream_id, stream, STREAM_ID_SIZE);
	hex_format(stream, STREAM_ID_SIZE, agent);
	batch.origin = traffic_origin_make(arena, agent);
	for (size_t i = 0; i < count; i++) {
		events[i] = traffic_event_make(
			arena, &(struct traffic_event){ .number = number * count + i + 1, .agent = agent });
		events[i].seq = number * count + i + 1;
	}
	if (wire_batch_encode(&batch, &frame, err) < 0)
		return err->code;
	arena_reset(arena);
	if (wire_batch_decode(frame.data, frame.length, arena, &writer->batches[index], err) < 0)
		return err->code;
	return batch_rows_init(&writer->rows[index], 1, &writer->batches[index], false, err);
}

static int prepare(struct writer *writer, struct err *err)
{
	size_t agents = (size_t)writer->conf->agents;
	uint8_t stream[STREAM_ID_SIZE];

	writer->count = (size_t)(writer->conf->events / writer->conf->writers / writer->conf->batch);
	writer->rows = calloc(writer->count, sizeof(*writer->rows));
	writer->arenas = calloc(writer->count, sizeof(*writer->arenas));
	writer->batches = calloc(writer->count, sizeof(*writer->batches));
	for (size_t agent = 0; agent < agents; agent++) {
		random_bytes(stream, sizeof(stream), NULL);
		for (size_t i = agent; i < writer->count; i += agents) {
			arena_init(&writer->arenas[i], BATCH_MEMORY);
			if (make_batch(writer, i, i / agents, stream, err) < 0)
				return err->code;
		}
	}
	return 0;
}

static const struct sql claim_statement = {
	"claim_bare", "iUIIIS",
	"INSERT INTO ingest_batch (tenant_id, stream_id, epoch, batch_no, events, committed_at)"
	" SELECT $1, b.stream_id, b.epoch, b.batch_no, b.events::integer, b.at"
	" FROM unnest($2, $3, $4, $5, $6) AS b(stream_id, epoch, batch_no, events, at) ON CONFLICT DO NOTHING"
};

static int claim(struct store *store, const struct batch_rows *rows, size_t count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &claim_statement);
	params_int(&params, 0, 1);
	for (size_t i = 0; i < count; i++) {
		params_uuid(&params, 1, rows[i].batch->stream_id);
		params_int(&params, 2, 1);
		params_int(&params, 3, (int64_t)rows[i].batch->batch_no);
		params_int(&params, 4, (int64_t)rows[i].batch->event_count);
		params_time(&params, 5, rows[i].received_ns);
	}
	return store_run(store, &params, NULL, err);
}

static int write_bare(const struct writer *writer, struct store *store, struct batch_rows *rows, size_t count,
		      bool has_claim, struct err *err)
{
	struct copy_part parts[GROUP_BATCHES_MAX];

	(void)writer;
	for (size_t i = 0; i < count; i++)
		parts[i] = (struct copy_part){ rows[i].copied.data, rows[i].copied.length };
	if (store_begin(store, err) < 0 || (has_claim && claim(store, rows, count, err) < 0) ||
	    store_copy(store, copy_events, parts, count, NULL, err) < 0)
		return err->code;
	return store_commit(store, err);
}

static int write_all(struct writer *writer, struct store *store, struct err *err)
{
	const struct write_context context = { .store = store, .partitions = writer->partitions };
	size_t step = (size_t)(writer->conf->group / writer->conf->batch);
	bool has_claim = strcmp(writer->conf->mode, "claim") == 0;

	step = step < 1 ? 1 : step > GROUP_BATCHES_MAX ? GROUP_BATCHES_MAX : step;
	for (size_t done = 0; done < writer->count; done += step) {
		size_t count = writer->count - done < step ? writer->count - done : step;
		struct batch_rows *group[GROUP_BATCHES_MAX];

		if (strcmp(writer->conf->mode, "group") != 0) {
			if (write_bare(writer, store, &writer->rows[done], count, has_claim, err) < 0)
				return err->code;
			continue;
		}
		for (size_t i = 0; i < count; i++)
			group[i] = &writer->rows[done + i];
		write_group(&context, group, count);
		if (group[0]->code < 0) {
			*err = group[0]->err;
			return err->code;
		}
	}
	return 0;
}

static void *run(void *context)
{
	struct writer *writer = context;
	struct store *store = NULL;

	writer->code = prepare(writer, &writer->err);
	if (writer->code == 0)
		writer->code = store_open(writer->conf->database, &store, &writer->err);
	pthread_barrier_wait(writer->ready);
	writer->begun_ns = time_monotonic_ns();
	if (writer->code == 0)
		writer->code = write_all(writer, store, &writer->err);
	store_close(store);
	return NULL;
}

/* processor time of this process, all threads */
static int64_t cpu_ns(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	return spent.tv_sec * NS_PER_S + spent.tv_nsec;
}

int copy_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct copy_conf *conf = options;
	struct writer writers[WRITERS_MAX] = { 0 };
	struct partitions partitions;
	pthread_barrier_t ready;
	int64_t begun_ns, begun_cpu_ns;
	int code = 0;

	partitions_init(&partitions);
	pthread_barrier_init(&ready, NULL, (unsigned int)conf->writers + 1);
	for (int64_t i = 0; i < conf->writers; i++) {
		writers[i] = (struct writer){ .conf = conf, .ready = &ready, .partitions = &partitions };
		if (pthread_create(&writers[i].thread, NULL, run, &writers[i]))
			return err_set(err, ERR_FAILED, "could not start a thread");
	}
	pthread_barrier_wait(&ready);
	begun_ns = time_monotonic_ns();
	begun_cpu_ns = cpu_ns();
	for (int64_t i = 0; i < conf->writers; i++) {
		pthread_join(writers[i].thread, NULL);
		begun_ns = writers[i].begun_ns < begun_ns ? writers[i].begun_ns : begun_ns;
		if (writers[i].code < 0) {
			*err = writers[i].err;
			code = err->code;
		}
	}
	printf("%.3f %.3f\n", (double)(time_monotonic_ns() - begun_ns) / NS_PER_S,
	       (double)(cpu_ns() - begun_cpu_ns) / NS_PER_S);
	return code;
}
