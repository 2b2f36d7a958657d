#include "scanner/image/image.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "scanner/image/layer.h"
#include "scanner/image/manifest.h"

void image_close(struct image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->layer_count; i++)
		free(image->layers[i].member);
	free(image->layers);
	free(image->path);
	free(image->reference);
	json_decref(image->config);
	json_decref(image->tags);
	tree_fini(&image->tree);
	packages_fini(&image->packages);
	free(image);
}

void image_close_pointer(struct image **image)
{
	image_close(*image);
	*image = NULL;
}

const char *image_setting(const struct image *image, const char *name)
{
	const char *text = json_text(json_object_get(image->config, "config"), name);

	return text ? text : "";
}

static int visit_layer(void *context, size_t index, struct member *member, struct err *err)
{
	struct image *image = context;

	if (layer_apply(image, index, member, err) < 0)
		return err->code;
	return packages_update(&image->packages, &image->tree, index, err);
}

static int read_layers(struct image *image, struct bundle *bundle, struct err *err)
{
	const char *names[IMAGE_LAYERS_MAX];

	for (size_t i = 0; i < image->layer_count; i++)
		names[i] = image->layers[i].member;
	return bundle_each(bundle, names, image->layer_count, visit_layer, image, err);
}

/* Newer Docker archives are both; the layout says more (the manifest's digest), the other file the whole tags. */
static int read_manifest(struct image *image, struct bundle *bundle, const struct image_conf *conf, struct err *err)
{
	if (bundle_has(bundle, "index.json"))
		return manifest_read_layout(image, bundle, conf, err);
	if (bundle_has(bundle, "manifest.json"))
		return manifest_read_docker(image, bundle, conf, err);
	return err_set(err, ERR_SYNTAX, "\"%s\" is no image: it has neither manifest.json nor index.json",
		       image->path);
}

static int set_reference(struct image *image, struct err *err)
{
	const char *tag = json_string_value(json_array_get(image->tags, 0));

	if (!image->reference)
		image->reference = strdup(tag ? tag : image->path);
	return image->reference ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

int image_open(const struct image_conf *conf, struct image **ret, struct err *err)
{
	AUTO_BUNDLE bundle = NULL;
	AUTO_IMAGE image = calloc(1, sizeof(*image));

	if (!image)
		return err_set(err, ERR_MEMORY, "out of memory");
	image->path = strdup(conf->path);
	image->tags = json_array();
	if (!image->path || !image->tags)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (tree_init(&image->tree, err) < 0 || bundle_open(conf->path, &bundle, err) < 0 ||
	    read_manifest(image, bundle, conf, err) < 0 || set_reference(image, err) < 0 ||
	    read_layers(image, bundle, err) < 0)
		return err->code;
	*ret = TAKE(image);
	return 0;
}
