#include "naive.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/compile/compile.h"
#include "rules/language/lexer.h"

#define MADE_MOST 4096 /* bytes of what a transformer makes */

void naive_clear(struct naive_event *event)
{
	for (size_t i = 0; i < event->set_count; i++)
		event->fields[event->set[i]].has = false;
	event->set_count = 0;
	event->argued_count = 0;
}

static const struct naive_value *value_find(const struct naive_event *event, enum field field, const char *argument)
{
	if (!argument)
		return event->fields[field].has ? &event->fields[field] : NULL;
	for (size_t i = 0; i < event->argued_count; i++) {
		if (event->argued[i].field == field && strcmp(event->argued[i].argument, argument) == 0)
			return &event->argued[i].value;
	}
	return NULL;
}

struct naive_value *naive_place(struct naive_event *event, enum field field, const char *argument)
{
	struct naive_argued *argued;

	if (value_find(event, field, argument))
		return NULL;
	if (!argument) {
		event->fields[field].has = true;
		event->set[event->set_count++] = field;
		return &event->fields[field];
	}
	if (event->argued_count == ARGUED_MAX || strlen(argument) >= sizeof(argued->argument))
		return NULL;
	argued = &event->argued[event->argued_count++];
	argued->field = field;
	snprintf(argued->argument, sizeof(argued->argument), "%s", argument);
	argued->value.has = true;
	return &argued->value;
}

static void address_set(const char *text, struct value *ret)
{
	char address[INET6_ADDRSTRLEN];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	ret->is_v4 = strchr(address, '.');
	memset(ret->ip, 0, 10);
	memset(ret->ip + 10, 0xff, 2);
	inet_pton(ret->is_v4 ? AF_INET : AF_INET6, address, ret->ip + (ret->is_v4 ? 12 : 0));
}

static long long number_of(const char *text, enum value_type type)
{
	int base = strncmp(text, "0x", 2) == 0 ? 16 : 10;

	return type == VALUE_UINT || type == VALUE_PORT ? (long long)strtoull(text, NULL, base)
							: strtoll(text, NULL, base);
}

void naive_set(struct naive_value *place, enum field field, size_t item, const char *text)
{
	const struct field_info *info = &field_infos[field];
	bool is_list = info->flags & (FIELD_LIST | FIELD_FILTER_ONLY | FIELD_DOMAIN);
	struct value *value = is_list ? &place->items[item] : &place->value;

	*value = (struct value){ .type = info->type };
	switch (info->type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		snprintf(place->texts[item], TEXT_MOST, "%s", text);
		value->text = place->texts[item];
		value->length = strlen(value->text);
		break;
	case VALUE_BOOL:
		value->truth = strcmp(text, "true") == 0;
		break;
	case VALUE_IP:
	case VALUE_NET:
		address_set(text, value);
		break;
	default:
		value->number = number_of(text, info->type);
	}
	if (is_list)
		place->value = (struct value){
			.type = info->type, .is_list = true, .items = place->items, .count = item + 1
		};
}

bool naive_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct naive_value *value = value_find(context, field, argument);

	if (value)
		*ret = value->value;
	return value;
}

/* Which field the operands of the rules at hand name, by their addresses; names alone would take most of the time. */
static struct known_field {
	const struct ast_operand *operand;
	const char *argument;
	enum field field;
} known_fields[8192];

void naive_forget(void)
{
	memset(known_fields, 0, sizeof(known_fields));
}

enum field naive_field(const struct ast_operand *operand, const char **ret_argument)
{
	struct known_field *known = &known_fields[(uintptr_t)operand / sizeof(void *) % ARRAY_SIZE(known_fields)];

	if (known->operand != operand) {
		known->operand = operand;
		known->argument = operand->argument && *operand->argument ? operand->argument : NULL;
		known->field = (enum field)field_resolve(&operand->text, &known->argument);
	}
	*ret_argument = known->argument;
	return known->field;
}

/* What an operand is for an event: all ancestors, a list, or one value; room for what a transformer makes. */
struct operand_value {
	struct value items[ANCESTORS_MAX];
	size_t count;
	bool is_list, is_ancestors, is_ends;
	enum value_type type;
	char made[ANCESTORS_MAX][MADE_MOST];
};

static bool operand_value(const struct ast_operand *operand, const struct naive_event *event,
			  struct operand_value *ret);

