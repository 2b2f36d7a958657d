/*
 * field.h: the fields that rules and outputs may name; fields.def is the one place where a field's name stands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/value.h"

enum field_flag {
	FIELD_NONE = 0,
	FIELD_LIST = 1 << 0,	     /* several values; only in, intersects and exists apply */
	FIELD_INDEX = 1 << 1,	     /* may be written name[N] */
	FIELD_KEY = 1 << 2,	     /* may be written name[text] */
	FIELD_ARG_REQUIRED = 1 << 3, /* must be written with an argument */
	FIELD_FILTER_ONLY = 1 << 4,  /* cannot be printed; a list holds both ends of a connection */
	FIELD_ANCESTOR = 1 << 5,     /* without an index: true if it holds for any ancestor */
	FIELD_PROCESS = 1 << 6,	     /* depends on the process alone, not on the event */
	FIELD_DEPRECATED = 1 << 7,
	FIELD_DOMAIN =
		1 << 8, /* names of an address: a reader may give several as a list, and a check holds for any */
	FIELD_ABSENT = 1 << 9, /* Falco's, so that its rules load; nothing here supplies it yet */
};

/* Which events have the field. */
enum field_source { SOURCE_ANY, SOURCE_SYSCALL, SOURCE_CLOUDTRAIL };

enum field {
#define FIELD(id, name, type, flags, source, text) FIELD_##id,
#include "model/fields.def"
#undef FIELD
	FIELD_COUNT
};

struct field_info {
	const char *name;
	enum value_type type;
	unsigned int flags; /* of enum field_flag */
	enum field_source source;
	const char *text; /* one sentence for the reference */
};

extern const struct field_info field_infos[FIELD_COUNT];

/* Row of the field called name (length bytes of it), or -1. */
int field_find(const char *name, size_t length);

/*
 * Where an engine gets values from. read() returns false when the event has no such value. argument is the text
 * between the brackets, or NULL. *ret is borrowed until the next event. A field with FIELD_ANCESTOR is always asked with an
 * index from "1" (the parent) on; the engine asks for all of them when the condition names none.
 */
struct field_reader {
	bool (*read)(const void *context, enum field field, const char *argument, struct value *ret);
	const void *context;
};
