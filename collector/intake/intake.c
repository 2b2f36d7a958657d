#include "collector/intake/intake.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/time.h"
#include "bus/receiver.h"
#include "collector/intake/queue.h"
#include "collector/metrics/metrics.h"
#include "collector/store/batch_rows.h"
#include "collector/store/known.h"
#include "collector/store/partitions.h"
#include "collector/store/pool.h"
#include "collector/store/stream_owners.h"
#include "wire/wire.h"

#define BATCH_MEMORY_MAX (128u << 20)
#define SPARE_POOL	 2 /* connections for dead letters and partitions */
#define DECODERS_MIN	 2
#define DECODERS_MAX	 RECEIVER_BULK_WORKERS

struct intake {
	char *conninfo;
	struct pool *pool;
	struct stream_owners *owners;
	struct partitions partitions;
	struct known *origins;
	struct queue *bulk, *alerts;
	/*
	 * How many workers may decode bulk at once: one for each processor. If all of them did, an alert, whose way leads through several
	 * threads, would wait for its turn behind forty at each of them.
	 */
	sem_t decoders;
	pthread_mutex_t mutex; /* guards: away_since_ns */
	int64_t away_since_ns; /* monotonic; 0 while the database is there */
};

static int open_queues(struct intake *intake, const char *role, struct err *err)
{
	struct queue_conf conf = { .conninfo = intake->conninfo,
				   .role = role,
				   .partitions = &intake->partitions,
				   .origins = intake->origins,
				   .writers = INTAKE_BULK_WRITERS,
				   .batches_max = INTAKE_BULK_BATCHES,
				   .bytes_max = INTAKE_BULK_BYTES };

	static_assert(INTAKE_BULK_BATCHES < RECEIVER_BULK_WORKERS && INTAKE_ALERT_BATCHES < RECEIVER_ALERT_WORKERS,
		      "a worker is always free to say that the queue is full");
	if (queue_open(&conf, &intake->bulk, err) < 0)
		return err->code;
	conf.writers = INTAKE_ALERT_WRITERS;
	conf.batches_max = INTAKE_ALERT_BATCHES;
	conf.bytes_max = INTAKE_ALERT_BYTES;
	return queue_open(&conf, &intake->alerts, err);
}

static unsigned int decoder_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < DECODERS_MIN   ? DECODERS_MIN
	       : processors > DECODERS_MAX ? DECODERS_MAX
					   : (unsigned int)processors;
}

int intake_new(const char *conninfo, const char *role, struct intake **ret, struct err *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));

	if (!intake)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_init(&intake->mutex, NULL);
	sem_init(&intake->decoders, 0, decoder_count());
	partitions_init(&intake->partitions);
	intake->conninfo = strdup(conninfo);
	intake->pool = pool_new(conninfo, SPARE_POOL);
	intake->origins = known_new();
	intake->owners = intake->pool ? stream_owners_new(intake->pool) : NULL;
	intake->partitions.owner = intake->conninfo;
	if (!intake->pool || !intake->conninfo || !intake->origins || !intake->owners) {
		intake_free(intake);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	if (open_queues(intake, role, err) < 0) {
		intake_free(intake);
		return err->code;
	}
	*ret = intake;
	return 0;
}

void intake_free(struct intake *intake)
{
	if (!intake)
		return;
	queue_close(intake->bulk);
	queue_close(intake->alerts);
	known_free(intake->origins);
	stream_owners_free(intake->owners);
	pool_free(intake->pool);
	free(intake->conninfo);
	partitions_fini(&intake->partitions);
	sem_destroy(&intake->decoders);
	pthread_mutex_destroy(&intake->mutex);
	free(intake);
}

int intake_prepare(struct intake *intake, struct err *err)
{
	struct store *store;
	int code;

	if (pool_take(intake->pool, &store, err) < 0)
		return err->code;
	code = partitions_ensure_ahead(&intake->partitions, store, time_now_ns(), err);
	pool_give(intake->pool, store);
	return code;
}

