#include "cloudtrail/ship.h"

#include <stdlib.h>

int ship_record(struct sender *sender, const struct record *record, const struct alert *alerts, size_t alert_count,
		struct err *err)
{
	AUTO_FREE char *json = json_dumps(record->json, JSON_COMPACT);
	struct cloud_record cloud = {
		.id = record->id,
		.account = record->account,
		.region = record->region,
		.json = json,
		.object = record->object,
	};
	struct event event = {
		.time_ns = record->time_ns,
		.resolution_ns = RECORD_RESOLUTION_NS,
		.kind = EVENT_CLOUD,
		.type = record->name,
		.cloud = &cloud,
		.alerts = alerts,
		.alert_count = alert_count,
	};

	if (!json)
		return err_set(err, ERR_MEMORY, "out of memory");
	return sender_add(sender, &event, false, err);
}
