/* Conditions and output fields: whatever is accepted prints to text. */
#include <stdint.h>
#include <stdlib.h>

#include "rules/language/parser.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STRBUF printed = STRBUF_INIT;
	struct parse_error error = { 0 };
	struct ast_operand *operand;
	AUTO_ARENA arena;
	struct ast *ast;
	size_t length = 0;

	arena_init(&arena, 64u << 20);
	ast = condition_parse((const char *)data, size, RULE_DEPTH_MAX, &arena, &error);
	if (ast)
		ast_print(ast, &printed);
	else if (error.at > size || !*error.message)
		abort();
	error = (struct parse_error){ 0 };
	if (!condition_parse_strict((const char *)data, size, RULE_DEPTH_MAX, &arena, &error) &&
	    (error.at > size || !*error.message))
		abort();
	operand = operand_parse((const char *)data, size, &arena, &length, &error);
	if (operand && length > size)
		abort();
	return 0;
}
