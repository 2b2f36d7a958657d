/*
 * plan.h: makes the plans (run/plan.h) by which the engine finds the rules that an event may fulfil.
 */
#pragma once

struct ruleset;

/* Once all rules are compiled. Notes in the set if memory was short. */
void plans_compile(struct ruleset *set);
