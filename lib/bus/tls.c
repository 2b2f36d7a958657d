#include "bus/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "bus/tls_engine.h"
#include "pki/key.h"

#define REASON_MAX	160
#define CHAIN_BYTES_MAX (16 * 1024) /* of the other end's certificates */
#define CHAIN_DEPTH_MAX 4
#define ADDRESSES_MAX	4096 /* that handshakes run with at once */

/* Names of RFC 7301, each with its length in front. */
#define ALPN_DELIVER                                                                                                 \
	"\x0a"                                                                                                       \
	"clewline/1"
#define ALPN_ENROL                                                                                                   \
	"\x10"                                                                                                       \
	"clewline-enrol/1"

struct address {
	uint64_t value;
	uint32_t handshakes;
};

struct tls {
	enum tls_end end;
	uint8_t pin[CERTIFICATE_PIN_SIZE];
	tls_refuses refuses;
	void *context;
	pthread_mutex_t mutex; /* guards: all below */
	unsigned int holders;
	SSL_CTX *settings; /* of handshakes from now on */
	char reason[REASON_MAX];
	struct address *addresses; /* TLS_LISTENS */
	size_t address_count;
};

static struct tls *tls_of(const SSL *session)
{
	return SSL_get_app_data(session);
}

/* An identity that may not be at that end makes a certificate as bad as none. */
static bool fits(const struct tls *tls, const X509 *x509, struct peer *ret)
{
	struct certificate certificate;

	*ret = (struct peer){ 0 };
	if (certificate_describe(x509, &certificate, NULL) < 0 || !certificate.has_identity ||
	    certificate.identity.is_collector != (tls->end != TLS_LISTENS))
		return false;
	ret->is_certified = true;
	ret->tenant = certificate.identity.tenant;
	snprintf(ret->agent, sizeof(ret->agent), "%s", certificate.identity.agent);
	snprintf(ret->serial, sizeof(ret->serial), "%s", certificate.serial);
	return true;
}

/* Within OpenSSL's own check, so that the other end is told by an alert. */
static int verify(int passed, X509_STORE_CTX *store)
{
	const SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls *tls = tls_of(session);
	struct peer peer;

	if (!passed || X509_STORE_CTX_get_error_depth(store) > 0)
		return passed;
	if (!fits(tls, X509_STORE_CTX_get_current_cert(store), &peer)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	if (tls_refused(tls, &peer)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED);
		return 0;
	}
	return 1;
}

/* The pinned root is trusted when it is in the chain that is shown, and nothing else. */
static int verify_pinned(X509_STORE_CTX *store, void *context)
{
	const struct tls *tls = context;
	STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store), *trusted = sk_X509_new_null();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int size;
	int result = 0;

	for (int i = 0; trusted && i < sk_X509_num(shown); i++) {
		if (X509_digest(sk_X509_value(shown, i), EVP_sha256(), digest, &size) &&
		    size == CERTIFICATE_PIN_SIZE && CRYPTO_memcmp(digest, tls->pin, size) == 0)
			sk_X509_push(trusted, sk_X509_value(shown, i));
	}
	if (trusted && sk_X509_num(trusted)) {
		X509_STORE_CTX_set0_trusted_stack(store, trusted);
		result = X509_verify_cert(store) == 1;
	} else {
		X509_STORE_CTX_set_error(store, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	}
	sk_X509_free(trusted);
	return result;
}

/* Who offers enrolment is asked for no certificate, and gets nothing but enrolment. */
static int choose_protocol(SSL *session, const unsigned char **ret, unsigned char *ret_length,
			   const unsigned char *offered, unsigned int length, void *context UNUSED)
{
	static const unsigned char known[] = ALPN_DELIVER ALPN_ENROL;

	if (SSL_select_next_proto((unsigned char **)ret, ret_length, known, sizeof(known) - 1, offered, length) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	if (*ret_length == ALPN_ENROL[0])
		SSL_set_verify(session, SSL_VERIFY_NONE, NULL);
	return SSL_TLSEXT_ERR_OK;
}

static bool is_enrolling(const SSL *session)
{
	const unsigned char *name;
	unsigned int length;

	SSL_get0_alpn_selected(session, &name, &length);
	return length == (unsigned int)ALPN_ENROL[0];
}

static int bad_credentials(struct err *err, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_SYNTAX, "%s", what);
}

static int use_trust(SSL_CTX *settings, const char *pem, struct err *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(settings);
	BIO *bio = BIO_new_mem_buf(pem, -1);
	int count = 0;
	X509 *x509;

	while (bio && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		count += X509_STORE_add_cert(store, x509);
		X509_free(x509);
	}
	BIO_free(bio);
	ERR_clear_error();
	return count ? 0 : bad_credentials(err, "the file of trusted roots has no certificate in PEM");
}

