/*
 * office.h: the collector's own certificate, and those it gives to agents; who stands in front of the intake.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/receiver.h"
#include "collector/enrol/roster.h"
#include "collector/enrol/sts.h"
#include "pki/authority.h"
#include "pki/token.h"

struct office;
struct tls;

struct office_conf {
	const char *folder;   /* of the authority */
	const char *conninfo; /* of the database */
	int64_t lifetime_ns;  /* of agents' certificates; 0 = AUTHORITY_AGENT_DEFAULT_NS */
	struct sts_conf sts;
	bool is_alone;		 /* nobody connects by TLS: its authority matters to nobody */
	bool is_new_authority;	 /* its authority takes the place of the one that the database knows */
	receiver_handler intake; /* who takes batches */
	void *intake_context;
};

/* Opens the authority, which the first time makes one, and certifies this collector. Texts are copied. Errors: as the parts; ERR_DENIED
 * when other collectors of the database have another authority. */
int office_open(const struct office_conf *conf, struct office **ret, struct err *err);
void office_close(struct office *office); /* accepts NULL; receivers that use it are closed before */

/* What receivers of tls+tcp listen with; always the newest certificate. */
struct tls *office_tls(struct office *office);
struct roster *office_roster(struct office *office);

/*
 * A receiver_handler; context is the office. Answers requests for certificates, hands batches of those who may send on to the
 * intake, and puts off those whose certificate is revoked: their batches stay where they are.
 */
void office_handle(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply);

/* Once a second or so: who is revoked, and whether certificates of the collector's own are old. */
void office_watch(struct office *office);

/* A new token for agents of a tenant; text is what an agent is given. Errors: as roster_add_token(). */
int office_new_token(struct office *office, const struct token_terms *terms, char ret_text[TOKEN_TEXT_MAX],
		     char ret_id[ROSTER_ID_MAX], struct err *err);

/* What agents with a role of AWS are given instead of a token. Errors: as authority_pin(). */
int office_invitation(struct office *office, int64_t tenant, char ret_text[TOKEN_TEXT_MAX], struct err *err);

struct office_state {
	enum authority_stage stage;
	uint64_t trust_digest;
	int64_t behind; /* agents that do not know the roots of today yet */
	char pin[2 * CERTIFICATE_PIN_SIZE + 1];
};
int office_state(struct office *office, struct office_state *ret, struct err *err);

/* The next step of a change of roots. Errors: ERR_AGAIN while agents are behind and forced is not set. */
int office_rotate(struct office *office, bool forced, struct err *err);
