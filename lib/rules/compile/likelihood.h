/*
 * likelihood.h: guesses how often a check holds and what it costs, to put the best ones first.
 */
#pragma once

#include "rules/run/program.h"

/* likely: 0 to 1; cost: in comparisons of a text that is at hand. */
struct guess {
	float likely, cost;
};

/* Of reading an operand for the first time. */
float operand_cost(const struct operand *operand);

struct guess check_guess(const struct program *program, const struct matcher *matcher);
