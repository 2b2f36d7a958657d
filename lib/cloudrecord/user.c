#include "cloudrecord/user.h"

#include <string.h>

#include "base/attr.h"
#include "json/json.h"

/* type, path of the name below userIdentity, what stands for it when that is missing */
static const struct {
	const char *type;
	const char *path[3];
	const char *fallback;
} names[] = {
	{ "Root", { "userName" }, NULL },
	{ "IAMUser", { "userName" }, NULL },
	{ "AWSService", { "invokedBy" }, NULL },
	{ "AssumedRole", { "sessionContext", "sessionIssuer", "userName" }, "AssumedRole" },
	{ "AWSAccount", { NULL }, "AWSAccount" },
	{ "FederatedUser", { NULL }, "FederatedUser" },
};

const char *user_name(const json_t *record)
{
	const json_t *identity = json_object_get(record, "userIdentity");
	const char *type = json_text(identity, "type");

	for (size_t i = 0; type && i < ARRAY_SIZE(names); i++) {
		const json_t *at = names[i].path[0] ? identity : NULL;
		const char *name;

		if (strcmp(type, names[i].type) != 0)
			continue;
		for (size_t step = 0; step < ARRAY_SIZE(names[i].path) && names[i].path[step]; step++)
			at = json_object_get(at, names[i].path[step]);
		name = json_string_value(at);
		return name ? name : names[i].fallback;
	}
	return NULL;
}
