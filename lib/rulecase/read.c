#include <string.h>

#include "base/attr.h"
#include "rulecase/book.h"

#define SOURCE_CLOUD "aws_cloudtrail"
#define VALUES_MAX   1000 /* of a list */

enum case_key { KEY_TEST, KEY_SOURCE, KEY_EVENT, KEY_RECORD, KEY_MUST, KEY_MUST_NOT, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {
	[KEY_TEST] = "test",	 [KEY_SOURCE] = "source", [KEY_EVENT] = "event",
	[KEY_RECORD] = "record", [KEY_MUST] = "must",	  [KEY_MUST_NOT] = "must_not",
};

static const struct {
	const char *name;
	enum field_source kind;
} sources[] = {
	{ "syscall", SOURCE_SYSCALL },
	{ SOURCE_CLOUD, SOURCE_CLOUDTRAIL },
};

/* The texts of a scalar or of a sequence of them; false if it is something else. */
static bool texts_take(const struct yaml_node *node, const char **texts, size_t *ret_count)
{
	size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;

	if (node->kind == YAML_MAPPING || count > VALUES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *at = node->kind == YAML_SEQUENCE ? node->items[i] : node;

		if (at->kind != YAML_SCALAR || memchr(at->text, 0, at->length))
			return false;
		texts[i] = at->text;
	}
	*ret_count = count;
	return true;
}

static void event_read(struct casebook *book, struct rule_case *item, const struct yaml_node *node,
		       enum field_source source)
{
	struct given *given = arena_new(&book->arena, struct given);
	const char **texts = arena_array(&book->arena, const char *, VALUES_MAX);
	struct err err;
	size_t count;

	if (node->kind != YAML_MAPPING) {
		case_error(book, item, node, "TEST_VALUE", "event must be a mapping of fields to their values");
		return;
	}
	if (!given || !texts || !given_init(given, &book->arena)) {
		case_error(book, item, node, "TEST_LIMIT", "the tests take too much memory");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *key = node->pairs[i].key, *value = node->pairs[i].value;

		if (yaml_is_null(value))
			count = 0;
		else if (!texts_take(value, texts, &count)) {
			case_error(book, item, value, "TEST_VALUE", "'%s' must have a value or a list of values",
				   key->kind == YAML_SCALAR ? key->text : "?");
			continue;
		}
		if (given_set(given, source, key->kind == YAML_SCALAR ? key->text : "", texts, count, &err) < 0)
			case_error(book, item, err.code == ERR_NOT_FOUND ? key : value,
				   err.code == ERR_NOT_FOUND ? "TEST_UNKNOWN_FIELD" : "TEST_VALUE", "%s",
				   err.message);
	}
	item->given = given;
	item->evt_type = given_text(given, FIELD_EVT_TYPE);
	if (!item->evt_type && source == SOURCE_CLOUDTRAIL)
		item->evt_type = given_text(given, FIELD_CT_NAME);
	if (!item->evt_type && !item->is_bad)
		case_error(book, item, node, "TEST_VALUE", "the event does not say its %s",
			   source == SOURCE_CLOUDTRAIL ? "ct.name" : "evt.type");
}

static void rules_read(struct casebook *book, struct rule_case *item, const struct yaml_node *node, bool must)
{
	if (!node)
		return;
	if (node->kind != YAML_SEQUENCE) {
		case_error(book, item, node, "TEST_VALUE", "'%s' must be a sequence of names of rules",
			   keys[must ? KEY_MUST : KEY_MUST_NOT]);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct case_rule *rule = arena_new(&book->arena, struct case_rule);
		const char *name = yaml_text(node->items[i]);

		if (!name || !*name) {
			case_error(book, item, node->items[i], "TEST_VALUE", "the name of a rule must be a text");
			continue;
		}
		if (!rule || !vector_push(&item->rules, &book->arena, rule)) {
			item->is_bad = true;
			return;
		}
		*rule = (struct case_rule){ .name = name, .must = must, .index = -1, .node = node->items[i] };
	}
}

static int key_find(const struct yaml_node *key)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		if (key->kind == YAML_SCALAR && strcmp(key->text, keys[i]) == 0)
			return i;
	}
	return -1;
}

