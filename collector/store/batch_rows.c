#include "collector/store/batch_rows.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "collector/store/alert_union.h"
#include "collector/store/sql.h"
#include "model/sha256.h"
#include "store/copy.h"
#include "wire/wire.h"

#define IDS_MAX	      (4u << 20)
#define COLUMNS	      11
#define COPY_ROW_SIZE 160 /* about what a row takes beside its event */

const char copy_events[] =
	"COPY event (tenant_id, event_id, ts, received_at, kind, type, origin_id, stream_id, task_id, "
	"actor_id, raw) FROM STDIN (FORMAT binary)";

struct id_row {
	uint8_t id[EVENT_ID_SIZE];
};
static const struct column id_columns[] = { COLUMN(id_row, id, UUID) };
static const struct row_shape id_shape = ROW_SHAPE(id_row, id_columns);

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int encode_origin(struct batch_rows *rows, struct err *err)
{
	uint8_t digest[SHA256_SIZE];
	uint64_t id;

	if (wire_origin_encode(&rows->batch->origin, &rows->origin, err) < 0)
		return err->code;
	sha256(rows->origin.data, rows->origin.length, digest);
	memcpy(&id, digest, sizeof(id));
	rows->origin_id = (int64_t)(be64toh(id) & INT64_MAX);
	return 0;
}

static void begin_insert(struct batch_rows *rows)
{
	params_init(&rows->inserted, &sql_statements[SQL_EVENT_INSERT]);
	params_int(&rows->inserted, 0, rows->tenant);
	params_time(&rows->inserted, 3, rows->received_ns);
	params_int(&rows->inserted, 6, rows->origin_id);
	params_uuid(&rows->inserted, 7, rows->batch->stream_id);
}

static void add_inserted(struct batch_rows *rows, size_t index)
{
	const struct event *event = &rows->batch->events[index];
	struct params *params = &rows->inserted;

	params_uuid(params, 1, rows->ids[index]);
	params_time(params, 2, event->time_ns);
	params_int(params, 4, event->kind);
	params_text(params, 5, or_empty(event->type));
	params_id(params, 8, rows->derived.derived->task_id);
	params_id(params, 9, rows->derived.derived->actor_id);
	params_bytes(params, 10, event->encoded, event->encoded_size);
	rows->inserted_count++;
}

static void add_copied(struct batch_rows *rows, size_t index)
{
	const struct event *event = &rows->batch->events[index];
	struct strbuf *out = &rows->copied;

	copy_row(out, COLUMNS);
	copy_int8(out, rows->tenant);
	copy_uuid(out, rows->ids[index]);
	copy_time(out, event->time_ns);
	copy_time(out, rows->received_ns);
	copy_int2(out, (int16_t)event->kind);
	copy_text(out, or_empty(event->type));
	copy_int8(out, rows->origin_id);
	copy_uuid(out, rows->batch->stream_id);
	copy_id(out, rows->derived.derived->task_id);
	copy_id(out, rows->derived.derived->actor_id);
	copy_bytes(out, event->encoded, event->encoded_size);
	rows->copied_count++;
}

static struct derive_input input_of(const struct batch_rows *rows, size_t index)
{
	struct derive_input input = { .origin = &rows->batch->origin,
				      .stream = rows->stream,
				      .event = &rows->batch->events[index],
				      .memo = rows->memo };

	memcpy(input.event_id, rows->ids[index], EVENT_ID_SIZE);
	return input;
}

static int add_event(struct batch_rows *rows, size_t index, bool by_insert, struct err *err)
{
	const struct event *event = &rows->batch->events[index];
	struct derive_input input;

	write_event_id(rows->batch, event, rows->ids[index]);
	input = input_of(rows, index);
	if (derived_rows_derive(&rows->derived, &input, err) < 0)
		return err_wrap(err, "event %zu", index);
	if (rows->derived_count == index && !rows->is_derived_full) {
		derived_rows_gather(&rows->derived, &input);
		rows->derived_count++;
		rows->is_derived_full = derived_rows_is_full(&rows->derived);
	}
	rows->has_alerts |= event->alert_count > 0;
	if (by_insert || write_event_is_shared(event))
		add_inserted(rows, index);
	else
		add_copied(rows, index);
	return 0;
}

