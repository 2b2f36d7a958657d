/* Fields of the file that a process runs, if it was written while somebody watched. */
#include "agent/pipeline/drift.h"

static const struct writing *writing_of(const struct view *view)
{
	const char *path;

	return drift_of(view, &path);
}

static bool read_is_written(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_bool(writing_of(view) != NULL);
	return view->written != NULL;
}

static bool read_path(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const char *path = NULL;

	return drift_of(view, &path) && view_set_text(ret, path);
}

static bool read_time(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct writing *writing = writing_of(view);

	if (!writing)
		return false;
	*ret = (struct value){ .type = VALUE_TIME, .number = writing->time_ns };
	return true;
}

static bool read_age(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct writing *writing = writing_of(view);

	if (!writing)
		return false;
	*ret = (struct value){ .type = VALUE_DURATION, .number = view->process->view.start_ns - writing->time_ns };
	return true;
}

static bool read_pid(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct writing *writing = writing_of(view);

	if (!writing)
		return false;
	*ret = value_int(writing->by->pid);
	return true;
}

/* Absent where it is not known. */
#define TEXT_READER(name, expression)                                                                                \
	static bool read_##name(const struct view *view, const char *argument UNUSED, struct value *ret)             \
	{                                                                                                            \
		const struct writing *writing = writing_of(view);                                                    \
		const char *text = writing ? (expression) : NULL;                                                    \
                                                                                                                     \
		return text && *text && view_set_text(ret, text);                                                    \
	}

TEXT_READER(how, writing_word(writing->kind))
TEXT_READER(name, writing->by->name)
TEXT_READER(exepath, writing->by->program)
TEXT_READER(user, writing->by->user)
TEXT_READER(container, writing->by->container[0] ? writing->by->container : "host")

const view_reader view_drift_readers[FIELD_COUNT] = {
	[FIELD_DRIFT_IS_WRITTEN] = read_is_written,
	[FIELD_DRIFT_HOW] = read_how,
	[FIELD_DRIFT_PATH] = read_path,
	[FIELD_DRIFT_TIME] = read_time,
	[FIELD_DRIFT_AGE] = read_age,
	[FIELD_DRIFT_BY_NAME] = read_name,
	[FIELD_DRIFT_BY_EXEPATH] = read_exepath,
	[FIELD_DRIFT_BY_PID] = read_pid,
	[FIELD_DRIFT_BY_USER] = read_user,
	[FIELD_DRIFT_BY_CONTAINER] = read_container,
};
