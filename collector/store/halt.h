/*
 * halt.h: works on the database that may take long (an archive, a restore, a rebuild, upkeep) end early when the collector is told to
 * stop: at their next step, or in the middle of a statement, whose transaction is rolled back.
 *
 * A work says so before it begins and when it has ended; any thread may ask for the end of all.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define HALT_WORKS_MAX 8 /* at once; the API has two connections for them, upkeep one */
#define HALT_WAIT_S                                                                                                  \
	30 /* for all to end; what a statement cannot be broken off in (a disk that does not answer) takes longer */

struct store;
struct halt;
struct halt_work;

struct halt *halt_new(void);	   /* NULL without memory */
void halt_free(struct halt *halt); /* no work may be left; accepts NULL */

/*
 * The work is done by this thread, on this connection and no other. Errors: ERR_AGAIN once the end was asked for, or when too many
 * are at work; ERR_MEMORY. With halt NULL nothing happens, *ret is NULL.
 */
int halt_enter(struct halt *halt, struct store *store, struct halt_work **ret, struct err *err);
void halt_leave(struct halt *halt, struct halt_work *work); /* accepts NULL */

/* 0, or ERR_AGAIN once the end was asked for; halt may be NULL. For between two steps. */
int halt_check(const struct halt *halt, struct err *err);

/* Asks for the end of all works, again and again, until none is left or HALT_WAIT_S have passed; says which it was. No work begins any more. */
bool halt_all(struct halt *halt);
