#include <stdio.h>

#include "cli/commands.h"
#include "cli/rules.h"
#include "cli/rules_tree.h"
#include "cli/screen.h"
#include "json/json.h"
#include "model/entity.h"
#include "rules/facts.h"
#include "text/escape.h"

#define FORMATS		  (1u << TABLE_TEXT | 1u << TABLE_JSON)
#define EXPLAIN_ARENA_MAX (256u << 20)
#define LABEL_WIDTH	  15

struct rules_explain_conf {
	const char *output;
	struct opt_list rules;
};

static const struct opt opts[] = {
	OPT(rules_explain_conf, rules, "rules", 'r', OPT_LIST, "RULES", NULL,
	    "rule file or folder with the rule instead of the shipped rules; may be repeated"),
	OPT(rules_explain_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table",
	    "table (text for people) or json"),
	OPT_END,
};

struct explained {
	struct rule_info info;
	struct rule_facts facts;
	struct rule_tree tree;
};

static void label_add(struct strbuf *out, const char *label)
{
	strbuf_addf(out, "%-*s", LABEL_WIDTH, label);
}

static void text_add(struct strbuf *out, const char *label, const char *text)
{
	if (!text)
		return;
	label_add(out, label);
	/* texts after > or | end in a line break that says nothing */
	for (size_t length = 0; text[length]; length++) {
		if (text[length] != '\n')
			escape_add(out, text + length, 1);
		else if (text[length + 1])
			strbuf_addf(out, "\n%*s", LABEL_WIDTH, "");
	}
	strbuf_addc(out, '\n');
}

static void names_add(struct strbuf *out, const char *label, const char *const *names, size_t count)
{
	AUTO_STRBUF line = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		strbuf_addf(&line, "%s%s", i ? ", " : "", names[i]);
	if (count)
		text_add(out, label, line.data);
}

static void cost_add(struct strbuf *out, const struct rule_facts *facts)
{
	if (facts->found_by.count)
		names_add(out, "found by", facts->found_by.names, facts->found_by.count);
	else
		text_add(out, "found by", "nothing: it is asked about every event of its types");
	label_add(out, "cost");
	strbuf_addf(out, "%zu checks, %zu of them distinct; %zu of those are asked by other rules, too\n",
		    facts->checks, facts->distinct_checks, facts->shared_checks);
}

static int print_text(const struct explained *rule, struct err *err)
{
	const struct rule_info *info = &rule->info;
	const struct rule_facts *facts = &rule->facts;
	AUTO_STRBUF out = STRBUF_INIT, place = STRBUF_INIT;

	strbuf_addf(&place, "%s:%d", info->file, info->line);
	text_add(&out, "rule", info->name);
	text_add(&out, "description", info->description);
	text_add(&out, "place", place.data);
	text_add(&out, "source", info->source);
	text_add(&out, "priority", priority_name(info->priority));
	text_add(&out, "enabled", info->enabled ? "yes" : "no");
	text_add(&out, "version", info->version);
	names_add(&out, "tags", info->tags, info->tag_count);
	if (facts->all_evt_types)
		text_add(&out, "event types", "all");
	names_add(&out, "event types", facts->evt_types.names, facts->evt_types.count);
	names_add(&out, "fields", facts->fields.names, facts->fields.count);
	names_add(&out, "macros", facts->macros.names, facts->macros.count);
	names_add(&out, "lists", facts->lists.names, facts->lists.count);
	names_add(&out, "exceptions", facts->exceptions.names, facts->exceptions.count);
	cost_add(&out, facts);
	text_add(&out, "output", info->output);
	names_add(&out, "output fields", facts->output_fields.names, facts->output_fields.count);
	text_add(&out, "condition", facts->written);
	text_add(&out, "expanded", info->condition);
	strbuf_adds(&out, "tree\n");
	tree_print(&rule->tree, false, &out);
	return screen_write(&out, err);
}

static json_t *names_json(const char *const *names, size_t count)
{
	AUTO_JSON holder = json_object();
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_set_text(holder, "name", names[i]);
		json_array_append(list, json_object_get(holder, "name"));
	}
	return list;
}

