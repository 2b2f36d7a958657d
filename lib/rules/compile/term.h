/*
 * term.h: conditions made ready for one kind of event: checks of evt.type answered, "not" moved down to the checks, checks
 * of one field put together, and everything put in the order that is likely to end soonest.
 *
 * Equal terms are the same row, across rules and kinds of events.
 */
#pragma once

#include "rules/compile/likelihood.h"
#include "rules/set.h"

struct term_maker;

struct term_maker *term_maker_new(struct ruleset *set); /* NULL without memory */
void term_maker_free(struct term_maker *maker);		/* accepts NULL */

/* From here on terms are for events of this type; NULL: of any, evt.type is asked as other fields are. */
void term_maker_set_type(struct term_maker *maker, const char *evt_type);

/* True if a node is not the same for all types of events. */
bool term_maker_depends(const struct term_maker *maker, uint32_t node);

/* True if the node is a check of evt.type alone, which term_maker_set_type() answers. */
bool node_is_type_check(const struct program *program, uint32_t node);
bool type_check_holds(const struct program *program, uint32_t node, const char *evt_type);

/* Number of the term for a node; TERM_FALSE and TERM_TRUE are terms too. UINT32_MAX without memory, which the set notes. */
uint32_t term_make(struct term_maker *maker, uint32_t node);

struct guess term_guess(const struct term_maker *maker, uint32_t term);
