#include "rules/language/parser.h"

#include <string.h>

#include "rules/vector.h"

#define OPERAND_DEPTH_MAX 100

static struct ast *parse_or(struct lexer *lexer);
static struct ast_operand *parse_transform(struct lexer *lexer);

static bool deeper(struct lexer *lexer)
{
	if (++lexer->depth > lexer->depth_max)
		return lex_fail(lexer, lexer->at, "exceeded max depth limit of %d", lexer->depth_max);
	return true;
}

static void *allocated(struct lexer *lexer, void *pointer)
{
	if (!pointer)
		lex_fail(lexer, lexer->at, "out of memory");
	return pointer;
}

static bool push(struct lexer *lexer, struct vector *vector, void *item)
{
	return vector_push(vector, lexer->arena, item) || lex_fail(lexer, lexer->at, "out of memory");
}

static struct ast *ast_new(struct lexer *lexer, enum ast_kind kind, size_t at)
{
	struct ast *ast = allocated(lexer, arena_new(lexer->arena, struct ast));

	if (ast) {
		ast->kind = kind;
		ast->at = at;
	}
	return ast;
}

static struct ast_operand *operand_new(struct lexer *lexer, enum operand_kind kind)
{
	struct ast_operand *operand = allocated(lexer, arena_new(lexer->arena, struct ast_operand));

	if (operand) {
		operand->kind = kind;
		operand->at = lexer->at;
	}
	return operand;
}

/* "[" argument "]", if there is one. */
static bool parse_argument(struct lexer *lexer, const char **ret)
{
	struct ast_text text;

	if (!lex_word(lexer, "["))
		return true;
	if (!lex_quoted(lexer, &text) && !lex_argument(lexer, &text))
		return lex_fail(lexer, lexer->at,
				"expected a valid field argument: a quoted string or a bare string");
	if (!lex_word(lexer, "]"))
		return lex_fail(lexer, lexer->at, "expected a ']' token");
	*ret = text.data;
	return true;
}

/* NULL without an error if there is no field. */
static struct ast_operand *parse_field(struct lexer *lexer)
{
	struct ast_text name;
	struct ast_operand *operand;

	if (!lex_field(lexer, &name))
		return NULL;
	operand = operand_new(lexer, OPERAND_FIELD);
	if (!operand)
		return NULL;
	operand->at = name.at;
	operand->text = name;
	return parse_argument(lexer, &operand->argument) ? operand : NULL;
}

static struct ast_operand *parse_constant(struct lexer *lexer, bool quoted_first)
{
	struct ast_text text;
	struct ast_operand *operand;
	bool is_number = !quoted_first && lex_number(lexer, &text);

	if (!is_number && !lex_quoted(lexer, &text) && !(is_number = lex_number(lexer, &text)))
		return NULL;
	operand = operand_new(lexer, is_number ? OPERAND_NUMBER : OPERAND_TEXT);
	if (operand)
		operand->text = text;
	return operand;
}

static struct ast_operand *parse_list_member(struct lexer *lexer)
{
	struct ast_operand *operand = parse_transform(lexer);

	if (!operand && !lexer->failed)
		operand = parse_field(lexer);
	if (!operand && !lexer->failed)
		operand = parse_constant(lexer, true);
	return operand;
}

/* Members up to the closing ")"; each takes one. */
static bool parse_members(struct lexer *lexer, struct ast_operand *into,
			  struct ast_operand *(*parse)(struct lexer *lexer), const char *expected)
{
	struct vector members = { 0 };

	do {
		struct ast_operand *member;

		lex_blanks(lexer);
		member = parse(lexer);
		if (!member)
			return lex_fail(lexer, lexer->at, "expected %s", expected);
		if (!push(lexer, &members, member))
			return false;
		lex_blanks(lexer);
	} while (lex_word(lexer, ","));
	if (!lex_word(lexer, ")"))
		return lex_fail(lexer, lexer->at, "expected a ')' token");
	into->operands = (struct ast_operand **)members.items;
	into->count = members.count;
	return true;
}

/* A list among the arguments of a transformer: (fd.name, "text"). NULL without an error if there is none. */
static struct ast_operand *parse_operand_list(struct lexer *lexer)
{
	struct ast_operand *list;
	size_t from = lexer->at;

