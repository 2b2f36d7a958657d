#include "rules/run/plan.h"

#include "rules/run/pattern_set.h"
#include "rules/run/run.h"

#define WORD_BITS 64

/* What a lookup marks: rules as bits, and a bit for each word of them that is not 0. */
struct marking {
	struct run_memory *memory;
	size_t first_pattern;
};

static void rules_mark(struct run_memory *memory, const uint32_t *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t word = rules[i] / WORD_BITS;

		memory->marks[word] |= UINT64_C(1) << (rules[i] % WORD_BITS);
		memory->mark_words[word / WORD_BITS] |= UINT64_C(1) << (word % WORD_BITS);
	}
}

/* Parts may be found many times in one text; their rules are marked once. */
static bool pattern_mark(void *context, const struct pattern_found *found)
{
	const struct marking *marking = context;
	uint32_t *round = &marking->memory->pattern_rounds[marking->first_pattern + found->place];

	if (*round == marking->memory->round)
		return false;
	*round = marking->memory->round;
	rules_mark(marking->memory, found->numbers, found->count);
	return false;
}

static void trigger_run(struct run *run, const struct trigger *trigger)
{
	struct marking marking = { run->memory, trigger->first_pattern };

	run_patterns(run, trigger->operand, trigger->patterns, pattern_mark, &marking);
}

static bool term_run(struct run *run, uint32_t number);

static bool term_find_out(struct run *run, const struct term *term)
{
	bool is_all = term->kind == TERM_ALL;

	for (size_t i = 0; i < term->count; i++) {
		if (term_run(run, term->terms[i]) != is_all)
			return !is_all;
	}
	return is_all;
}

static bool term_run(struct run *run, uint32_t number)
{
	const struct term *term = &run->program->terms[number];
	uint32_t *state = &run->memory->term_states[number];

	if (term->kind == TERM_LEAF)
		return run_node(run, term->node) != term->is_not;
	if (term->kind <= TERM_TRUE)
		return term->kind == TERM_TRUE;
	if (*state >> 1 != run->memory->round)
		*state = run->memory->round << 1 | term_find_out(run, term);
	return *state & 1;
}

static void plan_run(struct run *run, const struct plan *plan)
{
	for (size_t i = 0; i < plan->trigger_count; i++)
		trigger_run(run, &plan->triggers[i]);
	for (size_t i = 0; i < plan->gate_count; i++) {
		if (term_run(run, plan->gates[i].term))
			rules_mark(run->memory, plan->gates[i].rules, plan->gates[i].count);
	}
	rules_mark(run->memory, plan->always, plan->always_count);
}

/* Asks the rules of one word, and leaves it empty for the next event. */
static size_t word_run(struct run *run, const struct event_class *class, size_t word,
		       void (*found)(void *context, size_t rule), void *context)
{
	uint64_t bits = run->memory->marks[word];
	size_t count = 0;

	run->memory->marks[word] = 0;
	for (; bits; bits &= bits - 1) {
		size_t rule = word * WORD_BITS + (size_t)__builtin_ctzll(bits);

		if (!term_run(run, class->terms[rule]))
			continue;
		count++;
		if (found)
			found(context, rule);
	}
	return count;
}

size_t class_match(struct run *run, const struct event_class *class, void (*found)(void *context, size_t rule),
		   void *context)
{
	struct run_memory *memory = run->memory;
	size_t count = 0;

	for (size_t i = 0; i < sizeof(class->plans) / sizeof(*class->plans); i++)
		plan_run(run, class->plans[i]);
	for (size_t i = 0; i < run->program->mark_word_count; i++) {
		uint64_t words = memory->mark_words[i];

		memory->mark_words[i] = 0;
		for (; words; words &= words - 1)
			count += word_run(run, class, i * WORD_BITS + (size_t)__builtin_ctzll(words), found, context);
	}
	return count;
}
