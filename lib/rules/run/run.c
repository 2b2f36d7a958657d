#include "rules/run/run.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SPARES 4 /* events of other threads, and alerts that are made while an event is matched */

/* Memory that no event uses at the moment. Who finds none makes some, and what has no place when given back is freed. */
struct run_spare {
	_Atomic(struct run_memory *) memories[SPARES];
};

struct run_spare *run_spare_new(void)
{
	return calloc(1, sizeof(struct run_spare));
}

static void memory_free(struct run_memory *memory)
{
	if (!memory)
		return;
	arena_fini(&memory->arena);
	free(memory);
}

void run_spare_free(struct run_spare *spare)
{
	for (size_t i = 0; spare && i < SPARES; i++)
		memory_free(atomic_load(&spare->memories[i]));
	free(spare);
}

/* Numbers that a round leaves behind and the next one does not look at. */
static size_t state_count(const struct program *program)
{
	return program->operand_count * 2 + program->node_count + program->term_count * 2 + program->pattern_count;
}

static struct run_memory *memory_new(const struct program *program)
{
	size_t states = state_count(program) * sizeof(uint32_t);
	size_t values = program->operand_count * (sizeof(struct value) + sizeof(uint64_t));
	size_t marks = (program->mark_count + program->mark_word_count) * sizeof(uint64_t);
	struct run_memory *memory = calloc(1, sizeof(*memory) + values + marks + states);

	if (!memory)
		return NULL;
	arena_init(&memory->arena, TRANSFORMED_MAX);
	memory->values = (struct value *)(memory + 1);
	memory->hashes = (uint64_t *)(memory->values + program->operand_count);
	memory->marks = memory->hashes + program->operand_count;
	memory->mark_words = memory->marks + program->mark_count;
	memory->operand_states = (uint32_t *)(memory->mark_words + program->mark_word_count);
	memory->hash_rounds = memory->operand_states + program->operand_count;
	memory->node_states = memory->hash_rounds + program->operand_count;
	memory->term_states = memory->node_states + program->node_count;
	memory->partial_states = memory->term_states + program->term_count;
	memory->pattern_rounds = memory->partial_states + program->term_count;
	return memory;
}

static void round_next(struct run_memory *memory, const struct program *program)
{
	if (memory->round == RUN_ROUNDS_MAX) {
		memset(memory->operand_states, 0, state_count(program) * sizeof(uint32_t));
		memory->round = 0;
	}
	memory->round++;
}

static struct run_memory *spare_take(struct run_spare *spare)
{
	for (size_t i = 0; i < SPARES; i++) {
		struct run_memory *memory = NULL;

		if (atomic_load_explicit(&spare->memories[i], memory_order_relaxed))
			memory = atomic_exchange(&spare->memories[i], NULL);
		if (memory)
			return memory;
	}
	return NULL;
}

bool run_init(struct run *run, const struct program *program, const struct field_reader *reader, const char *evt_type)
{
	struct run_memory *memory = spare_take(program->spare);

	if (!memory)
		memory = memory_new(program);
	*run = (struct run){ .program = program, .reader = reader, .evt_type = evt_type, .memory = memory };
	if (!memory)
		return false;
	round_next(memory, program);
	return true;
}

void run_fini(struct run *run)
{
	struct run_spare *spare = run->program->spare;
	struct run_memory *none;

	if (run->memory->arena.blocks)
		arena_reset(&run->memory->arena);
	for (size_t i = 0; i < SPARES; i++) {
		none = NULL;
		if (atomic_compare_exchange_strong(&spare->memories[i], &none, run->memory))
			return;
	}
	memory_free(run->memory);
}

/* All ancestors that have the field, parent first. */
static bool ancestors_read(struct run *run, const struct operand *operand, struct value *ret)
{
	static const char *const numbers[ANCESTORS_MAX] = { "1", "2",  "3",  "4",  "5",	 "6",  "7",  "8",
							    "9", "10", "11", "12", "13", "14", "15", "16" };
	struct value *items = arena_array(&run->memory->arena, struct value, ANCESTORS_MAX);

	if (!items)
		return false;
	*ret = (struct value){ .type = operand->type, .is_list = true, .items = items };
	for (size_t i = 0; i < ANCESTORS_MAX; i++) {
		if (run->reader->read(run->reader->context, operand->field, numbers[i], &items[ret->count]))
			ret->count++;
	}
	return ret->count > 0;
}

