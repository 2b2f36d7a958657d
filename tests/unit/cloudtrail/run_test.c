/* seccloudtrail run as a whole program, against a receiver that acknowledges and remembers what came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/time.h"
#include "bus/receiver.h"
#include "wire/wire.h"

#define ARENA_SIZE (64u << 20)

struct fixture {
	char folder[64], url[128];
	struct receiver *receiver;
	pthread_mutex_t lock; /* guards: events, notes, mode */
	size_t events;
	struct strbuf notes; /* "id@account resolution [rule]" of each event */
	enum origin_mode mode;
	struct strbuf drops; /* "reason count from until" of each declared loss */
};

static void note_event(struct fixture *fixture, const struct event *event)
{
	fixture->events++;
	if (event->kind != EVENT_CLOUD || event->resolution_ns != NS_PER_S)
		strbuf_adds(&fixture->notes, "wrong kind or resolution ");
	strbuf_addf(&fixture->notes, "%s@%s", event->cloud->id, event->cloud->account);
	for (size_t i = 0; i < event->alert_count; i++)
		strbuf_addf(&fixture->notes, "[%s]", event->alerts[i].rule);
	strbuf_addc(&fixture->notes, ' ');
	if (strstr(event->cloud->json, "SECRET"))
		strbuf_adds(&fixture->notes, "leaked ");
}

static void note_drop(struct fixture *fixture, const struct drop *drop)
{
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];

	strbuf_addf(&fixture->drops, "%s %llu %s %s;", drop->reason, (unsigned long long)drop->count,
		    time_format(drop->from_ns, 0, from), time_format(drop->until_ns, 0, until));
}

static void take_frame(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct fixture *fixture = context;
	AUTO_ARENA arena = { 0 };
	struct batch batch;
	struct reply answer = { .kind = REPLY_ACK };
	struct err err;

	(void)peer;
	arena_init(&arena, ARENA_SIZE);
	pthread_mutex_lock(&fixture->lock);
	if (wire_batch_decode(frame, length, &arena, &batch, &err) < 0)
		strbuf_addf(&fixture->notes, "bad frame: %s ", err.message);
	for (size_t i = 0; i < batch.event_count; i++)
		note_event(fixture, &batch.events[i]);
	for (size_t i = 0; i < batch.drop_count; i++)
		note_drop(fixture, &batch.drops[i]);
	fixture->mode = batch.origin.mode;
	answer.batch_no = batch.batch_no;
	pthread_mutex_unlock(&fixture->lock);
	wire_reply_encode(&answer, reply, &err);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/clewline-run.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->url, sizeof(fixture->url), "ipc://%s/intake.sock", fixture->folder);
	pthread_mutex_init(&fixture->lock, NULL);
	strbuf_init(&fixture->notes, 1 << 20);
	strbuf_init(&fixture->drops, 1 << 20);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	receiver_close(fixture->receiver);
	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
	assert_int_equal(system(command), 0);
	strbuf_fini(&fixture->notes);
	strbuf_fini(&fixture->drops);
	free(fixture);
	return 0;
}

