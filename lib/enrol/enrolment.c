#include "enrol/enrolment.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "bus/monitor.h"
#include "enrol/ask.h"
#include "enrol/folder.h"
#include "enrol/proof.h"
#include "pki/authority.h"
#include "pki/token.h"

#define BACKOFF_MIN_NS NS_PER_S
#define BACKOFF_MAX_NS (300 * NS_PER_S)
#define LOOK_NS	       (60 * NS_PER_S) /* the longest sleep: clocks are set, certificates are renewed by hand */
#define ARENA_MAX      (1u << 20)

struct enrolment {
	struct enrolment_conf conf;
	char *url, *name;
	bool has_token, has_invitation;
	struct token token; /* or the invitation, without a secret */
	struct tls *tls;
	struct folder folder; /* of the thread, after the start */
	pthread_t thread;
	bool is_started;
	int64_t backoff_ns;
	char told[ERR_MESSAGE_MAX]; /* the failure told last */

	struct monitor monitor; /* guards: all below */
	bool is_stopping;
	int64_t offset_ns;
	uint64_t trust_digest; /* of the roots in use */
	uint64_t heard_digest; /* of the collector's; 0 = not heard */
};

static void tell(struct enrolment *enrolment, enum enrolment_news news, const char *sentence)
{
	if (news == ENROLMENT_FAILED && strcmp(enrolment->told, sentence) == 0)
		return;
	snprintf(enrolment->told, sizeof(enrolment->told), "%s", news == ENROLMENT_FAILED ? sentence : "");
	if (enrolment->conf.tell)
		enrolment->conf.tell(enrolment->conf.context, news, sentence);
}

static int64_t with_jitter(int64_t span)
{
	uint32_t random = 0;

	random_bytes(&random, sizeof(random), NULL);
	return span / 2 + span / 2 * (random % 1024) / 1024;
}

static int64_t clock_offset_ns(struct enrolment *enrolment)
{
	int64_t offset_ns;

	monitor_lock(&enrolment->monitor);
	offset_ns = enrolment->offset_ns;
	monitor_unlock(&enrolment->monitor);
	return offset_ns;
}

/* By the collector's clock, as far as it is known. */
static int64_t now_ns(struct enrolment *enrolment)
{
	return time_now_ns() + clock_offset_ns(enrolment);
}

/* Certificates begin AUTHORITY_SLACK_NS before they are made; of what remains two thirds are used up. */
static int64_t renewal_due_ns(const struct certificate *certificate)
{
	int64_t made_ns = certificate->not_before_ns + AUTHORITY_SLACK_NS;

	return made_ns + (certificate->not_after_ns - made_ns) / 3 * 2;
}

static void use_folder(struct enrolment *enrolment)
{
	struct credentials credentials = folder_credentials(&enrolment->folder);
	uint64_t digest = certificate_bundle_digest(enrolment->folder.trust.data, enrolment->folder.trust.length);
	struct err err;

	if (tls_replace(enrolment->tls, &credentials, &err) < 0) {
		tls_explain(enrolment->tls, err.message);
		return;
	}
	monitor_lock(&enrolment->monitor);
	enrolment->trust_digest = digest;
	monitor_notify(&enrolment->monitor);
	monitor_unlock(&enrolment->monitor);
}

static int take_grant(struct enrolment *enrolment, const struct key *key, const struct enrol_reply *reply,
		      enum enrolment_news news, struct err *err)
{
	char sentence[ERR_MESSAGE_MAX], until[TIME_TEXT_MAX];
	int code = folder_take(&enrolment->folder, key, reply->chain, reply->trust, err);

	if (code < 0)
		return err_wrap(err, "the collector's certificate cannot be used");
	use_folder(enrolment);
	snprintf(sentence, sizeof(sentence), "certificate of agent \"%s\", until %s",
		 enrolment->folder.certificate.identity.agent,
		 time_format(enrolment->folder.certificate.not_after_ns, 0, until));
	tell(enrolment, news, sentence);
	return 0;
}

/* Refusals tell the time, too: a proof that was signed by a clock that runs wrong is right the next time. */
static void note_clock(struct enrolment *enrolment, const struct enrol_reply *reply)
{
	if (!reply->server_ns)
		return;
	monitor_lock(&enrolment->monitor);
	enrolment->offset_ns = reply->server_ns - time_now_ns();
	monitor_unlock(&enrolment->monitor);
}

