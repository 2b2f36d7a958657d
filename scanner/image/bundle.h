/*
 * bundle.h: what an image comes in: a tar file (plain, gzip or zstd) or a folder, as members with names.
 *
 * Nothing is unpacked to disk. Members are read in the order they are asked for; of a tar file that may take several passes,
 * which for a plain one are only seeks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/strbuf.h"

#define BUNDLE_ENTRIES_MAX 10000 /* images have a few per layer */
#define BUNDLE_NAME_MAX	   1024
#define BUNDLE_LINKS_MAX   4 /* symbolic links followed from one member to another */

struct bundle;

/* The bytes of one member, front to back. */
struct member {
	/* Bytes put into buffer, 0 at the end, below 0 an error code. */
	ssize_t (*read)(struct member *member, void *buffer, size_t size, struct err *err);
	void *context;
};

/* Errors: ERR_NOT_FOUND, ERR_SYNTAX for a file that is no archive or a damaged one, ERR_LIMIT for too many entries. */
int bundle_open(const char *path, struct bundle **ret, struct err *err);
void bundle_close(struct bundle *bundle); /* accepts NULL */
void bundle_close_pointer(struct bundle **bundle);

bool bundle_has(const struct bundle *bundle, const char *name);

/* Appends a whole member. Errors: ERR_SYNTAX if there is none, ERR_LIMIT past max bytes. */
int bundle_read(struct bundle *bundle, const char *name, size_t max, struct strbuf *out, struct err *err);

/*
 * Visits members in the order of names (the same name may come twice). Visit need not read to the end. Errors: ERR_SYNTAX naming
 * a member that is missing, and those of visit.
 */
int bundle_each(struct bundle *bundle, const char *const *names, size_t count,
		int (*visit)(void *context, size_t index, struct member *member, struct err *err), void *context,
		struct err *err);

#define AUTO_BUNDLE CLEANUP(bundle_close_pointer) struct bundle *