/* One line when the database goes away and one when it is back, whatever number of batches meets it. */
static void note_outage(struct intake *intake, const struct err *err)
{
	pthread_mutex_lock(&intake->mutex);
	if (!intake->away_since_ns) {
		intake->away_since_ns = time_monotonic_ns();
		log_error("database-away", "batches cannot be stored, senders keep them and try again: %s",
			  err->message);
	}
	pthread_mutex_unlock(&intake->mutex);
}

static void note_success(struct intake *intake)
{
	char text[TIME_TEXT_MAX];

	pthread_mutex_lock(&intake->mutex);
	if (intake->away_since_ns) {
		log_info("database-back", "batches are stored again after %s",
			 duration_format(time_monotonic_ns() - intake->away_since_ns, text));
		intake->away_since_ns = 0;
	}
	pthread_mutex_unlock(&intake->mutex);
}

static void write_reply(struct strbuf *out, const struct peer *peer, struct reply reply)
{
	struct err err = { 0 };

	reply.server_ns = time_now_ns();
	reply.trust_digest = peer->trust_digest;
	/* Without a reply the sender sends again: nothing is lost. */
	if (wire_reply_encode(&reply, out, &err) < 0)
		log_error("reply-failed", "could not encode a reply: %s", err.message);
}

struct frame {
	const void *data;
	size_t length;
	const struct peer *peer;
	uint64_t batch_no; /* 0 when not even that can be read */
};

static void retry(struct intake *intake, const struct frame *frame, const struct err *err, struct strbuf *reply)
{
	metric_add(METRIC_BATCHES_LATER, 1);
	note_outage(intake, err);
	write_reply(reply, frame->peer,
		    (struct reply){ .kind = REPLY_RETRY,
				    .batch_no = frame->batch_no,
				    .retry_after_ms = INTAKE_RETRY_AFTER_MS,
				    .reason = "the batch cannot be stored now" });
}

/* Not kept here: it may be genuine, and then its sender has it, and goes on under another name. */
static void refuse_foreign(const struct frame *frame, const struct err *reason, struct strbuf *reply)
{
	log_warn("stream-foreign", "batch %llu from agent \"%s\" at %s was refused: %s",
		 (unsigned long long)frame->batch_no, frame->peer->agent, frame->peer->address, reason->message);
	write_reply(reply, frame->peer,
		    (struct reply){ .kind = REPLY_REJECT,
				    .batch_no = frame->batch_no,
				    .reason = reason->message,
				    .code = REJECT_FOREIGN_STREAM });
}

/* A refused frame is kept whole before it is refused; while it cannot be kept, the sender keeps it. */
static void refuse(struct intake *intake, const struct frame *frame, const struct err *reason, struct strbuf *reply)
{
	struct err err = { 0 };
	struct store *store;
	int code = pool_take(intake->pool, &store, &err);

	if (code == 0) {
		code = write_dead_letter(store, frame->peer->tenant, frame->data, frame->length, frame->peer->address,
					 reason->message, &err);
		if (code == ERR_UNREACHABLE)
			code = write_dead_letter(store, frame->peer->tenant, frame->data, frame->length,
						 frame->peer->address, reason->message, &err);
		pool_give(intake->pool, store);
	}
	if (code < 0) {
		retry(intake, frame, &err, reply);
		return;
	}
	metric_add(METRIC_BATCHES_REJECTED, 1);
	log_warn("batch-rejected", "batch %llu from %s was refused and kept as dead letter: %s",
		 (unsigned long long)frame->batch_no, frame->peer->address, reason->message);
	write_reply(reply, frame->peer,
		    (struct reply){ .kind = REPLY_REJECT, .batch_no = frame->batch_no, .reason = reason->message });
}

/* Number of a frame that is not to be decoded whole; 0 when not even that can be read. */
static uint64_t number_of(const void *data, size_t length, struct arena *arena)
{
	struct batch named = { 0 };

	return wire_batch_identify(data, length, arena, &named, &(struct err){ 0 }) == 0 ? named.batch_no : 0;
}

static void ask_to_wait(const struct frame *frame, struct strbuf *reply)
{
	uint32_t random = 0;

	metric_add(METRIC_BATCHES_BUSY, 1);
	random_bytes(&random, sizeof(random), NULL);
	write_reply(reply, frame->peer,
		    (struct reply){ .kind = REPLY_RETRY,
				    .batch_no = frame->batch_no,
				    .retry_after_ms = INTAKE_BUSY_AFTER_MS + random % INTAKE_BUSY_AFTER_MS,
				    .reason = "the collector has more batches than it can store at once" });
}

