#include "agent/follow.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/network.h"
#include "agent/proc/turn.h"
#include "agent/reload.h"
#include "agent/role.h"
#include "agent/rules.h"
#include "agent/sensor/trace/tracer.h"
#include "base/footprint.h"
#include "base/time.h"

/*
 * A signal that comes between the last look at it and the wait for the next stop does not end that wait: this timer does, and
 * what depends on the time is looked at as often.
 */
#define LOOK_EVERY_MS 100

#define SIGNALS_KEPT 64 /* between two looks; more are lost, as pending ones of one number are anyway */

static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

/* Written by handlers, which mask each other, in the thread of the loop alone; read and emptied with them blocked. */
static siginfo_t caught[SIGNALS_KEPT];
static volatile sig_atomic_t caught_count;
static atomic_int wants_look;

static void on_signal(int number, siginfo_t *info, void *context UNUSED)
{
	wants_look = 1;
	if (number != SIGALRM && number != FOLLOW_RENEW && number != NETWORK_WAKE && caught_count < SIGNALS_KEPT)
		caught[caught_count++] = *info;
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(set, signals[i]);
	sigaddset(set, FOLLOW_RENEW);
	sigaddset(set, NETWORK_WAKE);
	sigaddset(set, SIGALRM);
}

void follow_block_signals(sigset_t *ret_former)
{
	sigset_t set;

	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, ret_former);
}

/* Stops are waited for, and need not be announced by a signal each. */
static void ignore_stops(void)
{
	const struct sigaction quiet = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };

	sigaction(SIGCHLD, &quiet, NULL);
}

/* No SA_RESTART: a signal has to end the wait for a stop. */
static void catch_signals(const sigset_t *set)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO, .sa_mask = *set };
	struct itimerval timer = { { 0, LOOK_EVERY_MS * 1000 }, { 0, LOOK_EVERY_MS * 1000 } };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	sigaction(FOLLOW_RENEW, &action, NULL);
	sigaction(NETWORK_WAKE, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* A terminal that goes away also sends SIGHUP, and does not mean the rules. */
static void take_signal(const struct follow *follow, const siginfo_t *info)
{
	if (info->si_signo == SIGHUP && info->si_code != SI_KERNEL)
		reload_ask(follow->agent->reload);
	else if (follow->on_signal)
		follow->on_signal(follow->context, info);
}

static void take_signals(const struct follow *follow, const sigset_t *set)
{
	siginfo_t taken[SIGNALS_KEPT];
	int count;

	pthread_sigmask(SIG_BLOCK, set, NULL);
	count = caught_count;
	memcpy(taken, caught, (size_t)count * sizeof(*taken));
	caught_count = 0;
	wants_look = 0;
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
	for (int i = 0; i < count; i++)
		take_signal(follow, &taken[i]);
}

static void renew_rules(const struct follow *follow)
{
	if (!agent_rules_renew(follow->agent))
		return;
	if (follow->on_rules)
		follow->on_rules(follow->context);
	agent_rules_warn(follow->agent, follow->remedy);
}

/* What is done between two waits. False: that was all. */
static bool look(const struct follow *follow, int64_t *heartbeat_ns)
{
	agent_role_renew(follow->agent);
	renew_rules(follow);
	if (time_monotonic_ns() >= *heartbeat_ns) {
		pipeline_heartbeat(follow->agent->pipeline, network_limits(follow->agent->network));
		*heartbeat_ns += HEARTBEAT_NS;
		if (follow->agent->origin.mode != ORIGIN_RUN)
			footprint_shrink();
	}
	return !follow->is_done(follow->context);
}

/* Signals that nobody lets through: the kernel keeps them until they are asked for, so none comes between a look and the wait. */
static void take_waiting(const struct follow *follow, const sigset_t *set, int wait_ms)
{
	struct timespec wait = { 0, wait_ms * NS_PER_MS };
	siginfo_t info;

	/* A signal that comes often is one pending signal, so this ends. */
	for (int i = 0; i < SIGNALS_KEPT; i++) {
		int number = sigtimedwait(set, &info, &wait);

		if (number < 0)
			break;
		wait = (struct timespec){ 0 };
		turn_take(follow->turn);
		if (number != FOLLOW_RENEW && number != NETWORK_WAKE)
			take_signal(follow, &info);
		turn_give(follow->turn);
	}
}

/* Others trace, each in a thread of its own; this one has turns like them. */
static void look_after_tracers(const struct follow *follow, const sigset_t *set)
{
	int64_t heartbeat_ns = time_monotonic_ns();
	bool goes_on = true;

	while (goes_on) {
		int wait_ms;

		turn_take(follow->turn);
		network_step(follow->agent);
		pipeline_step(follow->agent->pipeline, false);
		wait_ms = follow->on_look(follow->context);
		goes_on = look(follow, &heartbeat_ns);
		turn_give(follow->turn);
		if (goes_on)
			take_waiting(follow, set, wait_ms < LOOK_EVERY_MS ? wait_ms : LOOK_EVERY_MS - 1);
	}
}

static void trace(const struct follow *follow, const sigset_t *set)
{
	static const struct timespec idle = { 0, LOOK_EVERY_MS * NS_PER_MS };
	int64_t heartbeat_ns = time_monotonic_ns();

	catch_signals(set);
	follow->agent->tracer = follow->tracer;
	for (;;) {
		network_step(follow->agent);
		pipeline_step(follow->agent->pipeline, false);
		take_signals(follow, set);
		if (!look(follow, &heartbeat_ns))
			break;
		if (tracer_count(follow->tracer))
			tracer_run(follow->tracer, &wants_look);
		else
			nanosleep(&idle, NULL);
	}
	follow->agent->tracer = NULL;
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

void follow_run(const struct follow *follow)
{
	sigset_t set;

	signal_set(&set);
	ignore_stops();
	if (follow->tracer)
		trace(follow, &set);
	else
		look_after_tracers(follow, &set);
}
