#include "story.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define USER(name, id, key)                                                                                          \
	"\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"" id "\",\"arn\":\"arn:aws:iam::" ACCOUNT          \
	":user/" name "\",\"accountId\":\"" ACCOUNT "\",\"accessKeyId\":\"" key "\",\"userName\":\"" name "\"}"
#define RECORD(source, name, user, address, rest)                                                                    \
	"{\"eventSource\":\"" source ".amazonaws.com\",\"eventName\":\"" name "\",\"recipientAccountId\":\"" ACCOUNT \
	"\"," user ",\"sourceIPAddress\":\"" address "\"," rest "}"
#define BADLUGO	  USER("badlugo", BADLUGO_ID, "ASIAQ3EGRTSEXAMPLEK2")
#define LOOKALIKE USER("badlug", LOOKALIKE_ID, "AKIAQ3EGRTSEXAMPLEX9")
#define BOT	  USER("deploy-bot", BOT_ID, "AKIAQ3EGRTSEXAMPLED1")
#define NEIGHBOUR USER("neighbour", NEIGHBOUR_ID, "AKIAQ3EGRTSEXAMPLEN1")
#define SECOND	  NS_PER_S
#define NOON	  (INT64_C(1622548800) * NS_PER_S) /* 2021-06-01T12:00:00Z */

static const struct container container = { .id = TASK_ID "-0011",
					    .name = "QASecureEventGenerator",
					    .image = "qa/secure-event-generator:0.1.5",
					    .image_id = IMAGE_ID };
static const struct ecs_task task = {
	.arn = TASK_ARN, .cluster = CLUSTER_NAME, .family = "Generator", .revision = "3"
};
static const struct origin agent = { .mode = ORIGIN_TASK,
				     .agent = TASK_ID,
				     .version = "0.1.0",
				     .hostname = "ip-10-0-1-23",
				     .task = &task,
				     .containers = &container,
				     .container_count = 1 };
static const struct origin reader = { .mode = ORIGIN_CLOUDTRAIL, .agent = "reader" };

static const char *const generator_args[] = { "event-generator", "run" };
static const char *const touch_args[] = { "touch", FILE_PATH, "\x1b]0;\xff\xfe" };
static const struct process generator = { .exec_id = 7,
					  .pid = 11,
					  .ppid = 1,
					  .name = "event-generator",
					  .container = TASK_ID "-0011",
					  .args = generator_args,
					  .arg_count = 2,
					  .start_ns = NOON - 100 * SECOND };
static const struct process touch = { .exec_id = 41,
				      .parent_exec_id = 7,
				      .pid = 12,
				      .ppid = 11,
				      .name = "touch",
				      .exe_path = "/bin/busybox",
				      .user = "root",
				      .container = TASK_ID "-0011",
				      .args = touch_args,
				      .arg_count = 3,
				      .start_ns = NOON + 300 * SECOND };
static const struct process cleaner = { .exec_id = 42,
					.parent_exec_id = 7,
					.pid = 13,
					.ppid = 11,
					.name = "true",
					.container = TASK_ID "-0011",
					.start_ns = NOON + 400 * SECOND };

static const struct file_change created = { .op = FILE_OP_CREATE, .path = FILE_PATH };
static const struct file_change renamed = { .op = FILE_OP_RENAME, .path = FILE_PATH, .target = FILE_PATH ".moved" };

#define ALERT(name, rule_id, text, level)                                                                            \
	static const struct alert name = {                                                                           \
		.rule = rule_id, .rule_version = "0011223344556677", .priority = PRIORITY_##level, .output = text    \
	}
ALERT(below, "Write below binary dir", "File below a known binary directory opened for writing", ERROR);
ALERT(modify, "Modify binary dirs", "File below known binary directory renamed/removed", ERROR);
ALERT(login, "Console login without MFA", "badlugo signed in", WARNING);
ALERT(cluster_deleted, "ECS cluster deleted", "badlugo deleted a cluster", CRITICAL);
ALERT(trail_deleted, "CloudTrail trail deleted", "badlugo deleted a trail", CRITICAL);

