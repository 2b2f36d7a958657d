#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "collector/archive/restore.h"
#include "collector/store/sql.h"
#include "fixture.h"
#include "store/distribute.h"
#include "store/migrate.h"

#define EVENT_INDEXES	      4 /* by key, task, actor and time */
#define EVENT_INDEXES_PARTIAL 2 /* by task and actor */

static struct fixture f;

static void a_second_migration_finds_nothing_to_do(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(store_migrate(f.store, schema_steps, schema_step_count, &err), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM schema_step"), schema_step_count);
}

static void a_step_that_was_changed_is_refused(void **state UNUSED)
{
	struct schema_step steps[2] = { schema_steps[0], schema_steps[1] };
	struct err err = { 0 };

	steps[1].length--;
	assert_int_equal(store_migrate(f.store, steps, 2, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "\"0002_derived\" was applied with checksum"));
}

static void a_step_that_this_program_does_not_know_is_refused(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(store_migrate(f.store, schema_steps, 1, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "\"0002_derived\", which this program does not know"));
}

static void a_step_that_fails_leaves_nothing_behind(void **state UNUSED)
{
	static const char text[] = "CREATE TABLE left_over (a int);\nCREATE TABLE left_over (a int);\n";
	struct schema_step steps[32];
	struct err err = { 0 };

	assert_true(schema_step_count < ARRAY_SIZE(steps));
	memcpy(steps, schema_steps, schema_step_count * sizeof(steps[0]));
	steps[schema_step_count] = (struct schema_step){ "9999_bad", text, strlen(text) };
	assert_int_equal(store_migrate(f.store, steps, schema_step_count + 1, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "schema step \"9999_bad\""));
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_class WHERE relname = 'left_over'"), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM schema_step"), schema_step_count);
}

static const char *const earlier_rows[] = {
	"INSERT INTO stream VALUES (1, '01010101-0101-0101-0101-010101010101', 2, 'a', '1', 'h', now(), now(), 1)",
	"INSERT INTO ingest_batch SELECT 1, '01010101-0101-0101-0101-010101010101', 1, n, 7, now() FROM "
	"generate_series(1, 5) n",
	"INSERT INTO declared_drop VALUES (1, '01010101-0101-0101-0101-010101010101', 1, 2, 'ring-full', 9, now(), "
	"now())",
	"INSERT INTO event SELECT 1, md5(n::text)::uuid, now(), now(), 1, 'execve', NULL, "
	"'01010101-0101-0101-0101-010101010101', 5, NULL, '\\x00' FROM generate_series(1, 35) n",
};

/* Every released state of the schema, with rows in it, becomes the present one and keeps them. */
static void every_earlier_step_with_rows_in_it_becomes_the_newest(void **state UNUSED)
{
	static const char *const tables[] = { "event", "event_default" };
	struct err err = { 0 };

	for (size_t from = 1; from < schema_step_count; from++) {
		char name[32], create[64], conninfo[CLUSTER_CONNINFO_MAX];
		struct store *store;

		snprintf(name, sizeof(name), "from_%zu", from);
		snprintf(create, sizeof(create), "CREATE DATABASE %s", name);
		assert_int_equal(store_command(f.store, create, &err), 0);
		assert_int_equal(store_open(cluster_conninfo(&f.cluster, name, conninfo), &store, &err), 0);
		assert_int_equal(store_migrate(store, schema_steps, from, &err), from);
		for (size_t i = 0; i < ARRAY_SIZE(earlier_rows); i++) {
			if (store_command(store, earlier_rows[i], &err) < 0)
				fail_msg("%zu: %s", from, err.message);
		}
		if (store_migrate(store, schema_steps, schema_step_count, &err) < 0)
			fail_msg("%zu: %s", from, err.message);
		assert_int_equal(fixture_number(store, "SELECT count(*) FROM event"), 35);
		assert_int_equal(fixture_number(store, "SELECT count(*) FROM ingest_batch"), 5);
		/* No partition keeps an index of before: each has those that the table has. */
		for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
			char count[160];

			snprintf(
				count, sizeof(count),
				"SELECT 10 * count(*) + count(indpred) FROM pg_index WHERE indrelid = '%s'::regclass "
				"AND indisvalid",
				tables[i]);
			assert_int_equal(fixture_number(store, count), 10 * EVENT_INDEXES + EVENT_INDEXES_PARTIAL);
		}
		/* What was counted nowhere before is counted by the step that begins to count. */
		if (from < 4) {
			assert_int_equal(fixture_number(store, "SELECT batches FROM stream"), 5);
			assert_int_equal(fixture_number(store, "SELECT events FROM stream"), 35);
			assert_int_equal(fixture_number(store, "SELECT dropped FROM stream"), 9);
		}
		store_close(store);
	}
}

