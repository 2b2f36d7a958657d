/*
 * tar.h: entries of a tar archive, one after the other, from a file or from any stream of bytes. The only place that sees
 * libarchive.
 *
 * Formats: tar (ustar, PAX, GNU), whole or packed with gzip or zstd. Nothing is ever unpacked to disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

enum tar_kind { TAR_FILE, TAR_FOLDER, TAR_SYMLINK, TAR_HARDLINK, TAR_OTHER };

struct tar_entry {
	const char *name; /* as it stands in the archive; "" if it cannot be read */
	enum tar_kind kind;
	mode_t mode; /* permissions with setuid, setgid and sticky */
	int64_t uid, gid, size;
	const char *link; /* target of a link, or NULL */
};

/* A stream that a tar is read from: sets *ret to bytes and returns how many, 0 at the end, below 0 an error code. */
struct tar_source {
	ssize_t (*read)(void *context, const void **ret, struct err *err);
	void *context;
};

struct tar;

int tar_open_file(const char *path, struct tar **ret, struct err *err);
/* The bytes of source, a plain tar. */
int tar_open_source(const struct tar_source *source, struct tar **ret, struct err *err);
/* The bytes of source unpacked (or as they are): one entry, whose content is read by tar_read(). */
int tar_open_packed(const struct tar_source *source, struct tar **ret, struct err *err);
void tar_close(struct tar *tar); /* accepts NULL */
void tar_close_pointer(struct tar **tar);

/* 1 with the next entry (borrowed until the next call), 0 at the end. Errors: ERR_SYNTAX with offset and reason. */
int tar_next(struct tar *tar, struct tar_entry *ret, struct err *err);

/* Bytes of the entry's content; 0 at its end. */
ssize_t tar_read(struct tar *tar, void *buffer, size_t size, struct err *err);

/*
 * Writes name without "./", doubled and leading slashes. False if it is empty, too long, or leads out of the archive by "..".
 */
bool tar_normalise(const char *name, char *out, size_t size);

/* Opens name for reading below folder, following no link that leads out of it. -1 with errno. */
int open_beneath(int folder, const char *name);

#define AUTO_TAR CLEANUP(tar_close_pointer) struct tar *
