/*
 * ast.h: a condition as it was written: and, or, not over checks and names of macros.
 *
 * Everything lives in the arena given to the parser. at is an offset in the parsed text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum op {
#define OPERATOR(id, text, kind, blank) OP_##id,
#include "rules/language/operators.def"
#undef OPERATOR
	OP_COUNT
};

enum op_kind { OP_KIND_UNARY, OP_KIND_NUMBER, OP_KIND_TEXT, OP_KIND_LIST };

struct op_info {
	const char *text;
	enum op_kind kind;
	bool blank; /* must follow */
};

extern const struct op_info op_infos[OP_COUNT];

/* How the members of a list on the right count: f = anyof (a, b). */
enum modifier { MODIFIER_NONE, MODIFIER_ONEOF, MODIFIER_ANYOF, MODIFIER_ALLOF, MODIFIER_COUNT };

extern const char *const modifier_names[MODIFIER_COUNT];

enum transform {
#define TRANSFORM(id, name, min, max) TRANSFORM_##id,
#include "rules/language/transforms.def"
#undef TRANSFORM
	TRANSFORM_COUNT
};

struct transform_info {
	const char *name;
	size_t min, max; /* arguments */
};

extern const struct transform_info transform_infos[TRANSFORM_COUNT];

/* Text from a condition, escapes resolved; may hold NULs, ends in one more. */
struct ast_text {
	const char *data;
	size_t length, at;
};

enum operand_kind { OPERAND_FIELD, OPERAND_TRANSFORM, OPERAND_TEXT, OPERAND_NUMBER, OPERAND_LIST };

/* What a check looks at: a field, something made of fields, or a constant inside of that. */
struct ast_operand {
	enum operand_kind kind;
	size_t at;
	struct ast_text text;	       /* FIELD: its name; TEXT, NUMBER: as written */
	const char *argument;	       /* FIELD, TRANSFORM: between the brackets, or NULL */
	enum transform transform;      /* TRANSFORM */
	struct ast_operand **operands; /* TRANSFORM: arguments; LIST: members */
	size_t count;
};

enum right_kind { RIGHT_NONE, RIGHT_TEXT, RIGHT_LIST, RIGHT_OPERAND };

struct ast_check {
	struct ast_operand *left;
	enum op op;
	size_t op_at;
	enum modifier modifier;
	enum right_kind right;
	struct ast_text *texts; /* TEXT: one; LIST */
	size_t count;
	struct ast_operand *operand; /* OPERAND */
	bool is_val;		     /* OPERAND was written val(field) */
	uint32_t node;		     /* of the program; set by the compiler, UINT32_MAX if there is none */
};

struct ast_home; /* the text that a tree stands in: compile/expand.h */

enum ast_kind { AST_AND, AST_OR, AST_NOT, AST_MACRO, AST_CHECK };

struct ast {
	enum ast_kind kind;
	size_t at;
	struct ast **children; /* AND, OR: two or more; NOT: one */
	size_t count;
	const char *name;  /* MACRO */
	const char *macro; /* name of the macro that this tree was put in for, or NULL */
	struct ast_check *check;
	const struct ast_home *home; /* set after parsing */
	size_t size, depth;	     /* of the tree, macros put in; set by the compiler */
};

/* Appends the condition in Falco's form: (a and not f in (b, c)). */
void ast_print(const struct ast *ast, struct strbuf *out);
void operand_print(const struct ast_operand *operand, struct strbuf *out);
