#include "yaml/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
	if (!node || node->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < node->count; i++) {
		const char *name = yaml_text(node->pairs[i].key);

		if (name && strcmp(name, key) == 0)
			return node->pairs[i].value;
	}
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	if (!node)
		return true;
	if (node->kind != YAML_SCALAR || !node->is_plain)
		return false;
	return !node->length || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0;
}

const char *yaml_text(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR && !yaml_is_null(node) ? node->text : NULL;
}

bool yaml_bool(const struct yaml_node *node, bool *ret)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "yes", true }, { "no", false },
		      { "on", true },	{ "off", false },   { "y", true },   { "n", false } };
	const char *text = yaml_text(node);

	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i].text) == 0) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

bool yaml_int(const struct yaml_node *node, long min, long max, long *ret)
{
	const char *text = yaml_text(node);
	char *end;
	long number;

	if (!text || !(isdigit((unsigned char)*text) || *text == '-'))
		return false;
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || *end || end == text || number < min || number > max)
		return false;
	*ret = number;
	return true;
}

/* The text proper of a block scalar begins on the line after its > or |. */
static size_t text_start(const struct yaml_node *node, const char *file, size_t length)
{
	size_t at = node->offset;

	if (at < length && (file[at] == '>' || file[at] == '|') && node->is_block) {
		while (at < length && file[at] != '\n')
			at++;
	} else if (at < length && !node->is_plain && !node->is_block && (file[at] == '"' || file[at] == '\'')) {
		at++;
	}
	return at;
}

struct yaml_place yaml_place(const struct yaml_node *node, size_t index, const char *file, size_t length)
{
	struct yaml_place place = { node->line, node->column };
	size_t at = text_start(node, file, length), start = node->offset;

	/* folding changes nothing but blanks, so the bytes that are none come in the same order in the file */
	for (size_t i = 0; i <= index && i < node->length; i++) {
		if (isspace((unsigned char)node->text[i]))
			continue;
		while (at < length && file[at] != node->text[i])
			at++;
		if (at >= length)
			return place;
		if (i < index)
			at++;
	}
	if (index >= node->length || isspace((unsigned char)node->text[index])) {
		while (at > start && at < length && isspace((unsigned char)file[at]))
			at--;
		at += at > start;
	}
	for (size_t i = start; i < at && i < length; i++) {
		place.column++;
		if (file[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}
