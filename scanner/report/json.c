#include "base/time.h"
#include "json/json.h"
#include "scanner/report/release.h"
#include "scanner/report/report.h"

/* An empty text is null: the format does not say. */
static void set_or_null(json_t *object, const char *name, const char *text)
{
	if (text && *text)
		json_set_text(object, name, text);
	else
		json_object_set_new(object, name, json_null());
}

static json_t *layers_json(const struct image *image)
{
	json_t *array = json_array();

	for (size_t i = 0; i < image->layer_count; i++) {
		json_t *layer = json_object();

		set_or_null(layer, "digest", image->layers[i].digest);
		set_or_null(layer, "diff_id", image->layers[i].diff_id);
		json_array_append_new(array, layer);
	}
	return array;
}

static json_t *image_json(const struct image *image)
{
	json_t *object = json_object(), *distribution = json_object();
	struct release release;

	release_read(image, &release);
	json_set_text(object, "reference", image->reference);
	json_set_text(object, "config_digest", image->config_digest);
	set_or_null(object, "manifest_digest", image->manifest_digest);
	json_object_set(object, "repo_tags", image->tags);
	set_or_null(object, "architecture", json_text(image->config, "architecture"));
	set_or_null(object, "os", json_text(image->config, "os"));
	set_or_null(object, "created", json_text(image->config, "created"));
	json_set_text(object, "user", image_setting(image, "User"));
	set_or_null(distribution, "id", release.id);
	set_or_null(distribution, "version", release.version);
	set_or_null(distribution, "name", release.name);
	json_object_set_new(object, "distribution", distribution);
	json_object_set_new(object, "layers", layers_json(image));
	return object;
}

static json_t *packages_json(const struct image *image)
{
	const struct packages *packages = &image->packages;
	json_t *array = json_array();

	for (size_t i = 0; i < packages->count; i++) {
		const struct package *package = &packages->list[i];
		json_t *object = json_object();

		json_set_text(object, "type", package->type);
		json_set_text(object, "name", package->name);
		json_set_text(object, "version", package->version);
		set_or_null(object, "architecture", package->architecture);
		set_or_null(object, "source", package->source);
		set_or_null(object, "source_version", package->source_version);
		json_set_text(object, "layer", image->layers[package->layer].diff_id);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *findings_json(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		json_t *object = json_object(), *references = json_array();

		json_set_text(object, "id", finding->id);
		json_set_text(object, "severity", severity_word(finding->severity));
		json_set_text(object, "title", finding->title);
		json_set_text(object, "description", finding->description);
		json_set_text(object, "remediation", finding->remediation);
		json_set_text(object, "evidence", finding->evidence);
		for (const char *const *reference = finding->references; *reference; reference++)
			json_array_append_new(references, json_string(*reference));
		json_object_set_new(object, "references", references);
		json_array_append_new(array, object);
	}
	return array;
}

json_t *report_json(const struct scan *scan)
{
	json_t *object = json_object();
	char time[TIME_TEXT_MAX];

	json_object_set_new(object, "schema", json_integer(SCAN_SCHEMA));
	json_set_text(object, "scanner", "secscan " CLEWLINE_VERSION);
	json_set_text(object, "scanned_at", time_format_exact(scan->scanned_ns, time));
	/* The collector files a scan under these two. */
	json_set_text(object, "reference", scan->image->reference);
	json_set_text(object, "config_digest", scan->image->config_digest);
	json_object_set_new(object, "image", image_json(scan->image));
	json_object_set_new(object, "packages", packages_json(scan->image));
	json_object_set_new(object, "findings", findings_json(scan->findings));
	return object;
}
