/* What goes over the wire comes out the same, whatever a workload wrote into its texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sample.h"
#include "wire/wire.h"

static int setup(void **state)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	arena_init(arena, WIRE_ARENA_MAX);
	*state = arena;
	return 0;
}

static int teardown(void **state)
{
	arena_fini(*state);
	free(*state);
	return 0;
}

static void over_the_wire(const struct batch *batch, struct arena *arena, struct batch *ret)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;

	if (wire_batch_encode(batch, &frame, &err) < 0)
		fail_msg("%s", err.message);
	assert_true(frame.length <= FRAME_MAX);
	if (wire_batch_decode(frame.data, frame.length, arena, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void event_over_the_wire(const struct event *event, struct arena *arena, struct event *ret)
{
	AUTO_STRBUF bytes = STRBUF_INIT;
	struct err err;

	assert_int_equal(wire_event_encode(event, &bytes, &err), 0);
	if (wire_event_decode(bytes.data, bytes.length, arena, ret, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(ret->encoded_size, bytes.length);
	assert_memory_equal(ret->encoded, bytes.data, bytes.length);
}

static void check_process(const struct process *is, const struct process *must)
{
	assert_int_equal(is->exec_id, must->exec_id);
	assert_int_equal(is->parent_exec_id, must->parent_exec_id);
	assert_int_equal(is->pid, must->pid);
	assert_int_equal(is->ppid, must->ppid);
	assert_int_equal(is->vpid, must->vpid);
	assert_int_equal(is->uid, must->uid);
	assert_int_equal(is->gid, must->gid);
	assert_int_equal(is->start_ns, must->start_ns);
	assert_string_equal(is->user, must->user);
	assert_string_equal(is->name, must->name);
	assert_string_equal(is->exe_path, must->exe_path);
	assert_string_equal(is->cwd, must->cwd);
	assert_string_equal(is->container, must->container);
	assert_int_equal(is->arg_count, must->arg_count);
	for (size_t i = 0; i < must->arg_count; i++)
		assert_string_equal(is->args[i], must->args[i]);
}

static void check_alert(const struct alert *is, const struct alert *must)
{
	assert_string_equal(is->rule, must->rule);
	assert_string_equal(is->rule_version, must->rule_version);
	assert_int_equal(is->priority, must->priority);
	assert_string_equal(is->source, must->source);
	assert_string_equal(is->output, must->output);
	assert_int_equal(is->tag_count, must->tag_count);
	for (size_t i = 0; i < must->tag_count; i++)
		assert_string_equal(is->tags[i], must->tags[i]);
	assert_int_equal(is->severity, must->severity);
	assert_int_equal(is->policy_count, must->policy_count);
	for (size_t i = 0; i < must->policy_count; i++)
		assert_string_equal(is->policies[i], must->policies[i]);
	assert_int_equal(is->response_count, must->response_count);
	for (size_t i = 0; i < must->response_count; i++) {
		assert_int_equal(is->responses[i].action, must->responses[i].action);
		assert_int_equal(is->responses[i].outcome, must->responses[i].outcome);
		assert_string_equal(is->responses[i].detail, must->responses[i].detail);
	}
	assert_int_equal(is->field_count, must->field_count);
	for (size_t i = 0; i < must->field_count; i++) {
		assert_string_equal(is->fields[i].name, must->fields[i].name);
		assert_string_equal(is->fields[i].json, must->fields[i].json);
	}
}

static void every_field_of_a_batch_arrives(void **state)
{
	struct arena *arena = *state;
	struct drop drops[] = { { "ring-full", 7, 10, 20 }, { "spool-full", 1, 30, 40 } };
	struct batch batch = sample_batch(arena, 9, 42, 100, 30), back;

	batch.drops = drops;
	batch.drop_count = 2;
	batch.lane = LANE_ALERT;
	batch.oldest_waiting = 3;
	batch.is_last = true;
	batch.clock_offset_ns = -5;
	over_the_wire(&batch, arena, &back);
	assert_memory_equal(back.stream_id, batch.stream_id, STREAM_ID_SIZE);
	assert_int_equal(back.epoch, 1);
	assert_int_equal(back.batch_no, 42);
	assert_int_equal(back.sent_ns, batch.sent_ns);
	assert_int_equal(back.lane, LANE_ALERT);
	assert_int_equal(back.oldest_waiting, 3);
	assert_true(back.is_last);
	assert_true(back.clock_offset_ns == -5);
	assert_int_equal(back.drop_count, 2);
	assert_string_equal(back.drops[1].reason, "spool-full");
	assert_int_equal(back.drops[0].count, 7);
	assert_int_equal(back.drops[0].from_ns, 10);
	assert_int_equal(back.drops[0].until_ns, 20);
	assert_int_equal(back.event_count, 30);
	for (size_t i = 0; i < 30; i++) {
		const struct event *is = &back.events[i], *must = &batch.events[i];

		assert_int_equal(is->seq, 100 + i);
		assert_int_equal(is->time_ns, must->time_ns);
		assert_int_equal(is->kind, must->kind);
		assert_string_equal(is->type, must->type);
		check_process(is->process, must->process);
		assert_int_equal(is->lineage_count, must->lineage_count);
		assert_int_equal(is->alert_count, must->alert_count);
		if (must->alert_count) {
			check_process(&is->lineage[0], &must->lineage[0]);
			check_alert(&is->alerts[0], &must->alerts[0]);
		}
		if (must->file) {
			assert_int_equal(is->file->op, FILE_OP_CREATE);
			assert_string_equal(is->file->path, must->file->path);
			assert_null(is->file->target);
			assert_int_equal(is->file->flags, 0101);
			assert_int_equal(is->file->result, 3);
		}
	}
}

static void a_call_arrives_with_its_parameters(void **state)
{
	static const struct call_param params[] = { { "res", "EPERM" }, { "flags", "CLONE_NEWNS" } };
	const struct call_record call = { .params = params, .param_count = 2, .result = -1 };
	struct event event = { .seq = 100, .time_ns = 1, .kind = EVENT_CALL, .type = "unshare", .call = &call };
	struct arena *arena = *state;
	struct batch batch = sample_batch(arena, 1, 42, 100, 1), back;

	batch.events = &event;
	over_the_wire(&batch, arena, &back);
	assert_int_equal(back.events[0].kind, EVENT_CALL);
	assert_int_equal(back.events[0].call->param_count, 2);
	assert_string_equal(back.events[0].call->params[1].name, "flags");
	assert_string_equal(back.events[0].call->params[1].value, "CLONE_NEWNS");
	assert_int_equal(back.events[0].call->result, -1);
}

static void the_origin_arrives_inside_a_batch_and_alone(void **state)
{
	struct arena *arena = *state;
	struct origin origin = sample_origin(arena), back;
	AUTO_STRBUF bytes = STRBUF_INIT;
	struct err err;

	assert_int_equal(wire_origin_encode(&origin, &bytes, &err), 0);
	assert_int_equal(wire_origin_decode(bytes.data, bytes.length, arena, &back, &err), 0);
	assert_int_equal(back.mode, ORIGIN_TASK);
	assert_string_equal(back.agent, origin.agent);
	assert_string_equal(back.boot_id, origin.boot_id);
	assert_string_equal(back.task->arn, origin.task->arn);
	assert_string_equal(back.task->launch_type, "FARGATE");
	assert_string_equal(back.task->role_arn, origin.task->role_arn);
	assert_string_equal(back.task->access_key_id, origin.task->access_key_id);
	assert_string_equal(back.task->vpc, origin.task->vpc);
	assert_int_equal(back.task->network_count, 1);
	assert_int_equal(back.task->networks[0].address_count, 2);
	assert_string_equal(back.task->networks[0].addresses[1], "2001:db8::6a");
	assert_string_equal(back.task->networks[0].private_dns, origin.task->networks[0].private_dns);
	assert_string_equal(back.task->networks[0].mac, origin.task->networks[0].mac);
	assert_string_equal(back.task->networks[0].ipv4_subnet, origin.task->networks[0].ipv4_subnet);
	assert_null(back.task->networks[0].ipv6_subnet);
	assert_int_equal(back.container_count, 1);
	assert_string_equal(back.containers[0].image_id, origin.containers[0].image_id);
	origin = sample_origin_cloudtrail(arena);
	strbuf_clear(&bytes);
	assert_int_equal(wire_origin_encode(&origin, &bytes, &err), 0);
	assert_int_equal(wire_origin_decode(bytes.data, bytes.length, arena, &back, &err), 0);
	assert_null(back.task);
	assert_null(back.boot_id);
}

static void a_cloud_event_and_a_heartbeat_arrive(void **state)
{
	struct arena *arena = *state;
	struct event event = sample_cloud(arena, 5), back;

	event_over_the_wire(&event, arena, &back);
	assert_null(back.process);
	assert_int_equal(back.resolution_ns, event.resolution_ns);
	assert_string_equal(back.cloud->id, event.cloud->id);
	assert_string_equal(back.cloud->json, event.cloud->json);
	assert_string_equal(back.cloud->object, event.cloud->object);
	event = sample_heartbeat(arena, 6);
	event_over_the_wire(&event, arena, &back);
	assert_int_equal(back.heartbeat->dropped_events, 7);
	assert_string_equal(back.heartbeat->detail, "no network events");
}

static void texts_of_a_workload_keep_every_byte(void **state)
{
	struct arena *arena = *state;
	struct event event = sample_file(arena, 1), back;
	struct file_change file = *event.file;
	struct process process = *event.process;
	const char *args[] = { "", "\xff\xfe\x80", "\x1b[31m", "a\nb" };
	char all[256];

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	file.path = all;
	process.args = args;
	process.arg_count = 4;
	event.file = &file;
	event.process = &process;
	event_over_the_wire(&event, arena, &back);
	assert_string_equal(back.file->path, all);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(back.process->args[i], args[i]);
}

static void an_attempt_whose_result_nobody_saw_stays_one(void **state)
{
	struct arena *arena = *state;
	struct event event = sample_file(arena, 1), back;
	struct file_change file = *event.file;

	event_over_the_wire(&event, arena, &back);
	assert_false(back.file->is_result_unknown);
	file.is_result_unknown = true;
	event.file = &file;
	event_over_the_wire(&event, arena, &back);
	assert_true(back.file->is_result_unknown);
	assert_null(back.file->content);
	file.op = FILE_OP_WRITE;
	file.content = &(struct file_content){ .watch = "Programs",
					       .after = "27dd",
					       .size_before = -1,
					       .size_after = 4,
					       .package = "tools",
					       .diff = "+two\n",
					       .approval = FILE_NOT_APPROVED };
	event_over_the_wire(&event, arena, &back);
	assert_int_equal(back.file->op, FILE_OP_WRITE);
	assert_string_equal(back.file->content->watch, "Programs");
	assert_null(back.file->content->before);
	assert_string_equal(back.file->content->after, "27dd");
	assert_int_equal(back.file->content->size_before, -1);
	assert_int_equal(back.file->content->size_after, 4);
	assert_string_equal(back.file->content->package, "tools");
	assert_string_equal(back.file->content->diff, "+two\n");
	assert_int_equal(back.file->content->approval, FILE_NOT_APPROVED);
}

static void a_string_that_is_not_utf8_is_mended_before_it_leaves(void **state)
{
	struct arena *arena = *state;
	struct event event = sample_exec(arena, 1), back;
	struct process process = *event.process;

	process.container = "a\xff\xfe\xc3\xa4\xed\xa0\x80z\xc3";
	process.exec_session = "ecs-execute-command-0";
	event.process = &process;
	event_over_the_wire(&event, arena, &back);
	assert_string_equal(back.process->container, "a??\xc3\xa4???z?");
	assert_string_equal(back.process->exec_session, "ecs-execute-command-0");
}

static void a_list_built_event_by_event_is_the_same_frame(void **state)
{
	struct arena *arena = *state;
	struct batch batch = sample_batch(arena, 1, 1, 1, 50);
	AUTO_STRBUF whole = STRBUF_INIT;
	AUTO_STRBUF list = STRBUF_INIT;
	AUTO_STRBUF sealed = STRBUF_INIT;
	struct err err;

	assert_int_equal(wire_batch_encode(&batch, &whole, &err), 0);
	for (size_t i = 0; i < batch.event_count; i++)
		assert_int_equal(wire_events_add(&list, &batch.events[i], &err), 0);
	assert_int_equal(wire_events_seal(&batch, &list, &sealed, &err), 0);
	assert_int_equal(sealed.length, whole.length);
	assert_memory_equal(sealed.data, whole.data, whole.length);
	assert_true(whole.length < list.length / 3);
}

static void fields_of_a_later_version_survive(void **state)
{
	struct arena *arena = *state;
	/* number 200, five bytes "later", at the end of the event */
	static const char later[] = "\xc2\x0c\x05later";
	struct batch batch = sample_batch(arena, 1, 1, 1, 3), back;
	struct event events[3];
	AUTO_STRBUF bytes = STRBUF_INIT;
	AUTO_STRBUF again = STRBUF_INIT;
	struct err err;

	memcpy(events, batch.events, sizeof(events));
	assert_int_equal(wire_event_encode(&events[1], &bytes, &err), 0);
	strbuf_add(&bytes, later, sizeof(later) - 1);
	events[1].encoded = bytes.data;
	events[1].encoded_size = bytes.length;
	batch.events = events;
	over_the_wire(&batch, arena, &back);
	assert_int_equal(back.events[1].seq, 2);
	assert_string_equal(back.events[1].file->path, "/usr/bin/dropped-2");
	assert_int_equal(wire_event_encode(&back.events[1], &again, &err), 0);
	assert_int_equal(again.length, bytes.length);
	assert_memory_equal(again.data, bytes.data, bytes.length);
}

