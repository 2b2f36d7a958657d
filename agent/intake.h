/*
 * intake.h: what the sidecar takes in of its containers, by the threads of their tracers: who is asked there may keep waiting whoever asks.
 *
 * All are called by the thread of the loop, in its turn, and return at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct entrant;
struct gate_request;
struct net_event;
struct task;

/* A process that a launcher hands over: it is seized, and the launcher answered. */
void intake_launched(struct task *task, struct gate_request *request);

/* One that was put into a container from outside. */
void intake_entrant(struct task *task, const struct entrant *entrant);

/* Those of one owner of the ledger that another tracer followed: they get their container again. */
void intake_followed(struct task *task, uint8_t owner);

/* A connection of a process, told by its tracer. False: it is of no process. agent is that of a task. */
bool intake_connection(struct agent *agent, const struct net_event *net);
