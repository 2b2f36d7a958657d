#include "agent/pipeline/view.h"

#include <string.h>

bool view_set_text(struct value *ret, const char *text)
{
	if (!text)
		return false;
	*ret = value_text(text, strlen(text));
	return true;
}

bool view_read(const void *view, enum field field, const char *argument, struct value *ret)
{
	view_reader reader = view_event_readers[field];

	if (!reader)
		reader = view_fd_readers[field];
	if (!reader)
		reader = view_process_readers[field];
	if (!reader)
		reader = view_drift_readers[field];
	return reader && reader(view, argument, ret);
}

/* Absolute form of one path of the event: the sensor's, else by text. */
static const char *absolute(const struct view *view, bool second)
{
	const struct sensor_event *event = view->event;
	const char *path = second ? event->path2 : event->path, *real = second ? event->real_path2 : event->real_path;
	const char *folder = second ? event->folder2 : event->folder;
	int dirfd = second ? event->dirfd2 : event->dirfd;
	char *out;

	if (real)
		return real;
	/* The target of a symbolic link is only a text. */
	if (second && sensor_call_in(event->call, SENSOR_SYMLINK_CALLS))
		return path;
	if (event->find_real && (real = event->find_real(event, second)))
		return real;
	out = path ? arena_alloc(view->arena, PATH_MAX) : NULL;
	if (!out)
		return NULL;
	if (folder) {
		if (!path_join(folder, path, out))
			return NULL;
		path_normalize(out);
		return out;
	}
	return path_absolute(event->tid, dirfd, path, view->process->view.cwd, out) ? out : NULL;
}

const char *view_path(const struct view *view)
{
	struct view_found *found = view->found;

	if (!found->has_path)
		found->path = absolute(view, false);
	found->has_path = true;
	return found->path;
}

const char *view_path2(const struct view *view)
{
	struct view_found *found = view->found;

	if (!found->has_path2)
		found->path2 = absolute(view, true);
	found->has_path2 = true;
	return found->path2;
}
