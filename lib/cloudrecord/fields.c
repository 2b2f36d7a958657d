#include "cloudrecord/fields.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cloudrecord/derive.h"

#define PATH_STEPS	4
#define COUNT_MAX	9e18 /* larger is no count of bytes */
#define POINTER_KEY_MAX 1024 /* bytes of one step of a JSON pointer */

enum kind {
	KIND_NONE,
	KIND_TEXT,    /* text at path; present and empty when it is no text */
	KIND_JSON,    /* value at path as JSON */
	KIND_BOOL,    /* "true" or "false" for a JSON boolean at path */
	KIND_COUNT,   /* number at path, without its fraction */
	KIND_DERIVED, /* a function */
};

struct row {
	enum kind kind;
	const char *path[PATH_STEPS];
	bool (*derive)(const struct fields *fields, struct value *ret);
};

/* field, where it comes from */
static const struct row rows[FIELD_COUNT] = {
	[FIELD_EVT_TYPE] = { KIND_TEXT, { "eventName" } },
	[FIELD_EVT_PLUGININFO] = { KIND_DERIVED, .derive = derive_plugininfo },
	[FIELD_CT_ID] = { KIND_TEXT, { "eventID" } },
	[FIELD_CT_ERROR] = { KIND_TEXT, { "errorCode" } },
	[FIELD_CT_ERRORMESSAGE] = { KIND_TEXT, { "errorMessage" } },
	[FIELD_CT_TIME] = { KIND_TEXT, { "eventTime" } },
	[FIELD_CT_SRC] = { KIND_TEXT, { "eventSource" } },
	[FIELD_CT_SHORTSRC] = { KIND_DERIVED, .derive = derive_shortsrc },
	[FIELD_CT_NAME] = { KIND_TEXT, { "eventName" } },
	[FIELD_CT_USER] = { KIND_DERIVED, .derive = derive_user },
	[FIELD_CT_ORIGINALUSER] = { KIND_DERIVED, .derive = derive_originaluser },
	[FIELD_CT_USER_ACCOUNTID] = { KIND_DERIVED, .derive = derive_accountid },
	[FIELD_CT_USER_IDENTITYTYPE] = { KIND_TEXT, { "userIdentity", "type" } },
	[FIELD_CT_USER_PRINCIPALID] = { KIND_TEXT, { "userIdentity", "principalId" } },
	[FIELD_CT_USER_ARN] = { KIND_TEXT, { "userIdentity", "arn" } },
	[FIELD_CT_REGION] = { KIND_TEXT, { "awsRegion" } },
	[FIELD_CT_RESPONSE_SUBNETID] = { KIND_TEXT, { "responseElements", "subnetId" } },
	[FIELD_CT_RESPONSE_RESERVATIONID] = { KIND_TEXT, { "responseElements", "reservationId" } },
	[FIELD_CT_RESPONSE] = { KIND_JSON, { "responseElements" } },
	[FIELD_CT_REQUEST_AVAILABILITYZONE] = { KIND_TEXT, { "requestParameters", "availabilityZone" } },
	[FIELD_CT_REQUEST_CLUSTER] = { KIND_TEXT, { "requestParameters", "cluster" } },
	[FIELD_CT_REQUEST_FUNCTIONNAME] = { KIND_TEXT, { "requestParameters", "functionName" } },
	[FIELD_CT_REQUEST_GROUPNAME] = { KIND_TEXT, { "requestParameters", "groupName" } },
	[FIELD_CT_REQUEST_HOST] = { KIND_TEXT, { "requestParameters", "Host" } },
	[FIELD_CT_REQUEST_NAME] = { KIND_TEXT, { "requestParameters", "name" } },
	[FIELD_CT_REQUEST_POLICY] = { KIND_TEXT, { "requestParameters", "policy" } },
	[FIELD_CT_REQUEST_REASON] = { KIND_TEXT, { "requestParameters", "reason" } },
	[FIELD_CT_REQUEST_TARGET] = { KIND_TEXT, { "requestParameters", "target" } },
	[FIELD_CT_REQUEST_DOCUMENTNAME] = { KIND_TEXT, { "requestParameters", "documentName" } },
	[FIELD_CT_REQUEST_SERIALNUMBER] = { KIND_TEXT, { "requestParameters", "serialNumber" } },
	[FIELD_CT_REQUEST_SERVICENAME] = { KIND_TEXT, { "requestParameters", "serviceName" } },
	[FIELD_CT_REQUEST_SUBNETID] = { KIND_TEXT, { "requestParameters", "subnetId" } },
	[FIELD_CT_REQUEST_TASKDEFINITION] = { KIND_TEXT, { "requestParameters", "taskDefinition" } },
	[FIELD_CT_REQUEST_USERNAME] = { KIND_TEXT, { "requestParameters", "userName" } },
	[FIELD_CT_REQUEST] = { KIND_JSON, { "requestParameters" } },
	[FIELD_CT_SRCIP] = { KIND_TEXT, { "sourceIPAddress" } },
	[FIELD_CT_USERAGENT] = { KIND_TEXT, { "userAgent" } },
	[FIELD_CT_INFO] = { KIND_DERIVED, .derive = derive_info },
	[FIELD_CT_MANAGEMENTEVENT] = { KIND_BOOL, { "managementEvent" } },
	[FIELD_CT_READONLY] = { KIND_BOOL, { "readOnly" } },
	[FIELD_CT_REQUESTID] = { KIND_TEXT, { "requestID" } },
	[FIELD_CT_EVENTTYPE] = { KIND_TEXT, { "eventType" } },
	[FIELD_CT_APIVERSION] = { KIND_TEXT, { "apiVersion" } },
	[FIELD_CT_RESOURCES] = { KIND_DERIVED, .derive = derive_resources },
	[FIELD_CT_RECIPIENTACCOUNTID] = { KIND_TEXT, { "recipientAccountId" } },
	[FIELD_CT_SERVICEEVENTDETAILS] = { KIND_TEXT, { "serviceEventDetails" } },
	[FIELD_CT_SHAREDEVENTID] = { KIND_TEXT, { "sharedEventID" } },
	[FIELD_CT_VPCENDPOINTID] = { KIND_TEXT, { "vpcEndpointId" } },
	[FIELD_CT_EVENTCATEGORY] = { KIND_TEXT, { "eventCategory" } },
	[FIELD_CT_ADDENDUM_REASON] = { KIND_TEXT, { "addendum", "reason" } },
	[FIELD_CT_ADDENDUM_UPDATEDFIELDS] = { KIND_TEXT, { "addendum", "updatedFields" } },
	[FIELD_CT_ADDENDUM_ORIGINALREQUESTID] = { KIND_TEXT, { "addendum", "originalRequestID" } },
	[FIELD_CT_ADDENDUM_ORIGINALEVENTID] = { KIND_TEXT, { "addendum", "originalEventID" } },
	[FIELD_CT_SESSIONCREDENTIALFROMCONSOLE] = { KIND_BOOL, { "sessionCredentialFromConsole" } },
	[FIELD_CT_EDGEDEVICEDETAILS] = { KIND_TEXT, { "edgeDeviceDetails" } },
	[FIELD_CT_TLSDETAILS_TLSVERSION] = { KIND_TEXT, { "tlsDetails", "tlsVersion" } },
	[FIELD_CT_TLSDETAILS_CIPHERSUITE] = { KIND_TEXT, { "tlsDetails", "cipherSuite" } },
	[FIELD_CT_TLSDETAILS_CLIENTPROVIDEDHOSTHEADER] = { KIND_TEXT, { "tlsDetails", "clientProvidedHostHeader" } },
	[FIELD_CT_ADDITIONALEVENTDATA] = { KIND_JSON, { "additionalEventData" } },
	[FIELD_S3_URI] = { KIND_DERIVED, .derive = derive_s3_uri },
	[FIELD_S3_BUCKET] = { KIND_TEXT, { "requestParameters", "bucketName" } },
	[FIELD_S3_KEY] = { KIND_TEXT, { "requestParameters", "key" } },
	[FIELD_S3_BYTES] = { KIND_DERIVED, .derive = derive_s3_bytes },
	[FIELD_S3_BYTES_IN] = { KIND_COUNT, { "additionalEventData", "bytesTransferredIn" } },
	[FIELD_S3_BYTES_OUT] = { KIND_COUNT, { "additionalEventData", "bytesTransferredOut" } },
	[FIELD_S3_CNT_GET] = { KIND_DERIVED, .derive = derive_s3_get },
	[FIELD_S3_CNT_PUT] = { KIND_DERIVED, .derive = derive_s3_put },
	[FIELD_S3_CNT_OTHER] = { KIND_DERIVED, .derive = derive_s3_other },
	[FIELD_EC2_NAME] = { KIND_DERIVED, .derive = derive_ec2_name },
	[FIELD_EC2_IMAGEID] = { KIND_DERIVED, .derive = derive_ec2_imageid },
	[FIELD_EC2_IMAGEIDS] = { KIND_DERIVED, .derive = derive_ec2_imageids },
	[FIELD_ECR_REPOSITORY] = { KIND_TEXT, { "requestParameters", "repositoryName" } },
	[FIELD_ECR_IMAGETAG] = { KIND_TEXT, { "requestParameters", "imageTag" } },
	[FIELD_IAM_ROLE] = { KIND_TEXT, { "requestParameters", "roleName" } },
	[FIELD_IAM_POLICY] = { KIND_TEXT, { "requestParameters", "policyName" } },
};

