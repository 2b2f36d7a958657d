#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/link/derive.h"

#define ACCOUNT	    "845151661675"
#define CLUSTER	    "lugobad-stack-Cluster-yPud"
#define TASK_ID	    "1dddc34c0a574b74a2a3d9e2b8b5a111"
#define CLUSTER_ARN "arn:aws:ecs:us-west-1:" ACCOUNT ":cluster/" CLUSTER
#define TASK_ARN    "arn:aws:ecs:us-west-1:" ACCOUNT ":task/" CLUSTER "/" TASK_ID
#define TRAIL_ARN   "arn:aws:cloudtrail:us-west-1:" ACCOUNT ":trail/main-trail"
#define DIGEST	    "sha256:1a8d64540000000000000000000000000000000000000000000000000000beef"
#define BADLUGO                                                                                                      \
	"\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDAEXAMPLEQ7\","                                  \
	"\"arn\":\"arn:aws:iam::" ACCOUNT ":user/badlugo\",\"accountId\":\"" ACCOUNT "\","                           \
	"\"accessKeyId\":\"ASIAEXAMPLEK2\",\"userName\":\"badlugo\"},\"sourceIPAddress\":\"203.0.113.7\""

struct fixture {
	struct arena arena;
	struct derived rows;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena, 8u << 20);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->arena);
	free(f);
	return 0;
}

static int derive_record(struct fixture *f, const char *region, const char *json)
{
	struct cloud_record record = { .id = "id", .account = ACCOUNT, .region = region, .json = json };
	struct event event = {
		.time_ns = NS_PER_S, .resolution_ns = NS_PER_S, .kind = EVENT_CLOUD, .cloud = &record
	};
	struct origin origin = { .mode = ORIGIN_CLOUDTRAIL, .agent = "reader" };
	struct derive_input input = { .origin = &origin, .event = &event };

	return derive_event(&input, &f->arena, &f->rows, &f->err);
}

static struct process touch = {
	.exec_id = 41,
	.parent_exec_id = 7,
	.pid = 9,
	.ppid = 8,
	.name = "touch",
	.exe_path = "/bin/busybox",
	.container = "aaaabbbbccccdddd",
};
static struct alert below_binary = { .rule = "Write below binary dir",
				     .rule_version = "0011223344556677",
				     .priority = PRIORITY_ERROR,
				     .source = "syscall",
				     .output = "x" };

static int derive_agent_event(struct fixture *f, const struct event *event, const struct ecs_task *task)
{
	struct container container = {
		.id = "aaaabbbbccccdddd", .name = "Generator", .image = "repo/gen:0.1.5", .image_id = DIGEST
	};
	struct origin origin = { .mode = ORIGIN_TASK,
				 .agent = TASK_ID,
				 .version = "0.1.0",
				 .hostname = "ip-10-0-0-1",
				 .task = task,
				 .containers = &container,
				 .container_count = 1 };
	struct derive_input input = { .origin = &origin, .stream = "00ff", .event = event };

	return derive_event(&input, &f->arena, &f->rows, &f->err);
}

static const struct ecs_task fargate_task = {
	.arn = TASK_ARN, .cluster = CLUSTER, .family = "gen", .revision = "3", .service = "web"
};

static const char *const task_addresses[] = { "10.0.2.106", "2001:db8::6a" };
static const struct task_network task_networks[] = {
	{ .mac = "0e:9e",
	  .private_dns = "ip-10-0-2-106",
	  .addresses = task_addresses,
	  .address_count = 2,
	  .ipv4_subnet = "10.0.2.0/24" },
	{ .mac = "0e:9f", .ipv6_subnet = "2001:db8::/64" },
};
static const struct ecs_task task_with_role = { .arn = TASK_ARN,
						.cluster = CLUSTER,
						.role_arn = "arn:aws:iam::1:role/r",
						.access_key_id = "ASIAEXAMPLETASK1",
						.vpc = "vpc-0abc",
						.networks = task_networks,
						.network_count = 2 };

