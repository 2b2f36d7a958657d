#include "cloudrecord/derive.h"

#include <stdlib.h>
#include <string.h>

#include "cloudrecord/user.h"
#include "json/json.h"

#define SOURCE_SUFFIX ".amazonaws.com"
#define IMAGE_IDS_MAX 64
#define SESSION_PARTS 3 /* assumed-role/ROLE/SESSION */
#define MADE_TEXT_MAX (64u << 10)

bool derive_text(const struct fields *fields, const char *text, struct value *ret)
{
	const char *copy = arena_dup(fields->arena, text);

	if (copy)
		*ret = value_text(copy, strlen(copy));
	return copy;
}

bool derive_json(const struct fields *fields, const json_t *json, struct value *ret)
{
	AUTO_FREE char *text = NULL;

	if (json_is_string(json)) {
		*ret = value_text(json_string_value(json), json_string_length(json));
		return true;
	}
	text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	return derive_text(fields, text, ret);
}

static bool borrow(const char *text, struct value *ret)
{
	if (text)
		*ret = value_text(text, strlen(text));
	return text;
}

static const char *request_text(const struct fields *fields, const char *name)
{
	return json_text(json_object_get(fields->record->json, "requestParameters"), name);
}

static const char *short_source(const struct fields *fields)
{
	const char *source = json_text(fields->record->json, "eventSource");
	size_t length = source ? strlen(source) : 0, suffix = strlen(SOURCE_SUFFIX);

	if (length <= suffix || strcmp(source + length - suffix, SOURCE_SUFFIX) != 0)
		return source;
	return arena_copy(fields->arena, source, length - suffix);
}

bool derive_shortsrc(const struct fields *fields, struct value *ret)
{
	return borrow(short_source(fields), ret);
}

bool derive_user(const struct fields *fields, struct value *ret)
{
	return borrow(user_name(fields->record->json), ret);
}

/* The last of exactly count parts of text, or NULL. */
static const char *last_part(const char *text, char separator, int count)
{
	for (; text && count > 1; count--) {
		text = strchr(text, separator);
		text = text ? text + 1 : NULL;
	}
	return text && !strchr(text, separator) ? text : NULL;
}

bool derive_originaluser(const struct fields *fields, struct value *ret)
{
	const json_t *identity = json_object_get(fields->record->json, "userIdentity");
	const char *type = json_text(identity, "type"), *session;

	if (!type || strcmp(type, "AssumedRole") != 0)
		return borrow(json_text(identity, "userName"), ret);
	session = last_part(json_text(identity, "arn"), '/', SESSION_PARTS);
	return borrow(session ? session : last_part(json_text(identity, "principalId"), ':', 2), ret);
}

bool derive_accountid(const struct fields *fields, struct value *ret)
{
	const char *account = json_text(json_object_get(fields->record->json, "userIdentity"), "accountId");

	return borrow(account ? account : json_text(fields->record->json, "recipientAccountId"), ret);
}

bool derive_resources(const struct fields *fields, struct value *ret)
{
	const json_t *resources = json_object_get(fields->record->json, "resources");
	AUTO_STRBUF text = STRBUF_INIT;
	const json_t *item;
	size_t index;

	json_array_foreach (resources, index, item) {
		AUTO_FREE char *one = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);

		strbuf_adds(&text, index ? "," : "");
		strbuf_adds(&text, one ? one : "");
	}
	return text.length && derive_text(fields, text.data, ret);
}

bool derive_s3_uri(const struct fields *fields, struct value *ret)
{
	const char *bucket = request_text(fields, "bucketName"), *key = request_text(fields, "key");

	return bucket && key && borrow(arena_printf(fields->arena, "s3://%s/%s", bucket, key), ret);
}

bool derive_s3_bytes(const struct fields *fields, struct value *ret)
{
	struct value in = { 0 }, out = { 0 };
	bool has_in = fields_read(fields, FIELD_S3_BYTES_IN, NULL, &in);
	bool has_out = fields_read(fields, FIELD_S3_BYTES_OUT, NULL, &out);

	*ret = value_uint(in.unumber + out.unumber);
	return has_in || has_out;
}

static bool count_one(const struct fields *fields, const char *name, struct value *ret)
{
	const char *event = json_text(fields->record->json, "eventName");

	*ret = value_uint(1);
	return event && strcmp(event, name) == 0;
}

bool derive_s3_get(const struct fields *fields, struct value *ret)
{
	return count_one(fields, "GetObject", ret);
}

bool derive_s3_put(const struct fields *fields, struct value *ret)
{
	return count_one(fields, "PutObject", ret);
}

