#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/link/derive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct derived *rows)
{
	for (size_t i = 0; i < rows->assertion_count; i++) {
		if (rows->assertions[i].from == 0 || rows->assertions[i].to == 0 ||
		    rows->assertions[i].confidence > 1)
			abort();
	}
	for (size_t i = 0; i < rows->entity_count; i++) {
		if (rows->entities[i].id != entity_id(rows->entities[i].kind, rows->entities[i].key))
			abort();
	}
}

/* The first byte chooses what the rest is: a CloudTrail record, a scan, or a path that a workload chose. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char arn[] = "arn:aws:ecs:us-west-1:111122223333:task/c/0123456789abcdef0123456789abcdef";
	static struct derived rows;
	const struct alert alert = { .rule = "r", .rule_version = "0", .source = "syscall", .output = "" };
	const struct ecs_task task = { .arn = arn, .cluster = "c" };
	const struct origin origin = { .agent = "a", .task = &task };
	struct cloud_record record = { .id = "i", .account = "111122223333", .region = "us-west-1" };
	struct file_change file = { .op = FILE_OP_CREATE };
	struct event event = { .alerts = &alert, .alert_count = 1 };
	struct derive_input input = { .origin = &origin, .stream = "00", .event = &event };
	AUTO_ARENA arena;
	char *text;

	arena_init(&arena, 16u << 20);
	text = size > 0 ? arena_copy(&arena, (const char *)data + 1, size - 1) : NULL;
	if (text == NULL)
		return 0;
	event.kind = data[0] == 's' ? EVENT_SCAN : data[0] == 'p' ? EVENT_FILE : EVENT_CLOUD;
	record.json = input.scan_json = file.path = text;
	input.scan_json_length = size - 1;
	event.cloud = event.kind == EVENT_CLOUD ? &record : NULL;
	event.file = event.kind == EVENT_FILE ? &file : NULL;
	if (derive_event(&input, &arena, &rows, NULL) >= 0)
		check(&rows);
	return 0;
}
