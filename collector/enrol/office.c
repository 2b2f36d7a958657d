#include "collector/enrol/office.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/time.h"
#include "bus/tls.h"
#include "collector/enrol/authority_record.h"
#include "collector/enrol/roles.h"
#include "pki/request.h"
#include "wire/wire.h"

#define REQUEST_ARENA_MAX (1u << 20)
#define LOOK_NS		  (60 * NS_PER_S) /* between two looks at how old the collector's own certificates are */
#define REVOKED_RETRY_MS  60000
#define COPIED_NS	  NS_PER_S	 /* between two looks at what may have been copied into its folder */
#define SHARED_NS	  (2 * NS_PER_S) /* and at what other collectors do with the authority, which asks the database */

struct office {
	struct office_conf conf;
	struct authority *authority;
	struct roster *roster;
	struct tls *tls;
	struct sts *sts;
	struct key key; /* of the collector's certificate; in memory only */
	int64_t looked_ns, copied_ns, shared_ns;
	bool is_behind; /* others have changed roots, which was told */
	bool is_unreadable;
	bool is_told; /* that the root key is away */

	pthread_mutex_t mutex; /* guards: all below, and one renewal of the collector's certificate at a time */
	struct certificate certificate;
	uint64_t trust_digest;
};

/* A certificate of the authority's present state, for the handshakes from now on. */
static int certify_self(struct office *office, struct err *err)
{
	const struct identity self = { .is_collector = true };
	AUTO_STRBUF chain = STRBUF_INIT, key = STRBUF_INIT, trust = STRBUF_INIT;
	struct credentials credentials = { 0 };
	struct certificate certificate;
	int code = authority_issue(office->authority, &office->key, &self, AUTHORITY_COLLECTOR_NS, time_now_ns(),
				   &chain, &certificate, err);

	if (code == 0)
		code = key_write(&office->key, &key, err);
	if (code < 0)
		return code;
	authority_trust(office->authority, &trust);
	credentials.chain = chain.data;
	credentials.key = key.data;
	credentials.trust = trust.data;
	code = office->tls ? tls_replace(office->tls, &credentials, err)
			   : tls_new(TLS_LISTENS, &credentials, &office->tls, err);
	if (code < 0)
		return code;
	pthread_mutex_lock(&office->mutex);
	office->certificate = certificate;
	office->trust_digest = certificate_bundle_digest(trust.data, trust.length);
	pthread_mutex_unlock(&office->mutex);
	return 0;
}

static int own_roots(struct office *office, struct authority_roots *ret, struct err *err)
{
	int count = authority_roots(office->authority, ret->digests, err);

	ret->count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? count : 0;
}

/* Agents of the other collectors would not believe this one, nor it them. */
static int agree_on_authority(struct office *office, struct err *err)
{
	struct authority_roots own, recorded;
	int code = own_roots(office, &own, err);

	if (code < 0 || office->conf.is_alone)
		return code;
	if (office->conf.is_new_authority)
		return authority_record_replace(roster_pool(office->roster), &own, err);
	code = authority_record_claim(roster_pool(office->roster), &own, &recorded, err);
	if (code == 0 && !authority_roots_overlap(&own, &recorded))
		return err_set(
			err, ERR_DENIED,
			"the certificate authority in \"%s\" is not the one that agents of this database trust (root "
			"%.16s..., theirs is %.16s...): copy ca/ without root.key from a collector that works; if "
			"there is "
			"none any more, start once with --new-authority, and all agents must enrol again",
			office->conf.folder, own.digests[0], recorded.digests[0]);
	return code;
}

static int start(struct office *office, struct err *err)
{
	int code = authority_open(office->conf.folder, time_now_ns(), &office->authority, err);

	if (code == 0)
		code = roster_new(office->conf.conninfo, &office->roster, err);
	if (code == 0)
		code = agree_on_authority(office, err);
	if (code == 0)
		code = sts_new(&office->conf.sts, &office->sts, err);
	if (code == 0)
		code = roster_refresh(office->roster, true, err);
	if (code == 0)
		code = key_new(&office->key, err);
	if (code == 0)
		code = certify_self(office, err);
	if (code == 0)
		tls_refuse(office->tls, roster_refuses, office->roster);
	return code;
}

