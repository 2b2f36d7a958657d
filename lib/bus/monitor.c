#include "bus/monitor.h"

#include <time.h>

#include "base/time.h"

void monitor_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

void monitor_init(struct monitor *monitor)
{
	pthread_mutex_init(&monitor->mutex, NULL);
	monitor_condition_init(&monitor->changed);
}

void monitor_fini(struct monitor *monitor)
{
	pthread_cond_destroy(&monitor->changed);
	pthread_mutex_destroy(&monitor->mutex);
}

void monitor_lock(struct monitor *monitor)
{
	pthread_mutex_lock(&monitor->mutex);
}

void monitor_unlock(struct monitor *monitor)
{
	pthread_mutex_unlock(&monitor->mutex);
}

void monitor_notify(struct monitor *monitor)
{
	pthread_cond_broadcast(&monitor->changed);
}

void monitor_wait_for(struct monitor *monitor, pthread_cond_t *condition, int64_t deadline_ns)
{
	struct timespec until = { .tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S };

	pthread_cond_timedwait(condition, &monitor->mutex, &until);
}

void monitor_wait(struct monitor *monitor, int64_t deadline_ns)
{
	monitor_wait_for(monitor, &monitor->changed, deadline_ns);
}