static void listen_now(struct fixture *fixture)
{
	struct err err;

	if (receiver_open(&(struct receiver_conf){ .url = fixture->url, .handler = take_frame, .context = fixture },
			  &fixture->receiver, &err) < 0)
		fail_msg("%s", err.message);
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
	char path[128];
	struct err err;

	snprintf(path, sizeof(path), "%s/bucket", fixture->folder);
	assert_int_equal(folder_create(path, 0755, &err), 0);
	snprintf(path, sizeof(path), "%s/bucket/%s", fixture->folder, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

/* Between runs what the receiver noted stands still; taking the lock is how both threads see it. */
static void meet_receiver(struct fixture *fixture)
{
	pthread_mutex_lock(&fixture->lock);
	pthread_mutex_unlock(&fixture->lock);
}

static int run_once(struct fixture *fixture, const char *patience)
{
	char command[1024];
	int status;

	/* root, too, is to be kept out of what the modes of files and folders close */
	snprintf(command, sizeof(command),
		 "%s%s/seccloudtrail run --once --files %s/bucket --spool %s/spool --collector %s --patience %s "
		 "2>%s/log",
		 geteuid() ? "" : "setpriv --bounding-set=-dac_override,-dac_read_search ", getenv("CLEWLINE_BIN"),
		 fixture->folder, fixture->folder, fixture->url, patience, fixture->folder);
	meet_receiver(fixture);
	status = system(command);
	meet_receiver(fixture);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool log_has(const struct fixture *fixture, const char *text)
{
	AUTO_STRBUF log = STRBUF_INIT;
	char path[128];
	struct err err;

	snprintf(path, sizeof(path), "%s/log", fixture->folder);
	assert_int_equal(file_read(path, 1 << 20, &log, &err), 0);
	return strstr(log.data, text);
}

#define LOGIN                                                                                                        \
	"{\"eventVersion\":\"1.09\",\"eventTime\":\"2026-11-23T12:00:00Z\",\"eventName\":\"ConsoleLogin\","          \
	"\"eventID\":\"login\","                                                                                     \
	"\"eventSource\":\"signin.amazonaws.com\",\"recipientAccountId\":\"111122223333\",\"userIdentity\":{"        \
	"\"type\":\"IAMUser\","                                                                                      \
	"\"userName\":\"badlugo\"},\"responseElements\":{\"ConsoleLogin\":\"Success\",\"sessionToken\":\"SECRET\"}," \
	"\"additionalEventData\":{\"MFAUsed\":\"No\"}}"
#define QUIET                                                                                                        \
	"{\"eventVersion\":\"1.09\",\"eventTime\":\"2026-11-23T12:00:01Z\",\"eventName\":\"DescribeTasks\","         \
	"\"eventID\":\"quiet\","                                                                                     \
	"\"eventSource\":\"ecs.amazonaws.com\",\"recipientAccountId\":\"111122223333\",\"readOnly\":true}"

/* Several batches are on their way at once, so that either may come first. */
static void expect_both(const struct fixture *fixture)
{
	assert_int_equal(fixture->events, 2);
	assert_non_null(strstr(fixture->notes.data, "login@111122223333[Console login without MFA] "));
	assert_non_null(strstr(fixture->notes.data, "quiet@111122223333 "));
	assert_null(strstr(fixture->notes.data, "leaked"));
	assert_null(strstr(fixture->notes.data, "wrong"));
}

static void records_and_alerts_arrive_once_and_a_second_run_sends_nothing(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1.json", "{\"Records\":[" LOGIN "," QUIET "]}");
	put(fixture, "2.json", "{\"Records\":[" QUIET "," LOGIN "]}");
	listen_now(fixture);
	assert_int_equal(run_once(fixture, "30s"), 0);
	expect_both(fixture);
	assert_int_equal(fixture->mode, ORIGIN_CLOUDTRAIL);
	assert_int_equal(run_once(fixture, "30s"), 0);
	assert_int_equal(fixture->events, 2);
}

static void nothing_is_lost_while_the_collector_is_away(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1.json", "{\"Records\":[" LOGIN "," QUIET "]}");
	assert_int_equal(run_once(fixture, "1ms"), 8);
	assert_true(log_has(fixture, "the collector at \"ipc://"));
	assert_int_equal(fixture->events, 0);
	listen_now(fixture);
	assert_int_equal(run_once(fixture, "30s"), 0);
	expect_both(fixture);
}

static void a_bad_file_is_reported_and_the_rest_arrives(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1.json", "{\"Records\":[" LOGIN ",\n{\"eventName\": oops}]}");
	put(fixture, "2.json", QUIET);
	listen_now(fixture);
	assert_int_equal(run_once(fixture, "30s"), 1);
	assert_int_equal(fixture->events, 2);
	assert_true(log_has(fixture, "bucket/1.json:2:"));
	/* mended, it is read again; the store knows the records by their ids */
	put(fixture, "1.json", "{\"Records\":[" LOGIN "]}");
	assert_int_equal(run_once(fixture, "30s"), 0);
	assert_int_equal(fixture->events, 3);
}

/* The span is the file's, not that of the reading; told once, and again when the file changed and is as bad. */
static void what_cannot_be_read_is_declared_once(void **state)
{
	struct fixture *fixture = *state;
	static const char name[] = "111122223333_CloudTrail_eu-west-1_20261123T1205Z_AbCd.json";
	static const char told[] = "unreadable 1 2026-11-23T11:50:00Z 2026-11-23T12:10:00Z;";

	put(fixture, name, "{\"Records\":[" LOGIN ",\n{\"eventName\": oops}]}");
	put(fixture, "111122223333_CloudTrail_eu-west-1_20210101T0000Z_AbCd.json", "no JSON");
	assert_int_equal(run_once(fixture, "1ms"), 8);
	listen_now(fixture);
	assert_int_equal(run_once(fixture, "30s"), 1);
	assert_non_null(strstr(fixture->drops.data, told));
	assert_non_null(strstr(fixture->drops.data, "unreadable 2 2020-12-31T23:45:00Z 2021-01-01T00:05:00Z;"));
	assert_int_equal(fixture->drops.length, 2 * strlen(told));
	assert_int_equal(run_once(fixture, "30s"), 1);
	assert_int_equal(fixture->drops.length, 2 * strlen(told));
	put(fixture, name, "{\"Records\":[" LOGIN ",\n{\"eventName\": oops, again}]}");
	assert_int_equal(run_once(fixture, "30s"), 1);
	assert_int_equal(fixture->drops.length, 3 * strlen(told));
}

static void put_in(const struct fixture *fixture, const char *folder, const char *name, mode_t mode)
{
	char path[256];
	struct err err;

	snprintf(path, sizeof(path), "%s/bucket/%s", fixture->folder, folder);
	assert_int_equal(folder_create(path, 0755, &err), 0);
	snprintf(path, sizeof(path), "%s/bucket/%s/%s", fixture->folder, folder, name);
	assert_int_equal(file_write_atomic(path, QUIET, strlen(QUIET), 0644, &err), 0);
	snprintf(path, sizeof(path), "%s/bucket/%s", fixture->folder, folder);
	assert_int_equal(chmod(path, mode), 0);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		count++;
	return count;
}

/* Neither one that cannot be listed nor one whose names can be read and nothing else; told once, and read once it is open. */
static void a_folder_that_cannot_be_entered_is_declared_once(void **state)
{
	static const char day[] = "unreadable-folder 1 2026-01-30T23:45:00Z 2026-02-01T00:05:00Z;";
	static const char month[] = "unreadable-folder 1 2025-11-30T23:45:00Z 2026-01-01T00:05:00Z;";
	static const char year[] = "unreadable-folder 1 2023-12-31T23:45:00Z 2025-01-01T00:05:00Z;";
	struct fixture *fixture = *state;
	char command[256];

	put(fixture, "1.json", "{\"Records\":[" LOGIN "]}");
	put_in(fixture, "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/31", "1.json", 0000);
	put_in(fixture, "AWSLogs/111122223333/CloudTrail/eu-west-1/2025/12", "1.json", 0444);
	put_in(fixture, "AWSLogs/111122223333/CloudTrail/eu-west-1/2024", "1.json", 0000);
	put_in(fixture, "flat", "1.json", 0000);
	assert_int_equal(run_once(fixture, "1ms"), 8);
	listen_now(fixture);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run_once(fixture, "30s"), 1);
		assert_int_equal(count_of(fixture->drops.data, day), 1);
		assert_int_equal(count_of(fixture->drops.data, month), 1);
		assert_int_equal(count_of(fixture->drops.data, year), 1);
		assert_int_equal(count_of(fixture->drops.data, "unreadable"), 4);
		assert_int_equal(fixture->events, 1);
	}
	assert_true(log_has(fixture, "/2026/01/31: Permission denied"));
	snprintf(command, sizeof(command), "chmod -R u+rwx %s/bucket", fixture->folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(run_once(fixture, "30s"), 0);
	assert_int_equal(fixture->events, 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(records_and_alerts_arrive_once_and_a_second_run_sends_nothing),
		CASE(nothing_is_lost_while_the_collector_is_away),
		CASE(a_bad_file_is_reported_and_the_rest_arrives),
		CASE(what_cannot_be_read_is_declared_once),
		CASE(a_folder_that_cannot_be_entered_is_declared_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
