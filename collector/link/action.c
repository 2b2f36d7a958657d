#include "collector/link/action.h"

#include <string.h>

enum { LINK_AUTO = -1 };

struct action {
	const char *source, *name, *infinitive, *past;
	enum entity_kind kind;
	enum action_key key;
	int method; /* enum link_method, or LINK_AUTO */
	const char *paths;
};

static const struct action actions[] = {
#define ACTION(source, name, infinitive, past, kind, key, method, paths)                                             \
	{ source, name, infinitive, past, ENTITY_##kind, ACTION_KEY_##key, LINK_##method, paths },
#include "collector/link/actions.def"
#undef ACTION
};

/* After these, absence of records of a trail proves nothing, or proves something again. */
static const struct {
	const char *name, *happened;
	bool blind;
} silences[] = {
	{ "DeleteTrail", "was deleted", true },
	{ "StopLogging", "was stopped", true },
	{ "StartLogging", "was started", false },
	{ "CreateTrail", "was created", false },
};

struct texts {
	const char *items[ACTION_TARGETS_MAX];
	const char *detail; /* the path that gave them */
	size_t count;
};

/* Collects the texts at a dotted path; "[]" after a name takes every element. */
static void collect(const json_t *json, const char *path, size_t length, struct texts *ret)
{
	const char *dot = memchr(path, '.', length);
	size_t step = dot != NULL ? (size_t)(dot - path) : length;
	bool every = step > 2 && memcmp(path + step - 2, "[]", 2) == 0;
	const json_t *next = json_object_getn(json, path, every ? step - 2 : step);
	const char *rest = dot != NULL ? dot + 1 : path + length;
	size_t count = every ? json_array_size(next) : 1;

	for (size_t i = 0; i < count && ret->count < ACTION_TARGETS_MAX; i++) {
		const json_t *item = every ? json_array_get(next, i) : next;
		const char *text = json_string_value(item);

		if (*rest != '\0' && dot != NULL)
			collect(item, rest, length - step - 1, ret);
		else if (text != NULL && *text != '\0')
			ret->items[ret->count++] = text;
	}
}

static void find_targets(struct derivation *derivation, const json_t *json, const char *paths, struct texts *ret)
{
	ret->count = 0;
	ret->detail = "";
	while (*paths != '\0' && ret->count == 0) {
		size_t length = strcspn(paths, " ");

		collect(json, paths, length, ret);
		ret->detail = arena_copy(derivation->arena, paths, length);
		paths += length;
		paths += strspn(paths, " ");
	}
}

static const char *cluster_named(const struct record *record)
{
	const char *name = json_text(json_object_get(record->json, "requestParameters"), "cluster");

	return name != NULL && *name != '\0' ? name : "default";
}

static const char *config_digest(struct derivation *derivation, const char *manifest)
{
	json_t *parsed = json_loads(manifest, 0, NULL);
	const char *digest = json_text(json_object_get(parsed, "config"), "digest");

	digest = digest != NULL ? arena_dup(derivation->arena, digest) : NULL;
	json_decref(parsed);
	return digest;
}

static const char *make_key(struct derivation *derivation, const struct record *record, enum action_key key,
			    const char *text)
{
	const struct arn_scope *scope = &record->scope;
	struct arena *arena = derivation->arena;

	switch (key) {
	case ACTION_KEY_PLAIN:
	case ACTION_KEY_ACCOUNT:
		return text;
	case ACTION_KEY_CLUSTER:
	case ACTION_KEY_CLUSTER_OR_DEFAULT:
		return arn_cluster(text, scope, arena);
	case ACTION_KEY_TASK:
		return arn_task(text, cluster_named(record), scope, arena);
	case ACTION_KEY_SERVICE:
		return arn_service(text, cluster_named(record), scope, arena);
	case ACTION_KEY_TASK_DEFINITION:
		return arn_task_definition(text, scope, arena);
	case ACTION_KEY_TRAIL:
		return arn_trail(text, scope, arena);
	case ACTION_KEY_IAM_USER:
		return arn_iam(text, "user", scope, arena);
	case ACTION_KEY_IAM_ROLE:
		return arn_iam(text, "role", scope, arena);
	case ACTION_KEY_IMAGE_CONFIG:
		return config_digest(derivation, text);
	}
	return NULL;
}

static enum link_method method_of(const struct record *record, const struct action *action, const char *text)
{
	if (record->is_denied)
		return LINK_ATTEMPTED;
	if (action->method != LINK_AUTO)
		return (enum link_method)action->method;
	return strncmp(text, "arn:", 4) == 0 || action->kind == ENTITY_ACCOUNT || action->kind == ENTITY_ACCESS_KEY ||
			       action->kind == ENTITY_IMAGE
		       ? LINK_PERFORMED_ARN
		       : LINK_PERFORMED_NAME;
}

static void add_target(struct derivation *derivation, const struct record *record, const struct action *action,
		       const char *text, const char *detail)
{
	const char *key = make_key(derivation, record, action->key, text);
	int64_t target = derive_add_entity(derivation, action->kind, key);
	char *tried = derive_printf(derivation, "tried_to_%s", action->infinitive);

	if (target == 0)
		return;
	if (strncmp(key, "arn:", 4) == 0) {
		derive_add_alias(derivation, target, action->kind, arn_tail(key));
		derive_add_fact(derivation, target, "name", arn_tail(key));
	}
	derive_add_link(derivation, &(struct derive_link){ .from = record->actor,
							   .to = target,
							   .method = method_of(record, action, text),
							   .relation = record->is_denied ? tried : action->past,
							   .detail = detail });
	if (action->kind == ENTITY_TASK && derivation->rows->task_id == 0)
		derivation->rows->task_id = target;
	if (action->kind == ENTITY_CLUSTER && derivation->rows->cluster_id == 0)
		derivation->rows->cluster_id = target;
}

static void add_silence(struct derivation *derivation, const struct record *record)
{
	const char *name = json_text(json_object_get(record->json, "requestParameters"), "name");
	const json_t *identity = json_object_get(record->json, "userIdentity");
	const char *who = json_text(identity, "userName");
	const char *trail;

	if (record->is_denied || name == NULL || strcmp(record->source, "cloudtrail") != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(silences); i++) {
		if (strcmp(record->name, silences[i].name) != 0)
			continue;
		trail = arn_trail(name, &record->scope, derivation->arena);
		if (trail == NULL)
			return;
		if (who == NULL)
			who = json_text(identity, "arn");
		derive_add_mark(derivation,
				derive_printf(derivation, "cloudtrail %s %s", record->scope.account, trail),
				silences[i].blind,
				derive_printf(derivation, "trail %s %s by %s", arn_tail(trail), silences[i].happened,
					      who != NULL ? who : "somebody the record does not name"));
	}
}

/* A call that changes something and that no row describes still names its resources, often by ARN. */
static void add_resources(struct derivation *derivation, const struct record *record)
{
	const json_t *resources = json_object_get(record->json, "resources");
	char *relation =
		derive_printf(derivation, "%s%s", record->is_denied ? "tried_to_call_" : "called_", record->name);

	for (size_t i = 0; i < json_array_size(resources) && i < ACTION_TARGETS_MAX; i++) {
		const char *arn = json_text(json_array_get(resources, i), "ARN");

		if (arn == NULL || strncmp(arn, "arn:", 4) != 0)
			continue;
		derive_add_link(derivation, &(struct derive_link){
						    .from = record->actor,
						    .to = derive_add_entity(derivation, ENTITY_RESOURCE, arn),
						    .method = record->is_denied ? LINK_ATTEMPTED : LINK_PERFORMED_ARN,
						    .relation = relation,
						    .detail = "resources[].ARN" });
	}
}

void derive_actions(struct derivation *derivation, const struct record *record)
{
	struct texts targets;
	bool described = false;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		const struct action *action = &actions[i];

		if (strcmp(action->name, record->name) != 0 || strcmp(action->source, record->source) != 0)
			continue;
		described = true;
		find_targets(derivation, record->json, action->paths, &targets);
		if (targets.count == 0 && action->key == ACTION_KEY_CLUSTER_OR_DEFAULT &&
		    json_is_object(json_object_get(record->json, "requestParameters")))
			add_target(derivation, record, action, "default", "requestParameters.cluster is absent");
		for (size_t j = 0; j < targets.count; j++)
			add_target(derivation, record, action, targets.items[j], targets.detail);
	}
	if (!described && json_is_false(json_object_get(record->json, "readOnly")))
		add_resources(derivation, record);
	add_silence(derivation, record);
}
