#include "aws/role.h"

#include <stdio.h>
#include <string.h>

#include "aws/endpoint.h"

#define DIGITS	       "0123456789"
#define NAME_CHARS     DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+=,.@-"
#define PARTS	       6 /* arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE */
#define ARN_LENGTH_MAX 2048

struct text {
	const char *at;
	size_t length;
};

static bool equals(struct text text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

/* False when it is empty, too long, or has other characters. */
static bool copy(struct text text, const char *chars, char *out, size_t size)
{
	if (!text.length || text.length >= size || strspn(text.at, chars) < text.length)
		return false;
	memcpy(out, text.at, text.length);
	out[text.length] = '\0';
	return true;
}

static bool split(const char *arn, struct text parts[PARTS])
{
	for (size_t i = 0; i < PARTS - 1; i++) {
		parts[i] = (struct text){ arn, strcspn(arn, ":") };
		if (!arn[parts[i].length])
			return false;
		arn += parts[i].length + 1;
	}
	parts[PARTS - 1] = (struct text){ arn, strlen(arn) };
	return true;
}

/* "role/PATH/NAME" */
static bool take_role(struct text resource, struct aws_role *ret)
{
	const char *name = strrchr(resource.at, '/');

	return strncmp(resource.at, "role/", 5) == 0 &&
	       copy((struct text){ name + 1, strlen(name + 1) }, NAME_CHARS, ret->name, sizeof(ret->name));
}

/* "assumed-role/NAME/SESSION" */
static bool take_session(struct text resource, struct aws_role *ret)
{
	const char *name = resource.at + strlen("assumed-role/"), *session;

	if (strncmp(resource.at, "assumed-role/", strlen("assumed-role/")) != 0)
		return false;
	session = name + strcspn(name, "/");
	return *session &&
	       copy((struct text){ name, (size_t)(session - name) }, NAME_CHARS, ret->name, sizeof(ret->name)) &&
	       copy((struct text){ session + 1, strlen(session + 1) }, NAME_CHARS, ret->session,
		    sizeof(ret->session));
}

static bool parse(const char *arn, struct aws_role *ret)
{
	struct text parts[PARTS];

	if (strlen(arn) > ARN_LENGTH_MAX || !split(arn, parts) || !equals(parts[0], "arn") || parts[3].length)
		return false;
	if (!copy(parts[1], "abcdefghijklmnopqrstuvwxyz-", ret->partition, sizeof(ret->partition)) ||
	    !sts_partition_known(ret->partition) || parts[4].length != AWS_ACCOUNT_MAX - 1 ||
	    !copy(parts[4], DIGITS, ret->account, sizeof(ret->account)))
		return false;
	return equals(parts[2], "iam") ? take_role(parts[5], ret)
				       : equals(parts[2], "sts") && take_session(parts[5], ret);
}

int aws_role_parse(const char *arn, struct aws_role *ret, struct err *err)
{
	*ret = (struct aws_role){ 0 };
	if (parse(arn, ret))
		return 0;
	return err_set(err, ERR_SYNTAX,
		       "is no role: it must be arn:aws:iam::ACCOUNT:role/NAME or arn:aws:sts::ACCOUNT:assumed-role/"
		       "NAME/SESSION, with 12 digits of an account");
}

char *aws_role_format(const struct aws_role *role, char out[AWS_ARN_MAX])
{
	if (role->session[0])
		snprintf(out, AWS_ARN_MAX, "arn:%s:sts::%s:assumed-role/%s/%s", role->partition, role->account,
			 role->name, role->session);
	else
		snprintf(out, AWS_ARN_MAX, "arn:%s:iam::%s:role/%s", role->partition, role->account, role->name);
	return out;
}