int office_open(const struct office_conf *conf, struct office **ret, struct err *err)
{
	struct office *office = calloc(1, sizeof(*office));
	int code;

	if (!office)
		return err_set(err, ERR_MEMORY, "out of memory");
	office->conf = *conf;
	if (!office->conf.lifetime_ns)
		office->conf.lifetime_ns = AUTHORITY_AGENT_DEFAULT_NS;
	pthread_mutex_init(&office->mutex, NULL);
	code = start(office, err);
	office->conf.folder = office->conf.conninfo = NULL;
	office->conf.sts = (struct sts_conf){ 0 };
	if (code < 0) {
		office_close(office);
		return code;
	}
	*ret = office;
	return 0;
}

void office_close(struct office *office)
{
	if (!office)
		return;
	tls_free(office->tls);
	sts_free(office->sts);
	key_fini(&office->key);
	roster_free(office->roster);
	authority_close(office->authority);
	pthread_mutex_destroy(&office->mutex);
	free(office);
}

struct tls *office_tls(struct office *office)
{
	return office->tls;
}

struct roster *office_roster(struct office *office)
{
	return office->roster;
}

static uint64_t trust_digest(struct office *office)
{
	uint64_t digest;

	pthread_mutex_lock(&office->mutex);
	digest = office->trust_digest;
	pthread_mutex_unlock(&office->mutex);
	return digest;
}

/* The binding is ours to write: a proof for another collector, tenant or key is none that AWS confirms. */
static int admit_role(struct office *office, const struct enrol_request *request, const struct peer *peer,
		      struct arena *arena, struct admission *admission, struct err *err)
{
	char root[2 * CERTIFICATE_PIN_SIZE + 1];
	struct caller_binding binding = { root, request->tenant, admission->key_digest };
	uint8_t pin[CERTIFICATE_PIN_SIZE];
	struct aws_role role;
	int code = authority_pin(office->authority, pin, err);

	hex_format(pin, sizeof(pin), root);
	if (code == 0)
		code = roles_check_any(roster_pool(office->roster), request->tenant, err);
	if (code == 0)
		code = sts_identify(office->sts, peer->address, &request->aws, &binding, time_now_ns(), &role, err);
	return code < 0 ? code : roster_admit_role(office->roster, &role, arena, admission, err);
}

static int admit(struct office *office, const struct enrol_request *request, const struct peer *peer,
		 struct arena *arena, struct admission *admission, struct err *err)
{
	uint8_t digest[TOKEN_DIGEST_SIZE];

	if (request->tenant < 1)
		return err_set(err, ERR_DENIED, "no tenant is named");
	admission->tenant = request->tenant;
	if (request->aws.host)
		return admit_role(office, request, peer, arena, admission, err);
	if (!request->has_secret)
		return err_set(err, ERR_DENIED, "nothing proves that it may");
	token_digest(request->secret, digest);
	return roster_admit_token(office->roster, digest, time_now_ns(), arena, admission, err);
}

/* A certificate is given only when the database knows of it. */
static int certify(struct office *office, const struct enrol_request *request, const struct peer *peer,
		   struct arena *arena, struct strbuf *chain, struct err *err)
{
	char key_digest_text[KEY_DIGEST_MAX];
	struct admission admission = { .name = request->name, .key_digest = key_digest_text };
	struct identity identity = { .tenant = peer->tenant };
	struct certificate certificate;
	AUTO_KEY key = { 0 };
	int64_t now = time_now_ns();
	int code = request_check(request->csr, request->csr_size, &key, err);

