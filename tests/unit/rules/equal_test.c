/*
 * The engine against the plainest evaluator there is: each rule's tree walked afresh, nothing shared or remembered.
 * CLEWLINE_EVENTS says how many events (3,000; the long form is 1000000).
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/compile/compile.h"
#include "detection/pack.h"

#define EVENTS	   3000
#define GIVEN_MOST 128
#define TEXT_MOST  512
#define RULES_MOST 1024

struct given_field {
	enum field field;
	char argument[64], text[TEXT_MOST];
};

struct made {
	const char *type;
	struct given_field fields[GIVEN_MOST];
	size_t count;
};

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_next(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static bool is_textual(enum field field)
{
	return field_infos[field].type == VALUE_TEXT || field_infos[field].type == VALUE_BYTES;
}

static const char *made_text(const struct made *made, enum field field, const char *argument)
{
	for (size_t i = 0; i < made->count; i++) {
		if (made->fields[i].field == field && strcmp(made->fields[i].argument, argument ? argument : "") == 0)
			return made->fields[i].text;
	}
	return NULL;
}

static bool made_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const char *text = made_text(context, field, argument);

	if (!text)
		return false;
	*ret = value_text(text, strlen(text));
	ret->type = field_infos[field].type;
	if (ret->type == VALUE_BOOL)
		*ret = value_bool(strcmp(text, "true") == 0);
	else if (!is_textual(field))
		*ret = (struct value){ .type = field_infos[field].type, .number = strtoll(text, NULL, 10) };
	return true;
}

/* Fields whose values are one text, number or truth; of others no event has any. */
static bool is_plain(enum field field)
{
	enum value_type type = field_infos[field].type;

	return !(field_infos[field].flags & (FIELD_LIST | FIELD_FILTER_ONLY)) && type != VALUE_IP &&
	       type != VALUE_NET;
}

static int check_field(const struct ast_check *check, const char **argument)
{
	*argument = check->left->argument && *check->left->argument ? check->left->argument : NULL;
	return field_resolve(&check->left->text, argument);
}

