/*
 * expand.h: the text of a condition with the names of lists replaced, every byte of it knowing where it comes from.
 */
#pragma once

#include "rules/set.h"

struct ast_home {
	const struct pieced_text *written;
	const char *text;
	size_t length;
	const uint32_t *from; /* offset in written of each byte of text */
};

/* Makes for each list the text that replaces its name: members that are earlier lists give theirs. */
bool lists_prepare(struct ruleset *set);

/*
 * Replaces the names of lists by their members, list by list in order of definition, wherever a name stands between
 * blanks, parentheses, commas or = (in quotes too, as Falco does). NULL with an error reported, or without memory.
 */
struct ast_home *text_expand(struct ruleset *set, const struct pieced_text *written, const char *label);

/* Where byte at of the expanded text stands. */
struct origin home_origin(const struct ast_home *home, size_t at);