	if (code < 0)
		return code;
	key_digest(&key, key_digest_text);
	if (peer->is_certified) {
		snprintf(identity.agent, sizeof(identity.agent), "%s", peer->agent);
	} else {
		code = admit(office, request, peer, arena, &admission, err);
		identity.tenant = admission.tenant;
		snprintf(identity.agent, sizeof(identity.agent), "%s", admission.agent);
	}
	if (code == 0)
		code = authority_issue(office->authority, &key, &identity, office->conf.lifetime_ns, now, chain,
				       &certificate, err);
	if (code < 0)
		return code;
	code = peer->is_certified
		       ? roster_renew(office->roster, peer, &certificate, trust_digest(office), now, err)
		       : roster_add(office->roster, &admission, &certificate, trust_digest(office), now, err);
	if (code == 0)
		log_info(peer->is_certified ? "agent-renewed" : "agent-enrolled",
			 "agent \"%s\" of tenant %lld at %s has certificate %s", identity.agent,
			 (long long)identity.tenant, peer->address, certificate.serial);
	return code;
}

static void answer_request(struct office *office, const void *frame, size_t length, const struct peer *peer,
			   struct strbuf *reply)
{
	AUTO_STRBUF chain = STRBUF_INIT, trust = STRBUF_INIT;
	AUTO_ARENA arena = { .max = REQUEST_ARENA_MAX };
	struct enrol_request request = { 0 };
	struct enrol_reply out = { .kind = ENROL_GRANTED };
	struct err err = { 0 };
	int code = wire_enrol_decode(frame, length, &arena, &request, &err);

	if (code == 0)
		code = certify(office, &request, peer, &arena, &chain, &err);
	if (code == 0) {
		authority_trust(office->authority, &trust);
		out.chain = chain.data;
		out.trust = trust.data;
	} else {
		bool is_final = code == ERR_DENIED || code == ERR_SYNTAX || code == ERR_LIMIT;

		log_warn("enrolment-refused", "%s was given no certificate: %s", peer->address, err.message);
		out.kind = is_final ? ENROL_REFUSED : ENROL_LATER;
		out.reason = is_final || code == ERR_AGAIN ? err.message : "no certificate can be given now";
	}
	out.server_ns = time_now_ns();
	wire_enrolled_encode(&out, reply, NULL);
}

static void put_off(const char *reason, struct strbuf *reply)
{
	struct reply out = {
		.kind = REPLY_RETRY, .retry_after_ms = REVOKED_RETRY_MS, .reason = reason, .server_ns = time_now_ns()
	};

	wire_reply_encode(&out, reply, NULL);
}

void office_handle(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct office *office = context;
	struct peer known = *peer;

	if (peer->is_certified && roster_refuses(office->roster, peer)) {
		put_off("the certificate is revoked", reply);
		return;
	}
	if (wire_frame_kind(frame, length) == FRAME_ENROL) {
		answer_request(office, frame, length, peer, reply);
		return;
	}
	if (peer->is_enrolling) {
		put_off("a batch needs a certificate", reply);
		return;
	}
	if (peer->is_certified)
		known.trust_digest = trust_digest(office);
	office->conf.intake(office->conf.intake_context, frame, length, &known, reply);
}

/* Certificates that end before the collector does are made anew in time. */
static void look_at_certificates(struct office *office)
{
	int64_t now = time_now_ns();
	struct err err = { 0 };
	bool is_old;
	int code = authority_renew(office->authority, now, &err);

	if (code < 0 && !office->is_told)
		log_error("issuing-certificate-old", "%s; put root.key back until it is renewed", err.message);
	office->is_told = code < 0;
	if (code > 0)
		log_info("issuing-certificate-renewed",
			 "the certificate that agents' certificates are signed with is new");
	pthread_mutex_lock(&office->mutex);
	is_old = office->certificate.not_after_ns - now < AUTHORITY_COLLECTOR_RENEW_NS;
	pthread_mutex_unlock(&office->mutex);
	if ((code > 0 || is_old) && certify_self(office, &err) < 0)
		log_error("collector-certificate-old", "could not renew the collector's own certificate: %s",
			  err.message);
}

