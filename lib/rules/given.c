#include "rules/given.h"

#include <stdio.h>
#include <string.h>

#include "rules/compile/compile.h"
#include "rules/compile/literal.h"
#include "rules/compile/suggest.h"
#include "rules/language/parser.h"

#define ENDS 2 /* of a connection */

struct target {
	enum field field;
	const char *argument;
	const struct field_info *info;
};

bool given_init(struct given *given, struct arena *arena)
{
	*given = (struct given){ .arena = arena, .values = arena_array(arena, struct given_value, GIVEN_MAX) };
	return given->values;
}

static const char *name_of(const void *context, size_t number)
{
	enum field_source source = *(const enum field_source *)context;
	const struct field_info *info = &field_infos[number];

	return info->source == SOURCE_ANY || info->source == source ? info->name : NULL;
}

static int target_unknown(const char *name, enum field_source source, struct err *err)
{
	const char *meant = suggest(name, strcspn(name, "["), name_of, &source, FIELD_COUNT);

	return err_set(err, ERR_NOT_FOUND, "unrecognized field '%s'%s%s%s", name, meant ? " (did you mean '" : "",
		       meant ? meant : "", meant ? "'?)" : "");
}

static int target_find(const struct given *given, enum field_source source, const char *name, struct target *ret,
		       struct err *err)
{
	struct parse_error error;
	size_t length;
	struct ast_operand *operand = operand_parse(name, strlen(name), given->arena, &length, &error);
	int field;

	if (!operand || operand->kind != OPERAND_FIELD || name[length])
		return err_set(err, ERR_NOT_FOUND, "'%s' is not the name of a field", name);
	ret->argument = operand->argument && *operand->argument ? operand->argument : NULL;
	field = field_resolve(&operand->text, &ret->argument);
	if (field < 0)
		return target_unknown(name, source, err);
	ret->field = (enum field)field;
	ret->info = &field_infos[field];
	if (ret->info->source != SOURCE_ANY && ret->info->source != source)
		return err_set(err, ERR_NOT_FOUND, "field '%s' does not exist in events of this source", name);
	if (ret->argument && !(ret->info->flags & (FIELD_INDEX | FIELD_KEY)))
		return err_set(err, ERR_SYNTAX, "field '%s' takes no argument", ret->info->name);
	if (!ret->argument && (ret->info->flags & FIELD_ARG_REQUIRED))
		return err_set(err, ERR_SYNTAX, "field '%s' needs an argument, such as %s[...]", name, name);
	return 0;
}

static int value_read(const struct target *target, const char *text, struct value *ret, struct err *err)
{
	/* the network of an address is asked of the address */
	enum value_type type = target->info->type == VALUE_NET ? VALUE_IP : target->info->type;
	struct ast_text literal = { .data = text, .length = strlen(text) };
	uint8_t bits;
	const char *wrong = literal_read(type, &literal, ret, &bits);

	ret->type = target->info->type;
	return wrong ? err_set(err, ERR_SYNTAX, "'%s' %s, as '%s' wants", text, wrong, target->info->name) : 0;
}

static bool is_same(const struct given_value *given, enum field field, const char *argument)
{
	if (given->field != field || !given->argument != !argument)
		return false;
	return !argument || strcmp(given->argument, argument) == 0;
}

static int value_add(struct given *given, const struct target *target, const struct value *value, struct err *err)
{
	if (given->count == GIVEN_MAX)
		return err_set(err, ERR_LIMIT, "an event has more than %d values", GIVEN_MAX);
	for (size_t i = 0; i < given->count; i++) {
		if (is_same(&given->values[i], target->field, target->argument))
			return err_set(err, ERR_SYNTAX, "field '%s' is given twice", target->info->name);
	}
	given->values[given->count++] = (struct given_value){ target->field, target->argument, *value };
	return 0;
}

static int ancestors_add(struct given *given, struct target target, const char *const *texts, size_t count,
			 struct err *err)
{
	struct value value;

	for (size_t i = 0; i < count; i++) {
		target.argument = arena_printf(given->arena, "%zu", i + 1);
		if (!target.argument)
			return err_set(err, ERR_MEMORY, "out of memory");
		if (value_read(&target, texts[i], &value, err) < 0 || value_add(given, &target, &value, err) < 0)
			return err->code;
	}
	return 0;
}

static int list_add(struct given *given, const struct target *target, const char *const *texts, size_t count,
		    struct err *err)
{
	struct value *items = arena_array(given->arena, struct value, count + 1);
	struct value list = { .type = target->info->type, .is_list = true, .items = items, .count = count };

	if (!items)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (value_read(target, texts[i], &items[i], err) < 0)
			return err->code;
	}
	return value_add(given, target, &list, err);
}

int given_set(struct given *given, enum field_source source, const char *name, const char *const *texts, size_t count,
	      struct err *err)
{
	struct target target;
	struct value value;

	if (target_find(given, source, name, &target, err) < 0)
		return err->code;
	if (!count)
		return 0;
	if ((target.info->flags & FIELD_ANCESTOR) && !target.argument)
		return ancestors_add(given, target, texts, count, err);
	if ((target.info->flags & FIELD_FILTER_ONLY) && count > ENDS)
		return err_set(err, ERR_SYNTAX, "'%s' has no more than two ends", name);
	if (target.info->flags & (FIELD_LIST | FIELD_FILTER_ONLY))
		return list_add(given, &target, texts, count, err);
	if (count != 1)
		return err_set(err, ERR_SYNTAX, "'%s' has one value, not %zu", name, count);
	if (value_read(&target, texts[0], &value, err) < 0)
		return err->code;
	return value_add(given, &target, &value, err);
}

static bool given_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct given *given = context;

	for (size_t i = 0; i < given->count; i++) {
		if (!is_same(&given->values[i], field, argument))
			continue;
		*ret = given->values[i].value;
		return true;
	}
	return false;
}

const char *given_text(const struct given *given, enum field field)
{
	struct value value;

	return given_read(given, field, NULL, &value) && value.type == VALUE_TEXT && !value.is_list ? value.text
												    : NULL;
}

struct field_reader given_reader(const struct given *given)
{
	return (struct field_reader){ .read = given_read, .context = given };
}
