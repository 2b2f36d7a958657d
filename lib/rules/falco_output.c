#include "rules/falco_output.h"

#include <string.h>
#include <time.h>

#include "base/time.h"
#include "json/json.h"
#include "model/entity.h"
#include "text/escape.h"

/* Escapes as JSON does, without the quotes around, and then what a terminal would act on. */
static void line_add(const char *text, struct strbuf *out)
{
	AUTO_JSON object = json_object();
	AUTO_FREE char *encoded = NULL;
	char *at, *end;

	if (!object || json_set_text(object, "", text) < 0)
		return;
	encoded = json_dumps(json_object_get(object, ""), JSON_ENCODE_ANY);
	if (!encoded)
		return;
	end = encoded + strlen(encoded) - 1;
	for (at = encoded + 1; at < end;) {
		char *slash = memchr(at, '\\', (size_t)(end - at)), *stop = slash ? slash : end;

		escape_add(out, at, (size_t)(stop - at));
		at = stop;
		if (slash) { /* an escape of JSON, which is printable */
			strbuf_add(out, at, 2);
			at += 2;
		}
	}
}

static void line_make(const struct alert *alert, int64_t time_ns, struct strbuf *out)
{
	time_t seconds = time_ns / NS_PER_S;
	char text[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	strbuf_addf(out, "%s.%09d: %s %s", text, (int)(time_ns % NS_PER_S), priority_name(alert->priority),
		    alert->output);
}

void falco_text_line(const struct alert *alert, int64_t time_ns, struct strbuf *out)
{
	AUTO_STRBUF line = STRBUF_INIT;

	line_make(alert, time_ns, &line);
	line_add(line.data, out);
	strbuf_addc(out, '\n');
}

static int fields_add(const struct alert *alert, json_t *object)
{
	json_t *fields = json_object();

	if (!fields || json_object_set_new(object, "output_fields", fields) < 0)
		return -1;
	for (size_t i = 0; i < alert->field_count; i++) {
		json_t *value = json_loads(alert->fields[i].json, JSON_DECODE_ANY, NULL);

		if (json_object_set_new(fields, alert->fields[i].name, value ? value : json_null()) < 0)
			return -1;
	}
	return 0;
}

static int text_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int tags_add(const struct alert *alert, json_t *object)
{
	AUTO_FREE const char **sorted = calloc(alert->tag_count + 1, sizeof(*sorted));
	json_t *tags = json_array();

	if (!sorted || json_object_set_new(object, "tags", tags) < 0)
		return -1;
	for (size_t i = 0; i < alert->tag_count; i++)
		sorted[i] = alert->tags[i];
	qsort(sorted, alert->tag_count, sizeof(*sorted), text_compare);
	for (size_t i = 0; i < alert->tag_count; i++) {
		if (json_array_append_new(tags, json_string(sorted[i])) < 0)
			return -1;
	}
	return 0;
}

/* A member of ours, which is there only if something was done or was to be done. */
static int responses_add(const struct alert *alert, json_t *object)
{
	json_t *array = alert->response_count ? json_array() : NULL;

	if (!alert->response_count)
		return 0;
	if (!array || json_object_set_new(object, "responses", array) < 0)
		return -1;
	for (size_t i = 0; i < alert->response_count; i++) {
		const struct response *response = &alert->responses[i];
		json_t *json = json_object();

		if (json_array_append_new(array, json) < 0 ||
		    json_set_text(json, "action", action_name(response->action)) < 0 ||
		    json_set_text(json, "outcome", outcome_name(response->outcome)) < 0 ||
		    json_set_text(json, "detail", response->detail) < 0)
			return -1;
	}
	return 0;
}

int falco_json_line(const struct alert *alert, int64_t time_ns, const char *hostname, struct strbuf *out,
		    struct err *err)
{
	AUTO_JSON object = json_object();
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_FREE char *text = NULL;
	char when[TIME_TEXT_MAX];

	line_make(alert, time_ns, &line);
	if (!object || json_set_text(object, "hostname", hostname) < 0 ||
	    json_set_text(object, "output", line.data) < 0 ||
	    json_set_text(object, "priority", priority_name(alert->priority)) < 0 ||
	    json_set_text(object, "rule", alert->rule) < 0 || json_set_text(object, "source", alert->source) < 0 ||
	    json_set_text(object, "time", time_format(time_ns, 9, when)) < 0 || fields_add(alert, object) < 0 ||
	    tags_add(alert, object) < 0 || responses_add(alert, object) < 0)
		return err_set(err, ERR_MEMORY, "out of memory");
	text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		return err_set(err, ERR_MEMORY, "out of memory");
	strbuf_adds(out, text);
	strbuf_addc(out, '\n');
	return 0;
}
