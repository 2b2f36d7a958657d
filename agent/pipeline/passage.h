/*
 * passage.h: one event on its way through the pipeline; for agent/pipeline alone.
 */
#pragma once

#include "agent/pipeline/activity.h"
#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/view.h"
#include "base/stock.h"

#define ALERTS_MAX 64 /* of one event; rules beyond it are counted as failed */

/*
 * What one event, or one look at files, works with from its beginning to its end, whatever counts for the next: others have their turns
 * in between (proc/turn.h), and may bring other rules.
 */
struct workspace {
	struct arena arena;
	const struct ruleset *rules;
	const struct policies *policies;
	uint64_t epoch; /* of the pipeline, when it began */
	struct workspace *next;
};

struct pipeline {
	struct pipeline_conf conf;
	struct process_table *processes;
	struct workspace *spare, *used; /* as many as events were under way at a time */
	uint64_t epoch;			/* counts changes of what events are held against */
	struct pipeline_stats stats;
	struct stock activity[ACTIVITY_CLASS_COUNT];
	struct written *written;	    /* NULL: no rule asks who wrote what is run */
	struct fim *fim;		    /* NULL: no files are watched */
	int64_t due_ns[PIPELINE_LANES_MAX]; /* when fim is to be asked again; 0 = nothing is pending */
	uint64_t evicted, untold;	    /* declared so far */
	bool send_failed;		    /* said once */
	bool may_kill;			    /* some rule of now asks for it */
};

enum loss {
#define LOSS(id, reason, meaning) LOST_##id,
#include "agent/pipeline/losses.def"
#undef LOSS
};

/* One event on its way through. */
struct passage {
	struct pipeline *pipeline;
	struct workspace *workspace;
	struct view view;
	struct field_reader reader;
	struct view_found found;
	struct call_record call;
	struct call_param params[CALL_PARAMS_MAX];
	struct fim_told told;
	bool has_told;	      /* what it did to a file's content is in told */
	struct alert *alerts; /* room for ALERTS_MAX, from the first match on */
	unsigned int *wanted; /* actions that each of them asks for */
	size_t alert_count;
	unsigned int actions; /* that any of them asks for */
	struct response responses[RESPONSES_MAX];
	size_t *rules; /* room for ALERTS_MAX: those that hold before the call is made; NULL = not asked */
	size_t rule_count;
	bool is_before; /* the call has not been made, and will not be */
};

void pipeline_lose(struct pipeline *pipeline, enum loss loss);

/* Hands the event with its alerts to the sender, after the processes that it refers to. */
void passage_report(struct passage *passage);
