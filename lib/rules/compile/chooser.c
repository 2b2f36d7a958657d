#include "rules/compile/chooser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile/compile.h"
#include "rules/compile/pattern.h"

#define OPERAND_BITS 64	  /* operands are counted in so many bins */
#define ROUNDS	     3	  /* each knows from the one before how many rules look a field up */
#define RULE_COST    3.0f /* of asking a rule, besides what its checks cost */
#define FIELD_COST   1.0f /* of looking a field up, besides reading it; in comparisons of a text */
#define GATE_COST    1.0f
#define HALF_GATE    0.75f /* of a check that two rules or more have */
#define ALWAYS_FROM  0.85f /* a rule that so many events find may as well be asked */

/* What a term is best found by. */
struct way {
	uint32_t round;
	uint32_t child; /* ALL: which of its terms */
	float likely;
	float gates;	   /* leaves that are asked */
	uint64_t operands; /* that are looked up */
};

struct chooser {
	struct ruleset *set;
	const struct term_maker *maker;
	struct way *ways;    /* by term */
	uint32_t *rules_of;  /* by node: rules that have it */
	uint32_t *last_rule; /* by term: that was counted for it */
	uint32_t round;
	float rule_cost;	   /* of asking a rule, on average */
	float users[OPERAND_BITS]; /* rules that look such an operand up */
	float costs[OPERAND_BITS]; /* of doing so */
	struct vector leaves;
};

bool leaf_is_looked_up(const struct program *program, uint32_t number)
{
	const struct term *term = &program->terms[number];
	const struct node *node = &program->nodes[term->node];

	return !term->is_not && (node->kind == NODE_GROUP || check_has_patterns(node->matcher));
}

static uint32_t leaf_operand(const struct program *program, uint32_t node)
{
	const struct node *leaf = &program->nodes[node];

	return leaf->kind == NODE_GROUP ? leaf->operand : leaf->matcher->left;
}

static float way_cost(const struct chooser *chooser, const struct way *way)
{
	float cost = way->likely * chooser->rule_cost + way->gates * GATE_COST;

	for (uint64_t bits = way->operands; bits; bits &= bits - 1)
		cost += chooser->costs[__builtin_ctzll(bits)] / chooser->users[__builtin_ctzll(bits)];
	return cost;
}

static const struct way *term_choose(struct chooser *chooser, uint32_t number);

static void leaf_choose(struct chooser *chooser, uint32_t number, struct way *ret)
{
	const struct program *program = &chooser->set->program;
	uint32_t node = program->terms[number].node;
	float shared = sqrtf((float)chooser->rules_of[node]);

	ret->likely = term_guess(chooser->maker, number).likely;
	if (!leaf_is_looked_up(program, number)) {
		ret->gates = 1 / shared;
		return;
	}
	/* what many rules have is likely to be common, and finds many at once */
	ret->likely = ret->likely * shared < 1 ? ret->likely * shared : 1;
	ret->operands = UINT64_C(1) << (leaf_operand(program, node) % OPERAND_BITS);
}

static void children_choose(struct chooser *chooser, const struct term *term, struct way *ret)
{
	float best = INFINITY, cost;

	for (uint32_t i = 0; i < term->count; i++) {
		const struct way *child = term_choose(chooser, term->terms[i]);

		if (term->kind == TERM_ANY) {
			ret->likely = ret->likely + child->likely < 1 ? ret->likely + child->likely : 1;
			ret->gates += child->gates;
			ret->operands |= child->operands;
			continue;
		}
		cost = way_cost(chooser, child);
		if (cost >= best)
			continue;
		best = cost;
		*ret = *child;
		ret->child = i;
	}
}

static const struct way *term_choose(struct chooser *chooser, uint32_t number)
{
	const struct term *term = &chooser->set->program.terms[number];
	struct way *way = &chooser->ways[number], made = { 0 };

	if (way->round == chooser->round)
		return way;
	if (term->kind <= TERM_TRUE)
		made.likely = term->kind == TERM_TRUE;
	else if (term->kind == TERM_LEAF)
		leaf_choose(chooser, number, &made);
	else
		children_choose(chooser, term, &made);
	made.round = chooser->round;
	*way = made;
	return way;
}

