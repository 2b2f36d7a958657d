/*
 * unread.h: files that could not be read, or not whole, and folders that could not be entered, become losses that are declared to the
 * collector, each once.
 *
 * Kept over restarts like finished.h: such a file is tried again at the next start, but not declared again unless it changed. A folder is
 * tried at each look; while files may still be added to it, it is declared once a day, up to then.
 */
#pragma once

#include <stdbool.h>

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

/* The same for a folder whose files could not be found, at the time now_ns. */
int unread_declare_folder(struct unread *unread, struct sender *sender, const char *folder, int64_t now_ns,
			  struct err *err);

/* True when unread_declare_folder() would do nothing. */
bool unread_knows_folder(const struct unread *unread, const char *folder, int64_t now_ns);

/*
 * The span that a folder's files are of, from the names on its way that the bucket's layout gives (.../2026/11/24): a day, a month or a year,
 * else from when it was made; at most until now_ns.
 */
void unread_folder_span(const char *folder, int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_until_ns);

/* The span that a file of CloudTrail is of, from its name (..._20261124T1205Z_...), else from its time of change. */
void unread_span(const struct walk_file *file, int64_t *ret_from_ns, int64_t *ret_until_ns);
