/*
 * migrate.h: brings a database to the schema this program was built with.
 */
#pragma once

#include "store/store.h"

/* One file of schema/, embedded at build. */
struct schema_step {
	const char *name; /* 0001_base */
	const char *text;
	size_t length;
};

extern const struct schema_step schema_steps[];
extern const size_t schema_step_count;

struct schema_state {
	const char *name;
	int64_t applied_ns; /* 0: missing */
};

/*
 * Every step and whether the database has it, one row for each of steps. Changes nothing. Errors: as store_migrate().
 */
int store_schema_state(struct store *store, const struct schema_step *steps, size_t count, struct arena *arena,
		       struct schema_state **ret, struct err *err);

/*
 * Applies the steps that are missing, each in one transaction, under an advisory lock: several collectors may start at
 * once. Returns how many were applied. Errors: ERR_FAILED when a recorded step has another checksum, or is one this program
 * does not know.
 */
int store_migrate(struct store *store, const struct schema_step *steps, size_t count, struct err *err);
