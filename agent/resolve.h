/*
 * resolve.h: real paths of events whose sensor could not know them: asked of the kernel afterwards, through the process
 * while it lives, else through process 1 or the agent itself if they have the same mounts.
 *
 * Late: what was a symbolic link a moment ago may have been replaced. docs/sensors.md says so.
 */
#pragma once

#include "agent/proc/path.h"
#include "agent/sensor/sensor.h"

#define PLAIN_FOLDERS	  256
#define PLAIN_FOLDER_TEXT 232

/* A folder that was found without links on its way a moment ago. */
struct plain_folder {
	int64_t looked_ns;
	size_t length;
	uint32_t mount_namespace;
	char text[PLAIN_FOLDER_TEXT];
};

struct resolver {
	uint32_t own_namespace, first_namespace; /* mounts of the agent, and of process 1 */
	struct sensor_event event;
	char path[PATH_MAX], path2[PATH_MAX];
	struct plain_folder plain[PLAIN_FOLDERS];
};

void resolver_init(struct resolver *resolver);

/*
 * The event, or a copy of it with real_path and real_path2 set where folders of its paths are links. Valid until the next
 * call.
 */
const struct sensor_event *resolver_handle(struct resolver *resolver, const struct sensor_event *event);