	if (!lex_word(lexer, "("))
		return NULL;
	list = operand_new(lexer, OPERAND_LIST);
	if (!list)
		return NULL;
	list->at = from;
	lex_blanks(lexer);
	if (lex_word(lexer, ")"))
		return list;
	return parse_members(lexer, list, parse_list_member, "a field, a transformer or a value") ? list : NULL;
}

static struct ast_operand *parse_transform_argument(struct lexer *lexer)
{
	struct ast_operand *operand = parse_constant(lexer, false);

	if (!operand && !lexer->failed)
		operand = parse_operand_list(lexer);
	return operand || lexer->failed ? operand : parse_list_member(lexer);
}

/* NULL without an error if there is none. */
static struct ast_operand *parse_transform(struct lexer *lexer)
{
	size_t from = lexer->at;
	enum transform transform;
	struct ast_operand *operand;

	if (!lex_transform(lexer, &transform) || !deeper(lexer))
		return NULL;
	operand = operand_new(lexer, OPERAND_TRANSFORM);
	if (!operand)
		return NULL;
	operand->at = from;
	operand->transform = transform;
	if (!parse_members(lexer, operand, parse_transform_argument, "a field, a transformer, a list or a value"))
		return NULL;
	lexer->depth--;
	return parse_argument(lexer, &operand->argument) ? operand : NULL;
}

/* val(field) or a transformer on the right. False without an error if there is none. */
static bool parse_right_operand(struct lexer *lexer, struct ast_check *check)
{
	size_t from = lexer->at;

	if (lex_word(lexer, "val(")) {
		lex_blanks(lexer);
		check->operand = parse_field(lexer);
		if (!check->operand)
			return lex_fail(lexer, lexer->at, "expected a field");
		lex_blanks(lexer);
		if (!lex_word(lexer, ")"))
			return lex_fail(lexer, lexer->at, "expected a ')' token");
		if (lexer->at < lexer->length && lexer->text[lexer->at] == '[')
			return lex_fail(lexer, lexer->at,
					"filter error: transformer 'val' does not support field arguments");
		check->is_val = true;
	} else {
		check->operand = parse_transform(lexer);
		if (!check->operand && !lexer->failed)
			lexer->at = from;
	}
	if (check->operand)
		check->right = RIGHT_OPERAND;
	return check->operand;
}

static bool text_add(struct lexer *lexer, struct ast_check *check, size_t *size, struct ast_text text)
{
	if (check->count == *size) {
		size_t more = *size ? *size * 2 : 4;
		struct ast_text *texts = arena_array(lexer->arena, struct ast_text, more);

		if (!allocated(lexer, texts))
			return false;
		if (check->count)
			memcpy(texts, check->texts, check->count * sizeof(*texts));
		check->texts = texts;
		*size = more;
	}
	check->texts[check->count++] = text;
	return true;
}

/* "(" values ")". False without an error if there is no "(". */
static bool parse_list(struct lexer *lexer, struct ast_check *check)
{
	size_t size = 0;

	if (!lex_word(lexer, "("))
		return false;
	check->right = RIGHT_LIST;
	lex_blanks(lexer);
	if (lex_word(lexer, ")"))
		return true;
	do {
		struct ast_text text;

		lex_blanks(lexer);
		if (lexer->is_strict && !check->count && lex_quoted_bad(lexer))
			return lex_word(lexer, ")") || lex_fail(lexer, lexer->at, "expected a ')' token");
		if (!lex_quoted(lexer, &text) && !lex_bare(lexer, &text))
			return lex_fail(lexer, lexer->at, "expected a value: a quoted string or a bare string");
		if (!text_add(lexer, check, &size, text))
			return false;
		lex_blanks(lexer);
	} while (lex_word(lexer, ","));
	return lex_word(lexer, ")") || lex_fail(lexer, lexer->at, "expected a ')' token");
}

static bool right_text(struct lexer *lexer, struct ast_check *check, struct ast_text text)
{
	size_t size = 0;

	check->right = RIGHT_TEXT;
	return text_add(lexer, check, &size, text);
}

