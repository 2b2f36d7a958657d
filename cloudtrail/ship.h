/*
 * ship.h: records and their alerts on the way to the collector.
 */
#pragma once

#include "bus/sender.h"
#include "cloudrecord/record.h"

#define RECORD_RESOLUTION_NS NS_PER_S /* eventTime is known to the second */

/* Adds the record with its alerts to the spool; alerts make it urgent. Errors: as sender_add. */
int ship_record(struct sender *sender, const struct record *record, const struct alert *alerts, size_t alert_count,
		struct err *err);