static const struct derived_assertion *find(const struct derived *rows, const char *relation, int64_t to)
{
	for (size_t i = 0; i < rows->assertion_count; i++) {
		if (strcmp(rows->assertions[i].relation, relation) == 0 && (to == 0 || rows->assertions[i].to == to))
			return &rows->assertions[i];
	}
	return NULL;
}

static const char *fact(const struct derived *rows, int64_t entity, const char *name)
{
	for (size_t i = 0; i < rows->fact_count; i++) {
		if (rows->facts[i].entity == entity && strcmp(rows->facts[i].fact, name) == 0)
			return rows->facts[i].value;
	}
	return NULL;
}

static bool has_alias(const struct derived *rows, int64_t entity, const char *alias)
{
	for (size_t i = 0; i < rows->alias_count; i++) {
		if (rows->aliases[i].entity == entity && strcmp(rows->aliases[i].alias, alias) == 0)
			return true;
	}
	return false;
}

static bool has_entity(const struct derived *rows, enum entity_kind kind, const char *key)
{
	for (size_t i = 0; i < rows->entity_count; i++) {
		if (rows->entities[i].kind == kind && strcmp(rows->entities[i].key, key) == 0)
			return true;
	}
	return false;
}

#define EXEC_SESSION "ecs-execute-command-0dfcb1f8c2e47585a"

/* As the responses of the real service are shaped: a session of its own, or none where the call was refused. */
#define EXECUTE_COMMAND(rest)                                                                                        \
	"{\"eventSource\":\"ecs.amazonaws.com\",\"eventName\":\"ExecuteCommand\",\"awsRegion\":\"us-west-"           \
	"1\"," BADLUGO ",\"requestParameters\":{\"cluster\":\"" CLUSTER                                              \
	"\",\"container\":\"gen\",\"task\":\"" TASK_ID "\",\"command\":\"/bin/sh\",\"interactive\":true" rest "}"

static void a_shell_and_its_opener_meet_in_the_session(void **state)
{
	struct fixture *f = *state;
	struct process shell = touch;
	struct event event = { .seq = 100,
			       .time_ns = NS_PER_S,
			       .kind = EVENT_EXEC,
			       .process = &shell,
			       .alerts = &below_binary,
			       .alert_count = 1 };
	int64_t session = entity_id(ENTITY_EXEC_SESSION, EXEC_SESSION);
	const struct derived_assertion *row;

	shell.exec_session = EXEC_SESSION;
	assert_int_equal(derive_agent_event(f, &event, &fargate_task), 0);
	row = find(&f->rows, "fired_in", session);
	assert_non_null(row);
	assert_int_equal(row->strength, STRENGTH_IDENTITY);
	row = find(&f->rows, "ran_in", entity_id(ENTITY_TASK, TASK_ARN));
	assert_non_null(row);
	assert_int_equal(row->from, session);
	assert_non_null(find(&f->rows, "entered", entity_id(ENTITY_CONTAINER, "aaaabbbbccccdddd")));
	assert_int_equal(derive_record(f, "us-west-1",
				       EXECUTE_COMMAND("},\"responseElements\":{\"clusterArn\":\"" CLUSTER_ARN
						       "\",\"taskArn\":\"" TASK_ARN
						       "\",\"session\":{\"sessionId\":\"" EXEC_SESSION
						       "\",\"streamUrl\":\"HIDDEN\"}}")),
			 0);
	row = find(&f->rows, "opened", session);
	assert_non_null(row);
	assert_int_equal(row->from, entity_id(ENTITY_USER, "AIDAEXAMPLEQ7"));
	assert_int_equal(row->strength, STRENGTH_PERFORMED);
	assert_non_null(find(&f->rows, "opened_shell_in", entity_id(ENTITY_TASK, TASK_ARN)));
}