static struct cloud_record records[32];
static size_t record_count;

static struct event cloud(int64_t after, const char *region, const char *name, const char *json,
			  const struct alert *alert)
{
	struct cloud_record *record = &records[record_count++];

	*record = (struct cloud_record){ .id = json, .account = ACCOUNT, .region = region, .json = json };
	return (struct event){ .time_ns = NOON + after * SECOND,
			       .resolution_ns = SECOND,
			       .kind = EVENT_CLOUD,
			       .type = name,
			       .cloud = record,
			       .alerts = alert,
			       .alert_count = alert != NULL };
}

static struct event file(int64_t after_ms, const struct file_change *change, const struct alert *alert)
{
	return (struct event){ .seq = 100,
			       .time_ns = NOON + after_ms * NS_PER_MS,
			       .kind = EVENT_FILE,
			       .type = "openat",
			       .process = &touch,
			       .lineage = &generator,
			       .lineage_count = 1,
			       .file = change,
			       .alerts = alert,
			       .alert_count = 1 };
}

static void add(struct fake_event *events, size_t *count, const struct origin *origin, struct event event)
{
	struct fake_event *added = &events[(*count)++];
	char own[32];

	*added = (struct fake_event){ .origin = origin, .event = event };
	snprintf(own, sizeof(own), "%zu", *count);
	event_id(event.time_ns, event.kind == EVENT_CLOUD ? "cloudtrail" : "agent", own, strlen(own),
		 added->event_id);
}

static void add_runtime(struct fake_event *events, size_t *count)
{
	add(events, count, &agent,
	    (struct event){ .seq = 1,
			    .time_ns = generator.start_ns,
			    .kind = EVENT_EXEC,
			    .type = "execve",
			    .process = &generator });
	add(events, count, &agent,
	    (struct event){
		    .seq = 90, .time_ns = touch.start_ns, .kind = EVENT_EXEC, .type = "execve", .process = &touch });
	add(events, count, &agent,
	    (struct event){ .seq = 95,
			    .time_ns = cleaner.start_ns,
			    .kind = EVENT_EXEC,
			    .type = "execve",
			    .process = &cleaner });
	add(events, count, &agent, file(300123, &created, &below));
	/* the same second in which the cluster is deleted */
	add(events, count, &agent, file(1210500, &renamed, &modify));
	for (int i = 0; i < 20; i++)
		add(events, count, &agent,
		    (struct event){ .seq = (uint64_t)(200 + i),
				    .time_ns = NOON + i * 60 * SECOND,
				    .kind = EVENT_HEARTBEAT,
				    .type = "heartbeat" });
}

