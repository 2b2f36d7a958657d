/* Changes of real files of this process, told as a sensor would tell them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/fim/fim.h"
#include "agent/fim/package_owner.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* SHA-256 of "one\n" and "two\n" */
#define ONE "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"
#define TWO "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a"

struct world {
	char folder[64], sets_file[96];
	struct watch_sets *sets;
	struct process_table *processes;
	struct fim *fim;
	struct baseline *baseline;
	/* what was told last */
	size_t told;
	struct file_change change;
	struct file_content content;
	char before[SHA256_TEXT_SIZE], after[SHA256_TEXT_SIZE], diff[256];
	pid_t pid;
	struct fim_stats stats;
	struct fim_told travelling;
	bool has_travelling;
};

static void on_change(void *context, struct execution *process, int64_t time_ns, const struct file_change *change)
{
	struct world *world = context;

	(void)time_ns;
	world->told++;
	world->pid = process->view.pid;
	world->change = *change;
	world->content = *change->content;
	snprintf(world->before, sizeof(world->before), "%s", change->content->before ? change->content->before : "");
	snprintf(world->after, sizeof(world->after), "%s", change->content->after ? change->content->after : "");
	snprintf(world->diff, sizeof(world->diff), "%s", change->content->diff ? change->content->diff : "");
}

static void write_text(const char *folder, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const char *files[] = { world->sets_file };
	char text[256];
	struct err err = { 0 };

	strcpy(world->folder, "/tmp/fim.XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->sets_file, sizeof(world->sets_file), "%s/sets", world->folder);
	snprintf(text, sizeof(text), "- watch: Test\n  paths: ['%s/w/']\n  diff: true\n", world->folder);
	write_text(world->folder, "sets", text);
	snprintf(text, sizeof(text), "%s/w", world->folder);
	assert_int_equal(mkdir(text, 0755), 0);
	if (watch_sets_load(files, 1, &world->sets, &err) < 0)
		fail_msg("%s", err.message);
	world->processes = process_table_new(NULL, NULL);
	world->fim = fim_new(world->sets, NULL, on_change, world);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];
	int code;

	if (world->has_travelling)
		fim_told_fini(&world->travelling);
	fim_free(world->fim);
	process_table_free(world->processes);
	watch_sets_free(world->sets);
	baseline_free(world->baseline);
	snprintf(command, sizeof(command), "rm -rf '%s'", world->folder);
	code = system(command);
	free(world);
	return code;
}

static struct sensor_event event_of(enum sensor_call call, const char *path, uint32_t flags)
{
	return (struct sensor_event){ .call = call,
				      .tid = getpid(),
				      .pid = getpid(),
				      .time_ns = 5,
				      .has_result = true,
				      .dirfd = AT_FDCWD,
				      .path = path,
				      .real_path = path,
				      .flags = flags };
}

/* Valid until the next call. */
static const struct file_content *after_in(struct world *world, struct fim *fim, const struct sensor_event *event,
					   const char *path2)
{
	if (world->has_travelling)
		fim_told_fini(&world->travelling);
	world->has_travelling = fim_after(fim, event, process_table_get(world->processes, getpid()), event->path,
					  path2, &world->travelling);
	return world->has_travelling ? &world->travelling.content : NULL;
}

static const struct file_content *after(struct world *world, const struct sensor_event *event, const char *path2)
{
	return after_in(world, world->fim, event, path2);
}

static void a_written_file_is_told_with_both_hashes_and_its_lines(void **state)
{
	struct world *world = *state;
	char path[128];
	struct sensor_event event;

	snprintf(path, sizeof(path), "%s/w/file", world->folder);
	write_text(world->folder, "w/file", "one\n");
	event = event_of(SENSOR_OPENAT, path, O_WRONLY | O_TRUNC);
	fim_before(world->fim, &event, event.path, event.path2);
	write_text(world->folder, "w/file", "two\n");
	assert_null(after(world, &event, NULL));
	assert_true(fim_step(world->fim, 0, false) > 0);
	assert_int_equal(world->told, 0);
	fim_step(world->fim, 0, true);
	assert_int_equal(world->told, 1);
	assert_int_equal(world->change.op, FILE_OP_WRITE);
	assert_string_equal(world->before, ONE);
	assert_string_equal(world->after, TWO);
	assert_string_equal(world->diff, "-one\n+two\n");
	assert_int_equal(world->content.size_before, 4);
	assert_int_equal(world->pid, getpid());
	assert_int_equal(fim_step(world->fim, 0, false), 0);
}

static void each_lane_looks_at_its_own_files(void **state)
{
	struct world *world = *state;
	char path[128];
	struct sensor_event event;

	snprintf(path, sizeof(path), "%s/w/file", world->folder);
	write_text(world->folder, "w/file", "one\n");
	for (unsigned int lane = 1; lane <= 2; lane++) {
		event = event_of(SENSOR_OPENAT, path, O_WRONLY);
		event.lane = lane;
		assert_null(after(world, &event, NULL));
	}
	assert_int_equal(fim_step(world->fim, 0, true), 0);
	assert_int_equal(world->told, 0);
	fim_step(world->fim, 2, true);
	assert_int_equal(world->told, 1);
	fim_step(world->fim, 2, true);
	assert_int_equal(world->told, 1);
	fim_give_up(world->fim, 1);
	fim_stats(world->fim, &world->stats);
	assert_int_equal(world->stats.untold, 1);
}

