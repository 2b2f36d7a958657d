#include "agent/pipeline/activity.h"

/* The family, and what it does. */
static const struct {
	uint64_t calls;
	struct activity activity;
} activities[] = {
	{ SENSOR_EXEC_CALLS, { EVENT_EXEC, 0 } },
	{ SENSOR_FORK_CALLS, { EVENT_FORK, 0 } },
	{ SENSOR_EXIT_CALLS, { EVENT_EXIT, 0 } },
	{ SENSOR_OPEN_CALLS, { EVENT_FILE, FILE_OP_OPEN } },
	{ SENSOR_REMOVE_CALLS, { EVENT_FILE, FILE_OP_REMOVE } },
	{ SENSOR_RENAME_CALLS, { EVENT_FILE, FILE_OP_RENAME } },
	{ SENSOR_LINK_CALLS | SENSOR_SYMLINK_CALLS, { EVENT_FILE, FILE_OP_LINK } },
	{ SENSOR_MKDIR_CALLS | SENSOR_MKNOD_CALLS, { EVENT_FILE, FILE_OP_CREATE } },
	{ SENSOR_CHMOD_CALLS, { EVENT_FILE, FILE_OP_CHMOD } },
	{ SENSOR_CHOWN_CALLS, { EVENT_FILE, FILE_OP_CHOWN } },
	{ SENSOR_XATTR_CALLS, { EVENT_FILE, FILE_OP_XATTR } },
	{ SENSOR_TRUNCATE_CALLS, { EVENT_FILE, FILE_OP_OPEN } },
};

struct activity activity_of(const struct sensor_event *event)
{
	struct activity activity = { EVENT_CALL, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(activities); i++) {
		if (sensor_call_in(event->call, activities[i].calls))
			activity = activities[i].activity;
	}
	if (!sensor_call_in(event->call, SENSOR_OPEN_CALLS))
		return activity;
	if (event->is_new_file)
		activity.op = FILE_OP_CREATE;
	else if (!(event->flags & OPEN_WRITES))
		activity.op = 0;
	return activity;
}

enum activity_class activity_class_of(const struct sensor_event *event)
{
	switch (activity_of(event).kind) {
	case EVENT_FILE:
		return ACTIVITY_FILES;
	case EVENT_CALL:
		return sensor_call_in(event->call, SENSOR_NETWORK_CALLS) ? ACTIVITY_CONNECTIONS : ACTIVITY_CALLS;
	default:
		return ACTIVITY_COMMANDS;
	}
}

/* Rare calls that change what a process may do or see of the machine: kept whatever became of them. */
#define AUDITED_CALLS (SENSOR_KERNEL_CALLS | SENSOR_CONTROL_CALLS | SENSOR_SIGNAL_CALLS)

/* In tier full, where every connection is a stop anyway. */
#define CONNECTION_CALLS (SENSOR_CONNECT_CALLS | SENSOR_ACCEPT_CALLS | SENSOR_SOCKET_CALLS)

bool activity_is_watched(const struct view *view, enum tier tier, const struct fim *fim)
{
	struct activity activity = activity_of(view->event);
	const char *path, *path2;

	if (activity.kind == EVENT_EXEC || activity.kind == EVENT_EXIT)
		return !view->event->has_result || view->event->result >= 0;
	if (activity.kind == EVENT_CALL)
		return sensor_call_in(view->event->call, AUDITED_CALLS) || view->event->is_late ||
		       (tier == TIER_FULL && sensor_call_in(view->event->call, CONNECTION_CALLS));
	if (!fim || activity.kind != EVENT_FILE || !activity.op ||
	    (view->event->has_result && view->event->result < 0))
		return false;
	path = view_path(view);
	if (path && fim_watches(fim, path))
		return true;
	/* The target of a symbolic link is not touched. */
	path2 = sensor_call_in(view->event->call, SENSOR_SYMLINK_CALLS) ? NULL : view_path2(view);
	return path2 && fim_watches(fim, path2);
}

bool activity_wants(enum sensor_call call, enum tier tier)
{
	if (tier == TIER_FULL && sensor_call_in(call, CONNECTION_CALLS))
		return true;
	/* Who writes through a descriptor has opened it for writing. */
	return call != SENSOR_FTRUNCATE && sensor_call_in(call, SENSOR_FILE_CALLS | AUDITED_CALLS);
}
