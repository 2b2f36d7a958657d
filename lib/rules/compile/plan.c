#include "rules/compile/plan.h"

#include <stdlib.h>
#include <string.h>

#include "rules/compile/chooser.h"
#include "rules/compile/compile.h"
#include "rules/compile/event_class.h"
#include "rules/compile/pattern.h"

#define ANY_TYPE (-1)

struct planner {
	struct ruleset *set;
	struct term_maker *maker;
	struct pattern_list *lists; /* by operand: patterns of the plan at hand */
	struct map *classes;	    /* by their rules and terms */
	struct planned *rules;
	size_t rule_count;
	const struct plan *common; /* of the source at hand */
};

static bool rule_add(struct planner *planner, uint32_t rule, uint32_t node)
{
	uint32_t term = term_make(planner->maker, node);

	if (term == NOTHING)
		return false;
	if (term != TERM_FALSE)
		planner->rules[planner->rule_count++] = (struct planned){ .rule = rule, .term = term };
	return true;
}

static bool rules_mark(struct vector *vector, struct arena *arena, uint32_t rule)
{
	return vector_push(vector, arena, (void *)(uintptr_t)rule);
}

/* Puts a rule behind each leaf that it is found by. */
static bool rule_place(struct planner *planner, const struct planned *rule, struct vector *gates)
{
	const struct program *program = &planner->set->program;
	struct arena *arena = &planner->set->arena;

	for (size_t i = 0; i < rule->leaf_count; i++) {
		uint32_t leaf = rule->leaves[i];
		const struct node *node = &program->nodes[program->terms[leaf].node];
		bool fine = true;

		if (!leaf_is_looked_up(program, leaf))
			fine = rules_mark(&gates[leaf], arena, rule->rule);
		else if (node->kind == NODE_LEAF)
			fine = check_patterns(arena, node->matcher, rule->rule, &planner->lists[node->matcher->left]);
		for (size_t k = 0; fine && node->kind == NODE_GROUP && k < node->count; k++)
			fine = check_patterns(arena, program->nodes[node->children[k]].matcher, rule->rule,
					      &planner->lists[node->operand]);
		if (!fine)
			return false;
	}
	return true;
}

static bool triggers_fill(struct planner *planner, struct plan *plan)
{
	struct program *program = &planner->set->program;
	size_t count = 0;

	for (size_t i = 0; i < program->operand_count; i++)
		count += planner->lists[i].count > 0;
	plan->triggers = arena_array(&planner->set->arena, struct trigger, count + 1);
	for (uint32_t i = 0; plan->triggers && i < program->operand_count; i++) {
		struct pattern_list *list = &planner->lists[i];
		struct trigger *trigger = &plan->triggers[plan->trigger_count];

		if (!list->count)
			continue;
		trigger->operand = i;
		trigger->patterns =
			pattern_set_new(&planner->set->arena, program->operands[i].type, list->items, list->count);
		if (!trigger->patterns)
			return false;
		list->count = 0;
		trigger->first_pattern = program->pattern_count;
		program->pattern_count += pattern_set_count(trigger->patterns);
		plan->trigger_count++;
	}
	return plan->triggers;
}

static uint32_t *numbers_copy(struct arena *arena, const struct vector *vector)
{
	uint32_t *numbers = arena_array(arena, uint32_t, vector->count + 1);

	for (size_t i = 0; numbers && i < vector->count; i++)
		numbers[i] = (uint32_t)(uintptr_t)vector->items[i];
	return numbers;
}

static bool gates_fill(struct planner *planner, struct plan *plan, const struct vector *gates)
{
	struct arena *arena = &planner->set->arena;
	size_t terms = planner->set->program.term_count, count = 0;

	for (size_t i = 0; i < terms; i++)
		count += gates[i].count > 0;
	plan->gates = arena_array(arena, struct gate, count + 1);
	for (uint32_t i = 0; plan->gates && i < terms; i++) {
		if (!gates[i].count)
			continue;
		plan->gates[plan->gate_count] = (struct gate){ i, numbers_copy(arena, &gates[i]), gates[i].count };
		if (!plan->gates[plan->gate_count++].rules)
			return false;
	}
	return plan->gates;
}

/* Makes a plan of the rules at hand; NULL without memory. */
static struct plan *plan_make(struct planner *planner)
{
	struct arena *arena = &planner->set->arena;
	struct plan *plan = arena_new(arena, struct plan);
	AUTO_FREE struct vector *gates = calloc(planner->set->program.term_count, sizeof(*gates));
	struct vector always = { 0 };
	bool fine =
		plan && gates && planned_choose(planner->set, planner->maker, planner->rules, planner->rule_count);

	for (size_t i = 0; fine && i < planner->rule_count; i++) {
		const struct planned *rule = &planner->rules[i];
		struct rule_program *program =
			&((struct rule_item *)planner->set->compiled.items[rule->rule])->program;

		fine = rule->leaf_count ? rule_place(planner, rule, gates) : rules_mark(&always, arena, rule->rule);
		program->found_by = rule->leaves;
		program->found_by_count = rule->leaf_count;
	}
	if (!fine || !triggers_fill(planner, plan) || !gates_fill(planner, plan, gates))
		return NULL;
	plan->always = numbers_copy(arena, &always);
	plan->always_count = always.count;
	plan->rule_count = planner->rule_count;
	return plan->always ? plan : NULL;
}

