/*
 * execution.h: one execution's own memory: made, copied at a fork, filled after an exec, dropped with its last descendant.
 */
#pragma once

#include "agent/state/process_table.h"

/* Child of parent (may be NULL; a reference is taken). NULL without memory. */
struct execution *execution_new(uint64_t exec_id, struct execution *parent);

/* Both accept NULL. Who goes on with an execution after it gave its turn away (proc/turn.h) holds a reference. */
struct execution *execution_ref(struct execution *execution);
void execution_unref(struct execution *execution);

/* Takes over what a fork shares: program, ids, container, folder. */
void execution_copy(struct execution *execution, const struct execution *from);

/* The folder it works in, if that is not known yet; folder may be NULL. */
void execution_set_folder(struct execution *execution, const char *folder);

/* The same from /proc, once. */
void execution_find_folder(struct execution *execution);

/* Sets name, command line, executable and, from facts alone, folder: what facts has, and the rest from /proc. False without memory. */
bool execution_read_program(struct execution *execution, const struct exec_facts *facts, const char *name);

/* Puts execution into the session of from (may be NULL), or, if it is the worker of one, into its own. After its program is known. */
void execution_join_session(struct execution *execution, const struct execution *from);

void execution_set_container(struct execution *execution, const struct container_identity *container);
