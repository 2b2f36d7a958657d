#include "bus/desk.h"

#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/attr.h"
#include "bus/peers.h"
#include "wire/wire.h"

#define REPLY_TIMEOUT_MS 5000

enum slot_state { SLOT_RECEIVING, SLOT_WAITING, SLOT_REPLYING, SLOT_ENDED };
enum queue_kind { QUEUE_BULK, QUEUE_ALERT, QUEUE_COUNT };

static const size_t worker_counts[QUEUE_COUNT] = { RECEIVER_BULK_WORKERS, RECEIVER_ALERT_WORKERS };

struct slot {
	struct desk *desk;
	nng_ctx ctx;
	nng_aio *aio;
	bool is_open;
	enum slot_state state;
	nng_msg *frame;
	enum queue_kind queue;
	struct slot *next;
};

struct queue {
	struct slot *first, *last;
	pthread_cond_t changed;
};

struct worker {
	struct desk *desk;
	enum queue_kind queue;
	pthread_t thread;
	bool is_started;
};

struct desk {
	const struct peers *peers;
	receiver_handler handler;
	void *context;
	struct slot slots[RECEIVER_SLOTS];
	struct worker workers[RECEIVER_BULK_WORKERS + RECEIVER_ALERT_WORKERS];
	pthread_mutex_t mutex; /* guards: all below, and the slots' states */
	struct queue queues[QUEUE_COUNT];
	size_t bulk;	  /* frames in hand */
	bool is_closing;  /* no slot receives any more */
	bool is_stopping; /* workers end when nothing waits */
};

static bool is_closing(struct desk *desk)
{
	bool closing;

	pthread_mutex_lock(&desk->mutex);
	closing = desk->is_closing;
	pthread_mutex_unlock(&desk->mutex);
	return closing;
}

static void receive(struct slot *slot)
{
	bool goes_on;

	pthread_mutex_lock(&slot->desk->mutex);
	goes_on = !slot->desk->is_closing;
	slot->state = goes_on ? SLOT_RECEIVING : SLOT_ENDED;
	pthread_mutex_unlock(&slot->desk->mutex);
	if (!goes_on)
		return;
	nng_aio_set_timeout(slot->aio, NNG_DURATION_INFINITE);
	nng_ctx_recv(slot->ctx, slot->aio);
	/* Whoever closes may have ended the wait just before it began. A reply that this ends instead is asked for again. */
	if (is_closing(slot->desk))
		nng_aio_cancel(slot->aio);
}

/* An empty or unfit reply is not sent; the sender asks again when its watchdog runs out. */
static void answer(struct slot *slot, const struct strbuf *reply)
{
	nng_msg *message = NULL;

	if (!reply->failed && reply->length && nng_msg_alloc(&message, 0) == 0 &&
	    nng_msg_append(message, reply->data, reply->length)) {
		nng_msg_free(message);
		message = NULL;
	}
	if (!message) {
		receive(slot);
		return;
	}
	pthread_mutex_lock(&slot->desk->mutex);
	slot->state = SLOT_REPLYING;
	pthread_mutex_unlock(&slot->desk->mutex);
	nng_aio_set_timeout(slot->aio, REPLY_TIMEOUT_MS);
	nng_aio_set_msg(slot->aio, message);
	nng_ctx_send(slot->ctx, slot->aio);
}

static void turn_away(struct slot *slot)
{
	struct reply reply = { .kind = REPLY_RETRY,
			       .retry_after_ms = RECEIVER_RETRY_AFTER_MS,
			       .reason = "too many batches wait here" };
	AUTO_STRBUF frame = STRBUF_INIT;

	nng_msg_free(TAKE(slot->frame));
	wire_reply_encode(&reply, &frame, NULL);
	answer(slot, &frame);
}

/* False when there are too many of its kind. */
static bool enqueue(struct slot *slot)
{
	enum frame_kind kind = wire_frame_kind(nng_msg_body(slot->frame), nng_msg_len(slot->frame));
	struct desk *desk = slot->desk;
	struct queue *queue;
	bool taken;

	slot->queue = kind == FRAME_BULK ? QUEUE_BULK : QUEUE_ALERT;
	queue = &desk->queues[slot->queue];
	pthread_mutex_lock(&desk->mutex);
	taken = slot->queue != QUEUE_BULK || desk->bulk < RECEIVER_BULK_MAX;
	if (taken) {
		slot->state = SLOT_WAITING;
		slot->next = NULL;
		if (queue->last)
			queue->last->next = slot;
		else
			queue->first = slot;
		queue->last = slot;
		desk->bulk += slot->queue == QUEUE_BULK;
		pthread_cond_signal(&queue->changed);
	}
	pthread_mutex_unlock(&desk->mutex);
	return taken;
}

/* Called by nng when a frame came, or a reply has left. */
static void slot_step(void *context)
{
	struct slot *slot = context;
	int result = nng_aio_result(slot->aio);
	enum slot_state state;

	pthread_mutex_lock(&slot->desk->mutex);
	state = slot->state;
	if (state == SLOT_RECEIVING && (result == NNG_ECLOSED || result == NNG_ECANCELED))
		slot->state = SLOT_ENDED;
	pthread_mutex_unlock(&slot->desk->mutex);
	if (state == SLOT_REPLYING) {
		if (result)
			nng_msg_free(nng_aio_get_msg(slot->aio));
		receive(slot);
	} else if (result == 0) {
		slot->frame = nng_aio_get_msg(slot->aio);
		if (!enqueue(slot))
			turn_away(slot);
	} else if (result != NNG_ECLOSED && result != NNG_ECANCELED) {
		receive(slot);
	}
}

