/*
 * role.h: a role of AWS IAM, as an ARN names it: the role itself, or somebody who has taken it on.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define AWS_PARTITION_MAX 16 /* with the NUL, as those below */
#define AWS_ACCOUNT_MAX	  13
#define AWS_ROLE_MAX	  65
#define AWS_SESSION_MAX	  65
#define AWS_ARN_MAX	  256 /* of a session of a role, written by aws_role_format() */

struct aws_role {
	char partition[AWS_PARTITION_MAX];
	char account[AWS_ACCOUNT_MAX];
	char name[AWS_ROLE_MAX];       /* without its path: names of roles are unique in an account */
	char session[AWS_SESSION_MAX]; /* "" for the role itself; tasks of ECS have their task's id there */
};

/*
 * Reads arn:aws:iam::ACCOUNT:role/PATH/NAME and arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION. Errors: ERR_SYNTAX for anything
 * else, also for users, and for partitions whose endpoints are not known.
 */
int aws_role_parse(const char *arn, struct aws_role *ret, struct err *err);

/* Writes the ARN: of the session if there is one, else of the role without its path; returns out. */
char *aws_role_format(const struct aws_role *role, char out[AWS_ARN_MAX]);
