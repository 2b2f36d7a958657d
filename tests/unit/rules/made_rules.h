/*
 * made_rules.h: random conditions and events for them, from few letters, so that checks hold often.
 */
#pragma once

#include "base/strbuf.h"
#include "naive.h"

/* The same numbers again from the same seed. */
void random_seed(uint64_t seed);
uint64_t random_next(uint64_t below);

/* Appends a rule file of so many rules for a source ("syscall" or "aws_cloudtrail"). */
void made_rules(const char *source, size_t count, struct strbuf *out);

/* Fills an event with values of the fields that made rules ask for. */
void made_event(const char *source, struct naive_event *event);
