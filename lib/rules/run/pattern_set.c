#include "rules/run/pattern_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rules/run/matcher.h"
#include "rules/run/part_set.h"
#include "rules/run/path_set.h"
#include "rules/run/prefix_set.h"

#define ADDRESS_BYTES 17 /* of an address with its family in front */

struct numbers {
	const uint32_t *first;
	size_t count;
};

struct pattern_set {
	enum value_type type;
	size_t count;
	struct numbers *numbers; /* of each distinct pattern */
	struct text_set *equal;
	size_t equal_from; /* number of the first of them among all */
	struct prefix_set *starts, *ends, *paths, *nets;
	struct part_set *parts, *any_case;
};

/* What values of a type are compared by: their text, or these bytes. */
struct key {
	const char *text;
	size_t length;
	char bytes[ADDRESS_BYTES];
};

static void key_make(enum value_type type, const struct value *value, struct key *ret)
{
	uint64_t number = value->unumber;

	switch (type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		ret->text = value->text;
		ret->length = value->length;
		return;
	case VALUE_IP:
	case VALUE_NET:
		ret->bytes[0] = value->is_v4 ? 4 : 6;
		memcpy(ret->bytes + 1, value->ip, sizeof(value->ip));
		ret->length = ADDRESS_BYTES;
		break;
	case VALUE_BOOL:
		number = value->truth;
		/* fall through */
	default:
		memcpy(ret->bytes, &number, sizeof(number));
		ret->length = sizeof(number);
	}
	ret->text = ret->bytes;
}

static void bits_cut(char *bytes, size_t length, size_t bits)
{
	for (size_t i = 0; i < length; i++) {
		size_t kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			bytes[i] = (char)((unsigned char)bytes[i] & (0xff00u >> kept));
	}
}

bool pattern_make(struct arena *arena, enum pattern_kind kind, const struct value *constant, unsigned int bits,
		  uint32_t number, struct pattern *ret)
{
	char *own = NULL;
	struct key key;

	key_make(constant->type, constant, &key);
	if (kind == PATTERN_PATH)
		own = path_plain(arena, key.text, key.length, &key.length);
	else if (kind == PATTERN_PART_ANY_CASE || key.text == key.bytes)
		own = arena_copy(arena, key.text, key.length);
	else
		own = (char *)key.text;
	if (!own || !key.length)
		return false;
	*ret = (struct pattern){
		.kind = kind, .text = own, .length = key.length, .bits = key.length * 8, .number = number
	};
	if (kind == PATTERN_NET) {
		ret->bits = bits + 8;
		bits_cut(own, key.length, ret->bits);
	}
	for (size_t i = 0; kind == PATTERN_PART_ANY_CASE && i < key.length; i++)
		own[i] = own[i] >= 'A' && own[i] <= 'Z' ? (char)(own[i] + ('a' - 'A')) : own[i];
	return true;
}

static int pattern_compare(const void *left, const void *right)
{
	const struct pattern *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return memcmp(a->text, b->text, a->length);
}

static int pattern_order(const void *left, const void *right)
{
	const struct pattern *a = left, *b = right;
	int order = pattern_compare(left, right);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Leaves one of alike patterns, its place as its number; returns how many are left. */
static size_t patterns_merge(struct pattern_set *set, struct arena *arena, struct pattern *patterns, size_t count)
{
	uint32_t *numbers = arena_array(arena, uint32_t, count + 1);
	size_t kept = 0, used = 0;

	set->numbers = arena_array(arena, struct numbers, count + 1);
	if (!set->numbers || !numbers)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t number = patterns[i].number;
		struct numbers *last = kept ? &set->numbers[kept - 1] : NULL;

		if (!last || pattern_compare(&patterns[kept - 1], &patterns[i]) != 0) {
			last = &set->numbers[kept];
			*last = (struct numbers){ numbers + used, 0 };
			patterns[kept] = patterns[i];
			patterns[kept].number = (uint32_t)kept;
			kept++;
		}
		if (last->count && last->first[last->count - 1] == number)
			continue;
		numbers[used++] = number;
		last->count++;
	}
	return kept;
}

static bool equal_fill(struct pattern_set *set, struct arena *arena, const struct pattern *patterns, size_t count)
{
	struct value *values = arena_array(arena, struct value, count);

	for (size_t i = 0; values && i < count; i++)
		values[i] = value_text(patterns[i].text, patterns[i].length);
	set->equal_from = patterns->number;
	set->equal = values ? text_set_new(arena, values, count) : NULL;
	return set->equal;
}

static struct prefix_set *prefixes_make(struct arena *arena, const struct pattern *patterns, size_t count)
{
	AUTO_FREE struct prefix *prefixes = calloc(count, sizeof(*prefixes));

