#include "collector/store/known.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/time.h"

#define DAY_NS (INT64_C(86400) * NS_PER_S)

/* Each id has one place, which the newest takes. A place is one word, so that no lock is needed. */
struct known {
	_Atomic uint64_t places[KNOWN_SIZE];
};

struct known *known_new(void)
{
	return calloc(1, sizeof(struct known));
}

void known_free(struct known *known)
{
	free(known);
}

/*
 * Ids are parts of digests: any bits will do. Tenants share an id where they have the same agent's origin: mixed in. So is the day:
 * once a day everything is written again, which says that it is still in use.
 */
static uint64_t mix(int64_t tenant, int64_t id)
{
	return (uint64_t)id ^ (uint64_t)tenant * UINT64_C(0x9e3779b97f4a7c15) ^
	       (uint64_t)(time_now_ns() / DAY_NS) * UINT64_C(0xff51afd7ed558ccd);
}

bool known_has(struct known *known, int64_t tenant, int64_t id)
{
	uint64_t key = mix(tenant, id);

	return known && key && atomic_load(&known->places[key % KNOWN_SIZE]) == key;
}

void known_add(struct known *known, int64_t tenant, int64_t id)
{
	uint64_t key = mix(tenant, id);

	if (known)
		atomic_store(&known->places[key % KNOWN_SIZE], key);
}
