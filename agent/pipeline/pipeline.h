/*
 * pipeline.h: from a sensor's events to alerts and reports: state, fields, rules, then the printer and the sender. Knows
 * no sensor; every sensor's events go through pipeline_handle().
 *
 * Not thread-safe: several threads take turns (proc/turn.h), each with a lane of its own. A turn is given away within pipeline_judge(),
 * pipeline_handle() and pipeline_look() while something is asked of the process of the event: then others come in.
 */
#pragma once

#include "agent/fim/fim.h"
#include "agent/pipeline/wants.h"
#include "agent/respond/respond.h"
#include "agent/sensor/sensor.h"
#include "agent/state/process_table.h"
#include "rules/policy.h"
#include "rules/ruleset.h"

#define PIPELINE_LANES_MAX 64

struct sender;
struct pipeline;

struct pipeline_conf {
	const struct ruleset *rules;	 /* compiled; borrowed */
	const struct policies *policies; /* bound to rules; borrowed; NULL: every rule counts */
	enum tier tier;
	const struct watch_sets *sets;	 /* files whose changes are reported; borrowed; NULL: none */
	const struct baseline *baseline; /* of these files; borrowed; may be NULL */
	struct sender *sender;		 /* NULL: nothing is delivered; borrowed */
	struct responder *responder;	 /* NULL: nothing is done but to tell; borrowed */
	int64_t activity_per_s;		 /* events of each class that are delivered without a rule; 0 = no limit */
	/* Called for each alert as it is made; may be NULL. */
	void (*on_alert)(void *context, const struct alert *alert, int64_t time_ns);
	void *on_alert_context;
	container_lookup lookup; /* see process_table.h; may be NULL */
	void *lookup_context;
	const char *hostname;
};

struct pipeline_stats {
	uint64_t events, alerts, reported;
	uint64_t lost;	 /* by the sensor */
	uint64_t failed; /* could not be reported: the spool refused them, or there was no memory */
};

int pipeline_new(const struct pipeline_conf *conf, struct pipeline **ret, struct err *err);
void pipeline_free(struct pipeline *pipeline); /* accepts NULL */

/* A sensor_judge: whether a rule or whoever takes events without one may need what has been entered. */
bool pipeline_judge(void *context, const struct sensor_event *event);

/* A sensor_handler; context is the pipeline. */
void pipeline_handle(void *context, const struct sensor_event *event);

/* Events that the sensor lost and no event's lost says; 0 is fine. */
void pipeline_sensor_lost(struct pipeline *pipeline, uint64_t lost);

/* Packets and connections that the watcher of packets lost; 0 is fine. */
void pipeline_network_lost(struct pipeline *pipeline, uint64_t lost);

/* The sensor before this one was killed; the sender declares since when nobody watched, see its unwritten_reason. */
void pipeline_took_over(struct pipeline *pipeline);
const char *pipeline_took_over_reason(void);

/* Nobody watched a process from start_ns until now; or it cannot be watched at all. */
void pipeline_entered_late(struct pipeline *pipeline, int64_t start_ns);
void pipeline_not_followed(struct pipeline *pipeline, uint64_t count);

/* From the next event on these count; the former ones until pipeline_has_left() the epoch before. Not from inside of a handler. */
void pipeline_use_rules(struct pipeline *pipeline, const struct ruleset *rules, const struct policies *policies);

/* The same for watched files. */
void pipeline_use_watched(struct pipeline *pipeline, const struct watch_sets *sets, const struct baseline *baseline);

/* Counts these changes; and whether no event is under way any more that began in this epoch or before. */
uint64_t pipeline_epoch(const struct pipeline *pipeline);
bool pipeline_has_left(const struct pipeline *pipeline, uint64_t epoch);

/* Looks after what takes its time, and at the files of lane 0 as below. Often; costs nothing if nothing is due. */
void pipeline_step(struct pipeline *pipeline, bool all);

/* Looks at files that were written to by what one lane told, as far as it is time; all: at all of them. */
void pipeline_look(struct pipeline *pipeline, unsigned int lane, bool all);

/* True if it is time for that; and if it will be. */
bool pipeline_is_due(const struct pipeline *pipeline, unsigned int lane);
bool pipeline_has_pending(const struct pipeline *pipeline, unsigned int lane);

/* Nobody will look at the files of this lane any more: they are declared lost. */
void pipeline_give_up(struct pipeline *pipeline, unsigned int lane);

/* Reports that all is well, or what is not (detail may be NULL). */
void pipeline_heartbeat(struct pipeline *pipeline, const char *detail);

/* The same at once, because batches say something else of their origin from now on. */
void pipeline_origin_changed(struct pipeline *pipeline, const char *detail);

struct process_table *pipeline_processes(struct pipeline *pipeline);
void pipeline_stats(const struct pipeline *pipeline, struct pipeline_stats *ret);