static void opening_without_changing_is_no_change(void **state)
{
	struct world *world = *state;
	char path[128];
	struct sensor_event event;

	snprintf(path, sizeof(path), "%s/w/file", world->folder);
	write_text(world->folder, "w/file", "one\n");
	event = event_of(SENSOR_OPENAT, path, O_RDWR);
	fim_before(world->fim, &event, event.path, event.path2);
	after(world, &event, NULL);
	fim_step(world->fim, 0, true);
	assert_int_equal(world->told, 0);
	/* and what is outside of the sets is not looked at */
	event = event_of(SENSOR_OPENAT, "/tmp/other", O_RDWR);
	fim_before(world->fim, &event, event.path, event.path2);
	assert_null(after(world, &event, NULL));
	assert_int_equal(fim_step(world->fim, 0, false), 0);
}

static void a_new_file_has_no_before_and_a_removed_one_no_after(void **state)
{
	struct world *world = *state;
	const struct file_content *content;
	char path[128];
	struct sensor_event event;

	snprintf(path, sizeof(path), "%s/w/new", world->folder);
	event = event_of(SENSOR_OPENAT, path, O_WRONLY | O_CREAT);
	fim_before(world->fim, &event, event.path, event.path2);
	write_text(world->folder, "w/new", "one\n");
	event.is_new_file = event.known_new_file = true;
	after(world, &event, NULL);
	fim_step(world->fim, 0, true);
	assert_int_equal(world->told, 1);
	assert_string_equal(world->before, "");
	assert_int_equal(world->content.size_before, -1);
	assert_string_equal(world->after, ONE);
	assert_string_equal(world->diff, "+one\n");
	event = event_of(SENSOR_UNLINK, path, 0);
	fim_before(world->fim, &event, event.path, event.path2);
	unlink(path);
	content = after(world, &event, NULL);
	assert_non_null(content);
	assert_string_equal(content->before, ONE);
	assert_null(content->after);
	assert_int_equal(content->size_after, -1);
	assert_string_equal(content->watch, "Test");
}

static void a_rename_shows_what_was_replaced_and_by_what(void **state)
{
	struct world *world = *state;
	const struct file_content *content;
	char from[128], to[128];
	struct sensor_event event;

	snprintf(from, sizeof(from), "%s/from", world->folder);
	snprintf(to, sizeof(to), "%s/w/to", world->folder);
	write_text(world->folder, "from", "two\n");
	write_text(world->folder, "w/to", "one\n");
	event = event_of(SENSOR_RENAME, from, 0);
	event.path2 = event.real_path2 = to;
	fim_before(world->fim, &event, event.path, event.path2);
	assert_int_equal(rename(from, to), 0);
	content = after(world, &event, to);
	assert_non_null(content);
	assert_string_equal(content->before, ONE);
	assert_string_equal(content->after, TWO);
	/* a call that failed changed nothing */
	event.result = -1;
	assert_null(after(world, &event, to));
}

static void without_a_stop_what_was_last_seen_or_approved_is_the_before(void **state)
{
	struct world *world = *state;
	struct fim *fim;
	const struct file_content *content;
	char path[128];
	struct sensor_event event;
	struct content approved = { .exists = true, .has_hash = true, .size = 4, .mode = 0644, .sha256 = ONE };

	snprintf(path, sizeof(path), "%s/w/file", world->folder);
	world->baseline = baseline_new();
	assert_true(baseline_set(world->baseline, path, &approved));
	fim = fim_new(world->sets, world->baseline, on_change, world);
	write_text(world->folder, "w/file", "two\n");
	event = event_of(SENSOR_OPENAT, path, O_WRONLY);
	assert_null(after_in(world, fim, &event, NULL));
	fim_step(fim, 0, true);
	assert_int_equal(world->told, 1);
	assert_string_equal(world->before, ONE);
	assert_string_equal(world->after, TWO);
	assert_int_equal(world->content.approval, FILE_NOT_APPROVED);
	event = event_of(SENSOR_UNLINK, path, 0);
	unlink(path);
	content = after_in(world, fim, &event, NULL);
	assert_string_equal(content->before, TWO);
	fim_free(fim);
}

static void secrets_have_hashes_and_no_lines(void **state)
{
	static const char *const secret[] = { "/etc/shadow",	       "/etc/shadow-",
					      "/root/.ssh/id_ed25519", "/etc/ssh/ssh_host_rsa_key",
					      "/srv/tls/site.key",     "/root/.aws/credentials" };
	struct content content;
	struct world *world = *state;
	int root = open(world->folder, O_PATH | O_DIRECTORY);

	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(content_is_secret(secret[i]));
	assert_false(content_is_secret("/etc/passwd"));
	assert_false(content_is_secret("/root/.ssh/authorized_keys"));
	write_text(world->folder, "w/site.key", "one\n");
	content_read(root, "/w/site.key", true, &content);
	assert_string_equal(content.sha256, ONE);
	assert_null(content.text);
	close(root);
}

