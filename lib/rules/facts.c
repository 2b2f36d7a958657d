#include "rules/facts.h"

#include <stdlib.h>
#include <string.h>

#include "rules/compile/compile.h"
#include "rules/compile/suggest.h"
#include "rules/tree.h"

#define NAMES_MAX    2000 /* of one kind */
#define FOUND_BY_MAX 120  /* bytes of a check that a rule is found by */

static bool name_add(struct fact_names *names, struct arena *arena, const char *name)
{
	if (!names->names)
		names->names = arena_array(arena, const char *, NAMES_MAX);
	if (!names->names)
		return false;
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->names[i], name) == 0)
			return true;
	}
	if (names->count < NAMES_MAX)
		names->names[names->count++] = name;
	return true;
}

static bool operand_add(struct fact_names *fields, struct arena *arena, const struct ast_operand *operand)
{
	AUTO_STRBUF text = STRBUF_INIT;
	const char *name;

	for (size_t i = 0; i < operand->count; i++) {
		if (!operand_add(fields, arena, operand->operands[i]))
			return false;
	}
	if (operand->kind != OPERAND_FIELD)
		return true;
	operand_print(operand, &text);
	name = arena_copy(arena, text.data, text.length);
	return name && name_add(fields, arena, name);
}

static bool ast_add(struct rule_facts *facts, struct arena *arena, const struct ast *ast)
{
	if (ast->macro && !name_add(&facts->macros, arena, ast->macro))
		return false;
	if (ast->kind == AST_CHECK) {
		facts->checks++;
		if (!operand_add(&facts->fields, arena, ast->check->left))
			return false;
		if (ast->check->right == RIGHT_OPERAND)
			return operand_add(&facts->fields, arena, ast->check->operand);
	}
	for (size_t i = 0; i < ast->count; i++) {
		if (!ast_add(facts, arena, ast->children[i]))
			return false;
	}
	return true;
}

static bool is_edge(char c)
{
	return !c || strchr(" \t\n\r(),=", c);
}

static bool names_list(const struct pieced_text *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text->text; length && at && (at = strstr(at, name)); at += length) {
		if ((at == text->text || is_edge(at[-1])) && is_edge(at[length]))
			return true;
	}
	return false;
}

static bool lists_add(const struct ruleset *set, const struct rule_item *rule, struct rule_facts *facts,
		      struct arena *arena)
{
	for (size_t i = 0; i < set->lists.count; i++) {
		const struct list_item *list = set->lists.items[i];
		bool is_named = names_list(&rule->condition, list->name);

		for (size_t k = 0; k < facts->macros.count && !is_named; k++) {
			const struct macro_item *macro = map_get(set->macro_names, facts->macros.names[k]);

			is_named = macro && names_list(&macro->condition, list->name);
		}
		if (is_named && !name_add(&facts->lists, arena, list->name))
			return false;
	}
	return true;
}

static bool evt_types_add(const struct rule_item *rule, struct rule_facts *facts, struct arena *arena)
{
	const struct evt_set *events = &rule->program.events;
	const char *name;

	facts->all_evt_types = events->others;
	for (size_t i = 0; !events->others && (name = evt_type_name(i)); i++) {
		if ((events->bits[i / 64] >> (i % 64) & 1) && !name_add(&facts->evt_types, arena, name))
			return false;
	}
	return true;
}

static bool costs_fill(const struct ruleset *set, size_t rule, struct arena *arena, struct rule_facts *facts)
{
	struct fact_names seen = { 0 };
	struct rule_tree tree;

	if (!ruleset_tree(set, rule, NULL, arena, &tree))
		return false;
	for (size_t i = 0; i < tree.count; i++) {
		size_t before = seen.count;

		if (tree.parts[i].kind != PART_CHECK)
			continue;
		if (!name_add(&seen, arena, tree.parts[i].text))
			return false;
		facts->distinct_checks += seen.count > before;
		facts->shared_checks += seen.count > before && tree.parts[i].rules > 1;
	}
	return true;
}

/* The check of a tree that became a node of the program, or NULL. */
static const struct ast *check_of(const struct ast *ast, uint32_t node)
{
	if (ast->kind == AST_CHECK)
		return ast->check->node == node ? ast : NULL;
	for (size_t i = 0; i < ast->count; i++) {
		const struct ast *found = check_of(ast->children[i], node);

		if (found)
			return found;
	}
	return NULL;
}

static bool check_add(const struct rule_item *rule, uint32_t node, bool is_not, struct rule_facts *facts,
		      struct arena *arena)
{
	const struct ast *check = check_of(rule->ast, node);
	AUTO_STRBUF text = STRBUF_INIT;
	const char *copy;

	if (!check)
		return true;
	strbuf_adds(&text, is_not ? "not " : "");
	ast_print(check, &text);
	if (text.length > FOUND_BY_MAX) {
		strbuf_truncate(&text, FOUND_BY_MAX);
		strbuf_adds(&text, "...");
	}
	copy = arena_copy(arena, text.data, text.length);
	return copy && name_add(&facts->found_by, arena, copy);
}

static bool found_by_add(const struct ruleset *set, const struct rule_item *rule, struct rule_facts *facts,
			 struct arena *arena)
{
	const struct program *program = &set->program;

	for (size_t i = 0; i < rule->program.found_by_count; i++) {
		const struct term *term = &program->terms[rule->program.found_by[i]];
		const struct node *node = &program->nodes[term->node];

		if (node->kind == NODE_LEAF && !check_add(rule, term->node, term->is_not, facts, arena))
			return false;
		for (size_t k = 0; node->kind == NODE_GROUP && k < node->count; k++) {
			if (!check_add(rule, node->children[k], term->is_not, facts, arena))
				return false;
		}
	}
	return true;
}

bool ruleset_facts(const struct ruleset *set, size_t number, struct arena *arena, struct rule_facts *ret)
{
	const struct rule_item *rule = set->compiled.items[number];
	const struct format *output = &rule->program.output;

	*ret = (struct rule_facts){ .written = rule->condition.text };
	for (size_t i = 0; i < rule->exceptions.count; i++) {
		const struct exception_item *exception = rule->exceptions.items[i];

		if (!name_add(&ret->exceptions, arena, exception->name))
			return false;
	}
	for (size_t i = 0; i < output->count; i++) {
		if (output->tokens[i].name && !name_add(&ret->output_fields, arena, output->tokens[i].name))
			return false;
	}
	return ast_add(ret, arena, rule->ast) && lists_add(set, rule, ret, arena) &&
	       evt_types_add(rule, ret, arena) && found_by_add(set, rule, ret, arena) &&
	       costs_fill(set, number, arena, ret);
}

int ruleset_find(const struct ruleset *set, const char *name)
{
	for (size_t i = 0; i < set->compiled.count; i++) {
		const struct rule_item *rule = set->compiled.items[i];

		if (strcmp(rule->name, name) == 0)
			return (int)i;
	}
	return -1;
}

static const char *rule_name(const void *context, size_t number)
{
	const struct ruleset *set = context;

	return ((const struct rule_item *)set->compiled.items[number])->name;
}

const char *ruleset_suggest(const struct ruleset *set, const char *name)
{
	return suggest(name, strlen(name), rule_name, set, set->compiled.count);
}
