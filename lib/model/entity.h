/*
 * entity.h: the things with a life that events speak of, and the catalogue of links between them.
 *
 * An entity is a kind and a canonical key; its id is derived from both, so that everybody computes the same one.
 */
#pragma once

#include <stdint.h>

#include "model/event.h"

/* id, name, which is also the word in references: user/badlugo */
#define ENTITY_KINDS(X)                                                                                              \
	X(ACCOUNT, "account")                                                                                        \
	X(USER, "user")                                                                                              \
	X(ROLE, "role")                                                                                              \
	X(SESSION, "session")                                                                                        \
	X(ACCESS_KEY, "access-key")                                                                                  \
	X(CLUSTER, "cluster")                                                                                        \
	X(SERVICE, "service")                                                                                        \
	X(TASK, "task")                                                                                              \
	X(TASK_DEFINITION, "task-definition")                                                                        \
	X(CONTAINER, "container")                                                                                    \
	X(IMAGE, "image")                                                                                            \
	X(PROCESS, "process")                                                                                        \
	X(FILE, "file")                                                                                              \
	X(IP, "ip")                                                                                                  \
	X(TRAIL, "trail")                                                                                            \
	X(HOST, "host")                                                                                              \
	X(RESOURCE, "resource")                                                                                      \
	X(AWS_SERVICE, "aws-service")                                                                                \
	X(ALERT, "alert")                                                                                            \
	X(EVENT, "event")                                                                                            \
	X(EXEC_SESSION, "exec-session")

enum entity_kind {
#define X(id, name) ENTITY_##id,
	ENTITY_KINDS(X)
#undef X
		ENTITY_KIND_COUNT
};

/* Weakest last: a chain is as strong as its weakest relation. Numbers are stored. */
enum strength { STRENGTH_IDENTITY = 1, STRENGTH_PERFORMED, STRENGTH_ATTEMPTED, STRENGTH_ASSOCIATION };

enum link_method {
#define LINK(id, relation, method, confidence, strength, caveat) LINK_##id,
#include "model/links.def"
#undef LINK
	LINK_METHOD_COUNT
};

struct link_method_info {
	const char *relation; /* "runs"; "*" = the action's own word */
	const char *method;   /* stable name, stored */
	double confidence;    /* start value, 0..1 */
	enum strength strength;
	const char *caveat; /* how it can be wrong */
};

extern const struct link_method_info link_methods[LINK_METHOD_COUNT];

const char *entity_kind_name(enum entity_kind kind);
int entity_kind_find(const char *name); /* -1 if unrecognized */
const char *strength_name(enum strength strength);
const struct link_method_info *link_method_find(const char *method); /* NULL if unrecognized */

/* First 63 bits of SHA-256 over kind name, NUL, key. Always positive. */
int64_t entity_id(enum entity_kind kind, const char *key);

#define EVENT_ID_SIZE 16

/*
 * Identity of an event: 48 bits of its time in milliseconds, then a version-8 UUID's layout (RFC 9562, 5.8) filled
 * from SHA-256 over source, NUL and the source's own id. The same event always gets the same id, and ids sort by time.
 */
void event_id(int64_t time_ns, const char *source, const void *own_id, size_t own_id_size,
	      uint8_t out[EVENT_ID_SIZE]);

#define ALERT_ID_MAX 24

/* "al_" and 16 hexadecimal digits of SHA-256 over event id, rule and rule version; returns out. */
char *alert_id(const uint8_t event[EVENT_ID_SIZE], const char *rule, const char *rule_version,
	       char out[ALERT_ID_MAX]);

const char *priority_name(enum priority priority);
const char *event_kind_name(enum event_kind kind);
const char *severity_name(enum severity severity);
int severity_find(const char *name); /* as written in the table; -1 if unrecognized */
int priority_find(const char *name); /* any case; "Info" too; -1 if unrecognized */

/* Word for a confidence: certain, strong, probable, weak, hidden. */
const char *confidence_word(double confidence);
