#include "bus/window.h"

#include <nng/protocol/reqrep0/req.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "bus/sender.h"
#include "wire/wire.h"

#define SLOTS (SENDER_WINDOW + SENDER_ALERT_WINDOW)

enum slot_state { SLOT_FREE, SLOT_SENDING, SLOT_WAITING, SLOT_DONE };

struct slot {
	struct window *window;
	nng_ctx ctx;
	nng_aio *aio;
	enum slot_state state;
	uint64_t epoch, number;
	int error;
	nng_msg *reply;
};

struct window {
	struct monitor *monitor;
	nng_duration timeout_ms;
	struct slot slots[SLOTS]; /* those of the bulk lane first */
	size_t opened;		  /* slots with a context */
};

static void slot_done(struct slot *slot, int error, nng_msg *reply)
{
	monitor_lock(slot->window->monitor);
	slot->error = error;
	slot->reply = reply;
	slot->state = SLOT_DONE;
	monitor_notify(slot->window->monitor);
	monitor_unlock(slot->window->monitor);
}

/* Called by nng when the frame is sent, and again when the reply is there. */
static void slot_step(void *context)
{
	struct slot *slot = context;
	int error = nng_aio_result(slot->aio);
	bool sent;

	monitor_lock(slot->window->monitor);
	sent = slot->state == SLOT_SENDING;
	if (sent && error == 0)
		slot->state = SLOT_WAITING;
	monitor_unlock(slot->window->monitor);
	if (sent && error == 0) {
		nng_ctx_recv(slot->ctx, slot->aio);
		return;
	}
	if (sent)
		nng_msg_free(nng_aio_get_msg(slot->aio));
	slot_done(slot, error, sent || error ? NULL : nng_aio_get_msg(slot->aio));
}

static int slot_open(struct slot *slot, nng_socket socket, nng_duration timeout_ms, struct err *err)
{
	int result = nng_ctx_open(&slot->ctx, socket);

	if (result)
		return err_set(err, ERR_FAILED, "could not open a context: %s", nng_strerror(result));
	result = nng_aio_alloc(&slot->aio, slot_step, slot);
	if (result) {
		nng_ctx_close(slot->ctx);
		return err_set(err, ERR_MEMORY, "could not open a context: %s", nng_strerror(result));
	}
	nng_aio_set_timeout(slot->aio, timeout_ms);
	return 0;
}

int window_open(nng_socket socket, struct monitor *monitor, int64_t timeout_ns, struct window **ret, struct err *err)
{
	struct window *window = calloc(1, sizeof(*window));

	if (!window)
		return err_set(err, ERR_MEMORY, "no memory");
	window->monitor = monitor;
	window->timeout_ms = (nng_duration)(timeout_ns / NS_PER_MS);
	while (window->opened < SLOTS) {
		struct slot *slot = &window->slots[window->opened];
		int code = slot_open(slot, socket, window->timeout_ms, err);

		if (code < 0) {
			window_close(window);
			return code;
		}
		slot->window = window;
		window->opened++;
	}
	*ret = window;
	return 0;
}

static struct slot *slot_in(const struct window *window, enum slot_state state)
{
	for (size_t i = 0; i < window->opened; i++) {
		if (window->slots[i].state == state)
			return (struct slot *)&window->slots[i];
	}
	return NULL;
}

static enum lane lane_of(const struct window *window, const struct slot *slot)
{
	return slot - window->slots < SENDER_WINDOW ? LANE_BULK : LANE_ALERT;
}

static struct slot *free_slot(const struct window *window, enum lane lane)
{
	for (size_t i = 0; i < window->opened; i++) {
		if (window->slots[i].state == SLOT_FREE && lane_of(window, &window->slots[i]) == lane)
			return (struct slot *)&window->slots[i];
	}
	return NULL;
}

bool window_free(const struct window *window, enum lane lane)
{
	return free_slot(window, lane) != NULL;
}

bool window_is_used(const struct window *window, enum lane lane)
{
	for (size_t i = 0; i < window->opened; i++) {
		if (window->slots[i].state != SLOT_FREE && lane_of(window, &window->slots[i]) == lane)
			return true;
	}
	return false;
}

bool window_finished(const struct window *window)
{
	return slot_in(window, SLOT_DONE) != NULL;
}

int window_send(struct window *window, enum lane lane, uint64_t epoch, uint64_t number, const struct strbuf *frame,
		struct err *err)
{
	struct slot *slot;
	nng_msg *message;

	if (nng_msg_alloc(&message, 0))
		return err_set(err, ERR_MEMORY, "no memory for a frame of %zu bytes", frame->length);
	if (nng_msg_append(message, frame->data, frame->length)) {
		nng_msg_free(message);
		return err_set(err, ERR_MEMORY, "no memory for a frame of %zu bytes", frame->length);
	}
	monitor_lock(window->monitor);
	slot = free_slot(window, lane);
	if (slot) {
		slot->state = SLOT_SENDING;
		slot->epoch = epoch;
		slot->number = number;
	}
	monitor_unlock(window->monitor);
	if (!slot) {
		nng_msg_free(message);
		return err_set(err, ERR_AGAIN, "there is no place for one more batch");
	}
	nng_aio_set_msg(slot->aio, message);
	nng_ctx_send(slot->ctx, slot->aio);
	return 0;
}

bool window_take(struct window *window, struct arena *arena, struct delivery *ret)
{
	struct slot *slot;
	nng_msg *reply = NULL;

	monitor_lock(window->monitor);
	slot = slot_in(window, SLOT_DONE);
	if (slot) {
		*ret = (struct delivery){ .epoch = slot->epoch,
					  .number = slot->number,
					  .lane = lane_of(window, slot),
					  .error = slot->error };
		reply = TAKE(slot->reply);
		slot->state = SLOT_FREE;
	}
	monitor_unlock(window->monitor);
	if (!slot)
		return false;
	if (reply) {
		ret->malformed = wire_reply_decode(nng_msg_body(reply), nng_msg_len(reply), arena, &ret->reply,
						   &ret->reply_error) < 0;
		nng_msg_free(reply);
	}
	return true;
}

void window_close(struct window *window)
{
	if (!window)
		return;
	for (size_t i = 0; i < window->opened; i++) {
		struct slot *slot = &window->slots[i];

		nng_aio_stop(slot->aio);
		nng_ctx_close(slot->ctx);
		nng_aio_free(slot->aio);
		if (slot->reply)
			nng_msg_free(slot->reply);
	}
	free(window);
}