static bool path_under(const char *path, const char *wanted)
{
	size_t length = strlen(wanted);

	while (length && wanted[length - 1] == '/')
		length--;
	return strncmp(path, wanted, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static bool text_passes(enum op op, const char *text, const char *wanted)
{
	size_t length = strlen(text), part = strlen(wanted);

	switch (op) {
	case OP_EQ:
	case OP_EQ2:
	case OP_IN:
		return strcmp(text, wanted) == 0;
	case OP_NE:
		return strcmp(text, wanted) != 0;
	case OP_CONTAINS:
		return strstr(text, wanted);
	case OP_ICONTAINS:
		return strcasestr(text, wanted);
	case OP_STARTSWITH:
		return strncmp(text, wanted, part) == 0;
	case OP_ENDSWITH:
		return length >= part && strcmp(text + length - part, wanted) == 0;
	case OP_GLOB:
		return fnmatch(wanted, text, 0) == 0;
	case OP_PMATCH:
		return path_under(text, wanted);
	default:
		fail_msg("operator %d on text", (int)op);
		return false;
	}
}

static bool number_passes(enum op op, long long have, long long wanted)
{
	switch (op) {
	case OP_EQ:
	case OP_EQ2:
	case OP_IN:
		return have == wanted;
	case OP_NE:
		return have != wanted;
	case OP_LT:
		return have < wanted;
	case OP_LE:
		return have <= wanted;
	case OP_GT:
		return have > wanted;
	case OP_GE:
		return have >= wanted;
	default:
		fail_msg("operator %d on a number", (int)op);
		return false;
	}
}

static bool value_passes(const struct ast_check *check, enum field field, const char *text)
{
	bool any = false;

	for (size_t i = 0; i < check->count; i++) {
		const char *wanted = check->texts[i].data;

		if (is_textual(field) || field_infos[field].type == VALUE_BOOL)
			any |= text_passes(check->op, text, wanted);
		else
			any |= number_passes(check->op, strtoll(text, NULL, 10), strtoll(wanted, NULL, 10));
	}
	return check->op == OP_EXISTS || any;
}

static bool check_passes(const struct ast_check *check, const struct made *made)
{
	const char *argument, *text;
	int field = check_field(check, &argument);
	char index[12];

	if (field == FIELD_EVT_TYPE)
		return value_passes(check, FIELD_EVT_TYPE, made->type);
	for (int i = 1; !argument && (field_infos[field].flags & FIELD_ANCESTOR) && i <= ANCESTORS_MAX; i++) {
		snprintf(index, sizeof(index), "%d", i);
		text = made_text(made, (enum field)field, index);
		if (text && value_passes(check, (enum field)field, text))
			return true;
	}
	text = made_text(made, (enum field)field, argument);
	return text && value_passes(check, (enum field)field, text);
}

static bool tree_passes(const struct ast *ast, const struct made *made)
{
	bool all = true, any = false;

	if (ast->kind == AST_CHECK)
		return check_passes(ast->check, made);
	for (size_t i = 0; i < ast->count; i++) {
		bool passes = tree_passes(ast->children[i], made);

		all &= passes;
		any |= passes;
	}
	return ast->kind == AST_AND ? all : ast->kind == AST_OR ? any : !all;
}

/* True if the evaluator above knows every check of the tree. */
static bool tree_is_plain(const struct ast *ast)
{
	const char *argument;

	for (size_t i = 0; i < ast->count; i++) {
		if (!tree_is_plain(ast->children[i]))
			return false;
	}
	return ast->kind != AST_CHECK ||
	       (ast->check->left->kind == OPERAND_FIELD && ast->check->right != RIGHT_OPERAND &&
		!ast->check->modifier && ast->check->op != OP_REGEX && ast->check->op != OP_INTERSECTS &&
		is_plain((enum field)check_field(ast->check, &argument)));
}

static void made_give(struct made *made, const struct ast_check *check)
{
	const char *argument, *wanted = check->count ? check->texts[random_next(check->count)].data : "1";
	int field = check_field(check, &argument);
	bool before = check->op == OP_ENDSWITH || check->op == OP_CONTAINS;
	struct given_field *given = &made->fields[made->count];

	/* events count from 1, so evt.num=0 is how rules write "never" */
	if (made->count == GIVEN_MOST || field == FIELD_EVT_TYPE || field == FIELD_EVT_NUM)
		return;
	if (!argument && (field_infos[field].flags & FIELD_ANCESTOR))
		argument = random_next(2) ? "1" : "3";
	if (made_text(made, (enum field)field, argument))
		return;
	given->field = (enum field)field;
	snprintf(given->argument, sizeof(given->argument), "%s", argument ? argument : "");
	snprintf(given->text, sizeof(given->text), "%s%s%s", is_textual(given->field) && before ? "/x" : "", wanted,
		 is_textual(given->field) && check->op == OP_STARTSWITH ? "/y" : "");
	if (is_textual(given->field) && random_next(16) == 0)
		strncat(given->text, "z", sizeof(given->text) - strlen(given->text) - 1);
	else if (field_infos[field].type == VALUE_BOOL && check->op == OP_NE)
		snprintf(given->text, sizeof(given->text), "%s", strcmp(wanted, "true") == 0 ? "false" : "true");
	else if (!is_textual(given->field) && field_infos[field].type != VALUE_BOOL)
		snprintf(given->text, sizeof(given->text), "%lld",
			 strtoll(wanted, NULL, 10) + (long long)random_next(2));
	made->count++;
}

/* Fields so that the tree is likely to hold; what stands under "not" is given seldom. */
static void made_please(struct made *made, const struct ast *ast)
{
	if (ast->kind == AST_CHECK)
		made_give(made, ast->check);
	else if (ast->kind == AST_OR)
		made_please(made, ast->children[random_next(ast->count)]);
	else if (ast->kind == AST_AND || random_next(10) == 0) {
		for (size_t i = 0; i < ast->count; i++)
			made_please(made, ast->children[i]);
	}
}

static void fired_note(void *context, size_t rule)
{
	((bool *)context)[rule] = true;
}

static const char *type_pick(const struct rule_item *rule)
{
	const char *name;

	if (rule->program.events.others)
		return random_next(2) ? "DeleteTrail" : "ConsoleLogin";
	do {
		name = evt_type_name(random_next(EVT_TYPES_MAX));
	} while (!name || !(rule->program.events.bits[evt_type_find(name) / 64] >> (evt_type_find(name) % 64) & 1));
	return name;
}

static size_t event_try(const struct ruleset *set, struct made *made)
{
	const struct rule_item *rule = set->compiled.items[random_next(set->compiled.count)], *other;
	struct field_reader reader = { .read = made_read, .context = made };
	static bool fired[RULES_MOST];
	size_t matches = 0;

	if (!evt_set_count(&rule->program.events) && !rule->program.events.others)
		return 0; /* it can never hold */
	made->count = 0;
	made->type = type_pick(rule);
	made_please(made, rule->ast);
	other = set->compiled.items[random_next(set->compiled.count)];
	if (strcmp(other->source, rule->source) == 0)
		made_please(made, other->ast);
	memset(fired, 0, sizeof(fired));
	ruleset_match(set, rule->source, made->type, &reader, fired_note, fired);
	for (size_t i = 0; i < set->compiled.count; i++) {
		const struct rule_item *item = set->compiled.items[i];
		bool holds = item->enabled && strcmp(item->source, rule->source) == 0;

		if (!tree_is_plain(item->ast))
			continue;
		holds = holds && tree_passes(item->ast, made);
		if (holds != fired[i])
			fail_msg("rule \"%s\" on %s: engine %d, tree %d", item->name, made->type, fired[i], holds);
		matches += holds;
	}
	return matches;
}

static void all_events_agree(struct ruleset *set)
{
	const char *wanted = getenv("CLEWLINE_EVENTS");
	size_t events = wanted ? strtoull(wanted, NULL, 10) : EVENTS, matches = 0, plain = 0;
	struct made *made = calloc(1, sizeof(*made));
	struct err err;

	assert_non_null(made);
	if (ruleset_compile(set, &err) < 0)
		fail_msg("%s", err.message);
	assert_in_range(set->compiled.count, 1, RULES_MOST);
	for (size_t i = 0; i < set->compiled.count; i++)
		plain += tree_is_plain(((const struct rule_item *)set->compiled.items[i])->ast);
	for (size_t i = 0; i < events; i++)
		matches += event_try(set, made);
	print_message("%zu events, %zu of %zu rules compared, %zu matches\n", events, plain, set->compiled.count,
		      matches);
	assert_true(matches > events / 50);
	free(made);
	ruleset_free(set);
}

static void shipped_rules_hold_as_their_trees_do(void **state)
{
	struct ruleset *set = ruleset_new();
	struct err err;

	(void)state;
	assert_non_null(set);
	assert_int_equal(rulepack_add(set, NULL, &err), 0);
	all_events_agree(set);
}

static void official_rules_hold_as_their_trees_do(void **state)
{
	const char *shared = getenv("CLEWLINE_SHARED");
	struct ruleset *set;
	char path[4096];
	struct err err;

	(void)state;
	snprintf(path, sizeof(path), "%s/corpora/falco/rules", shared ? shared : "../shared");
	if (access(path, R_OK) < 0) {
		print_message("no official rules in \"%s\"\n", path);
		skip();
	}
	set = ruleset_new();
	assert_non_null(set);
	assert_int_equal(ruleset_add_path(set, path, &err), 0);
	all_events_agree(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_rules_hold_as_their_trees_do),
		cmocka_unit_test(official_rules_hold_as_their_trees_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