static bool field_value(const struct ast_operand *operand, const struct naive_event *event, struct operand_value *ret)
{
	const char *argument;
	enum field field = naive_field(operand, &argument);
	const struct naive_value *found;
	char number[12];

	ret->type = field_infos[field].type;
	ret->count = 0;
	ret->is_list = field_infos[field].flags & (FIELD_LIST | FIELD_FILTER_ONLY);
	ret->is_ends = field_infos[field].flags & FIELD_FILTER_ONLY;
	ret->is_ancestors = (field_infos[field].flags & FIELD_ANCESTOR) && !argument;
	if (field == FIELD_EVT_TYPE) {
		ret->items[ret->count++] = value_text(event->type, strlen(event->type));
		return true;
	}
	for (int i = 1; ret->is_ancestors && i <= ANCESTORS_MAX; i++) {
		snprintf(number, sizeof(number), "%d", i);
		found = value_find(event, field, number);
		if (found)
			ret->items[ret->count++] = found->value;
	}
	if (ret->is_ancestors)
		return ret->count > 0;
	found = value_find(event, field, argument);
	if (!found)
		return false;
	for (size_t i = 0; found->value.is_list && i < found->value.count; i++)
		ret->items[ret->count++] = found->value.items[i];
	if (!found->value.is_list)
		ret->items[ret->count++] = found->value;
	return true;
}

static void text_made(struct operand_value *ret, size_t item, const char *text)
{
	snprintf(ret->made[item], MADE_MOST, "%s", text);
	ret->items[item] = value_text(ret->made[item], strlen(ret->made[item]));
}

/* concat() of its arguments, join() of the members of a list written in the condition. */
static bool texts_join(const struct ast_operand *operand, const struct naive_event *event, struct operand_value *ret)
{
	bool is_join = operand->transform == TRANSFORM_JOIN;
	const struct ast_operand *list = is_join ? operand->operands[1] : operand;
	AUTO_FREE struct operand_value *part = calloc(1, sizeof(*part));
	char text[MADE_MOST];

	*text = 0;
	assert_non_null(part);
	for (size_t i = 0; i < list->count; i++) {
		size_t used = strlen(text);

		if (!operand_value(list->operands[i], event, part))
			return false;
		snprintf(text + used, sizeof(text) - used, "%s%s",
			 is_join && i ? operand->operands[0]->text.data : "", part->items[0].text);
	}
	ret->count = 1;
	ret->type = VALUE_TEXT;
	text_made(ret, 0, text);
	return true;
}

static bool transform_value(const struct ast_operand *operand, const struct naive_event *event,
			    struct operand_value *ret)
{
	size_t length;

	if (operand->transform == TRANSFORM_CONCAT || operand->transform == TRANSFORM_JOIN)
		return texts_join(operand, event, ret);
	if (!operand_value(operand->operands[0], event, ret))
		return false;
	if (operand->transform == TRANSFORM_LEN) {
		length = ret->is_list || ret->is_ancestors ? ret->count : ret->items[0].length;
		ret->items[0] = value_uint(length);
		ret->count = 1;
		ret->is_list = ret->is_ancestors = false;
		ret->type = VALUE_UINT;
		return true;
	}
	for (size_t i = 0; i < ret->count; i++) {
		char text[MADE_MOST];

		snprintf(text, sizeof(text), "%s",
			 operand->transform == TRANSFORM_BASENAME && strrchr(ret->items[i].text, '/')
				 ? strrchr(ret->items[i].text, '/') + 1
				 : ret->items[i].text);
		for (char *at = text; *at && operand->transform != TRANSFORM_BASENAME; at++)
			*at = (char)(operand->transform == TRANSFORM_TOLOWER ? tolower(*at) : toupper(*at));
		text_made(ret, i, text);
	}
	return true;
}

static bool operand_value(const struct ast_operand *operand, const struct naive_event *event,
			  struct operand_value *ret)
{
	ret->is_list = ret->is_ancestors = ret->is_ends = false;
	if (operand->kind == OPERAND_FIELD)
		return field_value(operand, event, ret);
	if (operand->kind == OPERAND_TRANSFORM)
		return transform_value(operand, event, ret);
	ret->type = VALUE_TEXT;
	ret->count = 1;
	ret->items[0] = value_text(operand->text.data, operand->text.length);
	return true;
}

