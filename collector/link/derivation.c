#include "collector/link/derivation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "text/escape.h"

static const char *keep(struct derivation *derivation, char *text)
{
	if (text == NULL)
		derivation->is_out_of_memory = true;
	return text != NULL ? text : "";
}

static size_t utf8_cut(const char *text, size_t length, size_t max)
{
	if (length <= max)
		return length;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* A workload may choose any bytes; the store takes UTF-8 only, so anything else is kept in its visible form. */
static const char *clean_text(struct derivation *derivation, const char *text)
{
	AUTO_STRBUF escaped = STRBUF_INIT;

	if (utf8_prefix(text, strlen(text)) == strlen(text))
		return text;
	escape_adds(&escaped, text);
	return keep(derivation, arena_dup(derivation->arena, escaped.data));
}

static const char *clean_value(struct derivation *derivation, const char *text)
{
	const char *clean = clean_text(derivation, text);

	return keep(derivation, arena_copy(derivation->arena, clean, utf8_cut(clean, strlen(clean), VALUE_SIZE_MAX)));
}

static const char *clean_key(struct derivation *derivation, enum entity_kind kind, const char *text)
{
	const char *clean = clean_text(derivation, text);
	size_t length = strlen(clean);

	if (length <= KEY_SIZE_MAX)
		return keep(derivation, arena_dup(derivation->arena, clean));
	length = utf8_cut(clean, length, KEY_SIZE_MAX - 32);
	return keep(derivation, arena_printf(derivation->arena, "%.*s#%016" PRIx64, (int)length, clean,
					     (uint64_t)entity_id(kind, clean)));
}

int64_t derive_id(struct derivation *derivation, enum entity_kind kind, const char *key)
{
	return key != NULL && *key != '\0' ? entity_id(kind, clean_key(derivation, kind, key)) : 0;
}

int64_t derive_add_entity(struct derivation *derivation, enum entity_kind kind, const char *key)
{
	struct derived *rows = derivation->rows;
	int64_t id;

	if (key == NULL || *key == '\0')
		return 0;
	key = clean_key(derivation, kind, key);
	id = entity_id(kind, key);
	for (size_t i = 0; i < rows->entity_count; i++) {
		if (rows->entities[i].id == id)
			return id;
	}
	if (rows->entity_count == DERIVED_MAX)
		rows->is_cut = true;
	else
		rows->entities[rows->entity_count++] = (struct derived_entity){ id, kind, key };
	return id;
}

void derive_add_fact(struct derivation *derivation, int64_t entity, const char *fact, const char *value)
{
	struct derived *rows = derivation->rows;

	if (entity == 0 || value == NULL || *value == '\0')
		return;
	for (size_t i = 0; i < rows->fact_count; i++) {
		if (rows->facts[i].entity == entity && strcmp(rows->facts[i].fact, fact) == 0)
			return;
	}
	if (rows->fact_count == DERIVED_MAX)
		rows->is_cut = true;
	else
		rows->facts[rows->fact_count++] =
			(struct derived_fact){ entity, fact, clean_value(derivation, value) };
}

void derive_add_alias(struct derivation *derivation, int64_t entity, enum entity_kind kind, const char *alias)
{
	struct derived *rows = derivation->rows;

	if (entity == 0 || alias == NULL || *alias == '\0')
		return;
	alias = clean_value(derivation, alias);
	for (size_t i = 0; i < rows->alias_count; i++) {
		if (rows->aliases[i].entity == entity && strcmp(rows->aliases[i].alias, alias) == 0)
			return;
	}
	if (rows->alias_count == DERIVED_MAX)
		rows->is_cut = true;
	else
		rows->aliases[rows->alias_count++] = (struct derived_alias){ entity, kind, alias };
}

static bool is_same(const struct derived_assertion *row, const struct derive_link *link, const char *relation)
{
	return row->from == link->from && row->to == link->to && row->method == link->method &&
	       strcmp(row->relation, relation) == 0;
}

void derive_add_link(struct derivation *derivation, const struct derive_link *link)
{
	const struct link_method_info *info = &link_methods[link->method];
	const char *relation = link->relation != NULL ? link->relation : info->relation;
	struct derived *rows = derivation->rows;

	if (link->from == 0 || link->to == 0)
		return;
	for (size_t i = 0; i < rows->assertion_count; i++) {
		if (is_same(&rows->assertions[i], link, relation))
			return;
	}
	if (rows->assertion_count == DERIVED_MAX) {
		rows->is_cut = true;
		return;
	}
	rows->assertions[rows->assertion_count++] = (struct derived_assertion){
		.from = link->from,
		.to = link->to,
		.relation = clean_value(derivation, relation),
		.method = link->method,
		.strength = info->strength,
		.confidence = link->confidence > 0 ? link->confidence : info->confidence,
		.detail = clean_value(derivation, link->detail != NULL ? link->detail : ""),
	};
}

void derive_add_mark(struct derivation *derivation, const char *source, bool blind, const char *reason)
{
	struct derived *rows = derivation->rows;

	if (rows->mark_count == DERIVED_MAX)
		rows->is_cut = true;
	else
		rows->marks[rows->mark_count++] = (struct derived_mark){ clean_value(derivation, source), blind,
									 clean_value(derivation, reason) };
}

char *derive_printf(struct derivation *derivation, const char *format, ...)
{
	va_list args;
	char *copy;

	va_start(args, format);
	copy = arena_vprintf(derivation->arena, format, args);
	va_end(args);
	if (copy == NULL)
		derivation->is_out_of_memory = true;
	return copy;
}

int64_t derive_add_alert(struct derivation *derivation, const struct alert *alert)
{
	char key[ALERT_ID_MAX];
	int64_t id;

	alert_id(derivation->input->event_id, alert->rule, alert->rule_version, key);
	id = derive_add_entity(derivation, ENTITY_ALERT, key);
	derive_add_fact(derivation, id, "name", alert->rule);
	derive_add_fact(derivation, id, "priority", priority_name(alert->priority));
	return id;
}