/* What was copied into the folder is taken over; true if there was something. */
static bool take_copied(struct office *office)
{
	struct err err = { 0 };
	int code = authority_reload(office->authority, &err);

	if (code > 0 && certify_self(office, &err) == 0)
		log_info("authority-reloaded", "what was copied into \"ca\" is in use");
	if (code < 0 && !office->is_unreadable)
		log_warn("authority-unreadable", "%s; what was in use stays so", err.message);
	office->is_unreadable = code < 0;
	return code > 0;
}

/* Who has not copied what others did is told so, once. */
static void look_at_others(struct office *office)
{
	struct authority_roots own, recorded;
	struct err err = { 0 };

	if (office->conf.is_alone || own_roots(office, &own, &err) < 0 ||
	    authority_record_claim(roster_pool(office->roster), &own, &recorded, &err) < 0)
		return;
	if (authority_roots_same(&own, &recorded)) {
		office->is_behind = false;
	} else if (!office->is_behind) {
		office->is_behind = true;
		log_warn("authority-behind", "another collector has taken a step of a change of roots: copy its ca/ "
					     "to this one, without root.key");
	}
}

void office_watch(struct office *office)
{
	int64_t now = time_monotonic_ns();

	roster_refresh(office->roster, false, &(struct err){ 0 }); /* away: what was known stays */
	if (!office->copied_ns || now - office->copied_ns >= COPIED_NS) {
		office->copied_ns = now;
		if (take_copied(office))
			office->shared_ns = 0;
	}
	if (!office->shared_ns || now - office->shared_ns >= SHARED_NS) {
		office->shared_ns = now;
		look_at_others(office);
	}
	if (office->looked_ns && now - office->looked_ns < LOOK_NS)
		return;
	office->looked_ns = now;
	look_at_certificates(office);
}

int office_new_token(struct office *office, const struct token_terms *terms, char ret_text[TOKEN_TEXT_MAX],
		     char ret_id[ROSTER_ID_MAX], struct err *err)
{
	uint8_t pin[CERTIFICATE_PIN_SIZE], digest[TOKEN_DIGEST_SIZE];
	struct token token;
	int code = authority_pin(office->authority, pin, err);

	if (code == 0)
		code = token_new(terms->tenant, pin, &token, err);
	if (code < 0)
		return code;
	token_digest(token.secret, digest);
	token_format(&token, ret_text);
	return roster_add_token(office->roster, terms, digest, ret_id, err);
}

int office_invitation(struct office *office, int64_t tenant, char ret_text[TOKEN_TEXT_MAX], struct err *err)
{
	struct token invitation = { .tenant = tenant };
	int code = authority_pin(office->authority, invitation.pin, err);

	if (code == 0)
		invitation_format(&invitation, ret_text);
	return code;
}

int office_state(struct office *office, struct office_state *ret, struct err *err)
{
	uint8_t pin[CERTIFICATE_PIN_SIZE];
	int code = authority_pin(office->authority, pin, err);

	if (code < 0)
		return code;
	hex_format(pin, sizeof(pin), ret->pin);
	ret->stage = authority_stage(office->authority);
	ret->trust_digest = trust_digest(office);
	return roster_behind(office->roster, ret->trust_digest, &ret->behind, err);
}

int office_rotate(struct office *office, bool forced, struct err *err)
{
	struct authority_roots own;
	struct office_state state;
	int code = office_state(office, &state, err);

	if (code == 0 && state.stage != AUTHORITY_STEADY && state.behind && !forced)
		code = err_set(err, ERR_AGAIN,
			       "%lld agents have not taken over the new root yet, and could not connect any more",
			       (long long)state.behind);
	if (code == 0)
		code = authority_rotate(office->authority, time_now_ns(), err);
	if (code == 0)
		code = certify_self(office, err);
	if (code == 0 && own_roots(office, &own, err) == 0 && !office->conf.is_alone)
		code = authority_record_replace(roster_pool(office->roster), &own, err);
	if (code == 0)
		log_info("authority-rotated", "the change of roots has taken a step");
	return code;
}