static void what_is_no_file_is_not_read(void **state)
{
	struct world *world = *state;
	struct content content;
	char path[128];
	int root = open(world->folder, O_PATH | O_DIRECTORY);

	snprintf(path, sizeof(path), "%s/w/pipe", world->folder);
	assert_int_equal(mkfifo(path, 0644), 0);
	content_read(root, "/w/pipe", true, &content);
	assert_false(content.exists);
	snprintf(path, sizeof(path), "%s/w/link", world->folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	content_read(root, "/w/link", true, &content);
	assert_false(content.exists);
	/* nor anything outside of the root */
	content_read(root, "/../../../../etc/passwd", true, &content);
	assert_false(content.exists);
	content_read(root, "/w", true, &content);
	assert_false(content.exists);
	close(root);
}

static void packages_know_their_files(void **state)
{
	struct world *world = *state;
	char command[512], package[PACKAGE_NAME_MAX];
	int root = open(world->folder, O_PATH | O_DIRECTORY);

	assert_false(package_owner(root, "/usr/bin/tool", package));
	snprintf(command, sizeof(command),
		 "mkdir -p %s/var/lib/dpkg/info %s/lib/apk/db && printf '/.\\n/bin/tool\\n' "
		 ">%s/var/lib/dpkg/info/tools:amd64.list && "
		 "printf 'P:busybox\\nV:1\\nF:bin\\nR:busybox\\n\\nP:base\\nF:\\nR:init\\n' >%s/lib/apk/db/installed",
		 world->folder, world->folder, world->folder, world->folder);
	assert_int_equal(system(command), 0);
	assert_true(package_owner(root, "/usr/bin/tool", package));
	assert_string_equal(package, "tools");
	assert_true(package_owner(root, "/bin/busybox", package));
	assert_string_equal(package, "busybox");
	assert_true(package_owner(root, "/init", package));
	assert_string_equal(package, "base");
	assert_false(package_owner(root, "/bin/tool2", package));
	close(root);
}

static void count_difference(void *context, enum baseline_change change, const struct baseline_entry *was,
			     const struct baseline_entry *now)
{
	size_t *counts = context;

	assert_true(was || now);
	counts[change]++;
}

static void a_baseline_survives_its_file_and_tells_differences(void **state)
{
	struct world *world = *state;
	struct baseline *first = baseline_new(), *back = NULL, *now = baseline_new();
	size_t counts[BASELINE_RIGHTS + 1] = { 0 };
	char path[128], file[128];
	struct err err = { 0 };
	int root = open("/", O_PATH | O_DIRECTORY);

	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "w/\"%d\"\xc3\xa4", i);
		write_text(world->folder, path, "one\n");
	}
	assert_int_equal(baseline_scan(first, root, world->sets, &err), 0);
	assert_int_equal(baseline_count(first), 5);
	snprintf(file, sizeof(file), "%s/baseline", world->folder);
	assert_int_equal(baseline_save(first, file, &err), 0);
	assert_int_equal(baseline_load(file, &back, &err), 0);
	assert_int_equal(baseline_count(back), 5);
	write_text(world->folder, "w/\"0\"\xc3\xa4", "two\n");
	write_text(world->folder, "w/added", "one\n");
	snprintf(path, sizeof(path), "%s/w/\"1\"\xc3\xa4", world->folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/w/\"2\"\xc3\xa4", world->folder);
	assert_int_equal(chmod(path, 04755), 0);
	assert_int_equal(baseline_scan(now, root, world->sets, &err), 0);
	baseline_diff(back, now, count_difference, counts);
	assert_int_equal(counts[BASELINE_CONTENT], 1);
	assert_int_equal(counts[BASELINE_ADDED], 1);
	assert_int_equal(counts[BASELINE_REMOVED], 1);
	assert_int_equal(counts[BASELINE_RIGHTS], 1);
	baseline_free(TAKE(back));
	write_text(world->folder, "baseline", "{\"clewline_baseline\":1}\n{\"path\":\"relative\"}\n");
	assert_int_equal(baseline_load(file, &back, &err), ERR_SYNTAX);
	assert_non_null(strstr(err.message, "line 2"));
	write_text(world->folder, "baseline", "something else\n");
	assert_int_equal(baseline_load(file, &back, &err), ERR_SYNTAX);
	baseline_free(first);
	baseline_free(now);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_written_file_is_told_with_both_hashes_and_its_lines, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(each_lane_looks_at_its_own_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(opening_without_changing_is_no_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_file_has_no_before_and_a_removed_one_no_after, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_rename_shows_what_was_replaced_and_by_what, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_stop_what_was_last_seen_or_approved_is_the_before, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(secrets_have_hashes_and_no_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_not_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(packages_know_their_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_baseline_survives_its_file_and_tells_differences, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
