#include "rules/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_NEW, STATE_NO, STATE_YES };

bool run_init(struct run *run, const struct program *program, const struct field_reader *reader, const char *evt_type,
	      bool with_nodes)
{
	size_t nodes = with_nodes ? program->node_count : 0;
	char *memory;

	*run = (struct run){ .program = program, .reader = reader, .evt_type = evt_type };
	arena_init(&run->arena, TRANSFORMED_MAX);
	/* one allocation; values need no clearing, as the states say which are set */
	memory = malloc(program->operand_count * sizeof(struct value) + program->operand_count + nodes + 1);
	if (!memory)
		return false;
	run->values = (struct value *)memory;
	run->operand_states = (uint8_t *)(run->values + program->operand_count);
	run->node_states = run->operand_states + program->operand_count;
	memset(run->operand_states, 0, program->operand_count + nodes);
	return true;
}

void run_fini(struct run *run)
{
	free(run->values);
	arena_fini(&run->arena);
}

/* All ancestors that have the field, parent first. */
static bool ancestors_read(struct run *run, const struct operand *operand, struct value *ret)
{
	struct value *items = arena_array(&run->arena, struct value, ANCESTORS_MAX);
	char index[12];

	if (!items)
		return false;
	*ret = (struct value){ .type = operand->type, .is_list = true, .items = items };
	for (int i = 1; i <= ANCESTORS_MAX; i++) {
		snprintf(index, sizeof(index), "%d", i);
		if (run->reader->read(run->reader->context, operand->field, index, &items[ret->count]))
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
	uint8_t *state = &run->operand_states[operand];

	if (*state == STATE_NEW)
		*state = operand_read(run, &run->program->operands[operand], &run->values[operand]) ? STATE_YES
												    : STATE_NO;
	return *state == STATE_YES ? &run->values[operand] : NULL;
}

static bool leaf_run(struct run *run, const struct matcher *matcher)
{
	const struct value *left = run_operand(run, matcher->left), *right;

	if (!left || matcher->op == OP_EXISTS)
		return left;
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
	uint8_t *state = &run->node_states[node];

	if (*state == STATE_NEW)
		*state = node_find_out(run, &run->program->nodes[node]) ? STATE_YES : STATE_NO;
	return *state == STATE_YES;
}
