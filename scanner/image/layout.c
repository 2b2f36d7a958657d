#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "json/json.h"
#include "scanner/image/manifest.h"
#include "scanner/image/shown.h"

#define INDEX	     "index.json"
#define BLOBS	     "blobs/sha256/"
#define PLATFORM_MAX 64

static const char *const index_types[] = { "application/vnd.oci.image.index.v1+json",
					   "application/vnd.docker.distribution.manifest.list.v2+json" };
/* where a layout keeps names; the whole one first */
static const char *const name_annotations[] = { "io.containerd.image.name", "org.opencontainers.image.ref.name" };

/* uname's machine, the name images give it */
static const struct {
	const char *machine, *architecture;
} machines[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" } };

struct choice {
	struct bundle *bundle;
	const char *select;
	char platform[PLATFORM_MAX];
	json_t *found; /* descriptor, owned */
	size_t count;  /* images that would do */
	size_t seen;
	struct strbuf names;
};

static void default_platform(char out[PLATFORM_MAX])
{
	struct utsname name;

	strcpy(out, "linux/amd64");
	if (uname(&name) < 0)
		return;
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		if (strcmp(name.machine, machines[i].machine) == 0)
			snprintf(out, PLATFORM_MAX, "linux/%s", machines[i].architecture);
	}
}

static const char *name_of(const json_t *descriptor)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");
	const char *name = json_text(annotations, name_annotations[0]);

	return name ? name : json_text(annotations, name_annotations[1]);
}

static bool is_index(const json_t *descriptor)
{
	const char *type = json_text(descriptor, "mediaType");

	return type && (strcmp(type, index_types[0]) == 0 || strcmp(type, index_types[1]) == 0);
}

static bool fits(const struct choice *choice, const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *name = name_of(descriptor), *digest = json_text(descriptor, "digest");
	char text[PLATFORM_MAX];

	/* Build attestations lie beside images and are none. */
	if (json_at(descriptor, "annotations", "vnd.docker.reference.type", NULL))
		return false;
	if (choice->select)
		return (name && strcmp(name, choice->select) == 0) || (digest && strcmp(digest, choice->select) == 0);
	if (!platform)
		return true;
	snprintf(text, sizeof(text), "%s/%s", json_text(platform, "os") ? json_text(platform, "os") : "",
		 json_text(platform, "architecture") ? json_text(platform, "architecture") : "");
	return strcmp(text, choice->platform) == 0;
}

/* A digest that is valid makes a name that cannot lead anywhere else. */
static int blob_name(const json_t *descriptor, const char *what, char out[BUNDLE_NAME_MAX], struct err *err)
{
	const char *digest = json_text(descriptor, "digest");
	char safe[SHOWN_MAX];

	if (!digest_is_valid(digest))
		return err_set(err, ERR_SYNTAX, "digest of %s is \"%s\", but must be sha256: and 64 digits", what,
			       shown(digest ? digest : "", safe));
	snprintf(out, BUNDLE_NAME_MAX, BLOBS "%s", digest + strlen(DIGEST_PREFIX));
	return 0;
}

static void note_choice(struct choice *choice, json_t *descriptor)
{
	char safe[SHOWN_MAX];
	const char *name = name_of(descriptor) ? name_of(descriptor) : json_text(descriptor, "digest");

	choice->seen++;
	if (name)
		strbuf_addf(&choice->names, "%s%s", choice->names.length ? ", " : "", shown(name, safe));
	if (!fits(choice, descriptor))
		return;
	if (!choice->count++)
		choice->found = json_incref(descriptor);
}

static int search(struct choice *choice, const json_t *index, int depth, struct err *err)
{
	json_t *descriptor;
	size_t at;

	json_array_foreach (json_object_get(index, "manifests"), at, descriptor) {
		AUTO_JSON inner = NULL;
		char name[BUNDLE_NAME_MAX];

		if (at >= IMAGE_MANIFESTS_MAX || depth > IMAGE_INDEX_DEPTH)
			return err_set(err, ERR_LIMIT, "the index holds more than %d images, or more than %d levels",
				       IMAGE_MANIFESTS_MAX, IMAGE_INDEX_DEPTH);
		if (!is_index(descriptor)) {
			note_choice(choice, descriptor);
			continue;
		}
		if (blob_name(descriptor, "an index", name, err) < 0 ||
		    manifest_json(choice->bundle, name, json_text(descriptor, "digest"), NULL, &inner, err) < 0 ||
		    search(choice, inner, depth + 1, err) < 0)
			return err->code;
	}
	return 0;
}

static int choose(struct choice *choice, struct err *err)
{
	AUTO_JSON index = NULL;

	if (manifest_json(choice->bundle, INDEX, NULL, NULL, &index, err) < 0 || search(choice, index, 1, err) < 0)
		return err->code;
	if (choice->count == 1)
		return 0;
	if (!choice->seen)
		return err_set(err, ERR_SYNTAX, "\"%s\" names no image", INDEX);
	return err_set(err, ERR_USAGE, "%zu of the %zu images fit; choose one with --select or --platform: %.600s",
		       choice->count, choice->seen, choice->names.data);
}

static int take_layers(struct image *image, const json_t *manifest, struct err *err)
{
	const json_t *layer;
	size_t index;

	json_array_foreach (json_object_get(manifest, "layers"), index, layer) {
		char name[BUNDLE_NAME_MAX], what[32];

		snprintf(what, sizeof(what), "layer %zu", index + 1);
		if (blob_name(layer, what, name, err) < 0 ||
		    manifest_add_layer(image, name, json_text(layer, "digest"), err) < 0)
			return err->code;
	}
	return 0;
}

static int take_manifest(struct image *image, struct bundle *bundle, const json_t *descriptor, struct err *err)
{
	AUTO_JSON manifest = NULL;
	AUTO_JSON config = NULL;
	const json_t *config_at;
	char name[BUNDLE_NAME_MAX];

	if (blob_name(descriptor, "the manifest", name, err) < 0 ||
	    manifest_json(bundle, name, json_text(descriptor, "digest"), image->manifest_digest, &manifest, err) < 0)
		return err->code;
	config_at = json_object_get(manifest, "config");
	if (blob_name(config_at, "the configuration", name, err) < 0 ||
	    manifest_json(bundle, name, json_text(config_at, "digest"), image->config_digest, &config, err) < 0)
		return err->code;
	if (take_layers(image, manifest, err) < 0)
		return err->code;
	return manifest_take_config(image, config, err);
}

/* "12" alone is a tag without its repository: a name only together with the layout's path. */
static int take_name(struct image *image, const json_t *descriptor, struct err *err)
{
	const char *name = name_of(descriptor);
	AUTO_STRBUF whole = STRBUF_INIT;

	if (!name)
		return 0;
	if (strpbrk(name, "/:")) {
		json_array_append_new(image->tags, json_string(name));
		return 0;
	}
	strbuf_addf(&whole, "%s:%s", image->path, name);
	free(image->reference);
	image->reference = strbuf_take(&whole);
	return image->reference ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

int manifest_read_layout(struct image *image, struct bundle *bundle, const struct image_conf *conf, struct err *err)
{
	struct choice choice = { .bundle = bundle, .select = conf->select, .names = STRBUF_INIT };
	int code;

	default_platform(choice.platform);
	if (conf->platform)
		snprintf(choice.platform, sizeof(choice.platform), "%s", conf->platform);
	code = choose(&choice, err);
	if (code == 0)
		code = take_manifest(image, bundle, choice.found, err);
	if (code == 0)
		code = take_name(image, choice.found, err);
	json_decref(choice.found);
	strbuf_fini(&choice.names);
	return code;
}
