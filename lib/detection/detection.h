/*
 * detection.h: the rules and policies that a program works with, loaded together: given files, or what is shipped.
 */
#pragma once

#include "detection/choice.h"
#include "rules/policy.h"
#include "rules/ruleset.h"

#define DETECTION_VERSION_MAX 17

struct detection_conf {
	const char *source;	  /* of the program: "syscall", "aws_cloudtrail"; NULL: all */
	const char *const *rules; /* files and folders; none: the shipped rules */
	size_t rule_count;
	const char *const *policies; /* likewise; none: the shipped policies, and rules outside of them count, too */
	size_t policy_count;
	const struct rule_choice *choice; /* or NULL */
};

struct detection {
	struct ruleset *rules;
	struct policies *policies;
	size_t active;			     /* rules that are enabled and can alert */
	char version[DETECTION_VERSION_MAX]; /* hexadecimal digits over all rules and policies */
};

/*
 * Loads, compiles and binds. Diagnostics of all files are appended to problems as text (NULL: not wanted). Errors:
 * ERR_SYNTAX with place and text of the first, and those of reading files. Threads may share the result.
 */
int detection_load(const struct detection_conf *conf, struct detection **ret, struct strbuf *problems,
		   struct err *err);
void detection_free(struct detection *detection); /* accepts NULL */
