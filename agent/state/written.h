/*
 * written.h: which files were written while somebody watched, and by whom: so that running one of them is known to be drift, wherever
 * it lies. Files are known by their inode: a new name does not hide them.
 */
#pragma once

#include "agent/state/process_table.h"
#include "agent/state/writing.h"

#define WRITTEN_MAX 4096 /* files that are remembered; the one longest unheard of makes room */

struct written;

struct written *written_new(void);	    /* NULL without memory */
void written_free(struct written *written); /* accepts NULL */

void written_note(struct written *written, const struct file_id *file, enum writing_kind kind,
		  const struct execution *by, int64_t time_ns);

/* The writing of a file that came before until_ns; NULL if none is known. Borrowed until the next written_note(). */
const struct writing *written_find(const struct written *written, const struct file_id *file, int64_t until_ns);

/*
 * What a file that is remembered was called when it was written, in the container of by: so that nobody has to look which file it is
 * when it is moved next. Not exact: true only of the newest thousand, and for what was put in its place unseen.
 */
void written_note_path(struct written *written, const struct execution *by, const char *path);
bool written_has_path(const struct written *written, const struct execution *by, const char *path);

size_t written_count(const struct written *written);
