/*
 * exec_session.h: recognizes the worker of an ECS Exec session, which everything is started by that somebody does in the container.
 *
 * ECS mounts its session agent into the container, below /managed-agents/execute-command or, on older platforms,
 * /ecs-execute-command-ID; it starts one ssm-session-worker per session, whose first argument is the session's id, the one that
 * CloudTrail's ExecuteCommand has. A container that may write in these places could imitate it.
 */
#pragma once

#include <stdbool.h>

#include "model/event.h"

#define EXEC_SESSION_MAX 97 /* an id has 96 bytes at the most (SSM, API reference) */

/* The id if process is such a worker, else NULL; points into process. */
const char *exec_session_of(const struct process *process);

/* True if path is one of the programs of that agent. */
bool exec_session_is_agent(const char *path);
