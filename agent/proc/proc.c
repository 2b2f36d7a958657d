#include "agent/proc/proc.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/proc/name.h"
#include "agent/proc/turn.h"
#include "base/attr.h"
#include "base/time.h"

#define PROC_FILE_MAX	    8192 /* of status, stat, cgroup */
#define FORKED_NOT_EXECUTED 0x40 /* PF_FORKNOEXEC of the kernel, as acct(5) has it too */

/* Reads /proc/PID/NAME; returns its length, 0 if there is nothing. Always terminated. */
static size_t read_file(pid_t pid, const char *name, char *out, size_t size)
{
	char path[PROC_FILE_NAME_MAX];
	size_t length = 0;
	AUTO_FD int fd = open(proc_file_name(path, pid, name), O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && length < size - 1) {
		ssize_t got = read(fd, out + length, size - 1 - length);

		if (got <= 0)
			break;
		length += (size_t)got;
		/* What is left out of a file of /proc did not fit: there is no more to ask for. */
		if (length < size - 1)
			break;
	}
	out[length] = '\0';
	return length;
}

/* Text after "NAME:" and its tab, up to the end of the line; NULL if there is no such line. */
static const char *status_line(const char *text, const char *name)
{
	char key[32];
	const char *found;

	snprintf(key, sizeof(key), "\n%s:", name);
	found = strstr(text, key);
	return found ? found + strlen(key) + 1 : NULL;
}

/* The column'th number of a status line, -1 = the last one. */
static long status_number(const char *text, const char *name, int column)
{
	const char *line = status_line(text, name);
	long number = 0;

	for (int i = 0; line && *line && *line != '\n' && (column < 0 || i <= column); i++) {
		char *end;
		long next = strtol(line, &end, 10);

		if (end == line)
			break;
		number = next;
		line = end;
		while (*line == '\t' || *line == ' ')
			line++;
	}
	return number;
}

static void read_comm(pid_t pid, char out[PROC_NAME_MAX])
{
	size_t length = read_file(pid, "comm", out, PROC_NAME_MAX);

	if (length && out[length - 1] == '\n')
		out[length - 1] = '\0';
}

/* The first line of status, unless something in the name is escaped there. */
static void read_name(pid_t pid, const char *text, char out[PROC_NAME_MAX])
{
	size_t skipped = strlen("Name:\t"), length = strcspn(text, "\n");

	if (strncmp(text, "Name:\t", skipped) != 0 || memchr(text, '\\', length))
		read_comm(pid, out);
	else
		snprintf(out, PROC_NAME_MAX, "%.*s", (int)(length - skipped), text + skipped);
}

bool proc_status_read(pid_t pid, struct proc_status *ret)
{
	char text[PROC_FILE_MAX];
	size_t length = read_file(pid, "status", text, sizeof(text));
	const char *state;

	*ret = (struct proc_status){ 0 };
	if (!length)
		return false;
	read_name(pid, text, ret->name);
	state = status_line(text, "State");
	ret->is_ended = state && (*state == 'Z' || *state == 'X');
	ret->tgid = (pid_t)status_number(text, "Tgid", 0);
	ret->ppid = (pid_t)status_number(text, "PPid", 0);
	ret->vpid = (pid_t)status_number(text, "NSpid", -1);
	ret->tracer = (pid_t)status_number(text, "TracerPid", 0);
	ret->uid = (uint32_t)status_number(text, "Uid", 1);
	ret->gid = (uint32_t)status_number(text, "Gid", 1);
	return true;
}

/* Fields of stat behind the name, which may itself hold blanks and parentheses; the first is number 3. */
bool proc_stat_read(pid_t pid, struct proc_stat *ret)
{
	char text[PROC_FILE_MAX], *cursor, *rest = NULL;
	struct timespec boot;
	long long ticks = 0;
	int number = 3;

	*ret = (struct proc_stat){ 0 };
	if (!read_file(pid, "stat", text, sizeof(text)) || !(cursor = strrchr(text, ')')))
		return false;
	for (char *field = strtok_r(cursor + 1, " ", &rest); field; field = strtok_r(NULL, " ", &rest), number++) {
		if (number == 5)
			ret->group = (pid_t)strtol(field, NULL, 10);
		else if (number == 6)
			ret->session = (pid_t)strtol(field, NULL, 10);
		else if (number == 7)
			ret->tty = strtoull(field, NULL, 10);
		else if (number == 9)
			ret->is_fork = strtoul(field, NULL, 10) & FORKED_NOT_EXECUTED;
		else if (number == 22)
			ticks = strtoll(field, NULL, 10);
	}
	clock_gettime(CLOCK_BOOTTIME, &boot);
	ret->start_ns =
		time_now_ns() - (boot.tv_sec * NS_PER_S + boot.tv_nsec) + ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
	return number > 22;
}

