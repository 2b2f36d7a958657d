/*
 * resolve.h: real paths of events whose sensor could not know them: asked of the kernel afterwards, through the process
 * while it lives, else through the agent itself if both have the same mounts.
 *
 * Late: what was a symbolic link a moment ago may have been replaced. docs/sensors.md says so.
 */
#pragma once

#include "agent/proc/path.h"
#include "agent/sensor/sensor.h"

struct resolved {
	struct sensor_event event; /* a copy, with real_path and real_path2 set where they could be found */
	struct real_path path, path2;
};

/* own_namespace is the mount namespace of the agent. Only paths with links in their folders get a real path. */
const struct sensor_event *resolve(const struct sensor_event *event, uint32_t own_namespace,
				   struct resolved *resolved);
