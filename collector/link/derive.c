#include "collector/link/derive.h"

#include "collector/link/derivation.h"

static void clear(struct derived *rows)
{
	rows->entity_count = rows->fact_count = rows->alias_count = rows->assertion_count = rows->mark_count = 0;
	rows->task_id = rows->cluster_id = rows->actor_id = rows->container_id = 0;
	rows->watermark = NULL;
	rows->is_cut = false;
}

int derive_event(const struct derive_input *input, struct arena *arena, struct derived *ret, struct err *err)
{
	struct derivation derivation = { .input = input, .arena = arena, .rows = ret };
	int code = 0;

	clear(ret);
	if (input->event->kind == EVENT_SCAN)
		code = derive_scan(&derivation, err);
	else if (input->event->kind == EVENT_CLOUD)
		code = derive_cloud(&derivation, err);
	else
		derive_agent(&derivation);
	if (derivation.is_out_of_memory)
		return err_set(err, ERR_MEMORY, "could not derive from an event: out of memory");
	return code;
}