static void a_shell_that_was_refused_or_only_tried_out_is_no_session(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(derive_record(f, "us-west-1",
				       EXECUTE_COMMAND("},\"errorCode\":\"AccessDenied\",\"responseElements\":null")),
			 0);
	assert_null(find(&f->rows, "opened", 0));
	assert_null(find(&f->rows, "opened_shell_in", 0));
	assert_non_null(find(&f->rows, "tried_to_open_shell_in", entity_id(ENTITY_TASK, TASK_ARN)));
	assert_int_equal(
		derive_record(f, "us-west-1", EXECUTE_COMMAND(",\"dryrun\":true},\"responseElements\":null")), 0);
	assert_null(find(&f->rows, "opened", 0));
	assert_non_null(find(&f->rows, "tried_to_open_shell_in", entity_id(ENTITY_TASK, TASK_ARN)));
}

static void the_beginning_of_a_session_states_where_it_is(void **state)
{
	struct fixture *f = *state;
	const char *const args[] = { "/managed-agents/execute-command/ssm-session-worker", EXEC_SESSION };
	struct process worker = touch;
	struct event event = { .seq = 100, .time_ns = NS_PER_S, .kind = EVENT_EXEC, .process = &worker };

	worker.exec_session = EXEC_SESSION;
	worker.args = args;
	worker.arg_count = 2;
	assert_int_equal(derive_agent_event(f, &event, &fargate_task), 0);
	assert_int_equal(find(&f->rows, "ran_in", entity_id(ENTITY_TASK, TASK_ARN))->from,
			 entity_id(ENTITY_EXEC_SESSION, EXEC_SESSION));
}

static void alert_is_tied_to_its_task_process_and_file(void **state)
{
	struct fixture *f = *state;
	struct file_change file = { .op = FILE_OP_CREATE, .path = "/usr/bin/2597de70" };
	struct event event = { .seq = 100,
			       .time_ns = NS_PER_S,
			       .kind = EVENT_FILE,
			       .process = &touch,
			       .file = &file,
			       .alerts = &below_binary,
			       .alert_count = 1 };
	int64_t task = entity_id(ENTITY_TASK, TASK_ARN);
	const struct derived_assertion *row;

	assert_int_equal(derive_agent_event(f, &event, &fargate_task), 0);
	row = find(&f->rows, "fired_on", task);
	assert_non_null(row);
	assert_int_equal(row->strength, STRENGTH_IDENTITY);
	assert_non_null(find(&f->rows, "ran_in", entity_id(ENTITY_CLUSTER, CLUSTER_ARN)));
	assert_non_null(find(&f->rows, "fired_in", entity_id(ENTITY_PROCESS, "00ff:41")));
	assert_non_null(find(&f->rows, "about", entity_id(ENTITY_FILE, "aaaabbbbccccdddd:/usr/bin/2597de70")));
	assert_non_null(find(&f->rows, "runs", entity_id(ENTITY_IMAGE, DIGEST)));
	assert_true(find(&f->rows, "runs", entity_id(ENTITY_IMAGE, "ref:repo/gen:0.1.5"))->confidence < 0.6);
	assert_true(has_alias(&f->rows, task, TASK_ID));
	assert_int_equal(f->rows.task_id, task);
	assert_int_equal(f->rows.cluster_id, entity_id(ENTITY_CLUSTER, CLUSTER_ARN));
	assert_string_equal(f->rows.watermark, "agent " TASK_ID);
}

static void short_task_arn_and_cluster_name_give_the_same_keys(void **state)
{
	struct fixture *f = *state;
	const struct ecs_task old = { .arn = "arn:aws:ecs:us-west-1:" ACCOUNT ":task/" TASK_ID,
				      .cluster = CLUSTER_ARN };
	struct event event = { .seq = 1, .kind = EVENT_HEARTBEAT };

	assert_int_equal(derive_agent_event(f, &event, &old), 0);
	assert_int_equal(f->rows.task_id, entity_id(ENTITY_TASK, TASK_ARN));
	assert_non_null(find(&f->rows, "ran_in", 0));
	assert_int_equal(find(&f->rows, "ran_in", 0)->method, LINK_TASK_CLUSTER_METADATA);
}

