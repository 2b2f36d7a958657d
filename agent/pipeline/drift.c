#include "agent/pipeline/drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/execfn.h"
#include "base/attr.h"

#define EXECUTE	      (S_IXUSR | S_IXGRP | S_IXOTH)
#define RELATIVES_MAX 4 /* ancestors whose root is tried in place of one that has ended */
#define COMM_LENGTH   15

bool drift_is_asked(const struct ruleset *rules)
{
	return rules && ruleset_reads(rules, FIELD_DRIFT_IS_WRITTEN, FIELD_DRIFT_BY_CONTAINER);
}

bool drift_wants(enum sensor_call call)
{
	return sensor_call_in(call, SENSOR_OPEN_CALLS | SENSOR_CHMOD_CALLS | SENSOR_RENAME_CALLS) ||
	       call == SENSOR_MEMFD_CREATE;
}

/* In the root of the process or, if that has ended, of an ancestor in the same container. */
static bool facts_at(const struct execution *process, const char *path, struct file_facts *ret)
{
	const struct execution *e = process;
	pid_t pids[RELATIVES_MAX];
	int count = 0;

	/* The numbers first: whose turn it is meanwhile may cut the line of ancestors. */
	for (; path && e && e->container == process->container && count < RELATIVES_MAX; e = e->parent)
		pids[count++] = e->view.pid;
	for (int i = 0; i < count; i++) {
		if (file_facts_at(pids[i], path, ret))
			return true;
	}
	return false;
}

static bool facts_of_fd(const struct view *view, int64_t fd, struct file_facts *ret)
{
	return fd <= INT_MAX && file_facts_of_fd(view->event->tid, (int)fd, ret);
}

/* What has been moved and can be executed is of interest only if nobody was seen writing it. */
static bool is_unknown_program(const struct view *view, const char *path)
{
	struct file_facts facts;

	return path && !written_has_path(view->written, view->process, path) &&
	       file_facts_at_real(view->event->tid, path, &facts) && S_ISREG(facts.mode) && facts.mode & EXECUTE &&
	       !written_find(view->written, &facts.id, INT64_MAX);
}

bool drift_needs(const struct view *view)
{
	const struct sensor_event *event = view->event;

	if (!view->written || !drift_wants(event->call))
		return false;
	if (sensor_call_in(event->call, SENSOR_OPEN_CALLS))
		return event->flags & OPEN_WRITES;
	if (sensor_call_in(event->call, SENSOR_CHMOD_CALLS))
		return event->mode & EXECUTE;
	return event->call == SENSOR_MEMFD_CREATE || is_unknown_program(view, view_path(view));
}

/* The file that the call was about, and how it came to be what it is; false if it is of no interest. */
static bool find_writing(const struct view *view, enum writing_kind *ret_kind, struct file_facts *ret)
{
	const struct sensor_event *event = view->event;

	if (sensor_call_in(event->call, SENSOR_OPEN_CALLS)) {
		*ret_kind = WRITING_WRITE;
		/* Who does not hold the process must not trust its descriptors: they may be others by now. */
		return event->flags & OPEN_WRITES && (event->is_held ? facts_of_fd(view, event->result, ret)
								     : facts_at(view->process, view_path(view), ret));
	}
	if (sensor_call_in(event->call, SENSOR_CHMOD_CALLS)) {
		*ret_kind = WRITING_CHMOD;
		if (!(event->mode & EXECUTE))
			return false;
		return event->call == SENSOR_FCHMOD ? facts_of_fd(view, (int)event->registers[0], ret)
						    : facts_at(view->process, view_path(view), ret);
	}
	if (event->call == SENSOR_MEMFD_CREATE) {
		*ret_kind = WRITING_MEMFD;
		return facts_of_fd(view, event->result, ret);
	}
	*ret_kind = WRITING_RENAME;
	return facts_at(view->process, view_path2(view), ret) && ret->mode & EXECUTE;
}

/* "curl ... >file": a shell, or its child, opened the file for the program that writes it. */
static void note_heir(const struct view *view)
{
	const struct execution *parent;
	const struct writing *writing;
	struct file_facts facts;

	if (!view->event->is_held || !written_count(view->written) || !facts_of_fd(view, STDOUT_FILENO, &facts) ||
	    !S_ISREG(facts.mode))
		return;
	parent = view->process->parent;
	writing = written_find(view->written, &facts.id, INT64_MAX);
	if (writing && writing->kind == WRITING_WRITE &&
	    (writing->by->pid == view->event->pid || (parent && writing->by->pid == parent->view.pid)))
		written_note(view->written, &facts.id, WRITING_WRITE, view->process, writing->time_ns);
}

void drift_note(const struct view *view)
{
	const struct sensor_event *event = view->event;
	enum writing_kind kind;
	struct file_facts facts;

	if (view->written && sensor_call_in(event->call, SENSOR_EXEC_CALLS))
		note_heir(view);
	if (!view->written || !drift_wants(event->call) || !event->has_result || event->result < 0 ||
	    !find_writing(view, &kind, &facts) || !S_ISREG(facts.mode))
		return;
	written_note(view->written, &facts.id, kind, view->process, event->time_ns);
	if (kind == WRITING_WRITE && view_path(view))
		written_note_path(view->written, view->process, view_path(view));
}

/* A copy: the memory may have forgotten it when the next rule asks. */
static bool keep(struct exe_facts *facts, const struct writing *found, const char *path)
{
	if (!found)
		return false;
	facts->writing = malloc(sizeof(*facts->writing));
	if (!facts->writing)
		return false;
	*facts->writing = *found;
	facts->writing->by->refs++;
	facts->written_path = path ? strdup(path) : NULL;
	return true;
}

static void look_at_program(const struct view *view, struct exe_facts *facts)
{
	const char *path = view->process->view.exe_path;
	struct file_id file = process_table_file(view->process)->file;
	struct file_facts found;

	if (!file.inode && facts_at(view->process, path, &found))
		file = found.id;
	if (file.inode)
		keep(facts, written_find(view->written, &file, view->process->view.start_ns), path);
}

/* What is executed under another name than its file's may be a script, whose interpreter is the program. */
static bool may_be_script(const struct process *process)
{
	const char *name = process->exe_path ? path_filename(process->exe_path) : NULL;

	return name && process->name && strncmp(name, process->name, COMM_LENGTH) != 0;
}

static void look_at_script(const struct view *view, struct exe_facts *facts)
{
	const struct process *process = &view->process->view;
	const char *given = sensor_call_in(view->event->call, SENSOR_EXEC_CALLS) ? view->event->path : NULL;
	char execfn[PATH_MAX], path[PATH_MAX];
	struct file_facts found;

	if (!may_be_script(process))
		return;
	process = process_table_view(view->process);
	if (!given && proc_execfn(process->pid, execfn))
		given = execfn;
	if (!given || (*given != '/' && !process->cwd) || !path_join(process->cwd ? process->cwd : "", given, path))
		return;
	path_normalize(path);
	if (facts_at(view->process, path, &found) && S_ISREG(found.mode))
		keep(facts, written_find(view->written, &found.id, process->start_ns), path);
}

const struct writing *drift_of(const struct view *view, const char **ret_path)
{
	struct exe_facts *facts = &view->process->facts;

	if (view->written && !facts->has_drift) {
		facts->has_drift = true;
		if (written_count(view->written))
			look_at_program(view, facts);
		if (written_count(view->written) && !facts->writing)
			look_at_script(view, facts);
	}
	*ret_path = facts->written_path;
	return facts->writing;
}
