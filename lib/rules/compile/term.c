#include "rules/compile/term.h"

#include <stdlib.h>
#include <string.h>

#include "rules/compile/compile.h"
#include "rules/compile/pattern.h"
#include "rules/run/run.h"

#define FLATTEN_MAX 64 /* terms of one kind that are put into another of that kind; bounds the copies of deep nests */
#define ALWAYS	    UINT32_MAX

/* What was made of a node, and in which round; ALWAYS: for all types of events. */
struct made {
	uint32_t round, term;
};

struct term_maker {
	struct ruleset *set;
	const char *evt_type;
	struct made *made[2]; /* by node; of itself and of its opposite */
	bool *depends;	      /* by node */
	uint32_t round;
	struct guess *guesses; /* by term */
	size_t term_size;
	uint32_t *slots; /* hash table of terms, number + 1 */
	size_t slot_count;
	uint32_t *stack; /* children of terms at hand */
	size_t stack_count, stack_size;
};

static bool is_type_operand(const struct operand *operand)
{
	return operand->kind == OPERAND_FIELD && operand->field == FIELD_EVT_TYPE;
}

bool node_is_type_check(const struct program *program, uint32_t node)
{
	const struct matcher *matcher = program->nodes[node].kind == NODE_LEAF ? program->nodes[node].matcher : NULL;

	return matcher && matcher->right == NOTHING && is_type_operand(&program->operands[matcher->left]);
}

bool type_check_holds(const struct program *program, uint32_t node, const char *evt_type)
{
	const struct matcher *matcher = program->nodes[node].matcher;
	struct value value = value_text(evt_type, strlen(evt_type));

	return matcher->op == OP_EXISTS || matcher_holds(matcher, &value);
}

static void depends_set(struct term_maker *maker)
{
	const struct program *program = &maker->set->program;

	/* children have smaller numbers */
	for (uint32_t i = 0; i < program->node_count; i++) {
		const struct node *node = &program->nodes[i];

		maker->depends[i] = node_is_type_check(program, i);
		for (size_t k = 0; k < node->count; k++)
			maker->depends[i] = maker->depends[i] || maker->depends[node->children[k]];
	}
}

static size_t hash_of(const struct term *term)
{
	uint64_t hash = text_hash((const char *)term->terms, term->count * sizeof(*term->terms));

	return (size_t)(hash ^ (uint64_t)term->node * 0x9e3779b1u ^ (uint64_t)term->kind << 1 ^ term->is_not);
}

static bool is_same(const struct term *a, const struct term *b)
{
	return a->kind == b->kind && a->is_not == b->is_not && a->node == b->node && a->count == b->count &&
	       (!a->count || memcmp(a->terms, b->terms, a->count * sizeof(*a->terms)) == 0);
}

static bool slots_grow(struct term_maker *maker)
{
	const struct program *program = &maker->set->program;
	size_t count = maker->slot_count ? maker->slot_count * 2 : 1024;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < program->term_count; i++) {
		size_t at = hash_of(&program->terms[i]) & (count - 1);

		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = i + 1;
	}
	free(maker->slots);
	maker->slots = slots;
	maker->slot_count = count;
	return true;
}

static bool terms_grow(struct term_maker *maker)
{
	size_t size = maker->term_size ? maker->term_size * 2 : 512;
	struct term *terms = realloc(maker->set->program.terms, size * sizeof(*terms));
	struct guess *guesses;

	if (!terms)
		return false;
	maker->set->program.terms = terms;
	guesses = realloc(maker->guesses, size * sizeof(*guesses));
	if (!guesses)
		return false;
	maker->guesses = guesses;
	maker->term_size = size;
	return true;
}

static uint32_t memory_fail(struct term_maker *maker)
{
	maker->set->failed_memory = true;
	return NOTHING;
}

