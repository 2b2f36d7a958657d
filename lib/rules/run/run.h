/*
 * run.h: one event going through a program: what was read and found out about it so far.
 */
#pragma once

#include "base/arena.h"
#include "rules/run/matcher.h"

struct run {
	const struct program *program;
	const struct field_reader *reader;
	const char *evt_type;	 /* NULL: the reader knows */
	uint8_t *node_states;	 /* 0 not known, 1 false, 2 true; NULL when only operands are read */
	uint8_t *operand_states; /* 0 not known, 1 absent, 2 present */
	struct value *values;	 /* of operands */
	struct arena arena;	 /* what transformers make */
};

/* False without memory. with_nodes: for conditions too. */
bool run_init(struct run *run, const struct program *program, const struct field_reader *reader, const char *evt_type,
	      bool with_nodes);
void run_fini(struct run *run);

bool run_node(struct run *run, uint32_t node);

/* The value of an operand, or NULL if the event has none. */
const struct value *run_operand(struct run *run, uint32_t operand);

/* Makes the value of a transformer from its parts; false if one is absent. */
bool transform_run(struct run *run, const struct operand *operand, struct value *ret);
