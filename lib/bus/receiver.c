#include "bus/receiver.h"

#include <arpa/inet.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/socket.h"
#include "model/tenant.h"
#include "wire/wire.h"

#define ENVELOPE_MAX	 64 /* what REQ/REP puts in front of a frame */
#define SOCKET_MODE	 0660
#define REPLY_TIMEOUT_MS 5000

/* A thread for each context: handlers wait for a database, and would starve nng's own few threads. */
struct worker {
	struct receiver *receiver;
	pthread_t thread;
	nng_ctx ctx;
	nng_aio *receiving, *replying;
	bool started;
};

struct receiver {
	nng_socket socket;
	receiver_handler handler;
	void *context;
	struct worker workers[RECEIVER_CONTEXTS];
};

static void describe_address(nng_pipe pipe, char out[PEER_ADDRESS_MAX])
{
	char text[INET6_ADDRSTRLEN] = "?";
	nng_sockaddr address;

	if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address)) {
		snprintf(out, PEER_ADDRESS_MAX, "unknown");
	} else if (address.s_family == NNG_AF_INET) {
		inet_ntop(AF_INET, &address.s_in.sa_addr, text, sizeof(text));
		snprintf(out, PEER_ADDRESS_MAX, "%s:%u", text, ntohs(address.s_in.sa_port));
	} else if (address.s_family == NNG_AF_INET6) {
		inet_ntop(AF_INET6, address.s_in6.sa_addr, text, sizeof(text));
		snprintf(out, PEER_ADDRESS_MAX, "[%s]:%u", text, ntohs(address.s_in6.sa_port));
	} else {
		snprintf(out, PEER_ADDRESS_MAX, "local");
	}
}

static void describe_peer(nng_pipe pipe, struct peer *ret)
{
	uint64_t pid, uid;

	*ret = (struct peer){ .tenant = TENANT_LOCAL };
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) == 0 &&
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) == 0)
		snprintf(ret->address, PEER_ADDRESS_MAX, "pid %llu, uid %llu", (unsigned long long)pid,
			 (unsigned long long)uid);
	else
		describe_address(pipe, ret->address);
}

/* An empty or unfit reply is not sent; the sender asks again when its watchdog runs out. */
static void send_reply(struct worker *worker, const struct strbuf *reply)
{
	nng_msg *message;

	if (reply->failed || !reply->length || nng_msg_alloc(&message, 0))
		return;
	if (nng_msg_append(message, reply->data, reply->length)) {
		nng_msg_free(message);
		return;
	}
	nng_aio_set_msg(worker->replying, message);
	nng_ctx_send(worker->ctx, worker->replying);
	nng_aio_wait(worker->replying);
	if (nng_aio_result(worker->replying))
		nng_msg_free(nng_aio_get_msg(worker->replying));
}

static void *worker_run(void *context)
{
	struct worker *worker = context;
	AUTO_STRBUF reply = STRBUF_INIT;

	for (;;) {
		struct peer peer;
		nng_msg *message;
		int result;

		nng_ctx_recv(worker->ctx, worker->receiving);
		nng_aio_wait(worker->receiving);
		result = nng_aio_result(worker->receiving);
		if (result == NNG_ECLOSED || result == NNG_ECANCELED)
			return NULL;
		if (result)
			continue;
		message = nng_aio_get_msg(worker->receiving);
		describe_peer(nng_msg_get_pipe(message), &peer);
		strbuf_clear(&reply);
		worker->receiver->handler(worker->receiver->context, nng_msg_body(message), nng_msg_len(message),
					  &peer, &reply);
		nng_msg_free(message);
		send_reply(worker, &reply);
	}
}

static int worker_start(struct worker *worker, struct receiver *receiver, struct err *err)
{
	int result = nng_ctx_open(&worker->ctx, receiver->socket);

	worker->receiver = receiver;
	if (result)
		return err_set(err, ERR_FAILED, "could not open a context: %s", nng_strerror(result));
	if (nng_aio_alloc(&worker->receiving, NULL, NULL) || nng_aio_alloc(&worker->replying, NULL, NULL))
		return err_set(err, ERR_MEMORY, "no memory");
	nng_aio_set_timeout(worker->replying, REPLY_TIMEOUT_MS);
	if (pthread_create(&worker->thread, NULL, worker_run, worker))
		return err_set(err, ERR_FAILED, "could not start a thread");
	worker->started = true;
	return 0;
}

static int receiver_listen(struct receiver *receiver, const char *url, struct err *err)
{
	nng_listener listener;
	int result = nng_rep0_open(&receiver->socket);

	if (result)
		return err_set(err, ERR_FAILED, "could not open a socket: %s", nng_strerror(result));
	nng_socket_set_size(receiver->socket, NNG_OPT_RECVMAXSZ, FRAME_MAX + ENVELOPE_MAX);
	result = nng_listener_create(&listener, receiver->socket, url);
	if (result)
		return err_set(err, ERR_USAGE, "cannot listen on \"%s\": %s", url, nng_strerror(result));
	if (!strncmp(url, "ipc://", strlen("ipc://")))
		nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, SOCKET_MODE);
	result = nng_listener_start(listener, 0);
	if (result)
		return err_set(err, ERR_FAILED, "could not listen on \"%s\": %s", url, nng_strerror(result));
	return 0;
}

int receiver_open(const char *url, receiver_handler handler, void *context, struct receiver **ret, struct err *err)
{
	struct receiver *receiver = calloc(1, sizeof(*receiver));
	int code;

	if (!receiver)
		return err_set(err, ERR_MEMORY, "no memory");
	receiver->handler = handler;
	receiver->context = context;
	code = receiver_listen(receiver, url, err);
	for (size_t i = 0; code == 0 && i < RECEIVER_CONTEXTS; i++)
		code = worker_start(&receiver->workers[i], receiver, err);
	if (code < 0) {
		receiver_close(receiver);
		return code;
	}
	*ret = receiver;
	return 0;
}

void receiver_close(struct receiver *receiver)
{
	if (!receiver)
		return;
	/* a stopped aio takes no new work, so a handler that runs now still gets its reply out, and then ends */
	for (size_t i = 0; i < RECEIVER_CONTEXTS; i++) {
		if (receiver->workers[i].receiving)
			nng_aio_stop(receiver->workers[i].receiving);
	}
	for (size_t i = 0; i < RECEIVER_CONTEXTS; i++) {
		struct worker *worker = &receiver->workers[i];

		if (worker->started)
			pthread_join(worker->thread, NULL);
		if (worker->receiving)
			nng_aio_free(worker->receiving);
		if (worker->replying)
			nng_aio_free(worker->replying);
	}
	socket_close(receiver->socket);
	free(receiver);
}
