/*
 * The engine against the plainest evaluator there is (naive.h): for every event the same rules hold, in order of definition.
 * Rules are those that are shipped, Falco's own, and made-up ones (made_rules.h); values are drawn from the constants of rules.
 * CLEWLINE_EVENTS says how many events (1,000,000) in all, CLEWLINE_SEED what is drawn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "detection/pack.h"
#include "made_rules.h"
#include "rules/compile/compile.h"

#define EVENTS	    1000000
#define SEED	    20240229
#define PACK_PART   4 /* a quarter of the events for the shipped rules, one for Falco's, the others for made-up ones */
#define SET_EVENTS  2500
#define SET_RULES   48
#define RULES_MOST  1024
#define FIRED_NEVER 8 /* out of so many made-up rules at least one holds for some event */

static struct naive_event event;
static uint64_t seed;

static size_t events_wanted(void)
{
	const char *text = getenv("CLEWLINE_EVENTS");

	return text ? strtoull(text, NULL, 10) : EVENTS;
}

static uint64_t seed_wanted(void)
{
	const char *text = getenv("CLEWLINE_SEED");

	return text ? strtoull(text, NULL, 10) : SEED;
}

/* What the engine found, in order. */
struct fired {
	bool rules[RULES_MOST];
	size_t count, last;
};

static void fired_note(void *context, size_t rule)
{
	struct fired *fired = context;

	assert_true(!fired->count || rule > fired->last);
	fired->rules[rule] = true;
	fired->last = rule;
	fired->count++;
}

/* Compares both on the event at hand. Returns how many rules hold. */
static size_t event_compare(const struct ruleset *set, const char *source, bool *held)
{
	struct field_reader reader = { .read = naive_read, .context = &event };
	struct fired fired = { 0 };
	size_t count = ruleset_match(set, source, event.type, &reader, fired_note, &fired);
	int row = source_find(source);

	assert_int_equal(count, fired.count);
	for (size_t i = 0; i < set->compiled.count; i++) {
		const struct rule_item *rule = set->compiled.items[i];
		bool holds = rule->enabled && rule->program.source == row && naive_holds(rule->ast, &event);

		if (holds != fired.rules[i])
			fail_msg("seed %llu: rule \"%s\" on %s: engine %d, tree %d: %s", (unsigned long long)seed,
				 rule->name, event.type, fired.rules[i], holds, rule->info.condition);
		held[i] |= holds;
	}
	return count;
}

/* A value that makes the check hold, most of the time. */
static void value_please(struct naive_value *place, enum field field, const struct ast_check *check)
{
	const char *wanted = check->count ? check->texts[random_next(check->count)].data : "1";
	enum value_type type = field_infos[field].type;
	char text[TEXT_MOST];

	if (type == VALUE_TEXT || type == VALUE_BYTES)
		snprintf(text, sizeof(text), "%s%s%s%s",
			 check->op == OP_ENDSWITH || check->op == OP_CONTAINS || check->op == OP_ICONTAINS ? "/x"
													   : "",
			 wanted, check->op == OP_STARTSWITH || check->op == OP_PMATCH ? "/y" : "",
			 random_next(16) ? "" : "z");
	else if (type == VALUE_BOOL)
		snprintf(text, sizeof(text), "%s",
			 (strcmp(wanted, "true") == 0) != (check->op == OP_NE) ? "true" : "false");
	else if (type == VALUE_IP || type == VALUE_NET)
		snprintf(text, sizeof(text), "%s", wanted);
	else
		snprintf(text, sizeof(text), "%lld", strtoll(wanted, NULL, 10) + (long long)random_next(2));
	naive_set(place, field, 0, text);
}

static void check_please(const struct ast_check *check)
{
	struct naive_value *place;
	const char *argument;
	enum field field;

	if (check->left->kind != OPERAND_FIELD)
		return;
	field = naive_field(check->left, &argument);
	/* events count from 1, so evt.num=0 is how rules write "never" */
	if (field == FIELD_EVT_TYPE || field == FIELD_EVT_NUM)
		return;
	if (!argument && (field_infos[field].flags & FIELD_ANCESTOR))
		argument = random_next(2) ? "1" : "3";
	place = naive_place(&event, field, argument);
	if (place)
		value_please(place, field, check);
}