static void the_stored_bytes_of_an_event_decode_to_it(void **state)
{
	struct arena *arena = *state;
	struct batch batch = sample_batch(arena, 1, 1, 1, 6), back;
	struct event event;
	struct err err;

	over_the_wire(&batch, arena, &back);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(
			wire_event_decode(back.events[i].encoded, back.events[i].encoded_size, arena, &event, &err),
			0);
		assert_int_equal(event.seq, i + 1);
		check_process(event.process, batch.events[i].process);
	}
}

static void replies_arrive(void **state)
{
	struct arena *arena = *state;
	struct reply reply = { REPLY_RETRY, 7, 250, "queue is full", 99 }, back;
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;

	assert_int_equal(wire_reply_encode(&reply, &frame, &err), 0);
	assert_int_equal(wire_reply_decode(frame.data, frame.length, arena, &back, &err), 0);
	assert_int_equal(back.kind, REPLY_RETRY);
	assert_int_equal(back.batch_no, 7);
	assert_int_equal(back.retry_after_ms, 250);
	assert_string_equal(back.reason, "queue is full");
	assert_int_equal(back.server_ns, 99);
}

static void only_ancestors_within_the_limit_travel(void **state)
{
	struct arena *arena = *state;
	struct event event = sample_alert(arena, 1), back;
	struct process lineage[LINEAGE_MAX + 1];

	for (size_t i = 0; i < LINEAGE_MAX + 1; i++)
		lineage[i] = *event.process;
	event.lineage = lineage;
	event.lineage_count = LINEAGE_MAX + 1;
	event_over_the_wire(&event, arena, &back);
	assert_int_equal(back.lineage_count, LINEAGE_MAX);
}

