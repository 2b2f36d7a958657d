#include "collector/store/writer.h"

#include <endian.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "collector/store/event_rows.h"
#include "collector/store/sql.h"
#include "wire/wire.h"

#define DROP_COUNT_MAX (INT64_C(1) << 40)

void write_event_id(const struct batch *batch, const struct event *event, uint8_t out[EVENT_ID_SIZE])
{
	struct {
		uint8_t stream[STREAM_ID_SIZE];
		uint64_t epoch, seq;
	} own = { .epoch = htobe64(batch->epoch), .seq = htobe64(event->seq) };
	AUTO_STRBUF cloud = STRBUF_INIT;

	if (event->kind != EVENT_CLOUD || !event->cloud || !event->cloud->id || !*event->cloud->id) {
		memcpy(own.stream, batch->stream_id, STREAM_ID_SIZE);
		event_id(event->time_ns, "agent", &own, sizeof(own), out);
		return;
	}
	/* The same record reaches us by several ways (redelivery, two readers): its own id makes them one. */
	strbuf_addf(&cloud, "%s|%s", event->cloud->account ? event->cloud->account : "", event->cloud->id);
	event_id(event->time_ns, "cloudtrail", cloud.data, cloud.length, out);
}

static int64_t to_signed(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* 1 when the batch is new, 0 when it was stored before. */
static int claim(struct store *store, const struct event_rows *rows, struct err *err)
{
	AUTO_PARAMS params;
	size_t claimed;

	params_init(&params, &sql_statements[SQL_BATCH_CLAIM]);
	params_int(&params, 0, rows->tenant);
	params_uuid(&params, 1, rows->batch->stream_id);
	params_int(&params, 2, to_signed(rows->batch->epoch));
	params_int(&params, 3, to_signed(rows->batch->batch_no));
	params_int(&params, 4, (int64_t)rows->batch->event_count);
	params_time(&params, 5, rows->received_ns);
	if (store_run(store, &params, &claimed, err) < 0)
		return err->code;
	return claimed > 0;
}

static int write_stream(struct store *store, const struct event_rows *rows, struct err *err)
{
	const struct origin *origin = &rows->batch->origin;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_STREAM_UPSERT]);
	params_int(&params, 0, rows->tenant);
	params_uuid(&params, 1, rows->batch->stream_id);
	params_int(&params, 2, origin->mode);
	params_text(&params, 3, or_empty(origin->agent));
	params_text(&params, 4, or_empty(origin->version));
	params_text(&params, 5, or_empty(origin->hostname));
	params_time(&params, 6, rows->received_ns);
	params_int(&params, 7, to_signed(rows->batch->epoch));
	return store_run(store, &params, NULL, err);
}

static int write_origin(struct store *store, struct event_rows *rows, struct err *err)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	AUTO_STRBUF raw = STRBUF_INIT;
	AUTO_PARAMS params;
	uint64_t id;

	params_init(&params, &sql_statements[SQL_ORIGIN_INSERT]);
	if (wire_origin_encode(&rows->batch->origin, &raw, err) < 0)
		return err->code;
	SHA256((const unsigned char *)raw.data, raw.length, digest);
	memcpy(&id, digest, sizeof(id));
	rows->origin_id = (int64_t)(be64toh(id) & INT64_MAX);
	params_int(&params, 0, rows->tenant);
	params_int(&params, 1, rows->origin_id);
	params_bytes(&params, 2, raw.data, raw.length);
	return store_run(store, &params, NULL, err);
}

static int write_drops(struct store *store, const struct event_rows *rows, struct err *err)
{
	const struct batch *batch = rows->batch;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_DROP_INSERT]);
	params_int(&params, 0, rows->tenant);
	params_uuid(&params, 1, batch->stream_id);
	params_int(&params, 2, to_signed(batch->epoch));
	params_int(&params, 3, to_signed(batch->batch_no));
	for (size_t i = 0; i < batch->drop_count; i++) {
		params_key(&params, 4, or_empty(batch->drops[i].reason));
		/* The sum over one batch's drops must fit a bigint, whatever a sender claims. */
		params_int(&params, 5,
			   batch->drops[i].count > DROP_COUNT_MAX ? DROP_COUNT_MAX : (int64_t)batch->drops[i].count);
		params_time(&params, 6, batch->drops[i].from_ns);
		params_time(&params, 7, batch->drops[i].until_ns);
	}
	return batch->drop_count ? store_run(store, &params, NULL, err) : 0;
}

static int write_once(struct store *store, struct event_rows *rows, struct write_result *ret, struct err *err)
{
	AUTO_DERIVED_ROWS derived;
	int code = derived_rows_init(&derived, rows->tenant, err);

	if (code < 0 || store_begin(store, err) < 0)
		return err->code;
	code = claim(store, rows, err);
	if (code == 0) {
		ret->is_repeated = true;
		store_rollback(store);
		return 0;
	}
	if (code > 0 && write_stream(store, rows, err) == 0 && write_origin(store, rows, err) == 0 &&
	    write_drops(store, rows, err) == 0 && event_rows_write(rows, store, &derived, &ret->stored, err) == 0) {
		ret->underived = derived.underived;
		return store_commit(store, err);
	}
	store_rollback(store);
	return err->code;
}

static int ensure_days(struct store *store, struct partitions *partitions, const struct batch *batch, int64_t now_ns,
		       struct err *err)
{
	for (size_t i = 0; i < batch->event_count; i++) {
		if (partitions_ensure(partitions, store, batch->events[i].time_ns, now_ns, err) < 0)
			return err->code;
	}
	return 0;
}

int write_batch(struct store *store, struct partitions *partitions, int64_t tenant, const struct batch *batch,
		struct write_result *ret, struct err *err)
{
	char stream[2 * STREAM_ID_SIZE + 1];
	struct event_rows rows = { .batch = batch, .tenant = tenant, .received_ns = time_now_ns() };
	AUTO_FREE void *ids = calloc(batch->event_count + 1, EVENT_ID_SIZE);
	int code;

	*ret = (struct write_result){ 0 };
	if (!ids)
		return err_set(err, ERR_MEMORY, "out of memory");
	rows.ids = ids;
	rows.stream = hex_format(batch->stream_id, STREAM_ID_SIZE, stream);
	if (ensure_days(store, partitions, batch, rows.received_ns, err) < 0)
		return err->code;
	code = write_once(store, &rows, ret, err);
	for (int tries = 1; code == ERR_AGAIN && tries < WRITE_TRIES; tries++)
		code = write_once(store, &rows, ret, err);
	return code;
}

int write_dead_letter(struct store *store, int64_t tenant, const void *frame, size_t length, const char *peer,
		      const char *reason, struct err *err)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	AUTO_PARAMS params;

	/* Its id is its content: a sender that tries again and again makes one row. */
	SHA256(frame, length, digest);
	params_init(&params, &sql_statements[SQL_DEAD_LETTER_INSERT]);
	params_int(&params, 0, tenant);
	params_uuid(&params, 1, digest);
	params_time(&params, 2, time_now_ns());
	params_text(&params, 3, peer);
	params_text(&params, 4, reason);
	params_bytes(&params, 5, frame, length);
	return store_run(store, &params, NULL, err);
}
