/*
 * identity.h: whose certificate it is: urn:clewline:TENANT:AGENT for an agent, urn:clewline:collector for a collector.
 *
 * The text stands in the certificate as its one subjectAltName of type URI (RFC 5280 section 4.2.1.6).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define IDENTITY_AGENT_MAX     64 /* with the NUL */
#define IDENTITY_TEXT_MAX      128
#define IDENTITY_COLLECTOR_URI "urn:clewline:collector"

struct identity {
	bool is_collector;
	int64_t tenant; /* agents: from 1 */
	char agent[IDENTITY_AGENT_MAX];
};

/* Whether text can be an agent's id: 1 to 63 letters, digits, ".", "_" and "-". */
bool identity_agent_valid(const char *text);

/* Reads exactly length bytes of text. Errors: ERR_SYNTAX. */
int identity_parse(const char *text, size_t length, struct identity *ret, struct err *err);

/* Returns out. */
char *identity_format(const struct identity *identity, char out[IDENTITY_TEXT_MAX]);