bool derive_s3_other(const struct fields *fields, struct value *ret)
{
	return !count_one(fields, "GetObject", ret) && !count_one(fields, "PutObject", ret);
}

bool derive_ec2_name(const struct fields *fields, struct value *ret)
{
	json_t *sets = json_at(fields->record->json, "requestParameters", "tagSpecificationSet", "items", NULL);
	const char *name = NULL, *text;
	size_t set_index, tag_index;
	json_t *set, *tag;

	json_array_foreach (sets, set_index, set) {
		text = json_text(set, "resourceType");
		if (!text || strcmp(text, "instance") != 0)
			continue;
		json_array_foreach (json_object_get(set, "tags"), tag_index, tag) {
			text = json_text(tag, "key");
			if (text && strcmp(text, "Name") == 0)
				name = json_text(tag, "value");
		}
	}
	return borrow(name, ret);
}

static size_t image_ids(const struct fields *fields, struct value items[IMAGE_IDS_MAX])
{
	const json_t *record = fields->record->json;
	json_t *instances = json_at(record, "responseElements", "instancesSet", "items", NULL), *item;
	size_t index, count = 0;
	const char *text;

	json_array_foreach (instances, index, item) {
		if (count < IMAGE_IDS_MAX && borrow(json_text(item, "imageId"), &items[count]))
			count++;
	}
	if (count)
		return count;
	text = request_text(fields, "imageId");
	if (!text)
		text = json_text(
			json_at(record, "requestParameters", "DescribeFastLaunchImagesRequest", "ImageId", NULL),
			"content");
	if (!text)
		text = json_text(json_at(record, "requestParameters", "launchSpecification", NULL), "imageId");
	return borrow(text, items);
}

bool derive_ec2_imageids(const struct fields *fields, struct value *ret)
{
	struct value *items = arena_array(fields->arena, struct value, IMAGE_IDS_MAX);
	size_t count = items ? image_ids(fields, items) : 0;

	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = items, .count = count };
	return count;
}

bool derive_ec2_imageid(const struct fields *fields, struct value *ret)
{
	struct value items[IMAGE_IDS_MAX];

	if (!image_ids(fields, items))
		return false;
	*ret = items[0];
	return true;
}

static void add_labelled(struct strbuf *out, const char *label, const char *text)
{
	if (!text)
		return;
	strbuf_adds(out, label);
	strbuf_adds(out, text);
}

/* "USER via ADDRESS !<- EVENT Size=... Bucket=...": ! for an error, <- for reading, -> for writing */
static bool add_info(const struct fields *fields, struct strbuf *out)
{
	const json_t *record = fields->record->json, *read_only = json_object_get(record, "readOnly");
	const char *name = json_text(record, "eventName"), *user = user_name(record);
	struct value value;

	if (!name)
		return false;
	if (user && *user)
		strbuf_addf(out, "%s ", user);
	if (json_text(record, "sourceIPAddress"))
		strbuf_addf(out, "via %s ", json_text(record, "sourceIPAddress"));
	if (json_object_get(record, "errorCode"))
		strbuf_addc(out, '!');
	strbuf_adds(out, json_is_true(read_only) ? "<- " : "-> ");
	strbuf_adds(out, name);
	if (derive_s3_bytes(fields, &value))
		strbuf_addf(out, " Size=%llu", (unsigned long long)value.unumber);
	if (derive_s3_uri(fields, &value)) {
		add_labelled(out, " URI=", value.text);
		return true;
	}
	add_labelled(out, " Bucket=", request_text(fields, "bucketName"));
	add_labelled(out, " Key=", request_text(fields, "key"));
	add_labelled(out, " Host=", request_text(fields, "Host"));
	return true;
}

bool derive_info(const struct fields *fields, struct value *ret)
{
	AUTO_STRBUF out = { 0 };

	strbuf_init(&out, MADE_TEXT_MAX);
	return add_info(fields, &out) && derive_text(fields, out.data, ret);
}

bool derive_plugininfo(const struct fields *fields, struct value *ret)
{
	const json_t *record = fields->record->json;
	const char *region = json_text(record, "awsRegion"), *source = short_source(fields),
		   *user = user_name(record);
	AUTO_STRBUF out = { 0 };

	strbuf_init(&out, MADE_TEXT_MAX);
	add_labelled(&out, "", region);
	add_labelled(&out, " ", user);
	add_labelled(&out, " ", source);
	add_labelled(&out, " ", json_text(record, "eventName"));
	strbuf_addc(&out, ' ');
	return add_info(fields, &out) && derive_text(fields, out.data, ret);
}
