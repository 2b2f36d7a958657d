/*
 * role.h: the role of the task and the id of its access key, kept up to date by a thread of its own: the endpoint may be slow, and
 * keys change every few hours. What signs requests is never kept (aws/identity.h).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "aws/identity.h"

#define ROLE_ASK_S	 300 /* keys may have changed after so long */
#define ROLE_ASK_EARLY_S 60  /* and have, so long before they end */
#define ROLE_ASK_LEAST_S 1   /* between two questions */
#define ROLE_TIMEOUT_NS	 (2 * INT64_C(1000000000))
#define ROLE_ENVIRON_MAX (32u << 10) /* bytes of a container's environment that are looked at */

struct role_watch;

/* True if the environment of the agent says where to ask. */
bool role_is_named(void);

/*
 * Starts the thread, which blocks all signals. It asks where the environment of the agent says, or else that of a process which is
 * offered. Errors: ERR_FAILED, ERR_MEMORY, ERR_USAGE for an environment that names no address of credentials.
 */
int role_watch_open(struct role_watch **ret, struct err *err);
void role_watch_close(struct role_watch *watch); /* accepts NULL; waits for the thread, ROLE_TIMEOUT_NS at the most */

/* A process of a container of the task; its environment is looked at if no other has said yet where to ask. */
void role_watch_offer(struct role_watch *watch, pid_t pid);

/* True if there is something new since the last call. */
bool role_watch_take(struct role_watch *watch, struct aws_identity *ret);

/* Seconds until the next question, after an answer that says when its keys end (0: it does not), and now; since 1970 UTC. */
int role_ask_again_s(int64_t expires_ns, int64_t now_ns);