static const json_t *follow(const json_t *json, const char *const path[PATH_STEPS])
{
	for (size_t i = 0; i < PATH_STEPS && path[i] && json; i++)
		json = json_object_get(json, path[i]);
	return json;
}

static bool read_plain(const struct fields *fields, const struct row *row, struct value *ret)
{
	const json_t *at = follow(fields->record->json, row->path);

	if (!at)
		return false;
	switch (row->kind) {
	case KIND_TEXT:
		*ret = json_is_string(at) ? value_text(json_string_value(at), json_string_length(at))
					  : value_text("", 0);
		return true;
	case KIND_JSON:
		return derive_json(fields, at, ret);
	case KIND_BOOL:
		*ret = json_is_true(at) ? value_text("true", 4) : value_text("false", 5);
		return true;
	case KIND_COUNT:
		if (!json_is_number(at) || json_number_value(at) < 0 || json_number_value(at) >= COUNT_MAX)
			return false;
		*ret = value_uint(json_is_integer(at) ? (uint64_t)json_integer_value(at)
						      : (uint64_t)json_real_value(at));
		return true;
	default:
		return false;
	}
}

/* One step of a pointer: an object's member, or an array's element by decimal number. */
static const json_t *pointer_step(const json_t *at, const char *key)
{
	char *end;
	unsigned long index;

	if (!json_is_array(at))
		return json_object_get(at, key);
	if (!isdigit((unsigned char)*key))
		return NULL;
	index = strtoul(key, &end, 10);
	return *end ? NULL : json_array_get(at, index);
}

