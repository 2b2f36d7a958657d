/*
 * parts.h: what policies are made of; for lib/rules/policy alone.
 */
#pragma once

#include "base/map.h"
#include "rules/policy.h"
#include "rules/vector.h"
#include "yaml/yaml.h"

#define POLICY_ARENA_MAX       ((size_t)256 << 20)
#define POLICY_DIAGNOSTICS_MAX 1000

/* What a scope may ask for, by the key in the file. */
#define SCOPE_KINDS(X)                                                                                               \
	X(CLUSTER, "cluster")                                                                                        \
	X(IMAGE, "image")                                                                                            \
	X(CONTAINER, "container")                                                                                    \
	X(ACCOUNT, "account")                                                                                        \
	X(REGION, "region")

enum scope_kind {
#define X(id, key) SCOPE_##id,
	SCOPE_KINDS(X)
#undef X
		SCOPE_COUNT
};

struct policy_file {
	const char *name, *text;
	size_t length, number; /* number: in order of adding */
};

struct policy {
	const char *name, *description, *source;
	enum severity severity;
	bool is_enabled, is_scoped, is_bad;
	const struct policy_file *file;
	int line;
	struct vector scope[SCOPE_COUNT]; /* of char: patterns; an empty one matches everything */
	struct vector rules, tags;	  /* of struct yaml_node: texts as they stand in the file */
	size_t rule_count;
	unsigned int actions;		    /* ACTION_BIT of each */
	const struct yaml_node *responding; /* the first action that is more than notify, or NULL */
};

/* Of one rule. */
struct rule_policies {
	struct vector policies; /* of struct policy: enabled ones that contain it */
	const char **names;
	enum severity severity; /* the worst of all; without policies by the rule's priority */
	unsigned int actions;	/* of all */
	bool is_scoped;		/* some of them do not count everywhere */
};

struct policies {
	struct arena arena;
	bool is_optional, failed_memory;
	struct vector files, items; /* of struct policy_file, struct policy */
	struct map *names;	    /* to struct policy */
	struct rule_policies *of_rules;
	size_t rule_count, unused_rules;
	struct diagnostic *diagnostics;
	size_t *diagnostic_files;
	size_t diagnostic_count, error_count;
};

/* Reads a file's policies into the set. */
void policy_document_read(struct policies *policies, const struct policy_file *file,
			  const struct yaml_node *document);

/* Records a problem at a place, in order of file and place. policy may be NULL. */
void policies_report(struct policies *policies, const struct policy_file *file, const struct yaml_place *place,
		     const struct policy *policy, const char *code, const char *format, ...) PRINTF_LIKE(6, 7);

bool policy_scope_matches(const struct policy *policy, const struct field_reader *reader);
