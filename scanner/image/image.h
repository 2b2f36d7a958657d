/*
 * image.h: one container image, read from a docker-archive or an OCI layout, every digest checked.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "scanner/image/bundle.h"
#include "scanner/image/digest.h"
#include "scanner/image/tree.h"
#include "scanner/package/packages.h"

#define IMAGE_JSON_MAX	    (8u << 20) /* manifest, index or configuration */
#define IMAGE_LAYERS_MAX    512
#define IMAGE_INDEX_DEPTH   3
#define LAYER_ENTRIES_MAX   5000000
#define LAYER_BYTES_MAX	    (64ull << 30) /* unpacked */
#define IMAGE_MANIFESTS_MAX 1000

struct image_layer {
	char *member;		       /* name in the bundle */
	char digest[DIGEST_TEXT_MAX];  /* of the bytes as they lie there; "" where the format does not say */
	char diff_id[DIGEST_TEXT_MAX]; /* of the unpacked bytes */
};

struct image {
	char *path;	 /* what was scanned */
	char *reference; /* name it goes by: first tag, else path */
	json_t *config;	 /* whole configuration document */
	json_t *tags;	 /* array of texts */
	char config_digest[DIGEST_TEXT_MAX];
	char manifest_digest[DIGEST_TEXT_MAX]; /* "" for a docker-archive */
	struct image_layer *layers;	       /* bottom first */
	size_t layer_count;
	struct tree tree;
	struct packages packages;
	uint64_t entries, bytes; /* of all layers, unpacked */
};

struct image_conf {
	const char *path;
	const char *select;   /* tag or digest where there are several images, or NULL */
	const char *platform; /* os/architecture where there are several, or NULL: linux and this machine's */
};

/*
 * Reads everything. Errors: ERR_NOT_FOUND, ERR_SYNTAX with what is wrong where, ERR_LIMIT, ERR_USAGE when there are several images
 * and none was chosen.
 */
int image_open(const struct image_conf *conf, struct image **ret, struct err *err);
void image_close(struct image *image); /* accepts NULL */
void image_close_pointer(struct image **image);

/* Text of config.NAME, or "". */
const char *image_setting(const struct image *image, const char *name);

#define AUTO_IMAGE CLEANUP(image_close_pointer) struct image *