/* The row of a term; its children are copied if it is a new one. */
static uint32_t term_intern(struct term_maker *maker, const struct term *term, struct guess guess)
{
	struct program *program = &maker->set->program;
	struct term *added;
	size_t at;

	if (program->term_count * 2 >= maker->slot_count && !slots_grow(maker))
		return memory_fail(maker);
	for (at = hash_of(term) & (maker->slot_count - 1); maker->slots[at];
	     at = (at + 1) & (maker->slot_count - 1)) {
		if (is_same(&program->terms[maker->slots[at] - 1], term))
			return maker->slots[at] - 1;
	}
	if (program->term_count == TERMS_MAX || (program->term_count == maker->term_size && !terms_grow(maker)))
		return memory_fail(maker);
	added = &program->terms[program->term_count];
	*added = *term;
	if (term->count) {
		added->terms = arena_array(&maker->set->arena, uint32_t, term->count);
		if (!added->terms)
			return memory_fail(maker);
		memcpy(added->terms, term->terms, term->count * sizeof(*term->terms));
	}
	maker->guesses[program->term_count] = guess;
	maker->slots[at] = (uint32_t)++program->term_count;
	return (uint32_t)program->term_count - 1;
}

struct term_maker *term_maker_new(struct ruleset *set)
{
	static const struct term constants[] = { { .kind = TERM_FALSE }, { .kind = TERM_TRUE } };
	struct term_maker *maker = calloc(1, sizeof(*maker));
	size_t nodes = set->program.node_count;

	if (!maker)
		return NULL;
	maker->set = set;
	maker->made[0] = calloc(nodes, sizeof(*maker->made[0]));
	maker->made[1] = calloc(nodes, sizeof(*maker->made[1]));
	maker->depends = calloc(nodes, sizeof(*maker->depends));
	if (!maker->made[0] || !maker->made[1] || !maker->depends ||
	    term_intern(maker, &constants[0], (struct guess){ 0, 1 }) != TERM_FALSE ||
	    term_intern(maker, &constants[1], (struct guess){ 1, 1 }) != TERM_TRUE) {
		term_maker_free(maker);
		return NULL;
	}
	depends_set(maker);
	return maker;
}

void term_maker_free(struct term_maker *maker)
{
	if (!maker)
		return;
	free(maker->made[0]);
	free(maker->made[1]);
	free(maker->depends);
	free(maker->guesses);
	free(maker->slots);
	free(maker->stack);
	free(maker);
}

void term_maker_set_type(struct term_maker *maker, const char *evt_type)
{
	maker->evt_type = evt_type;
	maker->round++;
}

bool term_maker_depends(const struct term_maker *maker, uint32_t node)
{
	return maker->depends[node];
}

struct guess term_guess(const struct term_maker *maker, uint32_t term)
{
	return maker->guesses[term];
}

static bool stack_push(struct term_maker *maker, uint32_t term)
{
	if (maker->stack_count == maker->stack_size) {
		size_t size = maker->stack_size ? maker->stack_size * 2 : 256;
		uint32_t *grown = realloc(maker->stack, size * sizeof(*grown));

		if (!grown)
			return memory_fail(maker) != NOTHING;
		maker->stack = grown;
		maker->stack_size = size;
	}
	maker->stack[maker->stack_count++] = term;
	return true;
}

static uint32_t leaf_make(struct term_maker *maker, uint32_t number, bool is_not)
{
	const struct program *program = &maker->set->program;
	struct term term = { .kind = TERM_LEAF, .node = number, .is_not = is_not };
	struct guess guess;

	if (maker->evt_type && node_is_type_check(program, number))
		return type_check_holds(program, number, maker->evt_type) != is_not ? TERM_TRUE : TERM_FALSE;
	guess = check_guess(program, program->nodes[number].matcher);
	if (is_not)
		guess.likely = 1 - guess.likely;
	return term_intern(maker, &term, guess);
}

/* The operand of a check that can be put together with others of it; NOTHING if it cannot. */
static uint32_t group_operand(const struct program *program, const struct term *term, bool is_all)
{
	const struct node *node = term->kind == TERM_LEAF ? &program->nodes[term->node] : NULL;

	if (!node || node->kind != NODE_LEAF || term->is_not != is_all || !check_is_patterns(node->matcher))
		return NOTHING;
	return node->matcher->left;
}

/* What terms are sorted by so that those to be put together stand together. */
struct group_order {
	const struct program *program;
	bool is_all;
};

