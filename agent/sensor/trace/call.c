#include "agent/sensor/trace/call.h"

#include <linux/openat2.h>
#include <stdio.h>

#include "agent/proc/proc.h"
#include "agent/sensor/trace/memory.h"
#include "base/time.h"

/* ERESTARTSYS .. ERESTART_RESTARTBLOCK of the kernel, not in any header of user space. */
#define RESTART_FIRST 512
#define RESTART_LAST  516

static uint64_t role(const uint64_t args[6], uint8_t arg)
{
	return arg ? args[arg - 1] : 0;
}

static const char *read_path(pid_t tid, const uint64_t args[6], uint8_t arg, char out[PATH_MAX])
{
	if (!arg || !memory_read_text(tid, role(args, arg), out, PATH_MAX))
		return NULL;
	return out;
}

static void read_how(struct sensor_event *event, uint64_t address)
{
	struct open_how how;

	if (!memory_read(event->tid, address, &how, sizeof(how)))
		return;
	event->flags = (uint32_t)how.flags;
	event->mode = (uint32_t)how.mode;
}

static bool is_open(const struct sensor_event *event)
{
	return sensor_call_in(event->call, SENSOR_OPEN_CALLS);
}

/* Before the call: what it is about to change can still be looked at. Of an open the rest is known better afterwards. */
static void look_before(struct pending_call *pending)
{
	struct sensor_event *event = &pending->event;
	bool symlink = sensor_call_in(event->call, SENSOR_SYMLINK_CALLS);

	if (is_open(event)) {
		if (event->path && (event->flags & O_CREAT))
			event->is_new_file =
				!path_exists(event->tid, event->dirfd, event->path, &event->known_new_file) &&
				event->known_new_file;
		return;
	}
	if (event->path && path_real(event->tid, event->dirfd, event->path, pending->real))
		event->real_path = pending->real;
	/* The target of a symbolic link is only a text. */
	if (event->path2 && !symlink && path_real(event->tid, event->dirfd2, event->path2, pending->real2))
		event->real_path2 = pending->real2;
}

void call_enter(struct pending_call *pending, const struct trace_call *row, pid_t tid, pid_t pid,
		const uint64_t args[6])
{
	struct sensor_event *event = &pending->event;

	*event = (struct sensor_event){
		.call = row->call,
		.time_ns = time_now_ns(),
		.tid = tid,
		.pid = pid,
		.dirfd = row->dirfd ? (int)role(args, row->dirfd) : AT_FDCWD,
		.dirfd2 = row->dirfd2 ? (int)role(args, row->dirfd2) : AT_FDCWD,
		.flags = row->flags ? (uint32_t)role(args, row->flags) : row->fixed_flags,
		.mode = (uint32_t)role(args, row->mode),
	};
	if (row->how)
		read_how(event, role(args, row->how));
	event->path = read_path(tid, args, row->path, pending->path);
	event->path2 = read_path(tid, args, row->path2, pending->path2);
	proc_ids(tid, &event->uid, &event->gid);
	look_before(pending);
}

void call_exit(struct pending_call *pending, int64_t result)
{
	struct sensor_event *event = &pending->event;
	char name[32];

	event->result = result;
	event->has_result = true;
	if (!is_open(event))
		return;
	event->is_new_file = event->is_new_file && result >= 0;
	/* What was really opened: another thread may have changed the path after we read it. */
	snprintf(name, sizeof(name), "fd/%d", (int)result);
	if (result >= 0 && proc_link(event->tid, name, pending->real) && pending->real[0] == '/')
		event->real_path = pending->real;
	else if (event->path && path_real(event->tid, event->dirfd, event->path, pending->real))
		event->real_path = pending->real;
}

bool call_restarts(int64_t result)
{
	return result <= -RESTART_FIRST && result >= -RESTART_LAST;
}