static void activity_without_alert_adds_no_rows_but_knows_its_task(void **state)
{
	struct fixture *f = *state;
	struct event event = { .seq = 100, .kind = EVENT_EXEC, .process = &touch };

	assert_int_equal(derive_agent_event(f, &event, &fargate_task), 0);
	assert_int_equal(f->rows.entity_count + f->rows.assertion_count, 0);
	assert_int_equal(f->rows.task_id, entity_id(ENTITY_TASK, TASK_ARN));
}

static void deleting_a_cluster_by_name_is_performed_on_the_arn_of_its_region(void **state)
{
	struct fixture *f = *state;
	const char *json = "{\"eventSource\":\"ecs.amazonaws.com\",\"eventName\":\"DeleteCluster\"," BADLUGO
			   ",\"requestParameters\":{\"cluster\":\"" CLUSTER "\"}}";
	int64_t user = entity_id(ENTITY_USER, "AIDAEXAMPLEQ7");
	const struct derived_assertion *row;

	assert_int_equal(derive_record(f, "us-west-1", json), 0);
	row = find(&f->rows, "deleted", entity_id(ENTITY_CLUSTER, CLUSTER_ARN));
	assert_non_null(row);
	assert_int_equal(row->from, user);
	assert_int_equal(row->strength, STRENGTH_PERFORMED);
	assert_string_equal(link_methods[row->method].method, "request-name");
	assert_int_equal(f->rows.actor_id, user);
	assert_true(has_alias(&f->rows, user, "badlugo"));
	assert_int_equal(find(&f->rows, "acted_from", 0)->strength, STRENGTH_ASSOCIATION);
	assert_int_equal(find(&f->rows, "belongs_to", user)->from, entity_id(ENTITY_ACCESS_KEY, "ASIAEXAMPLEK2"));
	assert_string_equal(f->rows.watermark, "cloudtrail " ACCOUNT " us-west-1");

	assert_int_equal(derive_record(f, "cn-north-1", json), 0);
	assert_true(has_entity(&f->rows, ENTITY_CLUSTER, "arn:aws-cn:ecs:cn-north-1:" ACCOUNT ":cluster/" CLUSTER));
}

static void denied_call_is_attempted_and_never_performed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		derive_record(f, "us-west-1",
			      "{\"eventSource\":\"ecs.amazonaws.com\",\"eventName\":\"DeleteCluster\"," BADLUGO
			      ",\"errorCode\":\"AccessDenied\",\"requestParameters\":{\"cluster\":\"" CLUSTER "\"}}"),
		0);
	assert_null(find(&f->rows, "deleted", 0));
	assert_int_equal(find(&f->rows, "tried_to_delete", 0)->strength, STRENGTH_ATTEMPTED);
	for (size_t i = 0; i < f->rows.assertion_count; i++)
		assert_int_not_equal(f->rows.assertions[i].strength, STRENGTH_PERFORMED);
}

static void delete_trail_marks_blindness_by_name_and_by_arn_alike(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "main-trail", TRAIL_ARN };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *json = arena_printf(
			&f->arena,
			"{\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"DeleteTrail\"," BADLUGO
			",\"requestParameters\":{\"name\":\"%s\"}}",
			names[i]);

		assert_int_equal(derive_record(f, "us-west-1", json), 0);
		assert_non_null(find(&f->rows, "deleted", entity_id(ENTITY_TRAIL, TRAIL_ARN)));
		assert_int_equal(f->rows.mark_count, 1);
		assert_true(f->rows.marks[0].blind);
		assert_string_equal(f->rows.marks[0].source, "cloudtrail " ACCOUNT " " TRAIL_ARN);
		assert_string_equal(f->rows.marks[0].reason, "trail main-trail was deleted by badlugo");
	}
}

