#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "collector/link/action.h"
#include "json/json.h"

#define HIDDEN_NAME "HIDDEN_DUE_TO_SECURITY_REASONS" /* what ConsoleLogin shows for a name that does not exist */

/* Who acted, as userIdentity says. */
struct identity {
	const json_t *json;
	const char *type, *principal, *arn, *account, *name;
};

static const char *text_or_null(const json_t *json, const char *name)
{
	const char *text = json_text(json, name);

	return text != NULL && *text != '\0' && strcmp(text, HIDDEN_NAME) != 0 ? text : NULL;
}

/* Published records have their ids starred out: such an id names many people. */
static const char *id_or_null(const json_t *json, const char *name)
{
	const char *text = text_or_null(json, name);

	return text != NULL && strchr(text, '*') == NULL ? text : NULL;
}

static const char *root_arn(struct derivation *derivation, const struct identity *identity,
			    const struct arn_scope *scope)
{
	const char *account = identity->account != NULL ? identity->account : scope->account;

	return derive_printf(derivation, "arn:%s:iam::%s:root", arn_partition(scope->region), account);
}

static const char *user_key(struct derivation *derivation, const struct identity *identity,
			    const struct arn_scope *scope)
{
	const char *person = id_or_null(json_object_get(identity->json, "onBehalfOf"), "userId");
	struct arn_scope home = *scope;

	if (strcmp(identity->type, "Root") == 0)
		return root_arn(derivation, identity, scope);
	if (strcmp(identity->type, "IdentityCenterUser") == 0 && person != NULL)
		return derive_printf(derivation, "identity-center:%s", person);
	if (identity->principal != NULL)
		return identity->principal;
	if (identity->arn != NULL)
		return identity->arn;
	if (identity->account != NULL)
		home.account = identity->account;
	return identity->name != NULL ? arn_iam(identity->name, "user", &home, derivation->arena) : NULL;
}

static int64_t add_user(struct derivation *derivation, const struct identity *identity, const struct arn_scope *scope)
{
	int64_t user = derive_add_entity(derivation, ENTITY_USER, user_key(derivation, identity, scope));
	const char *name = identity->name;

	if (name == NULL && identity->arn != NULL)
		name = arn_tail(identity->arn);
	if (strcmp(identity->type, "Root") == 0)
		name = derive_printf(derivation, "root of account %s",
				     identity->account != NULL ? identity->account : scope->account);
	derive_add_fact(derivation, user, "name", name);
	derive_add_alias(derivation, user, ENTITY_USER, name);
	derive_add_alias(derivation, user, ENTITY_USER, identity->arn);
	return user;
}

static int64_t add_role(struct derivation *derivation, const struct identity *identity, const char *id,
			size_t id_length)
{
	const json_t *issuer = json_at(identity->json, "sessionContext", "sessionIssuer", NULL);
	const char *arn = text_or_null(issuer, "arn");
	const char *key = id_length > 0 ? arena_copy(derivation->arena, id, id_length) : arn;
	int64_t role = derive_add_entity(derivation, ENTITY_ROLE, key);

	derive_add_fact(derivation, role, "name", text_or_null(issuer, "userName"));
	derive_add_fact(derivation, role, "arn", arn);
	derive_add_alias(derivation, role, ENTITY_ROLE, text_or_null(issuer, "userName"));
	derive_add_alias(derivation, role, ENTITY_ROLE, arn);
	return role;
}

/* "AROA...:NAME" is one use of a role under one name; its keys come and go. */
static int64_t add_session(struct derivation *derivation, const struct identity *identity)
{
	const char *key = identity->principal != NULL ? identity->principal : identity->arn;
	const char *colon = identity->principal != NULL ? strchr(identity->principal, ':') : NULL;
	const char *name = colon != NULL ? colon + 1 : identity->arn != NULL ? arn_tail(identity->arn) : NULL;
	int64_t session = derive_add_entity(derivation, ENTITY_SESSION, key);
	size_t id_length = colon != NULL ? (size_t)(colon - identity->principal) : 0;
	const json_t *context = json_object_get(identity->json, "sessionContext");

	derive_add_fact(derivation, session, "name", name);
	derive_add_fact(derivation, session, "source_identity", text_or_null(context, "sourceIdentity"));
	derive_add_alias(derivation, session, ENTITY_SESSION, name);
	derive_add_alias(derivation, session, ENTITY_SESSION, identity->arn);
	derive_add_link(derivation,
			&(struct derive_link){ .from = session,
					       .to = add_role(derivation, identity, identity->principal, id_length),
					       .method = LINK_SESSION_ROLE,
					       .detail = "userIdentity.sessionContext.sessionIssuer" });
	return session;
}

