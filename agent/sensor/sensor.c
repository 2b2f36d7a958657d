#include "agent/sensor/sensor.h"

#include <string.h>

static const char *const call_names[SENSOR_CALL_COUNT] = {
#define X(id, name) [SENSOR_##id] = (name),
	SENSOR_CALLS(X)
#undef X
};

const char *sensor_call_name(enum sensor_call call)
{
	return call_names[call];
}

int sensor_call_find(const char *name)
{
	for (int i = 0; i < SENSOR_CALL_COUNT; i++) {
		if (strcmp(call_names[i], name) == 0)
			return i;
	}
	return -1;
}