static int show_proof(struct enrolment *enrolment, struct arena *arena, struct enrol_request *request,
		      struct err *err)
{
	request->tenant = enrolment->token.tenant;
	if (enrolment->has_invitation)
		return proof_make(&enrolment->token, &enrolment->folder.key, now_ns(enrolment), arena, &request->aws,
				  err);
	request->has_secret = true;
	memcpy(request->secret, enrolment->token.secret, sizeof(request->secret));
	return 0;
}

/* With a token or a role, over a connection without a certificate; the pin in the text says whom to trust. */
static int enrol(struct enrolment *enrolment, struct err *err)
{
	struct credentials credentials = { .has_pin = true };
	struct enrol_request request = { .name = enrolment->name };
	AUTO_ARENA arena = { .max = ARENA_MAX };
	struct enrol_reply reply;
	int code;

	if (!enrolment->has_token && !enrolment->has_invitation)
		return err_set(err, ERR_DENIED,
			       "there is no certificate that is valid, and no enrolment token to ask for one with");
	memcpy(credentials.pin, enrolment->token.pin, sizeof(credentials.pin));
	code = show_proof(enrolment, &arena, &request, err);
	if (code < 0)
		return code;
	code = ask_for_certificate(enrolment->url, &credentials, &enrolment->folder.key, &request, &arena, &reply,
				   err);
	OPENSSL_cleanse(request.secret, sizeof(request.secret));
	note_clock(enrolment, &reply);
	return code < 0 ? code : take_grant(enrolment, &enrolment->folder.key, &reply, ENROLMENT_GRANTED, err);
}

/* With a new key: what was copied once is of no use after the next renewal. */
static int renew(struct enrolment *enrolment, struct err *err)
{
	struct credentials credentials = folder_credentials(&enrolment->folder);
	struct enrol_request request = { .name = enrolment->name };
	AUTO_ARENA arena = { .max = ARENA_MAX };
	AUTO_KEY key = { 0 };
	struct enrol_reply reply;
	int code = key_new(&key, err);

	if (code == 0)
		code = ask_for_certificate(enrolment->url, &credentials, &key, &request, &arena, &reply, err);
	if (code == 0)
		note_clock(enrolment, &reply);
	return code < 0 ? code : take_grant(enrolment, &key, &reply, ENROLMENT_RENEWED, err);
}

enum task { TASK_NONE, TASK_ENROL, TASK_RENEW };

static enum task task_now(struct enrolment *enrolment)
{
	int64_t now = now_ns(enrolment);
	bool has_other_roots;

	if (!enrolment->folder.is_enrolled || now >= enrolment->folder.certificate.not_after_ns)
		return TASK_ENROL;
	monitor_lock(&enrolment->monitor);
	has_other_roots = enrolment->heard_digest && enrolment->heard_digest != enrolment->trust_digest;
	monitor_unlock(&enrolment->monitor);
	return has_other_roots || now >= renewal_due_ns(&enrolment->folder.certificate) ? TASK_RENEW : TASK_NONE;
}

/* A certificate that is valid by a clock that runs wrong may have ended; a renewal that is refused falls back to the token. */
static int perform(struct enrolment *enrolment, enum task task, struct err *err)
{
	int code;

	if (task == TASK_ENROL)
		return enrol(enrolment, err);
	code = renew(enrolment, err);
	if (code < 0 && (enrolment->has_token || enrolment->has_invitation) &&
	    enrol(enrolment, &(struct err){ 0 }) == 0)
		return 0;
	return code;
}

static void work(struct enrolment *enrolment)
{
	enum task task = task_now(enrolment);
	struct err err;

	if (task == TASK_NONE) {
		enrolment->backoff_ns = 0;
		return;
	}
	if (perform(enrolment, task, &err) == 0) {
		enrolment->backoff_ns = 0;
		return;
	}
	tell(enrolment, ENROLMENT_FAILED, err.message);
	if (task == TASK_ENROL)
		tls_explain(enrolment->tls, err.message);
	enrolment->backoff_ns = enrolment->backoff_ns ? enrolment->backoff_ns * 2 : BACKOFF_MIN_NS;
	if (enrolment->backoff_ns > BACKOFF_MAX_NS)
		enrolment->backoff_ns = BACKOFF_MAX_NS;
}

/* How long nothing is due, as far as the clock can be trusted. */
static int64_t pause_ns(struct enrolment *enrolment)
{
	int64_t rest;

	if (enrolment->backoff_ns)
		return with_jitter(enrolment->backoff_ns);
	if (!enrolment->folder.is_enrolled)
		return LOOK_NS;
	rest = renewal_due_ns(&enrolment->folder.certificate) - now_ns(enrolment);
	return rest < LOOK_NS ? rest : LOOK_NS;
}

