#include "bus/tls_engine.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/engine.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "base/attr.h"
#include "base/err.h"
#include "bus/tls.h"

#define RECORD_MAX 16384 /* bytes of one TLS record */

/* nng allocates both, zeroed, and may end one that it never began. */
struct nng_tls_engine_config {
	struct tls *tls;
};

struct nng_tls_engine_conn {
	struct tls *tls;
	SSL *session;
	uint64_t address; /* counted while the handshake runs; 0 = not counted */
	bool is_refused, is_finished;
	struct peer peer;
};

static BIO_METHOD *transport;
static int registered = NNG_EINTERNAL;

/* Of the calling thread: handed over by callbacks that nng makes at once. */
static __thread struct tls *tls_of_config;
static __thread struct peer *peer_wanted;

static int transport_write(BIO *bio, const char *data, int size)
{
	size_t done = (size_t)size;
	int result = nng_tls_engine_send(BIO_get_data(bio), (const uint8_t *)data, &done);

	BIO_clear_retry_flags(bio);
	if (result == 0)
		return (int)done;
	if (result == NNG_EAGAIN)
		BIO_set_retry_write(bio);
	return -1;
}

static int transport_read(BIO *bio, char *data, int size)
{
	size_t done = (size_t)size;
	int result = nng_tls_engine_recv(BIO_get_data(bio), (uint8_t *)data, &done);

	BIO_clear_retry_flags(bio);
	if (result == 0)
		return (int)done;
	if (result == NNG_EAGAIN)
		BIO_set_retry_read(bio);
	return -1;
}

