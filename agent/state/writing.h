/*
 * writing.h: how a file came to be what it is: when, and by whom.
 */
#pragma once

#include "agent/proc/file_id.h"
#include "agent/proc/proc.h"
#include "agent/state/container.h"
#include "agent/state/users.h"

#define WRITER_PROGRAM_MAX 256 /* bytes of the path of a writer's program; longer ones are left out */

/* id, word: how a file came to be what it is. A later chmod or rename leaves the writer as it is. */
#define WRITING_KINDS(X)                                                                                             \
	X(WRITE, "write")   /* opened for writing */                                                                 \
	X(MEMFD, "memfd")   /* made in memory */                                                                     \
	X(CHMOD, "chmod")   /* made executable; who wrote it is not known */                                         \
	X(RENAME, "rename") /* moved to where it is; the same */

enum writing_kind {
#define X(id, word) WRITING_##id,
	WRITING_KINDS(X)
#undef X
};

const char *writing_word(enum writing_kind kind);

/* Who wrote; shared by all files of one writer, and not changed. */
struct writer {
	unsigned int refs;
	uint64_t exec_id;
	pid_t pid;
	char name[PROC_NAME_MAX], user[USER_NAME_MAX]; /* "" = not known */
	char container[CONTAINER_SHORT_ID + 1];	       /* "" outside */
	char program[];				       /* path; "" = not known */
};

struct execution;

/* The writer that an execution is now, with one reference; NULL without memory. */
struct writer *writer_new(const struct execution *execution);

/* True if writer_new() would make another like it. */
bool writer_is(const struct writer *writer, const struct execution *execution);

void writer_unref(struct writer *writer); /* accepts NULL */

/* The last time that a file was written, and by whom. */
struct writing {
	enum writing_kind kind;
	int64_t time_ns;
	struct writer *by;
};
