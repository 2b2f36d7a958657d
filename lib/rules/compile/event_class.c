#include "rules/compile/event_class.h"

#include <string.h>

#include "rules/compile/compile.h"
#include "rules/compile/term.h"

/* Splits each class into those types that have the bit and those that have not. False if there are too many then. */
static bool classes_split(struct type_classes *classes, const bool *bits)
{
	unsigned int numbers[CLASSES_MAX][2] = {
		0
	}; /* new number + 1 of what was a class without and with the bit */
	struct type_classes split = { .count = 0 };

	for (int type = 0; type <= EVT_TYPES_MAX; type++) {
		unsigned int *number = &numbers[classes->numbers[type]][bits[type]];

		if (!*number) {
			if (split.count == CLASSES_MAX)
				return false;
			*number = ++split.count;
		}
		split.numbers[type] = *number - 1;
	}
	*classes = split;
	return true;
}

/* Rows without a name are never asked for, and go with the types that the table does not have. */
static bool row_is_named(int type)
{
	return type < EVT_TYPES_MAX && evt_type_name((size_t)type);
}

static bool rules_split(const struct ruleset *set, struct type_classes *classes)
{
	const struct evt_set *last = NULL;
	bool bits[EVT_TYPES_MAX + 1];

	for (size_t i = 0; i < set->compiled.count; i++) {
		const struct rule_item *rule = set->compiled.items[i];
		const struct evt_set *events = &rule->program.events;

		if (!rule->enabled || (last && memcmp(last, events, sizeof(*last)) == 0))
			continue;
		last = events;
		for (int type = 0; type <= EVT_TYPES_MAX; type++)
			bits[type] = evt_set_has(events, row_is_named(type) ? type : EVT_TYPES_MAX);
		if (!classes_split(classes, bits))
			return false;
	}
	return true;
}

static bool checks_split(const struct ruleset *set, struct type_classes *classes)
{
	bool bits[EVT_TYPES_MAX + 1];

	for (uint32_t node = 0; node < set->program.node_count; node++) {
		if (!node_is_type_check(&set->program, node))
			continue;
		for (int type = 0; type <= EVT_TYPES_MAX; type++)
			bits[type] = row_is_named(type) &&
				     type_check_holds(&set->program, node, evt_type_name((size_t)type));
		if (!classes_split(classes, bits))
			return false;
	}
	/* of other types the name is only known when they come */
	for (int type = 0; type <= EVT_TYPES_MAX; type++)
		bits[type] = row_is_named(type);
	return classes_split(classes, bits);
}

static bool is_too_much(const struct ruleset *set, const struct type_classes *classes)
{
	bool seen[CLASSES_MAX] = { 0 };
	size_t work = 0;

	for (int type = 0; type <= EVT_TYPES_MAX; type++) {
		if (seen[classes->numbers[type]])
			continue;
		seen[classes->numbers[type]] = true;
		for (size_t i = 0; i < set->compiled.count && work <= CLASSES_WORK_MAX; i++) {
			const struct rule_item *rule = set->compiled.items[i];

			work += rule->enabled && evt_set_has(&rule->program.events, type) ? rule->ast->size + 1 : 0;
		}
	}
	return work > CLASSES_WORK_MAX;
}

void type_classes_make(const struct ruleset *set, struct type_classes *ret)
{
	*ret = (struct type_classes){ .count = 1 };
	if (rules_split(set, ret) && checks_split(set, ret) && !is_too_much(set, ret))
		return;
	*ret = (struct type_classes){ .count = 1, .is_one = true };
}
