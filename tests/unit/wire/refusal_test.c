/* Every way a frame can be bad is refused, and the error says what and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "tests/support/sample.h"
#include "wire/wire.h"

#define BYTES(text) (text), sizeof(text) - 1

static void add_header(struct strbuf *frame, int codec, const void *payload, size_t size)
{
	uint32_t checksum = crc32c(payload, size);

	strbuf_addc(frame, 1);
	strbuf_addc(frame, (char)codec);
	strbuf_add(frame, "\0\0", 2);
	for (int i = 0; i < 4; i++)
		strbuf_addc(frame, (char)(checksum >> 8 * i));
	strbuf_add(frame, payload, size);
}

/* Decodes and expects the code and the text. */
static void refuse(const struct strbuf *frame, int code, const char *text)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch;
	struct err err;

	assert_int_equal(wire_batch_decode(frame->data, frame->length, &arena, &batch, &err), code);
	assert_string_equal(err.message, text);
}

static void refuse_frame(const void *data, size_t size, int code, const char *text)
{
	AUTO_STRBUF frame = STRBUF_INIT;

	strbuf_add(&frame, data, size);
	refuse(&frame, code, text);
}

static void refuse_message(const void *message, size_t size, int code, const char *text)
{
	AUTO_STRBUF frame = STRBUF_INIT;

	add_header(&frame, 0, message, size);
	refuse(&frame, code, text);
}

static void frames_with_a_bad_header_are_refused(void **state UNUSED)
{
	refuse_frame(BYTES("\1\0\0"), ERR_SYNTAX, "frame of 3 bytes is shorter than its header of 8");
	refuse_frame(BYTES(""), ERR_SYNTAX, "frame of 0 bytes is shorter than its header of 8");
	refuse_frame(BYTES("\2\0\0\0\0\0\0\0"), ERR_SYNTAX, "frame of 8 bytes: version is 2, but must be 1");
	refuse_frame(BYTES("\1\7\0\0\0\0\0\0"), ERR_SYNTAX, "frame of 8 bytes: codec is 7, but must be 0 or 1");
	refuse_frame(BYTES("\1\0\17\0\0\0\0\0"), ERR_SYNTAX, "frame of 8 bytes: kind is 15, but must be 0 to 2");
	refuse_frame(BYTES("\1\0\0\1\0\0\0\0"), ERR_SYNTAX, "frame of 8 bytes: flags are 0x01, but must be 0");
	refuse_frame(BYTES("\1\0\0\0\0\0\0\0x"), ERR_SYNTAX,
		     "frame of 9 bytes: checksum is 0x00000000, but must be 0xa93c5f93");
}

static void a_frame_over_the_limit_is_refused_and_one_at_the_limit_is_not(void **state UNUSED)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;
	char *room = calloc(1, FRAME_MAX);

	assert_non_null(room);
	add_header(&frame, 0, room, FRAME_MAX - FRAME_HEADER_SIZE);
	assert_int_equal(wire_frame_check(frame.data, frame.length, &err), 0);
	strbuf_addc(&frame, 0);
	refuse(&frame, ERR_LIMIT, "frame of 4194305 bytes is over the limit of 4194304");
	free(room);
}

/* Compresses size zero bytes into a frame. */
static void add_compressed(struct strbuf *frame, size_t size, bool sized)
{
	size_t bound = ZSTD_compressBound(size), packed;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	char *zeros = calloc(1, size), *out = malloc(bound);

	assert_non_null(zeros);
	assert_non_null(out);
	ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, sized);
	packed = ZSTD_compress2(context, out, bound, zeros, size);
	assert_false(ZSTD_isError(packed));
	add_header(frame, 1, out, packed);
	ZSTD_freeCCtx(context);
	free(zeros);
	free(out);
}

static void a_compressed_message_must_say_a_size_within_the_limit(void **state UNUSED)
{
	AUTO_STRBUF unsized = STRBUF_INIT;
	AUTO_STRBUF bomb = STRBUF_INIT;
	AUTO_STRBUF garbage = STRBUF_INIT;
	char expected[200];

	add_compressed(&unsized, 5000, false);
	snprintf(expected, sizeof(expected), "frame of %zu bytes: compressed message does not say its size",
		 unsized.length);
	refuse(&unsized, ERR_SYNTAX, expected);
	add_compressed(&bomb, MESSAGE_MAX + 1, true);
	snprintf(expected, sizeof(expected),
		 "frame of %zu bytes: message unpacks to 8388609 bytes, over the limit of 8388608", bomb.length);
	refuse(&bomb, ERR_LIMIT, expected);
	add_header(&garbage, 1, "not zstd", 8);
	refuse(&garbage, ERR_SYNTAX, "frame of 16 bytes: compressed message does not say its size");
}

