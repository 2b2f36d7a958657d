#include "report/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "model/entity.h"

#define TASK_ID_LENGTH 32
#define TASK_ID_SHORT  8
#define DIGEST_SHORT   19 /* sha256: and 12 digits */

const json_t *report_list(const struct report *report, const char *name)
{
	const json_t *list = json_object_get(report->document, name);

	return json_is_array(list) ? list : NULL;
}

const json_t *report_entity(const struct report *report, const char *id)
{
	return id ? json_object_get(report->entities, id) : NULL;
}

static bool is_task_id(const char *text)
{
	size_t length = strspn(text, "0123456789abcdef");

	return length == TASK_ID_LENGTH && !text[length];
}

/* Last part of an ARN; ids and digests are cut to what a person compares. */
static void add_short_name(const struct report *report, struct strbuf *line, const char *name)
{
	const char *slash = strrchr(name, '/');
	char cut[DIGEST_SHORT + 1];

	if (strncmp(name, "arn:", 4) == 0 && slash)
		name = slash + 1;
	if (is_task_id(name))
		snprintf(cut, sizeof(cut), "%.*s", TASK_ID_SHORT, name);
	else if (strncmp(name, "sha256:", 7) == 0)
		snprintf(cut, sizeof(cut), "%s", name);
	else
		cut[0] = '\0';
	page_escape(&report->page, line, cut[0] ? cut : name);
}

void report_entity_add(const struct report *report, struct strbuf *line, const json_t *entity)
{
	const char *kind = json_text(entity, "kind"), *name = json_text(entity, "name");

	if (!name || !*name)
		name = json_text(entity, "key");
	page_escape(&report->page, line, kind ? kind : "entity");
	if (!name)
		return;
	strbuf_addc(line, ' ');
	add_short_name(report, line, name);
}

void report_source_add(const struct report *report, struct strbuf *line, const char *source, bool is_short)
{
	AUTO_FREE char *copy = strdup(source);
	char *rest = NULL;
	bool is_first = true;

	for (char *word = copy ? strtok_r(copy, " ", &rest) : NULL; word; word = strtok_r(NULL, " ", &rest)) {
		if (is_short && !is_first && *rest)
			continue;
		if (!is_first)
			strbuf_addc(line, ' ');
		add_short_name(report, line, word);
		is_first = false;
	}
}

void report_time_add(const struct report *report, struct strbuf *line, const char *time)
{
	char text[TIME_TEXT_MAX];
	int64_t ns;

	if (!time || time_parse(time, &ns, NULL) < 0) {
		page_escape(&report->page, line, time ? time : "?");
		return;
	}
	time_format(ns, strchr(time, '.') ? 3 : 0, text);
	if (strncmp(text, report->day, 10) == 0) {
		strbuf_adds(line, text + 11);
		return;
	}
	text[10] = ' ';
	strbuf_adds(line, text);
}

bool report_label(const struct report *report, const char *event, char out[LABEL_MAX])
{
	const json_t *number = event ? json_object_get(report->labels, event) : NULL;

	if (!number)
		return false;
	snprintf(out, LABEL_MAX, "e%lld", (long long)json_integer_value(number));
	return true;
}

int report_priority(const json_t *row)
{
	const char *word = json_text(row, "priority");

	return word ? priority_find(word) : -1;
}

bool report_ns(const json_t *row, const char *name, int64_t *ret_ns)
{
	const char *text = json_text(row, name);

	return text && time_parse(text, ret_ns, NULL) == 0;
}
