#include "agent/sensor/net/datagrams.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/time.h"

#define WAYS 4
#define SETS 512

struct pair {
	struct net_tuple tuple; /* as of the first datagram */
	int64_t last_ns;	/* 0 = free */
	int64_t second_ns;	/* when count began */
	uint32_t count;
};

struct datagrams {
	struct pair pairs[SETS][WAYS];
	uint32_t muted[MUTED_MAX];
	size_t muted_count;
	int64_t muted_ns; /* when the first of them was */
	bool has_changed;
};

struct datagrams *datagrams_new(void)
{
	return calloc(1, sizeof(struct datagrams));
}

void datagrams_free(struct datagrams *datagrams)
{
	free(datagrams);
}

/* The same for both directions. */
static size_t set_of(const struct net_tuple *tuple)
{
	struct net_tuple reversed = tuple_reversed(tuple);

	return (tuple_hash(tuple) ^ tuple_hash(&reversed)) % SETS;
}

static struct pair *place_for(struct datagrams *datagrams, const struct net_tuple *tuple, bool *ret_is_known)
{
	struct net_tuple reversed = tuple_reversed(tuple);
	struct pair *set = datagrams->pairs[set_of(tuple)], *place = &set[0];

	for (size_t way = 0; way < WAYS; way++) {
		if (set[way].last_ns &&
		    (tuple_equal(&set[way].tuple, tuple) || tuple_equal(&set[way].tuple, &reversed))) {
			*ret_is_known = true;
			return &set[way];
		}
		if (set[way].last_ns < place->last_ns)
			place = &set[way];
	}
	*ret_is_known = false;
	return place;
}

static void mute(struct datagrams *datagrams, const struct net_tuple *tuple, int64_t now_ns)
{
	if (datagrams->muted_count + 2 > MUTED_MAX)
		return;
	if (!datagrams->muted_count)
		datagrams->muted_ns = now_ns;
	datagrams->muted[datagrams->muted_count++] = port_pair(tuple->from.port, tuple->to.port);
	datagrams->muted[datagrams->muted_count++] = port_pair(tuple->to.port, tuple->from.port);
	datagrams->has_changed = true;
}

bool datagrams_packet(struct datagrams *datagrams, const struct net_tuple *tuple, int64_t now_ns)
{
	bool is_known;
	struct pair *pair = place_for(datagrams, tuple, &is_known);

	/* one that was muted was not silent */
	is_known = is_known && now_ns - pair->last_ns < DATAGRAM_IDLE_NS;
	if (!is_known)
		*pair = (struct pair){ .tuple = *tuple, .second_ns = now_ns };
	pair->last_ns = now_ns;
	if (now_ns - pair->second_ns >= NS_PER_S) {
		pair->second_ns = now_ns;
		pair->count = 0;
	}
	if (++pair->count == DATAGRAMS_LOUD)
		mute(datagrams, tuple, now_ns);
	return !is_known;
}

bool datagrams_muted(struct datagrams *datagrams, int64_t now_ns, const uint32_t **ret, size_t *ret_count)
{
	bool has_changed = datagrams->has_changed;

	if (datagrams->muted_count && now_ns - datagrams->muted_ns > DATAGRAM_MUTE_NS) {
		datagrams->muted_count = 0;
		has_changed = true;
	}
	datagrams->has_changed = false;
	*ret = datagrams->muted;
	*ret_count = datagrams->muted_count;
	return has_changed;
}
