/*
 * ruleset.h: rules of the Falco language, loaded, checked, compiled and run. Pure: reads no files, no clock.
 *
 * Life: ruleset_new, ruleset_add_text for each file in order (later files may append to and override earlier ones),
 * ruleset_compile once, then ruleset_match per event. All problems of all files are collected as diagnostics, not
 * just the first. After compile the set is immutable and may be shared by threads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "model/event.h"
#include "model/field.h"
#include "rules/diagnostic.h"

#define RULE_FILE_MAX  (8u << 20)
#define RULES_MAX      10000
#define RULE_DEPTH_MAX 1000 /* nesting of a condition, as Falco */

struct ruleset;

/* A rule as its owner may look at it. */
struct rule_info {
	const char *name, *description, *condition, *output, *source, *file;
	const char *version; /* 16 hexadecimal digits over condition (expanded), output and priority */
	int line;
	enum priority priority;
	bool enabled;
	const char *const *tags;
	size_t tag_count;
};

struct ruleset *ruleset_new(void);	/* NULL without memory */
void ruleset_free(struct ruleset *set); /* accepts NULL */

/* Adds a YAML rule file. name appears in diagnostics. Returns 0 even when there are diagnostics; errors: ERR_MEMORY. */
int ruleset_add_text(struct ruleset *set, const char *name, const char *text, size_t length, struct err *err);

/* What a choice of rules looks at; see choose.c. */
enum rule_trait { RULE_TRAIT_NAME, RULE_TRAIT_TAG, RULE_TRAIT_SOURCE };

/*
 * Turns the rules whose trait matches the pattern (* and ? stand for letters) on or off, whatever the files say; of
 * choices that match the same rule the last one counts. Before compiling. Errors: ERR_LIMIT, ERR_MEMORY.
 */
int ruleset_choose(struct ruleset *set, enum rule_trait trait, const char *pattern, bool enabled, struct err *err);

/* Turns off all rules less urgent than least, whatever was chosen. Before compiling. */
void ruleset_set_least(struct ruleset *set, enum priority least);

/*
 * Adds to the outputs of rules what the key append_output of a YAML file says, as in falco.yaml: entries with match (rule,
 * source, tags), extra_output, extra_fields and suggested_output; other keys of the file do not count. Before compiling, which
 * reports formats that are wrong. Errors: ERR_SYNTAX with the place, ERR_LIMIT, ERR_MEMORY; of the second one as file_read, too.
 */
int ruleset_append_output(struct ruleset *set, const char *name, const char *text, size_t length, struct err *err);
int ruleset_append_output_path(struct ruleset *set, const char *path, struct err *err);

/* Behaves as Falco where that is wrong: quirks.def has what. Before adding files. */
void ruleset_set_strict(struct ruleset *set);

/* The pattern of a choice that matched no rule, from number *at on, which is moved behind it; NULL if there is none. */
const char *ruleset_unmatched(const struct ruleset *set, size_t *at);

/* Resolves, checks and compiles. Errors: ERR_SYNTAX when any diagnostic is an error, with the first one's text. */
int ruleset_compile(struct ruleset *set, struct err *err);

/* All problems found so far, in order of file and place. */
const struct diagnostic *ruleset_diagnostics(const struct ruleset *set, size_t *ret_count);

/* Rules that compiled, disabled ones too. */
size_t ruleset_count(const struct ruleset *set);
void ruleset_info(const struct ruleset *set, size_t index, struct rule_info *ret);

/*
 * True if some enabled rule of source ("syscall", "aws_cloudtrail") can match events of this evt.type. The sensor
 * asks this to leave out what no rule needs.
 */
bool ruleset_wants(const struct ruleset *set, const char *source, const char *evt_type);

/* True if the condition or the output of some rule, disabled ones too, reads a field from first to last. */
bool ruleset_reads(const struct ruleset *set, enum field first, enum field last);

/*
 * Evaluates all enabled rules of source on one event. Calls found(context, rule index) for each that holds, in
 * order of definition. Returns how many.
 */
size_t ruleset_match(const struct ruleset *set, const char *source, const char *evt_type,
		     const struct field_reader *reader, void (*found)(void *context, size_t rule), void *context);

/*
 * Makes the alert of a rule that held: output formatted, fields filled, all in arena. Errors: ERR_MEMORY.
 */
int ruleset_alert(const struct ruleset *set, size_t rule, const struct field_reader *reader, struct arena *arena,
		  struct alert *ret, struct err *err);

/* Reads and adds every path (a file, or a folder's *.yaml in order of name). Errors: as file_read. In load.c, the one
 * place of lib/rules that touches files. */
int ruleset_add_path(struct ruleset *set, const char *path, struct err *err);