static void begin_decoding(struct intake *intake, const struct queue *queue)
{
	while (queue == intake->bulk && sem_wait(&intake->decoders) < 0 && errno == EINTR)
		;
}

static void end_decoding(struct intake *intake, const struct queue *queue)
{
	if (queue == intake->bulk)
		sem_post(&intake->decoders);
}

/* From the frame to the rows that it becomes; frame's number is set as far as it can be read. */
static int make_rows(struct intake *intake, struct frame *frame, struct arena *arena, struct batch *batch,
		     struct batch_rows *rows, struct err *err)
{
	int code = wire_batch_decode(frame->data, frame->length, arena, batch, err);

	if (code < 0) {
		frame->batch_no = number_of(frame->data, frame->length, arena);
		return code;
	}
	frame->batch_no = batch->batch_no;
	code = stream_owners_check(intake->owners, frame->peer, batch->stream_id, err);
	return code < 0 ? code : batch_rows_init(rows, frame->peer->tenant, batch, false, err);
}

static int store_rows(struct queue *queue, const struct frame *frame, struct batch_rows *rows, struct err *err)
{
	queue_write(queue, rows);
	if (rows->code < 0)
		*err = rows->err;
	else if (rows->result.underived)
		log_warn("event-underived",
			 "%llu events of batch %llu from %s are stored, but could not be understood",
			 (unsigned long long)rows->result.underived, (unsigned long long)frame->batch_no,
			 frame->peer->address);
	return rows->code;
}

/* Room was taken in the queue. */
static void handle_admitted(struct intake *intake, struct queue *queue, struct frame *frame, struct strbuf *reply)
{
	struct batch batch = { 0 };
	struct err err = { 0 };
	AUTO_BATCH_ROWS rows = { 0 };
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, BATCH_MEMORY_MAX);
	begin_decoding(intake, queue);
	code = make_rows(intake, frame, &arena, &batch, &rows, &err);
	end_decoding(intake, queue);
	if (code == 0)
		code = store_rows(queue, frame, &rows, &err);
	if (code == 0) {
		note_success(intake);
		write_reply(reply, frame->peer, (struct reply){ .kind = REPLY_ACK, .batch_no = frame->batch_no });
	} else if (code == ERR_DENIED) {
		refuse_foreign(frame, &err, reply);
	} else if (code == ERR_SYNTAX || code == ERR_LIMIT) {
		refuse(intake, frame, &err, reply);
	} else {
		/* Only what can never be stored is refused: everything else may be our fault, and the sender keeps it. */
		retry(intake, frame, &err, reply);
	}
}

void intake_handle(void *context, const void *data, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct frame frame = { .data = data, .length = length, .peer = peer };
	struct intake *intake = context;
	struct queue *queue = wire_frame_kind(data, length) == FRAME_ALERT ? intake->alerts : intake->bulk;

	metric_add(METRIC_FRAME_BYTES, (int64_t)length);
	if (queue_enter(queue, length)) {
		handle_admitted(intake, queue, &frame, reply);
		queue_leave(queue, length);
		return;
	}
	/* Its number is not read: that would mean to unpack it. */
	ask_to_wait(&frame, reply);
}

void intake_measure(struct intake *intake)
{
	struct queue_load bulk, alerts;

	queue_load(intake->bulk, &bulk);
	queue_load(intake->alerts, &alerts);
	metric_set(METRIC_QUEUE_BULK, (int64_t)bulk.batches);
	metric_set(METRIC_QUEUE_BULK_MAX, (int64_t)bulk.batches_max);
	metric_set(METRIC_QUEUE_BULK_BYTES, (int64_t)bulk.bytes);
	metric_set(METRIC_QUEUE_ALERT, (int64_t)alerts.batches);
	metric_set(METRIC_QUEUE_ALERT_MAX, (int64_t)alerts.batches_max);
	metric_set(METRIC_QUEUE_ALERT_BYTES, (int64_t)alerts.bytes);
}
