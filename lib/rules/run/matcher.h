/*
 * matcher.h: compiled checks and the tests that they make of values.
 */
#pragma once

#include "rules/run/program.h"

struct text_set;
struct path_set;
struct regex;
struct arena;

#define REGEX_MATCH_LIMIT 200000 /* steps of pcre2 per value, against patterns that explode */
#define REGEX_DEPTH_LIMIT 1000

/* One check. Numbers of operands; right is UINT32_MAX unless fields are compared with each other. */
struct matcher {
	uint32_t left, right;
	enum op op; /* never EQ2 */
	enum modifier modifier;
	enum value_type type; /* of left */
	bool is_list, is_ancestors, is_ends;
	struct value *values; /* constants */
	uint8_t *prefixes;    /* NET: bits of each network */
	size_t count;
	struct text_set *set;	/* in, =, intersects of texts */
	struct path_set *paths; /* pmatch */
	struct regex **regexes; /* one per value */
};

/* True if a value of the left side passes; for a list each member is asked by the caller. */
bool matcher_test(const struct matcher *matcher, const struct value *value);

/* The check on a present value: lists, ancestors and both ends of connections included. */
bool matcher_holds(const struct matcher *matcher, const struct value *value);

/* The check between two present values. */
bool values_hold(const struct matcher *matcher, const struct value *left, const struct value *right);

/* left < right: negative, equal: 0. Both of the same class of type. */
int value_compare(const struct value *left, const struct value *right);

#define TEXT_SET_NONE SIZE_MAX

/* Sets of texts; built once, in the arena. Of equal texts the last one counts. */
struct text_set *text_set_new(struct arena *arena, const struct value *values, size_t count);
bool text_set_has(const struct text_set *set, const char *text, size_t length);

/* Whether a text of this length may be in it; then where it stands among the values, or TEXT_SET_NONE. */
bool text_set_may_have(const struct text_set *set, size_t length);
size_t text_set_find(const struct text_set *set, const char *text, size_t length, uint64_t hash);
uint64_t text_hash(const char *text, size_t length);

/* Anchored at both ends. NULL with *ret_at and *message (of PARSE_MESSAGE_MAX bytes) set. */
struct regex *regex_new(struct arena *arena, const char *text, size_t length, size_t *ret_at, char *message);
void regex_free(struct regex *regex);
bool regex_matches(const struct regex *regex, const char *text, size_t length);
