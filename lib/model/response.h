/*
 * response.h: what a policy can ask to be done when a rule holds, and what came of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* id, number, name, whether an agent can do it, what it does. Numbers are stored; mildest first. */
#define ACTIONS(X)                                                                                                   \
	X(NOTIFY, 1, "notify", true, "tell of it; is always done")                                                   \
	X(KILL, 2, "kill", true, "end the process that the rule holds for (SIGKILL)")                                \
	X(STOP, 3, "stop", true, "stop the container: SIGTERM to its first process, SIGKILL after a grace time")     \
	X(PAUSE, 4, "pause", false, NULL)                                                                            \
	X(ISOLATE, 5, "isolate", false, NULL)                                                                        \
	X(CAPTURE, 6, "capture", false, NULL)

enum response_action {
#define X(id, number, name, is_available, text) ACTION_##id = (number),
	ACTIONS(X)
#undef X
};

#define ACTION_LAST   ACTION_CAPTURE
#define ACTION_BIT(a) (1u << (a))

/* Actions that do something to a process; an alert holds at most one response of each. */
#define ACTIONS_RESPONDING (ACTION_BIT(ACTION_KILL) | ACTION_BIT(ACTION_STOP))
#define RESPONSES_MAX	   2

/* id, number, name. Numbers are stored. */
#define OUTCOMES(X)                                                                                                  \
	X(DONE, 1, "done")	 /* the signal was sent */                                                           \
	X(FAILED, 2, "failed")	 /* it was tried, and the kernel did not do it */                                    \
	X(REFUSED, 3, "refused") /* it was not tried: not allowed, or not safe */

enum outcome {
#define X(id, number, name) OUTCOME_##id = (number),
	OUTCOMES(X)
#undef X
};

#define OUTCOME_LAST OUTCOME_REFUSED

struct response {
	enum response_action action;
	enum outcome outcome;
	const char *detail; /* to whom and when it was done, or why not */
};

const char *action_name(enum response_action action); /* NULL if unrecognized, as below */
const char *outcome_name(enum outcome outcome);

/* -1 if unrecognized. */
int action_find(const char *name);

/* False for an action that is known, and that no agent does. */
bool action_is_available(enum response_action action);
