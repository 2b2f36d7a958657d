#include "agent/role.h"

#include <stdlib.h>

#include "agent/ecs/role.h"
#include "agent/network.h"
#include "base/log.h"

/* One state of the task's role, and the task as batches tell of it with that. */
struct role_texts {
	struct aws_identity identity;
	struct ecs_task task;
	bool is_used; /* by batches */
	struct role_texts *next;
};

/* Batches are cut by another thread: what they point at is made anew, never changed. */
void agent_role_apply(struct agent *agent)
{
	struct role_texts *texts = agent->roles;
	struct metadata *newest = NULL;

	for (struct metadata *metadata = agent->metadata; metadata; metadata = metadata->next) {
		if (texts && metadata->has_task) {
			metadata->task.task.role_arn = texts->identity.role_arn[0] ? texts->identity.role_arn : NULL;
			metadata->task.task.access_key_id = texts->identity.key_id;
		}
		newest = newest || !metadata->has_task ? newest : metadata;
	}
	if (!newest)
		return;
	if (!texts) {
		agent->origin.task = &newest->task.task;
		return;
	}
	if (texts->is_used) {
		texts = calloc(1, sizeof(*texts));
		if (!texts)
			return;
		texts->identity = agent->roles->identity;
		texts->next = agent->roles;
		agent->roles = texts;
	}
	texts->is_used = true;
	texts->task = newest->task.task;
	agent->origin.task = &texts->task;
}

int agent_role_open(struct agent *agent, enum origin_mode mode, struct err *err)
{
	struct err problem = { 0 };

	/* Only a task has containers that may know more than the agent does. */
	if (mode == ORIGIN_HOST || (mode == ORIGIN_RUN && !role_is_named()) ||
	    role_watch_open(&agent->role, &problem) == 0)
		return 0;
	if (problem.code != ERR_USAGE)
		return err_set(err, problem.code, "%s", problem.message);
	log_warn("no-role", "%s; going on without the role of the task", problem.message);
	return 0;
}

void agent_role_offer(struct agent *agent, pid_t pid)
{
	if (agent->role)
		role_watch_offer(agent->role, pid);
}

void agent_role_renew(struct agent *agent)
{
	struct role_texts *texts;
	struct aws_identity found;

	if (!agent->role || !role_watch_take(agent->role, &found) || !(texts = calloc(1, sizeof(*texts))))
		return;
	texts->identity = found;
	texts->next = agent->roles;
	agent->roles = texts;
	agent_role_apply(agent);
	log_info("role", "the task's credentials are those of \"%s\", access key %s",
		 found.role_arn[0] ? found.role_arn : "(a role that is not said)", found.key_id);
	if (agent->sender && agent->origin.task) {
		sender_origin(agent->sender, &agent->origin);
		pipeline_origin_changed(agent->pipeline, network_limits(agent->network));
	}
}

void agent_role_close(struct agent *agent)
{
	role_watch_close(TAKE(agent->role));
	while (agent->roles) {
		struct role_texts *next = agent->roles->next;

		free(agent->roles);
		agent->roles = next;
	}
}