static bool operand_read(struct run *run, const struct operand *operand, struct value *ret)
{
	switch (operand->kind) {
	case OPERAND_FIELD:
		if (operand->field == FIELD_EVT_TYPE && run->evt_type) {
			*ret = value_text(run->evt_type, strlen(run->evt_type));
			return true;
		}
		if (operand->is_ancestors)
			return ancestors_read(run, operand, ret);
		return run->reader->read(run->reader->context, operand->field, operand->argument, ret);
	case OPERAND_TEXT:
	case OPERAND_NUMBER:
		*ret = operand->constant;
		return true;
	default:
		return transform_run(run, operand, ret);
	}
}

const struct value *run_operand_first(struct run *run, uint32_t operand)
{
	struct run_memory *memory = run->memory;
	bool has = operand_read(run, &run->program->operands[operand], &memory->values[operand]);

	memory->operand_states[operand] = memory->round << 1 | has;
	return has ? &memory->values[operand] : NULL;
}

/* Many sets are asked about the same text; its hash is made once. */
static uint64_t hash_of(struct run *run, uint32_t operand, const struct value *value)
{
	struct run_memory *memory = run->memory;
	uint32_t *round = &memory->hash_rounds[operand];

	if (*round != memory->round) {
		*round = memory->round;
		memory->hashes[operand] = text_hash(value->text, value->length);
	}
	return memory->hashes[operand];
}

static bool set_has(struct run *run, const struct matcher *matcher, const struct value *value)
{
	const struct text_set *set = matcher->set;
	bool has =
		text_set_may_have(set, value->length) &&
		text_set_find(set, value->text, value->length, hash_of(run, matcher->left, value)) != TEXT_SET_NONE;

	return has == (matcher->op != OP_NE);
}

bool run_patterns(struct run *run, uint32_t operand, const struct pattern_set *patterns, pattern_hit *hit,
		  void *context)
{
	const struct value *value = run_operand(run, operand);

	if (!value)
		return false;
	if (!value->is_list)
		return pattern_set_find(patterns, value,
					pattern_set_hashes(patterns, value) ? hash_of(run, operand, value) : 0, hit,
					context);
	for (size_t i = 0; i < value->count; i++) {
		const struct value *item = &value->items[i];
		uint64_t hash = pattern_set_hashes(patterns, item) ? text_hash(item->text, item->length) : 0;

		if (pattern_set_find(patterns, item, hash, hit, context))
			return true;
	}
	return false;
}

static bool hit_enough(void *context, const struct pattern_found *found)
{
	(void)context;
	(void)found;
	return true;
}

static bool leaf_run(struct run *run, const struct matcher *matcher)
{
	const struct value *left = run_operand(run, matcher->left), *right;

	if (!left || matcher->op == OP_EXISTS)
		return left;
	if (matcher->set && !left->is_list)
		return set_has(run, matcher, left);
	if (matcher->right == UINT32_MAX)
		return matcher_holds(matcher, left);
	right = run_operand(run, matcher->right);
	return right && values_hold(matcher, left, right);
}

static bool node_find_out(struct run *run, const struct node *node)
{
	bool is_and = node->kind == NODE_AND;

	switch (node->kind) {
	case NODE_FALSE:
	case NODE_TRUE:
		return node->kind == NODE_TRUE;
	case NODE_LEAF:
		return leaf_run(run, node->matcher);
	case NODE_GROUP:
		return run_patterns(run, node->operand, node->patterns, hit_enough, NULL);
	case NODE_NOT:
		return !run_node(run, node->children[0]);
	default:
		for (size_t i = 0; i < node->count; i++) {
			if (run_node(run, node->children[i]) != is_and)
				return !is_and;
		}
		return is_and;
	}
}

bool run_node_first(struct run *run, uint32_t node)
{
	bool holds = node_find_out(run, &run->program->nodes[node]);

	run->memory->node_states[node] = run->memory->round << 1 | holds;
	return holds;
}
