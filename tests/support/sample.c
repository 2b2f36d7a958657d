#include "tests/support/sample.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* A test has no use for going on without memory. */
static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

static struct event sample_event(uint64_t number, enum event_kind kind, const char *type)
{
	return (struct event){
		.seq = number, .time_ns = SAMPLE_TIME_NS + (int64_t)number * NS_PER_S, .kind = kind, .type = type
	};
}

static struct process *sample_process(struct arena *arena, uint64_t number)
{
	struct process *process = must(arena_new(arena, struct process));
	const char **args = must(arena_array(arena, const char *, 3));

	args[0] = "sh";
	args[1] = "-c";
	args[2] = must(arena_printf(arena, "echo %" PRIu64, number));
	*process = (struct process){
		.exec_id = number,
		.parent_exec_id = number - 1,
		.pid = 100 + (int32_t)number,
		.ppid = 99 + (int32_t)number,
		.vpid = (int32_t)number,
		.start_ns = SAMPLE_TIME_NS + (int64_t)number * NS_PER_S,
		.user = "root",
		.name = "sh",
		.exe_path = "/bin/sh",
		.cwd = "/srv",
		.container = SAMPLE_CONTAINER,
		.args = args,
		.arg_count = 3,
	};
	return process;
}

struct event sample_exec(struct arena *arena, uint64_t number)
{
	struct event event = sample_event(number, EVENT_EXEC, "execve");

	event.process = sample_process(arena, number);
	return event;
}

struct event sample_file(struct arena *arena, uint64_t number)
{
	struct event event = sample_event(number, EVENT_FILE, "openat");
	struct file_change *file = must(arena_new(arena, struct file_change));

	*file = (struct file_change){ .op = FILE_OP_CREATE,
				      .path = must(arena_printf(arena, "/usr/bin/dropped-%" PRIu64, number)),
				      .flags = 0101,
				      .mode = 0755,
				      .result = 3 };
	event.process = sample_process(arena, number);
	event.file = file;
	return event;
}

struct event sample_alert(struct arena *arena, uint64_t number)
{
	static const char *const tags[] = { "container", "filesystem", "mitre_persistence" };
	static const char *const policies[] = { "Suspicious Filesystem Changes", "\xc3\x84nderungen" };
	static const struct response responses[] = {
		{ ACTION_KILL, OUTCOME_DONE, "process 7 \x01, before its call" },
		{ ACTION_STOP, OUTCOME_REFUSED, "" },
	};
	struct event event = sample_file(arena, number);
	struct alert_field *fields = must(arena_array(arena, struct alert_field, 2));
	struct alert *alert = must(arena_new(arena, struct alert));

	fields[0] = (struct alert_field){ "proc.name", "\"sh\"" };
	fields[1] = (struct alert_field){ "fd.name", must(arena_printf(arena, "\"%s\"", event.file->path)) };
	*alert = (struct alert){
		.rule = "Write below binary dir",
		.rule_version = "0011223344556677",
		.priority = PRIORITY_ERROR,
		.source = "syscall",
		.output = must(arena_printf(arena, "File below a binary directory opened for writing (file=%s)",
					    event.file->path)),
		.tags = tags,
		.tag_count = ARRAY_SIZE(tags),
		.fields = fields,
		.field_count = 2,
		.policies = policies,
		.policy_count = ARRAY_SIZE(policies),
		.severity = SEVERITY_HIGH,
		.responses = responses,
		.response_count = ARRAY_SIZE(responses),
	};
	event.lineage = sample_process(arena, number + 1000);
	event.lineage_count = 1;
	event.alerts = alert;
	event.alert_count = 1;
	return event;
}

struct event sample_cloud(struct arena *arena, uint64_t number)
{
	struct event event = sample_event(number, EVENT_CLOUD, "DeleteCluster");
	struct cloud_record *cloud = must(arena_new(arena, struct cloud_record));
	char time[TIME_TEXT_MAX];