static int group_compare(const void *left, const void *right, void *context)
{
	const struct group_order *order = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	uint32_t a_operand = group_operand(order->program, &order->program->terms[a], order->is_all);
	uint32_t b_operand = group_operand(order->program, &order->program->terms[b], order->is_all);

	if (a_operand != b_operand)
		return a_operand < b_operand ? -1 : 1;
	return (a > b) - (a < b);
}

static const struct pattern_set *group_patterns(struct term_maker *maker, const uint32_t *nodes, size_t count)
{
	const struct program *program = &maker->set->program;
	struct pattern_list list = { 0 };
	const struct pattern_set *patterns = NULL;
	bool fine = true;

	for (size_t i = 0; fine && i < count; i++)
		fine = check_patterns(&maker->set->arena, program->nodes[nodes[i]].matcher, 0, &list);
	if (fine)
		patterns = pattern_set_new(&maker->set->arena, program->nodes[nodes[0]].matcher->type, list.items,
					   list.count);
	pattern_list_fini(&list);
	return patterns;
}

/* The node that holds if any of these checks of one operand does. */
static uint32_t group_intern(struct term_maker *maker, const uint32_t *terms, size_t count)
{
	struct program *program = &maker->set->program;
	struct node node = { .kind = NODE_GROUP, .count = count };
	AUTO_STRBUF key = STRBUF_INIT;
	uintptr_t known;

	node.children = arena_array(&maker->set->arena, uint32_t, count);
	if (!node.children)
		return memory_fail(maker);
	strbuf_adds(&key, "group:");
	for (size_t i = 0; i < count; i++) {
		node.children[i] = program->terms[terms[i]].node;
		strbuf_addf(&key, "%u,", node.children[i]);
	}
	known = (uintptr_t)map_get(program->node_names, key.data);
	if (known || key.failed)
		return key.failed ? memory_fail(maker) : (uint32_t)known - 1;
	node.operand = program->nodes[node.children[0]].matcher->left;
	node.patterns = group_patterns(maker, node.children, count);
	return node.patterns ? node_intern(maker->set, key.data, &node) : memory_fail(maker);
}

static uint32_t group_make(struct term_maker *maker, const uint32_t *terms, size_t count, bool is_all)
{
	struct term term = { .kind = TERM_LEAF, .is_not = is_all };
	struct guess guess = { .likely = 1, .cost = 0 };

	term.node = group_intern(maker, terms, count);
	if (term.node == NOTHING)
		return NOTHING;
	for (size_t i = 0; i < count; i++) {
		struct guess one = maker->guesses[terms[i]];

		guess.likely *= is_all ? one.likely : 1 - one.likely;
		guess.cost = guess.cost > one.cost ? guess.cost : one.cost + 1;
	}
	if (!is_all)
		guess.likely = 1 - guess.likely;
	return term_intern(maker, &term, guess);
}

/* Puts checks of one operand together; returns how many terms are left, or SIZE_MAX without memory. */
static size_t children_group(struct term_maker *maker, size_t from, bool is_all)
{
	struct group_order order = { &maker->set->program, is_all };
	size_t end = maker->stack_count, kept = from;

	qsort_r(maker->stack + from, end - from, sizeof(*maker->stack), group_compare, &order);
	for (size_t at = from, to; at < end; at = to) {
		uint32_t term = maker->stack[at];
		uint32_t operand = group_operand(order.program, &order.program->terms[term], is_all);

		for (to = at + 1; to < end && maker->stack[to] == term;)
			to++;
		while (operand != NOTHING && to < end &&
		       group_operand(order.program, &order.program->terms[maker->stack[to]], is_all) == operand)
			to++;
		if (operand != NOTHING && maker->stack[to - 1] != term)
			term = group_make(maker, maker->stack + at, to - at, is_all);
		if (term == NOTHING)
			return SIZE_MAX;
		maker->stack[kept++] = term;
	}
	return kept - from;
}

/* The best first: those that are cheap and likely to end it. */
struct rank_order {
	const struct guess *guesses;
	bool is_all;
};

static float rank_of(const struct rank_order *order, uint32_t term)
{
	struct guess guess = order->guesses[term];
	float ends = order->is_all ? 1 - guess.likely : guess.likely;

	return guess.cost / (ends > 0.0001f ? ends : 0.0001f);
}