/* Component after component; empty ones do not count. */
static bool path_under(const char *path, const char *wanted)
{
	while (true) {
		char have[TEXT_MOST], want[TEXT_MOST];

		path += strspn(path, "/");
		wanted += strspn(wanted, "/");
		if (!*wanted)
			return true;
		snprintf(have, sizeof(have), "%.*s", (int)strcspn(path, "/"), path);
		snprintf(want, sizeof(want), "%.*s", (int)strcspn(wanted, "/"), wanted);
		if (!*have || (strpbrk(want, "?*[") ? fnmatch(want, have, 0) != 0 : strcmp(want, have) != 0))
			return false;
		path += strlen(have);
		wanted += strlen(want);
	}
}

/* Expressions are compiled once and kept by their text; how one matches is the library's business, not the engine's. */
static bool regex_fits(const char *text, const char *wanted)
{
	enum { KEPT = 64 };
	static struct {
		char text[TEXT_MOST];
		struct regex *regex;
	} kept[KEPT];
	static struct arena arena = { .max = 1 << 20 };
	static size_t count;
	char message[PARSE_MESSAGE_MAX];
	size_t at = 0;

	while (at < count && strcmp(kept[at].text, wanted) != 0)
		at++;
	if (at == count) {
		assert_true(count < KEPT);
		snprintf(kept[at].text, TEXT_MOST, "%s", wanted);
		kept[at].regex = regex_new(&arena, kept[at].text, strlen(kept[at].text), &(size_t){ 0 }, message);
		assert_non_null(kept[at].regex);
		count++;
	}
	return regex_matches(kept[at].regex, text, strlen(text));
}

/* Hexadecimal digits as the bytes that they stand for. */
static bool bytes_fit(enum op op, const char *text, size_t length, const char *digits)
{
	char bytes[TEXT_MOST];
	size_t count = strlen(digits) / 2;

	for (size_t i = 0; i < count; i++) {
		char byte[3] = { digits[i * 2], digits[i * 2 + 1], 0 };

		bytes[i] = (char)strtoul(byte, NULL, 16);
	}
	if (op == OP_BCONTAINS)
		return memmem(text, length, bytes, count);
	return length >= count && memcmp(text, bytes, count) == 0;
}

static bool order_fits(enum op op, int order)
{
	switch (op) {
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	case OP_GE:
		return order >= 0;
	default:
		return order == 0;
	}
}

static bool text_fits(enum op op, const struct value *have, const char *wanted)
{
	const char *text = have->text;
	size_t length = strlen(text), part = strlen(wanted);

	switch (op) {
	case OP_CONTAINS:
		return strstr(text, wanted);
	case OP_ICONTAINS:
		return strcasestr(text, wanted);
	case OP_STARTSWITH:
		return strncmp(text, wanted, part) == 0;
	case OP_ENDSWITH:
		return length >= part && strcmp(text + length - part, wanted) == 0;
	case OP_GLOB:
		return fnmatch(wanted, text, 0) == 0;
	case OP_IGLOB:
		return fnmatch(wanted, text, FNM_CASEFOLD) == 0;
	case OP_REGEX:
		return regex_fits(text, wanted);
	case OP_PMATCH:
		return (*text || wanted[strspn(wanted, "/")]) && path_under(text, wanted);
	case OP_BCONTAINS:
	case OP_BSTARTSWITH:
		return bytes_fit(op, text, length, wanted);
	default:
		return order_fits(op, strcmp(text, wanted));
	}
}

static bool address_fits(enum op op, const struct value *have, const char *wanted)
{
	const char *slash = strchr(wanted, '/');
	struct value net = { 0 };
	unsigned int bits = 128;
	bool same;

	address_set(wanted, &net);
	if (slash)
		bits = (unsigned int)atoi(slash + 1) + (net.is_v4 ? 96 : 0);
	same = net.is_v4 == have->is_v4;
	for (unsigned int i = 0; i < bits && same; i++)
		same = (net.ip[i / 8] >> (7 - i % 8) & 1) == (have->ip[i / 8] >> (7 - i % 8) & 1);
	return op == OP_NE ? !same : same;
}

static bool number_fits(enum op op, enum value_type type, const struct value *have, const char *wanted)
{
	long long number = number_of(wanted, type);

	if (type == VALUE_UINT || type == VALUE_PORT)
		return order_fits(op, have->unumber < (uint64_t)number ? -1 : have->unumber > (uint64_t)number);
	return order_fits(op, have->number < number ? -1 : have->number > number);
}

