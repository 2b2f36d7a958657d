#include "collector/intake/doors.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "bus/address.h"
#include "bus/monitor.h"
#include "bus/receiver.h"
#include "collector/enrol/office.h"
#include "collector/metrics/metrics.h"

#define LOOK_NS	 NS_PER_S	 /* how late a connection of a revoked certificate ends, after it is known */
#define CHECK_NS (10 * NS_PER_S) /* between two tries to connect to oneself */

struct doors {
	struct office *office;
	struct receiver *receivers[DOORS_MAX];
	char urls[DOORS_MAX][ADDRESS_URL_MAX];
	size_t count;
	pthread_t thread;
	bool is_watched;
	struct monitor monitor; /* guards: is_stopping */
	bool is_stopping;
};

static void check(struct doors *doors, size_t index)
{
	struct err err = { 0 };
	int code = receiver_check(doors->receivers[index], &err);

	if (code < 0)
		log_error("not-listening", "%s; trying again", err.message);
	else if (code > 0)
		log_warn("listening-anew", "\"%s\" took no connection and was opened again", doors->urls[index]);
}

/* False at the end. */
static bool wait_for_look(struct doors *doors)
{
	int64_t deadline = time_monotonic_ns() + LOOK_NS;
	bool goes_on;

	monitor_lock(&doors->monitor);
	while (!doors->is_stopping && time_monotonic_ns() < deadline)
		monitor_wait(&doors->monitor, deadline);
	goes_on = !doors->is_stopping;
	monitor_unlock(&doors->monitor);
	return goes_on;
}

static void *doors_run(void *context)
{
	int64_t check_ns = time_monotonic_ns() + CHECK_NS;
	struct doors *doors = context;

	while (wait_for_look(doors)) {
		bool is_due = time_monotonic_ns() >= check_ns;
		size_t peers = 0;

		office_watch(doors->office);
		for (size_t i = 0; i < doors->count; i++) {
			receiver_sweep(doors->receivers[i]);
			peers += receiver_peers(doors->receivers[i]);
			if (is_due)
				check(doors, i);
		}
		metric_set(METRIC_CONNECTIONS, (int64_t)peers);
		if (is_due)
			check_ns = time_monotonic_ns() + CHECK_NS;
	}
	return NULL;
}

int doors_open(const char *const *urls, size_t count, struct office *office, struct doors **ret, struct err *err)
{
	struct doors *doors = calloc(1, sizeof(*doors));
	int code = doors ? 0 : err_set(err, ERR_MEMORY, "out of memory");

	if (code < 0)
		return code;
	doors->office = office;
	monitor_init(&doors->monitor);
	for (size_t i = 0; code == 0 && i < count && i < DOORS_MAX; i++) {
		struct receiver_conf conf = { .url = urls[i], .handler = office_handle, .context = office };

		if (address_is_tls(urls[i]))
			conf.tls = office_tls(office);
		snprintf(doors->urls[i], ADDRESS_URL_MAX, "%s", urls[i]);
		code = receiver_open(&conf, &doors->receivers[i], err);
		doors->count += code == 0;
	}
	if (code == 0 && pthread_create(&doors->thread, NULL, doors_run, doors))
		code = err_set(err, ERR_FAILED, "could not start a thread");
	if (code < 0) {
		doors_close(doors);
		return code;
	}
	doors->is_watched = true;
	*ret = doors;
	return 0;
}

void doors_close(struct doors *doors)
{
	if (!doors)
		return;
	monitor_lock(&doors->monitor);
	doors->is_stopping = true;
	monitor_notify(&doors->monitor);
	monitor_unlock(&doors->monitor);
	if (doors->is_watched)
		pthread_join(doors->thread, NULL);
	for (size_t i = 0; i < doors->count; i++)
		receiver_close(doors->receivers[i]);
	monitor_fini(&doors->monitor);
	free(doors);
}