/* A blank was taken before. oneof and so on count only before a list or a name; else they are values. */
static bool parse_modifier(struct lexer *lexer, struct ast_check *check)
{
	size_t from = lexer->at;

	for (int i = MODIFIER_ONEOF; i < MODIFIER_COUNT; i++) {
		struct ast_text name;

		lexer->at = from;
		if (!lex_word(lexer, modifier_names[i]) || !lex_blanks(lexer))
			continue;
		check->modifier = (enum modifier)i;
		if (parse_list(lexer, check) || lexer->failed)
			return !lexer->failed;
		if (lex_name(lexer, &name) && strcmp(name.data, "and") != 0 && strcmp(name.data, "or") != 0 &&
		    strcmp(name.data, "not") != 0)
			return right_text(lexer, check, name);
		check->modifier = MODIFIER_NONE;
	}
	lexer->at = from;
	return false;
}

static bool parse_right(struct lexer *lexer, struct ast_check *check, bool blank_taken)
{
	struct ast_text text;

	blank_taken = lex_blanks(lexer) || blank_taken;
	switch (op_infos[check->op].kind) {
	case OP_KIND_UNARY:
		return true;
	case OP_KIND_NUMBER:
		if (parse_right_operand(lexer, check) || lexer->failed)
			return !lexer->failed;
		if (lex_number(lexer, &text))
			return right_text(lexer, check, text);
		return lex_fail(lexer, lexer->at, "expected a number value");
	case OP_KIND_TEXT:
		if (blank_taken && parse_modifier(lexer, check))
			return true;
		if (lexer->failed || parse_right_operand(lexer, check))
			return !lexer->failed;
		if (lex_quoted(lexer, &text) || (!lexer->failed && lex_bare(lexer, &text)))
			return right_text(lexer, check, text);
		return lex_fail(lexer, lexer->at, "expected a value: a quoted string or a bare string");
	case OP_KIND_LIST:
		if (parse_list(lexer, check) || lexer->failed || parse_right_operand(lexer, check))
			return !lexer->failed;
		if (!lexer->failed && lex_name(lexer, &text))
			return right_text(lexer, check, text);
		return lex_fail(lexer, lexer->at, "expected a list or a list name");
	}
	return false;
}

static struct ast *parse_condition(struct lexer *lexer, struct ast_operand *left)
{
	struct ast *ast = ast_new(lexer, AST_CHECK, left->at);
	struct ast_check *check = allocated(lexer, arena_new(lexer->arena, struct ast_check));
	bool found = false;

	if (!ast || !check || !deeper(lexer))
		return NULL;
	check->left = left;
	ast->check = check;
	lex_blanks(lexer);
	check->op_at = lexer->at;
	for (int kind = OP_KIND_UNARY; kind <= OP_KIND_LIST && !found; kind++)
		found = lex_op(lexer, (enum op_kind)kind, &check->op);
	if (!found) {
		lex_fail(lexer, lexer->at,
			 "expected a valid check operator: one of "
			 "'exists', '=', '!=', '<', 'in', 'startswith', 'contains', 'pmatch' ...");
		return NULL;
	}
	if (check->op != OP_EXISTS && !parse_right(lexer, check, op_infos[check->op].blank))
		return NULL;
	lexer->depth--;
	return ast;
}

/* What follows an opening parenthesis. */
static struct ast *parse_embedded(struct lexer *lexer)
{
	struct ast *ast;

	if (!deeper(lexer))
		return NULL;
	lex_blanks(lexer);
	ast = parse_or(lexer);
	if (!ast)
		return NULL;
	lex_blanks(lexer);
	if (!lex_word(lexer, ")")) {
		lex_fail(lexer, lexer->at, "expected a ')' token");
		return NULL;
	}
	lexer->depth--;
	return ast;
}

static struct ast *parse_check(struct lexer *lexer)
{
	struct ast_operand *operand;
	struct ast_text name;
	struct ast *ast = NULL;

	if (!deeper(lexer))
		return NULL;
	lex_blanks(lexer);
	if (lex_word(lexer, "(")) {
		ast = parse_embedded(lexer);
	} else {
		operand = parse_field(lexer);
		if (!operand && !lexer->failed)
			operand = parse_transform(lexer);
		if (operand) {
			ast = parse_condition(lexer, operand);
		} else if (!lexer->failed && lex_name(lexer, &name)) {
			ast = ast_new(lexer, AST_MACRO, name.at);
			if (ast)
				ast->name = name.data;
		} else {
			lex_fail(lexer, lexer->at, "expected a '(' token, a field check, or an identifier");
		}
	}
	lexer->depth--;
	return ast;
}

