/*
 * baseline.h: how the watched files of one root were when somebody said that they are right.
 *
 * A file of lines: the first says what it is, then one JSON object per file, by path. Made by "secagent fim baseline", changed by
 * "secagent fim approve", held against the present by "secagent fim verify" and by the agent.
 */
#pragma once

#include "agent/fim/content.h"
#include "agent/fim/watch_set.h"
#include "base/strbuf.h"

#define BASELINE_FILE_MAX    (256u << 20)
#define BASELINE_ENTRIES_MAX 1000000
#define BASELINE_DEPTH_MAX   64

struct baseline_entry {
	char *path;
	char sha256[SHA256_TEXT_SIZE]; /* "" = larger than CONTENT_HASH_MAX: size counts */
	int64_t size;
	uint32_t mode, uid, gid;
};

struct baseline;

struct baseline *baseline_new(void); /* NULL without memory */
void baseline_free(struct baseline *baseline);

/* Takes in all watched files below root (a descriptor), without following links. Errors: ERR_LIMIT, ERR_MEMORY. */
int baseline_scan(struct baseline *baseline, int root, const struct watch_sets *sets, struct err *err);

/* Sets one entry, or removes it if content does not exist. False without memory. */
bool baseline_set(struct baseline *baseline, const char *path, const struct content *content);

int baseline_load(const char *path, struct baseline **ret,
		  struct err *err); /* errors: ERR_NOT_FOUND, ERR_SYNTAX with the line */
int baseline_save(const struct baseline *baseline, const char *path, struct err *err);

const struct baseline_entry *baseline_find(const struct baseline *baseline, const char *path);
size_t baseline_count(const struct baseline *baseline);

enum baseline_change { BASELINE_SAME, BASELINE_ADDED, BASELINE_REMOVED, BASELINE_CONTENT, BASELINE_RIGHTS };

/* How content differs from entry; entry may be NULL. */
enum baseline_change baseline_compare(const struct baseline_entry *entry, const struct content *content);
const char *baseline_change_name(enum baseline_change change);

/* Calls tell for each difference of what is now from what was; both may be NULL there, not at once. By path. */
void baseline_diff(const struct baseline *was, const struct baseline *now,
		   void (*tell)(void *context, enum baseline_change change, const struct baseline_entry *was,
				const struct baseline_entry *now),
		   void *context);
