#include "collector/store/group.h"

#include <string.h>

#include "base/time.h"
#include "collector/store/sql.h"
#include "store/copy.h"

#define ORIGIN_SEEN_NS (12 * 3600 * NS_PER_S) /* to what a time is cut: a row is not written again for less */
#define DAY_NS	       (INT64_C(86400) * NS_PER_S)
#define CLAIMS_MAX     (1u << 20)
#define DROP_COUNT_MAX (INT64_C(1) << 40)

struct group {
	const struct write_context *context;
	struct store *store;
	struct batch_rows *const *batches;
	size_t count;
	int64_t tenant;
};

struct claim_row {
	uint8_t stream[STREAM_ID_SIZE];
	int64_t epoch, batch_no;
};
static const struct column claim_columns[] = {
	COLUMN(claim_row, stream, UUID),
	COLUMN(claim_row, epoch, INT),
	COLUMN(claim_row, batch_no, INT),
};
static const struct row_shape claim_shape = ROW_SHAPE(claim_row, claim_columns);

static int64_t to_signed(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/*
 * Held until the commit, against what thins out ingest_batch: a batch is never claimed by a look from before its row went.
 * Key share: writers of the same stream do not wait for one another.
 */
static int lock_streams(const struct group *group, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_STREAM_LOCK]);
	params_int(&params, 0, group->tenant);
	for (size_t i = 0; i < group->count; i++)
		params_uuid(&params, 1, group->batches[i]->batch->stream_id);
	return store_run(group->store, &params, NULL, err);
}

static bool is_claim_of(const struct claim_row *row, const struct batch *batch)
{
	return row->batch_no == to_signed(batch->batch_no) && row->epoch == to_signed(batch->epoch) &&
	       memcmp(row->stream, batch->stream_id, STREAM_ID_SIZE) == 0;
}

/* Of two copies of a batch in one group, the first gets the claim. */
static void take_claims(const struct group *group, const struct claim_row *claims, size_t claim_count)
{
	for (size_t i = 0; i < group->count; i++)
		group->batches[i]->is_claimed = false;
	for (size_t i = 0; i < claim_count; i++) {
		for (size_t j = 0; j < group->count; j++) {
			if (is_claim_of(&claims[i], group->batches[j]->batch)) {
				group->batches[j]->is_claimed = true;
				break;
			}
		}
	}
}

static int claim(const struct group *group, size_t *ret_count, struct err *err)
{
	struct claim_row *claims;
	AUTO_PARAMS params;
	AUTO_ARENA arena;

	arena_init(&arena, CLAIMS_MAX);
	params_init(&params, &sql_statements[SQL_BATCH_CLAIM]);
	params_int(&params, 0, group->tenant);
	for (size_t i = 0; i < group->count; i++) {
		const struct batch *batch = group->batches[i]->batch;

		params_uuid(&params, 1, batch->stream_id);
		params_int(&params, 2, to_signed(batch->epoch));
		params_int(&params, 3, to_signed(batch->batch_no));
		params_int(&params, 4, (int64_t)batch->event_count);
		params_time(&params, 5, group->batches[i]->received_ns);
	}
	if (store_read(group->store, &params, &claim_shape, &arena, &claims, ret_count, err) < 0)
		return err->code;
	take_claims(group, claims, *ret_count);
	return 0;
}

static int write_drops(const struct group *group, struct err *err)
{
	AUTO_PARAMS params;
	size_t count = 0;

	params_init(&params, &sql_statements[SQL_DROP_INSERT]);
	params_int(&params, 0, group->tenant);
	for (size_t i = 0; i < group->count; i++) {
		const struct batch *batch = group->batches[i]->batch;

		for (size_t j = 0; group->batches[i]->is_claimed && j < batch->drop_count; j++, count++) {
			const struct drop *drop = &batch->drops[j];

			params_uuid(&params, 1, batch->stream_id);
			params_int(&params, 2, to_signed(batch->epoch));
			params_int(&params, 3, to_signed(batch->batch_no));
			params_key(&params, 4, or_empty(drop->reason));
			/* The sum over one batch's drops must fit a bigint, whatever a sender claims. */
			params_int(&params, 5, drop->count > DROP_COUNT_MAX ? DROP_COUNT_MAX : (int64_t)drop->count);
			params_time(&params, 6, drop->from_ns);
			params_time(&params, 7, drop->until_ns);
		}
	}
	return count ? store_run(group->store, &params, NULL, err) : 0;
}

