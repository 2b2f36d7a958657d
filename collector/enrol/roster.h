/*
 * roster.h: who is enrolled, as the database knows it: tokens, agents, certificates, and which of them are revoked.
 *
 * Several collectors may share the database: what one revokes, the others refuse after ROSTER_REFRESH_NS at the latest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aws/role.h"
#include "base/arena.h"
#include "base/err.h"
#include "bus/peer.h"
#include "pki/certificate.h"

#define ROSTER_REFRESH_NS      (2 * INT64_C(1000000000))
#define ROSTER_RENEWALS_HOURLY 20 /* certificates an agent gets within an hour */
#define ROSTER_ID_MAX	       64
#define ROSTER_AGENTS_MAX      1000
#define ROSTER_ENROLLED_BY_MAX AWS_ARN_MAX

struct pool;
struct roster;
struct store;

/* conninfo is copied. Errors: ERR_MEMORY. */
int roster_new(const char *conninfo, struct roster **ret, struct err *err);
void roster_free(struct roster *roster); /* accepts NULL */

/* Connections of the database's owner. Borrowed. */
struct pool *roster_pool(struct roster *roster);

/* Reads again what is revoked, unless that was done just now; forgets certificates that ended long ago. Errors: ERR_UNREACHABLE. */
int roster_refresh(struct roster *roster, bool at_once, struct err *err);

/* A tls_refuses: whether the peer's certificate is revoked, as of the last refresh. context is the roster. */
bool roster_refuses(void *context, const struct peer *peer);

/* A certificate that is about to be given, and to whom. */
struct admission {
	int64_t tenant;
	char agent[ROSTER_ID_MAX];
	const char *name;
	char enrolled_by[ROSTER_ENROLLED_BY_MAX]; /* token's id, or the ARN of a role's session */
	const char *tags;			  /* JSON array */
	const char *key_digest;
};

/*
 * Decides on an enrolment with a token; fills agent, enrolled_by and tags (in arena) of the admission. A key that was certified
 * before stays the same agent, and within the life of its token costs no further use. Errors: ERR_DENIED with the reason.
 */
int roster_admit_token(struct roster *roster, const uint8_t secret_digest[32], int64_t now_ns, struct arena *arena,
		       struct admission *admission, struct err *err);

/* The same for who has shown to have a role of AWS. */
int roster_admit_role(struct roster *roster, const struct aws_role *role, struct arena *arena,
		      struct admission *admission, struct err *err);

/* Records the certificate of an admitted agent. Errors: ERR_DENIED when it was revoked in between. */
int roster_add(struct roster *roster, const struct admission *admission, const struct certificate *certificate,
	       uint64_t trust_digest, int64_t now_ns, struct err *err);

/* The same for a renewal. Errors: ERR_DENIED for a revoked agent, ERR_AGAIN when it renews too often. */
int roster_renew(struct roster *roster, const struct peer *peer, const struct certificate *certificate,
		 uint64_t trust_digest, int64_t now_ns, struct err *err);

/* A token as the database keeps it. */
struct token_terms {
	int64_t tenant;
	const char *const *tags;
	size_t tag_count;
	int64_t expires_ns;
	int64_t uses_max;
};
int roster_add_token(struct roster *roster, const struct token_terms *terms, const uint8_t secret_digest[32],
		     char ret_id[ROSTER_ID_MAX], struct err *err);

/* Revokes an agent, or one certificate of its (serial not NULL). Errors: ERR_NOT_FOUND. */
int roster_revoke(struct roster *roster, int64_t tenant, const char *agent, const char *serial, const char *reason,
		  struct err *err);

struct agent_row {
	const char *id, *name, *tags, *enrolled_by;
	int64_t enrolled_ns, certified_ns, expires_ns, trust_digest, revoked_ns;
	const char *revoked_reason;
	int64_t heard_ns; /* newest batch; 0 = never */
};

/* Newest first; wanted: an id's beginning or a name, or NULL. */
int roster_agents(struct roster *roster, int64_t tenant, const char *wanted, size_t limit, struct arena *arena,
		  struct agent_row **ret, size_t *ret_count, struct err *err);

/* How many agents with a valid certificate were given other roots than these. */
int roster_behind(struct roster *roster, uint64_t trust_digest, int64_t *ret, struct err *err);
