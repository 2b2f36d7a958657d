/*
 * content.h: what is in a file now: size, hash and, if it is a short text, its lines. Read below a root that may be hostile: never a
 * device or a pipe, never out of that root, never more than a limit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CONTENT_HASH_MAX (64u << 20) /* bytes; larger files have a size only */
#define CONTENT_TEXT_MAX (64u << 10) /* bytes of a text that is kept for comparing */
#define SHA256_TEXT_SIZE 65

struct content {
	bool exists;   /* a regular file that could be opened */
	bool has_hash; /* not: too large, or it could not be read */
	int64_t size;
	uint32_t mode, uid, gid;
	uint64_t device, inode;
	struct timespec modified, changed;
	char sha256[SHA256_TEXT_SIZE];
	char *text; /* NULL unless asked for, short, and free of NUL bytes; the caller frees */
	size_t text_length;
};

/* root: descriptor of a folder; path: absolute within it. Both give the turn away while they read (proc/turn.h). */
void content_read(int root, const char *path, bool wants_text, struct content *ret);

/* Size and times only. */
void content_look(int root, const char *path, struct content *ret);

/* True if nothing tells the two apart: the hash of one is that of the other. */
bool content_is_same(const struct content *a, const struct content *b);

/* True for files whose lines must never leave the machine: passwords and private keys. */
bool content_is_secret(const char *path);