static void refused_delete_trail_marks_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		derive_record(f, "us-west-1",
			      "{\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"DeleteTrail\"," BADLUGO
			      ",\"errorCode\":\"AccessDenied\",\"requestParameters\":{\"name\":\"main-trail\"}}"),
		0);
	assert_int_equal(f->rows.mark_count, 0);
}

static void console_login_keeps_the_second_factor_only_when_it_succeeded(void **state)
{
	struct fixture *f = *state;
	int64_t user = entity_id(ENTITY_USER, "AIDAEXAMPLEQ7");
	const char *format =
		"{\"eventSource\":\"signin.amazonaws.com\",\"eventName\":\"ConsoleLogin\"," BADLUGO
		",\"responseElements\":{\"ConsoleLogin\":\"%s\"},\"additionalEventData\":{\"MFAUsed\":\"No\"},"
		"\"recipientAccountId\":\"" ACCOUNT "\"}";

	assert_int_equal(derive_record(f, "us-east-1", arena_printf(&f->arena, format, "Success")), 0);
	assert_string_equal(fact(&f->rows, user, "mfa"), "No");
	assert_int_equal(find(&f->rows, "signed_in_to", 0)->to, entity_id(ENTITY_ACCOUNT, ACCOUNT));
	assert_int_equal(derive_record(f, "us-east-1", arena_printf(&f->arena, format, "Failure")), 0);
	assert_null(fact(&f->rows, user, "mfa"));
	assert_null(find(&f->rows, "signed_in_to", 0));
	assert_non_null(find(&f->rows, "tried_to_sign_in_to", 0));
}

static void a_task_is_tied_to_the_key_that_it_has(void **state)
{
	struct fixture *f = *state;
	struct heartbeat heartbeat = { .is_origin_new = true };
	struct event event = { .seq = 999,
			       .time_ns = 90 * NS_PER_S,
			       .kind = EVENT_HEARTBEAT,
			       .type = "heartbeat",
			       .heartbeat = &heartbeat };
	int64_t key = entity_id(ENTITY_ACCESS_KEY, "ASIAEXAMPLETASK1"), task = entity_id(ENTITY_TASK, TASK_ARN);
	const struct derived_assertion *link;

	assert_int_equal(derive_agent_event(f, &event, &task_with_role), 0);
	link = find(&f->rows, "issued_to", task);
	assert_non_null(link);
	assert_int_equal(link->from, key);
	assert_int_equal(link->method, LINK_KEY_TASK);
	assert_string_equal(fact(&f->rows, task, "role_arn"), "arn:aws:iam::1:role/r");
	assert_string_equal(fact(&f->rows, task, "access_key_id"), "ASIAEXAMPLETASK1");
	assert_string_equal(fact(&f->rows, task, "addresses"), "10.0.2.106 2001:db8::6a");
	assert_string_equal(fact(&f->rows, task, "private_dns"), "ip-10-0-2-106");
	assert_string_equal(fact(&f->rows, task, "mac"), "0e:9e 0e:9f");
	assert_string_equal(fact(&f->rows, task, "subnets"), "10.0.2.0/24 2001:db8::/64");
	assert_string_equal(fact(&f->rows, task, "vpc"), "vpc-0abc");
	/* an address is no entity: it says nothing about who else has it */
	assert_false(has_entity(&f->rows, ENTITY_IP, "10.0.2.106"));
	/* an ordinary heartbeat repeats nothing, and a task without a role has no key */
	heartbeat.is_origin_new = false;
	assert_int_equal(derive_agent_event(f, &event, &task_with_role), 0);
	assert_null(find(&f->rows, "issued_to", 0));
	heartbeat.is_origin_new = true;
	assert_int_equal(derive_agent_event(f, &event, &fargate_task), 0);
	assert_null(find(&f->rows, "issued_to", 0));
}

