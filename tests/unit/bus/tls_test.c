/* Who gets through the handshake, who does not, and what the collecting side knows of those who do. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/time.h"
#include "bus/monitor.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "pki/generation.h"
#include "pki/issue.h"
#include "pki/openssl.h"
#include "tests/support/pki.h"
#include "tests/support/sample.h"
#include "wire/wire.h"

#define PATIENCE_NS (60 * NS_PER_S) /* ends a test that would hang; nothing waits for it */
#define WEEK_NS	    (7 * 24 * 3600 * NS_PER_S)
#define IDLE	    50 /* raw sockets that say nothing */

struct world {
	char folder[64], url[64], spool[80];
	int port;
	struct authority *authority;
	struct papers collector, agent;
	struct tls *tls;
	struct receiver *receiver;
	struct monitor monitor;
	struct peer last; /* who sent the last frame */
	size_t frames;
	char revoked[PEER_SERIAL_MAX];
	struct arena arena;
};

static void handle(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct world *world = context;
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct reply out = { .kind = REPLY_ACK };
	struct batch batch = { 0 };
	struct err err;

	if (wire_batch_decode(frame, length, &arena, &batch, &err) < 0)
		out = (struct reply){ .kind = REPLY_REJECT, .reason = err.message };
	out.batch_no = batch.batch_no;
	monitor_lock(&world->monitor);
	world->last = *peer;
	world->frames++;
	monitor_notify(&world->monitor);
	monitor_unlock(&world->monitor);
	wire_reply_encode(&out, reply, &err);
}

static bool refuses(void *context, const struct peer *peer)
{
	struct world *world = context;
	bool is_revoked;

	monitor_lock(&world->monitor);
	is_revoked = peer->serial[0] && strcmp(peer->serial, world->revoked) == 0;
	monitor_unlock(&world->monitor);
	return is_revoked;
}

static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static void listen_with(struct world *world, const struct papers *papers)
{
	struct credentials credentials = papers_credentials(papers);
	struct receiver_conf conf = { .url = world->url, .handler = handle, .context = world };
	struct err err;

	if (tls_new(TLS_LISTENS, &credentials, &world->tls, &err) < 0)
		fail_msg("%s", err.message);
	tls_refuse(world->tls, refuses, world);
	conf.tls = world->tls;
	if (receiver_open(&conf, &world->receiver, &err) < 0)
		fail_msg("%s", err.message);
}

static int setup(void **state)
{
	static struct world world;
	struct identity agent = papers_agent(7, "web-1");
	struct err err;

	world = (struct world){ .folder = "/tmp/clewline-tls.XXXXXX", .arena.max = 8u << 20 };
	assert_non_null(mkdtemp(world.folder));
	monitor_init(&world.monitor);
	world.port = free_port();
	snprintf(world.url, sizeof(world.url), "tls+tcp://127.0.0.1:%d", world.port);
	snprintf(world.spool, sizeof(world.spool), "%s/spool", world.folder);
	if (authority_open(world.folder, time_now_ns(), &world.authority, &err) < 0)
		fail_msg("%s", err.message);
	papers_issue(world.authority, NULL, WEEK_NS, &world.collector);
	papers_issue(world.authority, &agent, WEEK_NS, &world.agent);
	listen_with(&world, &world.collector);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	char command[128];

	receiver_close(world->receiver);
	tls_free(world->tls);
	papers_fini(&world->collector);
	papers_fini(&world->agent);
	authority_close(world->authority);
	monitor_fini(&world->monitor);
	arena_fini(&world->arena);
	snprintf(command, sizeof(command), "rm -rf '%s'", world->folder);
	return system(command);
}

static struct sender *begin(struct world *world, const struct credentials *credentials, struct tls **ret)
{
	struct sender_conf conf = { .url = world->url,
				    .spool = world->spool,
				    .flush_ns = NS_PER_MS,
				    .watchdog_ns = NS_PER_S,
				    .origin = sample_origin(&world->arena) };
	struct event event = sample_exec(&world->arena, 1);
	struct sender *sender;
	struct err err;

	if (tls_new(TLS_CONNECTS, credentials, ret, &err) < 0)
		fail_msg("%s", err.message);
	conf.tls = *ret;
	if (sender_open(&conf, &sender, &err) < 0 || sender_add(sender, &event, true, &err) < 0)
		fail_msg("%s", err.message);
	return sender;
}

