#include "scanner/check/checks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "json/json.h"
#include "scanner/check/finding.h"

/* parts of a variable's name, any case, that speak of a secret */
static const char *const secret_parts[] = { "PASSWORD",	   "PASSWD",  "SECRET", "TOKEN",     "CREDENTIAL",
					    "PRIVATE_KEY", "API_KEY", "APIKEY", "ACCESS_KEY" };
/* endings that say the value is where the secret lies, not the secret */
static const char *const pointer_endings[] = { "_FILE", "_PATH", "_DIR", "_URL", "_URI", "_ARN", "_NAME", "_ID" };

/* The name's line in a text of colon-separated fields: field number wanted of the line whose first field is name. */
static bool line_field(const char *text, const char *name, size_t name_length, int wanted, const char **ret,
		       size_t *ret_length)
{
	while (text && *text) {
		const char *end = strchrnul(text, '\n'), *at = text;

		if ((size_t)(end - text) > name_length && strncmp(text, name, name_length) == 0 &&
		    text[name_length] == ':') {
			for (int field = 0; field < wanted && at; field++) {
				at = memchr(at, ':', (size_t)(end - at));
				at = at ? at + 1 : NULL;
			}
			if (!at)
				return false;
			*ret = at;
			*ret_length = strcspn(at, ":\n");
			return true;
		}
		text = *end ? end + 1 : end;
	}
	return false;
}

static bool is_zero(const char *text, size_t length)
{
	return length && strspn(text, "0") >= length;
}

bool check_user_root(const struct image *image, struct strbuf *evidence)
{
	const char *user = image_setting(image, "User"), *uid;
	size_t length = strcspn(user, ":"), uid_length;
	const struct tree_file *passwd = tree_find(&image->tree, "etc/passwd");

	if (!length) {
		strbuf_adds(evidence, *user ? "config.User names only a group" : "config.User is not set");
		return true;
	}
	if (is_zero(user, length) || (length == 4 && strncmp(user, "root", 4) == 0)) {
		strbuf_addf(evidence, "config.User is \"%s\"", user);
		return true;
	}
	if (!passwd || !line_field(passwd->content, user, length, 2, &uid, &uid_length) || !is_zero(uid, uid_length))
		return false;
	strbuf_addf(evidence, "config.User is \"%s\", which /etc/passwd of the image gives user id 0", user);
	return true;
}

static bool is_secret_name(const char *name, size_t length)
{
	char copy[256];

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, name, length);
	copy[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(pointer_endings); i++) {
		size_t ending = strlen(pointer_endings[i]);

		if (length > ending && strcasecmp(copy + length - ending, pointer_endings[i]) == 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(secret_parts); i++) {
		if (strcasestr(copy, secret_parts[i]))
			return true;
	}
	return false;
}

bool check_env_secret(const struct image *image, struct strbuf *evidence)
{
	const json_t *env = json_at(image->config, "config", "Env", NULL), *item;
	size_t index, found = 0;

	json_array_foreach (env, index, item) {
		const char *text = json_string_value(item), *equals = text ? strchr(text, '=') : NULL;

		if (!equals || !equals[1] || !is_secret_name(text, (size_t)(equals - text)))
			continue;
		if (found++ < EVIDENCE_NAMES_MAX)
			strbuf_addf(evidence, "%s%.*s", evidence->length ? ", " : "", (int)(equals - text), text);
	}
	if (found > EVIDENCE_NAMES_MAX)
		strbuf_addf(evidence, " and %zu more", found - EVIDENCE_NAMES_MAX);
	if (found)
		strbuf_adds(evidence, " (values are not shown)");
	return found;
}

bool check_empty_password(const struct image *image, struct strbuf *evidence)
{
	const struct tree_file *shadow = tree_find(&image->tree, "etc/shadow");
	const char *text = shadow ? shadow->content : NULL;
	size_t found = 0;

	while (text && *text) {
		const char *end = strchrnul(text, '\n'), *colon = memchr(text, ':', (size_t)(end - text));

		if (colon && colon > text && colon + 1 < end && colon[1] == ':' && found++ < EVIDENCE_NAMES_MAX)
			strbuf_addf(evidence, "%s%.*s", evidence->length ? ", " : "", (int)(colon - text), text);
		text = *end ? end + 1 : end;
	}
	return found;
}

bool check_unsafe_name(const struct image *image, struct strbuf *evidence)
{
	if (image->tree.unsafe)
		strbuf_addf(evidence, "%llu entries, the first \"%s\"", (unsigned long long)image->tree.unsafe,
			    image->tree.unsafe_name ? image->tree.unsafe_name : "");
	return image->tree.unsafe;
}

bool check_port_ssh(const struct image *image, struct strbuf *evidence)
{
	const json_t *ports = json_at(image->config, "config", "ExposedPorts", NULL);

	if (!json_object_get(ports, "22/tcp") && !json_object_get(ports, "22"))
		return false;
	strbuf_adds(evidence, "config.ExposedPorts has 22/tcp");
	return true;
}

bool check_setuid(const struct image *image, struct strbuf *evidence)
{
	const struct tree *tree = &image->tree;
	uint64_t found = tree->uncounted;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_file *file = tree->files[i];

		if (!file || !(file->mode & (S_ISUID | S_ISGID)))
			continue;
		if (found++ < EVIDENCE_NAMES_MAX)
			strbuf_addf(evidence, "%s/%s", evidence->length ? ", " : "", file->path);
	}
	if (found > EVIDENCE_NAMES_MAX)
		strbuf_addf(evidence, " and %llu more", (unsigned long long)(found - EVIDENCE_NAMES_MAX));
	return found;
}

bool check_healthcheck(const struct image *image, struct strbuf *evidence)
{
	const json_t *test = json_at(image->config, "config", "Healthcheck", "Test", NULL);
	const char *first = json_string_value(json_array_get(test, 0));

	if (first && strcmp(first, "NONE") != 0)
		return false;
	strbuf_adds(evidence, first ? "config.Healthcheck is NONE" : "config.Healthcheck is not set");
	return true;
}

bool check_latest_tag(const struct image *image, struct strbuf *evidence)
{
	const json_t *tag;
	size_t index;

	json_array_foreach (image->tags, index, tag) {
		const char *text = json_string_value(tag), *colon = text ? strrchr(text, ':') : NULL;

		if (!colon || strcmp(colon, ":latest") != 0)
			continue;
		strbuf_adds(evidence, text);
		return true;
	}
	return false;
}
