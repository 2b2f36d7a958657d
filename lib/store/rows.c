#include "store/rows.h"

#include <endian.h>
#include <libpq-fe.h>
#include <string.h>

#include "store/binary.h"

struct value {
	const char *data;
	size_t length;
	bool is_null;
};

static const struct {
	Oid oid[3]; /* types a column of this kind may have */
} accepted[] = {
	[COLUMN_INT] = { { OID_INT8, OID_INT4, OID_INT2 } },
	[COLUMN_ENUM] = { { OID_INT2, OID_INT4 } },
	[COLUMN_BOOL] = { { OID_BOOL } },
	[COLUMN_FLOAT] = { { OID_FLOAT8 } },
	[COLUMN_TEXT] = { { OID_TEXT } },
	[COLUMN_JSON] = { { OID_JSONB } },
	[COLUMN_UUID] = { { OID_UUID } },
	[COLUMN_BYTES] = { { OID_BYTEA } },
	[COLUMN_TIME] = { { OID_TIMESTAMPTZ } },
};

static bool column_fits(Oid oid, enum column_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(accepted[type].oid); i++) {
		if (accepted[type].oid[i] == oid)
			return true;
	}
	return false;
}

static int64_t read_int(const struct value *value)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (value->is_null ? 0 : value->length) {
	case sizeof(two):
		memcpy(&two, value->data, sizeof(two));
		return (int16_t)be16toh(two);
	case sizeof(four):
		memcpy(&four, value->data, sizeof(four));
		return (int32_t)be32toh(four);
	case sizeof(eight):
		memcpy(&eight, value->data, sizeof(eight));
		return (int64_t)be64toh(eight);
	}
	return 0;
}

static bool read_text(struct value value, bool is_json, const char **out, struct arena *arena)
{
	if (value.is_null)
		return true;
	if (is_json && value.length) {
		value.data++;
		value.length--;
	}
	*out = arena_copy(arena, value.data, value.length);
	return *out;
}

static bool read_bytes(const struct value *value, struct store_bytes *out, struct arena *arena)
{
	if (value->is_null)
		return true;
	out->data = (const uint8_t *)arena_copy(arena, value->data, value->length);
	out->length = value->length;
	return out->data;
}

/* False without memory. */
static bool read_value(const struct value *value, enum column_type type, void *member, struct arena *arena)
{
	int64_t bits;

	switch (type) {
	case COLUMN_INT:
		*(int64_t *)member = read_int(value);
		return true;
	case COLUMN_ENUM:
		*(int *)member = (int)read_int(value);
		return true;
	case COLUMN_BOOL:
		*(bool *)member = !value->is_null && value->length == 1 && *value->data;
		return true;
	case COLUMN_FLOAT:
		bits = read_int(value);
		memcpy(member, &bits, sizeof(bits));
		return true;
	case COLUMN_TEXT:
	case COLUMN_JSON:
		return read_text(*value, type == COLUMN_JSON, member, arena);
	case COLUMN_UUID:
		if (!value->is_null && value->length == STORE_UUID_SIZE)
			memcpy(member, value->data, STORE_UUID_SIZE);
		return true;
	case COLUMN_BYTES:
		return read_bytes(value, member, arena);
	case COLUMN_TIME:
		*(int64_t *)member = value->is_null ? 0 : binary_time_to_ns(read_int(value));
		return true;
	}
	return false;
}

static int check_shape(const PGresult *result, const struct row_shape *shape, struct err *err)
{
	if ((size_t)PQnfields(result) != shape->column_count)
		return err_set(err, ERR_FAILED, "statement gives %d columns, but its row has %zu", PQnfields(result),
			       shape->column_count);
	for (size_t i = 0; i < shape->column_count; i++) {
		if (!column_fits(PQftype(result, (int)i), shape->columns[i].type))
			return err_set(err, ERR_FAILED, "column \"%s\" has type %u, which its row cannot hold",
				       PQfname(result, (int)i), PQftype(result, (int)i));
	}
	return 0;
}

int rows_read(const PGresult *result, const struct row_shape *shape, struct arena *arena, void **ret,
	      size_t *ret_count, struct err *err)
{
	int count = PQntuples(result);
	char *rows;

	if (check_shape(result, shape, err) < 0)
		return err->code;
	rows = arena_alloc(arena, shape->size * (size_t)count + 1);
	if (!rows)
		return err_set(err, ERR_MEMORY, "no room for %d rows", count);
	for (int row = 0; row < count; row++) {
		for (size_t i = 0; i < shape->column_count; i++) {
			struct value value = {
				.data = PQgetvalue(result, row, (int)i),
				.length = (size_t)PQgetlength(result, row, (int)i),
				.is_null = PQgetisnull(result, row, (int)i),
			};

			if (!read_value(&value, shape->columns[i].type,
					rows + shape->size * (size_t)row + shape->columns[i].offset, arena))
				return err_set(err, ERR_MEMORY, "no room for row %d of %d", row, count);
		}
	}
	*ret = rows;
	*ret_count = (size_t)count;
	return 0;
}
