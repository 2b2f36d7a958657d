#include "agent/sensor/trace/attack.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/proc/fd.h"
#include "agent/proc/proc.h"
#include "base/attr.h"

/* Where each call has its signal. The first argument is whom it is for. */
static const struct {
	enum sensor_call call;
	int signal;
	bool is_pidfd;
} senders[] = {
	{ SENSOR_KILL, 1, false },
	{ SENSOR_TKILL, 1, false },
	{ SENSOR_TGKILL, 2, false },
	{ SENSOR_RT_SIGQUEUEINFO, 1, false },
	{ SENSOR_RT_TGSIGQUEUEINFO, 2, false },
	{ SENSOR_PIDFD_SEND_SIGNAL, 1, true },
};

static bool cannot_be_caught(int signal)
{
	return signal == SIGKILL || signal == SIGSTOP;
}

/* -1: everybody; below: a group, whose number is that of its first process. */
static bool is_ours(pid_t target, pid_t standby)
{
	pid_t pid = target < -1 ? -target : target;

	return target == -1 || (pid > 0 && (pid == getpid() || pid == standby || proc_is_thread_of(pid, getpid()) ||
					    (target < -1 && pid == getpgrp())));
}

bool attack_is_fatal(const struct sensor_event *event, pid_t standby)
{
	for (size_t i = 0; i < ARRAY_SIZE(senders); i++) {
		int target = (int)event->registers[0];

		if (event->call != senders[i].call || !cannot_be_caught((int)event->registers[senders[i].signal]))
			continue;
		if (senders[i].is_pidfd)
			target = proc_pidfd_target(event->tid, target);
		return is_ours(target, standby);
	}
	return false;
}
