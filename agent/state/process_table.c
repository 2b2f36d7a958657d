#include "agent/state/process_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/proc/path.h"
#include "agent/proc/pid_table.h"
#include "agent/state/execution.h"
#include "base/time.h"

#define NS_PER_US 1000

struct process_table {
	struct pid_table *pids;
	struct execution *nobody;
	struct execution *ended[ENDED_MAX]; /* a circle; NULL = none yet */
	size_t next_ended;
	struct users *users;
	container_lookup lookup;
	void *context;
	uint64_t last_exec_id;
	uint64_t clock;
	uint64_t evicted;
};

/* Whom an act belongs to whose process is not known. */
static struct execution *new_nobody(void)
{
	const struct exec_facts nothing = { .comm = "", .exe_path = "", .cwd = "", .args = "" };
	struct execution *nobody = execution_new(0, NULL);

	if (!nobody || execution_read_program(nobody, &nothing, ""))
		return nobody;
	execution_unref(nobody);
	return NULL;
}

struct process_table *process_table_new(container_lookup lookup, void *context)
{
	struct process_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	/* Numbers must not come again when the agent starts again on the same stream, so they start at the time in µs. */
	table->last_exec_id = (uint64_t)(time_now_ns() / NS_PER_US);
	table->pids = pid_table_new();
	table->users = users_new();
	table->nobody = new_nobody();
	table->lookup = lookup;
	table->context = context;
	if (table->pids && table->users && table->nobody)
		return table;
	process_table_free(table);
	return NULL;
}

void process_table_free(struct process_table *table)
{
	if (!table)
		return;
	for (pid_t pid = 0; table->pids && (pid = pid_table_next(table->pids, pid));)
		execution_unref(pid_table_get(table->pids, pid));
	for (size_t i = 0; i < ENDED_MAX; i++)
		execution_unref(table->ended[i]);
	execution_unref(table->nobody);
	pid_table_free(table->pids);
	users_free(table->users);
	free(table);
}

/* A sweep of the whole table is rare: it happens only with EXECUTIONS_MAX processes alive. */
static void evict_one(struct process_table *table)
{
	pid_t oldest = 0;
	uint64_t heard = UINT64_MAX;

	for (pid_t pid = 0; (pid = pid_table_next(table->pids, pid));) {
		const struct execution *execution = pid_table_get(table->pids, pid);

		if (execution->heard < heard) {
			heard = execution->heard;
			oldest = pid;
		}
	}
	process_table_exit(table, oldest);
	table->evicted++;
}

/* Puts execution in the place of pid's former one. Takes execution. */
static struct execution *place(struct process_table *table, pid_t pid, struct execution *execution)
{
	struct execution *former = pid_table_get(table->pids, pid);

	if (!former && table->pids->count >= EXECUTIONS_MAX)
		evict_one(table);
	if (!pid_table_put(table->pids, pid, execution)) {
		execution_unref(execution);
		return NULL;
	}
	execution_unref(former);
	execution->heard = ++table->clock;
	return execution;
}

static void name_ids(struct process_table *table, struct execution *execution)
{
	pid_t pid = execution->view.pid;

	if (!users_name(table->users, pid, execution->view.uid, execution->user))
		execution->user[0] = '\0';
	if (!users_group(table->users, pid, execution->view.gid, execution->group))
		execution->group[0] = '\0';
	if (execution->loginuid < 0 ||
	    !users_name(table->users, pid, (uint32_t)execution->loginuid, execution->login_user))
		execution->login_user[0] = '\0';
	execution->view.user = execution->user[0] ? execution->user : NULL;
}

/* What an exec leaves as it is. Users are looked up anew where the root may be another one: not by the tracer of a tree. */
static void inherit(struct execution *execution, const struct execution *former, bool same_root)
{
	execution->stat = former->stat;
	execution->loginuid = former->loginuid;
	if (!same_root)
		return;
	memcpy(execution->user, former->user, sizeof(execution->user));
	memcpy(execution->group, former->group, sizeof(execution->group));
	memcpy(execution->login_user, former->login_user, sizeof(execution->login_user));
	execution->view.user = execution->user[0] ? execution->user : NULL;
}

/*
 * What runs as pid now, as /proc shows it; former is what ran before the exec, or NULL. Without /proc it is a process of which
 * only the number is known.
 */
