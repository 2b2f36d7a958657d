#include "bus/monitor.h"

#include <time.h>

#include "base/time.h"

void monitor_init(struct monitor *monitor)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&monitor->mutex, NULL);
	pthread_cond_init(&monitor->changed, &attributes);
	pthread_condattr_destroy(&attributes);
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

void monitor_wait(struct monitor *monitor, int64_t deadline_ns)
{
	struct timespec until = { .tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S };

	pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
}