static void role_session_belongs_to_its_role_and_service_callers_are_no_addresses(void **state)
{
	struct fixture *f = *state;
	int64_t session = entity_id(ENTITY_SESSION, "AROAEXAMPLE:" TASK_ID);

	assert_int_equal(
		derive_record(
			f, "us-west-1",
			"{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\",\"readOnly\":true,"
			"\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":\"AROAEXAMPLE:" TASK_ID "\","
			"\"arn\":\"arn:aws:sts::" ACCOUNT ":assumed-role/taskRole/" TASK_ID
			"\",\"accountId\":\"" ACCOUNT
			"\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"AROAEXAMPLE\","
			"\"arn\":\"arn:aws:iam::" ACCOUNT ":role/taskRole\",\"userName\":\"taskRole\"}}},"
			"\"sourceIPAddress\":\"cloudformation.amazonaws.com\"}"),
		0);
	assert_int_equal(f->rows.actor_id, session);
	assert_non_null(find(&f->rows, "session_of", entity_id(ENTITY_ROLE, "AROAEXAMPLE")));
	assert_true(has_alias(&f->rows, session, TASK_ID));
	assert_true(has_entity(&f->rows, ENTITY_AWS_SERVICE, "cloudformation.amazonaws.com"));
	assert_false(has_entity(&f->rows, ENTITY_IP, "cloudformation.amazonaws.com"));
}

static void root_of_an_account_is_its_own_user_and_no_alias_is_plain_root(void **state)
{
	struct fixture *f = *state;
	int64_t user = entity_id(ENTITY_USER, "arn:aws:iam::" ACCOUNT ":root");

	assert_int_equal(
		derive_record(
			f, "us-east-1",
			"{\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"CreateAccessKey\","
			"\"userIdentity\":{\"type\":\"Root\",\"principalId\":\"" ACCOUNT
			"\",\"arn\":\"arn:aws:iam::" ACCOUNT ":root\",\"accountId\":\"" ACCOUNT "\"},"
			"\"responseElements\":{\"accessKey\":{\"accessKeyId\":\"AKIANEW\",\"userName\":\"eve\"}}}"),
		0);
	assert_int_equal(f->rows.actor_id, user);
	assert_false(has_alias(&f->rows, user, "root"));
	assert_non_null(find(&f->rows, "created", entity_id(ENTITY_ACCESS_KEY, "AKIANEW")));
}

static void run_task_without_cluster_means_the_default_cluster(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(derive_record(f, "us-west-1",
				       "{\"eventSource\":\"ecs.amazonaws.com\",\"eventName\":\"RunTask\"," BADLUGO
				       ",\"requestParameters\":{\"taskDefinition\":\"gen:3\"},"
				       "\"responseElements\":{\"tasks\":[{\"taskArn\":\"" TASK_ARN "\"}]}}"),
			 0);
	assert_non_null(find(&f->rows, "started", entity_id(ENTITY_TASK, TASK_ARN)));
	assert_non_null(find(&f->rows, "ran_a_task_in",
			     entity_id(ENTITY_CLUSTER, "arn:aws:ecs:us-west-1:" ACCOUNT ":cluster/default")));
	assert_non_null(
		find(&f->rows, "ran",
		     entity_id(ENTITY_TASK_DEFINITION, "arn:aws:ecs:us-west-1:" ACCOUNT ":task-definition/gen:3")));
	assert_int_equal(f->rows.task_id, entity_id(ENTITY_TASK, TASK_ARN));
}

static void same_event_name_of_another_service_is_another_action(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		derive_record(f, "us-west-1",
			      "{\"eventSource\":\"eks.amazonaws.com\",\"eventName\":\"DeleteCluster\"," BADLUGO
			      ",\"requestParameters\":{\"cluster\":\"" CLUSTER "\"}}"),
		0);
	assert_null(find(&f->rows, "deleted", 0));
	assert_int_equal(f->rows.cluster_id, 0);
}

