#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/pool.h"
#include "collector/store/query.h"
#include "collector/store/rights.h"
#include "collector/store/writer.h"
#include "fixture.h"
#include "wire/wire.h"

static struct fixture f;
static struct partitions partitions;

static void write_story(struct store *store, int64_t tenant)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct write_result result;
	struct err err = { 0 };
	struct batch batch;
	AUTO_ARENA arena;

	arena_init(&arena, 64u << 20);
	story_encode(&(struct story){ .stream = 1, .batch_no = 1, .rules = "v1" }, &frame);
	if (wire_batch_decode(frame.data, frame.length, &arena, &batch, &err) < 0 ||
	    write_batch(store, &partitions, tenant, &batch, &result, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(result.stored, STORY_EVENTS);
}

static size_t alerts_of(struct store *store, int64_t tenant)
{
	const struct alert_filter filter = { .priority_max = PRIORITY_DEBUG, .limit = 1000 };
	struct err err = { 0 };
	struct alert_row *rows;
	AUTO_ARENA arena;
	size_t count;
	bool more;

	arena_init(&arena, 64u << 20);
	if (query_alerts(store, tenant, &filter, &arena, &rows, &count, &more, &err) < 0)
		fail_msg("%s", err.message);
	return count;
}

static void the_writer_stores_and_cannot_delete(void **state UNUSED)
{
	struct err err = { 0 };
	struct store *store;

	assert_int_equal(store_open_as(f.conninfo, RIGHTS_WRITER, &store, &err), 0);
	write_story(store, 1);
	write_story(store, 2);
	assert_int_equal(store_command(store, "DELETE FROM event", &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "permission denied"));
	assert_int_equal(store_command(store, "DROP TABLE event", &err), ERR_FAILED);
	assert_int_equal(store_command(store, "UPDATE ingest_batch SET events = 0", &err), ERR_FAILED);
	assert_int_equal(store_command(store, "TRUNCATE origin", &err), ERR_FAILED);
	assert_int_equal(store_command(store, "CREATE TABLE mine (a int)", &err), ERR_FAILED);
	store_close(store);
}

/* The statement asks for another tenant's rows, as a bug would: the database does not give them. */
static void the_reader_sees_one_tenant(void **state UNUSED)
{
	struct pool *pool = pool_new_as(f.conninfo, RIGHTS_READER, 1);
	struct err err = { 0 };
	struct store *store;

	for (int64_t tenant = 1; tenant <= 2; tenant++) {
		assert_int_equal(pool_take_reading(pool, tenant, &store, &err), 0);
		assert_int_equal(alerts_of(store, tenant), STORY_EVENTS / 4);
		assert_int_equal(alerts_of(store, 3 - tenant), 0);
		assert_int_equal(fixture_number(store, "SELECT count(DISTINCT tenant_id) FROM event"), 1);
		pool_give(pool, store);
	}
	/* Without a transaction that names one, there is none. */
	assert_int_equal(pool_take(pool, &store, &err), 0);
	assert_int_equal(fixture_number(store, "SELECT count(*) FROM event"), 0);
	assert_int_equal(store_command(store, "INSERT INTO origin VALUES (1, 1, '')", &err), ERR_FAILED);
	assert_int_equal(store_command(store, "SELECT count(*) FROM event_default", &err), ERR_FAILED);
	pool_give(pool, store);
	pool_free(pool);
}

/* A row for every table, though it may say that there is no right. */
static void every_table_has_a_row_and_a_policy(void **state UNUSED)
{
	static const char *const names[] = {
#define RIGHT(table, reader, writer) table,
#include "collector/store/rights.def"
#undef RIGHT
	};
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_adds(&sql,
		    "SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class WHERE relnamespace = "
		    "'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN (''");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		strbuf_addf(&sql, ", '%s'", names[i]);
	strbuf_adds(&sql, ")");
	AUTO_FREE char *without = fixture_text(f.store, sql.data);
	assert_string_equal(without, "");
	AUTO_FREE char *open = fixture_text(
		f.store,
		"SELECT coalesce(string_agg(c.relname, ' '), '') FROM pg_class c JOIN pg_attribute a ON "
		"a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE c.relnamespace = 'public'::regnamespace "
		"AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relrowsecurity");
	assert_string_equal(open, "");
}

static void making_the_roles_again_changes_nothing(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(rights_prepare(f.store, &err), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'clewline_%' AND "
						 "(rolsuper OR rolcreaterole OR rolcreatedb)"),
			 0);
	/* Nodes of a distributed server connect to each other as these roles. */
	assert_int_equal(fixture_number(f.store,
					"SELECT count(*) FROM pg_roles WHERE rolname LIKE 'clewline_%' AND "
					"rolcanlogin AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = "
					"'citus')"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_writer_stores_and_cannot_delete),
		cmocka_unit_test(the_reader_sees_one_tenant),
		cmocka_unit_test(every_table_has_a_row_and_a_policy),
		cmocka_unit_test(making_the_roles_again_changes_nothing),
	};
	struct err err = { 0 };
	int failed;

	fixture_open(&f);
	partitions_init(&partitions);
	partitions.owner = f.conninfo;
	if (rights_prepare(f.store, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	partitions_fini(&partitions);
	fixture_close(&f);
	return failed;
}