/* Most rows have a text of some bytes; more grows as it comes. */
static void reserve_copied(struct batch_rows *rows)
{
	size_t size = 0;

	for (size_t i = 0; i < rows->batch->event_count; i++)
		size += COPY_ROW_SIZE + rows->batch->events[i].encoded_size;
	if (size <= BATCH_ROWS_SIZE_MAX)
		strbuf_reserve(&rows->copied, size);
}

int batch_rows_init(struct batch_rows *rows, int64_t tenant, const struct batch *batch, bool by_insert,
		    struct err *err)
{
	*rows = (struct batch_rows){ .batch = batch, .tenant = tenant, .received_ns = time_now_ns() };
	strbuf_init(&rows->origin, STRBUF_MAX_DEFAULT);
	strbuf_init(&rows->copied, BATCH_ROWS_SIZE_MAX);
	rows->ids = calloc(batch->event_count + 1, EVENT_ID_SIZE);
	rows->memo = derive_memo_new(); /* without memory for it, it takes longer */
	hex_format(batch->stream_id, STREAM_ID_SIZE, rows->stream);
	if (derived_rows_init(&rows->derived, tenant, err) < 0)
		return err->code;
	if (!rows->ids)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (encode_origin(rows, err) < 0)
		return err->code;
	begin_insert(rows);
	reserve_copied(rows);
	for (size_t i = 0; i < batch->event_count; i++) {
		if (add_event(rows, i, by_insert, err) < 0)
			return err->code;
	}
	if (rows->copied.failed)
		return err_set(err, ERR_LIMIT, "the batch's events need more than %u bytes", BATCH_ROWS_SIZE_MAX);
	return 0;
}

void batch_rows_fini(struct batch_rows *rows)
{
	strbuf_fini(&rows->origin);
	strbuf_fini(&rows->copied);
	params_fini(&rows->inserted);
	derived_rows_fini(&rows->derived);
	derive_memo_free(rows->memo);
	rows->memo = NULL;
	free(rows->ids);
	rows->ids = NULL;
}

static bool is_among(const struct id_row *sorted, size_t count, const uint8_t id[EVENT_ID_SIZE])
{
	for (size_t low = 0, high = count; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(sorted[middle].id, id, EVENT_ID_SIZE);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, EVENT_ID_SIZE);
}

/* An event that was there already may come with alerts that the stored one does not have: another reader, other rules. */
static int unite_alerts(struct batch_rows *rows, struct store *store, struct id_row *stored, size_t stored_count,
			struct err *err)
{
	const struct batch *batch = rows->batch;

	qsort(stored, stored_count, sizeof(*stored), compare_ids);
	for (size_t i = 0; i < batch->event_count; i++) {
		if (!batch->events[i].alert_count || is_among(stored, stored_count, rows->ids[i]))
			continue;
		if (alert_union_store(store, rows->tenant, rows->ids[i], &batch->events[i], err) < 0)
			return err_wrap(err, "event %zu", i);
	}
	return 0;
}

int batch_rows_insert(struct batch_rows *rows, struct store *store, size_t *ret_stored, struct err *err)
{
	struct id_row *stored;
	AUTO_ARENA arena;

	*ret_stored = 0;
	arena_init(&arena, IDS_MAX);
	if (!rows->inserted_count)
		return 0;
	if (store_read(store, &rows->inserted, &id_shape, &arena, &stored, ret_stored, err) < 0)
		return err->code;
	if (*ret_stored == rows->inserted_count)
		return 0;
	return unite_alerts(rows, store, stored, *ret_stored, err);
}

int batch_rows_derive_rest(const struct batch_rows *rows, struct store *store, struct err *err)
{
	AUTO_DERIVED_ROWS derived;

	if (derived_rows_init(&derived, rows->tenant, err) < 0)
		return err->code;
	for (size_t i = rows->derived_count; i < rows->batch->event_count; i++) {
		struct derive_input input = input_of(rows, i);

		if (derived_rows_add(&derived, &input, err) < 0)
			return err_wrap(err, "event %zu", i);
		if (derived_rows_is_full(&derived) && derived_rows_write(&derived, store, err) < 0)
			return err->code;
	}
	return derived_rows_write(&derived, store, err);
}
