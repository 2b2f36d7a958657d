/*
 * yaml.h: YAML files as trees of text with places; the door to libfyaml.
 *
 * Scalars stay text: 0755, no, = and 1.10 are what was written. Everything lives in the caller's arena and borrows
 * nothing from the input. Aliases are followed, at the price of the limits below.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define YAML_NODES_MAX	   500000 /* of a file, each use of an alias counted again */
#define YAML_DEPTH_MAX	   64
#define YAML_DOCUMENTS_MAX 1000

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_pair;

struct yaml_node {
	enum yaml_kind kind;
	int line, column; /* of the first byte, from 1 */
	size_t offset;	  /* of the first byte in the file */
	const char *text; /* SCALAR: NUL-terminated, may hold further NULs */
	size_t length;
	bool is_plain;			      /* SCALAR without quotes, not a block */
	bool is_block;			      /* SCALAR after > or | */
	const struct yaml_node *const *items; /* SEQUENCE */
	const struct yaml_pair *pairs;	      /* MAPPING, in order of the file */
	size_t count;			      /* of items or pairs */
};

struct yaml_pair {
	const struct yaml_node *key, *value;
};

struct yaml_file {
	const struct yaml_node *const *documents; /* NULL for an empty one */
	size_t count;
};

struct yaml_place {
	int line, column;
};

/*
 * Parses all documents of a file. Errors: ERR_SYNTAX with *ret_place set and the reason alone as the message; ERR_LIMIT;
 * ERR_MEMORY. The documents before the error are in *ret.
 */
int yaml_parse(const char *text, size_t length, struct arena *arena, struct yaml_file *ret,
	       struct yaml_place *ret_place, struct err *err);

/* Where what is parsed is put: the same arena, or another one for texts that are needed longer than what they stand in. */
struct yaml_arenas {
	struct arena *nodes, *texts;
};

int yaml_parse_into(const char *text, size_t length, const struct yaml_arenas *arenas, struct yaml_file *ret,
		    struct yaml_place *ret_place, struct err *err);

/* Value of a key of a mapping, or NULL (also if node is none). */
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);

/* Text of a scalar; NULL if node is NULL, not a scalar, or null. */
const char *yaml_text(const struct yaml_node *node);

/* True for nothing, ~ and null without quotes. */
bool yaml_is_null(const struct yaml_node *node);

/* y yes on true, n no off false in any case. False if node is none of them. */
bool yaml_bool(const struct yaml_node *node, bool *ret);

/* A whole decimal number from min to max. False if node is none. */
bool yaml_int(const struct yaml_node *node, long min, long max, long *ret);

/*
 * Where byte number index of a scalar's text stands in the file it came from, through folding, indentation and escapes.
 */
struct yaml_place yaml_place(const struct yaml_node *node, size_t index, const char *file, size_t length);
