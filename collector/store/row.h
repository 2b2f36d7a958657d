/*
 * row.h: what the store knows, row by row, as query.h answers. Texts live in the arena of the query that gave them; times are
 * nanoseconds since 1970 UTC (microsecond precision), ids of 0 mean none.
 */
#pragma once

#include <stdbool.h>

#include "model/batch.h"
#include "model/entity.h"

struct entity_row {
	int64_t id;
	enum entity_kind kind;
	const char *key;
	int64_t first_seen, last_seen;
};

struct fact_row {
	int64_t entity;
	const char *fact, *value;
	int64_t at;
	uint8_t event_id[EVENT_ID_SIZE];
};

struct assertion_row {
	int64_t from, to;
	const char *relation, *method, *detail;
	enum strength strength;
	double confidence;
	int64_t at;
	uint8_t event_id[EVENT_ID_SIZE];
};

struct alert_row {
	const char *id;
	uint8_t event_id[EVENT_ID_SIZE];
	int64_t time_ns;
	const char *rule, *rule_version, *source, *output;
	enum priority priority;
	enum severity severity;
	const char *tags_json, *fields_json, *policies_json, *responses_json; /* JSON texts */
	int64_t task_id, cluster_id, actor_id, container_id;		      /* 0 = none */
};

struct event_row {
	uint8_t event_id[EVENT_ID_SIZE];
	enum event_kind kind;
	const char *type;
	int64_t task_id, actor_id; /* 0 = none */
	int64_t received_ns;
	struct event event;    /* decoded; scans: only kind, type, time_ns */
	struct origin origin;  /* decoded; zeroed for scans */
	const char *stream;    /* stream id in hexadecimal digits; NULL for scans */
	const char *scan_json; /* scans only */
	size_t scan_json_length;
};

struct mark_row {
	const char *source, *reason;
	uint8_t event_id[EVENT_ID_SIZE];
	int64_t at;
	bool blind;
};

struct watermark_row {
	const char *source;
	int64_t newest;
};

enum loss_kind {
	LOSS_DECLARED, /* count events, as the sender says */
	LOSS_BATCHES,  /* count batches whose numbers are missing */
	LOSS_SPOOL,    /* the spool was lost count times */
	LOSS_SILENCE,  /* not heard since, and did not stop in order; until is 0 */
};

struct loss_row {
	uint8_t stream[STREAM_ID_SIZE];
	enum origin_mode mode;
	const char *agent;
	int64_t kind;	    /* enum loss_kind */
	const char *reason; /* LOSS_DECLARED, else "" */
	int64_t count;
	int64_t since, until; /* the first and the last of that stream, kind and reason in the window */
};
