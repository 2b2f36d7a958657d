#include "collector/store/writer.h"

#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/group.h"
#include "collector/store/sql.h"

void write_event_id(const struct batch *batch, const struct event *event, uint8_t out[EVENT_ID_SIZE])
{
	struct {
		uint8_t stream[STREAM_ID_SIZE];
		uint64_t epoch, seq;
	} own = { .epoch = htobe64(batch->epoch), .seq = htobe64(event->seq) };
	AUTO_STRBUF cloud = STRBUF_INIT;

	if (!write_event_is_shared(event)) {
		memcpy(own.stream, batch->stream_id, STREAM_ID_SIZE);
		event_id(event->time_ns, "agent", &own, sizeof(own), out);
		return;
	}
	/* The same record reaches us by several ways (redelivery, two readers): its own id makes them one. */
	strbuf_addf(&cloud, "%s|%s", event->cloud->account ? event->cloud->account : "", event->cloud->id);
	event_id(event->time_ns, "cloudtrail", cloud.data, cloud.length, out);
}

bool write_event_is_shared(const struct event *event)
{
	return event->kind == EVENT_CLOUD && event->cloud && event->cloud->id && *event->cloud->id;
}

int write_batch(struct store *store, struct partitions *partitions, int64_t tenant, const struct batch *batch,
		struct write_result *ret, struct err *err)
{
	const struct write_context context = { .store = store, .partitions = partitions };
	struct batch_rows rows, *only = &rows;
	int code = batch_rows_init(&rows, tenant, batch, false, err);

	*ret = (struct write_result){ 0 };
	if (code == 0) {
		write_group(&context, &only, 1);
		*ret = rows.result;
		*err = rows.err;
		code = rows.code;
	}
	batch_rows_fini(&rows);
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
