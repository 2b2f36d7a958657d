#include "agent/proc/roots.h"

#include <stdlib.h>
#include <string.h>

#include "agent/proc/path.h"
#include "agent/proc/proc.h"
#include "base/attr.h"

static void drop(struct root *root)
{
	if (!root->pid)
		return;
	close_fd(&root->fd);
	free(root->path);
	*root = (struct root){ .fd = -1 };
}

void roots_init(struct roots *roots)
{
	*roots = (struct roots){ 0 };
	for (size_t i = 0; i < ROOTS_MAX; i++)
		roots->kept[i].fd = -1;
}

void roots_fini(struct roots *roots)
{
	roots_forget_all(roots);
}

static struct root *find(struct roots *roots, pid_t pid)
{
	for (size_t i = 0; i < ROOTS_MAX; i++) {
		if (roots->kept[i].pid == pid)
			return &roots->kept[i];
	}
	return NULL;
}

const struct root *roots_get(struct roots *roots, pid_t pid)
{
	struct root *root = find(roots, pid);
	char path[PATH_MAX];
	int fd;

	if (root)
		return root;
	fd = proc_root(pid, path) ? path_open_root(pid) : -1;
	if (fd < 0)
		return NULL;
	root = &roots->kept[roots->next];
	roots->next = (roots->next + 1) % ROOTS_MAX;
	drop(root);
	root->path = strdup(path);
	if (!root->path) {
		close_fd(&fd);
		return NULL;
	}
	root->pid = pid;
	root->fd = fd;
	return root;
}

void roots_forget(struct roots *roots, pid_t pid)
{
	struct root *root = find(roots, pid);

	if (root)
		drop(root);
}

void roots_forget_all(struct roots *roots)
{
	for (size_t i = 0; i < ROOTS_MAX; i++)
		drop(&roots->kept[i]);
}
