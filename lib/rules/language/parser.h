/*
 * parser.h: conditions and output fields from text to syntax trees.
 */
#pragma once

#include "rules/language/lexer.h"

/*
 * Parses a whole condition; depth_max limits how deep the parser may call itself (a parenthesis takes five). Returns NULL
 * with *error set; message "out of memory" for that.
 */
struct ast *condition_parse(const char *text, size_t length, int depth_max, struct arena *arena,
			    struct parse_error *error);

/* The same with Falco's bugs: rules/quirks.def. */
struct ast *condition_parse_strict(const char *text, size_t length, int depth_max, struct arena *arena,
				   struct parse_error *error);

/*
 * Parses a field or transformer at the start of text, as an output names it after its %; *ret_length is what it took. An
 * argument that does not parse is left out. NULL if there is none, *error set.
 */
struct ast_operand *operand_parse(const char *text, size_t length, struct arena *arena, size_t *ret_length,
				  struct parse_error *error);
