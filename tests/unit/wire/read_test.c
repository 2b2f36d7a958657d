/* What message_read() makes of any bytes is what protobuf-c makes of them, wherever it does not refuse them on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clewline.pb-c.h"
#include "tests/support/sample.h"
#include "wire/convert.h"
#include "wire/read.h"

#define CHANGES 60000

static uint64_t random_state = 20261125;

/* xorshift64: the same numbers in each run */
static uint64_t random_below(uint64_t end)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % end;
}

static void forget_unknown(ProtobufCMessage *message);

static void forget_unknown_in(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	char *at = (char *)message + field->offset;

	if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		return;
	if (field->label != PROTOBUF_C_LABEL_REPEATED) {
		if (*(ProtobufCMessage **)at)
			forget_unknown(*(ProtobufCMessage **)at);
		return;
	}
	for (size_t i = 0; i < *(size_t *)((char *)message + field->quantifier_offset); i++)
		forget_unknown((*(ProtobufCMessage ***)at)[i]);
}

/* protobuf-c keeps what it does not know, and would write it again; what is freed by it is leaked by this. */
static void forget_unknown(ProtobufCMessage *message)
{
	message->n_unknown_fields = 0;
	for (unsigned int i = 0; i < message->descriptor->n_fields; i++)
		forget_unknown_in(message, &message->descriptor->fields[i]);
}

static void *take(void *arena, size_t size)
{
	return arena_alloc(arena, size + 1);
}

static void give(void *arena UNUSED, void *pointer UNUSED)
{
}

static size_t written(const ProtobufCMessage *message, struct arena *arena, uint8_t **ret)
{
	*ret = arena_alloc(arena, protobuf_c_message_get_packed_size(message) + 1);
	return protobuf_c_message_pack(message, *ret);
}

/* True if both read it, and then to the same. */
static bool read_alike(const void *data, size_t size, const ProtobufCMessageDescriptor *schema)
{
	AUTO_ARENA arena = { .max = 64u << 20 };
	ProtobufCAllocator allocator = { take, give, &arena };
	const struct message message = { data, size };
	ProtobufCMessage *theirs;
	uint8_t *our_bytes, *their_bytes;
	void *ours = NULL;
	struct err err;
	size_t length;

	if (message_read(&message, schema, &arena, &ours, &err) < 0)
		return false;
	theirs = protobuf_c_message_unpack(schema, &allocator, size, data);
	assert_non_null(theirs);
	forget_unknown(theirs);
	length = written(ours, &arena, &our_bytes);
	assert_int_equal(written(theirs, &arena, &their_bytes), length);
	assert_memory_equal(our_bytes, their_bytes, length);
	return true;
}

static void make_batch(struct strbuf *out)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch = sample_batch(&arena, 1, 1, 1, 0);
	const struct event events[] = { sample_exec(&arena, 1), sample_file(&arena, 2), sample_alert(&arena, 3),
					sample_cloud(&arena, 4) };

	assert_int_equal(batch_head_pack(&batch, out, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_int_equal(wire_events_add(out, &events[i], NULL), 0);
}

static void samples_read_alike(void **state UNUSED)
{
	AUTO_STRBUF bytes = STRBUF_INIT;

	make_batch(&bytes);
	assert_true(read_alike(bytes.data, bytes.length, &clewline__v1__batch__descriptor));
	assert_true(read_alike("", 0, &clewline__v1__batch__descriptor));
}

/* Some of what is changed is still a message, most of it with other values in it. */
static void what_was_changed_at_random_reads_alike_or_is_refused(void **state UNUSED)
{
	AUTO_STRBUF bytes = STRBUF_INIT;
	char *changed;
	size_t alike = 0;

	make_batch(&bytes);
	changed = malloc(bytes.length);
	assert_non_null(changed);
	for (int i = 0; i < CHANGES; i++) {
		memcpy(changed, bytes.data, bytes.length);
		for (uint64_t n = 1 + random_below(3); n; n--)
			changed[random_below(bytes.length)] = (char)random_below(256);
		alike += read_alike(changed, bytes.length, &clewline__v1__batch__descriptor);
	}
	free(changed);
	assert_true(alike > CHANGES / 100);
}

/* Numbers at their ends, of each type there is. */
static void numbers_read_alike(void **state UNUSED)
{
	static const int64_t values[] = { 0, 1, -1, 127, 128, -128, INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		Clewline__V1__Batch batch = CLEWLINE__V1__BATCH__INIT;
		Clewline__V1__Event event = CLEWLINE__V1__EVENT__INIT, *events[] = { &event };
		Clewline__V1__FileChange file = CLEWLINE__V1__FILE_CHANGE__INIT;
		uint8_t packed[512];
		size_t size;

		batch.clock_offset_ns = batch.sent_ns = values[i];
		batch.epoch = (uint64_t)values[i];
		batch.is_last = values[i] != 0;
		event.exit_status = (int32_t)values[i];
		event.kind = (uint32_t)values[i];
		file.result = values[i];
		file.op = (Clewline__V1__FileOp)(int32_t)values[i];
		event.file = &file;
		batch.events = events;
		batch.n_events = ARRAY_SIZE(events);
		size = clewline__v1__batch__pack(&batch, packed);
		assert_true(read_alike(packed, size, &clewline__v1__batch__descriptor));
	}
}

/* Texts of each length up to where words, and then calls, take over; a NUL byte or a bad one at each place is seen. */
static void texts_of_any_length_are_taken_whole_and_looked_at_everywhere(void **state UNUSED)
{
	uint8_t bytes[2 + 150] = { 5 << 3 | 2 };

	for (size_t length = 0; length < 128; length++) {
		bytes[1] = (uint8_t)length;
		for (size_t i = 0; i < length; i++)
			bytes[2 + i] = (uint8_t)('a' + i % 26);
		assert_true(read_alike(bytes, 2 + length, &clewline__v1__event__descriptor));
		for (size_t i = 0; i < length; i++) {
			uint8_t kept = bytes[2 + i];

			bytes[2 + i] = 0;
			assert_false(read_alike(bytes, 2 + length, &clewline__v1__event__descriptor));
			bytes[2 + i] = 0xff;
			assert_false(read_alike(bytes, 2 + length, &clewline__v1__event__descriptor));
			bytes[2 + i] = kept;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_read_alike),
		cmocka_unit_test(what_was_changed_at_random_reads_alike_or_is_refused),
		cmocka_unit_test(numbers_read_alike),
		cmocka_unit_test(texts_of_any_length_are_taken_whole_and_looked_at_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
