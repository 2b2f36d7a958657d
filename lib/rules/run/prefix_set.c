#include "rules/run/prefix_set.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define KEY_BYTES sizeof(uint64_t)

struct row {
	struct prefix prefix;
	uint32_t shorter;
};

/* keys: the first bytes of each as a number that sorts as the text does; they alone decide most comparisons. */
struct prefix_set {
	bool is_reversed;
	size_t count;
	uint64_t *keys;
	struct row *rows;
};

static unsigned char byte_at(bool is_reversed, const char *text, size_t length, size_t at)
{
	return (unsigned char)text[is_reversed ? length - 1 - at : at];
}

static uint64_t key_of(bool is_reversed, const char *text, size_t length)
{
	uint64_t key = 0;

	if (length >= KEY_BYTES) {
		memcpy(&key, is_reversed ? text + length - KEY_BYTES : text, KEY_BYTES);
		return is_reversed ? le64toh(key) : be64toh(key);
	}
	for (size_t i = 0; i < length; i++)
		key |= (uint64_t)byte_at(is_reversed, text, length, i) << (8 * (KEY_BYTES - 1 - i));
	return key;
}

/* Bits that two texts have in common, from the beginning on. */
static size_t bits_shared(bool is_reversed, const struct prefix *a, const char *text, size_t length)
{
	size_t shorter = a->length < length ? a->length : length, at = 0;
	unsigned int rest;

	while (at < shorter && byte_at(is_reversed, a->text, a->length, at) == byte_at(is_reversed, text, length, at))
		at++;
	if (at == shorter)
		return at * 8;
	rest = byte_at(is_reversed, a->text, a->length, at) ^ byte_at(is_reversed, text, length, at);
	return at * 8 + (size_t)__builtin_clz(rest) - (sizeof(rest) - 1) * 8;
}

/* The order of a prefix and a text whose keys are the same. */
static int rest_compare(bool is_reversed, const struct prefix *a, const char *text, size_t length)
{
	size_t shorter = a->length < length ? a->length : length;

	for (size_t i = KEY_BYTES; i < shorter; i++) {
		unsigned char left = byte_at(is_reversed, a->text, a->length, i);
		unsigned char right = byte_at(is_reversed, text, length, i);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return a->length < length ? -1 : a->length > length;
}

static int rows_compare(const void *left, const void *right, void *is_reversed)
{
	const struct prefix *a = &((const struct row *)left)->prefix, *b = &((const struct row *)right)->prefix;
	bool reversed = *(const bool *)is_reversed;
	uint64_t a_key = key_of(reversed, a->text, a->length), b_key = key_of(reversed, b->text, b->length);
	int order;

	if (a_key != b_key)
		return a_key < b_key ? -1 : 1;
	order = rest_compare(reversed, a, b->text, b->length);
	return order ? order : (a->bits > b->bits) - (a->bits < b->bits);
}

/* Links each row to the one that begins it; those that may do so are the links of the row before. */
static void rows_link(struct prefix_set *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		const struct prefix *prefix = &set->rows[i].prefix;
		uint32_t at = i ? i - 1 : PREFIX_NONE;
		size_t shared =
			i ? bits_shared(set->is_reversed, &set->rows[at].prefix, prefix->text, prefix->length) : 0;

		while (at != PREFIX_NONE && set->rows[at].prefix.bits > shared)
			at = set->rows[at].shorter;
		set->rows[i].shorter = at;
	}
}

struct prefix_set *prefix_set_new(struct arena *arena, const struct prefix *prefixes, size_t count, bool is_reversed)
{
	struct prefix_set *set = arena_new(arena, struct prefix_set);

	if (!set)
		return NULL;
	*set = (struct prefix_set){ .is_reversed = is_reversed, .count = count };
	set->keys = arena_array(arena, uint64_t, count + 1);
	set->rows = arena_array(arena, struct row, count + 1);
	if (!set->keys || !set->rows)
		return NULL;
	for (size_t i = 0; i < count; i++)
		set->rows[i].prefix = prefixes[i];
	qsort_r(set->rows, count, sizeof(*set->rows), rows_compare, &is_reversed);
	for (size_t i = 0; i < count; i++)
		set->keys[i] = key_of(is_reversed, set->rows[i].prefix.text, set->rows[i].prefix.length);
	rows_link(set);
	return set;
}

/* How many rows do not sort behind the text. */
static size_t rows_before(const struct prefix_set *set, const char *text, size_t length)
{
	uint64_t key = key_of(set->is_reversed, text, length);
	size_t from = 0, to = set->count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		bool is_before = set->keys[middle] < key;

		if (set->keys[middle] == key)
			is_before = rest_compare(set->is_reversed, &set->rows[middle].prefix, text, length) <= 0;
		if (is_before)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

uint32_t prefix_set_longest(const struct prefix_set *set, const char *text, size_t length)
{
	size_t before = rows_before(set, text, length), shared;
	uint32_t at = (uint32_t)before - 1;

	if (!before)
		return PREFIX_NONE;
	shared = bits_shared(set->is_reversed, &set->rows[at].prefix, text, length);
	while (at != PREFIX_NONE && set->rows[at].prefix.bits > shared)
		at = set->rows[at].shorter;
	return at;
}

uint32_t prefix_set_shorter(const struct prefix_set *set, uint32_t place)
{
	return set->rows[place].shorter;
}

uint32_t prefix_set_number(const struct prefix_set *set, uint32_t place)
{
	return set->rows[place].prefix.number;
}
