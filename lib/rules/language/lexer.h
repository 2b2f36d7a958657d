/*
 * lexer.h: the words of a condition. Each lex_ function takes its word and moves on, or takes nothing and returns false.
 *
 * Words are matched as prefixes, as in Falco: "a.b inside" is a.b in side.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "rules/language/ast.h"

#define PARSE_MESSAGE_MAX 200

/* What is wrong with a condition, and where. */
struct parse_error {
	size_t at;
	char message[PARSE_MESSAGE_MAX];
};

struct lexer {
	const char *text;
	size_t length, at;
	struct arena *arena;
	int depth, depth_max;
	bool failed;
	bool is_strict;		   /* with Falco's bugs: rules/quirks.def */
	struct parse_error *error; /* the first one */
};

/* Records the first error; always returns false. */
bool lex_fail(struct lexer *lexer, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);

bool lex_blanks(struct lexer *lexer);			      /* at least one of " \t\b\r\n" */
bool lex_word(struct lexer *lexer, const char *word);	      /* exactly these bytes */
bool lex_not(struct lexer *lexer);			      /* not and at least one blank */
bool lex_name(struct lexer *lexer, struct ast_text *ret);     /* letters, digits, _: a macro or list */
bool lex_field(struct lexer *lexer, struct ast_text *ret);    /* names joined by dots */
bool lex_number(struct lexer *lexer, struct ast_text *ret);   /* hexadecimal or decimal */
bool lex_bare(struct lexer *lexer, struct ast_text *ret);     /* a value without quotes */
bool lex_argument(struct lexer *lexer, struct ast_text *ret); /* between brackets, without quotes */
bool lex_quoted(struct lexer *lexer, struct ast_text *ret);   /* fails the lexer if begun and bad */
/* Takes a quoted text that is wrong, and forgets what is wrong with it. */
bool lex_quoted_bad(struct lexer *lexer);
bool lex_op(struct lexer *lexer, enum op_kind kind, enum op *ret);
bool lex_transform(struct lexer *lexer, enum transform *ret); /* name and "(" */
