#include "bus/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "bus/address.h"
#include "bus/link.h"
#include "bus/monitor.h"
#include "bus/pause.h"
#include "bus/spool.h"
#include "bus/window.h"
#include "wire/wire.h"

#define ERROR_PAUSE_MS	100
#define HEAD_SIZE_GUESS (16u << 10) /* origin and drops, when room is made for a batch */

/* monitor guards everything behind it. Lock order: nothing of nng is called with it held. */
struct sender {
	struct sender_conf conf;
	char *url;
	struct link *link;
	struct window *window;
	pthread_t thread;
	bool thread_started;

	struct monitor monitor;
	struct spool spool;
	struct strbuf events; /* the open batch, as wire_events_add() makes it */
	size_t event_count;
	enum lane lane;	     /* of the open batch: an alert takes along what is before it */
	int64_t cut_due_ns;  /* monotonic; when the open batch is cut at the latest */
	int64_t last_cut_ns; /* since 1970 */
	struct pause pause;
	uint64_t acked, rejected;
	int64_t clock_offset_ns;
	bool is_leaving;
	char last_error[sizeof(((struct sender_state *)NULL)->last_error)];
	bool stopping;
};

static void set_error(struct sender *sender, const char *text)
{
	snprintf(sender->last_error, sizeof(sender->last_error), "%s", text);
}

static void note_unwritten(struct sender *sender, int64_t since_ns)
{
	_Atomic int64_t *unwritten_ns = sender->conf.unwritten_ns;

	if (unwritten_ns && since_ns > 0 && (!*unwritten_ns || since_ns < *unwritten_ns))
		*unwritten_ns = since_ns;
}

static void lose_open_batch(struct sender *sender)
{
	drops_add(&sender->spool.drops,
		  &(struct drop){ "spool-failed", sender->event_count, sender->last_cut_ns, time_now_ns() });
	strbuf_clear(&sender->events);
	sender->event_count = 0;
}

static void begin_batch(const struct sender *sender, struct batch *ret)
{
	const struct spool *spool = &sender->spool;

	*ret = (struct batch){ .lane = sender->lane,
			       .epoch = spool->epoch,
			       .batch_no = spool->next_number,
			       .oldest_waiting = spool_oldest(spool),
			       .sent_ns = time_now_ns(),
			       .clock_offset_ns = sender->clock_offset_ns,
			       .is_last = sender->is_leaving,
			       .origin = sender->conf.origin,
			       .drops = spool->drops.list,
			       .drop_count = spool->drops.count,
			       .event_count = sender->event_count };
	memcpy(ret->stream_id, spool->stream_id, STREAM_ID_SIZE);
}

static int put_batch(struct sender *sender, const struct batch *batch, struct err *err)
{
	struct spool *spool = &sender->spool;
	struct spool_batch entry = { .epoch = batch->epoch,
				     .number = batch->batch_no,
				     .alerts = batch->lane == LANE_ALERT,
				     .events = (uint32_t)batch->event_count,
				     .first_seq = spool->next_seq - batch->event_count };
	AUTO_STRBUF frame = STRBUF_INIT;
	struct drops declared = spool->drops;
	int code = wire_events_seal(batch, &sender->events, &frame, err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < batch->drop_count; i++)
		entry.declares += batch->drops[i].count;
	/* what spool_put() has to drop for want of room belongs to the next batch */
	drops_clear(&spool->drops);
	code = spool_put(spool, &entry, &frame, err);
	if (code < 0)
		drops_carry_all(&spool->drops, &declared);
	return code;
}

/* Cuts the open batch and writes it to the spool. If that fails, its events are counted as lost. */
static int cut(struct sender *sender, struct err *err)
{
	struct batch batch;
	int code = spool_make_room(&sender->spool, (int64_t)sender->events.length + HEAD_SIZE_GUESS, err);

	begin_batch(sender, &batch);
	if (code == 0)
		code = put_batch(sender, &batch, err);
	if (code < 0) {
		set_error(sender, err->message);
		lose_open_batch(sender);
	}
	strbuf_clear(&sender->events);
	sender->event_count = 0;
	if (sender->conf.unwritten_ns)
		*sender->conf.unwritten_ns = 0;
	note_unwritten(sender, drops_since(&sender->spool.drops));
	sender->lane = LANE_BULK;
	sender->last_cut_ns = batch.sent_ns;
	sender->cut_due_ns = time_monotonic_ns() + sender->conf.flush_ns;
	monitor_notify(&sender->monitor);
	return code;
}

