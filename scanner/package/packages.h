/*
 * packages.h: what is installed in an image, and which layer brought it.
 *
 * After each layer the package databases that it changed are read again; a package that was there before keeps its layer.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "scanner/image/tree.h"

#define PACKAGES_MAX	   200000
#define PACKAGES_BYTES_MAX (256u << 20)

struct package {
	const char *type; /* deb, apk */
	const char *name, *version;
	const char *architecture;   /* or NULL */
	const char *source;	    /* name of the source package, or NULL */
	const char *source_version; /* or NULL */
	size_t layer;
};

struct packages {
	struct arena arena; /* of all texts, also of packages that are gone */
	struct package *list;
	size_t count, size;
	size_t databases;   /* read for the list as it is */
	struct map *layers; /* "type name version architecture" to the layer that brought it, plus 1 */
};

/* Reads what layer changed. tree is as it is after that layer. Errors: ERR_LIMIT, ERR_MEMORY, ERR_SYNTAX with file and line. */
int packages_update(struct packages *packages, const struct tree *tree, size_t layer, struct err *err);
void packages_fini(struct packages *packages); /* accepts a zeroed one */

/* For readers: adds a package; texts are copied. */
int packages_add(struct packages *packages, const struct package *package, struct err *err);
