/*
 * unread.h: files that could not be read, or not whole, become losses that are declared to the collector, each once.
 *
 * Kept over restarts like finished.h: such a file is tried again at the next start, but not declared again unless it changed.
 */
#pragma once

#include "bus/sender.h"
#include "cloudtrail/source/walk.h"

struct unread;

/* Reads or creates the file at path. Errors: ERR_FAILED with path and reason. */
int unread_open(const char *path, struct unread **ret, struct err *err);
void unread_close(struct unread *unread); /* accepts NULL */

/*
 * Declares that so many files or records of the file were not read, in the time that the file is of: as its name tells, else as its
 * time of change does. Returns 1 when it did, 0 when that was declared before. Call unread_save() once the sender has it on disk.
 */
int unread_declare(struct unread *unread, struct sender *sender, const struct walk_file *file, uint64_t count,
		   struct err *err);
int unread_save(struct unread *unread, struct err *err);

/* The span that a file of CloudTrail is of, from its name (..._20261124T1205Z_...), else from its time of change. */
void unread_span(const struct walk_file *file, int64_t *ret_from_ns, int64_t *ret_until_ns);
