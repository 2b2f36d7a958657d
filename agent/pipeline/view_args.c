/* evt.arg: the parameters of each call under Falco's names. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/pipeline/view.h"
#include "base/strbuf.h"

enum arg_kind {
	ARG_RESULT,
	ARG_FD,
	ARG_DIRFD,
	ARG_DIRFD2,
	ARG_PATH,
	ARG_PATH2,
	ARG_OPEN_FLAGS,
	ARG_FLAGS,
	ARG_MODE,
	ARG_STATUS,
	ARG_FIELD, /* the same as a field */
};

/* One parameter of a family of calls; the order within a call is the order of evt.arg[N]. */
struct arg {
	uint64_t calls;
	const char *name;
	enum arg_kind kind;
	enum field field;
};

#define ONE(call) SENSOR_BIT(SENSOR_##call)
#define AT_CALLS  (ONE(OPENAT) | ONE(OPENAT2) | ONE(UNLINKAT) | ONE(MKDIRAT) | ONE(FCHMODAT))
#define RES_CALLS                                                                                                    \
	(SENSOR_REMOVE_CALLS | SENSOR_RENAME_CALLS | SENSOR_LINK_CALLS | SENSOR_SYMLINK_CALLS | SENSOR_MKDIR_CALLS | \
	 SENSOR_CHMOD_CALLS | SENSOR_EXEC_CALLS | SENSOR_FORK_CALLS)
#define PROCESS_CALLS (SENSOR_EXEC_CALLS | SENSOR_FORK_CALLS)

static const struct arg args[] = {
	{ SENSOR_OPEN_CALLS, "fd", ARG_FD, 0 },
	{ RES_CALLS, "res", ARG_RESULT, 0 },
	{ AT_CALLS, "dirfd", ARG_DIRFD, 0 },
	{ ONE(RENAMEAT) | ONE(RENAMEAT2), "olddirfd", ARG_DIRFD, 0 },
	{ ONE(LINKAT), "olddir", ARG_DIRFD, 0 },
	{ SENSOR_OPEN_CALLS | ONE(UNLINKAT), "name", ARG_PATH, 0 },
	{ ONE(UNLINK) | ONE(RMDIR) | SENSOR_MKDIR_CALLS, "path", ARG_PATH, 0 },
	{ SENSOR_CHMOD_CALLS, "filename", ARG_PATH, 0 },
	{ SENSOR_RENAME_CALLS | SENSOR_LINK_CALLS, "oldpath", ARG_PATH, 0 },
	{ ONE(RENAMEAT) | ONE(RENAMEAT2), "newdirfd", ARG_DIRFD2, 0 },
	{ ONE(LINKAT), "newdir", ARG_DIRFD2, 0 },
	{ SENSOR_RENAME_CALLS | SENSOR_LINK_CALLS, "newpath", ARG_PATH2, 0 },
	{ SENSOR_SYMLINK_CALLS, "target", ARG_PATH2, 0 },
	{ ONE(SYMLINKAT), "linkdirfd", ARG_DIRFD, 0 },
	{ SENSOR_SYMLINK_CALLS, "linkpath", ARG_PATH, 0 },
	{ ONE(OPEN) | ONE(OPENAT) | ONE(OPENAT2), "flags", ARG_OPEN_FLAGS, 0 },
	{ ONE(UNLINKAT) | ONE(RENAMEAT2) | ONE(LINKAT), "flags", ARG_FLAGS, 0 },
	{ SENSOR_OPEN_CALLS | SENSOR_MKDIR_CALLS | SENSOR_CHMOD_CALLS, "mode", ARG_MODE, 0 },
	{ PROCESS_CALLS, "exe", ARG_FIELD, FIELD_PROC_EXE },
	{ PROCESS_CALLS, "args", ARG_FIELD, FIELD_PROC_ARGS },
	{ PROCESS_CALLS, "tid", ARG_FIELD, FIELD_THREAD_TID },
	{ PROCESS_CALLS, "pid", ARG_FIELD, FIELD_PROC_PID },
	{ PROCESS_CALLS, "ptid", ARG_FIELD, FIELD_PROC_PPID },
	{ PROCESS_CALLS, "cwd", ARG_FIELD, FIELD_PROC_CWD },
	{ PROCESS_CALLS, "comm", ARG_FIELD, FIELD_PROC_NAME },
	{ PROCESS_CALLS, "tty", ARG_FIELD, FIELD_PROC_TTY },
	{ PROCESS_CALLS, "loginuid", ARG_FIELD, FIELD_USER_LOGINUID },
	{ PROCESS_CALLS, "uid", ARG_FIELD, FIELD_USER_UID },
	{ PROCESS_CALLS, "gid", ARG_FIELD, FIELD_GROUP_GID },
	{ ONE(PROCEXIT), "status", ARG_STATUS, 0 },
};

struct flag_name {
	uint32_t bits;
	const char *name;
};