static int rank_compare(const void *left, const void *right, void *context)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	float a_rank = rank_of(context, a), b_rank = rank_of(context, b);

	if (a_rank < b_rank || a_rank > b_rank)
		return a_rank < b_rank ? -1 : 1;
	return (a > b) - (a < b);
}

static struct guess guess_all(const struct term_maker *maker, const struct term *term)
{
	bool is_all = term->kind == TERM_ALL;
	struct guess guess = { 0, 0 };
	float going_on = 1;

	for (size_t i = 0; i < term->count; i++) {
		struct guess one = maker->guesses[term->terms[i]];

		guess.cost += going_on * one.cost;
		going_on *= is_all ? one.likely : 1 - one.likely;
	}
	guess.likely = is_all ? going_on : 1 - going_on;
	return guess;
}

/* Makes a term of what stands on the stack from a place on. */
static uint32_t children_join(struct term_maker *maker, size_t from, bool is_all)
{
	struct rank_order order = { maker->guesses, is_all };
	struct term term = { .kind = is_all ? TERM_ALL : TERM_ANY };

	if (maker->stack_count == from)
		return is_all ? TERM_TRUE : TERM_FALSE;
	term.count = children_group(maker, from, is_all);
	if (term.count == SIZE_MAX)
		return NOTHING;
	if (term.count == 1)
		return maker->stack[from];
	order.guesses = maker->guesses;
	term.terms = maker->stack + from;
	qsort_r(term.terms, term.count, sizeof(*term.terms), rank_compare, &order);
	return term_intern(maker, &term, guess_all(maker, &term));
}

static uint32_t signed_make(struct term_maker *maker, uint32_t number, bool is_not);

/* Puts the children of an and (or) on the stack; *ret_decided if one of them decides it all. False without memory. */
static bool children_push(struct term_maker *maker, uint32_t number, bool is_not, bool is_all, bool *ret_decided)
{
	const struct program *program = &maker->set->program;

	for (size_t i = 0; i < program->nodes[number].count; i++) {
		uint32_t child = signed_make(maker, program->nodes[number].children[i], is_not);
		const struct term *term = child == NOTHING ? NULL : &program->terms[child];

		if (!term)
			return false;
		if (child == (is_all ? TERM_FALSE : TERM_TRUE)) {
			*ret_decided = true;
			return true;
		}
		if (child <= TERM_TRUE)
			continue;
		if (term->kind != (is_all ? TERM_ALL : TERM_ANY) || term->count > FLATTEN_MAX) {
			if (!stack_push(maker, child))
				return false;
			continue;
		}
		for (size_t k = 0; k < term->count; k++) {
			if (!stack_push(maker, term->terms[k]))
				return false;
		}
	}
	return true;
}

static uint32_t inner_make(struct term_maker *maker, uint32_t number, bool is_not)
{
	bool is_all = (maker->set->program.nodes[number].kind == NODE_AND) != is_not, is_decided = false;
	size_t from = maker->stack_count;
	uint32_t term = NOTHING;

	if (children_push(maker, number, is_not, is_all, &is_decided))
		term = is_decided ? (is_all ? TERM_FALSE : TERM_TRUE) : children_join(maker, from, is_all);
	maker->stack_count = from;
	return term;
}

static uint32_t signed_make(struct term_maker *maker, uint32_t number, bool is_not)
{
	struct made *made = &maker->made[is_not][number];
	const struct node *node = &maker->set->program.nodes[number];

	if (made->round == ALWAYS || (made->round && made->round == maker->round))
		return made->term;
	if (node->kind <= NODE_TRUE)
		made->term = (node->kind == NODE_TRUE) != is_not ? TERM_TRUE : TERM_FALSE;
	else if (node->kind == NODE_LEAF)
		made->term = leaf_make(maker, number, is_not);
	else if (node->kind == NODE_NOT)
		made->term = signed_make(maker, node->children[0], !is_not);
	else
		made->term = inner_make(maker, number, is_not);
	made->round = maker->depends[number] ? maker->round : ALWAYS;
	return made->term;
}

uint32_t term_make(struct term_maker *maker, uint32_t node)
{
	return signed_make(maker, node, false);
}