/* The server compresses what is large: by lz4 where it knows it, in days that are made from now on; older rows are read as ever. */
static void large_rows_are_compressed_by_lz4(void **state UNUSED)
{
	static const char *const statements[] = {
		"CREATE TABLE event_20200101 PARTITION OF event FOR VALUES FROM ('2020-01-01 00:00+00') TO "
		"('2020-01-02 "
		"00:00+00')",
		"CREATE TABLE older (LIKE event)",
		"ALTER TABLE older ALTER COLUMN raw SET COMPRESSION pglz",
		"INSERT INTO older (tenant_id, event_id, ts, received_at, kind, type, raw) SELECT 9, md5('a')::uuid, "
		"'2020-01-01 "
		"01:00+00', now(), 1, 'x', convert_to(repeat('clewline ', 1000), 'UTF8')",
		"INSERT INTO event SELECT * FROM older",
		"INSERT INTO event SELECT tenant_id, md5('b')::uuid, ts, received_at, kind, type, origin_id, "
		"stream_id, task_id, "
		"actor_id, convert_to(repeat('clewline ', 1000), 'UTF8') FROM older",
	};
	struct err err = { 0 };

	if (!fixture_number(f.store, "SELECT ('lz4' = ANY (enumvals))::int FROM pg_settings WHERE name = "
				     "'default_toast_compression'")) {
		print_message("skipped: the server was built without lz4\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (store_command(f.store, statements[i], &err) < 0)
			fail_msg("%s", err.message);
	}
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event WHERE tenant_id = 9 AND "
						 "pg_column_compression(raw) = 'lz4'"),
			 1);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event WHERE tenant_id = 9 AND "
						 "pg_column_compression(raw) = 'pglz'"),
			 1);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event WHERE tenant_id = 9 AND raw = "
						 "convert_to(repeat('clewline ', 1000), 'UTF8')"),
			 2);
	assert_int_equal(store_command(f.store, "DROP TABLE older", &err), 0);
	assert_int_equal(store_command(f.store, "DROP TABLE event_20200101", &err), 0);
}

/* An index leaves out the events that have no task, or no actor; who asks for one is answered from it all the same. */
static void a_question_for_a_task_or_a_user_reads_its_index(void **state UNUSED)
{
	static const enum sql_id questions[] = { SQL_EVENTS, SQL_EVENTS_NEWEST };
	static const char *const prepared =
		"PREPARE asked (bigint, timestamptz, timestamptz, bigint, bigint, uuid, bigint) AS ";
	static const char *const given[] = {
		"CREATE FUNCTION pg_temp.plan_of(question text) RETURNS text LANGUAGE plpgsql AS $$ "
		"DECLARE plan json; BEGIN EXECUTE 'EXPLAIN (FORMAT JSON) ' || question INTO plan; RETURN plan; END "
		"$$",
		"INSERT INTO event SELECT 1, md5(n::text)::uuid, now(), now(), 1, 'execve', NULL, NULL, "
		"CASE WHEN n % 2 = 0 THEN n % 1000 END, CASE WHEN n % 2 = 1 THEN n % 1000 END, '\\x00' "
		"FROM generate_series(1, 20000) n",
		"ANALYZE event",
	};
	static const struct {
		const char *values; /* of task and actor */
		bool is_of_task, is_of_actor;
	} cases[] = { { "6, NULL", true, false }, { "NULL, 7", false, true }, { "6, 7", true, true } };
	struct err err = { 0 };

	assert_int_equal(store_begin(f.store, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		if (store_command(f.store, given[i], &err) < 0)
			fail_msg("%s", err.message);
	}
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		AUTO_STRBUF text = STRBUF_INIT;

		strbuf_addf(&text, "%s%s", prepared, sql_statements[questions[i]].text);
		assert_int_equal(store_command(f.store, text.data, &err), 0);
		for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
			strbuf_clear(&text);
			strbuf_addf(&text, "SELECT pg_temp.plan_of('EXECUTE asked (1, NULL, NULL, %s, NULL, 10)')",
				    cases[j].values);
			AUTO_FREE char *plan = fixture_text(f.store, text.data);

			assert_int_equal(strstr(plan, "task_id = '6'::bigint") && strstr(plan, "_task_id_ts_idx"),
					 cases[j].is_of_task);
			assert_int_equal(strstr(plan, "actor_id = '7'::bigint") && strstr(plan, "_actor_id_ts_idx"),
					 cases[j].is_of_actor);
		}
		assert_int_equal(store_command(f.store, "DEALLOCATE asked", &err), 0);
	}
	store_rollback(f.store);
}

