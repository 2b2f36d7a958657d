#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/sql.h"
#include "collector/store/stored_event.h"
#include "tests/traffic/traffic.h"

#define CHUNK	     5000
#define CHUNK_MEMORY (512u << 20)
#define STREAMS_MAX  8192

struct check_conf {
	const char *database;
};
const size_t check_conf_size = sizeof(struct check_conf);

const struct opt check_opts[] = {
	OPT(check_conf, database, "database", 0, OPT_TEXT, "CONNINFO", NULL, "where"),
	OPT_END,
};

/* Every number of one agent's incarnation; heartbeats have a seq and no number, so seqs are what is counted. */
struct numbers {
	char agent[64];
	uint8_t stream[STREAM_ID_SIZE];
	uint64_t incarnation;
	uint8_t *seen; /* how often, up to 255 */
	uint64_t size, rows, max;
};

struct tally {
	struct numbers list[STREAMS_MAX];
	size_t count;
	uint64_t strangers; /* events that are not of this traffic */
};

static struct numbers *find(struct tally *tally, const struct event_row *row, const uint8_t *stream,
			    uint64_t incarnation)
{
	struct numbers *numbers;

	for (size_t i = tally->count; i > 0; i--) {
		numbers = &tally->list[i - 1];
		if (numbers->incarnation == incarnation && memcmp(numbers->stream, stream, STREAM_ID_SIZE) == 0)
			return numbers;
	}
	if (tally->count == STREAMS_MAX)
		return NULL;
	numbers = &tally->list[tally->count++];
	numbers->incarnation = incarnation;
	memcpy(numbers->stream, stream, STREAM_ID_SIZE);
	snprintf(numbers->agent, sizeof(numbers->agent), "%s", row->origin.agent ? row->origin.agent : "");
	return numbers;
}

static void count_seq(struct numbers *numbers, uint64_t seq)
{
	while (seq >= numbers->size) {
		uint64_t size = numbers->size ? 2 * numbers->size : 4096;

		numbers->seen = realloc(numbers->seen, size);
		if (!numbers->seen)
			abort();
		memset(numbers->seen + numbers->size, 0, size - numbers->size);
		numbers->size = size;
	}
	numbers->rows++;
	numbers->max = seq > numbers->max ? seq : numbers->max;
	if (numbers->seen[seq] < UINT8_MAX)
		numbers->seen[seq]++;
}

static void count_event(struct tally *tally, const struct event_row *row, const uint8_t *stream)
{
	uint64_t number = row->event.process ? row->event.process->exec_id : 0;
	struct numbers *numbers;

	/* Heartbeats tell nothing of the incarnation: they are left out on both sides. */
	if (row->kind == EVENT_HEARTBEAT)
		return;
	numbers = number ? find(tally, row, stream, number >> TRAFFIC_INCARNATION_SHIFT) : NULL;
	if (numbers)
		count_seq(numbers, number & ((UINT64_C(1) << TRAFFIC_INCARNATION_SHIFT) - 1));
	else
		tally->strangers++;
}

static int read_all(struct store *store, struct tally *tally, struct err *err)
{
	uint8_t after_id[EVENT_ID_SIZE] = { 0 };
	int64_t after_ts = INT64_MIN / 2;
	size_t count;
	AUTO_ARENA arena;

	arena_init(&arena, CHUNK_MEMORY);
	do {
		struct stored_event *stored;
		AUTO_PARAMS params;

		arena_reset(&arena);
		params_init(&params, &sql_statements[SQL_REBUILD_EVENTS]);
		params_int(&params, 0, 1);
		params_uuid(&params, 1, after_id);
		params_time(&params, 2, after_ts);
		params_int(&params, 3, CHUNK);
		if (store_read(store, &params, &stored_event_shape, &arena, &stored, &count, err) < 0)
			return err->code;
		for (size_t i = 0; i < count; i++) {
			struct event_row row;

			if (stored_event_decode(&stored[i], &arena, &row, err) < 0)
				return err->code;
			count_event(tally, &row, stored[i].stream_id);
		}
		if (count) {
			memcpy(after_id, stored[count - 1].event_id, EVENT_ID_SIZE);
			after_ts = stored[count - 1].ts;
		}
	} while (count);
	return 0;
}

/* A line for each agent's incarnation: agent, incarnation, rows, distinct, doubled, greatest. The last line: strangers. */
int check_run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct check_conf *conf = options;
	AUTO_FREE struct tally *tally = calloc(1, sizeof(*tally));
	struct store *store;
	int code;

	if (store_open(conf->database, &store, err) < 0)
		return err->code;
	code = read_all(store, tally, err);
	store_close(store);
	for (size_t i = 0; i < tally->count; i++) {
		struct numbers *numbers = &tally->list[i];
		uint64_t distinct = 0;

		for (uint64_t seq = 0; seq < numbers->size; seq++)
			distinct += numbers->seen[seq] > 0;
		printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", numbers->agent,
		       numbers->incarnation, numbers->rows, distinct, numbers->rows - distinct, numbers->max);
		free(numbers->seen);
	}
	printf("strangers %" PRIu64 "\n", tally->strangers);
	return code;
}
