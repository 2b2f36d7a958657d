#include "fixture.h"

#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/time.h"
#include "collector/signals.h"
#include "collector/store/prepare.h"
#include "store/distribute.h"
#include "wire/wire.h"

static void check(int code, const struct err *err)
{
	if (code < 0)
		fail_msg("%s", err->message);
}

/* PostgreSQL refuses to run as root. */
static void leave_root(const char *state)
{
	static const char *const users[] = { "clewline", "postgres", "nobody" };
	const struct passwd *user = NULL;

	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(users) && !user; i++)
		user = getpwnam(users[i]);
	assert_non_null(user);
	assert_int_equal(chown(state, user->pw_uid, user->pw_gid), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setresgid(user->pw_gid, user->pw_gid, user->pw_gid), 0);
	assert_int_equal(setresuid(user->pw_uid, user->pw_uid, user->pw_uid), 0);
	/* The leak checker attaches to its own process, which a change of user forbids. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void leave_out(const struct fixture *fixture, const char *reason)
{
	fprintf(stderr, "skipped: %s\n", reason);
	rmdir(fixture->state);
	exit(FIXTURE_SKIP);
}

static void start_private(struct fixture *fixture)
{
	char admin[CLUSTER_CONNINFO_MAX];
	struct err err = { 0 };
	int code = cluster_prepare(fixture->state, &fixture->cluster, &err);

	if (code == ERR_NOT_FOUND)
		leave_out(fixture, err.message);
	check(code, &err);
	check(server_start(&fixture->server, &fixture->cluster, &err), &err);
	check(prepare_database(cluster_conninfo(&fixture->cluster, "postgres", admin), CLUSTER_DATABASE, &err), &err);
	cluster_conninfo(&fixture->cluster, CLUSTER_DATABASE, fixture->conninfo);
}

static bool is_distributed(void)
{
	const char *kind = getenv("CLEWLINE_FIXTURE");

	return kind && strcmp(kind, "citus") == 0;
}

static void drop_tables(struct store *store)
{
	static const char *const tables[] = {
#define TABLE(name, kind) "DROP TABLE IF EXISTS " #name " CASCADE",
#include "store/distribution.def"
#undef TABLE
	};
	AUTO_FREE char *name = fixture_text(store, "SELECT current_database()::text");
	struct err err = { 0 };

	if (strncmp(name, "clewline_test", 13) != 0)
		fail_msg("the database is called \"%s\", and may hold what somebody wants", name);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		check(store_command(store, tables[i], &err), &err);
}

static void name_distributed(struct fixture *fixture)
{
	const char *url = getenv("CLEWLINE_CITUS_URL");
	struct err err = { 0 };

	if (!url || !*url)
		leave_out(fixture, "CLEWLINE_CITUS_URL names no server");
	assert_true(strlen(url) < sizeof(fixture->conninfo));
	strcpy(fixture->conninfo, url);
	check(store_open(fixture->conninfo, &fixture->store, &err), &err);
	drop_tables(fixture->store);
	store_close(fixture->store);
}

static void distribute(struct store *store)
{
	struct distribution_step *steps;
	struct err err = { 0 };
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, 1u << 20);
	check(distribution_plan(store, 4, &arena, &steps, &count, &err), &err);
	for (size_t i = 0; i < count; i++) {
		if (!steps[i].is_done)
			check(store_command(store, steps[i].statement, &err), &err);
	}
}

void fixture_open(struct fixture *fixture)
{
	struct err err = { 0 };

	memset(fixture, 0, sizeof(*fixture));
	strcpy(fixture->state, "/tmp/clewline-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->state));
	leave_root(fixture->state);
	signals_block();
	if (is_distributed())
		name_distributed(fixture);
	else
		start_private(fixture);
	check(prepare_schema(fixture->conninfo, &err), &err);
	check(store_open(fixture->conninfo, &fixture->store, &err), &err);
	if (!is_distributed())
		return;
	distribute(fixture->store);
	/* Settings of the database are those of connections made later. */
	store_close(fixture->store);
	check(store_open(fixture->conninfo, &fixture->store, &err), &err);
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *at UNUSED)
{
	return remove(path);
}

