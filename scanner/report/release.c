#include "scanner/report/release.h"

#include <stdio.h>
#include <string.h>

/* VALUE, "VALUE" or 'VALUE' */
static void take_value(const char *value, size_t length, char out[RELEASE_TEXT_MAX])
{
	if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
		value++;
		length -= 2;
	}
	snprintf(out, RELEASE_TEXT_MAX, "%.*s", (int)length, value);
}

static void take_line(const char *line, size_t length, struct release *ret)
{
	const struct {
		const char *key;
		char *out;
	} keys[] = { { "ID=", ret->id }, { "VERSION_ID=", ret->version }, { "PRETTY_NAME=", ret->name } };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t key = strlen(keys[i].key);

		if (length >= key && strncmp(line, keys[i].key, key) == 0)
			take_value(line + key, length - key, keys[i].out);
	}
}

void release_read(const struct image *image, struct release *ret)
{
	const struct tree_file *file = tree_find(&image->tree, "etc/os-release");
	const char *text;

	memset(ret, 0, sizeof(*ret));
	/* Usually a link from the one to the other. */
	if (!file || !file->content)
		file = tree_find(&image->tree, "usr/lib/os-release");
	text = file ? file->content : NULL;
	while (text && *text) {
		size_t length = strcspn(text, "\n");

		take_line(text, length, ret);
		text += length;
		text += *text == '\n';
	}
}