static void two_statements_in_one_command_are_refused(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(store_command(f.store, "SELECT 1; SELECT 2", &err), ERR_FAILED);
}

static void every_statement_of_the_program_can_be_prepared(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(store_begin(f.store, &err), 0);
	for (size_t i = 0; i < RESTORE_STAGING_COUNT; i++)
		assert_int_equal(store_command(f.store, restore_staging[i], &err), 0);
	for (size_t i = 0; i < SQL_COUNT; i++) {
		if (store_prepare(f.store, &sql_statements[i], &err) < 0)
			fail_msg("%s", err.message);
	}
	store_rollback(f.store);
}

static void every_key_begins_with_the_tenant(void **state UNUSED)
{
	/* schema_step belongs to no tenant. */
	assert_int_equal(
		fixture_number(f.store,
			       "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
			       "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
			       "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
			       "WHERE i.indisunique AND a.attname <> 'tenant_id' AND c.relname <> 'schema_step'"),
		0);
	assert_int_equal(
		fixture_number(f.store,
			       "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
			       "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM "
			       "pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"),
		0);
}

/* A new table has a place on distributed PostgreSQL, too. */
static void every_table_has_a_place_when_distributed(void **state UNUSED)
{
	static const char *const names[] = {
#define TABLE(name, kind) #name,
#include "store/distribution.def"
#undef TABLE
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
	assert_int_equal(fixture_number(f.store,
					"SELECT count(*) FROM pg_class WHERE relnamespace = "
					"'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"),
			 ARRAY_SIZE(names));
}

/* Without the extension there is nothing to distribute with; the answer says how to get it. */
static void a_server_without_the_extension_is_refused(void **state UNUSED)
{
	struct distribution_step *steps;
	struct err err = { 0 };
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, 1u << 20);
	assert_int_equal(distribution_plan(f.store, 4, &arena, &steps, &count, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "CREATE EXTENSION citus"));
}

static void nothing_is_used_that_distributed_postgresql_refuses(void **state UNUSED)
{
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_sequences WHERE schemaname = 'public'"), 0);
}

static void the_server_listens_on_no_network(void **state UNUSED)
{
	AUTO_FREE char *addresses = fixture_text(f.store, "SELECT current_setting('listen_addresses')");
	AUTO_FREE char *checksums = fixture_text(f.store, "SELECT current_setting('data_checksums')");
	AUTO_FREE char *commit = fixture_text(f.store, "SELECT current_setting('synchronous_commit')");

	assert_string_equal(addresses, "");
	assert_string_equal(checksums, "on");
	assert_string_equal(commit, "on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_migration_finds_nothing_to_do),
		cmocka_unit_test(a_step_that_was_changed_is_refused),
		cmocka_unit_test(a_step_that_this_program_does_not_know_is_refused),
		cmocka_unit_test(a_step_that_fails_leaves_nothing_behind),
		cmocka_unit_test(every_earlier_step_with_rows_in_it_becomes_the_newest),
		cmocka_unit_test(large_rows_are_compressed_by_lz4),
		cmocka_unit_test(a_question_for_a_task_or_a_user_reads_its_index),
		cmocka_unit_test(two_statements_in_one_command_are_refused),
		cmocka_unit_test(every_statement_of_the_program_can_be_prepared),
		cmocka_unit_test(every_key_begins_with_the_tenant),
		cmocka_unit_test(every_table_has_a_place_when_distributed),
		cmocka_unit_test(a_server_without_the_extension_is_refused),
		cmocka_unit_test(nothing_is_used_that_distributed_postgresql_refuses),
		cmocka_unit_test(the_server_listens_on_no_network),
	};
	int failed;

	fixture_open(&f);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_close(&f);
	return failed;
}