static bool constant_fits(enum op op, enum value_type type, const struct value *have, const char *wanted)
{
	switch (type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		return text_fits(op, have, wanted);
	case VALUE_BOOL:
		return (have->truth == (strcmp(wanted, "true") == 0)) != (op == OP_NE);
	case VALUE_IP:
	case VALUE_NET:
		return address_fits(op, have, wanted);
	default:
		return number_fits(op, type, have, wanted);
	}
}

/* Constants of domain names are the same in both cases, and with dots at their ends. */
static const char *domain_plain(const struct ast_check *check, const char *wanted, char *ret)
{
	bool is_name = check->left->kind == OPERAND_FIELD && strcmp(check->left->text.data, "fd.sip.name") == 0;
	size_t length = (size_t)snprintf(ret, TEXT_MOST, "%s", wanted);

	if (!is_name || check->op == OP_REGEX || check->op == OP_GLOB)
		return ret;
	while (length && ret[length - 1] == '.')
		ret[--length] = 0;
	for (char *at = ret; *at; at++)
		*at = (char)tolower(*at);
	return ret;
}

/* One value against the constants of a check. */
static bool value_fits(const struct ast_check *check, enum value_type type, const struct value *have)
{
	char plain[TEXT_MOST];
	size_t fit = 0;

	for (size_t i = 0; i < check->count; i++)
		fit += constant_fits(check->op, type, have, domain_plain(check, check->texts[i].data, plain));
	if (check->modifier == MODIFIER_ONEOF)
		return fit == 1;
	return check->modifier == MODIFIER_ALLOF ? fit == check->count && fit : fit > 0;
}

/* One value against another one, or a list of them. */
static bool values_fit(const struct ast_check *check, const struct value *have, const struct operand_value *right)
{
	enum op op = right->is_list || check->op == OP_IN || check->op == OP_INTERSECTS ? OP_EQ : check->op;

	for (size_t i = 0; i < right->count; i++) {
		const struct value *wanted = &right->items[i];
		char digits[32];
		bool fits;

		if (right->type == VALUE_TEXT) {
			fits = text_fits(op, have, wanted->text);
		} else if (right->type == VALUE_BOOL) {
			fits = (have->truth == wanted->truth) != (op == OP_NE);
		} else {
			snprintf(digits, sizeof(digits), "%lld", (long long)wanted->number);
			fits = number_fits(op, right->type, have, digits);
		}
		if (fits)
			return true;
	}
	return false;
}

static bool check_holds(const struct ast_check *check, const struct naive_event *event);

/* Every address that is not known by the name, also one that is known by none. */
static bool domain_differs(const struct ast_check *check, const struct naive_event *event)
{
	struct ast_check same = *check;

	same.op = OP_EQ;
	return value_find(event, FIELD_FD_SIP, NULL) && !check_holds(&same, event);
}

static bool check_holds(const struct ast_check *check, const struct naive_event *event)
{
	static struct operand_value left, right;
	bool all;

	if (check->op == OP_NE && check->left->kind == OPERAND_FIELD && !check->modifier &&
	    check->right == RIGHT_TEXT && strcmp(check->left->text.data, "fd.sip.name") == 0)
		return domain_differs(check, event);
	if (!operand_value(check->left, event, &left))
		return false;
	if (check->op == OP_EXISTS)
		return true;
	if (check->right == RIGHT_OPERAND && !operand_value(check->operand, event, &right))
		return false;
	/* != of both ends, and "in" of a list, hold if they do for all of them */
	all = left.is_ends ? check->op == OP_NE : left.is_list && check->op == OP_IN;
	for (size_t i = 0; i < left.count; i++) {
		bool fits = check->right == RIGHT_OPERAND ? values_fit(check, &left.items[i], &right)
							  : value_fits(check, left.type, &left.items[i]);

		if (fits != all)
			return !all;
	}
	return all && left.count > 0;
}

bool naive_holds(const struct ast *ast, const struct naive_event *event)
{
	if (ast->kind == AST_CHECK)
		return !check_is_never(ast->check) && check_holds(ast->check, event);
	if (ast->kind == AST_NOT)
		return !naive_holds(ast->children[0], event);
	for (size_t i = 0; i < ast->count; i++) {
		if (naive_holds(ast->children[i], event) != (ast->kind == AST_AND))
			return ast->kind == AST_OR;
	}
	return ast->kind == AST_AND;
}
