#include "agent/state/exe_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/proc/proc.h"
#include "base/time.h"

static int64_t time_of(const struct timespec *time)
{
	return time->tv_sec * NS_PER_S + time->tv_nsec;
}

static void read_file(pid_t pid, struct exe_facts *facts)
{
	char name[64], target[PATH_MAX];
	struct stat status;

	snprintf(name, sizeof(name), "/proc/%d/exe", pid);
	if (stat(name, &status) == 0) {
		facts->inode = status.st_ino;
		facts->changed_ns = time_of(&status.st_ctim);
		facts->modified_ns = time_of(&status.st_mtim);
	}
	facts->is_memfd = proc_link(pid, "exe", target) && strncmp(target, "/memfd:", strlen("/memfd:")) == 0;
}

struct exe_facts *exe_facts_read(pid_t pid)
{
	struct exe_facts *facts = calloc(1, sizeof(*facts) + ENVIRONMENT_MAX + 1), *fitting;

	if (!facts)
		return NULL;
	read_file(pid, facts);
	facts->environment_length = proc_environ(pid, facts->environment, ENVIRONMENT_MAX);
	fitting = realloc(facts, sizeof(*facts) + facts->environment_length + 1);
	return fitting ? fitting : facts;
}

const char *exe_facts_variable(const struct exe_facts *facts, const char *name)
{
	size_t length = strlen(name);

	for (size_t at = 0; at < facts->environment_length; at += strlen(facts->environment + at) + 1) {
		const char *variable = facts->environment + at;

		if (strncmp(variable, name, length) == 0 && variable[length] == '=')
			return variable + length + 1;
	}
	return NULL;
}
