/*
 * query.h: what an investigation asks the store. Every function reads one tenant, fills arrays in the arena given, and
 * stops at a limit, saying so by *ret_more where there is one. Times are nanoseconds since 1970 UTC (microsecond precision).
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "collector/store/row.h"

struct store; /* one connection; lib/store */

struct loss_filter {
	const uint8_t (*streams)[STREAM_ID_SIZE];
	size_t stream_count;
	int64_t since_ns, until_ns; /* the window, closed */
	int64_t settled_ns; /* missing before one committed later than this is not missing; heard later than this is not silent */
};

struct alert_filter {
	int64_t since_ns, until_ns;	       /* 0 = open */
	const char *id_prefix;		       /* al_..., or NULL */
	const char *rule;		       /* exact, or NULL */
	int priority_max;		       /* least urgent wanted; PRIORITY_DEBUG = all */
	int64_t task_id, cluster_id, actor_id; /* 0 = any; several given: any of them matches */
	const uint8_t *event_id;	       /* or NULL */
	size_t limit;
};

struct event_filter {
	int64_t since_ns, until_ns; /* 0 = open */
	int64_t task_id, actor_id;  /* 0 = any; both given: any of them matches */
	const uint8_t *event_id;    /* or NULL */
	bool is_newest_first;
	const uint8_t *
		before_id; /* newest first only: those before the event with this id and the time until_ns; or NULL */
	size_t limit;
};

struct assertion_filter {
	int64_t since_ns, until_ns; /* 0 = open */
	size_t limit;
};

/* Newest first. */
int query_alerts(struct store *store, int64_t tenant, const struct alert_filter *filter, struct arena *arena,
		 struct alert_row **ret, size_t *ret_count, bool *ret_more, struct err *err);

/* Oldest first, unless the filter says otherwise, decoded from raw. */
int query_events(struct store *store, int64_t tenant, const struct event_filter *filter, struct arena *arena,
		 struct event_row **ret, size_t *ret_count, bool *ret_more, struct err *err);

int query_entities(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, struct arena *arena,
		   struct entity_row **ret, size_t *ret_count, struct err *err);

/* Entities whose key or alias is text (exact), or begins with it; kind -1 = any. */
int query_entities_named(struct store *store, int64_t tenant, int kind, const char *text, bool is_prefix,
			 size_t limit, struct arena *arena, struct entity_row **ret, size_t *ret_count,
			 struct err *err);

int query_facts(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, struct arena *arena,
		struct fact_row **ret, size_t *ret_count, struct err *err);

/* Assertions that touch any of the entities, within the window by time of the event (0 = open). */
int query_assertions(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, int64_t since_ns,
		     int64_t until_ns, size_t limit, struct arena *arena, struct assertion_row **ret,
		     size_t *ret_count, bool *ret_more, struct err *err);

/*
 * The same, newest first, and only what somebody did or tried: however many alerts and heartbeats speak of a cluster, they
 * cannot push out of the limit who deleted it.
 */
int query_deeds(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count,
		const struct assertion_filter *filter, struct arena *arena, struct assertion_row **ret,
		size_t *ret_count, bool *ret_more, struct err *err);

/* All marks whose source begins with prefix ("" = all), oldest first. */
int query_marks(struct store *store, int64_t tenant, const char *prefix, struct arena *arena, struct mark_row **ret,
		size_t *ret_count, struct err *err);

int query_watermarks(struct store *store, int64_t tenant, struct arena *arena, struct watermark_row **ret,
		     size_t *ret_count, struct err *err);

/* Losses of the streams that overlap the window: one row for each stream, kind and reason; at most 50, oldest first. */
int query_losses(struct store *store, int64_t tenant, const struct loss_filter *filter, struct arena *arena,
		 struct loss_row **ret, size_t *ret_count, struct err *err);
