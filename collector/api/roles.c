#include "aws/role.h"
#include "base/time.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/api/tags.h"
#include "collector/enrol/office.h"
#include "collector/enrol/roles.h"
#include "json/json.h"
#include "model/tenant.h"

static int64_t tenant_of(const struct request *request)
{
	return request_number(request, "tenant", TENANT_LOCAL);
}

static json_t *role_json(const struct role_row *row)
{
	struct aws_role role = { 0 };
	char arn[AWS_ARN_MAX];
	json_t *json;

	snprintf(role.partition, sizeof(role.partition), "%s", row->partition);
	snprintf(role.account, sizeof(role.account), "%s", row->account);
	snprintf(role.name, sizeof(role.name), "%s", row->name);
	json = json_pack("{s:s, s:s, s:s}", "arn", aws_role_format(&role, arn), "account", row->account, "role",
			 row->name);
	if (!json)
		return NULL;
	json_object_set_new(json, "tags", tags_json(row->tags));
	json_set_time(json, "allowed_at", row->allowed_ns);
	return json;
}

int api_roles(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct office *office = request->context->office;
	char invitation[TOKEN_TEXT_MAX];
	json_t *roles = json_array();
	struct role_row *rows;
	size_t count = 0;

	if (office_invitation(office, tenant_of(request), invitation, err) < 0 ||
	    roles_list(roster_pool(office_roster(office)), tenant_of(request), request->arena, &rows, &count, err) <
		    0) {
		json_decref(roles);
		return err->code;
	}
	for (size_t i = 0; i < count; i++)
		json_array_append_new(roles, role_json(&rows[i]));
	*ret = json_pack("{s:s, s:o}", "invitation", invitation, "roles", roles);
	return 0;
}

/* A session's ARN is refused: it would read as if only that session were meant. */
static int role_of(const struct request *request, struct aws_role *ret, struct err *err)
{
	const char *arn = request_text(request, "role");

	if (!arn)
		return err_set(err, ERR_USAGE, "role is needed: arn:aws:iam::ACCOUNT:role/NAME");
	if (aws_role_parse(arn, ret, NULL) < 0 || ret->session[0])
		return err_set(err, ERR_USAGE, "role must be an ARN such as arn:aws:iam::111122223333:role/NAME");
	return 0;
}

int api_roles_allow(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err)
{
	struct office *office = request->context->office;
	struct role_terms terms = { .tenant = tenant_of(request) };
	char invitation[TOKEN_TEXT_MAX], arn[AWS_ARN_MAX];
	const char *tags[TAGS_MAX];

	if (role_of(request, &terms.role, err) < 0 || tags_of(request, tags, &terms.tag_count, err) < 0 ||
	    office_invitation(office, terms.tenant, invitation, err) < 0)
		return err->code;
	terms.tags = tags;
	if (roles_allow(roster_pool(office_roster(office)), &terms, err) < 0)
		return err->code;
	*ret = json_pack("{s:s, s:s}", "allowed", aws_role_format(&terms.role, arn), "invitation", invitation);
	*ret_status = 201;
	return 0;
}

int api_roles_forbid(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct office *office = request->context->office;
	char arn[AWS_ARN_MAX];
	struct aws_role role;

	if (role_of(request, &role, err) < 0 ||
	    roles_forbid(roster_pool(office_roster(office)), tenant_of(request), &role, err) < 0)
		return err->code;
	*ret = json_pack("{s:s}", "forbidden", aws_role_format(&role, arn));
	return 0;
}
