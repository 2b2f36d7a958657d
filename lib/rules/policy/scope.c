/* Where a policy counts: the event's cluster, image and so on against patterns. */
#include <fnmatch.h>
#include <string.h>

#include "rules/policy/parts.h"

#define FIELDS_MAX 3

/* The fields that say it, the first one present counts; what the value is also known as. */
static const struct {
	enum field fields[FIELDS_MAX];
	size_t count;
	bool has_name; /* the last part of an ARN or a repository */
	bool has_tag;  /* of an image */
} kinds[SCOPE_COUNT] = {
	[SCOPE_CLUSTER] = { { FIELD_ECS_CLUSTER, FIELD_CT_REQUEST_CLUSTER }, 2, .has_name = true },
	[SCOPE_IMAGE] = { { FIELD_CONTAINER_IMAGE }, 1, .has_name = true, .has_tag = true },
	[SCOPE_CONTAINER] = { { FIELD_CONTAINER_NAME }, 1 },
	[SCOPE_ACCOUNT] = { { FIELD_ECS_ACCOUNT, FIELD_CT_RECIPIENTACCOUNTID, FIELD_CT_USER_ACCOUNTID }, 3 },
	[SCOPE_REGION] = { { FIELD_ECS_REGION, FIELD_CT_REGION }, 2 },
};

static bool is_any(const struct vector *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->count; i++) {
		if (fnmatch(patterns->items[i], text, 0) == 0)
			return true;
	}
	return false;
}

/* An image without its tag or digest; false if it has none. */
static bool without_tag(const char *image, char out[POLICY_TEXT_MAX])
{
	const char *slash = strrchr(image, '/');
	size_t length = strcspn(image, "@");
	const char *colon = memchr(slash ? slash : image, ':', length - (size_t)((slash ? slash : image) - image));

	if (colon)
		length = (size_t)(colon - image);
	if (!image[length] || length >= POLICY_TEXT_MAX)
		return false;
	memcpy(out, image, length);
	out[length] = '\0';
	return true;
}

static bool is_any_name(const struct vector *patterns, const char *text)
{
	const char *slash = strrchr(text, '/');

	return is_any(patterns, text) || (slash && is_any(patterns, slash + 1));
}

static bool kind_matches(enum scope_kind kind, const struct vector *patterns, const struct field_reader *reader)
{
	struct value value = { .length = 0 };
	char bare[POLICY_TEXT_MAX];

	for (size_t i = 0; i < kinds[kind].count; i++) {
		if (reader->read(reader->context, kinds[kind].fields[i], NULL, &value) && value.length)
			break;
		value.length = 0;
	}
	if (!value.length)
		return false;
	if (!kinds[kind].has_name)
		return is_any(patterns, value.text);
	return is_any_name(patterns, value.text) ||
	       (kinds[kind].has_tag && without_tag(value.text, bare) && is_any_name(patterns, bare));
}

bool policy_scope_matches(const struct policy *policy, const struct field_reader *reader)
{
	for (int kind = 0; policy->is_scoped && kind < SCOPE_COUNT; kind++) {
		if (policy->scope[kind].count && !kind_matches((enum scope_kind)kind, &policy->scope[kind], reader))
			return false;
	}
	return true;
}
