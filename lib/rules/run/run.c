#include "rules/run/run.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Memory that no event uses at the moment. Threads that run at the same time make their own and the last one back stays. */
struct run_spare {
	_Atomic(struct run_memory *) memory;
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
	if (spare)
		memory_free(atomic_load(&spare->memory));
	free(spare);
}

static struct run_memory *memory_new(const struct program *program)
{
	size_t states = (program->operand_count * 2 + program->node_count) * sizeof(uint32_t);
	size_t values = program->operand_count * (sizeof(struct value) + sizeof(uint64_t));
	struct run_memory *memory = calloc(1, sizeof(*memory) + values + states);

	if (!memory)
		return NULL;
	arena_init(&memory->arena, TRANSFORMED_MAX);
	memory->values = (struct value *)(memory + 1);
	memory->hashes = (uint64_t *)(memory->values + program->operand_count);
	memory->operand_states = (uint32_t *)(memory->hashes + program->operand_count);
	memory->hash_rounds = memory->operand_states + program->operand_count;
	memory->node_states = memory->hash_rounds + program->operand_count;
	return memory;
}

static void round_next(struct run_memory *memory, const struct program *program)
{
	if (memory->round == RUN_ROUNDS_MAX) {
		memset(memory->operand_states, 0, (program->operand_count + program->node_count) * sizeof(uint32_t));
		memory->round = 0;
	}
	memory->round++;
}

bool run_init(struct run *run, const struct program *program, const struct field_reader *reader, const char *evt_type)
{
	struct run_memory *memory = atomic_exchange(&program->spare->memory, NULL);

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
	arena_reset(&run->memory->arena);
	memory_free(atomic_exchange(&run->program->spare->memory, run->memory));
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

const struct value *run_operand(struct run *run, uint32_t operand)
{
	struct run_memory *memory = run->memory;
	uint32_t *state = &memory->operand_states[operand];

	if (*state >> 1 != memory->round)
		*state = memory->round << 1 |
			 operand_read(run, &run->program->operands[operand], &memory->values[operand]);
	return *state & 1 ? &memory->values[operand] : NULL;
}

/* Many sets are asked about the same text; its hash is made once. */
static bool set_has(struct run *run, const struct matcher *matcher, const struct value *value)
{
	struct run_memory *memory = run->memory;
	uint32_t *round = &memory->hash_rounds[matcher->left];
	uint64_t *hash = &memory->hashes[matcher->left];

	if (*round != memory->round) {
		*round = memory->round;
		*hash = text_hash(value->text, value->length);
	}
	return text_set_has_hashed(matcher->set, value->text, value->length, *hash) == (matcher->op != OP_NE);
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

bool run_node(struct run *run, uint32_t node)
{
	uint32_t *state = &run->memory->node_states[node];

	if (*state >> 1 != run->memory->round)
		*state = run->memory->round << 1 | node_find_out(run, &run->program->nodes[node]);
	return *state & 1;
}
