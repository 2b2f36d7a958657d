/*
 * alerts.h: the alerts of one event: made when rules hold, acted upon, printed; for agent/pipeline alone.
 */
#pragma once

#include "agent/pipeline/passage.h"
#include "rules/partial.h"

/* Makes the alert of a rule that holds; context is the passage. */
void alerts_add(void *context, size_t rule);

/* Does what policies ask for, then prints all of them. */
void alerts_settle(struct passage *passage);

/*
 * Asked at the entry of a call: if a policy wants the process killed for a rule that holds whatever the result would be, kills it and
 * tells of the attempt. True if that was done: the call will not be made.
 */
bool alerts_prevent(struct passage *passage, const struct partial_event *partial);

/* True if some rule of now may have a process killed. */
bool alerts_ask_for_kill(const struct pipeline_conf *conf);