static int64_t add_actor(struct derivation *derivation, const struct identity *identity,
			 const struct arn_scope *scope)
{
	static const struct {
		const char *type;
		enum entity_kind kind;
	} kinds[] = {
		{ "AssumedRole", ENTITY_SESSION },
		{ "FederatedUser", ENTITY_SESSION },
		{ "AWSService", ENTITY_AWS_SERVICE },
		{ "AWSAccount", ENTITY_ACCOUNT },
		{ "Role", ENTITY_ROLE },
	};
	enum entity_kind kind = ENTITY_USER;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(identity->type, kinds[i].type) == 0)
			kind = kinds[i].kind;
	}
	switch (kind) {
	case ENTITY_SESSION:
		return add_session(derivation, identity);
	case ENTITY_AWS_SERVICE:
		return derive_add_entity(derivation, kind, text_or_null(identity->json, "invokedBy"));
	case ENTITY_ACCOUNT:
		return derive_add_entity(derivation, kind, identity->account);
	case ENTITY_ROLE:
		return derive_add_entity(derivation, kind,
					 identity->principal != NULL ? identity->principal : identity->arn);
	default:
		return add_user(derivation, identity, scope);
	}
}

static void add_key(struct derivation *derivation, const char *key, int64_t owner, const char *detail)
{
	int64_t id = derive_add_entity(derivation, ENTITY_ACCESS_KEY, key);

	derive_add_link(derivation, &(struct derive_link){
					    .from = id, .to = owner, .method = LINK_SESSION_KEY, .detail = detail });
}

static void add_identity_rows(struct derivation *derivation, const struct identity *identity, int64_t actor)
{
	int64_t account = derive_add_entity(derivation, ENTITY_ACCOUNT, identity->account);
	const json_t *attributes = json_at(identity->json, "sessionContext", "attributes", NULL);

	derive_add_fact(derivation, actor, "type", identity->type);
	derive_add_fact(derivation, actor, "arn", identity->arn);
	derive_add_fact(derivation, actor, "account", identity->account);
	derive_add_fact(derivation, actor, "session_mfa", text_or_null(attributes, "mfaAuthenticated"));
	add_key(derivation, id_or_null(identity->json, "accessKeyId"), actor, "userIdentity.accessKeyId");
	if (account != actor)
		derive_add_link(derivation, &(struct derive_link){ .from = actor,
								   .to = account,
								   .method = LINK_PRINCIPAL_ACCOUNT,
								   .detail = "userIdentity.accountId" });
}

static bool is_address(const char *text)
{
	unsigned char buffer[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, buffer) == 1 || inet_pton(AF_INET6, text, buffer) == 1;
}

/* sourceIPAddress holds an address, or the name of the service that called, or "AWS Internal". */
static void add_source(struct derivation *derivation, const json_t *json, int64_t actor)
{
	const char *source = text_or_null(json, "sourceIPAddress");

	derive_add_fact(derivation, actor, "user_agent", text_or_null(json, "userAgent"));
	if (source == NULL)
		return;
	if (!is_address(source)) {
		derive_add_entity(derivation, ENTITY_AWS_SERVICE, source);
		return;
	}
	derive_add_fact(derivation, actor, "last_ip", source);
	derive_add_link(derivation, &(struct derive_link){ .from = actor,
							   .to = derive_add_entity(derivation, ENTITY_IP, source),
							   .method = LINK_PRINCIPAL_IP,
							   .detail = "sourceIPAddress" });
}

