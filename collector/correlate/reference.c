#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "collector/correlate/inquiry.h"
#include "json/json.h"

#define REFERENCE_MAX	  2048
#define ALERT_PREFIX_MIN  4
#define TASK_ID_LENGTH	  32
#define TASK_PREFIX_MIN	  8
#define UUID_LENGTH	  36
#define CANDIDATES_MAX	  20
#define ACCESS_KEY_ID_MIN 16

/* What the shape of a reference says: which kind of entity has it as key or alias. */
struct shape {
	enum subject_form form;
	int kind; /* enum entity_kind, or -1 for any */
	const char *text;
	bool is_prefix;
};

static size_t span(const char *text, const char *more)
{
	size_t length = 0;

	while (isxdigit((unsigned char)text[length]) || (text[length] != '\0' && strchr(more, text[length]) != NULL))
		length++;
	return length;
}

static bool is_uuid(const char *text)
{
	return strlen(text) == UUID_LENGTH && span(text, "-") == UUID_LENGTH && text[8] == '-' && text[13] == '-' &&
	       text[18] == '-' && text[23] == '-';
}

static bool is_address(const char *text)
{
	unsigned char buffer[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, buffer) == 1 || inet_pton(AF_INET6, text, buffer) == 1;
}

static bool is_access_key(const char *text)
{
	return strlen(text) >= ACCESS_KEY_ID_MIN && (strncmp(text, "AKIA", 4) == 0 || strncmp(text, "ASIA", 4) == 0);
}

static bool is_task_id(const char *text)
{
	size_t length = strlen(text);

	return length >= TASK_PREFIX_MIN && length <= TASK_ID_LENGTH && span(text, "") == length;
}

static bool is_plain_name(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '-' || text[length] == '_')
		length++;
	return length > 0 && text[length] == '\0';
}

static bool recognize_kind(const char *text, struct arena *arena, struct shape *ret)
{
	const char *slash = strchr(text, '/');
	char *kind = slash != NULL ? arena_copy(arena, text, (size_t)(slash - text)) : NULL;

	if (kind == NULL || slash[1] == '\0' || entity_kind_find(kind) < 0)
		return false;
	ret->kind = entity_kind_find(kind);
	ret->text = slash + 1;
	if (ret->kind == ENTITY_ALERT)
		ret->form = SUBJECT_ALERT;
	if (ret->kind == ENTITY_EVENT)
		ret->form = SUBJECT_EVENT;
	if (ret->kind == ENTITY_TASK)
		ret->is_prefix = is_task_id(ret->text) && strlen(ret->text) < TASK_ID_LENGTH;
	return true;
}

/* The order is the order of recognition: the most telling shape first. */
static bool recognize(const char *text, struct arena *arena, struct shape *ret)
{
	*ret = (struct shape){ .form = SUBJECT_ENTITY, .kind = -1, .text = text };
	if (strncmp(text, "al_", 3) == 0 && strlen(text) >= 3 + ALERT_PREFIX_MIN &&
	    span(text + 3, "") == strlen(text + 3))
		ret->form = SUBJECT_ALERT;
	else if (strncmp(text, "arn:", 4) == 0)
		return true;
	else if (recognize_kind(text, arena, ret))
		return true;
	else if (is_uuid(text))
		ret->form = SUBJECT_EVENT;
	else if (strncmp(text, "sha256:", 7) == 0)
		ret->kind = ENTITY_IMAGE;
	else if (is_access_key(text))
		ret->kind = ENTITY_ACCESS_KEY;
	else if (is_address(text))
		ret->kind = ENTITY_IP;
	else if (is_task_id(text)) {
		ret->kind = ENTITY_TASK;
		ret->is_prefix = strlen(text) < TASK_ID_LENGTH;
	} else if (is_plain_name(text))
		ret->kind = ENTITY_CLUSTER;
	else
		return false;
	return true;
}

static void add_candidate(json_t *candidates, const char *kind, const char *key, const char *reference)
{
	json_t *candidate = json_object();

	json_set_text(candidate, "kind", kind);
	json_set_text(candidate, "key", key);
	json_set_text(candidate, "name", key);
	json_set_text(candidate, "reference", reference);
	json_array_append_new(candidates, candidate);
}

