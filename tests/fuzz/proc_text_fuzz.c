/* Texts of a workload: paths, passwd lines and control groups. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/proc/path.h"
#include "agent/proc/proc.h"
#include "agent/state/container.h"
#include "agent/state/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A normal path stays as it is. */
static void normalize(const char *text)
{
	char *path = malloc(strlen(text) + 2), *again;

	path[0] = '/';
	strcpy(path + 1, text);
	path_normalize(path);
	if (path[0] != '/' || strstr(path, "//") || strstr(path, "/../"))
		abort();
	again = strdup(path);
	path_normalize(again);
	if (strcmp(path, again) != 0)
		abort();
	free(path);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[USER_NAME_MAX], id[PROC_CONTAINER_ID_MAX];
	char *text = malloc(size + 1);
	struct image_parts parts;

	memcpy(text, data, size);
	text[size] = '\0';
	normalize(text);
	users_find(text, 0, name);
	users_find(text, 1000, name);
	cgroup_container_id(text, id);
	image_parts(text, &parts);
	if (parts.repository_length > strlen(text))
		abort();
	free(text);
	return 0;
}
