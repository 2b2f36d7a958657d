/*
 * compile.h: from trees to programs: macros, checks of fields, operators and values, evt.type sets, outputs.
 */
#pragma once

#include "rules/compile/expand.h"
#include "rules/run/matcher.h"

#define NOTHING UINT32_MAX /* no operand or node: an error was reported */

/* What one rule is compiled with. */
struct compiler {
	struct ruleset *set;
	struct rule_item *rule;
	const char *label;
	enum field_source source;
	const struct ast_home *home; /* of the check at hand */
	bool failed;
	bool is_skipped; /* it names something unknown and has skip-if-unknown-filter */
};

/* Number of a source's row, or -1. */
int source_find(const char *name);
enum field_source source_kind(int source);

/*
 * Expands and parses a condition and puts the trees of macros in place of their names. NULL: reported. Names of macros that
 * are unknown or wrong are reported and stay in the tree, so that the rest of it can be checked; *ret_fine is false then.
 */
struct ast *condition_compile(struct ruleset *set, const struct pieced_text *written, const char *label,
			      size_t visibility, bool *ret_fine);
void macros_warn_unused(struct ruleset *set);

/* Numbers of the operand or node, an old one if it is known already. */
uint32_t operand_compile(struct compiler *compiler, const struct ast_operand *operand);
/* " (did you mean 'fd.name'?)", or "". */
const char *field_suggestion(struct compiler *compiler, const char *name, size_t length);
uint32_t node_compile(struct compiler *compiler, const struct ast *ast);
uint32_t check_compile(struct compiler *compiler, const struct ast *ast);
uint32_t node_intern(struct ruleset *set, const char *key, const struct node *node);
bool program_init(struct ruleset *set);

/* Row of a field as conditions name it (evt.arg.path too, *argument is "path" then), or -1. *argument must be set before. */
int field_resolve(const struct ast_text *name, const char **argument);

/* Constants of a matcher from the texts of a check. */
bool matcher_fill(struct compiler *compiler, struct matcher *matcher, const struct ast_check *check);

/* True for evt.num=0 and its like, which no event fulfils. */
bool check_is_never(const struct ast_check *check);
void evt_set_compile(const struct ast *ast, struct evt_set *ret);
bool evt_type_known(const char *name);
int evt_type_find(const char *name);   /* row of model/evt_types.def, or -1 */
const char *evt_type_name(size_t row); /* NULL past the last */
size_t evt_set_count(const struct evt_set *events);
bool evt_set_has(const struct evt_set *events,
		 int type); /* its row, or EVT_TYPES_MAX for names that the table does not have */
void evt_set_add(struct evt_set *events, const struct evt_set *more);
bool evt_set_is_all(const struct evt_set *events);

bool format_compile(struct compiler *compiler, const struct pieced_text *output, struct format *ret);

void compile_error(struct compiler *compiler, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
void compile_warning(struct compiler *compiler, size_t at, const char *code, const char *format, ...)
	PRINTF_LIKE(4, 5);
/* Something is not known: a warning if the rule says skip-if-unknown-filter. */
void compile_unknown(struct compiler *compiler, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
