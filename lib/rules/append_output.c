#include "rules/append_output.h"

#include <string.h>

/* The fields that providers of fields suggest to print, by source of events. */
static const struct {
	const char *source, *text;
} suggestions[] = {
	{ "syscall", "container_id=%container.id container_name=%container.name "
		     "container_image_repository=%container.image.repository "
		     "container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name" },
};

/* A field of alerts that is not in their text. */
struct extra_field {
	const char *name, *format;
};

/* One entry: which rules, NULL and none for all; and what they get. */
struct output_extra {
	const char *rule, *source, *text;
	struct vector tags, fields; /* of char, of struct extra_field */
	bool suggested;
};

/* Reading one file; place is where what is wrong stands. */
struct extra_reader {
	struct ruleset *set;
	const char *file;
	struct output_extra *extra;
	struct err *err;
};

static int wrong(const struct extra_reader *reader, const struct yaml_node *node, const char *message)
{
	return err_set(reader->err, ERR_SYNTAX, "%s:%d:%d: append_output: %s", reader->file, node->line, node->column,
		       message);
}

static int text_read(struct extra_reader *reader, const struct yaml_node *node, const char **ret)
{
	*ret = yaml_text(node);
	return *ret ? 0 : wrong(reader, node, "a text must be here");
}

static int tags_read(struct extra_reader *reader, const struct yaml_node *node)
{
	const char *tag;

	if (node->kind != YAML_SEQUENCE)
		return wrong(reader, node, "\"tags\" is a sequence of texts");
	for (size_t i = 0; i < node->count; i++) {
		if (text_read(reader, node->items[i], &tag) < 0)
			return ERR_SYNTAX;
		if (!vector_push(&reader->extra->tags, &reader->set->arena, (void *)tag))
			return err_set(reader->err, ERR_MEMORY, "out of memory");
	}
	return 0;
}

static int match_read(struct extra_reader *reader, const struct yaml_node *node)
{
	if (node->kind != YAML_MAPPING)
		return wrong(reader, node, "\"match\" has the keys rule, source and tags");
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *value = node->pairs[i].value;
		const char *key = yaml_text(node->pairs[i].key);
		int done;

		if (key && strcmp(key, "rule") == 0)
			done = text_read(reader, value, &reader->extra->rule);
		else if (key && strcmp(key, "source") == 0)
			done = text_read(reader, value, &reader->extra->source);
		else if (key && strcmp(key, "tags") == 0)
			done = tags_read(reader, value);
		else
			done = wrong(reader, node->pairs[i].key, "\"match\" has the keys rule, source and tags");
		if (done < 0)
			return done;
	}
	return 0;
}

static int field_push(struct extra_reader *reader, const char *name, const char *format)
{
	struct extra_field *field = arena_new(&reader->set->arena, struct extra_field);

	if (!field || !name || !format || !vector_push(&reader->extra->fields, &reader->set->arena, field))
		return err_set(reader->err, ERR_MEMORY, "out of memory");
	*field = (struct extra_field){ name, format };
	return 0;
}

/* "evt.hostname", or a name and its format. */
static int field_read(struct extra_reader *reader, const struct yaml_node *node)
{
	const char *name, *format;

	if (node->kind == YAML_SCALAR) {
		name = yaml_text(node);
		if (!name)
			return wrong(reader, node, "a text must be here");
		return field_push(reader, name, arena_printf(&reader->set->arena, "%%%s", name));
	}
	if (node->kind != YAML_MAPPING)
		return wrong(reader, node, "an extra field is a field, or a name and a format");
	for (size_t i = 0; i < node->count; i++) {
		if (text_read(reader, node->pairs[i].key, &name) < 0 ||
		    text_read(reader, node->pairs[i].value, &format) < 0)
			return ERR_SYNTAX;
		if (field_push(reader, name, format) < 0)
			return ERR_MEMORY;
	}
	return 0;
}

static int fields_read(struct extra_reader *reader, const struct yaml_node *node)
{
	int done = 0;

	if (node->kind != YAML_SEQUENCE)
		return wrong(reader, node, "\"extra_fields\" is a sequence");
	for (size_t i = 0; i < node->count && done >= 0; i++)
		done = field_read(reader, node->items[i]);
	return done;
}

