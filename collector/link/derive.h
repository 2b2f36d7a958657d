/*
 * derive.h: what one event says about the world: entities, facts, aliases, assertions, coverage marks. A pure function of
 * that event alone, so that order, repetition and time of arrival cannot matter.
 *
 * Everything it returns lives in the arena given, or in the memo. Which CloudTrail actions mean what stands in link/actions.def.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/batch.h"
#include "model/entity.h"

#define DERIVED_MAX 256 /* of each kind of row, per event */

struct derived_entity {
	int64_t id;
	enum entity_kind kind;
	const char *key;
};

struct derived_fact {
	int64_t entity;
	const char *fact, *value;
};

struct derived_alias {
	int64_t entity;
	enum entity_kind kind;
	const char *alias;
};

struct derived_assertion {
	int64_t from, to;
	const char *relation;
	enum link_method method;
	enum strength strength;
	double confidence;
	const char *detail;
};

struct derived_mark {
	const char *source;
	bool blind;
	const char *reason;
};

struct derived {
	struct derived_entity entities[DERIVED_MAX];
	struct derived_fact facts[DERIVED_MAX];
	struct derived_alias aliases[DERIVED_MAX];
	struct derived_assertion assertions[DERIVED_MAX];
	struct derived_mark marks[DERIVED_MAX];
	size_t entity_count, fact_count, alias_count, assertion_count, mark_count;
	/*
	 * Where it happened or what it acted on, and who acted; 0 = none. task_id is the host's entity where an agent runs
	 * outside a task, so that everything of one workload is found alike.
	 */
	int64_t task_id, cluster_id, actor_id, container_id;
	const char *watermark; /* source whose watermark this event moves, or NULL */
	bool is_cut;	       /* a row did not fit DERIVED_MAX */
};

/*
 * What events of one origin have in common, so that it is worked out once. It holds for the origin of the first event it is given
 * with; others are derived without it. Texts of derived rows may live in it.
 */
struct derive_memo;

struct derive_memo *derive_memo_new(void);	 /* NULL without memory */
void derive_memo_free(struct derive_memo *memo); /* accepts NULL */

struct derive_input {
	uint8_t event_id[EVENT_ID_SIZE];
	const struct origin *origin; /* NULL for scans */
	const char *stream;	     /* stream id in hexadecimal digits: exec ids count within it; NULL for scans */
	const struct event *event;   /* for scans: kind EVENT_SCAN, time_ns, and no body */
	const char *scan_json;	     /* the scan's document, else NULL */
	size_t scan_json_length;
	struct derive_memo *memo; /* or NULL; of one thread. The origin lives as long */
};

/* Errors: ERR_MEMORY; ERR_SYNTAX when a record or scan cannot be understood (the event stays, underived). */
int derive_event(const struct derive_input *input, struct arena *arena, struct derived *ret, struct err *err);
