/*
 * alert.h: what a rule that held says about an event, with its priority and the policies behind it.
 */
#pragma once

#include <stddef.h>

#include "model/response.h"

/* Falco's eight, most urgent first; numbers are stored. */
#define PRIORITIES(X)                                                                                                \
	X(EMERGENCY, 0, "Emergency")                                                                                 \
	X(ALERT, 1, "Alert")                                                                                         \
	X(CRITICAL, 2, "Critical")                                                                                   \
	X(ERROR, 3, "Error")                                                                                         \
	X(WARNING, 4, "Warning")                                                                                     \
	X(NOTICE, 5, "Notice")                                                                                       \
	X(INFORMATIONAL, 6, "Informational")                                                                         \
	X(DEBUG, 7, "Debug")

enum priority {
#define X(id, number, name) PRIORITY_##id = (number),
	PRIORITIES(X)
#undef X
};

/* How bad a policy calls it, worst last; numbers are stored. NONE: no policy said so. */
#define SEVERITIES(X)                                                                                                \
	X(NONE, 0, "none")                                                                                           \
	X(INFO, 1, "info")                                                                                           \
	X(LOW, 2, "low")                                                                                             \
	X(MEDIUM, 3, "medium")                                                                                       \
	X(HIGH, 4, "high")

enum severity {
#define X(id, number, name) SEVERITY_##id = (number),
	SEVERITIES(X)
#undef X
};

struct alert_field {
	const char *name; /* as in the rule's output: proc.aname[2] */
	const char *json; /* value as JSON text */
};

/* A rule held on the event. */
struct alert {
	const char *rule;
	const char *rule_version; /* 16 hexadecimal digits of the rule's text and what it uses */
	enum priority priority;
	const char *source; /* syscall or aws_cloudtrail */
	const char *output; /* formatted, without time and priority */
	const char *const *tags;
	size_t tag_count;
	const struct alert_field *fields;
	size_t field_count;
	const char *const *policies; /* names of those that ask for the rule here; none from agents before policies */
	size_t policy_count;
	enum severity severity;		  /* the worst of theirs */
	const struct response *responses; /* what they asked to be done beside telling, and what came of it */
	size_t response_count;
};
