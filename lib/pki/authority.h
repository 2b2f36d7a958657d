/*
 * authority.h: the collector's private certificate authority: a folder of keys and certificates, and what it issues.
 *
 * folder/state names the generation that issues and those that are trusted; folder/NUMBER/ holds one (generation.h).
 * A rotation has three steps, so that at every moment both ends know the root the other shows: a second root is trusted
 * (prepared), it issues (switched), the first is trusted no more (steady again). Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "pki/certificate.h"
#include "pki/key.h"

/* Certificates begin so long before they are made: clocks differ. */
#define AUTHORITY_SLACK_NS	     (3 * INT64_C(86400) * 1000000000)
#define AUTHORITY_AGENT_DEFAULT_NS   (7 * INT64_C(86400) * 1000000000)
#define AUTHORITY_COLLECTOR_NS	     (30 * INT64_C(86400) * 1000000000)
#define AUTHORITY_COLLECTOR_RENEW_NS (10 * INT64_C(86400) * 1000000000) /* left of it when a new one is made */

#define AUTHORITY_ROOTS_MAX	2
#define AUTHORITY_ROOT_TEXT_MAX (2 * CERTIFICATE_PIN_SIZE + 1)

enum authority_stage { AUTHORITY_STEADY, AUTHORITY_PREPARED, AUTHORITY_SWITCHED };

struct authority;

/* Makes folder (0700) and a first generation where there is none. Errors: ERR_FAILED, ERR_SYNTAX, naming the file. */
int authority_open(const char *folder, int64_t now_ns, struct authority **ret, struct err *err);
void authority_close(struct authority *authority); /* accepts NULL */

/*
 * Certifies the public key for identity, with the chain up to the root for a collector and without the root for an agent,
 * appended to chain as PEM. lifetime_ns counts from now; the issuer's own end is never passed. Errors: ERR_FAILED.
 */
int authority_issue(struct authority *authority, const struct key *key, const struct identity *identity,
		    int64_t lifetime_ns, int64_t now_ns, struct strbuf *chain, struct certificate *ret,
		    struct err *err);

/* Appends the roots that are trusted, as PEM, the issuing one first. */
void authority_trust(struct authority *authority, struct strbuf *out);

/* SHA-256 of the issuing root: what enrolment tokens carry. */
int authority_pin(struct authority *authority, uint8_t out[CERTIFICATE_PIN_SIZE], struct err *err);

/* SHA-256 of all roots that are trusted, in hexadecimal; returns how many. Errors: as authority_pin(). */
int authority_roots(struct authority *authority, char out[AUTHORITY_ROOTS_MAX][AUTHORITY_ROOT_TEXT_MAX],
		    struct err *err);

/* Takes over what was copied into the folder meanwhile: 1; 0 when nothing is new. Errors: as authority_open(); nothing changes then. */
int authority_reload(struct authority *authority, struct err *err);

enum authority_stage authority_stage(struct authority *authority);

/* Takes the next step of a rotation. Errors: ERR_FAILED; then nothing has changed. */
int authority_rotate(struct authority *authority, int64_t now_ns, struct err *err);

/* Renews the issuing certificate when a third of its life is left: 1. Errors: ERR_NOT_FOUND when the root key is away. */
int authority_renew(struct authority *authority, int64_t now_ns, struct err *err);
