#include "agent/proc/pid_table.h"

#include <stdlib.h>

struct pid_table *pid_table_new(void)
{
	return calloc(1, sizeof(struct pid_table));
}

void pid_table_free(struct pid_table *table)
{
	for (size_t i = 0; table && i < PID_LIMIT / PID_PAGE_ENTRIES; i++)
		free(table->pages[i]);
	free(table);
}

void *pid_table_get(const struct pid_table *table, pid_t pid)
{
	const struct pid_page *page;

	if (pid <= 0 || pid >= PID_LIMIT)
		return NULL;
	page = table->pages[pid / PID_PAGE_ENTRIES];
	return page ? page->entries[pid % PID_PAGE_ENTRIES] : NULL;
}

bool pid_table_put(struct pid_table *table, pid_t pid, void *value)
{
	struct pid_page **page;
	void **entry;

	if (pid <= 0 || pid >= PID_LIMIT)
		return !value;
	page = &table->pages[pid / PID_PAGE_ENTRIES];
	if (!*page && !value)
		return true;
	if (!*page && !(*page = calloc(1, sizeof(**page))))
		return false;
	entry = &(*page)->entries[pid % PID_PAGE_ENTRIES];
	table->count += (value ? 1 : 0);
	table->count -= (*entry ? 1 : 0);
	*entry = value;
	return true;
}

pid_t pid_table_next(const struct pid_table *table, pid_t after)
{
	for (pid_t pid = after + 1; pid < PID_LIMIT;) {
		const struct pid_page *page = table->pages[pid / PID_PAGE_ENTRIES];

		if (page && page->entries[pid % PID_PAGE_ENTRIES])
			return pid;
		pid = page ? pid + 1 : (pid / PID_PAGE_ENTRIES + 1) * PID_PAGE_ENTRIES;
	}
	return 0;
}
