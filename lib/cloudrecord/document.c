#include "cloudrecord/document.h"

#include <stdio.h>
#include <string.h>

#include "cloudrecord/element.h"
#include "cloudrecord/frame.h"
#include "json/json.h"

#define MESSAGE_MAX_BYTES 256

struct reading {
	const char *text;
	size_t length, at;
	const struct document_sink *sink;
	struct document_counts *counts;
	struct err *err;
};

static void complain(struct reading *reading, size_t offset, const char *message)
{
	size_t line = 1, begin = 0;

	if (reading->counts->problems++ >= DOCUMENT_PROBLEMS_MAX)
		return;
	for (size_t i = 0; i < offset && i < reading->length; i++) {
		if (reading->text[i] == '\n') {
			line++;
			begin = i + 1;
		}
	}
	reading->sink->problem(reading->sink->context, line, offset - begin + 1, message);
}

static void ends_early(struct reading *reading)
{
	reading->counts->ended_early = true;
	if (!reading->sink->known_cut)
		complain(reading, reading->length, "JSON ends early");
	reading->at = reading->length;
}

static int give(struct reading *reading, json_t *json)
{
	reading->counts->records++;
	return reading->sink->record(reading->sink->context, json, reading->err);
}

static int take_object(struct reading *reading, size_t offset, json_t *json)
{
	AUTO_JSON inner = NULL;
	char message[MESSAGE_MAX_BYTES];
	size_t where;
	const char *text;

	switch (element_kind(json)) {
	case ELEMENT_RECORD:
		return give(reading, json);
	case ELEMENT_ENVELOPE:
		inner = json_incref(json_object_get(json, "detail"));
		if (!json_object_get(inner, "eventTime") && json_text(json, "time"))
			json_object_set(inner, "eventTime", json_object_get(json, "time"));
		return give(reading, inner);
	case ELEMENT_LOOKUP:
		text = json_text(json, "CloudTrailEvent");
		if (element_parse(text, strlen(text), &inner, &where, message, sizeof(message)) < 0 ||
		    element_kind(inner) != ELEMENT_RECORD)
			complain(reading, offset, "CloudTrailEvent holds no CloudTrail record");
		else
			return give(reading, inner);
		return 0;
	case ELEMENT_DIGEST:
		reading->counts->digests++;
		return 0;
	case ELEMENT_OTHER:
		complain(reading, offset, "not a CloudTrail record: it has neither eventTime nor eventName");
		return 0;
	}
	return 0;
}

/* The value at reading->at, up to end. A bad one is reported and left out: one broken record must not hide the others. */
static int take_element(struct reading *reading, size_t end)
{
	AUTO_JSON json = NULL;
	char message[MESSAGE_MAX_BYTES];
	size_t begin = reading->at, where;

	reading->at = end;
	if (end - begin > RECORD_SIZE_MAX) {
		snprintf(message, sizeof(message), "record is larger than %u bytes", RECORD_SIZE_MAX);
		complain(reading, begin, message);
		return 0;
	}
	if (element_parse(reading->text + begin, end - begin, &json, &where, message, sizeof(message)) < 0) {
		complain(reading, begin + where, message);
		return 0;
	}
	return take_object(reading, begin, json);
}

static int take_array(struct reading *reading)
{
	reading->at++;
	for (;;) {
		size_t end;
		int code;

		reading->at = frame_blank(reading->text, reading->length, reading->at);
		if (reading->at < reading->length && reading->text[reading->at] == ']') {
			reading->at++;
			return 0;
		}
		if (!frame_value(reading->text, reading->length, reading->at, &end)) {
			ends_early(reading);
			return 0;
		}
		code = take_element(reading, end);
		if (code < 0)
			return code;
		reading->at = frame_blank(reading->text, reading->length, reading->at);
		if (reading->at < reading->length && reading->text[reading->at] == ',') {
			reading->at++;
		} else if (reading->at < reading->length && reading->text[reading->at] != ']') {
			complain(reading, reading->at, "a comma or ] is expected here");
			reading->at = reading->length;
			return 0;
		}
	}
}

/* Finds the array of records in the object that begins at reading->at; its place, or 0. */
static size_t find_records(const struct reading *reading)
{
	static const char *const names[] = { "\"Records\"", "\"Events\"" };
	const char *text = reading->text;
	size_t at = reading->at + 1, length = reading->length, end;

	for (;;) {
		size_t name;

		at = frame_blank(text, length, at);
		if (at >= length || text[at] != '"' || !frame_value(text, length, at, &end))
			return 0;
		name = at;
		at = frame_blank(text, length, end);
		if (at >= length || text[at] != ':')
			return 0;
		at = frame_blank(text, length, at + 1);
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (at < length && text[at] == '[' && end - name == strlen(names[i]) &&
			    memcmp(text + name, names[i], end - name) == 0)
				return at;
		}
		if (at >= length || !frame_value(text, length, at, &end))
			return 0;
		at = frame_blank(text, length, end);
		if (at >= length || text[at] != ',')
			return 0;
		at++;
	}
}

static int take_top(struct reading *reading)
{
	size_t end, records = reading->text[reading->at] == '{' ? find_records(reading) : 0;
	bool whole = frame_value(reading->text, reading->length, reading->at, &end);
	int code;

	if (records)
		reading->at = records;
	if (reading->text[reading->at] == '[') {
		code = take_array(reading);
		if (whole && reading->at < end)
			reading->at = end;
		return code;
	}
	if (!whole) {
		ends_early(reading);
		return 0;
	}
	return take_element(reading, end);
}

int document_read(const char *text, size_t length, const struct document_sink *sink, struct document_counts *counts,
		  struct err *err)
{
	struct reading reading = { .text = text, .length = length, .sink = sink, .counts = counts, .err = err };
	uint64_t taken = 0;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reading.at = 3;
	for (;;) {
		int code;

		reading.at = frame_blank(text, length, reading.at);
		if (reading.at >= length)
			break;
		taken++;
		code = take_top(&reading);
		if (code < 0)
			return code;
	}
	if (!taken)
		ends_early(&reading);
	return 0;
}