/* Until something may be due; false at the end. */
static bool wait_for_work(struct enrolment *enrolment)
{
	int64_t deadline = time_monotonic_ns() + pause_ns(enrolment);
	bool goes_on;

	monitor_lock(&enrolment->monitor);
	while (!enrolment->is_stopping && time_monotonic_ns() < deadline) {
		if (!enrolment->backoff_ns && enrolment->heard_digest &&
		    enrolment->heard_digest != enrolment->trust_digest)
			break;
		monitor_wait(&enrolment->monitor, deadline);
	}
	goes_on = !enrolment->is_stopping;
	monitor_unlock(&enrolment->monitor);
	return goes_on;
}

static void *enrolment_run(void *context)
{
	struct enrolment *enrolment = context;

	do {
		work(enrolment);
	} while (wait_for_work(enrolment));
	return NULL;
}

/* A text that is none is told at the start. */
static int read_texts(struct enrolment *enrolment, struct err *err)
{
	const struct enrolment_conf *conf = &enrolment->conf;
	int code = 0;

	enrolment->has_token = conf->token != NULL;
	enrolment->has_invitation = conf->invitation != NULL;
	if (conf->token)
		code = token_parse(conf->token, &enrolment->token, err);
	else if (conf->invitation)
		code = invitation_parse(conf->invitation, &enrolment->token, err);
	enrolment->conf.token = enrolment->conf.invitation = NULL;
	if (code < 0 && err)
		err->code = ERR_USAGE;
	return code < 0 ? ERR_USAGE : 0;
}

static int prepare(struct enrolment *enrolment, struct err *err)
{
	int code;

	enrolment->url = strdup(enrolment->conf.url);
	enrolment->name = enrolment->conf.name ? strdup(enrolment->conf.name) : NULL;
	if (!enrolment->url || (enrolment->conf.name && !enrolment->name))
		return err_set(err, ERR_MEMORY, "out of memory");
	if (read_texts(enrolment, err) < 0)
		return ERR_USAGE;
	code = folder_open(&enrolment->folder, enrolment->conf.folder, err);
	if (code == 0)
		code = tls_new(TLS_CONNECTS, NULL, &enrolment->tls, err);
	if (code < 0)
		return code;
	tls_explain(enrolment->tls, "it has granted no certificate yet");
	if (enrolment->folder.is_enrolled)
		use_folder(enrolment);
	if (pthread_create(&enrolment->thread, NULL, enrolment_run, enrolment))
		return err_set(err, ERR_FAILED, "could not start a thread");
	enrolment->is_started = true;
	return 0;
}

int enrolment_open(const struct enrolment_conf *conf, struct enrolment **ret, struct err *err)
{
	struct enrolment *enrolment = calloc(1, sizeof(*enrolment));
	int code;

	if (!enrolment)
		return err_set(err, ERR_MEMORY, "out of memory");
	enrolment->conf = *conf;
	monitor_init(&enrolment->monitor);
	code = prepare(enrolment, err);
	if (code < 0) {
		enrolment_close(enrolment);
		return code;
	}
	*ret = enrolment;
	return 0;
}

struct tls *enrolment_tls(struct enrolment *enrolment)
{
	return enrolment->tls;
}

void enrolment_heard(void *context, const struct reply *reply)
{
	struct enrolment *enrolment = context;

	monitor_lock(&enrolment->monitor);
	if (reply->server_ns)
		enrolment->offset_ns = reply->server_ns - time_now_ns();
	if (reply->trust_digest && reply->trust_digest != enrolment->heard_digest) {
		enrolment->heard_digest = reply->trust_digest;
		monitor_notify(&enrolment->monitor);
	}
	monitor_unlock(&enrolment->monitor);
}

void enrolment_close(struct enrolment *enrolment)
{
	if (!enrolment)
		return;
	monitor_lock(&enrolment->monitor);
	enrolment->is_stopping = true;
	monitor_notify(&enrolment->monitor);
	monitor_unlock(&enrolment->monitor);
	if (enrolment->is_started)
		pthread_join(enrolment->thread, NULL);
	tls_free(enrolment->tls);
	folder_fini(&enrolment->folder);
	monitor_fini(&enrolment->monitor);
	OPENSSL_cleanse(&enrolment->token, sizeof(enrolment->token));
	free(enrolment->url);
	free(enrolment->name);
	free(enrolment);
}