static void nodes_count(struct chooser *chooser, uint32_t number, uint32_t rule)
{
	const struct term *term = &chooser->set->program.terms[number];

	if (chooser->last_rule[number] == rule)
		return;
	chooser->last_rule[number] = rule;
	chooser->rules_of[term->node] += term->kind == TERM_LEAF;
	for (size_t i = 0; i < term->count; i++)
		nodes_count(chooser, term->terms[i], rule);
}

static void round_run(struct chooser *chooser, const struct planned *rules, size_t count)
{
	float users[OPERAND_BITS] = { 0 };

	chooser->round++;
	for (size_t i = 0; i < count; i++) {
		const struct way *way = term_choose(chooser, rules[i].term);

		for (uint64_t bits = way->operands; bits; bits &= bits - 1)
			users[__builtin_ctzll(bits)]++;
	}
	for (size_t i = 0; i < OPERAND_BITS; i++)
		chooser->users[i] = users[i] > 1 ? users[i] : 1;
}

static bool leaves_collect(struct chooser *chooser, uint32_t number)
{
	const struct term *term = &chooser->set->program.terms[number];

	if (term->kind == TERM_LEAF)
		return vector_push(&chooser->leaves, &chooser->set->arena, (void *)(uintptr_t)number);
	if (term->kind == TERM_ALL)
		return leaves_collect(chooser, term->terms[term_choose(chooser, number)->child]);
	for (size_t i = 0; i < term->count; i++) {
		if (!leaves_collect(chooser, term->terms[i]))
			return false;
	}
	return true;
}

/* A single check that is asked, and that other rules have too, is worth asking first however often it holds. */
static bool is_worth_it(const struct chooser *chooser, const struct way *way)
{
	if (way->likely < ALWAYS_FROM)
		return true;
	return !way->operands && chooser->leaves.count == 1 && way->gates <= HALF_GATE;
}

static bool leaves_choose(struct chooser *chooser, struct planned *rule)
{
	const struct way *way = term_choose(chooser, rule->term);

	chooser->leaves.count = 0;
	if (rule->term == TERM_TRUE)
		return true;
	if (!leaves_collect(chooser, rule->term))
		return false;
	if (!is_worth_it(chooser, way))
		return true;
	rule->leaves = arena_array(&chooser->set->arena, uint32_t, chooser->leaves.count);
	for (size_t i = 0; rule->leaves && i < chooser->leaves.count; i++)
		rule->leaves[rule->leaf_count++] = (uint32_t)(uintptr_t)chooser->leaves.items[i];
	return rule->leaves;
}

static void costs_fill(struct chooser *chooser)
{
	const struct program *program = &chooser->set->program;

	for (size_t i = 0; i < program->operand_count; i++) {
		float *cost = &chooser->costs[i % OPERAND_BITS];
		float one = operand_cost(&program->operands[i]) + FIELD_COST;

		*cost = *cost > one ? *cost : one;
	}
}

bool planned_choose(struct ruleset *set, const struct term_maker *maker, struct planned *rules, size_t count)
{
	AUTO_FREE struct way *ways = calloc(set->program.term_count, sizeof(*ways));
	AUTO_FREE uint32_t *last_rule = calloc(set->program.term_count, sizeof(*last_rule));
	AUTO_FREE uint32_t *rules_of = calloc(set->program.node_count, sizeof(*rules_of));
	struct chooser chooser = { .set = set,
				   .maker = maker,
				   .ways = ways,
				   .last_rule = last_rule,
				   .rules_of = rules_of,
				   .rule_cost = RULE_COST };

	if (!ways || !last_rule || !rules_of)
		return false;
	costs_fill(&chooser);
	for (uint32_t i = 0; i < count; i++) {
		nodes_count(&chooser, rules[i].term, i + 1);
		chooser.rule_cost += term_guess(maker, rules[i].term).cost / (float)count;
	}
	for (size_t i = 0; i < OPERAND_BITS; i++)
		chooser.users[i] = (float)count + 1;
	for (int i = 0; i < ROUNDS; i++)
		round_run(&chooser, rules, count);
	chooser.round++;
	for (size_t i = 0; i < count; i++) {
		if (!leaves_choose(&chooser, &rules[i]))
			return false;
	}
	return true;
}