/* type: a row, EVT_TYPES_MAX for what is none, or ANY_TYPE. */
static bool is_wanted(const struct rule_item *rule, int source, int type)
{
	return rule->enabled && rule->program.source == source &&
	       (type == ANY_TYPE || evt_set_has(&rule->program.events, type));
}

/* True if a rule asks nothing about the type of events. */
static bool is_common(const struct planner *planner, const struct rule_item *rule)
{
	return evt_set_is_all(&rule->program.events) && !term_maker_depends(planner->maker, rule->program.node);
}

static bool common_make(struct planner *planner, int source)
{
	planner->rule_count = 0;
	for (uint32_t i = 0; i < planner->set->compiled.count; i++) {
		const struct rule_item *rule = planner->set->compiled.items[i];

		if (rule->enabled && rule->program.source == source && is_common(planner, rule) &&
		    !rule_add(planner, i, rule->program.node))
			return false;
	}
	planner->common = plan_make(planner);
	return planner->common;
}

static bool own_rules_add(struct planner *planner, int source, int type, uint32_t *terms)
{
	planner->rule_count = 0;
	for (uint32_t i = 0; i < planner->set->compiled.count; i++) {
		const struct rule_item *rule = planner->set->compiled.items[i];

		if (!is_wanted(rule, source, type))
			continue;
		terms[i] = term_make(planner->maker, rule->program.node);
		if (terms[i] == NOTHING)
			return false;
		if (terms[i] != TERM_FALSE && !is_common(planner, rule))
			planner->rules[planner->rule_count++] = (struct planned){ .rule = i, .term = terms[i] };
	}
	return true;
}

/* The class of events of a type; one that has the same rules for other types already serves them both. */
static const struct event_class *class_make(struct planner *planner, int source, int type, const char *evt_type)
{
	struct ruleset *set = planner->set;
	uint32_t *terms = arena_array(&set->arena, uint32_t, set->compiled.count + 1);
	struct event_class *class = arena_new(&set->arena, struct event_class);
	AUTO_STRBUF key = STRBUF_INIT;
	void *known;

	term_maker_set_type(planner->maker, evt_type);
	if (!terms || !class || !own_rules_add(planner, source, type, terms))
		return NULL;
	strbuf_addf(&key, "%d:", source);
	for (size_t i = 0; i < planner->rule_count; i++)
		strbuf_addf(&key, "%u=%u,", planner->rules[i].rule, planner->rules[i].term);
	known = map_get(planner->classes, key.data);
	if (known || key.failed)
		return key.failed ? NULL : known;
	*class = (struct event_class){ .plans = { planner->common, plan_make(planner) }, .terms = terms };
	if (!class->plans[1] || !map_put(planner->classes, key.data, class))
		return NULL;
	class->rule_count = class->plans[0]->rule_count + class->plans[1]->rule_count;
	return class;
}

static void wanted_fill(struct ruleset *set)
{
	for (size_t i = 0; i < set->compiled.count; i++) {
		const struct rule_item *rule = set->compiled.items[i];

		if (rule->enabled)
			evt_set_add(&set->program.wanted[rule->program.source], &rule->program.events);
	}
}

static bool source_plan(struct planner *planner, const struct type_classes *types, int source)
{
	const struct event_class *made[CLASSES_MAX] = { 0 };
	struct program *program = &planner->set->program;

	term_maker_set_type(planner->maker, NULL);
	if (!common_make(planner, source))
		return false;
	for (int type = 0; type <= EVT_TYPES_MAX; type++) {
		unsigned int number = types->numbers[type];

		if (!made[number])
			made[number] = types->is_one ? class_make(planner, source, ANY_TYPE, NULL)
						     : class_make(planner, source, type, evt_type_name((size_t)type));
		program->classes[source][type] = made[number];
		if (!made[number])
			return false;
	}
	return true;
}

static bool evt_types_fill(struct ruleset *set)
{
	struct value *names;
	size_t count = 0;

	while (evt_type_name(count))
		count++;
	names = arena_array(&set->arena, struct value, count);
	for (size_t i = 0; names && i < count; i++)
		names[i] = value_text(evt_type_name(i), strlen(evt_type_name(i)));
	set->program.evt_types = names ? text_set_new(&set->arena, names, count) : NULL;
	return set->program.evt_types;
}

static bool plans_make(struct planner *planner)
{
	struct ruleset *set = planner->set;
	struct type_classes types;

	if (!planner->maker || !planner->lists || !planner->classes || !planner->rules || !evt_types_fill(set))
		return false;
	wanted_fill(set);
	type_classes_make(set, &types);
	set->program.mark_count = (set->compiled.count + 63) / 64;
	set->program.mark_word_count = (set->program.mark_count + 63) / 64;
	for (int source = 0; source < RULE_SOURCES; source++) {
		if (!source_plan(planner, &types, source))
			return false;
	}
	return true;
}

void plans_compile(struct ruleset *set)
{
	struct planner planner = { .set = set,
				   .maker = term_maker_new(set),
				   .lists = calloc(set->program.operand_count + 1, sizeof(*planner.lists)),
				   .classes = map_new(),
				   .rules = calloc(set->compiled.count + 1, sizeof(*planner.rules)) };

	if (!plans_make(&planner))
		set->failed_memory = true;
	for (size_t i = 0; planner.lists && i < set->program.operand_count; i++)
		pattern_list_fini(&planner.lists[i]);
	free(planner.lists);
	free(planner.rules);
	map_free(planner.classes);
	term_maker_free(planner.maker);
}
