/* The decoder of ring records: whatever the bytes, nothing outside of them is read, and every text has an end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sensor/bpf/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t text_touch(const char *text)
{
	return text ? strlen(text) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record record;
	const struct sensor_event *event = &record.event;
	size_t sum;

	if (record_decode(data, size, 0, &record, NULL) < 0)
		return 0;
	sum = text_touch(event->path) + text_touch(event->path2) + text_touch(event->real_path) +
	      text_touch(event->exe_path) + text_touch(event->folder) + text_touch(event->folder2) +
	      text_touch(event->cgroup) + text_touch(event->comm) + event->args_length;
	/* joined folders are as long as their names, and a "/" when there are none */
	if (sum > size + 4 || (event->args_length > 0 && event->args[event->args_length - 1] != 0))
		abort();
	return 0;
}
