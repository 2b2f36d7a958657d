/*
 * ledger.h: what one sender was given, and what became of it, written down outside of it: the truth a checker compares with.
 *
 * Each event has a number of its own, its mark, which goes on over restarts. The lines are written at once, so they survive
 * kill -9; FILE.handed holds the highest mark of each sender in the same way. One line for each step of a batch:
 *
 *   put SENDER EPOCH BATCH MARKS...   it is on disk with these events ("1-20,22"), and must not be lost any more
 *   ack SENDER EPOCH BATCH            the collector has acknowledged it
 *   rej SENDER EPOCH BATCH            the collector has refused it
 *   drop SENDER EPOCH BATCH           the spool gave it up for want of room
 *   fail SENDER MARKS...              could not be put on disk, or are too large to travel: given up
 *   cut SENDER MARK                   marks below were never put when the generator was killed
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sender;
struct event;

#define LEDGER_SENDERS_MAX 1000

/* Opens or continues FILE and FILE.handed for so many senders. Errors: ERR_FAILED. */
int ledger_open(const char *path, size_t senders, struct err *err);

/* The next mark of a sender: counted as handed over from now on. Only the thread that adds events may call it. */
uint64_t ledger_next(size_t sender);

/* Says whose event the next sender_add() of this thread is, and its mark. */
void ledger_adds(size_t sender, uint64_t mark);

/* Marks handed over up to now, of all senders. */
uint64_t ledger_handed(void);
