/*
 * case.h: tests of rules that stand beside them: events in YAML, and which rules must hold on them or must not.
 *
 * A file is a sequence of {test: NAME, source: SOURCE, event: {FIELD: VALUE} or record: {...}, must: [RULE], must_not:
 * [RULE]}; docs/rules.md has the whole format. A record is a CloudTrail record, read as seccloudtrail reads it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "rules/diagnostic.h"
#include "rules/given.h"
#include "rules/ruleset.h"
#include "rules/tree.h"
#include "rules/vector.h"
#include "yaml/yaml.h"

#define CASE_FILE_MAX  (8u << 20)
#define CASE_ARENA_MAX ((size_t)512 << 20)
#define CASE_FILES_MAX 10000

struct case_file;

/* A rule that a case names. */
struct case_rule {
	const char *name;
	bool must; /* hold */
	int index; /* in the set, once checked; -1 = unknown */
	bool holds;
	const struct yaml_node *node;
};

struct rule_case {
	const struct case_file *file;
	int line, column;
	const char *name, *source, *evt_type;
	const struct given *given;	/* event, or NULL */
	const struct yaml_node *record; /* or NULL */
	struct vector rules;		/* of struct case_rule */
	bool is_bad;			/* it has a diagnostic: cannot be run */
	bool passed;
};

struct casebook {
	struct arena arena;
	struct vector cases;	   /* of struct rule_case */
	struct vector diagnostics; /* of struct diagnostic */
	size_t bad_files;	   /* that are no YAML at all */
	struct vector files;
};

void casebook_init(struct casebook *book);
void casebook_fini(struct casebook *book);

/*
 * Reads the cases of a text. What is wrong with them is in diagnostics, no error. Errors: ERR_MEMORY.
 */
int casebook_add_text(struct casebook *book, const char *name, const char *text, size_t length, struct err *err);

/*
 * Reads a file, or the *.yaml of every folder called "tests" at or below a folder. Errors: those of reading; ERR_NOT_FOUND if
 * the folder has none.
 */
int casebook_add_path(struct casebook *book, const char *path, struct err *err);

/*
 * Runs every case on the compiled set, which may be called with cases of several files; unknown rules become diagnostics.
 * Returns how many failed, those that could not be run included; or ERR_MEMORY.
 */
int casebook_run(struct casebook *book, const struct ruleset *set, struct err *err);

/*
 * The tree of a rule with the event of a case, in arena. Errors: ERR_MEMORY, or those of reading the record again.
 */
int case_tree(const struct rule_case *item, const struct ruleset *set, size_t rule, struct arena *arena,
	      struct rule_tree *ret, struct err *err);

const char *case_file_name(const struct rule_case *item);

#define AUTO_CASEBOOK CLEANUP(casebook_fini) struct casebook
