/* Databases of packages in a container may say anything; who is asked for a path is named from them or from nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fim/package_owner.h"
#include "base/attr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is the path, the rest is the database. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	AUTO_FREE char *path = NULL, *text = NULL;
	char name[PACKAGE_NAME_MAX + 3] = "";
	size_t length;
	FILE *file;

	if (!end || end == data || end + 1 == data + size)
		return 0;
	length = (size_t)(data + size - end) - 1;
	path = strndup((const char *)data, (size_t)(end - data));
	text = malloc(length);
	if (!path || !text)
		return 0;
	memcpy(text, end + 1, length);
	file = fmemopen(text, length, "r");
	if (!file)
		return 0;
	package_list_has(file, path);
	rewind(file);
	name[PACKAGE_NAME_MAX] = 'x';
	if (package_apk_owner(file, path, name) &&
	    (strlen(name) >= PACKAGE_NAME_MAX || !memmem(text, length, name, strlen(name))))
		abort();
	if (name[PACKAGE_NAME_MAX] != 'x')
		abort();
	fclose(file);
	return 0;
}
