#include "agent/sensor/trace/early_ends.h"

#include "agent/proc/proc.h"

void early_ends_add(struct early_ends *early, pid_t tid, int status)
{
	early->ends[early->next] = (struct early_end){ tid, status };
	early->next = (early->next + 1) % EARLY_ENDS_MAX;
}

/* An end that nobody asked for may be of an earlier thread of that number. Its real parent may not have waited for it yet. */
static bool has_ended(pid_t tid)
{
	struct proc_status status;

	return !proc_status_read(tid, &status) || status.is_ended;
}

bool early_ends_take(struct early_ends *early, pid_t tid, int *ret_status)
{
	for (size_t i = 0; i < EARLY_ENDS_MAX; i++) {
		struct early_end *end = &early->ends[i];

		if (end->tid != tid)
			continue;
		end->tid = 0;
		*ret_status = end->status;
		return has_ended(tid);
	}
	return false;
}