/* Values so that the tree is likely to hold; what stands under "not" is given seldom. */
static void tree_please(const struct ast *ast)
{
	if (ast->kind == AST_CHECK)
		check_please(ast->check);
	else if (ast->kind == AST_OR)
		tree_please(ast->children[random_next(ast->count)]);
	else if (ast->kind == AST_AND || random_next(10) == 0) {
		for (size_t i = 0; i < ast->count; i++)
			tree_please(ast->children[i]);
	}
}

static const char *type_pick(const struct rule_item *rule)
{
	const char *name;

	if (rule->program.events.others)
		return random_next(2) ? "DeleteTrail" : "ConsoleLogin";
	do {
		name = evt_type_name(random_next(EVT_TYPES_MAX));
	} while (!name || !evt_set_has(&rule->program.events, evt_type_find(name)));
	return name;
}

/* An event that a rule, and perhaps another one, is likely to hold for. */
static size_t rule_try(const struct ruleset *set, bool *held)
{
	const struct rule_item *rule = set->compiled.items[random_next(set->compiled.count)], *other;

	if (!evt_set_count(&rule->program.events) && !rule->program.events.others)
		return 0; /* it can never hold */
	naive_clear(&event);
	event.type = type_pick(rule);
	tree_please(rule->ast);
	other = set->compiled.items[random_next(set->compiled.count)];
	if (strcmp(other->source, rule->source) == 0)
		tree_please(other->ast);
	return event_compare(set, rule->source, held);
}

static void set_compile(struct ruleset *set)
{
	struct err err;

	naive_forget();
	if (ruleset_compile(set, &err) < 0)
		fail_msg("seed %llu: %s", (unsigned long long)seed, err.message);
	assert_in_range(set->compiled.count, 1, RULES_MOST);
}

static size_t held_count(const bool *held)
{
	size_t count = 0;

	for (size_t i = 0; i < RULES_MOST; i++)
		count += held[i];
	return count;
}

static void written_rules_agree(struct ruleset *set)
{
	size_t events = events_wanted() / PACK_PART, matches = 0;
	bool held[RULES_MOST] = { 0 };

	seed = seed_wanted();
	random_seed(seed);
	set_compile(set);
	for (size_t i = 0; i < events; i++)
		matches += rule_try(set, held);
	print_message("seed %llu: %zu events, %zu rules of which %zu held, %zu matches\n", (unsigned long long)seed,
		      events, set->compiled.count, held_count(held), matches);
	assert_true(matches > events / 50);
	ruleset_free(set);
}

static void shipped_rules_hold_as_their_trees_do(void **state)
{
	struct ruleset *set = ruleset_new();
	struct err err;

	(void)state;
	assert_non_null(set);
	assert_int_equal(rulepack_add(set, NULL, &err), 0);
	written_rules_agree(set);
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
	written_rules_agree(set);
}

/* Returns how many of its rules held for some event. */
static size_t made_set_agrees(const char *source, size_t events, size_t *matches)
{
	struct ruleset *set = ruleset_new();
	AUTO_STRBUF text = STRBUF_INIT;
	bool held[RULES_MOST] = { 0 };
	struct err err;

	assert_non_null(set);
	random_seed(seed);
	made_rules(source, SET_RULES, &text);
	assert_int_equal(ruleset_add_text(set, "made", text.data, text.length, &err), 0);
	set_compile(set);
	for (size_t i = 0; i < events; i++) {
		made_event(source, &event);
		*matches += event_compare(set, source, held);
	}
	ruleset_free(set);
	return held_count(held);
}

static void made_rules_hold_as_their_trees_do(void **state)
{
	size_t sets = events_wanted() * 2 / PACK_PART / SET_EVENTS + 1, matches = 0, held = 0;

	(void)state;
	for (size_t i = 0; i < sets; i++) {
		seed = seed_wanted() + i;
		held += made_set_agrees(i % 5 ? "syscall" : "aws_cloudtrail", SET_EVENTS, &matches);
	}
	print_message("seeds from %llu: %zu events, %zu rules of which %zu held, %zu matches\n",
		      (unsigned long long)seed_wanted(), sets * SET_EVENTS, sets * SET_RULES, held, matches);
	assert_true(held > sets * SET_RULES / FIRED_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_rules_hold_as_their_trees_do),
		cmocka_unit_test(official_rules_hold_as_their_trees_do),
		cmocka_unit_test(made_rules_hold_as_their_trees_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
