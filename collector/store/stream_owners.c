#include "collector/store/stream_owners.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "bus/peer.h"
#include "collector/store/pool.h"
#include "collector/store/sql.h"
#include "model/batch.h"

#define KEY_MAX	   64
#define ANSWER_MAX (64u << 10)
#define TRIES	   2

struct stream_owners {
	struct pool *pool;
	pthread_mutex_t mutex; /* guards: known */
	struct map *known;     /* tenant and stream to the owner's id, "" for nobody's; ours to free */
};

struct owner_row {
	const char *agent;
};
static const struct column owner_columns[] = { COLUMN(owner_row, agent, TEXT) };
static const struct row_shape owner_shape = ROW_SHAPE(owner_row, owner_columns);

struct stream_owners *stream_owners_new(struct pool *pool)
{
	struct stream_owners *owners = calloc(1, sizeof(*owners));

	if (!owners)
		return NULL;
	owners->pool = pool;
	pthread_mutex_init(&owners->mutex, NULL);
	owners->known = map_new();
	if (!owners->known) {
		stream_owners_free(owners);
		return NULL;
	}
	return owners;
}

static void free_value(const char *key UNUSED, void *value, void *context UNUSED)
{
	free(value);
}

void stream_owners_free(struct stream_owners *owners)
{
	if (!owners)
		return;
	if (owners->known)
		map_each(owners->known, free_value, NULL);
	map_free(owners->known);
	pthread_mutex_destroy(&owners->mutex);
	free(owners);
}

static char *key_of(const struct peer *peer, const uint8_t stream[16], char out[KEY_MAX])
{
	char text[2 * STREAM_ID_SIZE + 1];

	snprintf(out, KEY_MAX, "%lld %s", (long long)peer->tenant, hex_format(stream, STREAM_ID_SIZE, text));
	return out;
}

/* True with the owner's id in out, which is "" for nobody's. */
static bool recall(struct stream_owners *owners, const char *key, char out[PEER_AGENT_MAX])
{
	const char *agent;

	pthread_mutex_lock(&owners->mutex);
	agent = map_get(owners->known, key);
	if (agent)
		snprintf(out, PEER_AGENT_MAX, "%s", agent);
	pthread_mutex_unlock(&owners->mutex);
	return agent != NULL;
}

/* An owner never changes, so that forgetting costs a look into the database and nothing else. */
static void remember(struct stream_owners *owners, const char *key, const char *agent)
{
	struct map *former = NULL;
	char *copy = strdup(agent), *known;

	pthread_mutex_lock(&owners->mutex);
	if (map_count(owners->known) >= STREAM_OWNERS_KEPT) {
		struct map *empty = map_new();

		if (empty) {
			former = owners->known;
			owners->known = empty;
		}
	}
	known = map_get(owners->known, key);
	if (copy && map_put(owners->known, key, copy))
		copy = known;
	pthread_mutex_unlock(&owners->mutex);
	free(copy);
	if (former)
		map_each(former, free_value, NULL);
	map_free(former);
}

static int claim(struct store *store, const struct peer *peer, const uint8_t stream[16], struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_STREAM_CLAIM]);
	params_int(&params, 0, peer->tenant);
	params_uuid(&params, 1, stream);
	params_text(&params, 2, peer->agent);
	return store_run(store, &params, NULL, err);
}

static int look_up(struct store *store, const struct peer *peer, const uint8_t stream[16], char out[PEER_AGENT_MAX],
		   struct err *err)
{
	AUTO_ARENA arena = { .max = ANSWER_MAX };
	struct owner_row *rows;
	AUTO_PARAMS params;
	size_t count;

	out[0] = '\0';
	params_init(&params, &sql_statements[SQL_STREAM_OWNER]);
	params_int(&params, 0, peer->tenant);
	params_uuid(&params, 1, stream);
	if (store_read(store, &params, &owner_shape, &arena, &rows, &count, err) < 0)
		return err->code;
	if (count)
		snprintf(out, PEER_AGENT_MAX, "%s", rows[0].agent);
	return 0;
}

/* On a connection that broke while it was idle the first try says so, and the second connects again. */
static int find_out(struct stream_owners *owners, const struct peer *peer, const uint8_t stream[16],
		    char out[PEER_AGENT_MAX], struct err *err)
{
	struct store *store;
	int code = pool_take(owners->pool, &store, err);

	if (code < 0)
		return code;
	for (int tries = 0; tries < TRIES; tries++) {
		code = peer->is_certified ? claim(store, peer, stream, err) : 0;
		if (code == 0)
			code = look_up(store, peer, stream, out, err);
		if (code != ERR_UNREACHABLE)
			break;
	}
	pool_give(owners->pool, store);
	return code;
}

int stream_owners_check(struct stream_owners *owners, const struct peer *peer, const uint8_t stream[16],
			struct err *err)
{
	char key[KEY_MAX], agent[PEER_AGENT_MAX];
	bool is_known = recall(owners, key_of(peer, stream, key), agent);

	/* What was nobody's may be claimed. */
	if (!is_known || (!agent[0] && peer->is_certified)) {
		if (find_out(owners, peer, stream, agent, err) < 0)
			return err->code;
		remember(owners, key, agent);
	}
	if (agent[0] && strcmp(agent, peer->agent) != 0)
		return err_set(err, ERR_DENIED, "the stream belongs to another agent");
	return 0;
}