/* A declaration alone waits while batches do: it must not push events out of a full spool. */
static bool worth_cutting(const struct sender *sender)
{
	return sender->event_count || (sender->spool.drops.count && !sender->spool.count);
}

static int cut_if_any(struct sender *sender, struct err *err)
{
	return sender->event_count || sender->spool.drops.count ? cut(sender, err) : 0;
}

/* What belongs to another is of a spool that was copied, or outlived its agent's identity: this agent goes on under a new name. */
static void take_rejection(struct sender *sender, struct spool_batch *batch, const struct reply *reply)
{
	bool is_of_stream = batch->epoch == sender->spool.epoch;
	struct err err;

	spool_reject(&sender->spool, batch);
	if (reply->code == REJECT_FOREIGN_STREAM && is_of_stream && spool_begin_stream(&sender->spool, &err) < 0)
		set_error(sender, err.message);
}

static void take_reply(struct sender *sender, struct spool_batch *batch, const struct reply *reply)
{
	const char *reason = reply->reason ? reply->reason : "no reason given";

	switch (reply->kind) {
	case REPLY_ACK:
		sender->acked++;
		pause_acked(&sender->pause, batch->alerts ? LANE_ALERT : LANE_BULK);
		spool_remove(&sender->spool, batch);
		sender->last_error[0] = '\0';
		break;
	case REPLY_RETRY:
		batch->busy = false;
		if (batch->alerts || reply->batch_no)
			pause_lane(&sender->pause, batch->alerts ? LANE_ALERT : LANE_BULK, reply->retry_after_ms);
		else
			pause_put_off(&sender->pause, reply->retry_after_ms);
		snprintf(sender->last_error, sizeof(sender->last_error), "the collector asks to wait: %s", reason);
		break;
	case REPLY_REJECT:
		sender->rejected++;
		snprintf(sender->last_error, sizeof(sender->last_error),
			 "the collector rejected batch %" PRIu64 ": %s", batch->number, reason);
		take_rejection(sender, batch, reply);
		break;
	}
}

/* With the monitor locked. */
static void take_delivery(struct sender *sender, const struct delivery *delivery)
{
	struct spool_batch *batch = spool_find(&sender->spool, delivery->epoch, delivery->number);
	bool answers = !delivery->error && !delivery->malformed;

	if (!batch)
		return;
	batch->busy = false;
	if (answers && delivery->reply.server_ns)
		sender->clock_offset_ns = delivery->reply.server_ns - time_now_ns();
	/* who cannot read a frame, or puts it off unread, does not know its number */
	if (answers && delivery->reply.batch_no != batch->number &&
	    !(delivery->reply.kind != REPLY_ACK && !delivery->reply.batch_no)) {
		set_error(sender, "the collector's reply is about another batch");
		pause_lane(&sender->pause, delivery->lane, 0);
	} else if (answers) {
		take_reply(sender, batch, &delivery->reply);
	} else if (delivery->malformed) {
		set_error(sender, delivery->reply_error.message);
		pause_lane(&sender->pause, delivery->lane, 0);
	} else if (delivery->error != NNG_ETIMEDOUT) {
		pause_lane(&sender->pause, delivery->lane, ERROR_PAUSE_MS);
	}
}

static void take_deliveries(struct sender *sender)
{
	struct delivery delivery;
	bool overdue = false;

	for (;;) {
		AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };

		if (!window_take(sender->window, &arena, &delivery))
			break;
		overdue |= delivery.error == NNG_ETIMEDOUT;
		if (sender->conf.heard && !delivery.error && !delivery.malformed)
			sender->conf.heard(sender->conf.heard_context, &delivery.reply);
		monitor_lock(&sender->monitor);
		take_delivery(sender, &delivery);
		monitor_notify(&sender->monitor);
		monitor_unlock(&sender->monitor);
	}
	if (overdue)
		link_restart(sender->link);
}

