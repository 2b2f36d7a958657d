/* Fields of the process, its ancestors, its user, its container and its task. */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pipeline/view.h"
#include "agent/proc/capability.h"
#include "base/strbuf.h"

/* The execution that a field is about: generation 0 is the process itself, 1 its parent. */
static const struct execution *ancestor(const struct view *view, unsigned long generation)
{
	const struct execution *execution = view->process;

	while (execution && generation--)
		execution = execution->parent;
	return execution;
}

static const char *name_of(const struct view *view UNUSED, const struct execution *execution)
{
	return execution->view.name;
}

static const char *exe_of(const struct view *view UNUSED, const struct execution *execution)
{
	return execution->view.arg_count ? execution->view.args[0] : execution->view.name;
}

static const char *exepath_of(const struct view *view UNUSED, const struct execution *execution)
{
	return execution->view.exe_path;
}

static const char *join_args(const struct view *view, const char *first, const struct process *process)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	strbuf_adds(&buf, first);
	for (size_t i = 1; i < process->arg_count; i++) {
		if (buf.length)
			strbuf_addc(&buf, ' ');
		strbuf_adds(&buf, process->args[i]);
	}
	return arena_dup(view->arena, buf.data);
}

static const char *args_of(const struct view *view, const struct execution *execution)
{
	return join_args(view, "", &execution->view);
}

static const char *cmdline_of(const struct view *view, const struct execution *execution)
{
	return join_args(view, execution->view.name, &execution->view);
}

typedef const char *(*text_of)(const struct view *view, const struct execution *execution);

static bool read_of(const struct view *view, unsigned long generation, text_of text, struct value *ret)
{
	const struct execution *execution = ancestor(view, generation);

	return execution && view_set_text(ret, text(view, execution));
}

/* With an index that ancestor; without one the list of all of them, parent first. */
static bool read_ancestor(const struct view *view, const char *argument, text_of text, struct value *ret)
{
	struct value *items;
	size_t count = 0;

	if (argument)
		return read_of(view, strtoul(argument, NULL, 10), text, ret);
	items = arena_array(view->arena, struct value, ANCESTORS_MAX);
	for (const struct execution *e = view->process->parent; items && e && count < ANCESTORS_MAX; e = e->parent) {
		if (view_set_text(&items[count], text(view, e)))
			count++;
	}
	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = items, .count = count };
	return count > 0;
}

#define TEXT_READER(name, generation, text)                                                                          \
	static bool read_##name(const struct view *view, const char *argument UNUSED, struct value *ret)             \
	{                                                                                                            \
		return read_of(view, (generation), (text), ret);                                                     \
	}
#define ANCESTOR_READER(name, text)                                                                                  \
	static bool read_##name(const struct view *view, const char *argument, struct value *ret)                    \
	{                                                                                                            \
		return read_ancestor(view, argument, (text), ret);                                                   \
	}
#define INT_READER(name, make, expression)                                                                           \
	static bool read_##name(const struct view *view, const char *argument UNUSED, struct value *ret)             \
	{                                                                                                            \
		struct execution *process = view->process;                                                           \
                                                                                                                     \
		*ret = make(expression);                                                                             \
		return true;                                                                                         \
	}

TEXT_READER(name, 0, name_of)
TEXT_READER(pname, 1, name_of)
ANCESTOR_READER(aname, name_of)
TEXT_READER(exe, 0, exe_of)
TEXT_READER(pexe, 1, exe_of)
TEXT_READER(exepath, 0, exepath_of)
TEXT_READER(pexepath, 1, exepath_of)
ANCESTOR_READER(aexepath, exepath_of)
TEXT_READER(args, 0, args_of)
TEXT_READER(cmdline, 0, cmdline_of)
TEXT_READER(pcmdline, 1, cmdline_of)
ANCESTOR_READER(acmdline, cmdline_of)
ANCESTOR_READER(aexe, exe_of)
INT_READER(pid, value_int, process->view.pid)
INT_READER(vpid, value_int, process->view.vpid)
INT_READER(ppid, value_int, process->view.ppid)
INT_READER(tty, value_uint, process_table_stat(process)->tty)

static bool read_cwd(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return view_set_text(ret, process_table_view(view->process)->cwd);
}

void view_ids(const struct view *view)
{
	const struct sensor_event *event = view->event;
	uint32_t uid = event->uid, gid = event->gid;

	if (view->found->has_ids)
		return;
	view->found->has_ids = true;
	if (event->call == SENSOR_PROCEXIT || event->is_late ||
	    (!event->has_ids && !proc_ids(event->tid, &uid, &gid)))
		return;
	process_table_ids(view->processes, view->process, uid, gid);
}

static bool read_uid(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	view_ids(view);
	*ret = value_uint(view->process->view.uid);
	return true;
}