static int refuse_ambiguous(struct inquiry *inquiry, json_t *candidates, json_t **ret_candidates, struct err *err)
{
	size_t count = json_array_size(candidates);

	if (ret_candidates != NULL)
		*ret_candidates = candidates;
	else
		json_decref(candidates);
	return err_set(err, ERR_USAGE, "\"%s\" means %zu things", inquiry->query->reference, count);
}

static int refuse_unknown(struct inquiry *inquiry, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "nothing is known as \"%s\"", inquiry->query->reference);
}

static int resolve_alert(struct inquiry *inquiry, const char *id, json_t **ret_candidates, struct err *err)
{
	const struct alert_filter filter = { .id_prefix = id,
					     .priority_max = PRIORITY_DEBUG,
					     .limit = CANDIDATES_MAX };
	struct subject *subject = &inquiry->subject;
	struct alert_row *alerts;
	size_t count;
	bool more;

	if (query_alerts(inquiry->store, inquiry->tenant, &filter, inquiry->arena, &alerts, &count, &more, err) < 0)
		return err_wrap(err, "could not look for the alert");
	if (count == 0)
		return refuse_unknown(inquiry, err);
	if (count > 1) {
		json_t *candidates = json_array();

		for (size_t i = 0; i < count; i++)
			add_candidate(candidates, "alert", alerts[i].id, alerts[i].id);
		return refuse_ambiguous(inquiry, candidates, ret_candidates, err);
	}
	subject->form = SUBJECT_ALERT;
	subject->alert = alerts[0];
	subject->kind = "alert";
	subject->id = subject->reference = alerts[0].id;
	subject->title = alerts[0].rule;
	subject->at = alerts[0].time_ns;
	memcpy(subject->event_id, alerts[0].event_id, EVENT_ID_SIZE);
	subject->entity = (struct entity_row){ .id = entity_id(ENTITY_ALERT, alerts[0].id),
					       .kind = ENTITY_ALERT,
					       .key = alerts[0].id,
					       .first_seen = subject->at,
					       .last_seen = subject->at };
	return 0;
}

static int compare_entities(const void *left, const void *right)
{
	const struct entity_row *a = left;
	const struct entity_row *b = right;

	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->key, b->key);
}

/* Each once, in an order of its own; a resource that is known by its ARN only gives way to the thing itself. */
static size_t distinct(struct entity_row *rows, size_t count)
{
	size_t kept = 0, telling = 0;

	if (count == 0)
		return 0;
	qsort(rows, count, sizeof(*rows), compare_entities);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || rows[kept - 1].id != rows[i].id)
			rows[kept++] = rows[i];
	}
	count = kept;
	for (size_t i = 0; i < count; i++)
		telling += rows[i].kind != ENTITY_RESOURCE;
	if (telling == 0)
		return count;
	kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].kind != ENTITY_RESOURCE)
			rows[kept++] = rows[i];
	}
	return kept;
}

static const char *full_reference(struct inquiry *inquiry, const struct entity_row *row)
{
	const char *text = row->key;

	if (strncmp(row->key, "arn:", 4) != 0 && strncmp(row->key, "sha256:", 7) != 0)
		text = arena_printf(inquiry->arena, "%s/%s", entity_kind_name(row->kind), row->key);
	return text != NULL ? text : row->key;
}

static int resolve_entity(struct inquiry *inquiry, const struct shape *shape, json_t **ret_candidates,
			  struct err *err)
{
	struct subject *subject = &inquiry->subject;
	struct entity_row *rows;
	size_t count;

