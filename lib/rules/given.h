/*
 * given.h: a made-up event, given as texts by the names of fields as conditions write them, for tests of rules.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/field.h"

#define GIVEN_MAX 1000 /* values of one event */

struct given_value {
	enum field field;
	const char *argument; /* or NULL */
	struct value value;
};

struct given {
	struct arena *arena;
	struct given_value *values; /* room for GIVEN_MAX */
	size_t count;
};

/* False without memory. The arena must live as long. */
bool given_init(struct given *given, struct arena *arena);

/*
 * Gives a field count values, which are read as its type: one, or several if it is a list, has two ends or, without an
 * index, means ancestors (parent first). None leave it absent. Errors: ERR_NOT_FOUND if events of source have no such field; ERR_SYNTAX if a text
 * is no value of it, its argument is wrong or it was given before; ERR_LIMIT; ERR_MEMORY.
 */
int given_set(struct given *given, enum field_source source, const char *name, const char *const *texts, size_t count,
	      struct err *err);

/* The text of a field without argument, or NULL. */
const char *given_text(const struct given *given, enum field field);

struct field_reader given_reader(const struct given *given);