static struct execution *read_execution(struct process_table *table, pid_t pid, struct execution *parent,
					const struct execution *former, const struct exec_facts *facts)
{
	struct execution *execution = execution_new(++table->last_exec_id, parent);
	struct proc_status status;
	bool same_root;

	if (!execution)
		return NULL;
	execution->view.pid = pid;
	if (former && facts->is_in_place && facts->has_ids && facts->comm) {
		execution->view.vpid = former->view.vpid;
		execution->is_root_plain = former->is_root_plain;
	} else if (proc_status_read(pid, &status)) {
		execution->view.ppid = status.ppid;
		execution->view.vpid = status.vpid;
		execution->view.uid = status.uid;
		execution->view.gid = status.gid;
	} else if (former) {
		execution->view.vpid = former->view.vpid;
	}
	if (facts->has_ids) {
		execution->view.uid = facts->uid;
		execution->view.gid = facts->gid;
	}
	same_root = former && (facts->is_in_place || !facts->has_ids) && execution->view.uid == former->view.uid &&
		    execution->view.gid == former->view.gid;
	if (former) {
		inherit(execution, former, same_root);
	} else {
		execution->is_stat_fresh = proc_stat_read(pid, &execution->stat);
		execution->loginuid = proc_loginuid(pid);
	}
	execution->view.start_ns = facts->time_ns ? facts->time_ns : execution->stat.start_ns;
	if (!execution_read_program(execution, facts, status.name)) {
		execution_unref(execution);
		return NULL;
	}
	if (!same_root)
		name_ids(table, execution);
	return execution;
}

const struct proc_stat *process_table_stat(struct execution *execution)
{
	struct proc_stat stat;

	if (!execution->is_stat_fresh && proc_stat_read(execution->view.pid, &stat)) {
		/* The time of the start is known better from the fork. */
		if (execution->stat.start_ns)
			stat.start_ns = execution->stat.start_ns;
		execution->stat = stat;
		execution->is_stat_fresh = true;
	}
	return &execution->stat;
}

static struct execution *discover(struct process_table *table, pid_t pid, int depth)
{
	struct execution *execution = pid_table_get(table->pids, pid), *parent = NULL;
	struct proc_status status;

	if (execution || pid <= 0)
		return execution;
	if (depth < ANCESTORS_MAX && proc_status_read(pid, &status) && status.ppid > 0)
		parent = discover(table, status.ppid, depth + 1);
	execution = read_execution(table, pid, parent, NULL, &(struct exec_facts){ 0 });
	if (!execution)
		return NULL;
	execution_join_session(execution, parent);
	if (table->lookup)
		execution_set_container(execution, table->lookup(table->context, pid));
	/* Another tracer may have had its turn meanwhile, and found it. */
	if (pid_table_get(table->pids, pid)) {
		execution_unref(execution);
		return pid_table_get(table->pids, pid);
	}
	return place(table, pid, execution);
}

struct execution *process_table_get(struct process_table *table, pid_t pid)
{
	struct execution *execution = discover(table, pid, 0);

	if (execution)
		execution->heard = ++table->clock;
	return execution;
}

struct execution *process_table_fork(struct process_table *table, pid_t pid, pid_t child, int64_t time_ns)
{
	struct execution *parent = process_table_get(table, pid), *execution;
	struct proc_status status;

	if (!parent)
		return NULL;
	execution = execution_new(++table->last_exec_id, parent);
	if (!execution)
		return NULL;
	execution_copy(execution, parent);
	execution->view.pid = child;
	/* Where the parent has one number alone, so has the child; an exec corrects it after unshare() of pids. */
	if (parent->view.vpid == pid)
		execution->view.vpid = child;
	else
		execution->view.vpid = proc_status_read(child, &status) ? status.vpid : child;
	execution->view.ppid = pid;
	execution->view.start_ns = execution->stat.start_ns = time_ns;
	return place(table, child, execution);
}

static void inherit_name(char name[USER_NAME_MAX], const char *former, bool is_same_id)
{
	if (!name[0] && is_same_id)
		snprintf(name, USER_NAME_MAX, "%s", former);
}

/* Names that could not be asked for any more, because the process had ended. */
static void inherit_names(struct execution *execution, const struct execution *former)
{
	inherit_name(execution->user, former->user, execution->view.uid == former->view.uid);
	inherit_name(execution->group, former->group, execution->view.gid == former->view.gid);
	inherit_name(execution->login_user, former->login_user, execution->loginuid == former->loginuid);
	execution->view.user = execution->user[0] ? execution->user : NULL;
}

struct execution *process_table_exec(struct process_table *table, pid_t pid, const struct exec_facts *facts)
{
	struct execution *former = execution_ref(process_table_get(table, pid)), *execution;

