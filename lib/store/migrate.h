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

/*
 * Applies the steps that are missing, each in one transaction, under an advisory lock: several collectors may start at
 * once. Returns how many were applied. Errors: ERR_FAILED when a recorded step has another checksum, or is one this program
 * does not know.
 */
int store_migrate(struct store *store, const struct schema_step *steps, size_t count, struct err *err);
