/*
 * roots.h: root folders of processes that stop often, kept open between their stops.
 *
 * What is kept pins the mount that it lies on, so a root is forgotten when its process ends, and all are when one may have
 * changed (chroot, pivot_root, setns, unshare).
 */
#pragma once

#include <sys/types.h>

#define ROOTS_MAX 16

struct root {
	pid_t pid; /* 0 = nothing kept */
	int fd;
	char *path; /* as the sensor sees it */
};

struct roots {
	struct root kept[ROOTS_MAX];
	size_t next; /* replaced next */
};

void roots_init(struct roots *roots);
void roots_fini(struct roots *roots);

/* The root of pid, or NULL. Borrowed until the next call. */
const struct root *roots_get(struct roots *roots, pid_t pid);

void roots_forget(struct roots *roots, pid_t pid);
void roots_forget_all(struct roots *roots);
