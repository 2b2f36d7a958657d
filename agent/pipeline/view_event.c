/* Fields of the event itself, its file and its paths. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/pipeline/view.h"
#include "agent/proc/path.h"

static bool is_open(const struct view *view)
{
	return sensor_call_in(view->event->call, SENSOR_OPEN_CALLS);
}

static bool has_failed(const struct view *view)
{
	return view->event->call != SENSOR_PROCEXIT && view->event->has_result && view->event->result < 0;
}

static bool read_type(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, sensor_call_name(view->event->call));
}

static bool read_number(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_uint(view->number);
	return true;
}

static bool read_time(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = (struct value){ .type = VALUE_TIME, .number = view->event->time_ns };
	return true;
}

static bool read_false(const struct view *view UNUSED, const char *argument UNUSED, struct value *ret)
{
	*ret = value_bool(false);
	return true;
}

static bool read_one(const struct view *view UNUSED, const char *argument UNUSED, struct value *ret)
{
	*ret = value_uint(1);
	return true;
}

/* The end of a process is an event, but no call. */
static bool read_syscall(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view->event->call != SENSOR_PROCEXIT && view_set_text(ret, sensor_call_name(view->event->call));
}

static bool read_dir(const struct view *view UNUSED, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, "<");
}

static bool read_source(const struct view *view UNUSED, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, "syscall");
}

static bool read_hostname(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, view->hostname);
}

static bool read_result_name(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	if (!view->event->has_result)
		return false;
	if (!has_failed(view))
		return view_set_text(ret, "SUCCESS");
	return view_set_text(ret, strerrorname_np((int)-view->event->result));
}

static bool read_result(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_int(view->event->result);
	return view->event->has_result;
}

static bool read_failed(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_bool(has_failed(view));
	return view->event->has_result;
}

static bool read_args(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view_args(view, ret);
}

static bool read_arg(const struct view *view, const char *argument, struct value *ret)
{
	return view_arg(view, argument, false, ret);
}

static bool read_rawarg(const struct view *view, const char *argument, struct value *ret)
{
	return view_arg(view, argument, true, ret);
}

static bool read_is_open_read(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_bool(is_open(view) && (view->event->flags & O_ACCMODE) != O_WRONLY);
	return true;
}

static bool read_is_open_write(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_bool(is_open(view) && (view->event->flags & O_ACCMODE) != O_RDONLY);
	return true;
}

static bool read_is_open_exec(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct sensor_event *event = view->event;
	bool creates = event->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));

	*ret = value_bool(is_open(view) && creates && (event->mode & (S_IXUSR | S_IXGRP | S_IXOTH)));
	return true;
}

/* For a rename the path that goes away: what a rule about changes to a folder means. */
static bool read_path(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, view_path(view));
}

static bool read_pathraw(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, view->event->path);
}

/* In sensor events a symbolic link's own path comes first, for rules it is the target of the act. */
static bool read_source_path(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	bool symlink = sensor_call_in(view->event->call, SENSOR_SYMLINK_CALLS);

	return view->event->path2 && view_set_text(ret, symlink ? view_path2(view) : view_path(view));
}

static bool read_target_path(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	bool symlink = sensor_call_in(view->event->call, SENSOR_SYMLINK_CALLS);

	return view->event->path2 && view_set_text(ret, symlink ? view_path(view) : view_path2(view));
}

static bool read_tid(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_int(view->event->tid);
	return true;
}

const view_reader view_event_readers[FIELD_COUNT] = {
	[FIELD_EVT_TYPE] = read_type,
	[FIELD_EVT_NUM] = read_number,
	[FIELD_EVT_TIME] = read_time,
	[FIELD_EVT_TIME_ISO8601] = read_time,
	[FIELD_EVT_DIR] = read_dir,
	[FIELD_EVT_RES] = read_result_name,
	[FIELD_EVT_RAWRES] = read_result,
	[FIELD_EVT_FAILED] = read_failed,
	[FIELD_EVT_ARGS] = read_args,
	[FIELD_EVT_ARG] = read_arg,
	[FIELD_EVT_RAWARG] = read_rawarg,
	[FIELD_EVT_IS_OPEN_READ] = read_is_open_read,
	[FIELD_EVT_IS_OPEN_WRITE] = read_is_open_write,
	[FIELD_EVT_IS_OPEN_EXEC] = read_is_open_exec,
	[FIELD_EVT_SOURCE] = read_source,
	[FIELD_EVT_RAWTIME] = read_time,
	[FIELD_EVT_COUNT] = read_one,
	[FIELD_EVT_IS_IO] = read_false,
	[FIELD_SYSCALL_TYPE] = read_syscall,
	[FIELD_EVT_HOSTNAME] = read_hostname,
	[FIELD_FS_PATH_NAME] = read_path,
	[FIELD_FS_PATH_NAMERAW] = read_pathraw,
	[FIELD_FS_PATH_SOURCE] = read_source_path,
	[FIELD_FS_PATH_TARGET] = read_target_path,
	[FIELD_THREAD_TID] = read_tid,
};
