#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "collector/link/derive.h"
#include "json/json.h"

#define FOLDER_DEPTH 16
#define FILE_MAX     (64u << 20)

static struct {
	size_t records, denied, with_actor;
} counts;
static struct arena arena;
static struct derived rows;

static void derive_json(const json_t *record)
{
	const char *account = json_text(record, "recipientAccountId");
	const char *region = json_text(record, "awsRegion");
	char *text = json_dumps(record, JSON_COMPACT);
	struct cloud_record cloud = { .id = "", .account = account, .region = region, .json = text };
	struct event event = { .kind = EVENT_CLOUD, .cloud = &cloud };
	struct origin origin = { .mode = ORIGIN_CLOUDTRAIL, .agent = "reader" };
	struct derive_input input = { .origin = &origin, .event = &event };
	struct err err = { 0 };

	if (derive_event(&input, &arena, &rows, &err) < 0)
		fail_msg("%s: %.300s", err.message, text);
	assert_false(rows.is_cut);
	counts.records++;
	counts.with_actor += rows.actor_id != 0;
	for (size_t i = 0; i < rows.assertion_count; i++) {
		assert_true(rows.assertions[i].from != 0 && rows.assertions[i].to != 0);
		if (!json_is_string(json_object_get(record, "errorCode")))
			continue;
		assert_int_not_equal(rows.assertions[i].strength, STRENGTH_PERFORMED);
		counts.denied++;
	}
	free(text);
	arena_reset(&arena);
}

static void derive_any(const json_t *json)
{
	const json_t *records = json_object_get(json, "Records");
	size_t i;
	const json_t *item;

	if (json_is_string(json_object_get(json, "eventName")) &&
	    json_is_object(json_object_get(json, "userIdentity")))
		derive_json(json);
	json_array_foreach (json_is_array(json) ? json : records, i, item)
		derive_any(item);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_JSON json = NULL;

	(void)status;
	(void)place;
	if (type != FTW_F || (strstr(path, ".json") == NULL && strstr(path, ".cloudtrail") == NULL))
		return 0;
	if (file_read(path, FILE_MAX, &text, NULL) < 0 || json_parse(path, text.data, text.length, &json, NULL) < 0)
		return 0;
	derive_any(json);
	return 0;
}

static void every_record_of_the_corpora_is_derived_and_no_failed_call_counts_as_done(void **state)
{
	const char *shared = getenv("CLEWLINE_SHARED");
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/corpora/cloudtrail", shared != NULL ? shared : "");
	if (shared == NULL)
		snprintf(path, sizeof(path), "%s/../shared/corpora/cloudtrail", getenv("CLEWLINE_SOURCE"));
	if (!file_exists(path)) {
		print_message("skipped: there is no %s\n", path);
		skip();
	}
	arena_init(&arena, 16u << 20);
	assert_int_equal(nftw(path, visit, FOLDER_DEPTH, FTW_PHYS), 0);
	arena_fini(&arena);
	print_message("%zu records, %zu with an actor, %zu assertions of failed calls\n", counts.records,
		      counts.with_actor, counts.denied);
	assert_true(counts.records > 300 && counts.with_actor > 300 && counts.denied > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_of_the_corpora_is_derived_and_no_failed_call_counts_as_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
