#include "bus/drops.h"

#include <stdio.h>
#include <string.h>

#define REASON_OTHER "other"

static struct drop *entry_for(struct drops *drops, const char *reason)
{
	size_t index = 0;

	while (index < drops->count && strncmp(drops->reasons[index], reason, DROP_REASON_MAX - 1))
		index++;
	if (index < drops->count)
		return &drops->list[index];
	if (index == DROPS_MAX)
		return &drops->list[DROPS_MAX - 1];
	if (index == DROPS_MAX - 1)
		reason = REASON_OTHER;
	snprintf(drops->reasons[index], DROP_REASON_MAX, "%s", reason);
	drops->list[index] = (struct drop){ .reason = drops->reasons[index] };
	drops->count++;
	return &drops->list[index];
}

void drops_add(struct drops *drops, const struct drop *drop)
{
	struct drop *entry;

	if (!drop->count)
		return;
	entry = entry_for(drops, drop->reason ? drop->reason : REASON_OTHER);
	if (!entry->count || drop->from_ns < entry->from_ns)
		entry->from_ns = drop->from_ns;
	if (!entry->count || drop->until_ns > entry->until_ns)
		entry->until_ns = drop->until_ns;
	entry->count += drop->count;
	drops->total += drop->count;
}

void drops_carry(struct drops *drops, const struct drop *drop)
{
	uint64_t total = drops->total;

	drops_add(drops, drop);
	drops->total = total;
}

void drops_carry_all(struct drops *drops, const struct drops *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct drop drop = from->list[i];

		/* the list's own pointers may be those of another copy */
		drop.reason = from->reasons[i];
		drops_carry(drops, &drop);
	}
}

int64_t drops_since(const struct drops *drops)
{
	int64_t since_ns = 0;

	for (size_t i = 0; i < drops->count; i++) {
		if (!since_ns || drops->list[i].from_ns < since_ns)
			since_ns = drops->list[i].from_ns;
	}
	return since_ns;
}

void drops_clear(struct drops *drops)
{
	drops->count = 0;
}
