/*
 * traffic.h: commands that make, send and count an agent's events.
 *
 * An event's number is the incarnation of its spool (how often it began anew) times 2^40 plus its seq; it stands in the event as
 * process.exec_id. What a spool has accepted is therefore known afterwards without a diary: the numbers 1 to the last.
 */
#pragma once

#include "base/arena.h"
#include "bus/sender.h"
#include "conf/program.h"

#define TRAFFIC_INCARNATION_SHIFT 40

struct traffic_event {
	uint64_t number;
	bool has_alert;
	const char *agent;
};

/* One of an agent's events, in turn exec and file, now; about 330 bytes encoded. Lives in the arena. */
struct event traffic_event_make(struct arena *arena, const struct traffic_event *what);

/* Of a Fargate task of its own. */
struct origin traffic_origin_make(struct arena *arena, const char *agent);

extern const struct opt send_opts[], drain_opts[], copy_opts[], visible_opts[], check_opts[];
extern const size_t send_conf_size, drain_conf_size, copy_conf_size, visible_conf_size, check_conf_size;
int send_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int drain_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int copy_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int visible_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int check_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
