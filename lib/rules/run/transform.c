#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "rules/run/format.h"
#include "rules/run/run.h"

static bool text_make(struct run *run, const char *text, size_t length, struct value *ret)
{
	const char *copy = arena_copy(&run->memory->arena, text, length);

	*ret = value_text(copy, length);
	return copy;
}

static bool case_change(struct run *run, const struct value *from, int (*change)(int), struct value *ret)
{
	char *text = arena_copy(&run->memory->arena, from->text, from->length);

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
	text = arena_alloc(&run->memory->arena, length / 4 * 3 + 4);
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

/* What getopt() finds among arguments, one option after the other. */
struct getopt_scan {
	const struct value *list;
	const char *letters;
	size_t word, at; /* in the word; 0 = before it */
	char letter;
	const char *value; /* what follows; the letter alone if it takes none, "" if it is missing */
	char flag[2];
};

/* False when there is no further option. Letters that are no options are passed over. */
static bool getopt_next(struct getopt_scan *scan)
{
	while (scan->word < scan->list->count) {
		const char *word = scan->list->items[scan->word].text, *found;

		if (!scan->at && (*word != '-' || !word[1] || strcmp(word, "--") == 0))
			return false;
		scan->letter = word[++scan->at];
		if (!scan->letter) {
			scan->word++;
			scan->at = 0;
			continue;
		}
		found = scan->letter != ':' ? strchr(scan->letters, scan->letter) : NULL;
		if (!found)
			continue;
		scan->flag[0] = scan->letter;
		scan->value = scan->flag;
		if (found[1] != ':')
			return true;
		scan->value = word + scan->at + 1;
		if (!*scan->value)
			scan->value = ++scan->word < scan->list->count ? scan->list->items[scan->word].text : "";
		scan->word++;
		scan->at = 0;
		return true;
	}
	return false;
}

/* The value of the last option with a letter. */
static bool getopt_find(struct run *run, struct getopt_scan *scan, char letter, struct value *ret)
{
	bool found = false;

	while (getopt_next(scan)) {
		if (scan->letter != letter)
			continue;
		found = text_make(run, scan->value, strlen(scan->value), ret);
	}
	return found;
}

/* The values of all options. */
static bool getopt_list(struct run *run, struct getopt_scan *scan, struct value *ret)
{
	size_t room = 1;
	struct value *items;

	for (size_t i = 0; i < scan->list->count; i++)
		room += scan->list->items[i].length;
	items = arena_array(&run->memory->arena, struct value, room);
	if (!items)
		return false;
	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = items };
	while (ret->count < room && getopt_next(scan)) {
		if (!text_make(run, scan->value, strlen(scan->value), &items[ret->count++]))
			return false;
	}
	return ret->count > 0;
}

static bool getopt_run(struct run *run, const struct operand *operand, const struct value *list, struct value *ret)
{
	const struct value *letters = run_operand(run, operand->parts[1]);
	struct getopt_scan scan = { .list = list };

	if (!letters || !list->is_list)
		return false;
	scan.letters = letters->text;
	return operand->argument ? getopt_find(run, &scan, operand->argument[0], ret) : getopt_list(run, &scan, ret);
}

static bool parts_list(struct run *run, const struct operand *operand, struct value *ret)
{
	struct value *items = arena_array(&run->memory->arena, struct value, operand->count + 1);

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
	struct value *items = arena_array(&run->memory->arena, struct value, from->count + 1);

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
		return getopt_run(run, operand, first, ret);
	default:
		if (first->is_list)
			return list_run(run, operand->transform, first, ret);
		return single_run(run, operand->transform, first, ret);
	}
}