static void must_deliver_with(struct world *world, const struct credentials *credentials)
{
	struct tls *tls;
	struct sender *sender = begin(world, credentials, &tls);
	struct err err;

	if (sender_flush(sender, PATIENCE_NS, &err) < 0)
		fail_msg("%s", err.message);
	sender_close(sender);
	tls_free(tls);
}

static void must_deliver(struct world *world, const struct papers *papers)
{
	struct credentials credentials = papers_credentials(papers);

	must_deliver_with(world, &credentials);
}

static void wait_for_reason(struct sender *sender, const char *reason)
{
	int64_t until = time_monotonic_ns() + PATIENCE_NS;
	struct sender_state seen;

	do {
		sender_state(sender, &seen);
		usleep(1000);
	} while (!strstr(seen.last_error, reason) && time_monotonic_ns() < until);
	if (!strstr(seen.last_error, reason))
		fail_msg("\"%s\" says nothing of \"%s\"", seen.last_error, reason);
}

static void must_be_refused(struct world *world, const struct credentials *credentials, const char *reason)
{
	size_t before = world->frames;
	struct tls *tls;
	struct sender *sender = begin(world, credentials, &tls);

	wait_for_reason(sender, reason);
	sender_close(sender);
	tls_free(tls);
	assert_int_equal(world->frames, before);
}

static void batches_arrive_and_their_sender_is_known(void **state)
{
	struct world *world = *state;

	must_deliver(world, &world->agent);
	assert_int_equal(world->frames, 1);
	assert_true(world->last.is_certified);
	assert_false(world->last.is_enrolling);
	assert_int_equal(world->last.tenant, 7);
	assert_string_equal(world->last.agent, "web-1");
	assert_string_equal(world->last.serial, world->agent.certificate.serial);
	assert_ptr_equal(strstr(world->last.address, "127.0.0.1:"), world->last.address);
}

static void a_certificate_of_another_authority_is_refused(void **state)
{
	struct world *world = *state;
	struct identity agent = papers_agent(7, "web-1");
	struct authority *other;
	struct credentials credentials;
	struct papers papers;
	char folder[80];

	snprintf(folder, sizeof(folder), "%s/other", world->folder);
	assert_int_equal(authority_open(folder, time_now_ns(), &other, NULL), 0);
	papers_issue(other, &agent, WEEK_NS, &papers);
	credentials = papers_credentials(&papers);
	must_be_refused(world, &credentials, "of an unknown authority");
	/* and when the agent does trust the collector */
	credentials.trust = world->agent.trust.data;
	must_be_refused(world, &credentials, "does not know who issued this certificate");
	papers_fini(&papers);
	authority_close(other);
	must_deliver(world, &world->agent);
}

static void an_expired_certificate_is_refused(void **state)
{
	struct world *world = *state;
	struct identity agent = papers_agent(7, "web-1");
	struct credentials credentials;
	struct papers papers;

	papers_issue(world->authority, &agent, -3600 * NS_PER_S, &papers);
	credentials = papers_credentials(&papers);
	must_be_refused(world, &credentials, "this certificate has expired");
	papers_fini(&papers);
}

static void a_revoked_certificate_is_refused(void **state)
{
	struct world *world = *state;
	struct credentials credentials = papers_credentials(&world->agent);

	strcpy(world->revoked, world->agent.certificate.serial);
	must_be_refused(world, &credentials, "this certificate is revoked");
}

static void a_connection_ends_when_its_certificate_is_revoked(void **state)
{
	struct world *world = *state;
	struct credentials credentials = papers_credentials(&world->agent);
	struct sender_state seen;
	struct tls *tls;
	struct sender *sender = begin(world, &credentials, &tls);

	assert_int_equal(sender_flush(sender, PATIENCE_NS, NULL), 0);
	receiver_sweep(world->receiver);
	sender_state(sender, &seen);
	assert_true(seen.connected);
	monitor_lock(&world->monitor);
	strcpy(world->revoked, world->agent.certificate.serial);
	monitor_unlock(&world->monitor);
	receiver_sweep(world->receiver);
	wait_for_reason(sender, "is revoked");
	sender_close(sender);
	tls_free(tls);
}

static void a_collector_is_no_agent_and_an_agent_no_collector(void **state)
{
	struct world *world = *state;
	struct credentials credentials = papers_credentials(&world->collector);

	must_be_refused(world, &credentials, "takes no certificate of this kind");
	receiver_close(world->receiver);
	tls_free(world->tls);
	listen_with(world, &world->agent);
	credentials = papers_credentials(&world->agent);
	must_be_refused(world, &credentials, "purpose");
}

