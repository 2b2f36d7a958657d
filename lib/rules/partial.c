#include "rules/partial.h"

#include "rules/run/plan.h"
#include "rules/run/run.h"
#include "rules/set.h"

/* MAYBE: it depends on what is not known. */
enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_MAYBE };

struct partial {
	struct run run;
	const struct partial_event *event;
};

static bool operand_is_known(const struct partial *partial, uint32_t number)
{
	const struct operand *operand = &partial->run.program->operands[number];

	if (operand->kind == OPERAND_TEXT || operand->kind == OPERAND_NUMBER)
		return true;
	if (operand->kind == OPERAND_FIELD)
		return operand->field == FIELD_EVT_TYPE ||
		       partial->event->is_known(partial->event->reader->context, operand->field, operand->argument);
	for (size_t i = 0; i < operand->count; i++) {
		if (!operand_is_known(partial, operand->parts[i]))
			return false;
	}
	return true;
}

static enum verdict leaf_verdict(struct partial *partial, const struct term *term)
{
	const struct node *node = &partial->run.program->nodes[term->node];
	const struct matcher *matcher = node->kind == NODE_LEAF ? node->matcher : NULL;

	if (matcher ? !operand_is_known(partial, matcher->left) ||
			      (matcher->right != UINT32_MAX && !operand_is_known(partial, matcher->right))
		    : !operand_is_known(partial, node->operand))
		return VERDICT_MAYBE;
	return run_node(&partial->run, term->node) != term->is_not ? VERDICT_YES : VERDICT_NO;
}

static enum verdict term_verdict(struct partial *partial, uint32_t number);

static enum verdict term_find_out(struct partial *partial, const struct term *term)
{
	enum verdict decisive = term->kind == TERM_ALL ? VERDICT_NO : VERDICT_YES;
	enum verdict sum = term->kind == TERM_ALL ? VERDICT_YES : VERDICT_NO;

	for (size_t i = 0; i < term->count; i++) {
		enum verdict found = term_verdict(partial, term->terms[i]);

		if (found == decisive)
			return decisive;
		if (found == VERDICT_MAYBE)
			sum = VERDICT_MAYBE;
	}
	return sum;
}

static enum verdict term_verdict(struct partial *partial, uint32_t number)
{
	const struct term *term = &partial->run.program->terms[number];
	uint32_t *state = &partial->run.memory->partial_states[number];

	if (term->kind == TERM_FALSE || term->kind == TERM_TRUE)
		return term->kind == TERM_TRUE ? VERDICT_YES : VERDICT_NO;
	if (*state >> 2 != partial->run.memory->round)
		*state = partial->run.memory->round << 2 |
			 (term->kind == TERM_LEAF ? leaf_verdict(partial, term) : term_find_out(partial, term));
	return (enum verdict)(*state & 3);
}

/* Asks the rules from first up to before end. */
static bool rules_may_match(const struct ruleset *set, const struct event_class *class, size_t first, size_t end,
			    const struct partial_event *event)
{
	struct partial partial = { .event = event };
	bool may = false;

	if (!class->rule_count)
		return false;
	if (!run_init(&partial.run, &set->program, event->reader, event->evt_type))
		return true;
	for (size_t i = first; i < end && !may; i++)
		may = term_verdict(&partial, class->terms[i]) != VERDICT_NO;
	run_fini(&partial.run);
	return may;
}

bool ruleset_may_match(const struct ruleset *set, const char *source, const struct partial_event *event)
{
	return rules_may_match(set, set_class(set, source, event->evt_type), 0, set->compiled.count, event);
}

bool ruleset_rule_may_match(const struct ruleset *set, size_t number, const struct partial_event *event)
{
	const struct rule_item *rule = set->compiled.items[number];

	return rules_may_match(set, set_class(set, rule->source, event->evt_type), number, number + 1, event);
}

size_t ruleset_match_surely(const struct ruleset *set, const char *source, const struct partial_event *event,
			    void (*found)(void *context, size_t rule), void *context)
{
	const struct event_class *class = set_class(set, source, event->evt_type);
	struct partial partial = { .event = event };
	size_t count = 0;

	if (!class->rule_count || !run_init(&partial.run, &set->program, event->reader, event->evt_type))
		return 0;
	for (size_t i = 0; i < set->compiled.count; i++) {
		if (term_verdict(&partial, class->terms[i]) != VERDICT_YES)
			continue;
		found(context, i);
		count++;
	}
	run_fini(&partial.run);
	return count;
}
