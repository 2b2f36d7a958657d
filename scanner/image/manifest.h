/*
 * manifest.h: what the two formats say about an image: its configuration and its layers.
 */
#pragma once

#include "scanner/image/image.h"

/* Fill config, digests, tags and layers from an OCI layout (index.json) or a docker-archive (manifest.json). Errors: as image_open. */
int manifest_read_layout(struct image *image, struct bundle *bundle, const struct image_conf *conf, struct err *err);
int manifest_read_docker(struct image *image, struct bundle *bundle, const struct image_conf *conf, struct err *err);

/* Parses a member as JSON, after checking its digest where wanted is not NULL; writes its digest to ret_digest if not NULL. */
int manifest_json(struct bundle *bundle, const char *name, const char *wanted, char *ret_digest, json_t **ret,
		  struct err *err);

/* Takes the configuration (already parsed) and its diff_ids into the layers. Errors: ERR_SYNTAX if their numbers differ. */
int manifest_take_config(struct image *image, json_t *config, struct err *err);
int manifest_add_layer(struct image *image, const char *member, const char *digest, struct err *err);