/* A certificate of our authority that names nobody. */
static void a_certificate_without_identity_is_refused(void **state)
{
	struct world *world = *state;
	struct credentials credentials;
	struct papers papers = world->agent;
	struct generation generation;
	AUTO_STRBUF chain = STRBUF_INIT, pem = STRBUF_INIT;
	AUTO_KEY key = { 0 };
	struct issue issue = { .kind = ISSUE_AGENT, .name = "web-1", .key = &key };
	X509 *x509;

	assert_int_equal(generation_load(world->folder, 1, false, &generation, NULL), 0);
	assert_int_equal(key_new(&key, NULL), 0);
	assert_int_equal(key_write(&key, &pem, NULL), 0);
	issue.issuer = generation.issuing;
	issue.issuer_key = &generation.issuing_key;
	issue.not_before_ns = time_now_ns() - WEEK_NS;
	issue.not_after_ns = time_now_ns() + WEEK_NS;
	assert_int_equal(issue_certificate(&issue, &x509, NULL), 0);
	assert_int_equal(certificate_write(x509, &chain, NULL), 0);
	strbuf_adds(&chain, generation.issuing_pem.data);
	credentials = papers_credentials(&papers);
	credentials.chain = chain.data;
	credentials.key = pem.data;
	must_be_refused(world, &credentials, "takes no certificate of this kind");
	X509_free(x509);
	generation_fini(&generation);
}

static int raw_socket(const struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)world->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 30 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* A client that is not ours. Reads one byte after its handshake: in TLS 1.3 it learns only then that it was refused. */
static bool stranger_gets_in(const struct world *world, int version, const char *alpn, const struct papers *papers)
{
	SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
	AUTO_FD int fd = raw_socket(world);
	SSL *session;
	char byte;
	bool is_in;

	SSL_CTX_set_min_proto_version(settings, version);
	SSL_CTX_set_max_proto_version(settings, version);
	if (alpn)
		SSL_CTX_set_alpn_protos(settings, (const unsigned char *)alpn, (unsigned int)strlen(alpn));
	if (papers) {
		BIO *chain = BIO_new_mem_buf(papers->chain.data, -1), *key = BIO_new_mem_buf(papers->key.data, -1);
		X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
		X509 *issuing = PEM_read_bio_X509(chain, NULL, NULL, NULL);
		EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

		SSL_CTX_use_certificate(settings, leaf);
		SSL_CTX_add1_chain_cert(settings, issuing);
		SSL_CTX_use_PrivateKey(settings, pkey);
		X509_free(leaf);
		X509_free(issuing);
		EVP_PKEY_free(pkey);
		BIO_free(chain);
		BIO_free(key);
	}
	session = SSL_new(settings);
	SSL_set_fd(session, fd);
	is_in = SSL_connect(session) == 1 && SSL_read(session, &byte, 1) == 1;
	SSL_free(session);
	SSL_CTX_free(settings);
	ERR_clear_error();
	return is_in;
}

static void strangers_do_not_get_in(void **state)
{
	struct world *world = *state;

	/* the same client gets in with what an agent has, so it is not the client that fails */
	assert_true(stranger_gets_in(world, TLS1_3_VERSION,
				     "\x0a"
				     "clewline/1",
				     &world->agent));
	assert_false(stranger_gets_in(world, TLS1_3_VERSION,
				      "\x0a"
				      "clewline/1",
				      NULL));
	assert_false(stranger_gets_in(world, TLS1_3_VERSION, NULL, NULL));
	assert_false(stranger_gets_in(world, TLS1_2_VERSION,
				      "\x0a"
				      "clewline/1",
				      &world->agent));
	assert_false(stranger_gets_in(world, TLS1_3_VERSION,
				      "\x08"
				      "http/1.1",
				      &world->agent));
	assert_int_equal(world->frames, 0);
	must_deliver(world, &world->agent);
}

