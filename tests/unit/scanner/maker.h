/*
 * maker.h: small images for tests, made on the spot in a temporary folder.
 */
#pragma once

#include <stddef.h>

#include "base/strbuf.h"

#define MADE_LAYERS_MAX 4

/* One entry of a tar; ends a list when name is NULL. A name that ends in "/" is a folder. */
struct made_file {
	const char *name;
	const char *content; /* or NULL */
	unsigned int mode;   /* 0 = 0644 */
	const char *link;    /* symbolic link */
};

struct made_image {
	const char *config; /* members of "config": "\"User\":\"root\"" */
	const char *tag;
	const struct made_file *layers[MADE_LAYERS_MAX + 1]; /* bottom first, ends with NULL */
};

/* Appends a tar of files. */
void make_tar(const struct made_file *files, struct strbuf *out);

/* Writes a docker-archive to path / an OCI layout with gzip layers to the folder path. */
void make_docker_archive(const struct made_image *image, const char *path);
void make_layout(const struct made_image *image, const char *path);
