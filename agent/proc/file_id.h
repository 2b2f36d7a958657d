/*
 * file_id.h: which file it is, whatever its name: device, inode, and the time it was made, as a number of an inode is given again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct file_id {
	uint64_t device, inode;
	int64_t born_ns; /* since 1970 UTC; 0 where the file system does not say */
};

/* What there is to know of a file without reading it. */
struct file_facts {
	struct file_id id;
	uint32_t mode;
	int64_t changed_ns, modified_ns; /* of its inode; of its content */
};

bool file_id_equal(const struct file_id *left, const struct file_id *right);

/* The file behind /proc/PID/NAME ("exe"), or false. */
bool file_facts_of(pid_t pid, const char *name, struct file_facts *ret);

/* That behind descriptor fd of tid, or false. */
bool file_facts_of_fd(pid_t tid, int fd, struct file_facts *ret);

/* The file at an absolute path in the root of pid, links followed within it; false also if there is none. */
bool file_facts_at(pid_t pid, const char *path, struct file_facts *ret);

/*
 * The same by one call, for a path whose folders are no links in that root (path_real()); the last part is not followed.
 */
bool file_facts_at_real(pid_t pid, const char *path, struct file_facts *ret);