static void add_cloud(struct fake_event *events, size_t *count)
{
	record_count = 0;
	add(events, count, &reader,
	    cloud(1, "us-east-1", "ConsoleLogin",
		  RECORD("signin", "ConsoleLogin", BADLUGO, "203.0.113.7",
			 "\"responseElements\":{\"ConsoleLogin\":\"Success\"},\"additionalEventData\":{\"MFAUsed\":"
			 "\"No\"}"),
		  &login));
	add(events, count, &reader,
	    cloud(1210, "us-west-1", "DeleteCluster",
		  RECORD("ecs", "DeleteCluster", BADLUGO, "203.0.113.7",
			 "\"requestParameters\":{\"cluster\":\"" CLUSTER_NAME "\"}"),
		  &cluster_deleted));
	add(events, count, &reader,
	    cloud(1540, "us-west-1", "DeleteTrail",
		  RECORD("cloudtrail", "DeleteTrail", BADLUGO, "203.0.113.7",
			 "\"requestParameters\":{\"name\":\"main-trail\"}"),
		  &trail_deleted));
	add(events, count, &reader,
	    cloud(1100, "us-west-1", "DeleteCluster",
		  RECORD("ecs", "DeleteCluster", BOT, "198.51.100.20",
			 "\"errorCode\":\"AccessDenied\",\"requestParameters\":{\"cluster\":\"" CLUSTER_NAME "\"}"),
		  NULL));
	add(events, count, &reader,
	    cloud(1210, "eu-west-1", "DeleteCluster",
		  RECORD("ecs", "DeleteCluster", LOOKALIKE, "203.0.113.7",
			 "\"requestParameters\":{\"cluster\":\"" CLUSTER_NAME "\"}"),
		  NULL));
	add(events, count, &reader,
	    cloud(1000, "us-west-1", "CreateTrail",
		  RECORD("cloudtrail", "CreateTrail", NEIGHBOUR, "203.0.113.7",
			 "\"requestParameters\":{\"name\":\"other-trail\"}"),
		  NULL));
	for (int i = 0; i < 10; i++)
		add(events, count, &reader,
		    cloud(500 + i, "us-west-1", "DescribeTasks",
			  RECORD("ecs", "DescribeTasks", BADLUGO, "203.0.113.7",
				 "\"readOnly\":true,\"requestParameters\":{\"cluster\":\"" CLUSTER_NAME "\"}"),
			  NULL));
	add(events, count, &reader,
	    cloud(-200, "us-west-1", "AssumeRole",
		  RECORD("sts", "AssumeRole",
			 "\"userIdentity\":{\"type\":\"AWSService\",\"invokedBy\":\"ecs-tasks.amazonaws.com\"}",
			 "ecs-tasks.amazonaws.com",
			 "\"readOnly\":true,\"requestParameters\":{\"roleArn\":\"arn:aws:iam::" ACCOUNT
			 ":role/taskRole\"},"
			 "\"responseElements\":{\"credentials\":{\"accessKeyId\":\"ASIAQ3EGRTSEXAMPLET1\"},"
			 "\"assumedRoleUser\":{\"assumedRoleId\":\"AROAQ3EGRTSEXAMPLER1:" TASK_ID "\"}}"),
		  NULL));
}

size_t story_events(struct fake_event *events, size_t max)
{
	size_t count = 0;

	if (max < 64)
		return 0;
	add_runtime(events, &count);
	add_cloud(events, &count);
	add(events, &count, NULL,
	    (struct event){ .time_ns = NOON - 26 * 3600 * SECOND, .kind = EVENT_SCAN, .type = "scan" });
	events[count - 1].scan_json =
		"{\"reference\":\"qa/secure-event-generator:0.1.5\",\"config_digest\":\"" IMAGE_ID
		"\",\"repo_tags\":[\"qa/secure-event-generator:0.1.5\"],\"config\":{\"user\":\"root\"},"
		"\"findings\":[{\"severity\":\"high\",\"title\":\"runs as root\"}]}";
	return count;
}

const char *story_alert(char out[ALERT_ID_MAX])
{
	struct fake_event events[64];
	size_t count = story_events(events, ARRAY_SIZE(events));

	for (size_t i = 0; i < count; i++) {
		if (events[i].event.alerts == &below)
			return alert_id(events[i].event_id, below.rule, below.rule_version, out);
	}
	return NULL;
}

static struct fake_event many(const struct origin *origin, struct event event, const char *kind, int n)
{
	struct fake_event added = { .origin = origin, .event = event };

	event_id(event.time_ns, kind, &n, sizeof(n), added.event_id);
	return added;
}

struct fake_event story_stop_task(struct arena *arena, int n)
{
	struct cloud_record *record = arena_new(arena, struct cloud_record);
	char *json = arena_printf(arena,
				  RECORD("ecs", "StopTask", BADLUGO, "203.0.113.7",
					 "\"requestParameters\":{\"cluster\":\"own-%d\",\"task\":\"%032d\"}"),
				  n, n);
	struct event event = { .time_ns = NOON + n * SECOND,
			       .resolution_ns = SECOND,
			       .kind = EVENT_CLOUD,
			       .type = "StopTask",
			       .cloud = record };

