#include "wire/read.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "clewline.pb-c.h"
#include "model/batch.h"
#include "wire/scan.h"

#define DEPTH_MAX  8  /* messages within messages; the schema needs 4 */
#define WORDS_UPTO 64 /* bytes; longer texts are worth the calls to what is made for long ones */

struct reader {
	struct arena *arena;
	char *texts; /* where the next one goes; each has two bytes or more before it in the message, so they all fit into its size */
	const uint8_t *start; /* of the outermost message */
	size_t size;
};

/* Where in the message the reader is; chained over the stack. */
struct place {
	const struct place *up;
	const ProtobufCFieldDescriptor *field; /* NULL for the outermost message */
	size_t index;			       /* of a repeated field */
	int depth;
};

static const struct {
	const ProtobufCMessageDescriptor *schema;
	unsigned int field;
	size_t max;
} list_limits[] = {
	{ &clewline__v1__batch__descriptor, 8, BATCH_EVENTS_MAX },
	{ &clewline__v1__event__descriptor, 7, LINEAGE_MAX },
	{ &clewline__v1__alert__descriptor, 10, RESPONSES_MAX },
	{ &clewline__v1__ecs_task__descriptor, 11, TASK_NETWORKS_MAX },
	{ &clewline__v1__task_network__descriptor, 4, NETWORK_ADDRESSES_MAX },
};

static void path_add(const struct place *place, struct strbuf *path)
{
	if (!place || !place->field)
		return;
	path_add(place->up, path);
	if (path->length)
		strbuf_addc(path, '.');
	strbuf_adds(path, place->field->name);
	if (place->field->label == PROTOBUF_C_LABEL_REPEATED)
		strbuf_addf(path, "[%zu]", place->index);
}

static int fail(const struct reader *reader, const struct place *place, const uint8_t *at, const char *reason,
		struct err *err)
{
	AUTO_STRBUF path = STRBUF_INIT;

	path_add(place, &path);
	return err_set(err, ERR_SYNTAX, "message of %zu bytes, byte %zu%s%s: %s", reader->size,
		       (size_t)(at - reader->start), path.length ? ", " : "", path.data, reason);
}

static int fail_count(const struct reader *reader, const uint8_t *at, int code, struct err *err)
{
	return code < 0 ? err_wrap(err, "message of %zu bytes, byte %zu", reader->size, (size_t)(at - reader->start))
			: 0;
}

static int no_room(const struct reader *reader, struct err *err)
{
	return err_set(err, ERR_LIMIT, "no room for what a message of %zu bytes unpacks to", reader->size);
}

static enum wire_type expected_type(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_FIXED32;
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_FIXED64;
	default:
		return WIRE_VARINT;
	}
}

/* Fields are sorted by number, and the schema leaves none out: the first look is nearly always right. */
static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *schema, uint32_t number)
{
	if (number - 1 < schema->n_fields && schema->fields[number - 1].id == number)
		return &schema->fields[number - 1];
	return protobuf_c_message_descriptor_get_field(schema, number);
}

static size_t limit_of(const ProtobufCMessageDescriptor *schema, const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_limits); i++) {
		if (list_limits[i].schema == schema && list_limits[i].field == field->id)
			return list_limits[i].max;
	}
	return SIZE_MAX;
}

static size_t element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	default:
		return sizeof(uint64_t);
	}
}

/* Of a list, how many elements there are, the first one read already, up to max; a malformed field ends the count, and then the reading. */
static size_t count_elements(struct scan rest, uint32_t number, size_t max)
{
	struct scan_field field;
	size_t count = 1;

	while (count < max && scan_next(&rest, &field) > 0)
		count += field.number == number;
	return count;
}

/* Where the field's value is to go: *ret_target, for a list one more element of it. rest is behind the field. */
static int find_target(const struct reader *reader, const ProtobufCMessageDescriptor *schema, const struct scan *rest,
		       char *base, struct place *place, void **ret_target, struct err *err)
{
	const ProtobufCFieldDescriptor *field = place->field;
	char **list = (char **)(base + field->offset);
	size_t *count, max;

	*ret_target = list;
	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return field->type == PROTOBUF_C_TYPE_MESSAGE && *list
			       ? err_set(err, ERR_SYNTAX, "%s is given twice", field->name)
			       : 0;
	count = (size_t *)(base + field->quantifier_offset);
	place->index = *count;
	max = limit_of(schema, field);
	if (*count >= max)
		return err_set(err, ERR_LIMIT, "more than %zu %s", max, field->name);
	if (*count == 0)
		*list = arena_take(reader->arena, count_elements(*rest, field->id, max) * element_size(field->type));
	if (!*list)
		return no_room(reader, err);
	*ret_target = *list + (*count)++ * element_size(field->type);
	return 0;
}

static uint64_t load_word(const void *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))
#define HAS_NUL(word)	 (((word)-EACH_BYTE(1)) & ~(word)&EACH_BYTE(0x80)) /* not 0 if a byte of word is 0 */

struct text_kind {
	bool has_nul, has_high; /* high: not ASCII */
};

/* Eight bytes at a time, the last ones once more where they overlap: most texts are of ten to forty bytes. */
static struct text_kind copy_words(char *to, const uint8_t *from, size_t size)
{
	uint64_t nul = 0, high = 0, word;