	execution = read_execution(table, pid, former ? former->parent : NULL, former, facts);
	if (!execution) {
		execution_unref(former);
		return NULL;
	}
	execution_join_session(execution, former);
	if (former) {
		execution_set_container(execution, former->container);
		execution->container_start_ns = former->container_start_ns;
		execution->view.ppid = former->view.ppid;
		inherit_names(execution, former);
	}
	execution_unref(former);
	return place(table, pid, execution);
}

void process_table_ids(struct process_table *table, struct execution *execution, uint32_t uid, uint32_t gid)
{
	if (execution->view.uid == uid && execution->view.gid == gid)
		return;
	execution->view.uid = uid;
	execution->view.gid = gid;
	name_ids(table, execution);
}

/* An exec leaves the start as it is, so that what runs as pid now is found to be what an ancestor was. */
static pid_t first_of_line(const struct process_table *table, const struct execution *execution,
			   const struct together *together)
{
	pid_t first = 0;

	for (const struct execution *e = execution; e; e = e->parent) {
		const struct execution *now = pid_table_get(table->pids, e->view.pid);

		if (now && now->stat.start_ns == e->stat.start_ns &&
		    together->is_wanted(together->context, e->view.pid))
			first = e->view.pid;
	}
	return first;
}

static bool is_beside(const struct execution *other, const struct execution *execution,
		      const struct together *together)
{
	if (!execution->container)
		return together->is_together(together->context, other->view.pid, execution->view.pid);
	return other->container && strcmp(other->container->info.id, execution->container->info.id) == 0;
}

pid_t process_table_first(const struct process_table *table, const struct execution *execution,
			  const struct together *together)
{
	int64_t start_ns = INT64_MAX;
	pid_t first = 0;

	for (pid_t pid = 0; (pid = pid_table_next(table->pids, pid));) {
		const struct execution *other = pid_table_get(table->pids, pid);

		if (other->stat.start_ns >= start_ns || !is_beside(other, execution, together) ||
		    !together->is_wanted(together->context, pid))
			continue;
		start_ns = other->stat.start_ns;
		first = pid;
	}
	return first ? first : first_of_line(table, execution, together);
}

void process_table_exit(struct process_table *table, pid_t pid)
{
	struct execution *execution = pid_table_get(table->pids, pid);

	if (!execution)
		return;
	pid_table_put(table->pids, pid, NULL);
	execution_unref(table->ended[table->next_ended]);
	table->ended[table->next_ended] = execution;
	table->next_ended = (table->next_ended + 1) % ENDED_MAX;
}

/* The newest of those that ended as pid. */
static struct execution *find_ended(const struct process_table *table, pid_t pid)
{
	for (size_t i = 0; i < ENDED_MAX; i++) {
		struct execution *execution = table->ended[(table->next_ended + ENDED_MAX - 1 - i) % ENDED_MAX];

		if (execution && execution->view.pid == pid)
			return execution;
	}
	return NULL;
}

struct execution *process_table_at(struct process_table *table, pid_t pid, int64_t time_ns)
{
	struct execution *execution, *ended;

	if (pid <= 0)
		return table->nobody;
	execution = pid_table_get(table->pids, pid);
	if (execution && execution->view.start_ns <= time_ns)
		return execution;
	ended = find_ended(table, pid);
	return ended ? ended : process_table_get(table, pid);
}

bool process_table_knows(const struct process_table *table, pid_t pid)
{
	return pid_table_get(table->pids, pid) || find_ended(table, pid);
}

void process_table_assign(struct process_table *table, pid_t pid, const struct container_identity *container,
			  int64_t start_ns)
{
	struct execution *execution = process_table_get(table, pid);

	if (!execution)
		return;
	execution_set_container(execution, container);
	if (container)
		execution->container_start_ns = start_ns ? start_ns : execution->view.start_ns;
}

const struct process *process_table_view(struct execution *execution)
{
	execution_find_folder(execution);
	return &execution->view;
}

const struct exe_facts *process_table_file(struct execution *execution)
{
	exe_facts_read_file(&execution->facts, execution->view.pid);
	return &execution->facts;
}

const struct exe_facts *process_table_environment(struct execution *execution)
{
	exe_facts_read_environment(&execution->facts, execution->view.pid);
	return &execution->facts;
}

bool process_table_user(struct process_table *table, pid_t pid, uint32_t uid, char out[USER_NAME_MAX])
{
	return users_name(table->users, pid, uid, out);
}

bool process_table_group(struct process_table *table, pid_t pid, uint32_t gid, char out[USER_NAME_MAX])
{
	return users_group(table->users, pid, gid, out);
}

size_t process_table_count(const struct process_table *table)
{
	return table->pids->count;
}

uint64_t process_table_evicted(const struct process_table *table)
{
	return table->evicted;
}
