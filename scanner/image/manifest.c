#include "scanner/image/manifest.h"

#include <string.h>

#include "json/json.h"
#include "scanner/image/shown.h"

int manifest_json(struct bundle *bundle, const char *name, const char *wanted, char *ret_digest, json_t **ret,
		  struct err *err)
{
	AUTO_STRBUF text = { 0 };
	char digest[DIGEST_TEXT_MAX], safe[SHOWN_MAX];

	if (bundle_read(bundle, name, IMAGE_JSON_MAX, &text, err) < 0)
		return err->code;
	digest_of(text.data, text.length, digest);
	if (wanted && strcmp(digest, wanted) != 0)
		return err_set(err, ERR_SYNTAX, "entry \"%s\" has digest %s, but must have %s", shown(name, safe),
			       digest, wanted);
	if (ret_digest)
		strcpy(ret_digest, digest);
	return json_parse(shown(name, safe), text.data, text.length, ret, err);
}

int manifest_add_layer(struct image *image, const char *member, const char *digest, struct err *err)
{
	struct image_layer *layers;

	if (image->layer_count == IMAGE_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, "the image has more than %d layers", IMAGE_LAYERS_MAX);
	layers = realloc(image->layers, (image->layer_count + 1) * sizeof(*layers));
	if (!layers)
		return err_set(err, ERR_MEMORY, "out of memory");
	image->layers = layers;
	layers += image->layer_count;
	memset(layers, 0, sizeof(*layers));
	layers->member = strdup(member);
	if (!layers->member)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (digest)
		strcpy(layers->digest, digest);
	image->layer_count++;
	return 0;
}

int manifest_take_config(struct image *image, json_t *config, struct err *err)
{
	const json_t *diff_ids = json_at(config, "rootfs", "diff_ids", NULL);

	image->config = json_incref(config);
	if (!json_is_object(config))
		return err_set(err, ERR_SYNTAX, "the image's configuration is not an object");
	if (json_array_size(diff_ids) != image->layer_count)
		return err_set(err, ERR_SYNTAX,
			       "the configuration names %zu layers in rootfs.diff_ids, the manifest %zu",
			       json_array_size(diff_ids), image->layer_count);
	for (size_t i = 0; i < image->layer_count; i++) {
		const char *diff_id = json_string_value(json_array_get(diff_ids, i));

		if (!digest_is_valid(diff_id))
			return err_set(err, ERR_SYNTAX,
				       "rootfs.diff_ids[%zu] of the configuration is not a sha256 digest", i);
		strcpy(image->layers[i].diff_id, diff_id);
	}
	return 0;
}
