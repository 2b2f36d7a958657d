#include "collector/intake/intake.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "bus/peer.h"
#include "collector/store/pool.h"
#include "collector/store/sql.h"
#include "collector/store/writer.h"
#include "wire/wire.h"

#define BATCH_MEMORY_MAX (128u << 20)

struct intake {
	struct pool *pool;
	struct partitions partitions;
	pthread_mutex_t mutex; /* guards: away_since_ns */
	int64_t away_since_ns; /* monotonic; 0 while the database is there */
};

int intake_new(const char *conninfo, struct intake **ret, struct err *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));

	if (!intake)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_init(&intake->mutex, NULL);
	partitions_init(&intake->partitions);
	intake->pool = pool_new(conninfo, INTAKE_WRITERS);
	if (!intake->pool) {
		intake_free(intake);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	*ret = intake;
	return 0;
}

void intake_free(struct intake *intake)
{
	if (!intake)
		return;
	pool_free(intake->pool);
	partitions_fini(&intake->partitions);
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

static void write_reply(struct strbuf *out, struct reply reply)
{
	struct err err = { 0 };

	reply.server_ns = time_now_ns();
	/* Without a reply the sender sends again: nothing is lost. */
	if (wire_reply_encode(&reply, out, &err) < 0)
		log_error("reply-failed", "could not encode a reply: %s", err.message);
}

static void retry(struct intake *intake, uint64_t batch_no, const struct err *err, struct strbuf *reply)
{
	note_outage(intake, err);
	write_reply(reply, (struct reply){ .kind = REPLY_RETRY,
					   .batch_no = batch_no,
					   .retry_after_ms = INTAKE_RETRY_AFTER_MS,
					   .reason = "the batch cannot be stored now" });
}

struct frame {
	const void *data;
	size_t length;
	const struct peer *peer;
	uint64_t batch_no; /* 0 when not even that can be read */
};

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
		retry(intake, frame->batch_no, &err, reply);
		return;
	}
	log_warn("batch-rejected", "batch %llu from %s was refused and kept as dead letter: %s",
		 (unsigned long long)frame->batch_no, frame->peer->address, reason->message);
	write_reply(reply,
		    (struct reply){ .kind = REPLY_REJECT, .batch_no = frame->batch_no, .reason = reason->message });
}

static int store_batch(struct intake *intake, const struct batch *batch, const struct peer *peer, struct err *err)
{
	struct write_result result;
	struct store *store;
	int code = pool_take(intake->pool, &store, err);

	if (code < 0)
		return code;
	code = write_batch(store, &intake->partitions, peer->tenant, batch, &result, err);
	/* A connection that broke while it was idle says so only now; the next try connects again. */
	if (code == ERR_UNREACHABLE)
		code = write_batch(store, &intake->partitions, peer->tenant, batch, &result, err);
	pool_give(intake->pool, store);
	if (code == 0 && result.underived)
		log_warn("event-underived",
			 "%llu events of batch %llu from %s are stored, but could not be understood",
			 (unsigned long long)result.underived, (unsigned long long)batch->batch_no, peer->address);
	return code;
}

void intake_handle(void *context, const void *data, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct frame frame = { .data = data, .length = length, .peer = peer };
	struct intake *intake = context;
	struct batch batch = { 0 };
	struct err err = { 0 };
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, BATCH_MEMORY_MAX);
	code = wire_batch_decode(data, length, &arena, &batch, &err);
	if (code < 0) {
		struct batch named = { 0 };

		if (wire_batch_identify(data, length, &arena, &named, &(struct err){ 0 }) == 0)
			frame.batch_no = named.batch_no;
	} else {
		frame.batch_no = batch.batch_no;
		code = store_batch(intake, &batch, peer, &err);
	}
	if (code == 0) {
		note_success(intake);
		write_reply(reply, (struct reply){ .kind = REPLY_ACK, .batch_no = batch.batch_no });
	} else if (code == ERR_SYNTAX || code == ERR_LIMIT) {
		refuse(intake, &frame, &err, reply);
	} else {
		/* Only what can never be stored is refused: everything else may be our fault, and the sender keeps it. */
		retry(intake, frame.batch_no, &err, reply);
	}
}
