#include "agent/entered.h"

#include "agent/agent.h"
#include "agent/entrants.h"
#include "agent/proc/proc.h"
#include "base/log.h"
#include "base/time.h"

static void introduce(struct agent *agent, const struct entrant *entrant, const struct container_identity *container,
		      int64_t started_ns)
{
	struct process_table *processes = pipeline_processes(agent->pipeline);
	const struct execution *execution;
	struct proc_stat stat;

	process_table_assign(processes, entrant->pid, container, started_ns);
	execution = process_table_get(processes, entrant->pid);
	log_info("entered", "process %d (%s) was put into container \"%s\" from outside and is watched", entrant->pid,
		 execution ? execution->view.name : "?",
		 container && container->info.name ? container->info.name : "(not known)");
	/* What has executed nothing yet has done nothing of its own. */
	if (proc_stat_read(entrant->pid, &stat) && stat.is_fork)
		return;
	log_info("entered-late", "process %d ran for %lld ms before", entrant->pid,
		 (long long)(stat.start_ns ? (time_now_ns() - stat.start_ns) / NS_PER_MS : 0));
	pipeline_entered_late(agent->pipeline, stat.start_ns ? stat.start_ns : time_now_ns());
}

void entered_tell(struct agent *agent, const struct entrant *entrant, const struct container_identity *container,
		  int64_t started_ns, int left, struct err *err)
{
	if (left >= 0)
		introduce(agent, entrant, container, started_ns);
	if (left > 0)
		err_set(err, ERR_FAILED, "could not trace %d threads of process %d", left, entrant->pid);
	/* One that is known was followed, and has ended meanwhile. */
	if (left == 0 || (left < 0 && process_table_knows(pipeline_processes(agent->pipeline), entrant->pid)))
		return;
	if (entrant->tracer)
		err_wrap(err, "process %d traces it", entrant->tracer);
	log_warn("not-followed", "%s", err->message);
	pipeline_not_followed(agent->pipeline, 1);
}