static bool read_link(const char *link, char out[PATH_MAX])
{
	ssize_t length = readlink(link, out, PATH_MAX - 1);

	if (length < 0)
		return false;
	out[length] = '\0';
	return true;
}

bool proc_root(pid_t tid, char out[PATH_MAX])
{
	char link[PROC_FILE_NAME_MAX];

	return read_link(proc_file_name(link, tid, "root"), out);
}

bool proc_link_below(const char *root, const char *link, char out[PATH_MAX])
{
	size_t length = strlen(root);

	if (!read_link(link, out))
		return false;
	if (length > 1 && strncmp(out, root, length) == 0 && (out[length] == '/' || !out[length])) {
		memmove(out, out + length, strlen(out + length) + 1);
		if (!*out)
			strcpy(out, "/");
	}
	return true;
}

bool proc_link(pid_t tid, const char *name, char out[PATH_MAX])
{
	char link[PROC_FILE_NAME_MAX], root[PATH_MAX];

	return proc_root(tid, root) && proc_link_below(root, proc_file_name(link, tid, name), out);
}

/* They lie in the memory of the process, which may be a file that its owner keeps back. */
static size_t read_texts(pid_t pid, const char *name, char *out, size_t size)
{
	struct turn *turn = turn_pause();
	size_t length = read_file(pid, name, out, size);

	turn_resume(turn);
	/* cut, or rewritten by the process without the last NUL */
	if (length && out[length - 1] && length < size)
		out[length++] = '\0';
	return length;
}

size_t proc_cmdline(pid_t pid, char *out, size_t size)
{
	return read_texts(pid, "cmdline", out, size);
}

size_t proc_environ(pid_t pid, char *out, size_t size)
{
	return read_texts(pid, "environ", out, size);
}

static uint64_t status_hex(const char *text, const char *name)
{
	const char *line = status_line(text, name);

	return line ? strtoull(line, NULL, 16) : 0;
}

bool proc_capabilities_read(pid_t tid, struct proc_capabilities *ret)
{
	char text[PROC_FILE_MAX];

	if (!read_file(tid, "status", text, sizeof(text)))
		return false;
	*ret = (struct proc_capabilities){ status_hex(text, "CapInh"), status_hex(text, "CapPrm"),
					   status_hex(text, "CapEff"), status_hex(text, "CapBnd") };
	return true;
}

bool proc_ids(pid_t tid, uint32_t *ret_uid, uint32_t *ret_gid)
{
	char path[32];
	struct stat status;

	/* The kernel gives the folder itself the effective ids, whether or not the process may be dumped. */
	snprintf(path, sizeof(path), "/proc/%d", tid);
	if (stat(path, &status) < 0)
		return false;
	*ret_uid = status.st_uid;
	*ret_gid = status.st_gid;
	return true;
}

int64_t proc_loginuid(pid_t pid)
{
	char text[32];
	unsigned long long number;

	if (!read_file(pid, "loginuid", text, sizeof(text)))
		return -1;
	number = strtoull(text, NULL, 10);
	return number >= UINT32_MAX ? -1 : (int64_t)number;
}

uint64_t proc_mounts(pid_t pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

bool proc_has_own_users(pid_t pid)
{
	char ours[PATH_MAX], theirs[PATH_MAX];

	return !proc_link(getpid(), "ns/user", ours) || !proc_link(pid, "ns/user", theirs) ||
	       strcmp(ours, theirs) != 0;
}

bool proc_is_thread_of(pid_t tid, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return tid != pid && access(path, F_OK) == 0;
}

static size_t count_digits(const char *text, bool hex)
{
	size_t count = 0;

	while (hex ? isxdigit((unsigned char)text[count]) : isdigit((unsigned char)text[count]))
		count++;
	return count;
}

bool cgroup_container_id(const char *text, char out[PROC_CONTAINER_ID_MAX])
{
	bool found = false;

	/* The innermost group counts, so the last match of all wins. */
	for (const char *cursor = text; *cursor; cursor++) {
		size_t hex = count_digits(cursor, true), more = 0, length;

		if (hex == 0)
			continue;
		if (hex == 32 && cursor[hex] == '-')
			more = count_digits(cursor + hex + 1, false);
		length = hex + (more ? more + 1 : 0);
		if ((hex == 64 || (hex == 32 && more)) && length < PROC_CONTAINER_ID_MAX) {
			snprintf(out, PROC_CONTAINER_ID_MAX, "%.*s", (int)length, cursor);
			found = true;
		}
		cursor += length - 1;
	}
	return found;
}

bool proc_container_id(pid_t pid, char out[PROC_CONTAINER_ID_MAX])
{
	char text[PROC_FILE_MAX];

	return read_file(pid, "cgroup", text, sizeof(text)) && cgroup_container_id(text, out);
}
