/*
 * The process tree: alerted executions, what they descend from (their events carry that along), and what they started.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/sentence.h"

#define TREE_MAX	200
#define TREE_DEPTH_MAX	64
#define TREE_EVENTS_MAX 50 /* of one process */

struct branch {
	const struct process *process;
	int64_t task;
	size_t parent; /* index + 1; 0 = a root */
	bool is_alerted, is_wanted;
};

struct tree {
	struct inquiry *inquiry;
	struct branch *branches; /* by task, start, exec id */
	size_t count, written;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_branches(const void *left, const void *right)
{
	const struct branch *a = left;
	const struct branch *b = right;
	int order = compare_numbers((uint64_t)a->task, (uint64_t)b->task);

	if (order == 0 && a->process->start_ns != b->process->start_ns)
		order = a->process->start_ns > b->process->start_ns ? 1 : -1;
	if (order == 0)
		order = compare_numbers(a->process->exec_id, b->process->exec_id);
	return order != 0 ? order : a->process->pid - b->process->pid;
}

static void add_branch(struct tree *tree, const struct process *process, int64_t task, bool is_alerted)
{
	if (process != NULL && process->exec_id != 0)
		tree->branches[tree->count++] =
			(struct branch){ .process = process, .task = task, .is_alerted = is_alerted };
}

static bool is_activity(const struct event_row *row)
{
	return row->event.kind == EVENT_EXEC || row->event.kind == EVENT_FILE || row->event.kind == EVENT_EXIT ||
	       row->event.kind == EVENT_CALL;
}

static bool collect(struct tree *tree)
{
	const struct inquiry *inquiry = tree->inquiry;
	size_t size = 1, kept = 0;

	for (size_t i = 0; i < inquiry->event_count; i++)
		size += 1 + inquiry->events[i].event.lineage_count;
	tree->branches = arena_array(inquiry->arena, struct branch, size);
	if (tree->branches == NULL)
		return false;
	for (size_t i = 0; i < inquiry->event_count; i++) {
		const struct event_row *row = &inquiry->events[i];

		if (!is_activity(row))
			continue;
		add_branch(tree, row->event.process, row->task_id, row->event.alert_count > 0);
		for (size_t j = 0; j < row->event.lineage_count; j++)
			add_branch(tree, &row->event.lineage[j], row->task_id, false);
	}
	qsort(tree->branches, tree->count, sizeof(*tree->branches), compare_branches);
	for (size_t i = 0; i < tree->count; i++) {
		struct branch *last = kept > 0 ? &tree->branches[kept - 1] : NULL;

		if (last != NULL && compare_branches(last, &tree->branches[i]) == 0) {
			last->is_alerted |= tree->branches[i].is_alerted;
			/* a process known from its ancestry only may lack its arguments */
			if (tree->branches[i].process->arg_count > last->process->arg_count)
				last->process = tree->branches[i].process;
		} else {
			tree->branches[kept++] = tree->branches[i];
		}
	}
	tree->count = kept;
	return true;
}

/* Exec ids begin anew with each stream: of several that fit, the one that started last before the child. */
static void connect(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct branch *child = &tree->branches[i];

		for (size_t j = 0; j < i && child->process->parent_exec_id != 0; j++) {
			const struct branch *parent = &tree->branches[j];

			if (parent->task == child->task && parent->process->exec_id == child->process->parent_exec_id)
				child->parent = j + 1;
		}
	}
}

static void choose(struct tree *tree)
{
	const struct subject *subject = &tree->inquiry->subject;
	bool all = subject->form == SUBJECT_ENTITY &&
		   (subject->entity.kind == ENTITY_TASK || subject->entity.kind == ENTITY_HOST);

	for (size_t i = 0; i < tree->count; i++) {
		struct branch *branch = &tree->branches[i];

		/* parents stand before their children: one pass knows whether the parent is alerted */
		if (branch->parent != 0 && tree->branches[branch->parent - 1].is_alerted)
			branch->is_wanted = true;
		if (!all && !branch->is_alerted)
			continue;
		branch->is_wanted = true;
		for (size_t at = branch->parent; at != 0; at = tree->branches[at - 1].parent)
			tree->branches[at - 1].is_wanted = true;
	}
}

