/*
 * traffic.h: commands that make, send and copy an agent's events, for tests/chaos and tests/bench.
 */
#pragma once

#include "base/arena.h"
#include "bus/sender.h"
#include "conf/command.h"
#include "enrol/options.h"

struct traffic_event {
	uint64_t number; /* of the sender; stands in the event as process.exec_id */
	bool has_alert;
	const char *agent;
	const char *mark; /* last argument of the process; NULL = as the sample has it */
};

/* One of an agent's events, in turn exec and file, now; about 330 bytes encoded. Lives in the arena. */
struct event traffic_event_make(struct arena *arena, const struct traffic_event *what);

/* Of a Fargate task of its own. */
struct origin traffic_origin_make(struct arena *arena, const char *agent);

/*
 * With tls+tcp:// a certificate, asked for or kept, and what senders need to use it; *ret is NULL for other addresses, and is
 * closed after the senders.
 */
int traffic_enrol(const struct enrol_conf *enrol, struct sender_conf *sender, struct enrolment **ret,
		  struct err *err);

extern const struct opt generate_opts[], drain_opts[], copy_opts[], visible_opts[];
extern const size_t generate_conf_size, drain_conf_size, copy_conf_size, visible_conf_size;
int generate_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int drain_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int copy_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
int visible_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
