/*
 * wants.h: what the rules, and those who take events without a rule, need of a sensor.
 */
#pragma once

#include "agent/sensor/sensor.h"
#include "rules/ruleset.h"

/* How much a task is watched; see docs/sensors.md. */
enum tier { TIER_EVENTS, TIER_FILTER, TIER_FULL };

/*
 * Calls that the rules can match, and, when something is delivered, those that are reported without a rule; and which of them
 * the tests of their row must not leave out, because a rule may hold for other arguments too. rules may be NULL.
 */
void wants_of(const struct ruleset *rules, enum tier tier, bool delivers, struct sensor_wants *ret);

/* True if a rule may hold for an open that only reads. *ret_first is the number of the first, *ret_count how many. */
bool wants_reads(const struct ruleset *rules, size_t *ret_first, size_t *ret_count);