static json_t *args_json(const struct process *process)
{
	json_t *args = json_array();

	for (size_t i = 0; i < process->arg_count; i++) {
		json_t *holder = json_object();

		json_set_text(holder, "arg", process->args[i]);
		json_array_append(args, json_object_get(holder, "arg"));
		json_decref(holder);
	}
	return args;
}

static bool is_same(const struct process *a, const struct process *b)
{
	return b != NULL && a->exec_id == b->exec_id && a->start_ns == b->start_ns && a->pid == b->pid;
}

static void add_happenings(const struct tree *tree, const struct branch *branch, json_t *json)
{
	const struct inquiry *inquiry = tree->inquiry;
	json_t *alerts = json_array();
	json_t *events = json_array();
	char time[TIME_TEXT_MAX];

	for (size_t i = 0; i < inquiry->event_count; i++) {
		const struct event_row *row = &inquiry->events[i];
		json_t *event;

		if (row->task_id != branch->task || !is_activity(row) ||
		    !is_same(branch->process, row->event.process))
			continue;
		for (size_t j = 0; j < inquiry->alert_count; j++) {
			if (memcmp(inquiry->alerts[j].event_id, row->event_id, EVENT_ID_SIZE) == 0)
				json_array_append_new(alerts, json_string(inquiry->alerts[j].id));
		}
		if (row->event.kind == EVENT_EXEC || json_array_size(events) == TREE_EVENTS_MAX)
			continue;
		event = json_object();
		json_set_text(event, "time", time_format_exact(row->event.time_ns, time));
		json_set_text(event, "text", activity_sentence(inquiry, row, false));
		json_set_text(event, "event", event_text(row->event_id, inquiry->arena));
		json_array_append_new(events, event);
	}
	json_object_set_new(json, "alerts", alerts);
	json_object_set_new(json, "events", events);
}

static json_t *branch_json(struct tree *tree, size_t index, unsigned depth)
{
	const struct branch *branch = &tree->branches[index];
	const struct process *process = branch->process;
	json_t *json = json_object();
	json_t *children = json_array();
	char time[TIME_TEXT_MAX];

	tree->written++;
	json_object_set_new(json, "exec_id", json_integer((json_int_t)process->exec_id));
	json_object_set_new(json, "pid", json_integer(process->pid));
	json_set_text(json, "name", process->name != NULL ? process->name : "?");
	json_object_set_new(json, "args", args_json(process));
	json_set_text(json, "exe", process->exe_path);
	json_object_set_new(json, "uid", json_integer(process->uid));
	json_set_text(json, "user", process->user);
	if (process->start_ns != 0)
		json_set_text(json, "start", time_format_exact(process->start_ns, time));
	add_happenings(tree, branch, json);
	for (size_t i = index + 1; i < tree->count && depth < TREE_DEPTH_MAX; i++) {
		if (tree->branches[i].parent != index + 1 || !tree->branches[i].is_wanted)
			continue;
		if (tree->written < TREE_MAX)
			json_array_append_new(children, branch_json(tree, i, depth + 1));
		else
			cut_add(tree->inquiry, "the process tree was cut at %d processes", TREE_MAX);
	}
	json_object_set_new(json, "children", children);
	return json;
}

json_t *tree_write(struct inquiry *inquiry)
{
	struct tree tree = { .inquiry = inquiry };
	json_t *roots = json_array();

	if (!collect(&tree))
		return roots;
	connect(&tree);
	choose(&tree);
	for (size_t i = 0; i < tree.count; i++) {
		if (tree.branches[i].parent != 0 || !tree.branches[i].is_wanted)
			continue;
		if (tree.written < TREE_MAX)
			json_array_append_new(roots, branch_json(&tree, i, 0));
		else
			cut_add(inquiry, "the process tree was cut at %d processes", TREE_MAX);
	}
	return roots;
}