static int use_chain(SSL_CTX *settings, const char *pem, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool used = x509 && SSL_CTX_use_certificate(settings, x509) == 1;

	X509_free(x509);
	while (used && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		used = SSL_CTX_add0_chain_cert(settings, x509) == 1;
	BIO_free(bio);
	ERR_clear_error();
	return used ? 0 : bad_credentials(err, "the certificate is not one in PEM");
}

static int use_own(SSL_CTX *settings, const struct credentials *credentials, struct err *err)
{
	AUTO_KEY key = { 0 };
	int code = use_chain(settings, credentials->chain, err);

	if (code == 0)
		code = key_read(credentials->key, strlen(credentials->key), &key, err);
	if (code < 0)
		return code;
	if (SSL_CTX_use_PrivateKey(settings, key.pkey) != 1)
		return bad_credentials(err, "the key is not that of the certificate");
	return 0;
}

static bool set_protocol(SSL_CTX *settings, struct tls *tls, bool enrols)
{
	const char *offer = enrols ? ALPN_ENROL : ALPN_DELIVER;

	if (tls->end == TLS_LISTENS) {
		SSL_CTX_set_alpn_select_cb(settings, choose_protocol, NULL);
		SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
	} else {
		SSL_CTX_set_verify(settings, tls->end == TLS_PROBES ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, verify);
		if (SSL_CTX_set_alpn_protos(settings, (const unsigned char *)offer, (unsigned int)strlen(offer)))
			return false;
	}
	SSL_CTX_set_verify_depth(settings, CHAIN_DEPTH_MAX);
	SSL_CTX_set_max_cert_list(settings, CHAIN_BYTES_MAX);
	SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(settings, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					   SSL_MODE_RELEASE_BUFFERS);
	/* No resumption: a revoked certificate must be shown again. */
	return SSL_CTX_set_num_tickets(settings, 0) && SSL_CTX_set_min_proto_version(settings, TLS1_3_VERSION) &&
	       SSL_CTX_set1_groups_list(settings, "X25519:P-256");
}

static int make_settings(struct tls *tls, const struct credentials *credentials, SSL_CTX **ret, struct err *err)
{
	SSL_CTX *settings = SSL_CTX_new(tls->end == TLS_LISTENS ? TLS_server_method() : TLS_client_method());
	int code = 0;

	if (!settings || !set_protocol(settings, tls, !credentials->chain)) {
		ERR_clear_error();
		code = err_set(err, ERR_FAILED, "could not set up TLS");
	}
	if (code == 0 && credentials->chain)
		code = use_own(settings, credentials, err);
	if (code == 0 && credentials->trust)
		code = use_trust(settings, credentials->trust, err);
	else if (code == 0 && credentials->has_pin)
		SSL_CTX_set_cert_verify_callback(settings, verify_pinned, tls);
	if (code < 0)
		SSL_CTX_free(settings);
	else
		*ret = settings;
	return code;
}

int tls_new(enum tls_end end, const struct credentials *credentials, struct tls **ret, struct err *err)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int code = tls ? 0 : err_set(err, ERR_MEMORY, "out of memory");

	if (code < 0)
		return code;
	tls->end = end;
	tls->holders = 1;
	if (credentials)
		memcpy(tls->pin, credentials->pin, sizeof(tls->pin));
	pthread_mutex_init(&tls->mutex, NULL);
	/* No file of settings: what TLS does here must not depend on the machine. */
	if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		code = err_set(err, ERR_FAILED, "could not set up TLS");
	if (code == 0)
		code = tls_engine_register(err);
	if (code == 0 && end == TLS_LISTENS && !(tls->addresses = calloc(ADDRESSES_MAX, sizeof(*tls->addresses))))
		code = err_set(err, ERR_MEMORY, "out of memory");
	if (code == 0 && credentials)
		code = make_settings(tls, credentials, &tls->settings, err);
	if (code < 0)
		tls_free(tls);
	else
		*ret = tls;
	return code;
}

int tls_replace(struct tls *tls, const struct credentials *credentials, struct err *err)
{
	SSL_CTX *settings, *former;
	int code = make_settings(tls, credentials, &settings, err);

	if (code < 0)
		return code;
	pthread_mutex_lock(&tls->mutex);
	former = tls->settings;
	tls->settings = settings;
	pthread_mutex_unlock(&tls->mutex);
	SSL_CTX_free(former); /* sessions that use it hold it */
	return 0;
}

void tls_refuse(struct tls *tls, tls_refuses refuses, void *context)
{
	tls->refuses = refuses;
	tls->context = context;
}

bool tls_refused(const struct tls *tls, const struct peer *peer)
{
	return tls->refuses && tls->refuses(tls->context, peer);
}

/* Frees the configuration as well: what uses it holds it. */
static int configured(int result, nng_tls_config *config, struct err *err)
{
	nng_tls_config_free(config);
	return result ? err_set(err, ERR_FAILED, "could not set up TLS: %s", nng_strerror(result)) : 0;
}

