#include "wire/check.h"

#include <string.h>

#include "base/utf8.h"
#include "clewline.pb-c.h"
#include "model/batch.h"
#include "wire/scan.h"

#define DEPTH_MAX	  8 /* messages within messages; the schema needs 4 */
#define SCHEMA_FIELDS_MAX 32

/* Where in the message the check is; chained over the stack. */
struct place {
	const struct place *up;
	const ProtobufCFieldDescriptor *field; /* NULL for the outermost message */
	size_t index;			       /* of a repeated field */
	const uint8_t *start;		       /* of the outermost message */
	size_t size;
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

static int fail(const struct place *place, const uint8_t *at, const char *reason, struct err *err)
{
	AUTO_STRBUF path = STRBUF_INIT;

	path_add(place, &path);
	return err_set(err, ERR_SYNTAX, "message of %zu bytes, byte %zu%s%s: %s", place->size,
		       (size_t)(at - place->start), path.length ? ", " : "", path.data, reason);
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

static int check_count(const ProtobufCMessageDescriptor *schema, const struct place *place, struct err *err)
{
	if (place->field->label != PROTOBUF_C_LABEL_REPEATED && place->index &&
	    place->field->type == PROTOBUF_C_TYPE_MESSAGE)
		return err_set(err, ERR_SYNTAX, "%s is given twice", place->field->name);
	for (size_t i = 0; i < ARRAY_SIZE(list_limits); i++) {
		if (list_limits[i].schema == schema && list_limits[i].field == place->field->id &&
		    place->index >= list_limits[i].max)
			return err_set(err, ERR_LIMIT, "more than %zu %s", list_limits[i].max, place->field->name);
	}
	return 0;
}

static int check_fields(const ProtobufCMessageDescriptor *schema, struct scan *scan, const struct place *up,
			struct err *err);

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

static int check_value(const struct scan_field *field, const struct place *place, struct err *err)
{
	const uint8_t *at = field->data ? field->data : place->start;
	const ProtobufCFieldDescriptor *info = place->field;

	switch (info->type) {
	case PROTOBUF_C_TYPE_MESSAGE: {
		struct scan inner = { .data = field->data, .size = field->size };

		if (place->depth >= DEPTH_MAX)
			return fail(place, at, "is nested too deeply", err);
		return check_fields(info->descriptor, &inner, place, err);
	}
	case PROTOBUF_C_TYPE_STRING:
		if (utf8_prefix((const char *)field->data, field->size) != field->size)
			return fail(place, at, "is not UTF-8", err);
		/* fall through */
	case PROTOBUF_C_TYPE_BYTES:
		if (is_binary(place))
			return 0;
		if (field->size && memchr(field->data, 0, field->size))
			return fail(place, at, "holds a NUL byte", err);
		return 0;
	default:
		return 0;
	}
}

static int check_fields(const ProtobufCMessageDescriptor *schema, struct scan *scan, const struct place *up,
			struct err *err)
{
	size_t counts[SCHEMA_FIELDS_MAX] = { 0 };
	struct scan_field field;
	size_t offset = 0;
	int more;

	while ((more = scan_next(scan, &field)) > 0) {
		struct place place = { .up = up, .start = up->start, .size = up->size, .depth = up->depth + 1 };
		const uint8_t *at = scan->data + offset;
		int code;

		offset = scan->offset;
		place.field = protobuf_c_message_descriptor_get_field(schema, field.number);
		if (!place.field)
			continue;
		place.index = counts[(size_t)(place.field - schema->fields) % SCHEMA_FIELDS_MAX]++;
		code = check_count(schema, &place, err);
		if (code < 0)
			return err_wrap(err, "message of %zu bytes, byte %zu", up->size, (size_t)(at - up->start));
		if (field.type != expected_type(place.field->type))
			return fail(&place, at, "has the wrong wire type", err);
		code = check_value(&field, &place, err);
		if (code < 0)
			return code;
	}
	return more < 0 ? fail(up, scan->data + scan->offset, scan->reason, err) : 0;
}

int message_check(const struct message *message, const ProtobufCMessageDescriptor *schema, struct err *err)
{
	struct scan scan = { .data = message->data, .size = message->size };
	struct place outermost = { .start = message->data, .size = message->size };

	return check_fields(schema, &scan, &outermost, err);
}
