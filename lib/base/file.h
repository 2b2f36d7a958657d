/*
 * file.h: whole files, read with a ceiling and written so that a crash leaves the old or the new one.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"

/* Appends the file's content to buf. Errors: ERR_NOT_FOUND, ERR_LIMIT past max bytes, ERR_FAILED. */
int file_read(const char *path, size_t max, struct strbuf *buf, struct err *err);

/* Writes path + ".tmp", fsyncs, renames, fsyncs the folder. */
int file_write_atomic(const char *path, const void *data, size_t length, mode_t mode, struct err *err);

/* Creates path and its parents with mode; an existing folder is fine. */
int folder_create(const char *path, mode_t mode, struct err *err);

bool file_exists(const char *path);

/* Writes all of data to fd, through short writes and EINTR. */
int fd_write_all(int fd, const void *data, size_t length, struct err *err);