static long transport_control(BIO *bio UNUSED, int command, long number UNUSED, void *data UNUSED)
{
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int transport_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/*
 * The address of the other end: the engine is given nng's stream, which in 1.5.2 begins with the public nng_stream. 0 where
 * it cannot be told.
 */
static uint64_t address_of(void *stream)
{
	nng_sockaddr address;
	uint64_t value = 0;

	if (nng_stream_get_addr(stream, NNG_OPT_REMADDR, &address))
		return 0;
	if (address.s_family == NNG_AF_INET)
		return UINT64_C(0xffff00000000) | address.s_in.sa_addr;
	if (address.s_family != NNG_AF_INET6)
		return 0;
	memcpy(&value, address.s_in6.sa_addr, sizeof(value)); /* a /64 is one customer */
	return value ? value : 1;
}

static int conn_init(nng_tls_engine_conn *conn, void *stream, nng_tls_engine_config *config)
{
	BIO *bio;

	conn->tls = config->tls;
	conn->session = conn->tls ? tls_session_open(conn->tls) : NULL;
	bio = conn->session ? BIO_new(transport) : NULL;
	if (!bio)
		return NNG_ENOMEM;
	BIO_set_data(bio, stream);
	SSL_set_bio(conn->session, bio, bio);
	if (SSL_is_server(conn->session)) {
		conn->address = address_of(stream);
		conn->is_refused = conn->address && !tls_address_enter(conn->tls, conn->address);
		if (conn->is_refused)
			conn->address = 0;
	}
	return 0;
}

static void leave_address(nng_tls_engine_conn *conn)
{
	if (conn->address)
		tls_address_leave(conn->tls, conn->address);
	conn->address = 0;
}

static void conn_fini(nng_tls_engine_conn *conn)
{
	leave_address(conn);
	SSL_free(conn->session);
	conn->session = NULL;
}

static void conn_close(nng_tls_engine_conn *conn)
{
	if (conn->session && conn->is_finished)
		SSL_shutdown(conn->session);
	ERR_clear_error();
}

/*
 * Of all errors nng's listener takes these two without a pause of 100 ms, in which nobody could connect; and NNG_ECLOSED
 * would end it.
 */
static int failure(nng_tls_engine_conn *conn, int result)
{
	int kind = SSL_get_error(conn->session, result);

	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
		return NNG_EAGAIN;
	if (ERR_peek_last_error())
		tls_session_failed(conn->tls, conn->session, ERR_peek_last_error());
	ERR_clear_error();
	return conn->is_finished ? NNG_ECONNRESET : NNG_EPEERAUTH;
}

/*
 * In TLS 1.3 a client is finished before the server has looked at its certificate. Writing at once to a server that refuses it, and hangs
 * up, can fail before the reason has been read; so the client waits for the first word of nng's greeting, which each side sends
 * unasked.
 */
static int hear_server(nng_tls_engine_conn *conn)
{
	char first;
	int result = SSL_is_server(conn->session) ? 1 : SSL_peek(conn->session, &first, sizeof(first));

	return result > 0 ? 0 : failure(conn, result);
}

static int conn_handshake(nng_tls_engine_conn *conn)
{
	int result;

	if (conn->is_finished)
		return 0;
	if (conn->is_refused)
		return NNG_EPEERAUTH;
	ERR_clear_error();
	result = SSL_do_handshake(conn->session);
	if (result != 1)
		return failure(conn, result);
	result = hear_server(conn);
	if (result)
		return result;
	leave_address(conn);
	conn->is_refused = !tls_session_peer(conn->tls, conn->session, &conn->peer);
	conn->is_finished = !conn->is_refused;
	return conn->is_refused ? NNG_EPEERAUTH : 0;
}

static int conn_receive(nng_tls_engine_conn *conn, uint8_t *data, size_t *size)
{
	int result = conn_handshake(conn);

	if (result)
		return result;
	ERR_clear_error();
	result = SSL_read(conn->session, data, *size > RECORD_MAX ? RECORD_MAX : (int)*size);
	if (result <= 0)
		return failure(conn, result);
	*size = (size_t)result;
	return 0;
}

static int conn_send(nng_tls_engine_conn *conn, const uint8_t *data, size_t *size)
{
	int result = conn_handshake(conn);

	if (result)
		return result;
	ERR_clear_error();
	result = SSL_write(conn->session, data, *size > RECORD_MAX ? RECORD_MAX : (int)*size);
	if (result <= 0)
		return failure(conn, result);
	*size = (size_t)result;
	return 0;
}

/* nng calls this within tls_engine_peer(): the only way through its interface for more than a yes or no. */
static bool conn_verified(nng_tls_engine_conn *conn)
{
	if (conn->is_finished && peer_wanted)
		*peer_wanted = conn->peer;
	return conn->is_finished;
}

static int config_init(nng_tls_engine_config *config, nng_tls_mode mode UNUSED)
{
	config->tls = tls_of_config;
	if (config->tls)
		tls_hold(config->tls);
	return 0;
}

static void config_fini(nng_tls_engine_config *config)
{
	tls_free(config->tls);
}

/* Everything comes from tls.c; nng itself sets the host's name, and for a listener that no certificate is wanted. */
static int config_server(nng_tls_engine_config *config UNUSED, const char *name UNUSED)
{
	return 0;
}

static int config_auth(nng_tls_engine_config *config UNUSED, nng_tls_auth_mode mode UNUSED)
{
	return 0;
}

static int config_chain(nng_tls_engine_config *config UNUSED, const char *chain UNUSED, const char *revoked UNUSED)
{
	return NNG_ENOTSUP;
}

static int config_own(nng_tls_engine_config *config UNUSED, const char *certificate UNUSED, const char *key UNUSED,
		      const char *password UNUSED)
{
	return NNG_ENOTSUP;
}

static int config_version(nng_tls_engine_config *config UNUSED, nng_tls_version least UNUSED,
			  nng_tls_version most UNUSED)
{
	return NNG_ENOTSUP;
}

static void register_once(void)
{
	static nng_tls_engine_conn_ops conn_ops = { sizeof(struct nng_tls_engine_conn),
						    conn_init,
						    conn_fini,
						    conn_close,
						    conn_handshake,
						    conn_receive,
						    conn_send,
						    conn_verified };
	static nng_tls_engine_config_ops config_ops = { sizeof(struct nng_tls_engine_config),
							config_init,
							config_fini,
							config_server,
							config_auth,
							config_chain,
							config_own,
							config_version };
	static const nng_tls_engine engine = { NNG_TLS_ENGINE_VERSION, &config_ops, &conn_ops, "openssl",
					       "OpenSSL, TLS 1.3",     false };
	nng_socket socket;

	/* nng registers its own engine when it is first used, and would replace ours. */
	if (nng_req0_open(&socket))
		return;
	nng_close(socket);
	transport = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "nng");
	if (!transport || !BIO_meth_set_write(transport, transport_write) ||
	    !BIO_meth_set_read(transport, transport_read) || !BIO_meth_set_ctrl(transport, transport_control) ||
	    !BIO_meth_set_create(transport, transport_create))
		return;
	registered = nng_tls_engine_register(&engine);
}

int tls_engine_register(struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_once);
	if (registered)
		return err_set(err, ERR_FAILED, "could not register TLS with nng: %s", nng_strerror(registered));
	return 0;
}

int tls_engine_config(struct tls *tls, nng_tls_mode mode, nng_tls_config **ret)
{
	int result;

	tls_of_config = tls;
	result = nng_tls_config_alloc(ret, mode);
	tls_of_config = NULL;
	return result;
}

bool tls_peer(nng_pipe pipe, struct peer *ret)
{
	bool verified = false;

	*ret = (struct peer){ 0 };
	peer_wanted = ret;
	if (nng_pipe_get_bool(pipe, NNG_OPT_TLS_VERIFIED, &verified))
		verified = false;
	peer_wanted = NULL;
	return verified;
}