static void scan_says_who_the_image_runs_as(void **state)
{
	struct fixture *f = *state;
	static const char json[] = "{\"reference\":\"/tmp/image.tar\",\"config_digest\":\"" DIGEST
				   "\",\"repo_tags\":[\"repo/gen:0.1.5\"],\"config\":{\"user\":\"\"},"
				   "\"findings\":[{\"severity\":\"High\"},{\"severity\":\"LOW\"}]}";
	struct event event = { .kind = EVENT_SCAN };
	struct derive_input input = { .event = &event, .scan_json = json, .scan_json_length = strlen(json) };
	int64_t image = entity_id(ENTITY_IMAGE, DIGEST);

	assert_int_equal(derive_event(&input, &f->arena, &f->rows, &f->err), 0);
	assert_string_equal(fact(&f->rows, image, "runs_as_root"), "true");
	assert_string_equal(fact(&f->rows, image, "user"), "root");
	assert_string_equal(fact(&f->rows, image, "reference"), "repo/gen:0.1.5");
	assert_string_equal(fact(&f->rows, image, "findings_high"), "1");
	assert_true(has_alias(&f->rows, image, "repo/gen:0.1.5"));
	assert_int_equal(find(&f->rows, "scanned_as", 0)->from, image);
}

static void hostile_bytes_become_valid_keys_of_bounded_length(void **state)
{
	struct fixture *f = *state;
	char path[5000];
	struct file_change file = { .op = FILE_OP_CREATE, .path = path };
	struct event event = { .seq = 100,
			       .kind = EVENT_FILE,
			       .process = &touch,
			       .file = &file,
			       .alerts = &below_binary,
			       .alert_count = 1 };

	memset(path, '\xff', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(derive_agent_event(f, &event, &fargate_task), 0);
	for (size_t i = 0; i < f->rows.entity_count; i++) {
		assert_true(strlen(f->rows.entities[i].key) <= 1024);
		assert_null(strchr(f->rows.entities[i].key, '\xff'));
	}
}

static void record_that_is_no_json_is_refused_with_its_place(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(derive_record(f, "us-west-1", "{\"eventName\":"), ERR_SYNTAX);
	assert_non_null(strstr(f->err.message, "line 1"));
	assert_int_equal(derive_record(f, "us-west-1", "[]"), ERR_SYNTAX);
	assert_int_equal(derive_record(f, "us-west-1", "{}"), 0);
	assert_int_equal(f->rows.actor_id, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_shell_and_its_opener_meet_in_the_session),
		TEST(a_shell_that_was_refused_or_only_tried_out_is_no_session),
		TEST(the_beginning_of_a_session_states_where_it_is),
		TEST(alert_is_tied_to_its_task_process_and_file),
		TEST(short_task_arn_and_cluster_name_give_the_same_keys),
		TEST(activity_without_alert_adds_no_rows_but_knows_its_task),
		TEST(deleting_a_cluster_by_name_is_performed_on_the_arn_of_its_region),
		TEST(denied_call_is_attempted_and_never_performed),
		TEST(delete_trail_marks_blindness_by_name_and_by_arn_alike),
		TEST(refused_delete_trail_marks_nothing),
		TEST(console_login_keeps_the_second_factor_only_when_it_succeeded),
		TEST(a_task_is_tied_to_the_key_that_it_has),
		TEST(role_session_belongs_to_its_role_and_service_callers_are_no_addresses),
		TEST(root_of_an_account_is_its_own_user_and_no_alias_is_plain_root),
		TEST(run_task_without_cluster_means_the_default_cluster),
		TEST(same_event_name_of_another_service_is_another_action),
		TEST(scan_says_who_the_image_runs_as),
		TEST(hostile_bytes_become_valid_keys_of_bounded_length),
		TEST(record_that_is_no_json_is_refused_with_its_place),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