static void noise_and_silence_hold_nobody_up(void **state)
{
	struct world *world = *state;
	int idle[IDLE];
	char noise[512];

	for (int i = 0; i < IDLE; i++)
		idle[i] = raw_socket(world);
	for (int round = 0; round < 100; round++) {
		AUTO_FD int fd = raw_socket(world);
		struct linger abort_at_once = { 1, 0 };

		memset(noise, round, sizeof(noise));
		/* a record that promises a handshake, whose rest is noise */
		if (round % 3 == 0)
			memcpy(noise, "\x16\x03\x01\x01\xf0\x01", 6);
		assert_int_equal(send(fd, noise, sizeof(noise), MSG_NOSIGNAL), sizeof(noise));
		if (round % 2 == 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_at_once, sizeof(abort_at_once));
	}
	must_deliver(world, &world->agent);
	for (int i = 0; i < IDLE; i++)
		close(idle[i]);
	must_deliver(world, &world->agent);
}

static void who_has_no_certificate_may_only_enrol(void **state)
{
	struct world *world = *state;
	struct credentials credentials = { .has_pin = true };

	assert_int_equal(authority_pin(world->authority, credentials.pin, NULL), 0);
	must_deliver_with(world, &credentials);
	assert_true(world->last.is_enrolling);
	assert_false(world->last.is_certified);
	assert_int_equal(world->last.tenant, 0);
	assert_string_equal(world->last.agent, "");
	/* with the pin of another root, nothing is said to a stranger */
	credentials.pin[0] ^= 1;
	must_be_refused(world, &credentials, "of an unknown authority");
}

static void new_certificates_are_used_without_a_new_listener(void **state)
{
	struct world *world = *state;
	struct credentials credentials;
	struct papers papers;
	struct identity agent = papers_agent(7, "web-1");
	struct err err;

	/* a second root that both trust, then one that issues */
	assert_int_equal(authority_rotate(world->authority, time_now_ns(), NULL), 0);
	papers_issue(world->authority, &agent, WEEK_NS, &papers);
	credentials = papers_credentials(&world->collector);
	credentials.trust = papers.trust.data;
	assert_int_equal(tls_replace(world->tls, &credentials, &err), 0);
	must_deliver(world, &papers);
	assert_int_equal(authority_rotate(world->authority, time_now_ns(), NULL), 0);
	papers_fini(&world->collector);
	papers_issue(world->authority, NULL, WEEK_NS, &world->collector);
	credentials = papers_credentials(&world->collector);
	assert_int_equal(tls_replace(world->tls, &credentials, &err), 0);
	/* its certificate is of the first root, the collector's of the second */
	must_deliver(world, &papers);
	/* who was away all the time knows only the first root */
	credentials = papers_credentials(&world->agent);
	must_be_refused(world, &credentials, "of an unknown authority");
	papers_fini(&papers);
}

static void credentials_that_are_none_are_refused_and_change_nothing(void **state)
{
	struct world *world = *state;
	struct credentials credentials = papers_credentials(&world->collector);
	struct err err;

	credentials.key = world->agent.key.data;
	assert_int_equal(tls_replace(world->tls, &credentials, &err), ERR_SYNTAX);
	assert_string_equal(err.message, "the key is not that of the certificate");
	credentials.chain = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	assert_int_equal(tls_replace(world->tls, &credentials, &err), ERR_SYNTAX);
	assert_string_equal(err.message, "the certificate is not one in PEM");
	credentials = papers_credentials(&world->collector);
	credentials.trust = "";
	assert_int_equal(tls_replace(world->tls, &credentials, &err), ERR_SYNTAX);
	must_deliver(world, &world->agent);
}

static void a_listener_that_took_no_connections_is_made_anew(void **state)
{
	struct world *world = *state;
	struct err err;

	assert_int_equal(receiver_check(world->receiver, &err), 0);
	must_deliver(world, &world->agent);
	receiver_break(world->receiver);
	assert_int_equal(receiver_check(world->receiver, &err), 1);
	assert_int_equal(receiver_check(world->receiver, &err), 0);
	must_deliver(world, &world->agent);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(batches_arrive_and_their_sender_is_known),
		TEST(a_certificate_of_another_authority_is_refused),
		TEST(an_expired_certificate_is_refused),
		TEST(a_revoked_certificate_is_refused),
		TEST(a_connection_ends_when_its_certificate_is_revoked),
		TEST(a_collector_is_no_agent_and_an_agent_no_collector),
		TEST(a_certificate_without_identity_is_refused),
		TEST(strangers_do_not_get_in),
		TEST(noise_and_silence_hold_nobody_up),
		TEST(who_has_no_certificate_may_only_enrol),
		TEST(new_certificates_are_used_without_a_new_listener),
		TEST(credentials_that_are_none_are_refused_and_change_nothing),
		TEST(a_listener_that_took_no_connections_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