void fixture_close(struct fixture *fixture)
{
	if (is_distributed())
		drop_tables(fixture->store);
	store_close(fixture->store);
	server_stop(&fixture->server);
	nftw(fixture->state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct text_row {
	const char *text;
};
static const struct column text_columns[] = { COLUMN(text_row, text, TEXT) };
static const struct row_shape text_shape = ROW_SHAPE(text_row, text_columns);

char *fixture_text(struct store *store, const char *text)
{
	static unsigned int number;
	char name[32];
	const struct sql sql = { .name = name, .types = "", .text = text };
	struct err err = { 0 };
	struct text_row *rows;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t count;

	snprintf(name, sizeof(name), "test_%u", number++);
	arena_init(&arena, 16u << 20);
	params_init(&params, &sql);
	check(store_read(store, &params, &text_shape, &arena, &rows, &count, &err), &err);
	assert_int_equal(count, 1);
	return strdup(rows->text ? rows->text : "");
}

int64_t fixture_number(struct store *store, const char *sql)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *value = NULL;

	strbuf_addf(&text, "SELECT (%s)::text", sql);
	value = fixture_text(store, text.data);
	return strtoll(value, NULL, 10);
}

char *fixture_digest(struct store *store, int64_t tenant)
{
	static const char *const tables[] = { "alert",	   "entity",	    "entity_fact", "entity_alias",
					      "assertion", "coverage_mark", "watermark",   "scan" };
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_adds(&sql, "SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\")) FROM (");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		strbuf_addf(&sql,
			    "SELECT '%s ' || (to_jsonb(t) - 'tenant_id')::text AS line FROM %s t WHERE tenant_id = "
			    "%lld UNION ALL ",
			    tables[i], tables[i], (long long)tenant);
	strbuf_addf(&sql,
		    "SELECT concat_ws(' ', event_id, ts, task_id, actor_id) FROM event WHERE tenant_id = %lld) l",
		    (long long)tenant);
	return fixture_text(store, sql.data);
}

static const char *const args[] = { "touch", "/usr/bin/x" };
static const struct process process = { .exec_id = 2,
					.parent_exec_id = 1,
					.pid = 7,
					.ppid = 1,
					.start_ns = 1764158700 * NS_PER_S,
					.user = "root",
					/* What a workload chose may hold anything but NUL. */
					.name = "to\x1b\xff",
					.exe_path = "/bin/busybox",
					.container = "c0ffee",
					.args = args,
					.arg_count = 2 };
static const struct ecs_task task = {
	.arn = "arn:aws:ecs:us-west-1:845151661675:task/lugobad/1dddc34c0a574b74a2a3d9e2b8b5a111",
	.cluster = "arn:aws:ecs:us-west-1:845151661675:cluster/lugobad",
	.family = "web",
	.revision = "3",
};
static const struct container container = {
	.id = "c0ffee", .name = "app", .image = "app:1", .image_id = "sha256:00ff"
};

struct content {
	struct event events[STORY_EVENTS];
	struct alert alerts[STORY_EVENTS];
	struct alert_field fields[STORY_EVENTS];
	struct file_change files[STORY_EVENTS];
	struct cloud_record records[STORY_EVENTS];
	char texts[STORY_EVENTS][1024];
	char ids[STORY_EVENTS][64];
};

static const char *const tags[] = { "T1036", "container" };

static void add_alert(struct content *content, size_t i, const char *rules)
{
	/* PostgreSQL refuses \u0000 in jsonb: the alert must get through all the same. */
	content->fields[i] =
		(struct alert_field){ .name = "fd.name", .json = i % 2 ? "\"a\\u0000b\"" : "\"/usr/bin/x\"" };
	content->alerts[i] = (struct alert){ .rule = "Write below binary dir",
					     .rule_version = rules,
					     .priority = PRIORITY_ERROR,
					     .source = "syscall",
					     .output = "file \xc3\x28 was made",
					     .tags = tags,
					     .tag_count = 2,
					     .fields = &content->fields[i],
					     .field_count = 1 };
	content->events[i].alerts = &content->alerts[i];
	content->events[i].alert_count = 1;
}

static void make_record(struct content *content, size_t i, uint64_t batch_no)
{
	static const char *const names[] = { "ConsoleLogin", "DeleteCluster", "DeleteTrail", "DescribeTasks" };
	const char *name = names[(batch_no + i) % ARRAY_SIZE(names)];

	snprintf(content->ids[i], sizeof(content->ids[i]), "id-%llu-%zu", (unsigned long long)batch_no, i);
	snprintf(content->texts[i], sizeof(content->texts[i]),
		 "{\"eventID\":\"%s\",\"eventName\":\"%s\",\"eventSource\":\"%s.amazonaws.com\",\"awsRegion\":\"us-"
		 "west-1\","
		 "\"recipientAccountId\":\"845151661675\",\"sourceIPAddress\":\"203.0.113.%zu\",\"userIdentity\":"
		 "{\"type\":\"IAMUser\",\"principalId\":\"AIDA%zu\",\"arn\":\"arn:aws:iam::845151661675:user/u%zu\","
		 "\"accountId\":\"845151661675\",\"accessKeyId\":\"AKIA%zu\",\"userName\":\"u%zu\"},"
		 "\"requestParameters\":{\"cluster\":\"lugobad\",\"name\":\"arn:aws:cloudtrail:us-west-1:"
		 "845151661675:trail/"
		 "t%zu\"}}",
		 content->ids[i], name, strcmp(name, "DeleteTrail") == 0 ? "cloudtrail" : "ecs", i % 5, i % 3, i % 3,
		 i % 4, i % 3, i % 2);
	content->records[i] = (struct cloud_record){ .id = content->ids[i],
						     .account = "845151661675",
						     .region = "us-west-1",
						     .json = content->texts[i],
						     .object = "a.json.gz" };
	content->events[i].kind = EVENT_CLOUD;
	content->events[i].type = name;
	content->events[i].resolution_ns = NS_PER_S;
	content->events[i].cloud = &content->records[i];
}

static void make_call(struct content *content, size_t i, uint64_t batch_no)
{
	snprintf(content->texts[i], sizeof(content->texts[i]), "/usr/bin/\xff%llu-%zu", (unsigned long long)batch_no,
		 i % 7);
	content->files[i] = (struct file_change){ .op = FILE_OP_CREATE, .path = content->texts[i], .result = 3 };
	content->events[i].kind = i % 3 ? EVENT_FILE : EVENT_EXEC;
	content->events[i].type = i % 3 ? "openat" : "execve";
	content->events[i].process = &process;
	content->events[i].file = i % 3 ? &content->files[i] : NULL;
}

void story_encode(const struct story *story, struct strbuf *frame)
{
	AUTO_FREE struct content *content = calloc(1, sizeof(*content));
	struct drop drop = { .reason = "ring-full", .count = 3, .from_ns = NS_PER_S, .until_ns = 2 * NS_PER_S };
	struct batch batch = { .epoch = 1, .batch_no = story->batch_no, .event_count = STORY_EVENTS };
	struct err err = { 0 };

	assert_non_null(content);
	memset(batch.stream_id, story->stream, STREAM_ID_SIZE);
	batch.origin = (struct origin){ .mode = story->is_cloud ? ORIGIN_CLOUDTRAIL : ORIGIN_TASK,
					.agent = story->is_cloud ? "reader" : "agent",
					.version = "1",
					.hostname = "host" };
	if (!story->is_cloud) {
		batch.origin.task = &task;
		batch.origin.containers = &container;
		batch.origin.container_count = 1;
	}
	if (story->batch_no % 4 == 0) {
		batch.drops = &drop;
		batch.drop_count = 1;
	}
	for (size_t i = 0; i < STORY_EVENTS; i++) {
		/* Spread over days, and so that order within a batch is not order of time. */
		content->events[i].time_ns = 1764158705 * NS_PER_S +
					     (int64_t)(i * 7919 % STORY_EVENTS) * 3600 * NS_PER_S +
					     (int64_t)story->batch_no * 1001;
		content->events[i].seq = story->batch_no * STORY_EVENTS + i;
		if (story->is_cloud)
			make_record(content, i, story->batch_no);
		else
			make_call(content, i, story->batch_no);
		if (story->rules && i % 4 == 0)
			add_alert(content, i, story->rules);
	}
	batch.events = content->events;
	check(wire_batch_encode(&batch, frame, &err), &err);
}
