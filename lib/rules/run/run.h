/*
 * run.h: one event going through a program: what was read and found out about it so far.
 */
#pragma once

#include "base/arena.h"
#include "rules/run/matcher.h"
#include "rules/run/pattern_set.h"

#define RUN_ROUNDS_MAX (UINT32_MAX / 4)

/*
 * What an event needs, kept for the next one. A state is the number of the event it was found out for, times two, plus
 * one for yes; so nothing has to be cleared between events.
 */
struct run_memory {
	uint32_t round; /* the event's number, 1 to RUN_ROUNDS_MAX */
	uint32_t *node_states, *term_states, *operand_states, *hash_rounds, *pattern_rounds;
	uint32_t *partial_states;     /* of terms: the round times four, plus what partial.c knows */
	struct value *values;	      /* of operands */
	uint64_t *hashes;	      /* of their texts */
	uint64_t *marks, *mark_words; /* rules to be asked; all 0 between events */
	struct arena arena;	      /* what transformers make */
};

struct run {
	const struct program *program;
	const struct field_reader *reader;
	const char *evt_type; /* NULL: the reader knows */
	struct run_memory *memory;
};

/* Takes the program's spare memory, or makes some. False without memory. */
bool run_init(struct run *run, const struct program *program, const struct field_reader *reader,
	      const char *evt_type);
void run_fini(struct run *run);

/* The place where a program keeps spare memory; one such place serves all threads. NULL without memory. */
struct run_spare *run_spare_new(void);
void run_spare_free(struct run_spare *spare); /* accepts NULL */

/* Whether a node holds; the value of an operand, or NULL if the event has none. Found out once for each event. */
static inline bool run_node(struct run *run, uint32_t node);
static inline const struct value *run_operand(struct run *run, uint32_t operand);

/* Looks the value of an operand up, each member of a list. True if hit said that it is enough. */
bool run_patterns(struct run *run, uint32_t operand, const struct pattern_set *patterns, pattern_hit *hit,
		  void *context);

/* Makes the value of a transformer from its parts; false if one is absent. */
bool transform_run(struct run *run, const struct operand *operand, struct value *ret);

/* What the two above do the first time. */
bool run_node_first(struct run *run, uint32_t node);
const struct value *run_operand_first(struct run *run, uint32_t operand);

static inline bool run_node(struct run *run, uint32_t node)
{
	uint32_t state = run->memory->node_states[node];

	return state >> 1 == run->memory->round ? state & 1 : run_node_first(run, node);
}

static inline const struct value *run_operand(struct run *run, uint32_t operand)
{
	uint32_t state = run->memory->operand_states[operand];

	if (state >> 1 != run->memory->round)
		return run_operand_first(run, operand);
	return state & 1 ? &run->memory->values[operand] : NULL;
}
