#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "rules/run/format.h"
#include "rules/run/run.h"

static bool text_make(struct run *run, const char *text, size_t length, struct value *ret)
{
	const char *copy = arena_copy(&run->arena, text, length);

	*ret = value_text(copy, length);
	return copy;
}

static bool case_change(struct run *run, const struct value *from, int (*change)(int), struct value *ret)
{
	char *text = arena_copy(&run->arena, from->text, from->length);

	for (size_t i = 0; text && i < from->length; i++)
		text[i] = (char)change((unsigned char)text[i]);
	*ret = value_text(text, from->length);
	return text;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Padding may be missing. Absent if the text is not base64. */
static bool base64_decode(struct run *run, const struct value *from, struct value *ret)
{
	size_t length = from->length, made = 0;
	unsigned int bits = 0, held = 0;
	char *text;

	while (length && from->text[length - 1] == '=')
		length--;
	text = arena_alloc(&run->arena, length / 4 * 3 + 4);
	for (size_t i = 0; text && i < length; i++) {
		int digit = base64_digit(from->text[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (unsigned int)digit;
		held += 6;
		if (held >= 8) {
			held -= 8;
			text[made++] = (char)(bits >> held);
		}
	}
	*ret = value_text(text, made);
	return text;
}

static bool join(struct run *run, const char *between, const struct value *list, struct value *ret)
{
	AUTO_STRBUF text = { .data = strbuf_empty, .max = TRANSFORMED_MAX };

	for (size_t i = 0; i < list->count; i++) {
		strbuf_adds(&text, i ? between : "");
		value_print(&list->items[i], &text);
	}
	return !text.failed && text_make(run, text.data, text.length, ret);
}

/* The value of option letter name among arguments as getopt() reads them; an option without a value gives "". */
static bool getopt_find(struct run *run, const struct value *list, const char *letters, const char *name,
			struct value *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *word = list->items[i].text;

		if (*word != '-' || !word[1] || strcmp(word, "--") == 0)
			return false;
		for (size_t k = 1; word[k]; k++) {
			const char *letter = word[k] != ':' ? strchr(letters, word[k]) : NULL;
			bool has_value = letter && letter[1] == ':';
			const char *value = "";

			if (has_value)
				value = word[k + 1]	      ? word + k + 1
					: i + 1 < list->count ? list->items[++i].text
							      : NULL;
			if (value && word[k] == *name && !name[1])
				return text_make(run, value, strlen(value), ret);
			if (has_value)
				break;
		}
	}
	return false;
}

static bool parts_list(struct run *run, const struct operand *operand, struct value *ret)
{
	struct value *items = arena_array(&run->arena, struct value, operand->count + 1);

	if (!items)
		return false;
	for (size_t i = 0; i < operand->count; i++) {
		const struct value *part = run_operand(run, operand->parts[i]);

		if (!part)
			return false;
		items[i] = *part;
	}
	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = items, .count = operand->count };
	return true;
}

static bool single_run(struct run *run, enum transform transform, const struct value *from, struct value *ret)
{
	const char *slash;

	switch (transform) {
	case TRANSFORM_TOLOWER:
		return case_change(run, from, tolower, ret);
	case TRANSFORM_TOUPPER:
		return case_change(run, from, toupper, ret);
	case TRANSFORM_B64:
		return base64_decode(run, from, ret);
	case TRANSFORM_BASENAME:
		slash = memrchr(from->text, '/', from->length);
		*ret = *from;
		if (slash)
			*ret = value_text(slash + 1, from->length - (size_t)(slash + 1 - from->text));
		return true;
	default:
		return false;
	}
}

static bool list_run(struct run *run, enum transform transform, const struct value *from, struct value *ret)
{
	struct value *items = arena_array(&run->arena, struct value, from->count + 1);

	if (!items)
		return false;
	for (size_t i = 0; i < from->count; i++) {
		if (!single_run(run, transform, &from->items[i], &items[i]))
			return false;
	}
	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = items, .count = from->count };
	return true;
}

bool transform_run(struct run *run, const struct operand *operand, struct value *ret)
{
	const struct value *first = operand->count ? run_operand(run, operand->parts[0]) : NULL, *second;
	struct value list;

	if (operand->kind == OPERAND_LIST)
		return parts_list(run, operand, ret);
	if (!first)
		return false;
	switch (operand->transform) {
	case TRANSFORM_LEN:
		*ret = value_uint(first->is_list ? first->count : first->length);
		return true;
	case TRANSFORM_CONCAT:
		return parts_list(run, operand, &list) && join(run, "", &list, ret);
	case TRANSFORM_JOIN:
		second = run_operand(run, operand->parts[1]);
		return second && second->is_list && join(run, first->text, second, ret);
	case TRANSFORM_GETOPT:
		second = run_operand(run, operand->parts[1]);
		return second && first->is_list && operand->argument &&
		       getopt_find(run, first, second->text, operand->argument, ret);
	default:
		if (first->is_list)
			return list_run(run, operand->transform, first, ret);
		return single_run(run, operand->transform, first, ret);
	}
}
