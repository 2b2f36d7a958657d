#include "rules/run/matcher.h"
#include "rules/run/path_set.h"

#include <fnmatch.h>
#include <string.h>

static bool is_text(enum value_type type)
{
	return type == VALUE_TEXT || type == VALUE_BYTES;
}

static int compare_u64(uint64_t left, uint64_t right)
{
	return left < right ? -1 : left > right;
}

static int compare_i64(int64_t left, int64_t right)
{
	return left < right ? -1 : left > right;
}

int value_compare(const struct value *left, const struct value *right)
{
	size_t shorter;
	int order;

	switch (left->type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		shorter = left->length < right->length ? left->length : right->length;
		order = shorter ? memcmp(left->text, right->text, shorter) : 0;
		return order ? order : compare_u64(left->length, right->length);
	case VALUE_UINT:
	case VALUE_PORT:
		return compare_u64(left->unumber, right->unumber);
	case VALUE_BOOL:
		return compare_u64(left->truth, right->truth);
	case VALUE_IP:
	case VALUE_NET:
		return left->is_v4 != right->is_v4 ? 1 : memcmp(left->ip, right->ip, sizeof(left->ip));
	default:
		return compare_i64(left->number, right->number);
	}
}

/* True if the first bits of both addresses are the same. bits counts within the 16 bytes. */
static bool in_net(const struct value *ip, const struct value *net, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	if (ip->is_v4 != net->is_v4 || memcmp(ip->ip, net->ip, whole) != 0)
		return false;
	return !rest || (ip->ip[whole] >> (8 - rest)) == (net->ip[whole] >> (8 - rest));
}

static bool text_contains(const struct value *value, const struct value *part)
{
	return part->length == 0 || memmem(value->text, value->length, part->text, part->length);
}

static bool text_starts(const struct value *value, const struct value *part)
{
	return value->length >= part->length && memcmp(value->text, part->text, part->length) == 0;
}

static bool text_ends(const struct value *value, const struct value *part)
{
	return value->length >= part->length &&
	       memcmp(value->text + value->length - part->length, part->text, part->length) == 0;
}

/* One operator between two single values. */
static bool pair_holds(enum op op, const struct value *left, const struct value *right)
{
	switch (op) {
	case OP_EQ:
	case OP_IN:
	case OP_INTERSECTS:
		if (is_text(left->type) && left->length != right->length)
			return false;
		return value_compare(left, right) == 0;
	case OP_NE:
		return value_compare(left, right) != 0;
	case OP_LT:
		return value_compare(left, right) < 0;
	case OP_LE:
		return value_compare(left, right) <= 0;
	case OP_GT:
		return value_compare(left, right) > 0;
	case OP_GE:
		return value_compare(left, right) >= 0;
	case OP_CONTAINS:
	case OP_BCONTAINS:
		return text_contains(left, right);
	case OP_ICONTAINS:
		return strcasestr(left->text, right->text);
	case OP_STARTSWITH:
	case OP_BSTARTSWITH:
		return text_starts(left, right);
	case OP_ENDSWITH:
		return text_ends(left, right);
	case OP_GLOB:
		return fnmatch(right->text, left->text, 0) == 0;
	case OP_IGLOB:
		return fnmatch(right->text, left->text, FNM_CASEFOLD) == 0;
	default:
		return false;
	}
}

/* The operator between a value and constant number index. */
static bool constant_holds(const struct matcher *matcher, const struct value *value, size_t index)
{
	bool is_in;

	if (matcher->regexes)
		return regex_matches(matcher->regexes[index], value->text, value->length);
	if (!matcher->prefixes)
		return pair_holds(matcher->op, value, &matcher->values[index]);
	is_in = in_net(value, &matcher->values[index], matcher->prefixes[index]);
	return matcher->op == OP_NE ? !is_in : is_in;
}

bool matcher_test(const struct matcher *matcher, const struct value *value)
{
	size_t held = 0;
	bool in_set;

	if (matcher->paths)
		return path_set_has(matcher->paths, value->text, value->length);
	if (matcher->set) {
		in_set = text_set_has(matcher->set, value->text, value->length);
		return matcher->op == OP_NE ? !in_set : in_set;
	}
	for (size_t i = 0; i < matcher->count; i++)
		held += constant_holds(matcher, value, i);
	switch (matcher->modifier) {
	case MODIFIER_ONEOF:
		return held == 1;
	case MODIFIER_ALLOF:
		return held == matcher->count;
	default:
		return held > 0;
	}
}

bool matcher_holds(const struct matcher *matcher, const struct value *value)
{
	bool all = matcher->is_ends ? matcher->op == OP_NE : matcher->op == OP_IN && !matcher->is_ancestors;

	if (!value->is_list)
		return matcher_test(matcher, value);
	for (size_t i = 0; i < value->count; i++) {
		if (matcher_test(matcher, &value->items[i]) != all)
			return !all;
	}
	return all && value->count > 0;
}

static bool one_of_values(const struct value *list, const struct value *value)
{
	if (!list->is_list)
		return pair_holds(OP_EQ, value, list);
	for (size_t i = 0; i < list->count; i++) {
		if (pair_holds(OP_EQ, value, &list->items[i]))
			return true;
	}
	return false;
}

bool values_hold(const struct matcher *matcher, const struct value *left, const struct value *right)
{
	bool all = matcher->op == OP_IN && !matcher->is_ancestors;

	if (!left->is_list) {
		if (right->is_list || matcher->op == OP_IN || matcher->op == OP_INTERSECTS)
			return one_of_values(right, left);
		return pair_holds(matcher->op, left, right);
	}
	for (size_t i = 0; i < left->count; i++) {
		bool holds = right->is_list || matcher->op == OP_IN || matcher->op == OP_INTERSECTS
				     ? one_of_values(right, &left->items[i])
				     : pair_holds(matcher->op, &left->items[i], right);

		if (holds != all)
			return !all;
	}
	return all && left->count > 0;
}