static bool read_gid(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	view_ids(view);
	*ret = value_uint(view->process->view.gid);
	return true;
}

INT_READER(loginuid, value_int, process->loginuid)

static bool read_duration(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = (struct value){ .type = VALUE_DURATION,
			       .number = view->event->time_ns - view->process->stat.start_ns };
	return true;
}

static bool set_time(struct value *ret, int64_t time_ns)
{
	*ret = (struct value){ .type = VALUE_TIME, .number = time_ns };
	return time_ns != 0;
}

static bool read_start(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return set_time(ret, view->process->stat.start_ns);
}

static bool read_parent_duration(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct execution *parent = view->process->parent;

	if (!parent || !parent->stat.start_ns)
		return false;
	*ret = (struct value){ .type = VALUE_DURATION, .number = view->event->time_ns - parent->stat.start_ns };
	return true;
}

static bool read_apid(const struct view *view, const char *argument, struct value *ret)
{
	const struct execution *execution = ancestor(view, argument ? strtoul(argument, NULL, 10) : 1);

	if (!execution)
		return false;
	*ret = value_int(execution->view.pid);
	return true;
}

/* One variable, or all of them joined by blanks. */
static bool read_env(const struct view *view, const char *argument, struct value *ret)
{
	const struct exe_facts *facts = process_table_environment(view->process);
	char *joined;

	if (!facts->environment_length)
		return false;
	if (argument)
		return view_set_text(ret, exe_facts_variable(facts, argument));
	joined = arena_copy(view->arena, facts->environment, facts->environment_length - 1);
	for (size_t i = 0; joined && i + 1 < facts->environment_length; i++)
		joined[i] = joined[i] ? joined[i] : ' ';
	return view_set_text(ret, joined);
}

/* Written after the container was started: its layers are older than any process in it. */
static bool read_is_upper_layer(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	int64_t start_ns = view->process->container_start_ns;

	*ret = value_bool(start_ns && process_table_file(view->process)->changed_ns > start_ns);
	return true;
}

static bool read_is_memfd(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const char *path = view->process->view.exe_path;

	*ret = value_bool(path && strncmp(path, "/memfd:", strlen("/memfd:")) == 0);
	return path;
}

static bool read_exe_changed(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return set_time(ret, process_table_file(view->process)->changed_ns);
}

static bool read_exe_modified(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return set_time(ret, process_table_file(view->process)->modified_ns);
}

static bool read_exe_age(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct exe_facts *facts = process_table_file(view->process);

	if (!facts->changed_ns)
		return false;
	*ret = (struct value){ .type = VALUE_DURATION, .number = view->process->view.start_ns - facts->changed_ns };
	return true;
}

static bool read_is_group_leader(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	*ret = value_bool(process_table_stat(view->process)->group == view->process->view.pid);
	return view->process->stat.group != 0;
}

static const struct execution *group_leader(const struct view *view)
{
	pid_t group = process_table_stat(view->process)->group;

	if (group == view->process->view.pid)
		return view->process;
	return group > 0 ? process_table_get(view->processes, group) : NULL;
}

static bool read_group_name(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct execution *leader = group_leader(view);

	return leader && view_set_text(ret, arena_dup(view->arena, name_of(view, leader)));
}

static bool read_group_exe(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct execution *leader = group_leader(view);

	return leader && view_set_text(ret, arena_dup(view->arena, exe_of(view, leader)));
}

/* They change while a process runs, so they are asked of the thread; what a call changes is told as it was before. */
static bool capabilities_of(const struct view *view, struct proc_capabilities *ret)
{
	if (!view->event->former_capabilities)
		return proc_capabilities_read(view->event->tid, ret);
	*ret = *view->event->former_capabilities;
	return true;
}

#define CAPABILITY_READER(name, set)                                                                                 \
	static bool read_##name(const struct view *view, const char *argument UNUSED, struct value *ret)             \
	{                                                                                                            \
		AUTO_STRBUF text = STRBUF_INIT;                                                                      \
		struct proc_capabilities capabilities;                                                               \
                                                                                                                     \
		if (!capabilities_of(view, &capabilities))                                                           \
			return false;                                                                                \
		strbuf_adds(&text, "");                                                                              \
		capabilities_print(capabilities.set, &text);                                                         \
		return view_set_text(ret, arena_dup(view->arena, text.data));                                        \
	}

CAPABILITY_READER(cap_permitted, permitted)
CAPABILITY_READER(cap_effective, effective)
CAPABILITY_READER(cap_inheritable, inheritable)

/* A privileged container is one that may get at everything: no runtime says it in the task itself. */
#define PRIVILEGED_SET                                                                                               \
	((UINT64_C(1) << CAP_SYS_ADMIN) | (UINT64_C(1) << CAP_SYS_MODULE) | (UINT64_C(1) << CAP_SYS_RAWIO))