/* RFC 6901: "~1" stands for "/", "~0" for "~". */
static const json_t *pointer_follow(const json_t *at, const char *pointer)
{
	char key[POINTER_KEY_MAX];

	if (*pointer == '/')
		pointer++;
	while (at) {
		size_t used = 0;

		for (; *pointer && *pointer != '/'; pointer++) {
			char c = *pointer;

			if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
				c = *++pointer == '1' ? '/' : '~';
			if (used == sizeof(key) - 1)
				return NULL;
			key[used++] = c;
		}
		key[used] = '\0';
		at = pointer_step(at, key);
		if (!*pointer++)
			break;
	}
	return at;
}

static bool read_event(const struct fields *fields, enum field field, struct value *ret)
{
	switch (field) {
	case FIELD_EVT_NUM:
		*ret = value_uint(fields->number);
		return true;
	case FIELD_EVT_TIME:
	case FIELD_EVT_TIME_ISO8601:
		*ret = (struct value){ .type = VALUE_TIME, .number = fields->record->time_ns };
		return true;
	case FIELD_EVT_DIR:
		*ret = value_text("<", 1);
		return true;
	case FIELD_EVT_SOURCE:
		*ret = value_text(CLOUDTRAIL_SOURCE, strlen(CLOUDTRAIL_SOURCE));
		return true;
	case FIELD_EVT_HOSTNAME:
		return derive_text(fields, fields->hostname, ret);
	default:
		return false;
	}
}

bool fields_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct fields *fields = context;
	const struct row *row = &rows[field];
	const json_t *at;

	if (row->kind == KIND_DERIVED)
		return row->derive(fields, ret);
	if (row->kind != KIND_NONE)
		return read_plain(fields, row, ret);
	if (field != FIELD_JSON_VALUE)
		return read_event(fields, field, ret);
	at = argument ? pointer_follow(fields->record->json, argument) : NULL;
	return at && derive_json(fields, at, ret);
}

struct field_reader fields_reader(const struct fields *fields)
{
	return (struct field_reader){ .read = fields_read, .context = fields };
}