	for (size_t i = 0; i + sizeof(word) < size; i += sizeof(word)) {
		word = load_word(from + i);
		nul |= HAS_NUL(word);
		high |= word;
		memcpy(to + i, &word, sizeof(word));
	}
	word = load_word(from + size - sizeof(word));
	nul |= HAS_NUL(word);
	high |= word;
	memcpy(to + size - sizeof(word), &word, sizeof(word));
	return (struct text_kind){ nul != 0, (high & EACH_BYTE(0x80)) != 0 };
}

static struct text_kind copy_bytewise(char *to, const uint8_t *from, size_t size)
{
	struct text_kind kind = { 0 };

	for (size_t i = 0; i < size; i++) {
		kind.has_nul |= !from[i];
		kind.has_high |= from[i] >= 0x80;
		to[i] = (char)from[i];
	}
	return kind;
}

static struct text_kind copy_text(char *to, const uint8_t *from, size_t size)
{
	if (size < sizeof(uint64_t))
		return copy_bytewise(to, from, size);
	if (size <= WORDS_UPTO)
		return copy_words(to, from, size);
	memcpy(to, from, size);
	return (struct text_kind){ memchr(from, 0, size) != NULL, true };
}

/* All other fields of bytes are texts that a workload chose. Their names stand in outermost messages only. */
static bool is_binary(const struct place *place)
{
	static const char *const names[] = { "stream_id", "csr", "secret" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!place->up->field && place->field->type == PROTOBUF_C_TYPE_BYTES &&
		    !strcmp(place->field->name, names[i]))
			return true;
	}
	return false;
}

static int read_text(struct reader *reader, const struct scan_field *field, const struct place *place, void *target,
		     struct err *err)
{
	bool is_string = place->field->type == PROTOBUF_C_TYPE_STRING;
	char *text = reader->texts;
	struct text_kind kind = copy_text(text, field->data, field->size);

	if (is_string && kind.has_high && utf8_prefix(text, field->size) != field->size)
		return fail(reader, place, field->data, "is not UTF-8", err);
	if (kind.has_nul && !is_binary(place))
		return fail(reader, place, field->data, "holds a NUL byte", err);
	text[field->size] = '\0';
	reader->texts += field->size + 1;
	if (is_string)
		*(char **)target = text;
	else
		*(ProtobufCBinaryData *)target = (ProtobufCBinaryData){ field->size, (uint8_t *)text };
	return 0;
}

static int read_message(struct reader *reader, const ProtobufCMessageDescriptor *schema, struct scan *scan,
			const struct place *up, void **ret, struct err *err);

static int read_value(struct reader *reader, const struct scan_field *field, const struct place *place, void *target,
		      struct err *err)
{
	switch (place->field->type) {
	case PROTOBUF_C_TYPE_MESSAGE: {
		struct scan inner = { .data = field->data, .size = field->size };

		if (place->depth >= DEPTH_MAX)
			return fail(reader, place, field->data, "is nested too deeply", err);
		return read_message(reader, place->field->descriptor, &inner, place, target, err);
	}
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
		return read_text(reader, field, place, target, err);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_ENUM:
		*(uint32_t *)target = (uint32_t)field->value;
		return 0;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		*(uint64_t *)target = field->value;
		return 0;
	case PROTOBUF_C_TYPE_SINT64:
		*(uint64_t *)target = field->value >> 1 ^ (~(field->value & 1) + 1);
		return 0;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)target = field->value != 0;
		return 0;
	default:
		return fail(reader, place, reader->start, "is of a type that the schema did not use to have", err);
	}
}

static int read_field(struct reader *reader, const ProtobufCMessageDescriptor *schema, const struct scan *rest,
		      const struct scan_field *field, const uint8_t *at, char *base, struct place *place,
		      struct err *err)
{
	void *target;
	int code = find_target(reader, schema, rest, base, place, &target, err);

	if (code < 0)
		return fail_count(reader, at, code, err);
	if (field->type != expected_type(place->field->type))
		return fail(reader, place, at, "has the wrong wire type", err);
	return read_value(reader, field, place, target, err);
}

static int read_message(struct reader *reader, const ProtobufCMessageDescriptor *schema, struct scan *scan,
			const struct place *up, void **ret, struct err *err)
{
	char *base = arena_take(reader->arena, schema->sizeof_message);
	struct scan_field field;
	const uint8_t *at = scan->data;
	int more, code;

	if (!base)
		return no_room(reader, err);
	schema->message_init((ProtobufCMessage *)base);
	while ((more = scan_next(scan, &field)) > 0) {
		struct place place = { .up = up, .field = field_of(schema, field.number), .depth = up->depth + 1 };

		code = place.field ? read_field(reader, schema, scan, &field, at, base, &place, err) : 0;
		if (code < 0)
			return code;
		at = scan->data + scan->offset;
	}
	*ret = base;
	return more < 0 ? fail(reader, up, at, scan->reason, err) : 0;
}

int message_read(const struct message *message, const ProtobufCMessageDescriptor *schema, struct arena *arena,
		 void **ret, struct err *err)
{
	struct scan scan = { .data = message->data, .size = message->size };
	struct reader reader = { .arena = arena, .start = message->data, .size = message->size };
	const struct place outermost = { 0 };

	reader.texts = arena_take(arena, message->size + 1);
	return reader.texts ? read_message(&reader, schema, &scan, &outermost, ret, err) : no_room(&reader, err);
}