static void names_set(json_t *json, const char *key, const struct fact_names *names)
{
	json_object_set_new(json, key, names_json(names->names, names->count));
}

static int print_json(const struct explained *rule, struct err *err)
{
	const struct rule_info *info = &rule->info;
	const struct rule_facts *facts = &rule->facts;
	AUTO_JSON json = json_object();

	json_set_text(json, "rule", info->name);
	json_set_text(json, "description", info->description);
	json_set_text(json, "file", info->file);
	json_object_set_new(json, "line", json_integer(info->line));
	json_set_text(json, "source", info->source);
	json_set_text(json, "priority", priority_name(info->priority));
	json_object_set_new(json, "enabled", json_boolean(info->enabled));
	json_set_text(json, "version", info->version);
	json_object_set_new(json, "tags", names_json(info->tags, info->tag_count));
	json_object_set_new(json, "all_event_types", json_boolean(facts->all_evt_types));
	names_set(json, "event_types", &facts->evt_types);
	names_set(json, "fields", &facts->fields);
	names_set(json, "macros", &facts->macros);
	names_set(json, "lists", &facts->lists);
	names_set(json, "exceptions", &facts->exceptions);
	names_set(json, "found_by", &facts->found_by);
	json_object_set_new(json, "checks", json_integer((json_int_t)facts->checks));
	json_object_set_new(json, "distinct_checks", json_integer((json_int_t)facts->distinct_checks));
	json_object_set_new(json, "shared_checks", json_integer((json_int_t)facts->shared_checks));
	json_set_text(json, "output", info->output);
	names_set(json, "output_fields", &facts->output_fields);
	json_set_text(json, "condition", facts->written);
	json_set_text(json, "condition_expanded", info->condition);
	json_object_set_new(json, "tree", rules_tree_json(&rule->tree, false));
	return json ? screen_json(json, err) : err_set(err, ERR_MEMORY, "out of memory");
}

static int find(const struct ruleset *set, const char *name, size_t *ret, struct err *err)
{
	int number = ruleset_find(set, name);
	const char *meant = number < 0 ? ruleset_suggest(set, name) : NULL;

	*ret = (size_t)number;
	if (number >= 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "no rule is called \"%s\"%s%s%s", name, meant ? "; did you mean \"" : "",
		       meant ? meant : "", meant ? "\"?" : "");
}

static int run(const void *options, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct rules_explain_conf *conf = options;
	AUTO_RULESET set = NULL;
	AUTO_ARENA arena;
	struct explained rule;
	enum table_format format;
	const struct rules_from from = { (int)conf->rules.count, (char **)conf->rules.items, NULL };
	bool is_bad = false;
	size_t number;

	(void)argc;
	arena_init(&arena, EXPLAIN_ARENA_MAX);
	if (screen_format(conf->output, FORMATS, &format, err) < 0 || rules_load(&from, &set, &is_bad, err) < 0)
		return err->code;
	if (is_bad) {
		fprintf(stderr, "secctl: some rules are wrong; secctl rules check says which\n");
		*ret_exit = err_exit_code(ERR_FAILED);
	}
	if (find(set, argv[0], &number, err) < 0)
		return err->code;
	ruleset_info(set, number, &rule.info);
	if (!ruleset_facts(set, number, &arena, &rule.facts) || !ruleset_tree(set, number, NULL, &arena, &rule.tree))
		return err_set(err, ERR_MEMORY, "out of memory");
	return format == TABLE_JSON ? print_json(&rule, err) : print_text(&rule, err);
}

const struct command rules_explain_command = {
	.name = "rules explain",
	.arguments = "RULE",
	.summary = "show what a rule asks, of which events, and what that costs",
	.details = "Examples:\n"
		   "  secctl rules explain \"Write below binary dir\"\n"
		   "  secctl rules explain -r falco_rules.yaml \"Terminal shell in container\" -o json\n"
		   "\n"
		   "An event is only asked about what it has one of: \"found by\" names checks of which one must "
		   "hold, and all\n"
		   "of one field are looked up together, for all rules. A check that several rules ask is evaluated "
		   "once per\n"
		   "event; the tree says how many rules share it.",
	.opts = opts,
	.conf_size = sizeof(struct rules_explain_conf),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
