/*
 * pki.h: an authority of the tests' own, and credentials from it.
 */
#pragma once

#include "base/strbuf.h"
#include "bus/tls.h"
#include "pki/authority.h"

/* Texts of one end; fini frees. */
struct papers {
	struct strbuf chain, key, trust;
	struct certificate certificate;
};

/* Each fails the test that cannot go on. identity NULL: a collector. */
void papers_issue(struct authority *authority, const struct identity *identity, int64_t lifetime_ns,
		  struct papers *ret);
void papers_fini(struct papers *papers);
struct credentials papers_credentials(const struct papers *papers);

/* The identity of an agent of a tenant. */
struct identity papers_agent(int64_t tenant, const char *agent);
