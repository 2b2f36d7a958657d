#include "rules/run/part_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define BYTES	      256
#define PAIR_BITS     4096 /* of the filter that knows how parts begin */
#define BINARY_SEARCH 8	   /* children from which on they are searched by halves */

/* State 0 is where nothing has begun; the children of a state stand together, in order of their bytes. */
struct state {
	uint32_t children, fallback; /* first child; the longest ending of this state that is one, too */
	uint32_t part;		     /* number of the part that ends here, plus 1 */
	uint32_t shorter;	     /* nearest fallback where one ends; 0 if there is none */
	uint16_t count;		     /* of children */
	uint8_t byte;		     /* that leads here */
};

struct part_set {
	bool any_case;
	uint32_t first[BYTES]; /* children of state 0 */
	uint64_t pairs[PAIR_BITS / 64];
	struct state *states;
	uint32_t count;
};

/* The parts below a state while it is made. */
struct range {
	size_t from, to, depth;
};

static uint8_t small(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static int part_compare(const void *left, const void *right)
{
	const struct part *a = left, *b = right;
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->text, b->text, shorter);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

static size_t pair_bit(uint8_t first, uint8_t second)
{
	return (size_t)(first * 31u + second * 7u * 67u) % PAIR_BITS;
}

static void pairs_note(struct part_set *set, const struct part *part)
{
	uint8_t first = (uint8_t)part->text[0];

	for (unsigned int second = 0; second < BYTES; second++) {
		size_t bit = pair_bit(first, (uint8_t)second);

		if (part->length == 1 || (uint8_t)part->text[1] == second)
			set->pairs[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
}

/* Adds the children of a state: one for each next byte of the parts in its range, which are sorted. */
static void children_add(struct part_set *set, const struct part *parts, struct range *ranges, uint32_t at)
{
	struct state *state = &set->states[at];
	struct range *range = &ranges[at];
	size_t from = range->from;

	if (from < range->to && parts[from].length == range->depth && at)
		state->part = parts[from++].number + 1;
	state->children = set->count;
	while (from < range->to) {
		uint8_t byte = (uint8_t)parts[from].text[range->depth];
		size_t to = from;

		while (to < range->to && (uint8_t)parts[to].text[range->depth] == byte)
			to++;
		set->states[set->count] = (struct state){ .byte = byte };
		ranges[set->count++] = (struct range){ from, to, range->depth + 1 };
		state->count++;
		from = to;
	}
}

static uint32_t child_find(const struct part_set *set, uint32_t at, uint8_t byte)
{
	const struct state *state = &set->states[at];
	uint32_t from = state->children, to = from + state->count;

	while (to - from > BINARY_SEARCH) {
		uint32_t middle = (from + to) / 2;

		if (set->states[middle].byte <= byte)
			from = middle;
		else
			to = middle;
	}
	for (; from < to; from++) {
		if (set->states[from].byte == byte)
			return from;
	}
	return 0;
}

static uint32_t state_next(const struct part_set *set, uint32_t at, uint8_t byte)
{
	uint32_t child;

	for (; at; at = set->states[at].fallback) {
		child = child_find(set, at, byte);
		if (child)
			return child;
	}
	return set->first[byte];
}

/* In order of depth, so that what a state falls back to is known before. */
static void fallbacks_set(struct part_set *set)
{
	for (uint32_t at = 0; at < set->count; at++) {
		const struct state *state = &set->states[at];

		for (uint32_t child = state->children; child < state->children + state->count; child++) {
			struct state *next = &set->states[child];
			const struct state *fallback;

			next->fallback = at ? state_next(set, state->fallback, next->byte) : 0;
			fallback = &set->states[next->fallback];
			next->shorter = fallback->part ? next->fallback : fallback->shorter;
		}
	}
}

struct part_set *part_set_new(struct arena *arena, struct part *parts, size_t count, bool any_case)
{
	struct part_set *set = arena_new(arena, struct part_set);
	AUTO_FREE struct range *ranges = NULL;
	size_t states = 1;

	for (size_t i = 0; i < count; i++)
		states += parts[i].length;
	ranges = calloc(states, sizeof(*ranges));
	if (!set || !ranges || states > UINT32_MAX)
		return NULL;
	set->any_case = any_case;
	set->states = arena_array(arena, struct state, states);
	if (!set->states)
		return NULL;
	qsort(parts, count, sizeof(*parts), part_compare);
	for (size_t i = 0; i < count; i++)
		pairs_note(set, &parts[i]);
	ranges[0] = (struct range){ 0, count, 0 };
	set->count = 1;
	for (uint32_t at = 0; at < set->count; at++)
		children_add(set, parts, ranges, at);
	for (uint32_t i = 0; i < set->states[0].count; i++)
		set->first[set->states[1 + i].byte] = 1 + i;
	fallbacks_set(set);
	return set;
}

/* The first place from at on where a part may begin. */
static size_t start_find(const struct part_set *set, const uint8_t *bytes, size_t length, size_t at)
{
	for (; at + 1 < length; at++) {
		size_t bit = set->any_case ? pair_bit(small(bytes[at]), small(bytes[at + 1]))
					   : pair_bit(bytes[at], bytes[at + 1]);

		if (set->pairs[bit / 64] >> (bit % 64) & 1)
			break;
	}
	return at;
}

bool part_set_next(const struct part_set *set, const char *text, size_t length, struct part_scan *scan,
		   uint32_t *ret_number)
{
	const uint8_t *bytes = (const uint8_t *)text;

	while (!scan->ending) {
		if (!scan->state)
			scan->at = start_find(set, bytes, length, scan->at);
		if (scan->at >= length)
			return false;
		scan->state = state_next(set, scan->state, set->any_case ? small(bytes[scan->at]) : bytes[scan->at]);
		scan->at++;
		scan->ending = set->states[scan->state].part ? scan->state : set->states[scan->state].shorter;
	}
	*ret_number = set->states[scan->ending].part - 1;
	scan->ending = set->states[scan->ending].shorter;
	return true;
}
