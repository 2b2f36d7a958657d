/*
 * rules.h: the rules of an agent: loaded when it starts, renewed while it runs.
 */
#pragma once

#include "agent/agent.h"

/* Loads them (problems go to stderr) and gets ready to renew them; watches their files unless mode is ORIGIN_RUN. */
int agent_rules_open(struct agent *agent, enum origin_mode mode, struct err *err);
void agent_rules_close(struct agent *agent);

/*
 * Takes over rules that were read again, if there are any, and says so. Only between two events. True if other rules count
 * now.
 */
bool agent_rules_renew(struct agent *agent);

/* Says which calls the rules of now look at that the sensor does not deliver; remedy ends the sentence: what makes them seen. */
void agent_rules_warn(struct agent *agent, const char *remedy);

/* What is watched from here on delivers what the rules of now want; is_first: nothing was watched before. */
void agent_rules_sensed(struct agent *agent, bool is_first);
