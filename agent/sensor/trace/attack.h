/*
 * attack.h: calls after which the sensor may not be there to tell of them.
 */
#pragma once

#include <stdbool.h>

#include "agent/sensor/sensor.h"

/*
 * True if event, at the entry of its call, is a signal that ends or stops one of the sensor's processes, whatever they do about it: this one,
 * or standby (0 = there is none).
 */
bool attack_is_fatal(const struct sensor_event *event, pid_t standby);
