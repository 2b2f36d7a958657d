/*
 * role.h: the role of the task in what the agent says of itself, and in the fields of rules.
 */
#pragma once

#include "agent/agent.h"

/* Begins to ask, but on a host. Errors: ERR_FAILED, ERR_MEMORY. */
int agent_role_open(struct agent *agent, enum origin_mode mode, struct err *err);

/* When nothing points at what it gave any more. */
void agent_role_close(struct agent *agent);

/* A process of a container of the task was taken in: it may know where the task's role is asked for. */
void agent_role_offer(struct agent *agent, pid_t pid);

/* Takes over a role that was given meanwhile. Often; costs little. */
void agent_role_renew(struct agent *agent);

/* Puts what is known into the agent's metadata and origin, for whoever hands the origin on. */
void agent_role_apply(struct agent *agent);
