#include "rules/compile/compile.h"

#include <stdlib.h>
#include <string.h>

static const char *const evt_types[] = {
#define EVT_TYPE(name) name,
#include "model/evt_types.def"
#undef EVT_TYPE
};

_Static_assert(ARRAY_SIZE(evt_types) <= EVT_TYPES_MAX, "a bit for every name");

static int name_compare(const void *left, const void *right)
{
	return strcmp(left, *(const char *const *)right);
}

int evt_type_find(const char *name)
{
	const char *const *found = bsearch(name, evt_types, ARRAY_SIZE(evt_types), sizeof(*evt_types), name_compare);

	return found ? (int)(found - evt_types) : -1;
}

const char *evt_type_name(size_t row)
{
	return row < ARRAY_SIZE(evt_types) ? evt_types[row] : NULL;
}

bool evt_type_known(const char *name)
{
	return evt_type_find(name) >= 0;
}

static struct evt_set evt_set_fill(bool all)
{
	struct evt_set set = { .others = all };

	memset(set.bits, all ? 0xff : 0, sizeof(set.bits));
	return set;
}

static void evt_set_invert(struct evt_set *set)
{
	for (size_t i = 0; i < EVT_TYPE_WORDS; i++)
		set->bits[i] = ~set->bits[i];
	set->others = !set->others;
}

size_t evt_set_count(const struct evt_set *events)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(evt_types); i++)
		count += events->bits[i / 64] >> (i % 64) & 1;
	return count;
}

bool evt_set_has(const struct evt_set *events, int type)
{
	return type == EVT_TYPES_MAX ? events->others : events->bits[type / 64] >> (type % 64) & 1;
}

void evt_set_add(struct evt_set *events, const struct evt_set *more)
{
	for (size_t i = 0; i < EVT_TYPE_WORDS; i++)
		events->bits[i] |= more->bits[i];
	events->others = events->others || more->others;
}

bool evt_set_is_all(const struct evt_set *events)
{
	return events->others && evt_set_count(events) == ARRAY_SIZE(evt_types);
}

static bool has_number(const struct ast_check *check, const char *number)
{
	for (size_t i = 0; i < check->count; i++) {
		if (strcmp(check->texts[i].data, number) == 0)
			return true;
	}
	return false;
}

/* Events count from 1, so that evt.num=0 is the usual way to write "never". */
bool check_is_never(const struct ast_check *check)
{
	if (check->left->kind != OPERAND_FIELD || strcmp(check->left->text.data, "evt.num") != 0)
		return false;
	switch (check->op) {
	case OP_EQ:
	case OP_EQ2:
	case OP_LE:
		return has_number(check, "0");
	case OP_LT:
		return has_number(check, "0") || has_number(check, "1");
	case OP_IN:
		return check->right == RIGHT_LIST &&
		       (check->count == 0 || (check->count == 1 && has_number(check, "0")));
	default:
		return false;
	}
}

/* True if the check tells something about evt.type. */
static bool check_evt_set(const struct ast_check *check, struct evt_set *ret)
{
	const struct ast_text *name = &check->left->text;

	if (check->left->kind != OPERAND_FIELD || check->right == RIGHT_OPERAND || check->modifier ||
	    (strcmp(name->data, "evt.type") != 0 && strcmp(name->data, "syscall.type") != 0))
		return false;
	if (check->op != OP_EQ && check->op != OP_EQ2 && check->op != OP_NE && check->op != OP_IN &&
	    check->op != OP_INTERSECTS)
		return false;
	*ret = evt_set_fill(false);
	for (size_t i = 0; i < check->count; i++) {
		int type = evt_type_find(check->texts[i].data);

		if (type >= 0)
			ret->bits[type / 64] |= UINT64_C(1) << (type % 64);
	}
	if (check->op == OP_NE)
		evt_set_invert(ret);
	return true;
}

/* is_not: the tree stands under an odd number of nots. */
static void evt_set_walk(const struct ast *ast, bool is_not, struct evt_set *ret)
{
	bool is_and = (ast->kind == AST_AND) != is_not;

	switch (ast->kind) {
	case AST_NOT:
		evt_set_walk(ast->children[0], !is_not, ret);
		return;
	case AST_AND:
	case AST_OR:
		*ret = evt_set_fill(is_and);
		for (size_t i = 0; i < ast->count; i++) {
			struct evt_set child;

			evt_set_walk(ast->children[i], is_not, &child);
			for (size_t k = 0; k < EVT_TYPE_WORDS; k++)
				ret->bits[k] = is_and ? ret->bits[k] & child.bits[k] : ret->bits[k] | child.bits[k];
			ret->others = is_and ? ret->others && child.others : ret->others || child.others;
		}
		return;
	case AST_CHECK:
		if (check_is_never(ast->check))
			*ret = evt_set_fill(is_not);
		else if (!check_evt_set(ast->check, ret))
			*ret = evt_set_fill(true);
		else if (is_not)
			evt_set_invert(ret);
		return;
	case AST_MACRO:
		*ret = evt_set_fill(true);
	}
}

void evt_set_compile(const struct ast *ast, struct evt_set *ret)
{
	evt_set_walk(ast, false, ret);
}