static int write_origins(const struct group *group, struct err *err)
{
	AUTO_PARAMS params;
	size_t count = 0;

	params_init(&params, &sql_statements[SQL_ORIGIN_INSERT]);
	params_int(&params, 0, group->tenant);
	params_time(&params, 3, time_now_ns() / ORIGIN_SEEN_NS * ORIGIN_SEEN_NS);
	for (size_t i = 0; i < group->count; i++) {
		const struct batch_rows *rows = group->batches[i];

		if (!rows->is_claimed || known_has(group->context->origins, group->tenant, rows->origin_id))
			continue;
		params_int(&params, 1, rows->origin_id);
		params_bytes(&params, 2, rows->origin.data, rows->origin.length);
		count++;
	}
	return count ? store_run(group->store, &params, NULL, err) : 0;
}

static int copy_all(const struct group *group, struct err *err)
{
	struct copy_part parts[GROUP_BATCHES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct batch_rows *rows = group->batches[i];

		if (!rows->is_claimed || !rows->copied_count)
			continue;
		parts[count++] = (struct copy_part){ rows->copied.data, rows->copied.length };
		rows->result.stored = rows->copied_count;
	}
	return count ? store_copy(group->store, copy_events, parts, count, NULL, err) : 0;
}

static int insert_all(const struct group *group, struct err *err)
{
	for (size_t i = 0; i < group->count; i++) {
		struct batch_rows *rows = group->batches[i];
		size_t stored = 0;

		if (rows->is_claimed && batch_rows_insert(rows, group->store, &stored, err) < 0)
			return err->code;
		rows->result.stored += stored;
	}
	return 0;
}

/* What is derived is written table by table, each sorted: writers lock in one order. */
static int write_derived(const struct group *group, struct err *err)
{
	AUTO_DERIVED_ROWS all;

	if (derived_rows_init(&all, group->tenant, err) < 0)
		return err->code;
	for (size_t i = 0; i < group->count; i++) {
		if (!group->batches[i]->is_claimed)
			continue;
		derived_rows_join(&all, &group->batches[i]->derived);
		group->batches[i]->result.underived = group->batches[i]->derived.underived;
		if (derived_rows_is_full(&all) && derived_rows_write(&all, group->store, err) < 0)
			return err->code;
	}
	if (derived_rows_write(&all, group->store, err) < 0)
		return err->code;
	for (size_t i = 0; i < group->count; i++) {
		const struct batch_rows *rows = group->batches[i];

		if (rows->is_claimed && rows->derived_count < rows->batch->event_count &&
		    batch_rows_derive_rest(rows, group->store, err) < 0)
			return err->code;
	}
	return 0;
}

static bool is_later(const struct batch *a, const struct batch *b)
{
	return a->epoch != b->epoch ? a->epoch > b->epoch : a->batch_no > b->batch_no;
}

/* What the claimed batches of one stream come to; false when an earlier one of the group has told of it already. */
static bool sum_stream(const struct group *group, size_t first, const struct batch **ret_last, int64_t sums[3])
{
	const struct batch *of = group->batches[first]->batch;

	*ret_last = of;
	memset(sums, 0, 3 * sizeof(*sums));
	for (size_t i = 0; i < group->count; i++) {
		const struct batch *batch = group->batches[i]->batch;

		if (!group->batches[i]->is_claimed || memcmp(batch->stream_id, of->stream_id, STREAM_ID_SIZE) != 0)
			continue;
		if (i < first)
			return false;
		if (is_later(batch, *ret_last))
			*ret_last = batch;
		sums[0]++;
		sums[1] += (int64_t)batch->event_count;
		for (size_t j = 0; j < batch->drop_count; j++)
			sums[2] += batch->drops[j].count > DROP_COUNT_MAX ? DROP_COUNT_MAX
									  : (int64_t)batch->drops[j].count;
	}
	return true;
}

static int write_streams(const struct group *group, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_STREAM_UPSERT]);
	params_int(&params, 0, group->tenant);
	for (size_t i = 0; i < group->count; i++) {
		const struct batch *last;
		int64_t sums[3];

		if (!group->batches[i]->is_claimed || !sum_stream(group, i, &last, sums))
			continue;
		params_uuid(&params, 1, last->stream_id);
		params_int(&params, 2, last->origin.mode);
		params_text(&params, 3, or_empty(last->origin.agent));
		params_text(&params, 4, or_empty(last->origin.version));
		params_text(&params, 5, or_empty(last->origin.hostname));
		params_time(&params, 6, group->batches[i]->received_ns);
		params_int(&params, 7, to_signed(last->epoch));
		for (size_t j = 0; j < ARRAY_SIZE(sums); j++)
			params_int(&params, 8 + j, sums[j]);
		params_int(&params, 11, to_signed(last->batch_no));
		params_int(&params, 12, to_signed(last->oldest_waiting));
		params_int(&params, 13, last->is_last ? to_signed(last->batch_no) : 0);
		params_int(&params, 14, last->clock_offset_ns / 1000);
	}
	return store_run(group->store, &params, NULL, err);
}

