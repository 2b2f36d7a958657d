#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "tests/support/sample.h"
#include "tests/traffic/traffic.h"

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

struct event traffic_event_make(struct arena *arena, const struct traffic_event *what)
{
	uint64_t seq = what->number;
	struct event event = what->has_alert ? sample_alert(arena, seq)
			     : seq % 2	     ? sample_exec(arena, seq)
					     : sample_file(arena, seq);
	struct process *process = must(arena_new(arena, struct process));

	*process = *event.process;
	process->exec_id = what->number;
	process->parent_exec_id = what->number - 1;
	process->start_ns = time_now_ns();
	process->exe_path = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java";
	process->cwd = "/srv/shop/releases/20261124";
	process->container = what->agent;
	if (what->mark) {
		const char **args = must(arena_array(arena, const char *, process->arg_count));

		memcpy(args, process->args, process->arg_count * sizeof(*args));
		args[process->arg_count - 1] = what->mark;
		process->args = args;
	}
	event.process = process;
	event.time_ns = process->start_ns;
	event.seq = 0;
	return event;
}

struct origin traffic_origin_make(struct arena *arena, const char *agent)
{
	struct origin origin = sample_origin(arena);
	struct ecs_task *task = must(arena_new(arena, struct ecs_task));
	struct container *container = must(arena_new(arena, struct container));

	*task = *origin.task;
	task->arn = must(arena_printf(arena, "arn:aws:ecs:eu-central-1:123456789012:task/production/%s", agent));
	*container = origin.containers[0];
	container->id = must(arena_dup(arena, agent));
	origin.agent = must(arena_dup(arena, agent));
	origin.task = task;
	origin.containers = container;
	return origin;
}
