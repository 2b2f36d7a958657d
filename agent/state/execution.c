#include "agent/state/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/proc/name.h"
#include "agent/proc/path.h"

#define ARGS_MAX 1024 /* arguments kept of one command line */

/* Cuts the line of ancestors where it gets too long: a chain of forks must not keep every dead process. */
static void limit_ancestors(struct execution *execution)
{
	struct execution *last = execution;

	for (int depth = 0; last && depth < ANCESTORS_MAX; depth++)
		last = last->parent;
	if (!last)
		return;
	execution_unref(last->parent);
	last->parent = NULL;
}

struct execution *execution_new(uint64_t exec_id, struct execution *parent)
{
	struct execution *execution = calloc(1, sizeof(*execution));

	if (!execution)
		return NULL;
	execution->refs = 1;
	execution->loginuid = -1;
	execution->view.exec_id = exec_id;
	if (parent) {
		parent->refs++;
		execution->parent = parent;
		execution->view.parent_exec_id = parent->view.exec_id;
		limit_ancestors(execution);
	}
	return execution;
}

static void image_unref(struct program_image *image)
{
	if (image && --image->refs == 0)
		free(image);
}

struct execution *execution_ref(struct execution *execution)
{
	if (execution)
		execution->refs++;
	return execution;
}

void execution_unref(struct execution *execution)
{
	while (execution && --execution->refs == 0) {
		struct execution *parent = execution->parent;

		image_unref(execution->image);
		free(execution->cwd);
		exe_facts_fini(&execution->facts);
		free(execution);
		execution = parent;
	}
}

static void use_image(struct execution *execution, struct program_image *image)
{
	execution->image = image;
	execution->view.name = image->name;
	execution->view.exe_path = image->exe_path;
	execution->view.args = image->args;
	execution->view.arg_count = image->arg_count;
}

void execution_copy(struct execution *execution, const struct execution *from)
{
	execution->view.uid = from->view.uid;
	execution->view.gid = from->view.gid;
	execution->stat = from->stat;
	execution->loginuid = from->loginuid;
	memcpy(execution->user, from->user, sizeof(execution->user));
	memcpy(execution->group, from->group, sizeof(execution->group));
	memcpy(execution->login_user, from->login_user, sizeof(execution->login_user));
	execution->view.user = execution->user[0] ? execution->user : NULL;
	execution->is_root_plain = from->is_root_plain;
	execution_set_folder(execution, from->cwd);
	from->image->refs++;
	use_image(execution, from->image);
	execution_join_session(execution, from);
	execution_set_container(execution, from->container);
	execution->container_start_ns = from->container_start_ns;
}

void execution_set_folder(struct execution *execution, const char *folder)
{
	if (!folder || execution->cwd)
		return;
	execution->cwd = strdup(folder);
	execution->view.cwd = execution->cwd;
}

static size_t count_args(const char *line, size_t length)
{
	size_t count = 0;

	for (size_t at = 0; at < length && count < ARGS_MAX; at += strnlen(line + at, length - at) + 1)
		count++;
	return count;
}

static struct program_image *image_new(const char *name, const char *exe, const char *line, size_t length)
{
	size_t count = count_args(line, length);
	size_t exe_size = exe ? strlen(exe) + 1 : 0;
	struct program_image *image = malloc(sizeof(*image) + count * sizeof(*image->args) + exe_size + length + 1);
	char *data, *copy;

	if (!image)
		return NULL;
	*image = (struct program_image){ .refs = 1, .arg_count = count, .args = (const char **)(image + 1) };
	snprintf(image->name, sizeof(image->name), "%s", name);
	data = (char *)(image->args + count);
	if (exe)
		image->exe_path = memcpy(data, exe, exe_size);
	copy = memcpy(data + exe_size, line, length);
	copy[length] = '\0';
	for (size_t i = 0; i < count; i++) {
		image->args[i] = copy;
		copy += strlen(copy) + 1;
	}
	return image;
}

static bool read_root(struct execution *execution, char out[PATH_MAX])
{
	if (execution->is_root_plain)
		return strcpy(out, "/");
	if (!proc_root(execution->view.pid, out))
		return false;
	execution->is_root_plain = strcmp(out, "/") == 0;
	return true;
}

static bool read_link(const char *root, pid_t pid, const char *name, char out[PATH_MAX])
{
	char path[PROC_FILE_NAME_MAX];

	return proc_link_below(root, proc_file_name(path, pid, name), out);
}

void execution_find_folder(struct execution *execution)
{
	char link[PATH_MAX], root[PATH_MAX];

	if (execution->is_folder_asked)
		return;
	execution->is_folder_asked = true;
	if (!execution->cwd && read_root(execution, root) && read_link(root, execution->view.pid, "cwd", link))
		execution_set_folder(execution, link);
}

bool execution_read_program(struct execution *execution, const struct exec_facts *facts, const char *name)
{
	char line[PROC_CMDLINE_MAX], link[PATH_MAX], root[PATH_MAX];
	pid_t pid = execution->view.pid;
	const char *exe = facts->exe_path, *args = facts->args;
	size_t length = facts->args_length;
	struct program_image *image;

	if (!args) {
		length = proc_cmdline(pid, line, sizeof(line));
		args = line;
	}
	if (!exe && read_root(execution, root) && read_link(root, pid, "exe", link))
		exe = link;
	image = image_new(facts->comm ? facts->comm : name, exe, args, length);
	if (!image)
		return false;
	use_image(execution, image);
	execution_set_folder(execution, facts->cwd);
	return true;
}

void execution_join_session(struct execution *execution, const struct execution *from)
{
	const char *own = exec_session_of(&execution->view);

	if (own || from)
		snprintf(execution->exec_session, sizeof(execution->exec_session), "%s",
			 own ? own : from->exec_session);
	execution->view.exec_session = execution->exec_session[0] ? execution->exec_session : NULL;
}

void execution_set_container(struct execution *execution, const struct container_identity *container)
{
	execution->container = container;
	execution->view.container = container ? container->info.id : NULL;
}