static void a_malformed_message_is_located_by_byte_and_field(void **state UNUSED)
{
	static const struct {
		const char *message;
		size_t size;
		const char *text;
	} cases[] = {
		{ BYTES("\x08"), "frame of 9 bytes: message of 1 bytes, byte 0: ends inside a number" },
		{ BYTES("\x08\x01\x12\x7f"), "frame of 12 bytes: message of 4 bytes, byte 2: runs past the end" },
		{ BYTES("\x0b"), "frame of 9 bytes: message of 1 bytes, byte 0: wire type is not one of 0, 1, 2, 5" },
		{ BYTES("\x00\x01"), "frame of 10 bytes: message of 2 bytes, byte 0: field number is out of range" },
		{ BYTES("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		  "frame of 19 bytes: message of 11 bytes, byte 0: number is longer than 64 bits" },
		{ BYTES("\x1a\x00"),
		  "frame of 10 bytes: message of 2 bytes, byte 0, epoch: has the wrong wire type" },
		/* two events, the second with a process whose exe_path is cut off */
		{ BYTES("\x42\x02\x08\x01\x42\x04\x32\x02\x5a\x09"),
		  "frame of 18 bytes: message of 10 bytes, byte 8, events[1].process: runs past the end" },
		{ BYTES("\x42\x05\x32\x03\x5a\x01\x00"),
		  "frame of 15 bytes: message of 7 bytes, byte 6, events[0].process.exe_path: holds a NUL byte" },
		{ BYTES("\x42\x04\x2a\x02\xc3\x28"),
		  "frame of 14 bytes: message of 6 bytes, byte 4, events[0].type: is not UTF-8" },
		{ BYTES("\x42\x04\x32\x00\x32\x00"),
		  "frame of 14 bytes: message of 6 bytes, byte 4: process is given twice" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		refuse_message(cases[i].message, cases[i].size, ERR_SYNTAX, cases[i].text);
}

/* Encodes a sample batch after change() and expects this end of the error. */
static void refuse_changed(void (*change)(struct batch *, struct event *), const char *text)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch = sample_batch(&arena, 1, 1, 1, 5), back;
	struct event events[5];
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;
	char expected[300];

	memcpy(events, batch.events, sizeof(events));
	batch.events = events;
	change(&batch, events);
	assert_int_equal(wire_batch_encode(&batch, &frame, &err), 0);
	assert_int_equal(wire_batch_decode(frame.data, frame.length, &arena, &back, &err), ERR_SYNTAX);
	snprintf(expected, sizeof(expected), "frame of %zu bytes: %s", frame.length, text);
	assert_string_equal(err.message, expected);
}

static void unknown_kind(struct batch *batch UNUSED, struct event *events)
{
	events[3].kind = (enum event_kind)99;
}

static void negative_time(struct batch *batch UNUSED, struct event *events)
{
	events[0].time_ns = -5;
}

static void no_seq(struct batch *batch UNUSED, struct event *events)
{
	events[4].seq = 0;
}

static void bad_op(struct batch *batch UNUSED, struct event *events)
{
	((struct file_change *)events[1].file)->op = (enum file_op)99;
}

static void bad_priority(struct batch *batch UNUSED, struct event *events)
{
	((struct alert *)events[2].alerts)->priority = (enum priority)8;
}

static void bad_mode(struct batch *batch, struct event *events UNUSED)
{
	batch->origin.mode = (enum origin_mode)0;
}

static void no_number(struct batch *batch, struct event *events UNUSED)
{
	batch->batch_no = 0;
}

static void cloud_without_record(struct batch *batch UNUSED, struct event *events)
{
	events[0].kind = EVENT_CLOUD;
}

static void call_without_record(struct batch *batch UNUSED, struct event *events)
{
	events[0].kind = EVENT_CALL;
}

static void bad_values_are_named_with_their_event(void **state UNUSED)
{
	refuse_changed(unknown_kind, "event 3: kind is 99");
	refuse_changed(negative_time, "event 0: time_ns is -5");
	refuse_changed(no_seq, "event 4: seq is 0");
	refuse_changed(bad_op, "event 1: file.op is 99");
	refuse_changed(bad_priority, "event 2: alert.priority is 8");
	refuse_changed(bad_mode, "origin: mode is 0");
	refuse_changed(no_number, "batch: batch_no is 0");
	refuse_changed(cloud_without_record, "event 0: kind is cloud, but cloud is missing");
	refuse_changed(call_without_record, "event 0: kind is call, but call is missing");
}

static void as_many_events_as_allowed_pass_and_one_more_does_not(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch = sample_batch(&arena, 1, 1, 1, BATCH_EVENTS_MAX), back;
	AUTO_STRBUF frame = STRBUF_INIT;
	AUTO_STRBUF message = STRBUF_INIT;
	struct err err;

	assert_int_equal(wire_batch_encode(&batch, &frame, &err), 0);
	assert_int_equal(wire_batch_decode(frame.data, frame.length, &arena, &back, &err), 0);
	assert_int_equal(back.event_count, BATCH_EVENTS_MAX);
	batch.event_count++;
	assert_int_equal(wire_events_seal(&batch, &message, &frame, &err), ERR_LIMIT);
	for (size_t i = 0; i <= BATCH_EVENTS_MAX; i++)
		strbuf_add(&message, "\x42\x00", 2);
	refuse_message(message.data, message.length, ERR_LIMIT,
		       "frame of 10010 bytes: message of 10002 bytes, byte 10000: more than 5000 events");
}

static void an_event_at_the_size_limit_passes_and_a_larger_one_does_not(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct event event = sample_cloud(&arena, 1);
	struct cloud_record cloud = *event.cloud;
	AUTO_STRBUF list = STRBUF_INIT;
	AUTO_STRBUF bare = STRBUF_INIT;
	char *json = malloc(EVENT_SIZE_MAX + 1);
	struct err err;
	size_t room;

	memset(json, 'x', EVENT_SIZE_MAX);
	cloud.json = json;
	event.cloud = &cloud;
	json[EVENT_SIZE_MAX - 4096] = '\0';
	assert_int_equal(wire_event_encode(&event, &bare, &err), 0);
	room = EVENT_SIZE_MAX - bare.length;
	json[EVENT_SIZE_MAX - 4096] = 'x';
	json[EVENT_SIZE_MAX - 4096 + room] = '\0';
	assert_int_equal(wire_events_add(&list, &event, &err), 0);
	json[EVENT_SIZE_MAX - 4096 + room] = 'x';
	json[EVENT_SIZE_MAX - 4096 + room + 1] = '\0';
	room = list.length;
	assert_int_equal(wire_events_add(&list, &event, &err), ERR_LIMIT);
	assert_string_equal(err.message, "event of 2097153 bytes is over the limit of 2097152");
	assert_int_equal(list.length, room);
	free(json);
}

static void any_flipped_bit_is_noticed(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch = sample_batch(&arena, 1, 1, 1, 3), back;
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;

	assert_int_equal(wire_batch_encode(&batch, &frame, &err), 0);
	for (size_t bit = 0; bit < frame.length * 8; bit++) {
		arena_reset(&arena);
		frame.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_true(wire_batch_decode(frame.data, frame.length, &arena, &back, &err) < 0);
		frame.data[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void what_unpacks_to_more_than_the_arena_holds_is_refused(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = 64u << 10 };
	struct batch back;
	AUTO_STRBUF list = STRBUF_INIT;
	AUTO_STRBUF message = STRBUF_INIT;
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err;

	/* a process with 4000 empty arguments: two bytes each on the wire, far more in memory */
	for (int i = 0; i < 4000; i++)
		strbuf_add(&list, "\x72\x00", 2);
	strbuf_add(&message, BYTES("\x42\xc3\x3e\x32\xc0\x3e"));
	strbuf_add(&message, list.data, list.length);
	add_header(&frame, 0, message.data, message.length);
	assert_int_equal(wire_batch_decode(frame.data, frame.length, &arena, &back, &err), ERR_LIMIT);
	assert_non_null(strstr(err.message, "no room for what a message of 8006 bytes unpacks to"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_with_a_bad_header_are_refused),
		cmocka_unit_test(a_frame_over_the_limit_is_refused_and_one_at_the_limit_is_not),
		cmocka_unit_test(a_compressed_message_must_say_a_size_within_the_limit),
		cmocka_unit_test(a_malformed_message_is_located_by_byte_and_field),
		cmocka_unit_test(bad_values_are_named_with_their_event),
		cmocka_unit_test(as_many_events_as_allowed_pass_and_one_more_does_not),
		cmocka_unit_test(an_event_at_the_size_limit_passes_and_a_larger_one_does_not),
		cmocka_unit_test(any_flipped_bit_is_noticed),
		cmocka_unit_test(what_unpacks_to_more_than_the_arena_holds_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
