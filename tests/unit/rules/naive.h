/*
 * naive.h: the plainest evaluator of conditions there is: a rule's tree walked afresh for every event, constants read from
 * their text for every check, nothing shared or remembered. What the engine says is compared with it.
 */
#pragma once

#include "model/field.h"
#include "rules/language/ast.h"

#define ARGUED_MAX 160
#define TEXT_MOST  256
#define ITEMS_MOST 4

/* A field of an event; of a list items holds the members. */
struct naive_value {
	bool has;
	struct value value, items[ITEMS_MOST];
	char texts[ITEMS_MOST][TEXT_MOST];
};

struct naive_argued {
	enum field field;
	char argument[64];
	struct naive_value value;
};

struct naive_event {
	const char *type;
	struct naive_value fields[FIELD_COUNT];
	enum field set[FIELD_COUNT]; /* those that have one */
	size_t set_count;
	struct naive_argued argued[ARGUED_MAX];
	size_t argued_count;
};

void naive_clear(struct naive_event *event);

/* The place for a value that the event does not have yet; NULL if it has one, or no room. */
struct naive_value *naive_place(struct naive_event *event, enum field field, const char *argument);

/* Reads a text as the field's type into member number item; texts are cut. Networks of an address lose their length. */
void naive_set(struct naive_value *place, enum field field, size_t item, const char *text);

/* Reads the event for the engine. */
bool naive_read(const void *context, enum field field, const char *argument, struct value *ret);

/* Before other rules than before are asked for. */
void naive_forget(void);

/* The field of an operand and its argument, which may be NULL. */
enum field naive_field(const struct ast_operand *operand, const char **ret_argument);

bool naive_holds(const struct ast *ast, const struct naive_event *event);
