#include "tests/support/pki.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

static void need(int code, const struct err *err)
{
	if (code < 0) {
		fprintf(stderr, "%s\n", err->message);
		abort();
	}
}

struct identity papers_agent(int64_t tenant, const char *agent)
{
	struct identity identity = { .tenant = tenant };

	snprintf(identity.agent, sizeof(identity.agent), "%s", agent);
	return identity;
}

void papers_issue(struct authority *authority, const struct identity *identity, int64_t lifetime_ns,
		  struct papers *ret)
{
	const struct identity collector = { .is_collector = true };
	AUTO_KEY key = { 0 };
	struct err err;

	strbuf_init(&ret->chain, CERTIFICATE_PEM_MAX);
	strbuf_init(&ret->key, KEY_PEM_MAX);
	strbuf_init(&ret->trust, CERTIFICATE_PEM_MAX);
	need(key_new(&key, &err), &err);
	need(key_write(&key, &ret->key, &err), &err);
	need(authority_issue(authority, &key, identity ? identity : &collector, lifetime_ns, time_now_ns(),
			     &ret->chain, &ret->certificate, &err),
	     &err);
	authority_trust(authority, &ret->trust);
}

void papers_fini(struct papers *papers)
{
	strbuf_fini(&papers->chain);
	strbuf_fini(&papers->key);
	strbuf_fini(&papers->trust);
}

struct credentials papers_credentials(const struct papers *papers)
{
	return (struct credentials){ .chain = papers->chain.data,
				     .key = papers->key.data,
				     .trust = papers->trust.data };
}
