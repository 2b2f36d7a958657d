/*
 * monitor.h: one lock and one condition for everything that shares a state, with waits on the monotonic clock. Who would be woken by what is
 * none of its business, for each batch, has a condition of its own under the same lock.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

struct monitor {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
};

void monitor_init(struct monitor *monitor);
void monitor_fini(struct monitor *monitor);
void monitor_lock(struct monitor *monitor);
void monitor_unlock(struct monitor *monitor);
void monitor_notify(struct monitor *monitor); /* wakes all who wait */

/* Waits, with the lock held, for a notification or until time_monotonic_ns() reaches deadline_ns; may wake early. */
void monitor_wait(struct monitor *monitor, int64_t deadline_ns);

/* The same for a condition of its own, which pthread_cond_broadcast() notifies and pthread_cond_destroy() ends. */
void monitor_condition_init(pthread_cond_t *condition);
void monitor_wait_for(struct monitor *monitor, pthread_cond_t *condition, int64_t deadline_ns);
