#include "agent/sensor/trace/call_pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "agent/sensor/trace/call.h"

static _Atomic size_t made; /* by all pools */

struct pending_call *call_pool_take(struct call_pool *pool)
{
	struct pending_call *call = pool->spare;

	if (call) {
		pool->spare = call->next;
		return call;
	}
	if (atomic_fetch_add(&made, 1) < PENDING_CALLS_MAX && (call = malloc(sizeof(*call))))
		return call;
	made--;
	return NULL;
}

void call_pool_give(struct call_pool *pool, struct pending_call *call)
{
	call->next = pool->spare;
	pool->spare = call;
}

void call_pool_fini(struct call_pool *pool)
{
	while (pool->spare) {
		struct pending_call *next = pool->spare->next;

		free(pool->spare);
		made--;
		pool->spare = next;
	}
}