static void a_bad_frame_still_says_which_batch_it_was(void **state)
{
	struct arena *arena = *state;
	struct batch batch = sample_batch(arena, 3, 8, 1, 0), back;
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;

	/* small enough not to be compressed: then one wrong byte spoils no other */
	batch.origin = sample_origin_cloudtrail(arena);
	assert_int_equal(wire_batch_encode(&batch, &frame, &err), 0);
	frame.data[frame.length - 1] ^= 1;
	assert_int_equal(wire_batch_decode(frame.data, frame.length, arena, &back, &err), ERR_SYNTAX);
	assert_int_equal(wire_batch_identify(frame.data, frame.length, arena, &back, &err), 0);
	assert_int_equal(back.batch_no, 8);
	assert_memory_equal(back.stream_id, batch.stream_id, STREAM_ID_SIZE);
	assert_int_equal(wire_batch_identify("\1\0\0\0\0\0\0\0", 8, arena, &back, &err), ERR_SYNTAX);
	assert_string_equal(err.message, "frame of 8 bytes does not say which batch it is");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_a_batch_arrives),
		TEST(a_call_arrives_with_its_parameters),
		TEST(the_origin_arrives_inside_a_batch_and_alone),
		TEST(a_cloud_event_and_a_heartbeat_arrive),
		TEST(texts_of_a_workload_keep_every_byte),
		TEST(an_attempt_whose_result_nobody_saw_stays_one),
		TEST(a_string_that_is_not_utf8_is_mended_before_it_leaves),
		TEST(a_list_built_event_by_event_is_the_same_frame),
		TEST(fields_of_a_later_version_survive),
		TEST(the_stored_bytes_of_an_event_decode_to_it),
		TEST(replies_arrive),
		TEST(only_ancestors_within_the_limit_travel),
		TEST(a_bad_frame_still_says_which_batch_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