static int write_claimed(const struct group *group, struct err *err)
{
	if (write_drops(group, err) < 0 || write_origins(group, err) < 0 || copy_all(group, err) < 0 ||
	    insert_all(group, err) < 0 || write_derived(group, err) < 0 || write_streams(group, err) < 0)
		return err->code;
	return store_commit(group->store, err);
}

static int write_once(const struct group *group, struct err *err)
{
	size_t claimed;

	if (store_begin(group->store, err) < 0)
		return err->code;
	if (lock_streams(group, err) == 0 && claim(group, &claimed, err) == 0 &&
	    (!claimed || write_claimed(group, err) == 0)) {
		store_rollback(group->store);
		return 0;
	}
	store_rollback(group->store);
	return err->code;
}

static int ensure_days(const struct group *group, struct err *err)
{
	int64_t now = time_now_ns(), last = INT64_MIN;

	for (size_t i = 0; i < group->count; i++) {
		const struct batch *batch = group->batches[i]->batch;

		for (size_t j = 0; j < batch->event_count; j++) {
			int64_t day = batch->events[j].time_ns / DAY_NS;
			int64_t span = write_event_is_shared(&batch->events[j]) ? PARTITION_CLOUD_DAYS
										: PARTITION_AGENT_DAYS;

			if (day == last)
				continue;
			last = day;
			if (partitions_ensure(group->context->partitions, group->store, batch->events[j].time_ns, now,
					      span, err) < 0)
				return err->code;
		}
	}
	return 0;
}

static void conclude(const struct group *group, int code, const struct err *err)
{
	for (size_t i = 0; i < group->count; i++) {
		struct batch_rows *rows = group->batches[i];

		rows->code = code;
		if (code < 0)
			rows->err = *err;
		else
			rows->result.is_repeated = !rows->is_claimed;
		if (code == 0 && rows->is_claimed)
			known_add(group->context->origins, group->tenant, rows->origin_id);
	}
}

/* A connection that broke while it was idle says so only now; the next try connects again. */
static int write_persistently(const struct group *group, struct err *err)
{
	bool is_new_connection = false;
	int code = ERR_AGAIN;

	for (int tries = 0; code == ERR_AGAIN && tries < WRITE_TRIES; tries++) {
		code = ensure_days(group, err);
		if (code == 0)
			code = write_once(group, err);
		if (code == ERR_UNREACHABLE && !is_new_connection) {
			is_new_connection = true;
			code = ERR_AGAIN;
		}
	}
	return is_new_connection && code == ERR_AGAIN ? ERR_UNREACHABLE : code;
}

/* Row by row, skipping those that are there: a sender may have numbered an event twice. */
static int write_refused(const struct group *group, struct err *err)
{
	const struct batch *batch = group->batches[0]->batch;
	struct batch_rows again, *only = &again;
	const struct group alone = { group->context, group->store, &only, 1, group->tenant };
	int code = batch_rows_init(&again, group->tenant, batch, true, err);

	if (code == 0)
		code = write_persistently(&alone, err);
	group->batches[0]->is_claimed = again.is_claimed;
	group->batches[0]->result = again.result;
	batch_rows_fini(&again);
	return code;
}

static void write_halves(const struct group *group)
{
	struct err err = { 0 };
	int code = write_persistently(group, &err);
	struct group half = *group;

	if (code != ERR_SYNTAX && code != ERR_LIMIT) {
		conclude(group, code, &err);
	} else if (group->count == 1) {
		code = write_refused(group, &err);
		conclude(group, code, &err);
	} else {
		half.count = group->count / 2;
		write_halves(&half);
		half.batches += half.count;
		half.count = group->count - half.count;
		write_halves(&half);
	}
}

void write_group(const struct write_context *context, struct batch_rows *const *batches, size_t count)
{
	struct group group = { context, context->store, batches, count, batches[0]->tenant };

	write_halves(&group);
}
