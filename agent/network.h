/*
 * network.h: the connections of the agent's network namespace, from the watcher of packets into the pipeline, as the calls that made
 * them.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "agent/sensor/sensor.h"
#include "base/err.h"
#include "model/batch.h"

struct agent;
struct network;

/* Signal that wakes the agent's thread when connections wait. */
#define NETWORK_WAKE (SIGRTMIN + 1)

/*
 * Opens what agent->conf->network asks for, or what is usual for mode: packets in a task and on a host, calls for a command. Where packets
 * may not be watched, it says so and leaves agent->network NULL, unless they were asked for: then the error is ERR_DENIED.
 * Only once the pipeline stands.
 */
int network_open(struct agent *agent, enum origin_mode mode, struct err *err);
void network_close(struct agent *agent);

/* Hands what waits to the pipeline, or to agent->hand_on; by the agent's thread. */
void network_step(struct agent *agent);

/* Hands one to the pipeline. */
struct net_event;
void network_deliver(struct agent *agent, const struct net_event *net);

/* Takes the calls out that the watcher makes needless. */
void network_spare(const struct network *network, struct sensor_wants *wants);

/* What the watcher could not find out so far, for people; NULL if there is nothing to say. Valid until the next call. */
const char *network_limits(struct network *network);
