/*
 * set.h: what a set of rules is made of; for lib/rules alone.
 *
 * Reading (file/) fills lists, macros and rules; compiling (compile/) turns the rules into a program (run/program.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "rules/language/ast.h"
#include "rules/ruleset.h"
#include "rules/run/program.h"
#include "rules/vector.h"
#include "yaml/yaml.h"

#define RULE_ARENA_MAX	    ((size_t)512 << 20)
#define CONDITION_TEXT_MAX  (1u << 20) /* bytes, after lists are put in */
#define CONDITION_SIZE_MAX  200000     /* checks, ands, ors and nots of a condition, macros put in */
#define CONDITION_DEPTH_MAX 4000       /* how deep they are nested then */
#define MACRO_DEPTH_MAX	    1000
#define DIAGNOSTICS_MAX	    10000

struct rule_file {
	const char *name, *text;
	size_t length;
	size_t number; /* in order of adding */
};

/* A place in a file. node, if any, tells the place of bytes inside of a text. */
struct origin {
	const struct rule_file *file;
	int line, column;
	const struct yaml_node *node;
};

/* Text put together from pieces of files: a condition and what was appended to it. */
struct piece {
	size_t at; /* of its first byte in the text */
	struct origin origin;
	bool is_made; /* its bytes do not stand in the file: all have the place of origin */
};

struct pieced_text {
	const char *text;
	size_t length;
	struct vector pieces; /* of struct piece, in order */
};

struct list_item {
	const char *name;
	struct vector values; /* of char: texts as written */
	struct origin origin;
	size_t number, visibility; /* order of first definition; of the last one or append */
	const char *pasted;	   /* what the name is replaced with; once compiled */
	bool is_used;
};

enum macro_state { MACRO_RAW, MACRO_OPEN, MACRO_DONE, MACRO_BAD };

struct macro_item {
	const char *name;
	struct pieced_text condition;
	struct origin origin;
	size_t number, visibility;
	enum macro_state state;
	struct ast *ast;
	bool is_used;
};

/* fields, comps and values keep the shape of the file; see file/exception.c. */
struct exception_item {
	const char *name;
	const struct yaml_node *fields, *comps;
	struct vector rows; /* of struct yaml_node: members of values */
	struct origin origin;
};

enum rule_key {
	RULE_KEY_CONDITION,
	RULE_KEY_OUTPUT,
	RULE_KEY_DESC,
	RULE_KEY_PRIORITY,
	RULE_KEY_TAGS,
	RULE_KEY_EXCEPTIONS,
	RULE_KEY_ENABLED,
	RULE_KEY_SOURCE,
	RULE_KEY_WARN_EVTTYPES,
	RULE_KEY_SKIP,
	RULE_KEY_CAPTURE,
	RULE_KEY_CAPTURE_DURATION,
	RULE_KEY_COUNT
};

struct rule_item {
	const char *name, *source;
	struct pieced_text condition, output, description;
	enum priority priority;
	struct vector tags;	  /* of char */
	struct vector exceptions; /* of struct exception_item */
	bool enabled, warn_evttypes, skip_unknown;
	struct origin origin;
	size_t number, visibility;
	/* once compiled */
	bool is_compiled;
	struct rule_info info;
	const struct ast *ast; /* macros put in; its checks know their nodes */
	struct rule_program program;
};

struct requirement {
	const struct yaml_node *item;
	struct origin origin;
};

/* Rules to be turned on or off. */
struct choice {
	enum rule_trait trait;
	const char *pattern;
	bool enabled, is_used;
};

struct ruleset {
	struct arena arena;
	struct arena
		sources; /* what places in files are told by, until everything is compiled: their nodes, without the texts */
	bool is_compiled, failed_memory;
	bool is_strict; /* quirks of Falco are kept */
	enum priority least;
	struct vector choices;
	struct vector extras; /* of struct output_extra: what outputs get besides; append_output.c */
	int macro_depth;      /* macros being compiled, each for the one before */
	size_t sequence;      /* numbers lists, macros and rules in order of definition */
	struct vector files, lists, macros, rules, requirements;
	struct map *list_names, *macro_names, *rule_names;
	struct diagnostic *diagnostics;
	size_t *diagnostic_files; /* number of the file of each */
	size_t diagnostic_count, diagnostic_size, error_count;
	struct vector compiled; /* of struct rule_item: those that ruleset_count() counts */
	struct vector regexes;	/* of struct regex: memory that is not the arena's */
	struct program program;
};

/* The class of an event, or one without rules; never NULL. */
const struct event_class *set_class(const struct ruleset *set, const char *source, const char *evt_type);

/* Turns rules on and off as was chosen. */
void choices_apply(struct ruleset *set);

/* Records a problem; item may be NULL. Past DIAGNOSTICS_MAX nothing is added. */
void set_report(struct ruleset *set, const struct origin *origin, const char *code, const char *item,
		const char *format, ...) PRINTF_LIKE(5, 6);

/* 'rule "NAME"' for set_report. */
const char *item_label(struct ruleset *set, const char *kind, const char *name);

/* The place of byte at of a text. */
struct origin text_origin(const struct pieced_text *text, size_t at);

/* Adds a piece behind the text; a blank goes between if the text is not empty. False without memory. */
bool text_append(struct ruleset *set, struct pieced_text *text, const char *more, struct origin origin, bool is_made);
