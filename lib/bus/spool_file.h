/*
 * spool_file.h: names and folders of a spool's files.
 */
#pragma once

#include <limits.h>

#include "bus/spool.h"

#define SPOOL_NAME_MAX 128
#define SPOOL_WAITING  ".batch"
#define SPOOL_ACKED    ".acked"

/* Writes the file name of a batch with the suffix; returns out. */
char *spool_name(const struct spool_batch *batch, const char *suffix, char out[SPOOL_NAME_MAX]);

/* Reads a name; NULL if it is none, else its suffix. */
const char *spool_name_parse(const char *name, struct spool_batch *ret);

/* folder/name, cut off if too long; returns out. */
char *spool_path(const struct spool *spool, const char *name, char out[PATH_MAX]);

/* Moves a file of the spool into one of its folders, or removes it when that is full. */
void spool_move(const struct spool *spool, const char *name, const char *into);

/* Reads the stream's identity, or makes a new one. *ret_fresh: it was made now. Errors: ERR_FAILED. */
int spool_identity_load(struct spool *spool, bool *ret_fresh, struct err *err);
int spool_identity_store(const struct spool *spool, struct err *err);
