/*
 * world.h: a sender and a collector that remembers what it was given and answers as it is told, on a real connection.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/time.h"
#include "bus/monitor.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "tests/support/sample.h"
#include "wire/wire.h"

#define PATIENCE_NS (60 * NS_PER_S) /* ends a test that would hang; nothing waits for it */
#define SEEN_MAX    256
#define SILENCE	    ((enum reply_kind)99) /* an answer that is none */

struct seen {
	uint64_t epoch, number, first_seq, drops, oldest_waiting;
	size_t events;
	enum lane lane;
	bool is_last;
};

/* A collector that remembers what it was given; answers[n] is what it says to the n-th frame, later ones are acked. */
struct collector {
	struct monitor monitor;
	struct receiver *receiver;
	enum reply_kind answers[8];
	size_t frames;
	bool holds_bulk;	    /* puts bulk off until an alert has come */
	struct seen seen[SEEN_MAX]; /* accepted */
	size_t count;
	char error[ERR_MESSAGE_MAX]; /* of the last bad frame */
};

struct world {
	char folder[64];
	char url[128];
	char spool[80];
	struct arena arena;
	struct collector collector;
	struct sender *sender;
};

int world_setup(void **state);
int world_teardown(void **state);
/* A port that is free now, instead of a socket in the folder. */
void use_tcp(struct world *world);
void collector_open(struct world *world);
void sender_begin(struct world *world);
void sender_begin_sized(struct world *world, int64_t spool_max);
void sender_end(struct world *world);
/* One batch of one event. */
void send_event(struct world *world, struct event (*make)(struct arena *, uint64_t), uint64_t number);
/* Events that the collector was told are lost. */
uint64_t collector_drops(const struct collector *collector);

/* Until all is acknowledged. */
void flush(struct world *world);
/* Runs a command whose one %s is path. */
void shell(const char *format, const char *path);
/* What such a command prints, as a number. */
long count_files(const char *format, const char *path);

/* What a collector says to a frame: the handler of its receiver; context is a struct collector. */
void collector_answer(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply);

/* A row of a list of tests. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
