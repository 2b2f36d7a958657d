/*
 * finished.h: which files were read to their end and handed on, kept over restarts.
 *
 * A file is known by path, size and time of change: one that grew or was replaced is read again. Lines of a fixed size are
 * appended; a torn last line is ignored. Forgetting costs a second reading and nothing else, for the store knows every record.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "cloudtrail/source/walk.h"

struct finished;

/* Reads or creates the file at path, whose folder must exist. Errors: ERR_FAILED with path and reason. */
int finished_open(const char *path, struct finished **ret, struct err *err);
void finished_close(struct finished *finished); /* accepts NULL */
void finished_close_pointer(struct finished **finished);

bool finished_has(const struct finished *finished, const struct walk_file *file);

/* Remembers file for this run only, until finished_save. */
int finished_add(struct finished *finished, const struct walk_file *file, struct err *err);

/* Writes what was added to disk. Call it when everything of those files is safe elsewhere. */
int finished_save(struct finished *finished, struct err *err);

#define AUTO_FINISHED CLEANUP(finished_close_pointer) struct finished *
