/*
 * path.h: paths as a traced process sees them: joined, made normal, and resolved inside that process's own root.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Removes "//", "." and ".." of an absolute path in place; ".." at the root stays at the root. Textual: does not know
 * symbolic links.
 */
void path_normalize(char *path);

/* Writes base + "/" + path (path alone if it is absolute), not normalised. False if it does not fit. */
bool path_join(const char *base, const char *path, char out[PATH_MAX]);

/* Points into path, behind its last "/". */
const char *path_filename(const char *path);

/*
 * Resolves what thread tid means by (dirfd, path), walking in its root and mounts as the kernel would for it: absolute,
 * symbolic links of the folders followed, not of the last part. The thread must be stopped or the answer may be out of date.
 * False when a folder on the way does not exist or may not be read.
 */
bool path_real(pid_t tid, int dirfd, const char *path, char out[PATH_MAX]);

/* The same with the root folder open already (path_open_root()), and its path as the caller sees it (proc_root()). */
bool path_real_below(int root, const char *root_path, pid_t tid, int dirfd, const char *path, char out[PATH_MAX]);
int path_open_root(pid_t tid); /* -1 if it cannot be opened */

/*
 * True if no folder of the absolute path is a symbolic link, so that its text, made normal, is its real path. Cheaper than
 * path_real(). False also when nothing can be said.
 */
bool path_is_plain(pid_t tid, const char *path);

/* True if the file itself exists, links followed. *ret_known: whether that could be found out. Root as in path_real_below(). */
bool path_exists_below(int root, const char *root_path, pid_t tid, int dirfd, const char *path, bool *ret_known);

/*
 * Absolute form by text alone, for when path_real() cannot be asked: the folder of dirfd as /proc knows it, joined and
 * normalised. Falls back to cwd (may be NULL). False if it does not fit or nothing is known.
 */
bool path_absolute(pid_t tid, int dirfd, const char *path, const char *cwd, char out[PATH_MAX]);

/* The file itself as an O_PATH descriptor, links followed within the process's root; -1 if there is none. */
int path_open_node_in_root(pid_t tid, const char *path);

/* Opens a regular file of the process's root read-only, never blocking and never leaving that root; -1 if there is none. */
int path_open_in_root(pid_t tid, const char *path);
