/*
 * upkeep.h: a thread that does what the store needs now and then: partitions ahead of their days, keys of old batches thinned
 * out, the end of what is not to be kept. With several collectors on one database, one does it at a time.
 */
#pragma once

#include "base/err.h"

struct halt;
struct upkeep;

/* conninfo, archive (the folder of archived days) and halt, which ends early what runs, are borrowed. Errors: ERR_MEMORY, ERR_FAILED. */
int upkeep_start(const char *conninfo, const char *archive, struct halt *halt, struct upkeep **ret, struct err *err);

/* Waits for what runs. Accepts NULL. */
void upkeep_stop(struct upkeep *upkeep);
