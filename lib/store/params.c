#include "store/params.h"

#include <ctype.h>
#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "store/binary.h"

static const struct type_row {
	char letter;
	uint32_t oid, array_oid;
} types[] = {
	{ 'i', OID_INT8, 1016 },	{ 't', OID_TEXT, 1009 }, { 'u', OID_UUID, 2951 },   { 'b', OID_BYTEA, 1001 },
	{ 's', OID_TIMESTAMPTZ, 1185 }, { 'o', OID_BOOL, 1000 }, { 'f', OID_FLOAT8, 1022 }, { 'j', OID_JSONB, 3807 },
};

static const struct type_row *type_of(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].letter == tolower((unsigned char)letter))
			return &types[i];
	}
	return NULL;
}

static bool is_array(const struct params *params, size_t index)
{
	return isupper((unsigned char)params->sql->types[index]);
}

uint32_t params_oid(const struct params *params, size_t index)
{
	const struct type_row *type = type_of(params->sql->types[index]);

	return is_array(params, index) ? type->array_oid : type->oid;
}

static void add_int32(struct strbuf *buf, int32_t value)
{
	uint32_t bytes = htobe32((uint32_t)value);

	strbuf_add(buf, &bytes, sizeof(bytes));
}

/* An array begins with dimensions, a flag for NULLs, the element's type, the length and the first index. */
static void begin_array(struct param *param, uint32_t element)
{
	add_int32(&param->data, 1);
	add_int32(&param->data, 0);
	add_int32(&param->data, (int32_t)element);
	add_int32(&param->data, 0);
	add_int32(&param->data, 1);
}

void params_init(struct params *params, const struct sql *sql)
{
	params->sql = sql;
	params->count = strlen(sql->types);
	for (size_t i = 0; i < params->count; i++) {
		params->items[i].count = 0;
		params->items[i].has_null = false;
		strbuf_init(&params->items[i].data, STORE_PARAM_MAX);
		if (is_array(params, i))
			begin_array(&params->items[i], type_of(sql->types[i])->oid);
	}
}

void params_fini(struct params *params)
{
	for (size_t i = 0; i < params->count; i++)
		strbuf_fini(&params->items[i].data);
	params->count = 0;
}

static void patch_int32(struct strbuf *buf, size_t at, int32_t value)
{
	uint32_t bytes = htobe32((uint32_t)value);

	if (!buf->failed)
		memcpy(buf->data + at, &bytes, sizeof(bytes));
}

static void add_value(struct params *params, size_t index, const void *data, size_t length)
{
	struct param *param = &params->items[index];

	param->count++;
	if (is_array(params, index)) {
		add_int32(&param->data, (int32_t)length);
		patch_int32(&param->data, ARRAY_LENGTH_AT, (int32_t)param->count);
	}
	strbuf_add(&param->data, data, length);
}

static void add_null(struct params *params, size_t index)
{
	struct param *param = &params->items[index];

	if (!is_array(params, index))
		return;
	param->count++;
	param->has_null = true;
	add_int32(&param->data, -1);
	patch_int32(&param->data, ARRAY_LENGTH_AT, (int32_t)param->count);
	patch_int32(&param->data, ARRAY_NULLS_AT, 1);
}

void params_join(struct params *params, const struct params *from)
{
	for (size_t i = 0; i < params->count; i++) {
		struct param *to = &params->items[i];
		const struct param *more = &from->items[i];

		if (!is_array(params, i) || !more->count)
			continue;
		to->count += more->count;
		to->has_null |= more->has_null;
		to->data.failed |= more->data.failed;
		strbuf_add(&to->data, more->data.data + ARRAY_HEADER_SIZE, more->data.length - ARRAY_HEADER_SIZE);
		patch_int32(&to->data, ARRAY_LENGTH_AT, (int32_t)to->count);
		patch_int32(&to->data, ARRAY_NULLS_AT, to->has_null);
	}
}

static void add_int64(struct params *params, size_t index, int64_t value)
{
	uint64_t bytes = htobe64((uint64_t)value);

	add_value(params, index, &bytes, sizeof(bytes));
}

void params_int(struct params *params, size_t index, int64_t value)
{
	add_int64(params, index, value);
}

void params_id(struct params *params, size_t index, int64_t value)
{
	if (value)
		add_int64(params, index, value);
	else
		add_null(params, index);
}

void params_text_length(struct params *params, size_t index, const char *text, size_t length)
{
	AUTO_STRBUF valid;

	strbuf_init(&valid, STORE_PARAM_MAX);
	if (type_of(params->sql->types[index])->oid == OID_JSONB)
		strbuf_addc(&valid, JSONB_VERSION);
	utf8_add(&valid, text, length);
	if (valid.failed)
		params->items[index].data.failed = true;
	add_value(params, index, valid.data, valid.length);
}

void params_text(struct params *params, size_t index, const char *text)
{
	if (text)
		params_text_length(params, index, text, strlen(text));
	else
		add_null(params, index);
}

void params_key(struct params *params, size_t index, const char *text)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];
	AUTO_STRBUF valid = STRBUF_INIT;
	size_t length = STORE_KEY_MAX - sizeof(hex);

	if (text)
		utf8_add(&valid, text, strlen(text));
	if (!text || valid.length <= STORE_KEY_MAX) {
		params_text(params, index, text);
		return;
	}
	SHA256((const unsigned char *)valid.data, valid.length, digest);
	/* Not within a character. */
	while (((unsigned char)valid.data[length] & 0xc0) == 0x80)
		length--;
	strbuf_truncate(&valid, length);
	strbuf_addf(&valid, "~%s", hex_format(digest, sizeof(digest), hex));
	params_text(params, index, valid.data);
}

void params_uuid(struct params *params, size_t index, const uint8_t uuid[STORE_UUID_SIZE])
{
	if (uuid)
		add_value(params, index, uuid, STORE_UUID_SIZE);
	else
		add_null(params, index);
}

void params_bytes(struct params *params, size_t index, const void *data, size_t length)
{
	add_value(params, index, data, length);
}

void params_time(struct params *params, size_t index, int64_t ns)
{
	add_int64(params, index, binary_time_from_ns(ns));
}

void params_bool(struct params *params, size_t index, bool value)
{
	add_value(params, index, value ? "\1" : "\0", 1);
}

void params_float(struct params *params, size_t index, double value)
{
	int64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	add_int64(params, index, bits);
}