int tls_use_to_dial(struct tls *tls, nng_dialer dialer, struct err *err)
{
	nng_tls_config *config = NULL;
	int result = tls_engine_config(tls, NNG_TLS_MODE_CLIENT, &config);

	if (result == 0)
		result = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config);
	return configured(result, config, err);
}

int tls_use_to_listen(struct tls *tls, nng_listener listener, struct err *err)
{
	nng_tls_config *config = NULL;
	int result = tls_engine_config(tls, NNG_TLS_MODE_SERVER, &config);

	if (result == 0)
		result = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config);
	return configured(result, config, err);
}

void tls_hold(struct tls *tls)
{
	pthread_mutex_lock(&tls->mutex);
	tls->holders++;
	pthread_mutex_unlock(&tls->mutex);
}

void tls_free(struct tls *tls)
{
	bool is_last;

	if (!tls)
		return;
	pthread_mutex_lock(&tls->mutex);
	is_last = --tls->holders == 0;
	pthread_mutex_unlock(&tls->mutex);
	if (!is_last)
		return;
	SSL_CTX_free(tls->settings);
	free(tls->addresses);
	pthread_mutex_destroy(&tls->mutex);
	free(tls);
}

SSL *tls_session_open(struct tls *tls)
{
	SSL *session;

	pthread_mutex_lock(&tls->mutex);
	session = tls->settings ? SSL_new(tls->settings) : NULL;
	pthread_mutex_unlock(&tls->mutex);
	if (!session)
		return NULL;
	SSL_set_app_data(session, tls);
	if (tls->end == TLS_LISTENS)
		SSL_set_accept_state(session);
	else
		SSL_set_connect_state(session);
	return session;
}

static struct address *find_address(const struct tls *tls, uint64_t value)
{
	for (size_t i = 0; i < tls->address_count; i++) {
		if (tls->addresses[i].value == value)
			return &tls->addresses[i];
	}
	return NULL;
}

bool tls_address_enter(struct tls *tls, uint64_t value)
{
	struct address *address;
	bool entered;

	pthread_mutex_lock(&tls->mutex);
	address = find_address(tls, value);
	if (!address && tls->address_count < ADDRESSES_MAX) {
		address = &tls->addresses[tls->address_count++];
		*address = (struct address){ .value = value };
	}
	entered = address && address->handshakes < TLS_HANDSHAKES_PER_ADDRESS;
	if (entered)
		address->handshakes++;
	pthread_mutex_unlock(&tls->mutex);
	return entered;
}

void tls_address_leave(struct tls *tls, uint64_t value)
{
	struct address *address;

	pthread_mutex_lock(&tls->mutex);
	address = find_address(tls, value);
	if (address && --address->handshakes == 0)
		*address = tls->addresses[--tls->address_count];
	pthread_mutex_unlock(&tls->mutex);
}

bool tls_session_peer(struct tls *tls, const SSL *session, struct peer *ret)
{
	X509 *x509 = SSL_get0_peer_certificate(session);

	*ret = (struct peer){ 0 };
	if (tls->end == TLS_LISTENS && is_enrolling(session)) {
		ret->is_enrolling = true;
		return true;
	}
	return x509 && (tls->end == TLS_PROBES || SSL_get_verify_result(session) == X509_V_OK) &&
	       fits(tls, x509, ret);
}

/* What is better said here than OpenSSL says it; alerts are what the collector refused. */
static const struct {
	int reason;
	const char *text;
} alerts[] = {
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the collector wants a certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the collector says that this certificate has expired" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the collector says that this certificate is revoked" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the collector does not know who issued this certificate" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "the collector takes no certificate of this kind" },
};

static void describe_failure(const SSL *session, unsigned long error, char out[REASON_MAX])
{
	long result = SSL_get_verify_result(session);
	const char *text = ERR_reason_error_string(error);

	if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		text = result == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ? "its certificate is of an unknown authority"
								      : X509_verify_cert_error_string(result);
	for (size_t i = 0; i < ARRAY_SIZE(alerts); i++) {
		if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == alerts[i].reason)
			text = alerts[i].text;
	}
	snprintf(out, REASON_MAX, "%s", text ? text : "");
}

void tls_session_failed(struct tls *tls, const SSL *session, unsigned long error)
{
	char reason[REASON_MAX];

	describe_failure(session, error, reason);
	if (reason[0])
		tls_explain(tls, reason);
}

void tls_explain(struct tls *tls, const char *reason)
{
	pthread_mutex_lock(&tls->mutex);
	snprintf(tls->reason, sizeof(tls->reason), "%s", reason);
	pthread_mutex_unlock(&tls->mutex);
}

char *tls_reason(struct tls *tls, char *out, size_t size)
{
	pthread_mutex_lock(&tls->mutex);
	snprintf(out, size, "%s", tls->reason);
	if (tls->settings)
		tls->reason[0] = '\0';
	pthread_mutex_unlock(&tls->mutex);
	return out;
}
