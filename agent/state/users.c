#include "agent/state/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/path.h"
#include "agent/proc/turn.h"
#include "base/attr.h"
#include "base/strbuf.h"

#define USERS_FILE_MAX (1u << 20)
#define USERS_CACHE    32 /* (root, file) pairs kept; more containers than that are read again */

/* One file of one root; text "" if it is not there. */
struct users_file {
	dev_t device;
	ino_t inode;
	const char *path;
	char *text;
};

struct users {
	struct users_file files[USERS_CACHE];
	size_t next; /* slot that is replaced next */
};

struct users *users_new(void)
{
	return calloc(1, sizeof(struct users));
}

void users_free(struct users *users)
{
	for (size_t i = 0; users && i < USERS_CACHE; i++)
		free(users->files[i].text);
	free(users);
}

bool users_find(const char *text, uint32_t id, char out[USER_NAME_MAX])
{
	while (*text) {
		size_t length = strcspn(text, "\n"), name = strcspn(text, ":\n");
		const char *number = name < length ? memchr(text + name + 1, ':', length - name - 1) : NULL;
		char *end;

		if (number && name && number[1] >= '0' && number[1] <= '9' && strtoul(number + 1, &end, 10) == id &&
		    (*end == ':' || *end == '\n' || !*end)) {
			snprintf(out, USER_NAME_MAX, "%.*s", (int)(name < USER_NAME_MAX ? name : USER_NAME_MAX - 1),
				 text);
			return true;
		}
		text += length;
		text += *text == '\n';
	}
	return false;
}

static char *read_text(pid_t pid, const char *path)
{
	AUTO_STRBUF buf = STRBUF_INIT;
	AUTO_FD int fd = path_open_in_root(pid, path);

	while (fd >= 0 && buf.length < USERS_FILE_MAX) {
		char *target = strbuf_reserve(&buf, 4096);
		ssize_t got = target ? read(fd, target, 4096) : -1;

		if (got <= 0)
			break;
		strbuf_grown(&buf, (size_t)got);
	}
	if (!buf.length)
		strbuf_adds(&buf, "");
	return buf.length ? strbuf_take(&buf) : strdup("");
}

/* Which root a process has, as whoever serves that root says. */
static bool find_root(pid_t pid, struct stat *ret)
{
	struct turn *turn = turn_pause();
	char name[32];
	int code;

	snprintf(name, sizeof(name), "/proc/%d/root", pid);
	code = stat(name, ret);
	turn_resume(turn);
	return code == 0;
}

/* The cached text of path in pid's root; "" if there is none. Valid until the turn is given away. */
static const char *file_text(struct users *users, pid_t pid, const char *path)
{
	struct users_file *slot;
	struct stat root;
	struct turn *turn;
	char *text;

	if (!find_root(pid, &root))
		return "";
	for (size_t i = 0; i < USERS_CACHE; i++) {
		slot = &users->files[i];
		if (slot->text && slot->path == path && slot->device == root.st_dev && slot->inode == root.st_ino)
			return slot->text;
	}
	turn = turn_pause();
	text = read_text(pid, path);
	turn_resume(turn);
	slot = &users->files[users->next];
	users->next = (users->next + 1) % USERS_CACHE;
	free(slot->text);
	*slot = (struct users_file){ root.st_dev, root.st_ino, path, text };
	return slot->text ? slot->text : "";
}

/* Compared by address above. */
static const char passwd_path[] = "/etc/passwd", group_path[] = "/etc/group";

bool users_name(struct users *users, pid_t pid, uint32_t uid, char out[USER_NAME_MAX])
{
	return users_find(file_text(users, pid, passwd_path), uid, out);
}

bool users_group(struct users *users, pid_t pid, uint32_t gid, char out[USER_NAME_MAX])
{
	return users_find(file_text(users, pid, group_path), gid, out);
}
