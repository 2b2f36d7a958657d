#include <openssl/sha.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/derived_rows.h"
#include "collector/store/sql.h"
#include "collector/store/writer.h"
#include "json/json.h"

#define SCAN_TYPE "image-scan"
#define IDS_MAX	  (1u << 20)

struct id_row {
	uint8_t id[EVENT_ID_SIZE];
};
static const struct column id_columns[] = { COLUMN(id_row, id, UUID) };
static const struct row_shape id_shape = ROW_SHAPE(id_row, id_columns);

/* Time and identity of a scan: both stand in its document. */
static int identify(struct derive_input *input, struct event *event, struct err *err)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const char *scanned_at, *config;
	AUTO_JSON scan = NULL;

	if (json_parse("scan", input->scan_json, input->scan_json_length, &scan, err) < 0)
		return err->code;
	scanned_at = json_text(scan, "scanned_at");
	config = json_text(scan, "config_digest");
	if (!scanned_at || !config || strncmp(config, "sha256:", 7) != 0)
		return err_set(err, ERR_SYNTAX, "scan has no \"%s\"",
			       scanned_at ? "config_digest\" that begins with \"sha256:" : "scanned_at");
	if (time_parse(scanned_at, &event->time_ns, err) < 0)
		return err_wrap(err, "scanned_at of the scan");
	SHA256((const unsigned char *)input->scan_json, input->scan_json_length, digest);
	event_id(event->time_ns, "scan", digest, sizeof(digest), input->event_id);
	return 0;
}

/* A scan has neither stream nor origin. */
static void set_event(struct params *params, const struct derive_input *input, const struct derived *derived)
{
	params_uuid(params, 1, input->event_id);
	params_time(params, 2, input->event->time_ns);
	params_time(params, 3, time_now_ns());
	params_int(params, 4, EVENT_SCAN);
	params_text(params, 5, input->event->type);
	params_id(params, 8, derived->task_id);
	params_id(params, 9, derived->actor_id);
	params_bytes(params, 10, input->scan_json, input->scan_json_length);
}

static int write_once(struct store *store, int64_t tenant, const struct derive_input *input, bool *ret_repeated,
		      struct err *err)
{
	AUTO_DERIVED_ROWS derived;
	struct id_row *ids;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t stored;

	params_init(&params, &sql_statements[SQL_EVENT_INSERT]);
	params_int(&params, 0, tenant);
	arena_init(&arena, IDS_MAX);
	if (derived_rows_init(&derived, tenant, err) < 0 || derived_rows_add(&derived, input, err) < 0)
		return err->code;
	set_event(&params, input, derived.derived);
	if (store_begin(store, err) < 0)
		return err->code;
	if (store_read(store, &params, &id_shape, &arena, &ids, &stored, err) < 0 ||
	    derived_rows_write(&derived, store, err) < 0) {
		store_rollback(store);
		return err->code;
	}
	*ret_repeated = stored == 0;
	return store_commit(store, err);
}

int write_scan(struct store *store, struct partitions *partitions, int64_t tenant, const char *json, size_t length,
	       uint8_t ret_id[EVENT_ID_SIZE], bool *ret_repeated, struct err *err)
{
	struct event event = { .kind = EVENT_SCAN, .type = SCAN_TYPE };
	struct derive_input input = { .event = &event, .scan_json = json, .scan_json_length = length };
	int code;

	if (identify(&input, &event, err) < 0 ||
	    partitions_ensure(partitions, store, event.time_ns, time_now_ns(), PARTITION_CLOUD_DAYS, err) < 0)
		return err->code;
	memcpy(ret_id, input.event_id, EVENT_ID_SIZE);
	code = write_once(store, tenant, &input, ret_repeated, err);
	for (int tries = 1; code == ERR_AGAIN && tries < WRITE_TRIES; tries++)
		code = write_once(store, tenant, &input, ret_repeated, err);
	return code;
}
