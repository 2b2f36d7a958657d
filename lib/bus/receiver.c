#include "bus/receiver.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "bus/address.h"
#include "bus/desk.h"
#include "bus/peers.h"
#include "bus/socket.h"
#include "bus/tls.h"
#include "wire/wire.h"

#define ENVELOPE_MAX	  64 /* what REQ/REP puts in front of a frame */
#define SOCKET_MODE	  0660
#define PROBE_PATIENCE_NS (2 * NS_PER_S)

struct receiver {
	struct receiver_conf conf;
	char *url;
	nng_socket socket;
	nng_listener listener;
	struct peers *peers;
	struct desk *desk;
	bool is_open; /* the socket */
};

static int start_listener(struct receiver *receiver, struct err *err)
{
	nng_listener listener;
	int code = 0, result = nng_listener_create(&listener, receiver->socket, receiver->url);

	if (result)
		return err_set(err, ERR_USAGE, "cannot listen on \"%s\": %s", receiver->url, nng_strerror(result));
	if (address_is_ipc(receiver->url))
		nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, SOCKET_MODE);
	else
		nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
	if (receiver->conf.tls)
		code = tls_use_to_listen(receiver->conf.tls, listener, err);
	result = code < 0 ? 0 : nng_listener_start(listener, 0);
	if (result)
		code = err_set(err, ERR_FAILED, "could not listen on \"%s\": %s", receiver->url,
			       nng_strerror(result));
	if (code < 0)
		nng_listener_close(listener);
	else
		receiver->listener = listener;
	return code;
}

static int receiver_listen(struct receiver *receiver, struct err *err)
{
	int result = nng_rep0_open(&receiver->socket);

	if (result)
		return err_set(err, ERR_FAILED, "could not open a socket: %s", nng_strerror(result));
	receiver->is_open = true;
	nng_socket_set_size(receiver->socket, NNG_OPT_RECVMAXSZ, FRAME_MAX + ENVELOPE_MAX);
	receiver->peers = peers_new(receiver->conf.tls);
	if (!receiver->peers)
		return err_set(err, ERR_MEMORY, "no memory");
	peers_watch(receiver->peers, receiver->socket);
	return start_listener(receiver, err);
}

static int check_conf(const struct receiver_conf *conf, struct err *err)
{
	if (address_check(conf->url, err) < 0)
		return err->code;
	if (address_is_tls(conf->url) != (conf->tls != NULL))
		return err_set(err, ERR_USAGE, "cannot listen on \"%s\": TLS is for tls+tcp:// and nothing else",
			       conf->url);
	return 0;
}

int receiver_open(const struct receiver_conf *conf, struct receiver **ret, struct err *err)
{
	struct receiver *receiver;
	struct err local;
	int code = check_conf(conf, err ? err : &local);

	if (code < 0)
		return code;
	receiver = calloc(1, sizeof(*receiver));
	if (!receiver)
		return err_set(err, ERR_MEMORY, "no memory");
	receiver->conf = *conf;
	receiver->url = strdup(conf->url);
	code = receiver->url ? receiver_listen(receiver, err) : err_set(err, ERR_MEMORY, "no memory");
	if (code == 0)
		code = desk_open(receiver->socket, receiver->peers, conf->handler, conf->context, &receiver->desk,
				 err);
	if (code < 0) {
		receiver_close(receiver);
		return code;
	}
	*ret = receiver;
	return 0;
}

void receiver_sweep(struct receiver *receiver)
{
	peers_sweep(receiver->peers);
}

size_t receiver_peers(struct receiver *receiver)
{
	return peers_count(receiver->peers);
}

/* That it connects proves nothing: a listener that has stopped within nng still exchanges greetings. */
static int connect_to(const struct receiver *receiver, nng_socket socket, const char *url, struct tls *tls,
		      struct err *err)
{
	uint64_t before = peers_came(receiver->peers);
	nng_dialer dialer;
	int code = 0, result = nng_dialer_create(&dialer, socket, url);

	if (result)
		return err_set(err, ERR_FAILED, "%s", nng_strerror(result));
	if (tls)
		code = tls_use_to_dial(tls, dialer, err);
	result = code < 0 ? 0 : nng_dialer_start(dialer, 0);
	if (result)
		code = err_set(err, ERR_FAILED, "%s", nng_strerror(result));
	if (code == 0 && !peers_wait(receiver->peers, before, time_monotonic_ns() + PROBE_PATIENCE_NS))
		code = err_set(err, ERR_FAILED, "what connects does not come through");
	nng_dialer_close(dialer);
	return code;
}

/* As somebody who enrols, and who need not know whom he enrols with: no certificate is spent on it. */
static int probe(const struct receiver *receiver, struct err *err)
{
	const struct credentials nobody = { 0 };
	char url[ADDRESS_URL_MAX];
	struct tls *tls = NULL;
	nng_socket socket;
	int code = address_of_own(receiver->url, url, err);

	if (code == 0 && receiver->conf.tls)
		code = tls_new(TLS_PROBES, &nobody, &tls, err);
	if (code == 0 && nng_req0_open(&socket))
		code = err_set(err, ERR_MEMORY, "no memory");
	if (code == 0) {
		code = connect_to(receiver, socket, url, tls, err);
		socket_close(socket);
	}
	tls_free(tls);
	return code;
}

int receiver_check(struct receiver *receiver, struct err *err)
{
	struct err reason;

	if (probe(receiver, &reason) == 0)
		return 0;
	nng_listener_close(receiver->listener);
	if (start_listener(receiver, err) < 0)
		return err_wrap(err, "\"%s\" took no connection (%s)", receiver->url, reason.message);
	return 1;
}

void receiver_break(struct receiver *receiver)
{
	nng_listener_close(receiver->listener);
}

void receiver_close(struct receiver *receiver)
{
	if (!receiver)
		return;
	desk_close(receiver->desk);
	if (receiver->is_open) {
		peers_unwatch(receiver->socket);
		socket_close(receiver->socket);
	}
	peers_free(receiver->peers);
	free(receiver->url);
	free(receiver);
}
