#include "cloudrecord/element.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "json/json.h"

#define PARSE_FLAGS (JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK)

/* Value of \uXXXX at text, or -1. */
static int unit_at(const char *text, size_t left)
{
	char digits[5] = "";

	if (left < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)text[2 + i]))
			return -1;
		digits[i] = text[2 + i];
	}
	return (int)strtol(digits, NULL, 16);
}

static bool is_high(int unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

/* Writes text with lone surrogates replaced. */
static void repair_surrogates(const struct strbuf *text, struct strbuf *out)
{
	for (size_t i = 0; i < text->length;) {
		int unit = unit_at(text->data + i, text->length - i);
		size_t step = 1;

		if (is_high(unit) && is_low(unit_at(text->data + i + 6, text->length - i - 6)))
			step = 12;
		else if (unit >= 0)
			step = 6;
		else if (text->data[i] == '\\' && i + 1 < text->length)
			step = 2;
		if (step == 6 && (is_high(unit) || is_low(unit)))
			strbuf_adds(out, "\\ufffd");
		else
			strbuf_add(out, text->data + i, step);
		i += step;
	}
}

static json_t *parse_repaired(const char *text, size_t length)
{
	AUTO_STRBUF valid = STRBUF_INIT;
	AUTO_STRBUF repaired = STRBUF_INIT;
	json_error_t error;

	utf8_add(&valid, text, length);
	repair_surrogates(&valid, &repaired);
	/* Counters over 63 bits come out as the nearest real number. */
	return json_loadb(repaired.data, repaired.length, PARSE_FLAGS | JSON_DECODE_INT_AS_REAL, &error);
}

int element_parse(const char *text, size_t length, json_t **ret, size_t *ret_where, char *message, size_t size)
{
	json_error_t error;

	*ret = json_loadb(text, length, PARSE_FLAGS, &error);
	if (!*ret)
		*ret = parse_repaired(text, length);
	if (*ret)
		return 0;
	*ret_where = error.position > 0 ? (size_t)error.position - 1 : 0;
	snprintf(message, size, "%s", error.text);
	return ERR_SYNTAX;
}

/* Logstash and its kin move the time to "@timestamp". */
static bool looks_like_record(const json_t *json)
{
	bool has_time = json_text(json, "eventTime") || json_text(json, "@timestamp");
	bool has_name = json_text(json, "eventName"), has_version = json_object_get(json, "eventVersion");

	return has_time ? has_name || has_version || json_object_get(json, "eventID") : has_name && has_version;
}

enum element_kind element_kind(const json_t *json)
{
	if (looks_like_record(json))
		return ELEMENT_RECORD;
	if (looks_like_record(json_object_get(json, "detail")))
		return ELEMENT_ENVELOPE;
	if (json_text(json, "CloudTrailEvent"))
		return ELEMENT_LOOKUP;
	if (json_object_get(json, "digestS3Object") || json_object_get(json, "digestStartTime"))
		return ELEMENT_DIGEST;
	return ELEMENT_OTHER;
}
