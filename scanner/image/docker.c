#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "scanner/image/manifest.h"
#include "scanner/image/shown.h"

#define MANIFEST "manifest.json"
#define HEX_SIZE 64

static bool has_tag(const json_t *item, const char *select)
{
	const json_t *tag;
	size_t index;

	json_array_foreach (json_object_get(item, "RepoTags"), index, tag) {
		if (json_is_string(tag) && strcmp(json_string_value(tag), select) == 0)
			return true;
	}
	return false;
}

static void add_names(const json_t *item, struct strbuf *names)
{
	const json_t *tag;
	size_t index;

	json_array_foreach (json_object_get(item, "RepoTags"), index, tag) {
		char safe[SHOWN_MAX];

		if (json_is_string(tag))
			strbuf_addf(names, "%s%s", names->length ? ", " : "", shown(json_string_value(tag), safe));
	}
}

static json_t *choose(const json_t *manifest, const char *select, struct err *err)
{
	AUTO_STRBUF names = STRBUF_INIT;
	json_t *item;
	size_t index;

	if (json_array_size(manifest) == 1 && !select)
		return json_array_get(manifest, 0);
	json_array_foreach (manifest, index, item) {
		if (select && has_tag(item, select))
			return item;
		add_names(item, &names);
	}
	if (!index)
		err_set(err, ERR_SYNTAX, "\"%s\" names no image", MANIFEST);
	else
		err_set(err, ERR_USAGE, "the archive holds %zu images; choose one with --select: %.600s", index,
			names.data);
	return NULL;
}

/* "HEX.json" and "blobs/sha256/HEX" promise a digest in their name; *ret points into out, or is NULL. */
static const char *promised(const char *name, char out[DIGEST_TEXT_MAX])
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t digits = strspn(base, "0123456789abcdef");

	if (digits != HEX_SIZE || (base[digits] && strcmp(base + digits, ".json") != 0))
		return NULL;
	strcpy(out, DIGEST_PREFIX);
	snprintf(out + strlen(out), HEX_SIZE + 1, "%s", base);
	return out;
}

static int take_layers(struct image *image, const json_t *item, struct err *err)
{
	const json_t *layers = json_object_get(item, "Layers"), *layer;
	size_t index;

	if (!json_is_array(layers))
		return err_set(err, ERR_SYNTAX, "\"%s\" has no \"Layers\"", MANIFEST);
	json_array_foreach (layers, index, layer) {
		char name[BUNDLE_NAME_MAX];

		if (!json_is_string(layer) || !tar_normalise(json_string_value(layer), name, sizeof(name)))
			return err_set(err, ERR_SYNTAX, "layer %zu in \"%s\" has no usable name", index + 1,
				       MANIFEST);
		if (manifest_add_layer(image, name, NULL, err) < 0)
			return err->code;
	}
	return 0;
}

int manifest_read_docker(struct image *image, struct bundle *bundle, const struct image_conf *conf, struct err *err)
{
	AUTO_JSON manifest = NULL;
	AUTO_JSON config = NULL;
	char digest[DIGEST_TEXT_MAX], name[BUNDLE_NAME_MAX];
	const char *path;
	json_t *item, *tag;
	size_t index;

	if (manifest_json(bundle, MANIFEST, NULL, NULL, &manifest, err) < 0)
		return err->code;
	item = choose(manifest, conf->select, err);
	if (!item)
		return err->code;
	path = json_text(item, "Config");
	if (!path || !tar_normalise(path, name, sizeof(name)))
		return err_set(err, ERR_SYNTAX, "\"%s\" names no configuration", MANIFEST);
	if (manifest_json(bundle, name, promised(name, digest), image->config_digest, &config, err) < 0)
		return err->code;
	json_array_foreach (json_object_get(item, "RepoTags"), index, tag) {
		if (json_is_string(tag))
			json_array_append(image->tags, tag);
	}
	if (take_layers(image, item, err) < 0)
		return err->code;
	return manifest_take_config(image, config, err);
}