/* With the monitor locked: a batch of the lane that could go now, or NULL; until says when one may, if that is a matter of time. */
static struct spool_batch *sendable(struct sender *sender, enum lane lane, int64_t *ret_until)
{
	struct spool_batch *batch = spool_next(&sender->spool, lane == LANE_ALERT);

	if (!batch || !link_connected(sender->link) || !window_free(sender->window, lane))
		return NULL;
	if (pause_tries(&sender->pause, lane) && window_is_used(sender->window, lane))
		return NULL;
	if (time_monotonic_ns() >= sender->pause.until_ns[lane])
		return batch;
	if (sender->pause.until_ns[lane] < *ret_until)
		*ret_until = sender->pause.until_ns[lane];
	return NULL;
}

/* Puts the lane's oldest waiting batch on its way. False if there is nothing to do. */
static bool send_one(struct sender *sender, enum lane lane)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct spool_batch *batch, sent;
	int64_t until = INT64_MAX;
	struct err err;

	monitor_lock(&sender->monitor);
	batch = sendable(sender, lane, &until);
	if (!batch) {
		monitor_unlock(&sender->monitor);
		return false;
	}
	sent = *batch;
	if (spool_read(&sender->spool, batch, &frame, &err) < 0) {
		set_error(sender, err.message);
		monitor_unlock(&sender->monitor);
		return true;
	}
	batch->busy = true;
	monitor_unlock(&sender->monitor);
	if (window_send(sender->window, lane, sent.epoch, sent.number, &frame, &err) == 0)
		return true;
	monitor_lock(&sender->monitor);
	batch = spool_find(&sender->spool, sent.epoch, sent.number);
	if (batch)
		batch->busy = false;
	set_error(sender, err.message);
	monitor_unlock(&sender->monitor);
	return false;
}

/* With the monitor locked: until something may be done. */
static void wait_for_work(struct sender *sender)
{
	int64_t now = time_monotonic_ns();
	int64_t until = now + sender->conf.watchdog_ns;

	if (window_finished(sender->window))
		return;
	for (enum lane lane = 0; lane < LANES; lane++) {
		if (sendable(sender, lane, &until))
			return;
	}
	if (worth_cutting(sender) && sender->cut_due_ns < until)
		until = sender->cut_due_ns;
	if (until > now)
		monitor_wait(&sender->monitor, until);
}

static void *sender_run(void *context)
{
	struct sender *sender = context;
	struct err err;
	bool stopping;

	do {
		take_deliveries(sender);
		/* alerts first, and again after each batch of bulk */
		while (send_one(sender, LANE_ALERT) || send_one(sender, LANE_BULK))
			;
		monitor_lock(&sender->monitor);
		note_unwritten(sender, drops_since(&sender->spool.drops));
		if (!sender->stopping)
			wait_for_work(sender);
		if (worth_cutting(sender) && sender->cut_due_ns <= time_monotonic_ns())
			cut(sender, &err);
		stopping = sender->stopping;
		monitor_unlock(&sender->monitor);
	} while (!stopping);
	take_deliveries(sender);
	return NULL;
}

static void set_conf(struct sender *sender, const struct sender_conf *conf)
{
	sender->conf = *conf;
	if (!sender->conf.spool_max)
		sender->conf.spool_max = SENDER_SPOOL_MAX_DEFAULT;
	if (!sender->conf.flush_ns)
		sender->conf.flush_ns = SENDER_FLUSH_DEFAULT_NS;
	if (!sender->conf.watchdog_ns)
		sender->conf.watchdog_ns = SENDER_WATCHDOG_DEFAULT_NS;
	strbuf_init(&sender->events, STRBUF_MAX_DEFAULT);
	sender->last_cut_ns = time_now_ns();
}

/* It is not forgotten before a batch declares it: this process may end as the one before did. */
static void declare_unwritten(struct sender *sender)
{
	int64_t since_ns = sender->conf.unwritten_ns ? *sender->conf.unwritten_ns : 0;

	if (since_ns)
		drops_add(&sender->spool.drops,
			  &(struct drop){ sender->conf.unwritten_reason, 1, since_ns, time_now_ns() });
}

