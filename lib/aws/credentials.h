/*
 * credentials.h: the keys that requests to AWS are signed with: of the environment, or of the role of the task.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define AWS_KEY_MAX	      129 /* of an access key's id and secret, with the NUL */
#define AWS_SESSION_TOKEN_MAX 8193

struct aws_credentials {
	char access_key[AWS_KEY_MAX];
	char secret_key[AWS_KEY_MAX];
	char session_token[AWS_SESSION_TOKEN_MAX]; /* "" = none */
};

/*
 * Looks in the environment (AWS_ACCESS_KEY_ID ...), then at the container's endpoint (container.h), which may take up to 5 s.
 * Errors: ERR_NOT_FOUND when nothing names any, ERR_UNREACHABLE, ERR_SYNTAX for what is none; none repeats a key.
 */
int aws_credentials_find(struct aws_credentials *ret, struct err *err);

/* Reads the answer of a container's endpoint (JSON). Errors: ERR_SYNTAX. */
int aws_credentials_parse(const char *json, size_t length, struct aws_credentials *ret, struct err *err);

void aws_credentials_wipe(struct aws_credentials *credentials);
