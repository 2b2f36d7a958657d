#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bus/peer.h"
#include "collector/intake/intake.h"
#include "collector/signals.h"
#include "collector/store/rights.h"
#include "fixture.h"
#include "model/tenant.h"
#include "wire/wire.h"

#define SENDERS	       3
#define SENDER_BATCHES 30
#define KILLS	       3
#define TRIES_MAX      2000

static struct fixture f;
static struct intake *intake;

/* Hands a frame to the intake; the reason of the reply is copied out. */
static struct reply hand_in(const struct strbuf *frame, char *reason, size_t size)
{
	AUTO_STRBUF answer = STRBUF_INIT;
	const struct peer peer = { .tenant = TENANT_LOCAL, .address = "test" };
	struct reply reply = { 0 };
	struct err err = { 0 };
	AUTO_ARENA arena;

	arena_init(&arena, 1u << 20);
	intake_handle(intake, frame->data, frame->length, &peer, &answer);
	if (wire_reply_decode(answer.data, answer.length, &arena, &reply, &err) < 0)
		fprintf(stderr, "%s\n", err.message);
	snprintf(reason, size, "%s", reply.reason ? reply.reason : "");
	reply.reason = reason;
	return reply;
}

static void a_batch_is_acknowledged_and_its_repetition_too(void **state UNUSED)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	char reason[256];

	story_encode(&(struct story){ .stream = 1, .batch_no = 1, .rules = "v1" }, &frame);
	for (int i = 0; i < 2; i++) {
		struct reply reply = hand_in(&frame, reason, sizeof(reason));

		assert_int_equal(reply.kind, REPLY_ACK);
		assert_int_equal(reply.batch_no, 1);
	}
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event"), STORY_EVENTS);
}

static void a_frame_that_cannot_be_understood_is_kept_and_refused(void **state UNUSED)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct reply reply;
	char reason[256];

	story_encode(&(struct story){ .stream = 1, .batch_no = 2 }, &frame);
	frame.data[frame.length / 2] ^= 1;
	for (int i = 0; i < 2; i++) {
		reply = hand_in(&frame, reason, sizeof(reason));
		assert_int_equal(reply.kind, REPLY_REJECT);
		assert_non_null(strstr(reason, "checksum"));
	}
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM dead_letter WHERE reason LIKE '%checksum%'"),
			 1);
	assert_int_equal(fixture_number(f.store, "SELECT max(length(raw)) FROM dead_letter"), frame.length);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event"), STORY_EVENTS);
}

static void the_empty_frame_is_refused(void **state UNUSED)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	char reason[256];

	assert_int_equal(hand_in(&frame, reason, sizeof(reason)).kind, REPLY_REJECT);
}

static void without_database_senders_are_told_to_try_again(void **state UNUSED)
{
	AUTO_STRBUF frame = STRBUF_INIT, bad = STRBUF_INIT;
	struct err err = { 0 };
	struct reply reply;
	char reason[256];

	story_encode(&(struct story){ .stream = 1, .batch_no = 3 }, &frame);
	strbuf_adds(&bad, "not a frame");
	server_stop(&f.server);
	reply = hand_in(&frame, reason, sizeof(reason));
	assert_int_equal(reply.kind, REPLY_RETRY);
	assert_int_equal(reply.retry_after_ms, INTAKE_RETRY_AFTER_MS);
	/* What cannot be kept as dead letter must not be refused: it would be lost. */
	assert_int_equal(hand_in(&bad, reason, sizeof(reason)).kind, REPLY_RETRY);
	assert_int_equal(server_start(&f.server, &f.cluster, &err), 0);
	assert_int_equal(hand_in(&frame, reason, sizeof(reason)).kind, REPLY_ACK);
	assert_int_equal(hand_in(&bad, reason, sizeof(reason)).kind, REPLY_REJECT);
	assert_int_equal(store_check(f.store, &err), 0);
}

struct sender {
	pthread_t thread;
	uint8_t stream;
	atomic_int acked;
	atomic_bool is_stuck;
};

static void *send_until_acked(void *context)
{
	struct sender *sender = context;

	for (uint64_t batch_no = 1; batch_no <= SENDER_BATCHES; batch_no++) {
		AUTO_STRBUF frame = STRBUF_INIT;
		char reason[256];
		int tries = 0;

		story_encode(&(struct story){ .stream = sender->stream, .batch_no = batch_no, .rules = "v1" },
			     &frame);
		while (hand_in(&frame, reason, sizeof(reason)).kind != REPLY_ACK) {
			if (++tries == TRIES_MAX) {
				sender->is_stuck = true;
				return NULL;
			}
			/* Pacing only: what is checked does not depend on it. */
			usleep(20000);
		}
		atomic_fetch_add(&sender->acked, 1);
	}
	return NULL;
}

static int acked_by_all(struct sender *senders)
{
	int acked = 0;

	for (size_t i = 0; i < SENDERS; i++)
		acked += atomic_load(&senders[i].acked);
	return acked;
}

static void a_killed_database_loses_nothing_that_was_acknowledged(void **state UNUSED)
{
	struct sender senders[SENDERS] = { 0 };
	int kills = 0;

	for (uint8_t i = 0; i < SENDERS; i++) {
		senders[i].stream = (uint8_t)(40 + i);
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_until_acked, &senders[i]), 0);
	}
	for (int acked = 0; acked < SENDERS * SENDER_BATCHES; acked = acked_by_all(senders)) {
		bool is_stuck = false;

		if (kills < KILLS && f.server.pid && acked > (kills + 1) * SENDERS * SENDER_BATCHES / (KILLS + 2)) {
			kill(f.server.pid, SIGKILL);
			kills++;
		}
		signals_wait(20);
		server_watch(&f.server, 1000);
		for (size_t i = 0; i < SENDERS; i++)
			is_stuck |= senders[i].is_stuck;
		if (is_stuck)
			break;
	}
	for (size_t i = 0; i < SENDERS; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_false(senders[i].is_stuck);
	}
	assert_int_equal(kills, KILLS);
	assert_int_equal(store_check(f.store, &(struct err){ 0 }), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM ingest_batch WHERE stream_id::text >= '28'"),
			 SENDERS * SENDER_BATCHES);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event WHERE stream_id::text >= '28'"),
			 SENDERS * SENDER_BATCHES * STORY_EVENTS);
	assert_int_equal(fixture_number(f.store,
					"SELECT count(*) FROM alert WHERE event_id IN (SELECT event_id FROM event "
					"WHERE stream_id::text >= '28')"),
			 SENDERS * SENDER_BATCHES * STORY_EVENTS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_acknowledged_and_its_repetition_too),
		cmocka_unit_test(a_frame_that_cannot_be_understood_is_kept_and_refused),
		cmocka_unit_test(the_empty_frame_is_refused),
		cmocka_unit_test(without_database_senders_are_told_to_try_again),
		cmocka_unit_test(a_killed_database_loses_nothing_that_was_acknowledged),
	};
	struct err err = { 0 };
	int failed;

	fixture_open(&f);
	if (rights_prepare(f.store, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	if (intake_new(f.conninfo, RIGHTS_WRITER, &intake, &err) < 0 || intake_prepare(intake, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	intake_free(intake);
	fixture_close(&f);
	return failed;
}