static void keys_take(struct casebook *book, struct rule_case *item, const struct yaml_node *node,
		      const struct yaml_node **values)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *key = node->pairs[i].key;
		int number = key_find(key);

		if (number < 0)
			case_error(
				book, item, key, "TEST_UNKNOWN_KEY",
				"unrecognized key '%s': a test has test, source, event or record, must and must_not",
				key->kind == YAML_SCALAR ? key->text : "?");
		else if (values[number])
			case_error(book, item, key, "TEST_UNKNOWN_KEY", "key '%s' is given twice", keys[number]);
		else
			values[number] = node->pairs[i].value;
	}
}

static bool source_take(struct rule_case *item, const struct yaml_node *node, enum field_source *ret)
{
	const char *name = node ? yaml_text(node) : sources[0].name;

	for (size_t i = 0; name && i < ARRAY_SIZE(sources); i++) {
		if (strcmp(sources[i].name, name) != 0)
			continue;
		item->source = sources[i].name;
		*ret = sources[i].kind;
		return true;
	}
	return false;
}

static void subject_read(struct casebook *book, struct rule_case *item, const struct yaml_node *node,
			 const struct yaml_node *const *values, enum field_source source)
{
	if (!values[KEY_EVENT] == !values[KEY_RECORD]) {
		case_error(book, item, node, "TEST_VALUE", "a test has either event or record");
		return;
	}
	if (values[KEY_EVENT]) {
		event_read(book, item, values[KEY_EVENT], source);
		return;
	}
	item->record = values[KEY_RECORD];
	if (source != SOURCE_CLOUDTRAIL || item->record->kind != YAML_MAPPING)
		case_error(book, item, item->record, "TEST_VALUE",
			   "record must be a mapping, in a test of source " SOURCE_CLOUD);
}

static void case_read(struct casebook *book, const struct case_file *file, const struct yaml_node *node)
{
	struct rule_case *item = arena_new(&book->arena, struct rule_case);
	const struct yaml_node *values[KEY_COUNT] = { NULL };
	enum field_source source;

	if (!item || !vector_push(&book->cases, &book->arena, item))
		return;
	*item = (struct rule_case){ .file = file, .line = node->line, .column = node->column };
	if (node->kind != YAML_MAPPING) {
		case_error(book, item, node, "TEST_VALUE", "a test must be a mapping that begins with test: NAME");
		return;
	}
	item->name = yaml_text(yaml_get(node, keys[KEY_TEST]));
	keys_take(book, item, node, values);
	if (!item->name || !*item->name)
		case_error(book, item, node, "TEST_VALUE", "a test must have a name: test: NAME");
	if (!source_take(item, values[KEY_SOURCE], &source)) {
		case_error(book, item, values[KEY_SOURCE], "TEST_VALUE", "source must be syscall or " SOURCE_CLOUD);
		return;
	}
	subject_read(book, item, node, values, source);
	rules_read(book, item, values[KEY_MUST], true);
	rules_read(book, item, values[KEY_MUST_NOT], false);
	if (!item->rules.count && !item->is_bad)
		case_error(book, item, node, "TEST_VALUE",
			   "the test asks for nothing: it has neither must nor must_not");
}

void cases_read(struct casebook *book, const struct case_file *file, const struct yaml_node *document)
{
	struct yaml_place place = { 1, 1 };

	if (yaml_is_null(document))
		return;
	if (document->kind != YAML_SEQUENCE) {
		place = (struct yaml_place){ document->line, document->column };
		case_report(book, NULL, file, &place, "TEST_YAML", "tests must be a sequence");
		book->bad_files++;
		return;
	}
	for (size_t i = 0; i < document->count; i++)
		case_read(book, file, document->items[i]);
}
