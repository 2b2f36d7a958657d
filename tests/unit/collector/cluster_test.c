#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "fixture.h"

#define LOOK_MS	  50
#define LOOKS_MAX (SERVER_START_MAX_S * 1000 / LOOK_MS)

static struct fixture f;

static void path_of(const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", f.cluster.data, name);
}

static void write_file(const char *name, const char *text)
{
	struct err err = { 0 };
	char path[256];

	path_of(name, path);
	if (file_write_atomic(path, text, strlen(text), 0600, &err) < 0)
		fail_msg("%s", err.message);
}

static void read_whole(const char *name, struct strbuf *out)
{
	struct err err = { 0 };
	char path[256];

	path_of(name, path);
	if (file_read(path, 1u << 16, out, &err) < 0)
		fail_msg("%s", err.message);
}

static void restart_check(void)
{
	struct err err = { 0 };

	if (store_check(f.store, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM schema_step WHERE step = '0001_base'"), 1);
}

static void restart(void)
{
	struct err err = { 0 };

	if (server_start(&f.server, &f.cluster, &err) < 0)
		fail_msg("%s", err.message);
	restart_check();
}

/* Data of another major version is left as it is; the sentence says what to install or to run. */
static void data_of_another_version_are_refused_untouched(void **state UNUSED)
{
	AUTO_STRBUF version = STRBUF_INIT, after = STRBUF_INIT, hba = STRBUF_INIT, hba_after = STRBUF_INIT;
	struct cluster cluster = { 0 };
	struct err err = { 0 };

	read_whole("PG_VERSION", &version);
	read_whole("pg_hba.conf", &hba);
	write_file("PG_VERSION", "9.6\n");
	assert_int_equal(cluster_prepare(f.state, &cluster, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "was made by PostgreSQL 9.6"));
	assert_non_null(strstr(err.message, "install postgresql-9.6"));
	assert_non_null(strstr(err.message, "pg_upgrade"));
	read_whole("PG_VERSION", &after);
	read_whole("pg_hba.conf", &hba_after);
	assert_string_equal(after.data, "9.6\n");
	assert_string_equal(hba.data, hba_after.data);
	write_file("PG_VERSION", version.data);
	assert_int_equal(cluster_prepare(f.state, &cluster, &err), 0);
}

static void what_holds_no_cluster_is_refused(void **state UNUSED)
{
	AUTO_STRBUF version = STRBUF_INIT;
	struct cluster cluster = { 0 };
	struct err err = { 0 };
	char path[256];

	read_whole("PG_VERSION", &version);
	path_of("PG_VERSION", path);
	assert_int_equal(unlink(path), 0);
	assert_true(cluster_prepare(f.state, &cluster, &err) < 0);
	assert_non_null(strstr(err.message, "holds no PostgreSQL cluster"));
	write_file("PG_VERSION", version.data);
}

/* A process number that nobody has any more. */
static pid_t dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void a_pid_file_of_a_dead_server_does_not_matter(void **state UNUSED)
{
	char text[512];

	server_stop(&f.server);
	snprintf(text, sizeof(text), "%d\n%s\n1764000000\n5432\n%s\n\n\nready\n", (int)dead_pid(), f.cluster.data,
		 f.cluster.socket);
	write_file("postmaster.pid", text);
	restart();
}

/* Killed without a word, and started again at once: its shared memory and its lock may still be there. */
static void a_killed_server_is_started_again(void **state UNUSED)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kill(f.server.pid, SIGKILL), 0);
		assert_int_equal(waitpid(f.server.pid, NULL, 0), f.server.pid);
		restart();
	}
}

static void look(void)
{
	usleep((useconds_t)server_watch(&f.server, LOOK_MS) * 1000);
}

static void watch_until_up(void)
{
	for (int i = 0; i < LOOKS_MAX && !f.server.is_up; i++)
		look();
	assert_true(f.server.is_up);
}

static void watch_until_ended(void)
{
	for (int i = 0; i < LOOKS_MAX && f.server.pid; i++)
		look();
	assert_int_equal(f.server.pid, 0);
}

/* However often it is killed: it could be started, so nothing is gained by waiting. */
static void a_server_that_was_up_does_not_wait_long(void **state UNUSED)
{
	for (int i = 0; i < 6; i++) {
		assert_int_equal(kill(f.server.pid, SIGKILL), 0);
		watch_until_ended();
		assert_true(f.server.backoff_ns <= SERVER_BACKOFF_UP_MS * NS_PER_MS);
		watch_until_up();
	}
	restart_check();
}

static void a_server_that_cannot_be_started_waits_longer_and_longer(void **state UNUSED)
{
	AUTO_STRBUF settings = STRBUF_INIT;
	int64_t before_ns = 0;

	read_whole("postgresql.auto.conf", &settings);
	write_file("postgresql.auto.conf", "no_such_setting = 1\n");
	assert_int_equal(kill(f.server.pid, SIGKILL), 0);
	watch_until_ended();
	for (int i = 0; i < 7; i++) {
		before_ns = f.server.backoff_ns;
		f.server.not_before_ns = 0;
		server_watch(&f.server, LOOK_MS);
		assert_int_not_equal(f.server.pid, 0);
		watch_until_ended();
		assert_true(f.server.backoff_ns >= before_ns);
		assert_false(f.server.is_up);
	}
	assert_true(f.server.backoff_ns == SERVER_BACKOFF_MAX_MS * NS_PER_MS);
	write_file("postgresql.auto.conf", settings.data);
	f.server.not_before_ns = 0;
	watch_until_up();
	assert_int_equal(kill(f.server.pid, SIGKILL), 0);
	watch_until_ended();
	assert_true(f.server.backoff_ns <= SERVER_BACKOFF_UP_MS * NS_PER_MS);
	watch_until_up();
	restart_check();
}

static void a_half_made_cluster_is_made_again(void **state UNUSED)
{
	char state_folder_path[64] = "/tmp/clewline-test-XXXXXX", fresh[160];
	struct cluster cluster = { 0 };
	struct err err = { 0 };

	assert_non_null(mkdtemp(state_folder_path));
	snprintf(fresh, sizeof(fresh), "%s/pg.new/base", state_folder_path);
	assert_int_equal(folder_create(fresh, 0700, &err), 0);
	if (cluster_prepare(state_folder_path, &cluster, &err) < 0)
		fail_msg("%s", err.message);
	snprintf(fresh, sizeof(fresh), "%s/pg.new", state_folder_path);
	assert_false(file_exists(fresh));
	snprintf(fresh, sizeof(fresh), "rm -rf '%s'", state_folder_path);
	assert_int_equal(system(fresh), 0);
}

static void the_socket_is_not_for_everybody(void **state UNUSED)
{
	struct stat st;

	assert_int_equal(stat(f.cluster.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(stat(f.cluster.data, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_of_another_version_are_refused_untouched),
		cmocka_unit_test(what_holds_no_cluster_is_refused),
		cmocka_unit_test(a_pid_file_of_a_dead_server_does_not_matter),
		cmocka_unit_test(a_killed_server_is_started_again),
		cmocka_unit_test(a_server_that_was_up_does_not_wait_long),
		cmocka_unit_test(a_server_that_cannot_be_started_waits_longer_and_longer),
		cmocka_unit_test(a_half_made_cluster_is_made_again),
		cmocka_unit_test(the_socket_is_not_for_everybody),
	};
	int failed;

	fixture_open(&f);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_close(&f);
	return failed;
}
