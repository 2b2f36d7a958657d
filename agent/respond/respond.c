#include "agent/respond/respond.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "agent/respond/target.h"
#include "base/attr.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stock.h"
#include "base/time.h"

static const struct stock_rate response_rate = { RESPONSES_PER_MIN, 60 * NS_PER_S, RESPONSES_PER_MIN };

/* A container between SIGTERM and SIGKILL. */
struct stop {
	int pidfd; /* of its first process */
	pid_t pid;
	int64_t due_ns;		/* CLOCK_MONOTONIC */
	struct stop_note *note; /* or NULL */
};

#define SAME_START_NS                                                                                                \
	NS_PER_S /* two readings of when a process began are that near; who has its number later began later */

struct responder {
	struct responder_conf conf;
	struct stock stock; /* of responses */
	struct stop stops[STOPS_MAX];
	size_t stop_count;
};

/* One order while it is carried out. */
struct deed {
	struct responder *responder;
	const struct respond_order *order;
	struct arena *arena;
};

/* Before SIGTERM is sent; NULL without notes. There are as many as stops. */
static struct stop_note *note_stop(const struct responder *responder, pid_t pid, int64_t due_ns)
{
	struct stop_note *note = responder->conf.notes;
	struct proc_stat stat;

	if (!note || !proc_stat_read(pid, &stat))
		return NULL;
	while (note->pid)
		note++;
	note->start_ns = stat.start_ns;
	note->due_ns = due_ns;
	note->pid = pid;
	return note;
}

static void forget(struct stop_note *note)
{
	if (note)
		note->pid = 0;
}

/* What a process before began, if it is still the same process. */
static void resume(struct responder *responder, struct stop_note *note)
{
	int pidfd = note->pid ? target_hold(note->pid) : -1;
	struct proc_stat stat;

	if (pidfd < 0 || !proc_stat_read(note->pid, &stat) ||
	    llabs((long long)(stat.start_ns - note->start_ns)) > SAME_START_NS) {
		close_fd(&pidfd);
		forget(note);
		return;
	}
	responder->stops[responder->stop_count++] = (struct stop){ pidfd, note->pid, note->due_ns, note };
}

struct responder *responder_new(const struct responder_conf *conf)
{
	struct responder *responder = calloc(1, sizeof(*responder));

	if (!responder)
		return NULL;
	responder->conf = *conf;
	for (size_t i = 0; conf->notes && i < STOPS_MAX; i++)
		resume(responder, &conf->notes[i]);
	return responder;
}

static void finish_stop(struct responder *responder, size_t number, bool kills)
{
	struct stop *stop = &responder->stops[number];

	if (kills && !target_has_ended(stop->pidfd)) {
		log_warn("stop-kills", "process %d has not ended in time after SIGTERM, and is killed", stop->pid);
		target_signal(stop->pidfd, SIGKILL);
	}
	close(stop->pidfd);
	forget(stop->note);
	*stop = responder->stops[--responder->stop_count];
}

void responder_free(struct responder *responder)
{
	if (!responder)
		return;
	while (responder->stop_count)
		finish_stop(responder, 0, true);
	free(responder);
}

void responder_step(struct responder *responder)
{
	int64_t now_ns = responder->stop_count ? time_monotonic_ns() : 0;

	for (size_t i = responder->stop_count; i-- > 0;) {
		bool is_due = responder->stops[i].due_ns <= now_ns;

		if (is_due || target_has_ended(responder->stops[i].pidfd))
			finish_stop(responder, i, is_due);
	}
}

/* False if there were too many lately. */
static bool take_one(struct responder *responder)
{
	const int64_t now_ns = time_monotonic_ns();

	if (!stock_has(&responder->stock, &response_rate, 1, now_ns))
		return false;
	stock_take(&responder->stock, &response_rate, 1, now_ns);
	return true;
}

/* Why the process of the order must not be touched; NULL if it may be. */
static const char *objection(const struct responder *responder, const struct respond_order *order)
{
	const struct sensor_event *event = order->event;

	if (!responder->conf.is_allowed)
		return "secagent was started without --respond";
	if (event->pid <= 0)
		return "the process is not known";
	if (event->is_likely)
		return "the process was not seen doing it";
	if (event->call == SENSOR_PROCEXIT)
		return "the process has ended";
	if (event->pid == getpid() || event->pid == getppid())
		return "it is the sensor";
	if (event->pid == 1)
		return "process 1 of the sensor's own pid namespace is never touched";
	if (responder->conf.is_followed && !responder->conf.is_followed(responder->conf.context, event->pid))
		return "the sensor does not follow the process";
	return NULL;
}

bool responder_may_kill(const struct responder *responder, const struct respond_order *order)
{
	return order->event->is_held && !objection(responder, order) &&
	       stock_has(&responder->stock, &response_rate, 1, time_monotonic_ns());
}

static struct response refused(const char *reason)
{
	return (struct response){ .outcome = OUTCOME_REFUSED, .detail = reason };
}