static struct slot *dequeue(struct desk *desk, enum queue_kind kind)
{
	struct queue *queue = &desk->queues[kind];
	struct slot *slot;

	pthread_mutex_lock(&desk->mutex);
	while (!queue->first && !desk->is_stopping)
		pthread_cond_wait(&queue->changed, &desk->mutex);
	slot = queue->first;
	if (slot) {
		queue->first = slot->next;
		if (!queue->first)
			queue->last = NULL;
	}
	pthread_mutex_unlock(&desk->mutex);
	return slot;
}

static void handle(struct slot *slot, struct strbuf *reply)
{
	struct desk *desk = slot->desk;
	struct peer peer;

	strbuf_clear(reply);
	/* without a connection there is nobody to take an answer: who sent it sends it again */
	if (peers_identify(desk->peers, nng_msg_get_pipe(slot->frame), &peer))
		desk->handler(desk->context, nng_msg_body(slot->frame), nng_msg_len(slot->frame), &peer, reply);
	nng_msg_free(TAKE(slot->frame));
	pthread_mutex_lock(&desk->mutex);
	desk->bulk -= slot->queue == QUEUE_BULK;
	pthread_mutex_unlock(&desk->mutex);
	answer(slot, reply);
}

static void *worker_run(void *context)
{
	AUTO_STRBUF reply = STRBUF_INIT;
	struct worker *worker = context;
	struct slot *slot;

	while ((slot = dequeue(worker->desk, worker->queue)))
		handle(slot, &reply);
	return NULL;
}

static int slot_open(struct slot *slot, struct desk *desk, nng_socket socket, struct err *err)
{
	int result = nng_ctx_open(&slot->ctx, socket);

	slot->desk = desk;
	if (result)
		return err_set(err, ERR_FAILED, "could not open a context: %s", nng_strerror(result));
	if (nng_aio_alloc(&slot->aio, slot_step, slot)) {
		nng_ctx_close(slot->ctx);
		return err_set(err, ERR_MEMORY, "no memory");
	}
	slot->is_open = true;
	return 0;
}

static int start_workers(struct desk *desk, struct err *err)
{
	size_t index = 0;

	for (int kind = 0; kind < QUEUE_COUNT; kind++) {
		for (size_t i = 0; i < worker_counts[kind]; i++) {
			struct worker *worker = &desk->workers[index++];

			worker->desk = desk;
			worker->queue = (enum queue_kind)kind;
			if (pthread_create(&worker->thread, NULL, worker_run, worker))
				return err_set(err, ERR_FAILED, "could not start a thread");
			worker->is_started = true;
		}
	}
	return 0;
}

int desk_open(nng_socket socket, const struct peers *peers, receiver_handler handler, void *context,
	      struct desk **ret, struct err *err)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	int code = 0;

	if (!desk)
		return err_set(err, ERR_MEMORY, "no memory");
	desk->peers = peers;
	desk->handler = handler;
	desk->context = context;
	pthread_mutex_init(&desk->mutex, NULL);
	for (int kind = 0; kind < QUEUE_COUNT; kind++)
		pthread_cond_init(&desk->queues[kind].changed, NULL);
	for (size_t i = 0; code == 0 && i < RECEIVER_SLOTS; i++)
		code = slot_open(&desk->slots[i], desk, socket, err);
	if (code == 0)
		code = start_workers(desk, err);
	if (code < 0) {
		desk_close(desk);
		return code;
	}
	for (size_t i = 0; i < RECEIVER_SLOTS; i++)
		receive(&desk->slots[i]);
	*ret = desk;
	return 0;
}

/* Ends the slots that receive; those with a frame end when their reply has left. */
static void stop_receiving(struct desk *desk)
{
	pthread_mutex_lock(&desk->mutex);
	desk->is_closing = true;
	pthread_mutex_unlock(&desk->mutex);
	for (size_t i = 0; i < RECEIVER_SLOTS; i++) {
		struct slot *slot = &desk->slots[i];
		bool is_idle;

		if (!slot->is_open)
			continue;
		pthread_mutex_lock(&desk->mutex);
		is_idle = slot->state == SLOT_RECEIVING;
		pthread_mutex_unlock(&desk->mutex);
		if (is_idle)
			nng_aio_cancel(slot->aio);
	}
}

static void stop_workers(struct desk *desk)
{
	pthread_mutex_lock(&desk->mutex);
	desk->is_stopping = true;
	for (int kind = 0; kind < QUEUE_COUNT; kind++)
		pthread_cond_broadcast(&desk->queues[kind].changed);
	pthread_mutex_unlock(&desk->mutex);
	for (size_t i = 0; i < ARRAY_SIZE(desk->workers); i++) {
		if (desk->workers[i].is_started)
			pthread_join(desk->workers[i].thread, NULL);
	}
}

void desk_close(struct desk *desk)
{
	if (!desk)
		return;
	stop_receiving(desk);
	stop_workers(desk);
	for (size_t i = 0; i < RECEIVER_SLOTS; i++) {
		struct slot *slot = &desk->slots[i];

		if (!slot->is_open)
			continue;
		nng_aio_wait(slot->aio);
		nng_aio_stop(slot->aio);
		nng_ctx_close(slot->ctx);
		nng_aio_free(slot->aio);
		if (slot->frame)
			nng_msg_free(slot->frame);
	}
	for (int kind = 0; kind < QUEUE_COUNT; kind++)
		pthread_cond_destroy(&desk->queues[kind].changed);
	pthread_mutex_destroy(&desk->mutex);
	free(desk);
}
