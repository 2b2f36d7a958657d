/*
 * call_pool.h: memory for the calls that a tracer's threads have entered and not left, kept for the next ones.
 */
#pragma once

/* Of all tracers of the process together, about 17 KiB each: a crowd of threads that all wait in open() must not eat the memory. */
#define PENDING_CALLS_MAX 4096

struct pending_call;

/* Zeroed it is empty. Each tracer has its own. */
struct call_pool {
	struct pending_call *spare;
};

struct pending_call *
call_pool_take(struct call_pool *pool); /* not zeroed; NULL if there are too many, or no memory */
void call_pool_give(struct call_pool *pool, struct pending_call *call);
void call_pool_fini(struct call_pool *pool); /* all that were taken must have been given */