	for (size_t i = 0; prefixes && i < count; i++)
		prefixes[i] =
			(struct prefix){ patterns[i].text, patterns[i].length, patterns[i].bits, patterns[i].number };
	return prefixes ? prefix_set_new(arena, prefixes, count, patterns->kind == PATTERN_END) : NULL;
}

static struct part_set *parts_make(struct arena *arena, const struct pattern *patterns, size_t count)
{
	AUTO_FREE struct part *parts = calloc(count, sizeof(*parts));

	for (size_t i = 0; parts && i < count; i++)
		parts[i] = (struct part){ patterns[i].text, patterns[i].length, patterns[i].number };
	return parts ? part_set_new(arena, parts, count, patterns->kind == PATTERN_PART_ANY_CASE) : NULL;
}

static bool kind_fill(struct pattern_set *set, struct arena *arena, const struct pattern *patterns, size_t count)
{
	switch (patterns->kind) {
	case PATTERN_EQUAL:
		return equal_fill(set, arena, patterns, count);
	case PATTERN_START:
		return (set->starts = prefixes_make(arena, patterns, count));
	case PATTERN_END:
		return (set->ends = prefixes_make(arena, patterns, count));
	case PATTERN_PATH:
		return (set->paths = prefixes_make(arena, patterns, count));
	case PATTERN_NET:
		return (set->nets = prefixes_make(arena, patterns, count));
	case PATTERN_PART:
		return (set->parts = parts_make(arena, patterns, count));
	default:
		return (set->any_case = parts_make(arena, patterns, count));
	}
}

struct pattern_set *pattern_set_new(struct arena *arena, enum value_type type, struct pattern *patterns, size_t count)
{
	struct pattern_set *set = arena_new(arena, struct pattern_set);

	if (!set)
		return NULL;
	set->type = type;
	qsort(patterns, count, sizeof(*patterns), pattern_order);
	set->count = patterns_merge(set, arena, patterns, count);
	if (count && !set->count)
		return NULL;
	for (size_t from = 0, to; from < set->count; from = to) {
		for (to = from; to < set->count && patterns[to].kind == patterns[from].kind;)
			to++;
		if (!kind_fill(set, arena, patterns + from, to - from))
			return NULL;
	}
	return set;
}

size_t pattern_set_count(const struct pattern_set *set)
{
	return set->count;
}

static bool is_text(enum value_type type)
{
	return type == VALUE_TEXT || type == VALUE_BYTES;
}

bool pattern_set_hashes(const struct pattern_set *set, const struct value *value)
{
	return set->equal && is_text(set->type) && text_set_may_have(set->equal, value->length);
}

static bool place_hit(const struct pattern_set *set, size_t place, pattern_hit *hit, void *context)
{
	struct pattern_found found = { place, set->numbers[place].first, set->numbers[place].count };

	return hit(context, &found);
}

static bool prefixes_find(const struct pattern_set *set, const struct prefix_set *prefixes, const char *text,
			  size_t length, pattern_hit *hit, void *context)
{
	uint32_t at = prefixes ? prefix_set_longest(prefixes, text, length) : PREFIX_NONE;

	for (; at != PREFIX_NONE; at = prefix_set_shorter(prefixes, at)) {
		if (place_hit(set, prefix_set_number(prefixes, at), hit, context))
			return true;
	}
	return false;
}

static bool parts_find(const struct pattern_set *set, const struct part_set *parts, const struct key *key,
		       pattern_hit *hit, void *context)
{
	struct part_scan scan = { 0 };
	uint32_t number;

	while (parts && part_set_next(parts, key->text, key->length, &scan, &number)) {
		if (place_hit(set, number, hit, context))
			return true;
	}
	return false;
}

static bool paths_find(const struct pattern_set *set, const struct key *key, pattern_hit *hit, void *context)
{
	char room[PATTERN_PATH_MAX];
	size_t length = path_plain_into(room, key->text, key->length);

	return prefixes_find(set, set->paths, room, length, hit, context);
}

bool pattern_set_find(const struct pattern_set *set, const struct value *value, uint64_t hash, pattern_hit *hit,
		      void *context)
{
	struct key key;
	size_t equal;

	key_make(set->type, value, &key);
	if (set->equal && text_set_may_have(set->equal, key.length)) {
		equal = text_set_find(set->equal, key.text, key.length,
				      is_text(set->type) ? hash : text_hash(key.text, key.length));
		if (equal != TEXT_SET_NONE && place_hit(set, set->equal_from + equal, hit, context))
			return true;
	}
	return prefixes_find(set, set->starts, key.text, key.length, hit, context) ||
	       prefixes_find(set, set->ends, key.text, key.length, hit, context) ||
	       prefixes_find(set, set->nets, key.text, key.length, hit, context) ||
	       parts_find(set, set->parts, &key, hit, context) ||
	       parts_find(set, set->any_case, &key, hit, context) ||
	       (set->paths && paths_find(set, &key, hit, context));
}