static bool read_privileged(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	struct proc_capabilities capabilities;

	if (!view->process->container || !capabilities_of(view, &capabilities))
		return false;
	*ret = value_bool((capabilities.bounding & PRIVILEGED_SET) == PRIVILEGED_SET);
	return true;
}

static bool read_container_start(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return set_time(ret, view->process->container_start_ns);
}

/* Names in the process's own root; they live as long as the event. */
const char *view_user_name(const struct view *view, uint32_t uid)
{
	char name[USER_NAME_MAX];

	return process_table_user(view->processes, view->event->tid, uid, name) ? arena_dup(view->arena, name) : NULL;
}

const char *view_group_name(const struct view *view, uint32_t gid)
{
	char name[USER_NAME_MAX];

	return process_table_group(view->processes, view->event->tid, gid, name) ? arena_dup(view->arena, name)
										 : NULL;
}

/* The session leader is an ancestor, unless it is no longer known. */
static bool read_sname(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	pid_t session = process_table_stat(view->process)->session;

	for (const struct execution *e = view->process; e; e = e->parent) {
		if (e->view.pid == session)
			return view_set_text(ret, e->view.name);
	}
	return false;
}

static bool set_known(struct value *ret, const char *text)
{
	return *text && view_set_text(ret, text);
}

static bool read_user(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	view_ids(view);
	return set_known(ret, view->process->user);
}

static bool read_group(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	view_ids(view);
	return set_known(ret, view->process->group);
}

static bool read_exec_session(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return set_known(ret, view->process->exec_session);
}

static bool read_login_user(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	view_ids(view);
	return set_known(ret, view->process->login_user);
}

/* Outside containers: id and name are "host", everything else is absent. */
#define CONTAINER_READER(name, member, host)                                                                         \
	static bool read_container_##name(const struct view *view, const char *argument UNUSED, struct value *ret)   \
	{                                                                                                            \
		const struct container_identity *container = view->process->container;                               \
                                                                                                                     \
		return view_set_text(ret, container ? container->member : (host));                                   \
	}
#define TASK_READER(name, member)                                                                                    \
	static bool read_task_##name(const struct view *view, const char *argument UNUSED, struct value *ret)        \
	{                                                                                                            \
		const struct container_identity *container = view->process->container;                               \
                                                                                                                     \
		return container && container->task && view_set_text(ret, container->task->member);                  \
	}

CONTAINER_READER(id, short_id, "host")
CONTAINER_READER(full_id, info.id, NULL)
CONTAINER_READER(name, info.name, "host")
CONTAINER_READER(image, info.image, NULL)
CONTAINER_READER(image_id, info.image_id, NULL)
CONTAINER_READER(repository, repository, NULL)
CONTAINER_READER(tag, tag, NULL)
CONTAINER_READER(digest, digest, NULL)
TASK_READER(cluster, cluster_arn)
TASK_READER(arn, task.arn)
TASK_READER(id, id)
TASK_READER(family, task.family)
TASK_READER(revision, task.revision)
TASK_READER(service, task.service)
TASK_READER(account, account)
TASK_READER(region, region)
TASK_READER(availability_zone, task.availability_zone)
TASK_READER(launch_type, task.launch_type)
TASK_READER(vpc, task.vpc)
TASK_READER(role_arn, task.role_arn)
TASK_READER(access_key_id, task.access_key_id)

/* A text of each network interface of the task, or all of its addresses. */
static bool read_networks(const struct view *view, const char *(*text_of_network)(const struct task_network *network),
			  struct value *ret)
{
	const struct container_identity *container = view->process->container;
	const struct ecs_task *task = container && container->task ? &container->task->task : NULL;
	struct value *items =
		task ? arena_array(view->arena, struct value, TASK_NETWORKS_MAX * NETWORK_ADDRESSES_MAX) : NULL;
	size_t count = 0;

	for (size_t i = 0; items && i < task->network_count; i++) {
		const struct task_network *network = &task->networks[i];

		for (size_t k = 0; !text_of_network && k < network->address_count; k++)
			count += view_set_text(&items[count], network->addresses[k]);
		if (text_of_network)
			count += view_set_text(&items[count], text_of_network(network));
	}
	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = items, .count = count };
	return count > 0;
}

static const char *private_dns_of(const struct task_network *network)
{
	return network->private_dns;
}

static const char *mac_of(const struct task_network *network)
{
	return network->mac;
}

static bool read_task_ips(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return read_networks(view, NULL, ret);
}

static bool read_task_private_dns(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return read_networks(view, private_dns_of, ret);
}

static bool read_task_macs(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return read_networks(view, mac_of, ret);
}