static struct ast *parse_not(struct lexer *lexer)
{
	bool negated = false;
	struct ast *child, *ast;
	size_t from;

	if (!deeper(lexer))
		return NULL;
	lex_blanks(lexer);
	from = lexer->at;
	while (lex_not(lexer))
		negated = !negated;
	if (lex_word(lexer, "not(")) {
		negated = !negated;
		child = parse_embedded(lexer);
	} else {
		child = parse_check(lexer);
	}
	lexer->depth--;
	if (!child || !negated)
		return child;
	ast = ast_new(lexer, AST_NOT, from);
	if (!ast)
		return NULL;
	ast->children = allocated(lexer, arena_new(lexer->arena, struct ast *));
	if (!ast->children)
		return NULL;
	ast->children[0] = child;
	ast->count = 1;
	return ast;
}

/* word is the operator that joins what inner parses. */
static struct ast *parse_joined(struct lexer *lexer, enum ast_kind kind, const char *word,
				struct ast *(*inner)(struct lexer *lexer))
{
	struct vector children = { 0 };
	struct ast *child, *ast;
	size_t from;

	if (!deeper(lexer))
		return NULL;
	lex_blanks(lexer);
	from = lexer->at;
	child = inner(lexer);
	while (child && push(lexer, &children, child)) {
		lex_blanks(lexer);
		if (!lex_word(lexer, word))
			break;
		if (lex_blanks(lexer))
			child = inner(lexer);
		else if (lex_word(lexer, "("))
			child = parse_embedded(lexer);
		else
			child = (lex_fail(lexer, lexer->at, "expected blank or '(' after '%s'", word), NULL);
	}
	lexer->depth--;
	if (lexer->failed || children.count == 1)
		return lexer->failed ? NULL : children.items[0];
	ast = ast_new(lexer, kind, from);
	if (ast) {
		ast->children = (struct ast **)children.items;
		ast->count = children.count;
	}
	return ast;
}

static struct ast *parse_and(struct lexer *lexer)
{
	return parse_joined(lexer, AST_AND, "and", parse_not);
}

static struct ast *parse_or(struct lexer *lexer)
{
	return parse_joined(lexer, AST_OR, "or", parse_and);
}

static struct ast *parse_all(struct lexer *lexer)
{
	struct ast *ast = parse_or(lexer);

	if (ast && lexer->at < lexer->length) {
		lex_fail(lexer, lexer->at, "unexpected token after expression");
		return NULL;
	}
	return ast;
}

struct ast *condition_parse(const char *text, size_t length, int depth_max, struct arena *arena,
			    struct parse_error *error)
{
	struct lexer lexer = {
		.text = text, .length = length, .arena = arena, .depth_max = depth_max, .error = error
	};

	return parse_all(&lexer);
}

struct ast *condition_parse_strict(const char *text, size_t length, int depth_max, struct arena *arena,
				   struct parse_error *error)
{
	struct lexer lexer = { .text = text,
			       .length = length,
			       .arena = arena,
			       .depth_max = depth_max,
			       .is_strict = true,
			       .error = error };

	return parse_all(&lexer);
}

struct ast_operand *operand_parse(const char *text, size_t length, struct arena *arena, size_t *ret_length,
				  struct parse_error *error)
{
	struct lexer lexer = {
		.text = text, .length = length, .arena = arena, .depth_max = OPERAND_DEPTH_MAX, .error = error
	};
	struct ast_operand *operand = parse_field(&lexer);
	struct ast_text name;

	if (!operand && !lexer.failed)
		operand = parse_transform(&lexer);
	if (operand) {
		*ret_length = lexer.at;
		return operand;
	}
	/* again without what did not parse between brackets */
	lexer = (struct lexer){ .text = text, .length = length, .arena = arena, .depth_max = 1, .error = error };
	if (!lex_field(&lexer, &name))
		return lex_fail(&lexer, 0, "expected a field or a transformer"), NULL;
	operand = operand_new(&lexer, OPERAND_FIELD);
	if (operand) {
		operand->at = name.at;
		operand->text = name;
		*ret_length = lexer.at;
	}
	return operand;
}
