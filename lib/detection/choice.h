/*
 * choice.h: the options by which the users of a program choose rules, the same in every program that runs them.
 */
#pragma once

#include "conf/command.h"
#include "rules/ruleset.h"

struct rule_choice {
	struct opt_list disable_rules, enable_rules, disable_tags, enable_tags, disable_sources, enable_sources;
	const char *least;	   /* priority */
	const char *append_output; /* file */
	bool strict;
};

#define RULE_CHOICE_OPT(conf, member, name_, argument_, help_)                                                       \
	OPT(conf, member, name_, 0, OPT_LIST, argument_, NULL, help_)

/* Rows for a table of options; member is a struct rule_choice of the configuration. */
#define RULE_CHOICE_OPTS(conf, member)                                                                               \
	RULE_CHOICE_OPT(conf, member.disable_sources, "disable-source", "SOURCE",                                    \
			"turn off the rules of this source; may be repeated"),                                       \
		RULE_CHOICE_OPT(conf, member.enable_sources, "enable-source", "SOURCE",                              \
				"turn on the rules of this source; may be repeated"),                                \
		RULE_CHOICE_OPT(conf, member.disable_tags, "disable-tag", "TAG",                                     \
				"turn off the rules with this tag (* and ? stand for letters); may be repeated"),    \
		RULE_CHOICE_OPT(conf, member.enable_tags, "enable-tag", "TAG",                                       \
				"turn on the rules with this tag, after --disable-...; may be repeated"),            \
		RULE_CHOICE_OPT(conf, member.disable_rules, "disable-rule", "NAME",                                  \
				"turn off the rules with this name (* and ? stand for letters), after tags; may be " \
				"repeated"),                                                                         \
		RULE_CHOICE_OPT(conf, member.enable_rules, "enable-rule", "NAME",                                    \
				"turn on the rules with this name, after all others; may be repeated"),              \
		OPT(conf, member.least, "least-priority", 0, OPT_TEXT, "PRIORITY", NULL,                             \
		    "turn off the rules that are less urgent, whatever else was chosen"),                            \
		OPT(conf, member.append_output, "append-output", 0, OPT_TEXT, "FILE", NULL,                          \
		    "add to the outputs of rules what this file says under append_output, as in falco.yaml"),        \
		OPT(conf, member.strict, "strict-falco", 0, OPT_FLAG, NULL, NULL,                                    \
		    "behave as Falco where that is wrong; docs/rules.md says where")

/*
 * Tells a new set what was chosen. Sources come first, then tags, then names, and of each first what is turned off; the last
 * that matches counts: --disable-source '*' --enable-tag x leaves the rules with the tag. Errors: ERR_USAGE for a priority
 * that is none; ERR_LIMIT; ERR_MEMORY.
 */
int rule_choice_apply(const struct rule_choice *choice, struct ruleset *set, struct err *err);

/* Appends a line for each choice that matched no rule of the compiled set: it has no effect, and probably a typing error. */
void rule_choice_unmatched(const struct ruleset *set, struct strbuf *out);
