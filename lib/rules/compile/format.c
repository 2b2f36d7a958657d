#include "rules/compile/compile.h"

#include <ctype.h>
#include <string.h>

#include "rules/language/parser.h"

#define WIDTH_MAX 10000

#define SCRATCH_MAX (1u << 20) /* what one field of an output is parsed into */

/* Room for all tokens of the output: each field, and the text before and behind it. */
static bool tokens_make(struct compiler *compiler, const struct pieced_text *output, struct format *ret)
{
	size_t most = 1;

	for (const char *at = output->text; (at = strchr(at, '%')); at++)
		most += 2;
	*ret = (struct format){ arena_array(&compiler->set->arena, struct format_token, most), 0 };
	compiler->set->failed_memory |= !ret->tokens;
	return ret->tokens;
}

static void output_error(struct compiler *compiler, const struct pieced_text *output, size_t at, bool is_unknown,
			 const char *message)
{
	struct origin origin = text_origin(output, at);
	bool is_skipped = is_unknown && compiler->rule->skip_unknown;

	set_report(compiler->set, &origin, is_skipped ? "LOAD_UNKNOWN_FILTER" : "LOAD_ERR_COMPILE_OUTPUT",
		   compiler->label, "%s", message);
	compiler->is_skipped |= is_skipped;
	compiler->failed |= !is_skipped;
}

/* A field that may be printed, of this source. */
static bool operand_printable(struct compiler *compiler, const struct pieced_text *output, size_t at,
			      const struct ast_operand *operand)
{
	const char *text = operand->text.data, *argument = operand->argument;
	int field = operand->kind == OPERAND_FIELD ? field_resolve(&operand->text, &argument) : -1;

	if (operand->kind != OPERAND_FIELD)
		return true;
	if (field < 0 || (field_infos[field].source != SOURCE_ANY && field_infos[field].source != compiler->source)) {
		output_error(compiler, output, at, true,
			     arena_printf(&compiler->set->arena, "invalid formatting token '%s'%s", text,
					  field < 0 ? field_suggestion(compiler, text, operand->text.length) : ""));
		return false;
	}
	if (field_infos[field].flags & FIELD_DEPRECATED) {
		struct origin origin = text_origin(output, at);

		set_report(compiler->set, &origin, "LOAD_DEPRECATED_ITEM", compiler->label,
			   "usage of deprecated field '%s' has been detected in the rule output", text);
	}
	if (!(field_infos[field].flags & FIELD_FILTER_ONLY))
		return true;
	output_error(compiler, output, at, false,
		     arena_printf(&compiler->set->arena, "field '%s' cannot be printed", text));
	return false;
}

/* One %token at offset at; returns where the text goes on, 0 if it is wrong. */
static size_t token_read(struct compiler *compiler, const struct pieced_text *output, size_t at,
			 struct format_token *ret)
{
	const char *text = output->text;
	AUTO_STRBUF name = STRBUF_INIT;
	AUTO_ARENA scratch;
	struct ast_operand *operand;
	struct parse_error error;
	size_t start = at++, length = 0, errors;

	*ret = (struct format_token){ 0 };
	arena_init(&scratch, SCRATCH_MAX);
	for (; isdigit((unsigned char)text[at]); at++)
		ret->width = ret->width < WIDTH_MAX ? ret->width * 10 + (unsigned int)(text[at] - '0') : WIDTH_MAX;
	if (!text[at]) {
		output_error(compiler, output, start, false,
			     "invalid formatting syntax: formatting cannot end with a %");
		return 0;
	}
	operand = operand_parse(text + at, output->length - at, &scratch, &length, &error);
	if (!operand) {
		output_error(compiler, output, at, true, "invalid formatting token: a field must follow the %");
		return 0;
	}
	if (!operand_printable(compiler, output, at, operand))
		return 0;
	errors = compiler->set->diagnostic_count;
	compiler->home = NULL;
	ret->operand = operand_compile(compiler, operand);
	if (ret->operand == NOTHING) {
		if (compiler->set->diagnostic_count > errors)
			compiler->set->diagnostics[errors].code = "LOAD_ERR_COMPILE_OUTPUT";
		return 0;
	}
	operand_print(operand, &name);
	ret->name = arena_copy(&compiler->set->arena, name.data, name.length);
	return ret->name ? at + length : 0;
}

bool format_compile(struct compiler *compiler, const struct pieced_text *output, struct format *ret)
{
	const char *text = output->text;
	size_t at = *text == '*', start = at;

	if (!tokens_make(compiler, output, ret))
		return false;
	while (at <= output->length) {
		struct format_token token = { 0 };
		size_t next;

		if (text[at] && text[at] != '%') {
			at++;
			continue;
		}
		if (at > start) {
			token.text = arena_copy(&compiler->set->arena, text + start, at - start);
			if (!token.text)
				return !(compiler->set->failed_memory = true);
			ret->tokens[ret->count++] = token;
		}
		if (!text[at])
			return true;
		next = token_read(compiler, output, at, &token);
		if (!next)
			return false;
		ret->tokens[ret->count++] = token;
		at = start = next;
	}
	return true;
}
