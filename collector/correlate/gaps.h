/*
 * gaps.h: all spans in which somebody could not be heard, whatever is being investigated: what an operator wants to see.
 */
#pragma once

#include <jansson.h>

#include "collector/store/query.h"

struct gaps_question {
	struct store *store;
	int64_t tenant;
	struct arena *arena;
	struct loss_filter losses; /* streams, and the window for gaps of every kind */
};

/* *ret is a new array of the investigation document's gaps, at most 50 from marks and 50 from losses. */
int gaps_list(const struct gaps_question *question, json_t **ret, struct err *err);

/* Appends what streams lost; part of gaps_list(). */
int losses_list(const struct gaps_question *question, json_t *gaps, struct err *err);