static int key_read(struct extra_reader *reader, const struct yaml_node *key, const struct yaml_node *value)
{
	const char *name = yaml_text(key);

	if (name && strcmp(name, "match") == 0)
		return match_read(reader, value);
	if (name && strcmp(name, "extra_output") == 0)
		return text_read(reader, value, &reader->extra->text);
	if (name && strcmp(name, "extra_fields") == 0)
		return fields_read(reader, value);
	if (name && strcmp(name, "suggested_output") == 0 && yaml_bool(value, &reader->extra->suggested))
		return 0;
	return wrong(reader, key, "an entry has the keys match, extra_output, extra_fields and suggested_output");
}

static int entry_read(struct extra_reader *reader, const struct yaml_node *node)
{
	if (node->kind != YAML_MAPPING)
		return wrong(reader, node, "each entry is a mapping");
	reader->extra = arena_new(&reader->set->arena, struct output_extra);
	if (!reader->extra || !vector_push(&reader->set->extras, &reader->set->arena, reader->extra))
		return err_set(reader->err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < node->count; i++) {
		int done = key_read(reader, node->pairs[i].key, node->pairs[i].value);

		if (done < 0)
			return done;
	}
	return 0;
}

int ruleset_append_output(struct ruleset *set, const char *name, const char *text, size_t length, struct err *err)
{
	struct extra_reader reader = { .set = set, .file = name, .err = err };
	const char *copy = arena_copy(&set->arena, text, length);
	const struct yaml_node *list = NULL;
	struct yaml_place place;
	struct yaml_file yaml;
	struct err problem;
	int done;

	if (!copy)
		return err_set(err, ERR_MEMORY, "out of memory");
	done = yaml_parse(copy, length, &set->arena, &yaml, &place, &problem);
	if (done < 0)
		return err_set(err, done, "%s:%d:%d: %s", name, place.line, place.column, problem.message);
	for (size_t i = 0; i < yaml.count && !list; i++)
		list = yaml_get(yaml.documents[i], "append_output");
	if (!list)
		return err_set(err, ERR_SYNTAX, "%s: there is no key \"append_output\"", name);
	if (list->kind != YAML_SEQUENCE)
		return wrong(&reader, list, "it is a sequence");
	for (size_t i = 0; i < list->count && done >= 0; i++)
		done = entry_read(&reader, list->items[i]);
	return done;
}

static bool has_tag(const struct rule_item *rule, const char *tag)
{
	for (size_t i = 0; i < rule->tags.count; i++) {
		if (strcmp(rule->tags.items[i], tag) == 0)
			return true;
	}
	return false;
}

static bool is_for(const struct output_extra *extra, const struct rule_item *rule)
{
	for (size_t i = 0; i < extra->tags.count; i++) {
		if (!has_tag(rule, extra->tags.items[i]))
			return false;
	}
	return (!extra->rule || strcmp(extra->rule, rule->name) == 0) &&
	       (!extra->source || strcmp(extra->source, rule->source) == 0);
}

void append_output_text(struct ruleset *set, struct rule_item *rule)
{
	for (size_t i = 0; i < set->extras.count; i++) {
		const struct output_extra *extra = set->extras.items[i];

		if (!is_for(extra, rule))
			continue;
		if (extra->text)
			text_append(set, &rule->output, extra->text, rule->origin, true);
		for (size_t k = 0; extra->suggested && k < ARRAY_SIZE(suggestions); k++) {
			if (strcmp(suggestions[k].source, rule->source) == 0)
				text_append(set, &rule->output, suggestions[k].text, rule->origin, true);
		}
	}
}

static void field_compile(struct compiler *compiler, struct rule_item *rule, const struct extra_field *field)
{
	struct ruleset *set = compiler->set;
	struct format_field *made = arena_new(&set->arena, struct format_field);
	struct pieced_text *text = arena_new(&set->arena, struct pieced_text);

	if (!made || !text || !text_append(set, text, field->format, rule->origin, true) ||
	    !vector_push(&rule->program.extra_fields, &set->arena, made)) {
		set->failed_memory = true;
		return;
	}
	made->name = field->name;
	format_compile(compiler, text, &made->format);
}

void append_output_fields(struct compiler *compiler, struct rule_item *rule)
{
	for (size_t i = 0; i < compiler->set->extras.count; i++) {
		const struct output_extra *extra = compiler->set->extras.items[i];

		for (size_t k = 0; is_for(extra, rule) && k < extra->fields.count; k++)
			field_compile(compiler, rule, extra->fields.items[k]);
	}
}