const view_reader view_process_readers[FIELD_COUNT] = {
	[FIELD_PROC_PID] = read_pid,
	[FIELD_PROC_VPID] = read_vpid,
	[FIELD_PROC_PPID] = read_ppid,
	[FIELD_PROC_NAME] = read_name,
	[FIELD_PROC_PNAME] = read_pname,
	[FIELD_PROC_ANAME] = read_aname,
	[FIELD_PROC_EXE] = read_exe,
	[FIELD_PROC_PEXE] = read_pexe,
	[FIELD_PROC_EXEPATH] = read_exepath,
	[FIELD_PROC_PEXEPATH] = read_pexepath,
	[FIELD_PROC_AEXEPATH] = read_aexepath,
	[FIELD_PROC_ARGS] = read_args,
	[FIELD_PROC_CMDLINE] = read_cmdline,
	[FIELD_PROC_PCMDLINE] = read_pcmdline,
	[FIELD_PROC_ACMDLINE] = read_acmdline,
	[FIELD_PROC_CWD] = read_cwd,
	[FIELD_PROC_TTY] = read_tty,
	[FIELD_PROC_SNAME] = read_sname,
	[FIELD_PROC_DURATION] = read_duration,
	[FIELD_PROC_PID_TS] = read_start,
	[FIELD_PROC_PPID_DURATION] = read_parent_duration,
	[FIELD_PROC_AEXE] = read_aexe,
	[FIELD_PROC_APID] = read_apid,
	[FIELD_PROC_ENV] = read_env,
	[FIELD_PROC_IS_EXE_UPPER_LAYER] = read_is_upper_layer,
	[FIELD_PROC_IS_EXE_FROM_MEMFD] = read_is_memfd,
	[FIELD_PROC_IS_VPGID_LEADER] = read_is_group_leader,
	[FIELD_PROC_VPGID_NAME] = read_group_name,
	[FIELD_PROC_VPGID_EXE] = read_group_exe,
	[FIELD_PROC_EXE_INO_CTIME] = read_exe_changed,
	[FIELD_PROC_EXE_INO_MTIME] = read_exe_modified,
	[FIELD_PROC_EXE_INO_CTIME_DURATION] = read_exe_age,
	[FIELD_THREAD_CAP_PERMITTED] = read_cap_permitted,
	[FIELD_THREAD_CAP_EFFECTIVE] = read_cap_effective,
	[FIELD_THREAD_CAP_INHERITABLE] = read_cap_inheritable,
	[FIELD_CONTAINER_PRIVILEGED] = read_privileged,
	[FIELD_CONTAINER_START_TS] = read_container_start,
	[FIELD_USER_UID] = read_uid,
	[FIELD_USER_NAME] = read_user,
	[FIELD_USER_LOGINUID] = read_loginuid,
	[FIELD_USER_LOGINNAME] = read_login_user,
	[FIELD_GROUP_GID] = read_gid,
	[FIELD_GROUP_NAME] = read_group,
	[FIELD_CONTAINER_ID] = read_container_id,
	[FIELD_CONTAINER_FULL_ID] = read_container_full_id,
	[FIELD_CONTAINER_NAME] = read_container_name,
	[FIELD_CONTAINER_IMAGE] = read_container_image,
	[FIELD_CONTAINER_IMAGE_ID] = read_container_image_id,
	[FIELD_CONTAINER_IMAGE_REPOSITORY] = read_container_repository,
	[FIELD_CONTAINER_IMAGE_TAG] = read_container_tag,
	[FIELD_CONTAINER_IMAGE_DIGEST] = read_container_digest,
	[FIELD_ECS_CLUSTER] = read_task_cluster,
	[FIELD_ECS_TASK_ARN] = read_task_arn,
	[FIELD_ECS_TASK_ID] = read_task_id,
	[FIELD_ECS_TASK_FAMILY] = read_task_family,
	[FIELD_ECS_TASK_REVISION] = read_task_revision,
	[FIELD_ECS_SERVICE] = read_task_service,
	[FIELD_ECS_ACCOUNT] = read_task_account,
	[FIELD_ECS_REGION] = read_task_region,
	[FIELD_ECS_AVAILABILITY_ZONE] = read_task_availability_zone,
	[FIELD_ECS_LAUNCH_TYPE] = read_task_launch_type,
	[FIELD_ECS_VPC] = read_task_vpc,
	[FIELD_ECS_TASK_IPS] = read_task_ips,
	[FIELD_ECS_TASK_PRIVATE_DNS] = read_task_private_dns,
	[FIELD_ECS_TASK_MACS] = read_task_macs,
	[FIELD_ECS_TASK_ROLE_ARN] = read_task_role_arn,
	[FIELD_ECS_TASK_ACCESS_KEY_ID] = read_task_access_key_id,
	[FIELD_ECS_EXEC_SESSION_ID] = read_exec_session,
};