static const struct flag_name open_flags[] = {
	{ O_DIRECTORY, "O_DIRECTORY" }, { O_DIRECT, "O_DIRECT" },     { O_TRUNC, "O_TRUNC" },
	{ O_SYNC, "O_SYNC" },		{ O_NONBLOCK, "O_NONBLOCK" }, { O_EXCL, "O_EXCL" },
	{ O_DSYNC, "O_DSYNC" },		{ O_APPEND, "O_APPEND" },     { O_CREAT, "O_CREAT" },
	{ O_RDWR, "O_RDWR" },		{ O_WRONLY, "O_WRONLY" },     { O_CLOEXEC, "O_CLOEXEC" },
};
static const struct flag_name remove_flags[] = { { AT_REMOVEDIR, "AT_REMOVEDIR" } };
static const struct flag_name link_flags[] = { { AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW" },
					       { AT_EMPTY_PATH, "AT_EMPTY_PATH" } };
static const struct flag_name rename_flags[] = { { RENAME_NOREPLACE, "RENAME_NOREPLACE" },
						 { RENAME_EXCHANGE, "RENAME_EXCHANGE" },
						 { RENAME_WHITEOUT, "RENAME_WHITEOUT" } };

static const char *flags_text(const struct view *view, const struct flag_name *names, size_t count, const char *none)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		if ((view->event->flags & names[i].bits) != names[i].bits)
			continue;
		if (buf.length)
			strbuf_addc(&buf, '|');
		strbuf_adds(&buf, names[i].name);
	}
	return arena_dup(view->arena, buf.length ? buf.data : none);
}

static const char *other_flags_text(const struct view *view)
{
	if (view->event->call == SENSOR_UNLINKAT)
		return flags_text(view, remove_flags, ARRAY_SIZE(remove_flags), "0");
	if (view->event->call == SENSOR_LINKAT)
		return flags_text(view, link_flags, ARRAY_SIZE(link_flags), "0");
	return flags_text(view, rename_flags, ARRAY_SIZE(rename_flags), "0");
}

static const char *number_text(const struct view *view, int64_t number)
{
	return arena_printf(view->arena, "%lld", (long long)number);
}

static const char *dirfd_text(const struct view *view, int dirfd)
{
	return dirfd == AT_FDCWD ? "AT_FDCWD" : number_text(view, dirfd);
}

static const char *result_text(const struct view *view)
{
	int64_t result = view->event->result;
	const char *name = result < 0 ? strerrorname_np((int)-result) : NULL;

	return name ? name : number_text(view, result);
}

/* Parameters are texts, whatever the field is. */
static bool read_field(const struct view *view, enum field field, struct value *ret)
{
	if (!view_read(view, field, NULL, ret))
		return false;
	return ret->type == VALUE_TEXT || view_set_text(ret, number_text(view, ret->number));
}

static bool read_kind(const struct view *view, const struct arg *arg, bool raw, struct value *ret)
{
	const struct sensor_event *event = view->event;

	switch (arg->kind) {
	case ARG_RESULT:
		return event->has_result &&
		       view_set_text(ret, raw ? number_text(view, event->result) : result_text(view));
	case ARG_FD:
	case ARG_STATUS:
		return event->has_result && view_set_text(ret, number_text(view, event->result));
	case ARG_DIRFD:
		return view_set_text(ret, raw ? number_text(view, event->dirfd) : dirfd_text(view, event->dirfd));
	case ARG_DIRFD2:
		return view_set_text(ret, raw ? number_text(view, event->dirfd2) : dirfd_text(view, event->dirfd2));
	case ARG_PATH:
		return view_set_text(ret, raw ? event->path : view->path);
	case ARG_PATH2:
		return view_set_text(ret, raw ? event->path2 : view->path2);
	case ARG_OPEN_FLAGS:
		if (!raw)
			return view_set_text(ret, flags_text(view, open_flags, ARRAY_SIZE(open_flags), "O_RDONLY"));
		return view_set_text(ret, number_text(view, event->flags));
	case ARG_FLAGS:
		return view_set_text(ret, raw ? number_text(view, event->flags) : other_flags_text(view));
	case ARG_MODE:
		return view_set_text(ret, arena_printf(view->arena, raw ? "%u" : "0%o", event->mode));
	case ARG_FIELD:
		return read_field(view, arg->field, ret);
	}
	return false;
}

bool view_arg(const struct view *view, const char *name, bool raw, struct value *ret)
{
	bool by_number = name && isdigit((unsigned char)*name);
	unsigned long number = by_number ? strtoul(name, NULL, 10) : 0;

	for (size_t i = 0; name && i < ARRAY_SIZE(args); i++) {
		if (!sensor_call_in(view->event->call, args[i].calls))
			continue;
		if (by_number ? number-- == 0 : strcmp(args[i].name, name) == 0)
			return read_kind(view, &args[i], raw, ret);
	}
	return false;
}

bool view_args(const struct view *view, struct value *ret)
{
	AUTO_STRBUF buf = STRBUF_INIT;
	struct value value;

	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		if (!sensor_call_in(view->event->call, args[i].calls) || !read_kind(view, &args[i], false, &value))
			continue;
		strbuf_addf(&buf, "%s%s=", buf.length ? " " : "", args[i].name);
		strbuf_add(&buf, value.text, value.length);
	}
	return view_set_text(ret, arena_dup(view->arena, buf.data));
}
