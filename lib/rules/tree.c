#include "rules/tree.h"

#include <stdlib.h>

#include "rules/run/format.h"
#include "rules/run/run.h"
#include "rules/set.h"
#include "text/escape.h"

#define SEEN_MAX     200 /* bytes of a value that a tree shows */
#define INDENT	     "  "
#define CHECK_COLUMN 60

struct grower {
	const struct ruleset *set;
	struct run *run; /* NULL without an event */
	struct arena *arena;
	struct rule_tree *tree;
	uint32_t *askers; /* rules for each node; NULL with an event */
};

static const enum part_kind kinds[] = {
	[AST_AND] = PART_AND,
	[AST_OR] = PART_OR,
	[AST_NOT] = PART_NOT,
	[AST_CHECK] = PART_CHECK,
};

static const char *copied(struct grower *grower, const struct strbuf *text)
{
	return text->failed ? NULL : arena_copy(grower->arena, text->data, text->length);
}

static bool seen_note(struct grower *grower, const struct ast_check *check, struct rule_part *part)
{
	const struct matcher *matcher = grower->set->program.nodes[check->node].matcher;
	const struct value *value = matcher ? run_operand(grower->run, matcher->left) : NULL;
	AUTO_STRBUF field = STRBUF_INIT, seen = STRBUF_INIT;

	operand_print(check->left, &field);
	part->field = copied(grower, &field);
	if (!value)
		return part->field;
	value_print(value, &seen);
	if (seen.length > SEEN_MAX) {
		strbuf_truncate(&seen, SEEN_MAX);
		strbuf_adds(&seen, "...");
	}
	part->seen = copied(grower, &seen);
	return part->field && part->seen;
}

static bool check_grow(struct grower *grower, const struct ast_check *check, const struct ast *ast,
		       struct rule_part *part)
{
	AUTO_STRBUF text = STRBUF_INIT;

	ast_print(ast, &text);
	part->text = copied(grower, &text);
	if (!part->text || check->node >= grower->set->program.node_count)
		return part->text;
	part->is_never = check->node == NODE_FALSE;
	if (grower->askers)
		part->rules = grower->askers[check->node];
	if (!grower->run)
		return true;
	part->holds = run_node(grower->run, check->node);
	return seen_note(grower, check, part);
}

static bool part_grow(struct grower *grower, const struct ast *ast, size_t depth)
{
	struct rule_part *part = &grower->tree->parts[grower->tree->count++];
	bool is_and = ast->kind == AST_AND;

	*part = (struct rule_part){ .kind = kinds[ast->kind], .depth = depth, .count = 1, .macro = ast->macro };
	if (ast->kind == AST_CHECK)
		return check_grow(grower, ast->check, ast, part);
	part->holds = is_and;
	for (size_t i = 0; i < ast->count; i++) {
		const struct rule_part *child = &grower->tree->parts[grower->tree->count];

		if (!part_grow(grower, ast->children[i], depth + 1))
			return false;
		part->count += child->count;
		if (ast->kind == AST_NOT)
			part->holds = !child->holds;
		else if (child->holds != is_and)
			part->holds = !is_and;
	}
	return true;
}

/* Of an "and" that is false the first false part decides, of one that is true all of them; "or" the other way round. */
static void decisions_mark(struct rule_part *part)
{
	bool needs_one = part->kind != PART_NOT && part->holds == (part->kind == PART_OR);

	part->decides = true;
	for (size_t at = 1; at < part->count; at += part[at].count) {
		if (needs_one && part[at].holds != part->holds)
			continue;
		decisions_mark(&part[at]);
		if (needs_one)
			return;
	}
}

/* Counts for each check how many rules ask it; last remembers the rule that was counted last. */
static void askers_count(const struct ast *ast, uint32_t rule, size_t nodes, uint32_t *askers, uint32_t *last)
{
	if (ast->kind == AST_CHECK && ast->check->node < nodes && last[ast->check->node] != rule) {
		last[ast->check->node] = rule;
		askers[ast->check->node]++;
	}
	for (size_t i = 0; i < ast->count; i++)
		askers_count(ast->children[i], rule, nodes, askers, last);
}

static bool askers_fill(struct grower *grower)
{
	size_t nodes = grower->set->program.node_count;
	AUTO_FREE uint32_t *last = calloc(nodes + 1, sizeof(*last));

	grower->askers = arena_array(grower->arena, uint32_t, nodes + 1);
	if (!last || !grower->askers)
		return false;
	for (size_t i = 0; i < grower->set->compiled.count; i++) {
		const struct rule_item *rule = grower->set->compiled.items[i];

		if (rule->enabled)
			askers_count(rule->ast, (uint32_t)i + 1, nodes, grower->askers, last);
	}
	return true;
}

bool ruleset_tree(const struct ruleset *set, size_t rule, const struct tree_event *event, struct arena *arena,
		  struct rule_tree *ret)
{
	const struct rule_item *item = set->compiled.items[rule];
	struct grower grower = { .set = set, .arena = arena, .tree = ret };
	struct run run;
	bool fine;

	*ret = (struct rule_tree){ .parts = arena_array(arena, struct rule_part, item->ast->size + 1) };
	if (!ret->parts)
		return false;
	if (!event)
		return askers_fill(&grower) && part_grow(&grower, item->ast, 0);
	if (!run_init(&run, &set->program, event->reader, event->evt_type))
		return false;
	grower.run = &run;
	fine = part_grow(&grower, item->ast, 0);
	run_fini(&run);
	if (fine)
		decisions_mark(ret->parts);
	return fine;
}

static void part_print(const struct rule_part *part, bool with_event, bool is_folded, struct strbuf *out)
{
	static const char *const names[] = { [PART_AND] = "and", [PART_OR] = "or", [PART_NOT] = "not" };
	size_t start, length;

	if (with_event)
		strbuf_adds(out, part->holds ? "yes  " : "no   ");
	start = out->length;
	for (size_t i = 0; i < part->depth; i++)
		strbuf_adds(out, INDENT);
	if (part->macro) {
		escape_adds(out, part->macro);
		strbuf_adds(out, ": ");
	}
	if (part->kind != PART_CHECK)
		strbuf_adds(out, names[part->kind]);
	else
		escape_adds(out, part->text);
	if (is_folded)
		strbuf_addf(out, " (%zu %s)", part->count - 1, part->count == 2 ? "part" : "parts");
	length = out->length - start;
	if (part->kind != PART_CHECK || (!with_event && !part->is_never && part->rules < 2))
		return;
	strbuf_addf(out, "%*s", length < CHECK_COLUMN ? (int)(CHECK_COLUMN - length) : 1, "");
	if (part->is_never) {
		strbuf_adds(out, "(never true)");
		return;
	}
	if (!with_event) {
		strbuf_addf(out, "(asked by %zu rules)", part->rules);
		return;
	}
	escape_adds(out, part->field);
	strbuf_adds(out, part->seen ? " is \"" : " is absent");
	escape_adds(out, part->seen);
	strbuf_adds(out, part->seen ? "\"" : "");
	strbuf_adds(out, part->decides ? "  <- decides" : "");
}

void tree_print(const struct rule_tree *tree, bool with_event, struct strbuf *out)
{
	for (size_t i = 0; i < tree->count;) {
		const struct rule_part *part = &tree->parts[i];
		bool is_folded = with_event && !part->decides && part->count > 1;

		strbuf_adds(out, "    ");
		part_print(part, with_event, is_folded, out);
		strbuf_addc(out, '\n');
		i += is_folded ? part->count : 1;
	}
}
