#include "agent/follow.h"

#include <errno.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/network.h"
#include "agent/reload.h"
#include "agent/rules.h"
#include "agent/sensor/trace/tracer.h"
#include "base/time.h"

#define WAIT_MAX_NS NS_PER_S /* is_done() may depend on the time */

static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(set, signals[i]);
	sigaddset(set, FOLLOW_RENEW);
	sigaddset(set, NETWORK_WAKE);
}

void follow_block_signals(sigset_t *ret_former)
{
	sigset_t set;

	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, ret_former);
}

static struct timespec time_left(int64_t until_ns)
{
	int64_t left = until_ns - time_monotonic_ns();

	if (left < 0)
		left = 0;
	if (left > WAIT_MAX_NS)
		left = WAIT_MAX_NS;
	return (struct timespec){ left / NS_PER_S, left % NS_PER_S };
}

/* A terminal that goes away also sends SIGHUP, and does not mean the rules. */
static void take_signal(const struct follow *follow, const siginfo_t *info)
{
	if (info->si_signo == SIGHUP && info->si_code != SI_KERNEL)
		reload_ask(follow->agent->reload);
	else if (info->si_signo != FOLLOW_RENEW && info->si_signo != NETWORK_WAKE && follow->on_signal)
		follow->on_signal(follow->context, info);
}

static void renew_rules(const struct follow *follow)
{
	if (!agent_rules_renew(follow->agent))
		return;
	if (follow->on_rules)
		follow->on_rules(follow->context);
	agent_rules_warn(follow->agent, follow->remedy);
}

void follow_run(const struct follow *follow)
{
	int64_t heartbeat_ns = time_monotonic_ns();
	sigset_t set;

	signal_set(&set);
	for (;;) {
		struct timespec left;
		siginfo_t info;
		bool has_more = tracer_step(follow->tracer);

		network_step(follow->agent);
		if (follow->is_done(follow->context))
			return;
		renew_rules(follow);
		if (time_monotonic_ns() >= heartbeat_ns) {
			pipeline_heartbeat(follow->agent->pipeline, network_limits(follow->agent->network));
			heartbeat_ns += HEARTBEAT_NS;
		}
		left = time_left(has_more ? 0 : heartbeat_ns);
		/* Blocked SIGCHLD stays pending, so a stop between tracer_step() and here ends the wait at once. */
		if (sigtimedwait(&set, &info, &left) < 0 || info.si_signo == SIGCHLD)
			continue;
		take_signal(follow, &info);
	}
}