	if (query_entities_named(inquiry->store, inquiry->tenant, shape->kind, shape->text, shape->is_prefix,
				 CANDIDATES_MAX, inquiry->arena, &rows, &count, err) < 0)
		return err_wrap(err, "could not look for the reference");
	count = distinct(rows, count);
	if (count == 0)
		return refuse_unknown(inquiry, err);
	if (count > 1) {
		json_t *candidates = json_array();

		for (size_t i = 0; i < count; i++)
			add_candidate(candidates, entity_kind_name(rows[i].kind), rows[i].key,
				      full_reference(inquiry, &rows[i]));
		return refuse_ambiguous(inquiry, candidates, ret_candidates, err);
	}
	subject->form = SUBJECT_ENTITY;
	subject->entity = rows[0];
	subject->kind = entity_kind_name(rows[0].kind);
	subject->id = subject->title = rows[0].key;
	subject->reference = full_reference(inquiry, &rows[0]);
	subject->at = rows[0].last_seen;
	return 0;
}

static bool parse_uuid(const char *text, uint8_t ret[EVENT_ID_SIZE])
{
	char digits[2 * EVENT_ID_SIZE + 1];
	size_t used = 0;

	if (!is_uuid(text))
		return false;
	for (; *text != '\0'; text++) {
		if (*text != '-' && used < 2 * EVENT_ID_SIZE)
			digits[used++] = *text;
	}
	digits[used] = '\0';
	return hex_parse(digits, ret, EVENT_ID_SIZE, NULL) >= 0;
}

/* An event with an alert is that alert; any other stands for who acted, or where it happened. */
static int resolve_event(struct inquiry *inquiry, const char *text, json_t **ret_candidates, struct err *err)
{
	struct subject *subject = &inquiry->subject;
	struct event_filter filter = { .event_id = subject->event_id, .limit = 1 };
	struct alert_filter alerts_of = { .event_id = subject->event_id, .priority_max = PRIORITY_DEBUG, .limit = 1 };
	struct alert_row *alerts;
	struct event_row *events;
	struct entity_row *rows;
	size_t count;
	int64_t id;
	bool more;

	if (!parse_uuid(text, subject->event_id))
		return err_set(err, ERR_USAGE, "\"%s\" is not the id of an event", inquiry->query->reference);
	if (query_events(inquiry->store, inquiry->tenant, &filter, inquiry->arena, &events, &count, &more, err) < 0)
		return err_wrap(err, "could not look for the event");
	if (count == 0)
		return refuse_unknown(inquiry, err);
	if (query_alerts(inquiry->store, inquiry->tenant, &alerts_of, inquiry->arena, &alerts, &count, &more, err) <
	    0)
		return err_wrap(err, "could not look for the event's alerts");
	if (count > 0 && !more)
		return resolve_alert(inquiry, alerts[0].id, ret_candidates, err);
	id = events[0].actor_id != 0 ? events[0].actor_id : events[0].task_id;
	if (query_entities(inquiry->store, inquiry->tenant, &id, 1, inquiry->arena, &rows, &count, err) < 0)
		return err_wrap(err, "could not look for who acted");
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "event \"%s\" is tied to nothing that is known", text);
	subject->form = SUBJECT_EVENT;
	subject->entity = rows[0];
	subject->kind = "event";
	subject->id = subject->reference = event_text(subject->event_id, inquiry->arena);
	subject->title = events[0].type;
	subject->at = events[0].event.time_ns;
	return 0;
}

int reference_resolve(struct inquiry *inquiry, json_t **ret_candidates, struct err *err)
{
	const char *text = inquiry->query->reference;
	struct shape shape;

	if (strlen(text) > REFERENCE_MAX)
		return err_set(err, ERR_USAGE, "reference has %zu bytes, but at most %d are allowed", strlen(text),
			       REFERENCE_MAX);
	if (!recognize(text, inquiry->arena, &shape))
		return err_set(
			err, ERR_USAGE,
			"\"%s\" is no reference: give an alert (al_...), an ARN, a task id, sha256:..., an access "
			"key, an address, the id of an event, KIND/NAME or a cluster's name",
			text);
	if (shape.form == SUBJECT_ALERT)
		return resolve_alert(inquiry, shape.text, ret_candidates, err);
	if (shape.form == SUBJECT_EVENT)
		return resolve_event(inquiry, shape.text, ret_candidates, err);
	return resolve_entity(inquiry, &shape, ret_candidates, err);
}