	*record = (struct cloud_record){ .id = "x", .account = ACCOUNT, .region = "us-west-1", .json = json };
	return many(&reader, event, "stop", n);
}

struct fake_event story_more_alert(struct arena *arena, int n)
{
	struct event event = { .seq = 1000,
			       .time_ns = NOON + 300 * SECOND + n * NS_PER_MS,
			       .kind = EVENT_FILE,
			       .type = "openat",
			       .process = &touch,
			       .file = &created,
			       .alerts = &modify,
			       .alert_count = 1 };

	(void)arena;
	return many(&agent, event, "more", n);
}

struct fake_event story_neighbour_alert(struct arena *arena, int n)
{
	struct event event = { .seq = 1000,
			       .time_ns = NOON + 200 * SECOND + n * NS_PER_MS,
			       .kind = EVENT_FILE,
			       .type = "openat",
			       .process = &touch,
			       .file = &created,
			       .alerts = &below,
			       .alert_count = 1 };
	struct ecs_task *other = arena_new(arena, struct ecs_task);
	struct origin *origin = arena_new(arena, struct origin);

	*other = task;
	other->arn = arena_printf(arena, "arn:aws:ecs:us-west-1:" ACCOUNT ":task/" CLUSTER_NAME "/%032d", n);
	*origin = agent;
	origin->task = other;
	origin->agent = other->arn;
	return many(origin, event, "neighbour", n);
}

static struct fake_event one_record(int64_t after, const char *name, const char *json)
{
	static struct cloud_record more[8];
	static size_t used;
	struct cloud_record *record = &more[used++ % ARRAY_SIZE(more)];
	struct event event = { .time_ns = NOON + after * SECOND,
			       .resolution_ns = SECOND,
			       .kind = EVENT_CLOUD,
			       .type = name,
			       .cloud = record };

	*record = (struct cloud_record){ .id = name, .account = ACCOUNT, .region = "us-west-1", .json = json };
	return many(&reader, event, name, (int)after);
}

struct fake_event story_shell(void)
{
	return one_record(200, "ExecuteCommand",
			  RECORD("ecs", "ExecuteCommand", BADLUGO, "203.0.113.7",
				 "\"requestParameters\":{\"cluster\":\"" CLUSTER_NAME "\",\"task\":\"" TASK_ID
				 "\"}"));
}

#define EXEC_SESSION "ecs-execute-command-0dfcb1f8c2e47585a"

struct fake_event story_session(void)
{
	return one_record(210, "ExecuteCommand",
			  RECORD("ecs", "ExecuteCommand", BADLUGO, "203.0.113.7",
				 "\"requestParameters\":{\"cluster\":\"" CLUSTER_NAME "\",\"task\":\"" TASK_ID
				 "\"},\"responseElements\":{\"taskArn\":\"" TASK_ARN
				 "\",\"session\":{\"sessionId\":\"" EXEC_SESSION "\"}}"));
}

struct fake_event story_session_alert(void)
{
	static struct process shell;
	struct event event = file(250000, &created, &below);

	shell = touch;
	shell.exec_session = EXEC_SESSION;
	event.process = &shell;
	return many(&agent, event, "session", 0);
}

struct fake_event story_start_logging(void)
{
	return one_record(2000, "StartLogging",
			  RECORD("cloudtrail", "StartLogging", BOT, "198.51.100.20",
				 "\"requestParameters\":{\"name\":\"" TRAIL_ARN "\"}"));
}

struct fake_event story_host_alert(void)
{
	static const struct origin host = {
		.mode = ORIGIN_HOST, .agent = "build-7", .version = "0.1.0", .hostname = "build-7"
	};
	static const struct process shell = { .exec_id = 5, .pid = 500, .name = "sh", .start_ns = NOON };
	struct event event = { .seq = 9,
			       .time_ns = NOON + 10 * SECOND,
			       .kind = EVENT_FILE,
			       .type = "openat",
			       .process = &shell,
			       .file = &created,
			       .alerts = &below,
			       .alert_count = 1 };

	return many(&host, event, "host", 1);
}