/* Keys that a response hands out belong to whoever acts with them next. */
static void add_issued_keys(struct derivation *derivation, const struct record *record)
{
	const json_t *response = json_object_get(record->json, "responseElements");
	const char *key = id_or_null(json_object_get(response, "credentials"), "accessKeyId");
	const char *assumed = id_or_null(json_object_get(response, "assumedRoleUser"), "assumedRoleId");
	int64_t owner = record->actor;

	if (key == NULL || strcmp(record->source, "sts") != 0)
		return;
	if (assumed != NULL) {
		const char *colon = strchr(assumed, ':');

		owner = derive_add_entity(derivation, ENTITY_SESSION, assumed);
		derive_add_fact(derivation, owner, "name", colon != NULL ? colon + 1 : NULL);
		derive_add_alias(derivation, owner, ENTITY_SESSION, colon != NULL ? colon + 1 : NULL);
	}
	add_key(derivation, key, owner, "responseElements.credentials.accessKeyId");
}

static bool is_denied(const json_t *json)
{
	const json_t *error = json_object_get(json, "errorCode");
	const json_t *response = json_object_get(json, "responseElements");
	const char *login = json_text(response, "ConsoleLogin");

	if (error != NULL && !json_is_null(error))
		return true;
	if (json_is_true(json_at(json, "requestParameters", "dryrun", NULL)))
		return true;
	return login != NULL && strcmp(login, "Failure") == 0;
}

static void add_sign_in(struct derivation *derivation, const struct record *record)
{
	const char *mfa = text_or_null(json_object_get(record->json, "additionalEventData"), "MFAUsed");

	if (strcmp(record->name, "ConsoleLogin") == 0 && !record->is_denied)
		derive_add_fact(derivation, record->actor, "mfa", mfa);
}

static void add_cloud_alerts(struct derivation *derivation, int64_t actor)
{
	const struct event *event = derivation->input->event;

	for (size_t i = 0; i < event->alert_count; i++)
		derive_add_link(derivation,
				&(struct derive_link){ .from = derive_add_alert(derivation, &event->alerts[i]),
						       .to = actor,
						       .method = LINK_ALERT_PRINCIPAL,
						       .detail = "userIdentity" });
}

static struct record read_record(struct derivation *derivation, const json_t *json, const struct cloud_record *cloud)
{
	const char *source = json_text(json, "eventSource");
	const char *name = json_text(json, "eventName");
	struct record record = { .json = json, .source = "", .name = name != NULL ? name : "" };

	if (source != NULL)
		record.source = arena_copy(derivation->arena, source, strcspn(source, "."));
	if (record.source == NULL)
		record.source = "";
	record.scope.account = cloud->account != NULL ? cloud->account : "";
	record.scope.region = cloud->region != NULL ? cloud->region : "";
	record.is_denied = is_denied(json);
	return record;
}

static void derive_record(struct derivation *derivation, const json_t *json)
{
	const struct cloud_record *cloud = derivation->input->event->cloud;
	struct record record = read_record(derivation, json, cloud);
	const json_t *who = json_object_get(json, "userIdentity");
	const char *type = json_text(who, "type");
	struct identity identity = {
		.json = who,
		.type = type != NULL ? type : "Unknown",
		.principal = id_or_null(who, "principalId"),
		.arn = id_or_null(who, "arn"),
		.account = id_or_null(who, "accountId"),
		.name = text_or_null(who, "userName"),
	};

	derivation->rows->watermark =
		derive_printf(derivation, "cloudtrail %s %s", record.scope.account, record.scope.region);
	record.actor = add_actor(derivation, &identity, &record.scope);
	derivation->rows->actor_id = record.actor;
	add_identity_rows(derivation, &identity, record.actor);
	add_source(derivation, json, record.actor);
	add_sign_in(derivation, &record);
	derive_actions(derivation, &record);
	add_issued_keys(derivation, &record);
	add_cloud_alerts(derivation, record.actor);
}

int derive_cloud(struct derivation *derivation, struct err *err)
{
	const struct cloud_record *cloud = derivation->input->event->cloud;
	AUTO_JSON json = NULL;
	int code;

	if (cloud == NULL || cloud->json == NULL)
		return err_set(err, ERR_SYNTAX, "cloud event holds no record");
	code = json_parse("CloudTrail record", cloud->json, strlen(cloud->json), &json, err);
	if (code < 0)
		return code;
	if (!json_is_object(json))
		return err_set(err, ERR_SYNTAX, "CloudTrail record is not an object");
	derive_record(derivation, json);
	return 0;
}
