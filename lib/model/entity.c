#include "model/entity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/time.h"
#include "model/sha256.h"

static const char *const entity_kind_names[ENTITY_KIND_COUNT] = {
#define X(id, name) name,
	ENTITY_KINDS(X)
#undef X
};

const struct link_method_info link_methods[LINK_METHOD_COUNT] = {
#define LINK(id, relation, method, confidence, strength, caveat)                                                     \
	{ relation, method, confidence, STRENGTH_##strength, caveat },
#include "model/links.def"
#undef LINK
};

const char *entity_kind_name(enum entity_kind kind)
{
	return entity_kind_names[kind];
}

int entity_kind_find(const char *name)
{
	for (int i = 0; i < ENTITY_KIND_COUNT; i++) {
		if (strcmp(entity_kind_names[i], name) == 0)
			return i;
	}
	return -1;
}

const char *strength_name(enum strength strength)
{
	static const char *const names[] = { "?", "identity", "performed", "attempted", "association" };

	return (size_t)strength < ARRAY_SIZE(names) ? names[strength] : names[0];
}

const struct link_method_info *link_method_find(const char *method)
{
	for (int i = 0; i < LINK_METHOD_COUNT; i++) {
		if (strcmp(link_methods[i].method, method) == 0)
			return &link_methods[i];
	}
	return NULL;
}

struct part {
	const void *data;
	size_t length;
};

static void hash_parts(const struct part *parts, size_t count, uint8_t digest[SHA256_SIZE])
{
	uint8_t buffer[8192];
	size_t used = 0;

	/* Parts longer than the buffer are folded in as their own digest: keys are short, hostile ones need not be. */
	for (size_t i = 0; i < count; i++) {
		if (used + SHA256_SIZE > sizeof(buffer))
			break;
		if (parts[i].length > sizeof(buffer) / 4) {
			sha256(parts[i].data, parts[i].length, buffer + used);
			used += SHA256_SIZE;
		} else {
			memcpy(buffer + used, parts[i].data, parts[i].length);
			used += parts[i].length;
		}
	}
	sha256(buffer, used, digest);
}

int64_t entity_id(enum entity_kind kind, const char *key)
{
	const char *name = entity_kind_name(kind);
	const struct part parts[] = { { name, strlen(name) + 1 }, { key, strlen(key) } };
	uint8_t digest[SHA256_SIZE];
	uint64_t id = 0;

	hash_parts(parts, ARRAY_SIZE(parts), digest);
	for (int i = 0; i < 8; i++)
		id = id << 8 | digest[i];
	return (int64_t)(id & INT64_MAX);
}

void event_id(int64_t time_ns, const char *source, const void *own_id, size_t own_id_size, uint8_t out[EVENT_ID_SIZE])
{
	const struct part parts[] = { { source, strlen(source) + 1 }, { own_id, own_id_size } };
	uint8_t digest[SHA256_SIZE];
	uint64_t ms = (uint64_t)(time_ns / NS_PER_MS);

	hash_parts(parts, ARRAY_SIZE(parts), digest);
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(out + 6, digest, EVENT_ID_SIZE - 6);
	out[6] = (uint8_t)((out[6] & 0x0f) | 0x80);
	out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

char *alert_id(const uint8_t event[EVENT_ID_SIZE], const char *rule, const char *rule_version, char out[ALERT_ID_MAX])
{
	const struct part parts[] = { { event, EVENT_ID_SIZE },
				      { rule, strlen(rule) + 1 },
				      { rule_version, strlen(rule_version) } };
	uint8_t digest[SHA256_SIZE];

	hash_parts(parts, ARRAY_SIZE(parts), digest);
	memcpy(out, "al_", 3);
	hex_format(digest, 8, out + 3);
	return out;
}

const char *priority_name(enum priority priority)
{
	switch (priority) {
#define X(id, number, name)                                                                                          \
	case number:                                                                                                 \
		return name;
		PRIORITIES(X)
#undef X
	}
	return "?";
}

const char *severity_name(enum severity severity)
{
	switch (severity) {
#define X(id, number, name)                                                                                          \
	case number:                                                                                                 \
		return name;
		SEVERITIES(X)
#undef X
	}
	return "?";
}

int severity_find(const char *name)
{
#define X(id, number, text)                                                                                          \
	if (strcmp(name, text) == 0)                                                                                 \
		return number;
	SEVERITIES(X)
#undef X
	return -1;
}

int priority_find(const char *name)
{
#define X(id, number, text)                                                                                          \
	if (strcasecmp(name, text) == 0)                                                                             \
		return number;
	PRIORITIES(X)
#undef X
	return strcasecmp(name, "info") == 0 ? PRIORITY_INFORMATIONAL : -1;
}

const char *event_kind_name(enum event_kind kind)
{
	switch (kind) {
#define X(id, number, name)                                                                                          \
	case number:                                                                                                 \
		return name;
		EVENT_KINDS(X)
#undef X
	}
	return "?";
}

const char *confidence_word(double confidence)
{
	if (confidence >= 0.95)
		return "certain";
	if (confidence >= 0.80)
		return "strong";
	if (confidence >= 0.60)
		return "probable";
	return confidence >= 0.30 ? "weak" : "hidden";
}
