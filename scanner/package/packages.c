#include "scanner/package/packages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/package/formats.h"

/* path (one that ends in "/" is a folder), reader */
static const struct {
	const char *path;
	int (*read)(struct packages *packages, const struct tree_file *file, size_t layer, struct err *err);
} formats[] = {
	{ "var/lib/dpkg/status", dpkg_read },
	{ "var/lib/dpkg/status.d/", dpkg_read },
	{ "lib/apk/db/installed", apk_read },
	{ "usr/lib/apk/db/installed", apk_read },
};

#define DIGESTS_SUFFIX ".md5sums" /* beside the paragraphs in status.d */

static int set_up(struct packages *packages, struct err *err)
{
	if (packages->layers)
		return 0;
	arena_init(&packages->arena, PACKAGES_BYTES_MAX);
	packages->layers = map_new();
	return packages->layers ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

void packages_fini(struct packages *packages)
{
	arena_fini(&packages->arena);
	map_free(packages->layers);
	free(packages->list);
	memset(packages, 0, sizeof(*packages));
}

int packages_add(struct packages *packages, const struct package *package, struct err *err)
{
	const char *key = arena_printf(&packages->arena, "%s %s %s %s", package->type, package->name,
				       package->version, package->architecture ? package->architecture : "");
	size_t layer;

	if (packages->count == PACKAGES_MAX)
		return err_set(err, ERR_LIMIT, "the image has more than %d packages", PACKAGES_MAX);
	if (packages->count == packages->size) {
		size_t size = packages->size ? 2 * packages->size : 256;
		struct package *list = realloc(packages->list, size * sizeof(*list));

		if (!list)
			return err_set(err, ERR_MEMORY, "out of memory");
		packages->list = list;
		packages->size = size;
	}
	layer = key ? (size_t)(uintptr_t)map_get(packages->layers, key) : 0;
	if (!key || (!layer && !map_put(packages->layers, key, (void *)(uintptr_t)(package->layer + 1))))
		return err_set(err, ERR_MEMORY, "out of memory for the packages");
	packages->list[packages->count] = *package;
	if (layer)
		packages->list[packages->count].layer = layer - 1;
	packages->count++;
	return 0;
}

static bool matches(const struct tree_file *file, const char *path)
{
	size_t length = strlen(path), name = strlen(file->path), suffix = strlen(DIGESTS_SUFFIX);

	if (!file->content)
		return false;
	if (path[length - 1] != '/')
		return strcmp(file->path, path) == 0;
	return strncmp(file->path, path, length) == 0 &&
	       !(name > suffix && strcmp(file->path + name - suffix, DIGESTS_SUFFIX) == 0);
}

/* A database is new, changed or gone. */
static bool databases_changed(const struct packages *packages, const struct tree *tree, size_t layer)
{
	size_t count = 0;

	for (size_t i = 0; i < tree->count; i++) {
		for (size_t j = 0; tree->files[i] && j < ARRAY_SIZE(formats); j++) {
			if (!matches(tree->files[i], formats[j].path))
				continue;
			count++;
			if (tree->files[i]->layer == layer)
				return true;
		}
	}
	return count != packages->databases;
}

static int read_all(struct packages *packages, const struct tree *tree, size_t layer, struct err *err)
{
	packages->count = 0;
	packages->databases = 0;
	for (size_t i = 0; i < tree->count; i++) {
		for (size_t j = 0; tree->files[i] && j < ARRAY_SIZE(formats); j++) {
			if (!matches(tree->files[i], formats[j].path))
				continue;
			packages->databases++;
			if (formats[j].read(packages, tree->files[i], layer, err) < 0)
				return err->code;
		}
	}
	return 0;
}

int packages_update(struct packages *packages, const struct tree *tree, size_t layer, struct err *err)
{
	if (set_up(packages, err) < 0)
		return err->code;
	return databases_changed(packages, tree, layer) ? read_all(packages, tree, layer, err) : 0;
}