static int sender_start(struct sender *sender, struct err *err)
{
	int code = sender->url ? 0 : err_set(err, ERR_MEMORY, "no memory");

	if (code == 0)
		code = spool_open(&sender->spool, sender->conf.spool, sender->conf.spool_max, err);
	if (code == 0)
		declare_unwritten(sender);
	if (code == 0)
		code = link_open(sender->url, sender->conf.tls, &sender->monitor, &sender->link, err);
	if (code == 0)
		code = window_open(link_socket(sender->link), &sender->monitor, sender->conf.watchdog_ns,
				   &sender->window, err);
	if (code == 0 && pthread_create(&sender->thread, NULL, sender_run, sender))
		code = err_set(err, ERR_FAILED, "could not start a thread");
	sender->thread_started = code == 0;
	return code;
}

static int check_conf(const struct sender_conf *conf, struct err *err)
{
	int code = address_check(conf->url, err);

	if (code == 0 && address_is_tls(conf->url) != (conf->tls != NULL))
		code = err_set(err, ERR_USAGE, "cannot send to \"%s\": TLS is for tls+tcp:// and nothing else",
			       conf->url);
	return code;
}

int sender_open(const struct sender_conf *conf, struct sender **ret, struct err *err)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int code;

	if (!sender)
		return err_set(err, ERR_MEMORY, "no memory");
	code = check_conf(conf, err);
	if (code < 0) {
		free(sender);
		return code;
	}
	monitor_init(&sender->monitor);
	set_conf(sender, conf);
	sender->url = strdup(conf->url);
	code = sender_start(sender, err);
	if (code < 0) {
		sender_close(sender);
		return code;
	}
	*ret = sender;
	return 0;
}

/* When the open batch, which has one more event, is cut; alerts that come together go together. */
static void note_due(struct sender *sender, bool has_alert)
{
	int64_t now = time_monotonic_ns();

	if (sender->event_count == 1)
		sender->cut_due_ns = now + sender->conf.flush_ns;
	if (has_alert && sender->lane == LANE_BULK) {
		sender->lane = LANE_ALERT;
		if (now + SENDER_ALERT_FLUSH_NS < sender->cut_due_ns)
			sender->cut_due_ns = now + SENDER_ALERT_FLUSH_NS;
	} else if (sender->event_count > 1) {
		return;
	}
	monitor_notify(&sender->monitor);
}

/* With the monitor locked. An event too large to travel is counted as lost, for it would never arrive. */
static int add_locked(struct sender *sender, const struct event *event, bool urgent, struct err *err)
{
	AUTO_STRBUF encoded = STRBUF_INIT;
	struct event numbered = *event;
	struct err local;
	int code = 0;

	numbered.seq = sender->spool.next_seq++;
	numbered.encoded = NULL;
	if (wire_events_add(&encoded, &numbered, &local) < 0) {
		int64_t at = event->time_ns;

		sender->spool.next_seq--;
		drops_add(&sender->spool.drops, &(struct drop){ "event-too-large", 1, at, at });
		set_error(sender, local.message);
		return 0;
	}
	if (sender->event_count && sender->events.length + encoded.length > BATCH_SIZE_MAX) {
		sender->spool.next_seq--;
		code = cut(sender, err);
		sender->spool.next_seq++;
	}
	note_unwritten(sender, event->time_ns);
	strbuf_add(&sender->events, encoded.data, encoded.length);
	sender->event_count++;
	note_due(sender, event->alert_count > 0);
	if (urgent || sender->event_count >= BATCH_EVENTS_MAX || sender->events.length >= BATCH_SIZE_MAX)
		return cut(sender, err);
	return code;
}

int sender_add(struct sender *sender, const struct event *event, bool urgent, struct err *err)
{
	struct err local;
	int code;

	monitor_lock(&sender->monitor);
	code = add_locked(sender, event, urgent, err ? err : &local);
	monitor_unlock(&sender->monitor);
	return code;
}

void sender_origin(struct sender *sender, const struct origin *origin)
{
	struct err err;

	monitor_lock(&sender->monitor);
	if (sender->event_count)
		cut(sender, &err);
	sender->conf.origin = *origin;
	monitor_unlock(&sender->monitor);
}

