#include "rules/compile/compile.h"

#include "rules/language/parser.h"

static bool macros_resolve(struct ruleset *set, struct ast *ast, const char *label, size_t visibility);

/* Offsets in the tree are in this text. */
static void home_set(struct ast *ast, const struct ast_home *home)
{
	ast->home = home;
	for (size_t i = 0; i < ast->count; i++)
		home_set(ast->children[i], home);
}

struct ast *condition_compile(struct ruleset *set, const struct pieced_text *written, const char *label,
			      size_t visibility, bool *ret_fine)
{
	struct ast_home *home = text_expand(set, written, label);
	struct parse_error error;
	struct origin origin;
	struct ast *ast;

	*ret_fine = false;
	if (!home)
		return NULL;
	ast = (set->is_strict ? condition_parse_strict : condition_parse)(home->text, home->length, RULE_DEPTH_MAX,
									  &set->arena, &error);
	if (!ast) {
		origin = home_origin(home, error.at);
		set_report(set, &origin, "LOAD_ERR_COMPILE_CONDITION", label, "%s", error.message);
		return NULL;
	}
	home_set(ast, home);
	*ret_fine = macros_resolve(set, ast, label, visibility);
	return ast;
}

static void macro_compile(struct ruleset *set, struct macro_item *macro)
{
	bool fine;

	macro->state = MACRO_OPEN;
	set->macro_depth++;
	macro->ast = condition_compile(set, &macro->condition, item_label(set, "macro", macro->name),
				       macro->visibility, &fine);
	set->macro_depth--;
	macro->state = fine ? MACRO_DONE : MACRO_BAD;
}

/* format takes the name. Always false. */
static bool macro_refuse(struct ruleset *set, const struct ast *ast, const char *label, const char *format)
{
	struct origin origin = home_origin(ast->home, ast->at);

	set_report(set, &origin, "LOAD_ERR_VALIDATE", label, format, ast->name);
	return false;
}

static bool macro_put(struct ruleset *set, struct ast *ast, const char *label, size_t visibility)
{
	struct macro_item *macro = map_get(set->macro_names, ast->name);
	const char *name = ast->name;

	if (!macro || macro->number >= visibility)
		return macro_refuse(set, ast, label,
				    macro ? "Undefined macro '%s' used in filter. (it is defined further down)"
					  : "Undefined macro '%s' used in filter.");
	macro->is_used = true;
	if (macro->state == MACRO_OPEN)
		return macro_refuse(set, ast, item_label(set, "macro", ast->name), "reference loop in macro '%s'");
	if (macro->state == MACRO_RAW && set->macro_depth >= MACRO_DEPTH_MAX)
		return macro_refuse(set, ast, label, "macro '%s' is nested too deep in other macros");
	if (macro->state == MACRO_RAW)
		macro_compile(set, macro);
	if (macro->state == MACRO_BAD)
		return false; /* reported where the macro is */
	*ast = *macro->ast;
	ast->macro = name;
	return true;
}

/* Macros of macros grow without bound; a tree that is too large is cut, so that nobody walks it. */
static bool size_check(struct ruleset *set, struct ast *ast, const char *label)
{
	struct origin origin;

	if (ast->size <= CONDITION_SIZE_MAX && ast->depth <= CONDITION_DEPTH_MAX)
		return true;
	origin = home_origin(ast->home, ast->at);
	set_report(set, &origin, "LOAD_ERR_VALIDATE", label,
		   "the condition is too large with its macros: more than %d parts, or nested deeper than %d",
		   CONDITION_SIZE_MAX, CONDITION_DEPTH_MAX);
	*ast = (struct ast){ .kind = AST_MACRO, .at = ast->at, .name = "", .home = ast->home, .size = 1, .depth = 1 };
	return false;
}

static bool macros_resolve(struct ruleset *set, struct ast *ast, const char *label, size_t visibility)
{
	bool fine = true;

	if (ast->kind == AST_MACRO)
		return macro_put(set, ast, label, visibility);
	ast->size = ast->depth = 1;
	for (size_t i = 0; i < ast->count; i++) {
		fine = macros_resolve(set, ast->children[i], label, visibility) && fine;
		ast->size += ast->children[i]->size;
		if (ast->children[i]->depth >= ast->depth)
			ast->depth = ast->children[i]->depth + 1;
	}
	return size_check(set, ast, label) && fine;
}

void macros_warn_unused(struct ruleset *set)
{
	for (size_t i = 0; i < set->macros.count; i++) {
		struct macro_item *macro = set->macros.items[i];

		if (macro->state == MACRO_RAW)
			macro_compile(set, macro);
		if (!macro->is_used)
			set_report(set, &macro->origin, "LOAD_UNUSED_MACRO", item_label(set, "macro", macro->name),
				   "Macro not referred to by any other rule/macro");
	}
	for (size_t i = 0; i < set->lists.count; i++) {
		struct list_item *list = set->lists.items[i];

		if (!list->is_used)
			set_report(set, &list->origin, "LOAD_UNUSED_LIST", item_label(set, "list", list->name),
				   "List not referred to by any other rule/macro");
	}
}
