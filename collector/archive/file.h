/*
 * file.h: one file of the archive: rows of a table in COPY's binary format, compressed with zstd (RFC 8878), with what proves that
 * it is whole.
 *
 * Written under another name, synced, renamed: under its name it is never half there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DIGEST_TEXT_MAX 65 /* SHA-256, hexadecimal */

struct archive_file {
	int64_t rows;
	int64_t bytes;		       /* of the file */
	char sha256[DIGEST_TEXT_MAX];  /* of the file */
	char content[DIGEST_TEXT_MAX]; /* of what it unpacks to: the same rows in the same order have the same */
};

struct file_writer;
struct halt;

/* path is copied. Errors: ERR_FAILED with the system's reason, ERR_FULL for a full disk. */
int file_writer_open(const char *path, struct file_writer **ret, struct err *err);

/* Takes a piece of the stream: what store_copy_out() calls. */
int file_writer_add(void *writer, const void *data, size_t length, struct err *err);

/* The file is on disk under its name when it returns; rows stays 0. */
int file_writer_commit(struct file_writer *writer, struct archive_file *ret, struct err *err);

/* What was not committed is removed. Accepts NULL. */
void file_writer_close(struct file_writer *writer);

struct file_reader;

int file_reader_open(const char *path, struct file_reader **ret, struct err *err);

/* Gives the next piece of the stream: what store_copy_in() calls. */
int file_reader_next(void *reader, const void **ret_data, size_t *ret_length, struct err *err);
void file_reader_close(struct file_reader *reader); /* accepts NULL */

/*
 * Reads it from the disk, whole, and compares. Errors: ERR_NOT_FOUND when there is none, ERR_SYNTAX when it is damaged or cut, with
 * what is wrong; ERR_AGAIN when halt (may be NULL) asks for the end.
 */
int archive_file_check(const char *path, const struct archive_file *expected, const struct halt *halt,
		       struct err *err);
