#include "collector/store/pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

struct pool {
	char *conninfo;
	const char *role;
	pthread_mutex_t mutex; /* guards: idle, idle_count, left */
	pthread_cond_t freed;
	struct store *idle[POOL_SIZE_MAX];
	size_t idle_count;
	size_t left; /* connections that may still be made */
};

struct pool *pool_new(const char *conninfo, size_t size)
{
	return pool_new_as(conninfo, NULL, size);
}

struct pool *pool_new_as(const char *conninfo, const char *role, size_t size)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->conninfo = strdup(conninfo);
	if (!pool->conninfo) {
		free(pool);
		return NULL;
	}
	pool->role = role;
	pool->left = size < POOL_SIZE_MAX ? size : POOL_SIZE_MAX;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->freed, NULL);
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->idle_count; i++)
		store_close(pool->idle[i]);
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->conninfo);
	free(pool);
}

static void pool_return(struct pool *pool, struct store *store)
{
	pthread_mutex_lock(&pool->mutex);
	if (store)
		pool->idle[pool->idle_count++] = store;
	else
		pool->left++;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->mutex);
}

int pool_take(struct pool *pool, struct store **ret, struct err *err)
{
	struct store *store = NULL;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->idle_count && !pool->left)
		pthread_cond_wait(&pool->freed, &pool->mutex);
	if (pool->idle_count)
		store = pool->idle[--pool->idle_count];
	else
		pool->left--;
	pthread_mutex_unlock(&pool->mutex);
	if (!store && store_open_as(pool->conninfo, pool->role, &store, err) < 0) {
		pool_return(pool, NULL);
		return err->code;
	}
	*ret = store;
	return 0;
}

void pool_give(struct pool *pool, struct store *store)
{
	store_rollback(store);
	pool_return(pool, store);
}

int pool_take_reading(struct pool *pool, int64_t tenant, struct store **ret, struct err *err)
{
	char text[64];

	if (pool_take(pool, ret, err) < 0)
		return err->code;
	snprintf(text, sizeof(text), "SET LOCAL clewline.tenant = '%" PRId64 "'", tenant);
	if (store_begin_reading(*ret, err) == 0 && store_command(*ret, text, err) == 0)
		return 0;
	pool_give(pool, *ret);
	return err->code;
}