static struct response failed(const struct deed *deed, const char *what, int error)
{
	const char *detail = arena_printf(deed->arena, "%s: %s", what, strerror(error));

	return (struct response){ .outcome = OUTCOME_FAILED, .detail = detail ? detail : what };
}

static struct response done(const char *detail)
{
	return (struct response){ .outcome = OUTCOME_DONE, .detail = detail ? detail : "" };
}

static const char *moment(const struct respond_order *order)
{
	if (!order->event->is_held)
		return "which ran on meanwhile";
	if (sensor_call_in(order->event->call, SENSOR_EXEC_CALLS))
		return "before the program's first instruction";
	return order->is_before ? "before its call" : "after its call";
}

/* A process that is stopped for its tracer, and not waited for, keeps its number whatever happens to it. */
static struct response kill_process(const struct deed *deed)
{
	const struct sensor_event *event = deed->order->event;
	const char *reason = "could not be killed";
	int pidfd = event->is_held ? target_hold(event->pid) : target_open(event, deed->order->execution, &reason);
	bool is_killed;

	if (pidfd < 0 && !event->is_held)
		return refused(reason);
	is_killed = pidfd >= 0 && target_signal(pidfd, SIGKILL);
	if (!is_killed) {
		struct response response = failed(deed, reason, errno);

		close_fd(&pidfd);
		return response;
	}
	close(pidfd);
	return done(arena_printf(deed->arena, "process %d, %s", event->pid, moment(deed->order)));
}

/* The container's first process, held; -1: *ret says why not. */
static int hold_first(const struct deed *deed, pid_t *ret_pid, struct response *ret)
{
	const struct responder_conf *conf = &deed->responder->conf;
	const struct respond_order *order = deed->order;
	const char *reason = NULL;
	int pidfd;

	if (conf->is_followed) {
		*ret_pid = process_table_first(
			order->processes, order->execution,
			&(struct together){ conf->is_followed, conf->is_together, conf->context });
	} else {
		pidfd = order->execution->container ? target_open(order->event, order->execution, &reason) : -1;
		*ret = refused(order->execution->container ? reason : "the process is in no container");
		if (pidfd < 0)
			return -1;
		*ret_pid = target_namespace_first(order->event->pid);
		/* Only if it is still there, what /proc said was about it. */
		if (target_has_ended(pidfd))
			*ret_pid = 0;
		close(pidfd);
	}
	*ret = refused("the container's first process is not known");
	if (*ret_pid <= 1)
		return -1;
	pidfd = target_hold(*ret_pid);
	if (pidfd < 0)
		*ret = failed(deed, "the container's first process could not be held", errno);
	return pidfd;
}

static bool is_stopping(const struct responder *responder, pid_t pid)
{
	for (size_t i = 0; i < responder->stop_count; i++) {
		if (responder->stops[i].pid == pid && !target_has_ended(responder->stops[i].pidfd))
			return true;
	}
	return false;
}

static struct response stop_container(const struct deed *deed)
{
	struct responder *responder = deed->responder;
	struct response response;
	struct stop_note *note;
	int64_t due_ns;
	pid_t pid;
	int pidfd = hold_first(deed, &pid, &response);

	if (pidfd < 0)
		return response;
	if (is_stopping(responder, pid)) {
		close(pidfd);
		return done("the container is being stopped already");
	}
	if (responder->stop_count == STOPS_MAX) {
		close(pidfd);
		return refused("too many containers are being stopped");
	}
	due_ns = time_monotonic_ns() + responder->conf.grace_ns;
	note = note_stop(responder, pid, due_ns);
	if (!target_signal(pidfd, SIGTERM)) {
		forget(note);
		response = failed(deed, "the container's first process got no SIGTERM", errno);
		close(pidfd);
		return response;
	}
	responder->stops[responder->stop_count++] = (struct stop){ pidfd, pid, due_ns, note };
	return done(arena_printf(deed->arena, "first process %d of the container: SIGTERM, SIGKILL after %lld s", pid,
				 (long long)(responder->conf.grace_ns / NS_PER_S)));
}

static const struct {
	enum response_action action;
	struct response (*run)(const struct deed *deed);
} rows[RESPONSES_MAX] = {
	{ ACTION_KILL, kill_process },
	{ ACTION_STOP, stop_container },
};

size_t responder_act(struct responder *responder, const struct respond_order *order, struct arena *arena,
		     struct response out[RESPONSES_MAX])
{
	const struct deed deed = { responder, order, arena };
	const char *reason = objection(responder, order);
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct response *response = &out[count];

		if (!(order->actions & ACTION_BIT(rows[i].action)))
			continue;
		if (reason)
			*response = refused(reason);
		else if (!take_one(responder))
			*response = refused("there were too many responses in the last minute");
		else
			*response = rows[i].run(&deed);
		response->action = rows[i].action;
		count++;
	}
	return count;
}
