#include "rules/language/ast.h"

#include <ctype.h>
#include <string.h>

const struct op_info op_infos[OP_COUNT] = {
#define OPERATOR(id, text, kind, blank) { text, OP_KIND_##kind, blank },
#include "rules/language/operators.def"
#undef OPERATOR
};

const char *const modifier_names[MODIFIER_COUNT] = { "", "oneof", "anyof", "allof" };

const struct transform_info transform_infos[TRANSFORM_COUNT] = {
#define TRANSFORM(id, name, min, max) { name, min, max },
#include "rules/language/transforms.def"
#undef TRANSFORM
};

static bool needs_quotes(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isspace(c) || iscntrl(c) || strchr("=\\\"'", c))
			return true;
	}
	return length == 0;
}

static void text_print(const char *text, size_t length, struct strbuf *out)
{
	static const char escaped[] = "\b\f\n\r\t\\\"", letters[] = "bfnrt\\\"";

	if (!needs_quotes(text, length)) {
		strbuf_add(out, text, length);
		return;
	}
	strbuf_addc(out, '"');
	for (size_t i = 0; i < length; i++) {
		const char *found = text[i] ? strchr(escaped, text[i]) : NULL;

		if (found)
			strbuf_addf(out, "\\%c", letters[found - escaped]);
		else if (iscntrl((unsigned char)text[i]))
			strbuf_addf(out, "\\x%02x", (unsigned char)text[i]);
		else
			strbuf_addc(out, text[i]);
	}
	strbuf_addc(out, '"');
}

static void argument_print(const char *argument, struct strbuf *out)
{
	if (!argument || !*argument)
		return;
	strbuf_addc(out, '[');
	text_print(argument, strlen(argument), out);
	strbuf_addc(out, ']');
}

void operand_print(const struct ast_operand *operand, struct strbuf *out)
{
	switch (operand->kind) {
	case OPERAND_FIELD:
		strbuf_add(out, operand->text.data, operand->text.length);
		argument_print(operand->argument, out);
		return;
	case OPERAND_TEXT:
	case OPERAND_NUMBER:
		if (operand->text.length)
			text_print(operand->text.data, operand->text.length, out);
		return;
	case OPERAND_TRANSFORM:
		strbuf_adds(out, transform_infos[operand->transform].name);
		break;
	case OPERAND_LIST:
		break;
	}
	strbuf_addc(out, '(');
	for (size_t i = 0; i < operand->count; i++) {
		if (i)
			strbuf_adds(out, operand->kind == OPERAND_LIST ? ", " : ",");
		operand_print(operand->operands[i], out);
	}
	strbuf_addc(out, ')');
	argument_print(operand->argument, out);
}

static void check_print(const struct ast_check *check, struct strbuf *out)
{
	operand_print(check->left, out);
	strbuf_addf(out, " %s", op_infos[check->op].text);
	if (check->modifier)
		strbuf_addf(out, " %s", modifier_names[check->modifier]);
	switch (check->right) {
	case RIGHT_NONE:
		return;
	case RIGHT_TEXT:
		strbuf_addc(out, ' ');
		text_print(check->texts[0].data, check->texts[0].length, out);
		return;
	case RIGHT_OPERAND:
		strbuf_adds(out, check->is_val ? " val(" : " ");
		operand_print(check->operand, out);
		if (check->is_val)
			strbuf_addc(out, ')');
		return;
	case RIGHT_LIST:
		strbuf_adds(out, " (");
		for (size_t i = 0; i < check->count; i++) {
			if (i)
				strbuf_adds(out, ", ");
			text_print(check->texts[i].data, check->texts[i].length, out);
		}
		strbuf_addc(out, ')');
	}
}

void ast_print(const struct ast *ast, struct strbuf *out)
{
	switch (ast->kind) {
	case AST_MACRO:
		strbuf_adds(out, ast->name);
		return;
	case AST_CHECK:
		check_print(ast->check, out);
		return;
	case AST_NOT:
		strbuf_adds(out, "not ");
		ast_print(ast->children[0], out);
		return;
	case AST_AND:
	case AST_OR:
		strbuf_addc(out, '(');
		for (size_t i = 0; i < ast->count; i++) {
			if (i)
				strbuf_adds(out, ast->kind == AST_AND ? " and " : " or ");
			ast_print(ast->children[i], out);
		}
		strbuf_addc(out, ')');
	}
}
