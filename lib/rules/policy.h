/*
 * policy.h: policies: which rules count where, and how bad it is when one of them holds. Pure: reads no clock.
 *
 * Life: policies_new, policies_add_text or policies_add_path for each file, policies_bind once to a compiled set of rules,
 * then policies_admit for each rule that held. All problems of all files are collected as diagnostics. After bind nothing
 * changes and threads may share it. Format and meaning: docs/policies.md.
 */
#pragma once

#include <stdint.h>

#include "rules/ruleset.h"

#define POLICY_FILE_MAX	 (1u << 20)
#define POLICIES_MAX	 1000
#define POLICY_ITEMS_MAX 1000 /* of each list of a policy */
#define POLICY_TEXT_MAX	 2048 /* bytes of a name, a pattern, a description */

struct policies;

struct policy_info {
	const char *name, *description, *source, *file; /* description, source: may be NULL */
	int line;
	enum severity severity;
	bool enabled;
	size_t rule_count;    /* rules that it contains, once bound */
	unsigned int actions; /* ACTION_BIT of each that it asks for */
};

/*
 * is_optional is for the shipped policies beside rules of somebody's own: a rule that no policy contains alerts all the
 * same, with a severity by its priority, and a policy may name rules that are not there. NULL without memory.
 */
struct policies *policies_new(bool is_optional);
void policies_free(struct policies *policies); /* accepts NULL */

/* Adds a file. name appears in diagnostics. Returns 0 even when there are diagnostics; errors: ERR_MEMORY. */
int policies_add_text(struct policies *policies, const char *name, const char *text, size_t length, struct err *err);

/* Adds a file, or a folder's *.yaml in order of name. Errors: as file_read. In load.c. */
int policies_add_path(struct policies *policies, const char *path, struct err *err);

/*
 * Finds each policy's rules. source is that of the program ("syscall", "aws_cloudtrail"; NULL: all): a policy for another
 * one is left out. rules must outlive policies. Errors: ERR_SYNTAX when any diagnostic is an error, with the first one's
 * place and text; ERR_MEMORY.
 */
int policies_bind(struct policies *policies, const struct ruleset *rules, const char *source, struct err *err);

const struct diagnostic *policies_diagnostics(const struct policies *policies, size_t *ret_count);

size_t policies_count(const struct policies *policies);
void policies_info(const struct policies *policies, size_t index, struct policy_info *ret);

/* Rules that are enabled, and that no enabled policy contains: they never alert (unless is_optional). */
size_t policies_unused_rules(const struct policies *policies);

/* Goes on with a hash (FNV-1a, 64 bits) over everything that the policies' files say. */
uint64_t policies_hash(const struct policies *policies, uint64_t hash);

/* Why a rule that held becomes an alert. */
struct policy_verdict {
	const char *const *names; /* borrowed from the policies or from the arena */
	size_t count;
	enum severity severity;
	unsigned int actions; /* ACTION_BIT of each that any of them asks for */
};

/* The actions that enabled policies ask for where rule number rule holds, in whatever scope. */
unsigned int policies_actions(const struct policies *policies, size_t rule);

/*
 * True if rule number rule, which held on the event that reader reads, is to alert there: an enabled policy that contains
 * it has a scope that matches. Without memory it is true, with fewer names.
 */
bool policies_admit(const struct policies *policies, size_t rule, const struct field_reader *reader,
		    struct arena *arena, struct policy_verdict *ret);
