#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "collector/link/derivation.h"
#include "json/json.h"

#define SCAN_TAGS_MAX 32

/* Members of a scan's document stand at its top, or in "image". */
static json_t *member(const json_t *scan, const char *name)
{
	json_t *found = json_object_get(scan, name);

	return found != NULL ? found : json_object_get(json_object_get(scan, "image"), name);
}

static const char *member_text(const json_t *scan, const char *name)
{
	return json_string_value(member(scan, name));
}

/* An image that names no user runs as root; "0:0" and "root:wheel" do as well. */
static bool is_root(const char *user)
{
	size_t length = strcspn(user, ":");

	return length == 0 || (length == 4 && strncmp(user, "root", 4) == 0) || strspn(user, "0") == length;
}

static void add_user(struct derivation *derivation, const json_t *scan, int64_t image)
{
	const char *user = member_text(scan, "user");

	if (user == NULL)
		user = json_text(member(scan, "config"), "user");
	if (user == NULL)
		return;
	derive_add_fact(derivation, image, "user", *user != '\0' ? user : "root");
	derive_add_fact(derivation, image, "runs_as_root", is_root(user) ? "true" : "false");
}

static void add_finding_counts(struct derivation *derivation, const json_t *scan, int64_t image)
{
	static const char *const severities[] = { "critical", "high", "medium", "low" };
	const json_t *findings = json_object_get(scan, "findings");
	size_t count = json_array_size(findings);

	derive_add_fact(derivation, image, "findings", derive_printf(derivation, "%zu", count));
	for (size_t i = 0; i < ARRAY_SIZE(severities); i++) {
		size_t matching = 0;

		for (size_t j = 0; j < count; j++) {
			const char *severity = json_text(json_array_get(findings, j), "severity");

			matching += severity != NULL && strcasecmp(severity, severities[i]) == 0;
		}
		derive_add_fact(derivation, image, derive_printf(derivation, "findings_%s", severities[i]),
				derive_printf(derivation, "%zu", matching));
	}
}

static void add_tag(struct derivation *derivation, int64_t image, int64_t event, const char *tag)
{
	int64_t tagged;

	if (tag == NULL || *tag == '\0')
		return;
	derive_add_alias(derivation, image, ENTITY_IMAGE, tag);
	tagged = derive_add_entity(derivation, ENTITY_IMAGE, derive_printf(derivation, "ref:%s", tag));
	derive_add_fact(derivation, tagged, "reference", tag);
	derive_add_link(derivation, &(struct derive_link){ .from = tagged,
							   .to = event,
							   .method = LINK_IMAGE_TAG_SCANNED,
							   .detail = "repository tag" });
}

static int64_t add_event(struct derivation *derivation)
{
	char id[2 * EVENT_ID_SIZE + 1];

	hex_format(derivation->input->event_id, EVENT_ID_SIZE, id);
	return derive_add_entity(
		derivation, ENTITY_EVENT,
		derive_printf(derivation, "%.8s-%.4s-%.4s-%.4s-%s", id, id + 8, id + 12, id + 16, id + 20));
}

int derive_scan(struct derivation *derivation, struct err *err)
{
	const struct derive_input *input = derivation->input;
	AUTO_JSON scan = NULL;
	const char *digest, *reference, *tag;
	const json_t *tags;
	int64_t image, event;
	int code;

	derivation->rows->watermark = "scan";
	if (input->scan_json == NULL)
		return err_set(err, ERR_SYNTAX, "scan holds no document");
	code = json_parse("scan", input->scan_json, input->scan_json_length, &scan, err);
	if (code < 0)
		return code;
	digest = member_text(scan, "config_digest");
	if (digest == NULL || strncmp(digest, "sha256:", 7) != 0)
		return err_set(err, ERR_SYNTAX, "scan names no image: config_digest must begin with \"sha256:\"");
	image = derive_add_entity(derivation, ENTITY_IMAGE, digest);
	event = add_event(derivation);
	derive_add_link(derivation, &(struct derive_link){ .from = image,
							   .to = event,
							   .method = LINK_IMAGE_SCANNED,
							   .detail = "config_digest" });
	reference = member_text(scan, "reference");
	tags = member(scan, "repo_tags");
	/* what was scanned may have been a file; people know the image by its tag */
	tag = json_string_value(json_array_get(tags, 0));
	derive_add_fact(derivation, image, "reference", tag != NULL ? tag : reference);
	derive_add_fact(derivation, event, "name",
			derive_printf(derivation, "scan of %s",
				      tag != NULL	  ? tag
				      : reference != NULL ? reference
							  : digest));
	derive_add_alias(derivation, image, ENTITY_IMAGE, reference);
	derive_add_fact(derivation, image, "manifest_digest", member_text(scan, "manifest_digest"));
	derive_add_alias(derivation, image, ENTITY_IMAGE, member_text(scan, "manifest_digest"));
	for (size_t i = 0; i < json_array_size(tags) && i < SCAN_TAGS_MAX; i++)
		add_tag(derivation, image, event, json_string_value(json_array_get(tags, i)));
	add_user(derivation, scan, image);
	add_finding_counts(derivation, scan, image);
	return 0;
}