	event.resolution_ns = NS_PER_S;
	cloud->id = must(arena_printf(arena, "00000000-0000-4000-8000-%012" PRIx64, number));
	cloud->account = "123456789012";
	cloud->region = "eu-central-1";
	cloud->object = "123456789012_CloudTrail_eu-central-1.json.gz";
	cloud->json = must(arena_printf(
		arena,
		"{\"eventVersion\":\"1.08\",\"eventID\":\"%s\",\"eventTime\":\"%s\",\"eventName\":\"DeleteCluster\","
		"\"eventSource\":\"ecs.amazonaws.com\",\"awsRegion\":\"eu-central-1\",\"sourceIPAddress\":\"192.0.2."
		"10\","
		"\"userIdentity\":{\"type\":\"IAMUser\",\"accountId\":\"123456789012\",\"userName\":\"alice\","
		"\"arn\":\"arn:aws:iam::123456789012:user/alice\"},\"recipientAccountId\":\"123456789012\","
		"\"requestParameters\":{\"cluster\":\"production\"}}",
		cloud->id, time_format(event.time_ns, 0, time)));
	event.cloud = cloud;
	return event;
}

struct event sample_heartbeat(struct arena *arena, uint64_t number)
{
	struct event event = sample_event(number, EVENT_HEARTBEAT, "heartbeat");
	struct heartbeat *heartbeat = must(arena_new(arena, struct heartbeat));

	*heartbeat = (struct heartbeat){ .spooled_batches = 2, .dropped_events = 7, .detail = "no network events" };
	event.heartbeat = heartbeat;
	return event;
}

struct origin sample_origin(struct arena *arena)
{
	static const char *const addresses[] = { "10.0.2.106", "2001:db8::6a" };
	static const struct task_network network = { .mode = "awsvpc",
						     .mac = "0e:9e:32:c7:48:85",
						     .private_dns = "ip-10-0-2-106.eu-central-1.compute.internal",
						     .addresses = addresses,
						     .address_count = 2,
						     .ipv4_subnet = "10.0.2.0/24" };
	struct ecs_task *task = must(arena_new(arena, struct ecs_task));
	struct container *container = must(arena_new(arena, struct container));

	*task = (struct ecs_task){ .arn = SAMPLE_TASK_ARN,
				   .cluster = "production",
				   .family = "shop",
				   .revision = "7",
				   .service = "shop-web",
				   .availability_zone = "eu-central-1a",
				   .launch_type = "FARGATE",
				   .role_arn = "arn:aws:iam::123456789012:role/shop-task",
				   .access_key_id = "ASIAIOSFODNN7EXAMPLE",
				   .vpc = "vpc-0123456789abcdef0",
				   .networks = &network,
				   .network_count = 1 };
	*container =
		(struct container){ .id = SAMPLE_CONTAINER,
				    .name = "web",
				    .image = "shop/web:1.4",
				    .image_id = "sha256:"
						"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
				    .arn = "arn:aws:ecs:eu-central-1:123456789012:container/production/1",
				    .started_at = "2025-11-23T12:00:00Z" };
	return (struct origin){ .mode = ORIGIN_TASK,
				.agent = "0123456789abcdef0123456789abcdef",
				.version = "0.1.0",
				.boot_id = "11111111-2222-4333-8444-555555555555",
				.hostname = "ip-10-0-0-1",
				.task = task,
				.containers = container,
				.container_count = 1 };
}

struct origin sample_origin_cloudtrail(struct arena *arena)
{
	return (struct origin){ .mode = ORIGIN_CLOUDTRAIL,
				.agent = must(arena_dup(arena, "cloudtrail-reader")),
				.version = "0.1.0" };
}

struct batch sample_batch(struct arena *arena, uint8_t stream, uint64_t number, uint64_t first_seq, size_t count)
{
	struct event (*const makers[])(struct arena *, uint64_t) = { sample_exec, sample_file, sample_alert };
	struct event *events = must(arena_array(arena, struct event, count));
	struct batch batch = { .epoch = 1,
			       .batch_no = number,
			       .sent_ns = SAMPLE_TIME_NS + (int64_t)(first_seq + count) * NS_PER_S,
			       .origin = sample_origin(arena),
			       .events = events,
			       .event_count = count };

	memset(batch.stream_id, stream, sizeof(batch.stream_id));
	for (size_t i = 0; i < count; i++)
		events[i] = makers[i % ARRAY_SIZE(makers)](arena, first_seq + i);
	return batch;
}