void sender_drop(struct sender *sender, const char *reason, uint64_t count)
{
	int64_t from_ns;

	monitor_lock(&sender->monitor);
	from_ns = sender->last_cut_ns;
	monitor_unlock(&sender->monitor);
	sender_drop_since(sender, reason, count, from_ns);
}

void sender_drop_since(struct sender *sender, const char *reason, uint64_t count, int64_t from_ns)
{
	sender_drop_between(sender, reason, count, from_ns, time_now_ns());
}

void sender_drop_between(struct sender *sender, const char *reason, uint64_t count, int64_t from_ns, int64_t until_ns)
{
	monitor_lock(&sender->monitor);
	drops_add(&sender->spool.drops, &(struct drop){ reason, count, from_ns, until_ns });
	note_unwritten(sender, drops_since(&sender->spool.drops));
	monitor_notify(&sender->monitor);
	monitor_unlock(&sender->monitor);
}

/* With the monitor locked. */
static const char *describe_trouble(const struct sender *sender, char *out, size_t size)
{
	const char *reason = link_reason(sender->link);

	if (!link_connected(sender->link))
		snprintf(out, size, "could not reach the collector at \"%s\": %s", sender->url,
			 reason[0] ? reason : "no answer yet");
	else
		snprintf(out, size, "%s", sender->last_error);
	return out;
}

/* With the monitor locked. A damaged batch shows only when it is to be sent: its loss is still to be told then. */
static bool is_anything_owed(const struct sender *sender)
{
	return sender->spool.count || sender->spool.drops.count;
}

void sender_goodbye(struct sender *sender)
{
	struct err err;

	monitor_lock(&sender->monitor);
	cut_if_any(sender, &err);
	sender->is_leaving = true;
	cut(sender, &err);
	sender->is_leaving = false;
	monitor_unlock(&sender->monitor);
}

int sender_flush(struct sender *sender, int64_t timeout_ns, struct err *err)
{
	int64_t deadline = time_monotonic_ns() + timeout_ns;
	char trouble[sizeof(sender->last_error)];
	struct err local;
	int code;

	monitor_lock(&sender->monitor);
	code = cut_if_any(sender, err ? err : &local);
	while (code == 0 && is_anything_owed(sender) && time_monotonic_ns() < deadline)
		monitor_wait(&sender->monitor, deadline);
	if (code == 0 && is_anything_owed(sender)) {
		describe_trouble(sender, trouble, sizeof(trouble));
		code = err_set(err, ERR_UNREACHABLE, "%s", trouble);
		if (!trouble[0])
			err_set(err, ERR_UNREACHABLE,
				"the collector at \"%s\" has not acknowledged %zu batches in time", sender->url,
				sender->spool.count);
	}
	monitor_unlock(&sender->monitor);
	return code;
}

void sender_state(struct sender *sender, struct sender_state *ret)
{
	monitor_lock(&sender->monitor);
	*ret = (struct sender_state){
		.connected = link_connected(sender->link),
		.next_seq = sender->spool.next_seq,
		.batches_spooled = sender->spool.count,
		.batches_acked = sender->acked,
		.batches_rejected = sender->rejected,
		.batches_corrupt = sender->spool.corrupt,
		.events_dropped = sender->spool.drops.total,
		.clock_offset_ns = sender->clock_offset_ns,
	};
	describe_trouble(sender, ret->last_error, sizeof(ret->last_error));
	monitor_unlock(&sender->monitor);
}

void sender_close(struct sender *sender)
{
	struct err err;

	if (!sender)
		return;
	if (sender->thread_started) {
		monitor_lock(&sender->monitor);
		cut_if_any(sender, &err);
		sender->stopping = true;
		monitor_notify(&sender->monitor);
		monitor_unlock(&sender->monitor);
		pthread_join(sender->thread, NULL);
	}
	window_close(sender->window);
	link_close(sender->link);
	spool_close(&sender->spool);
	strbuf_fini(&sender->events);
	monitor_fini(&sender->monitor);
	free(sender->url);
	free(sender);
}
