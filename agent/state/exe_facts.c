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

void exe_facts_read_file(struct exe_facts *facts, pid_t pid)
{
	char name[64];
	struct stat status;

	if (facts->has_file)
		return;
	facts->has_file = true;
	snprintf(name, sizeof(name), "/proc/%d/exe", pid);
	if (stat(name, &status) < 0)
		return;
	facts->inode = status.st_ino;
	facts->changed_ns = time_of(&status.st_ctim);
	facts->modified_ns = time_of(&status.st_mtim);
}

void exe_facts_read_environment(struct exe_facts *facts, pid_t pid)
{
	char text[ENVIRONMENT_MAX + 1];

	if (facts->has_environment)
		return;
	facts->has_environment = true;
	facts->environment_length = proc_environ(pid, text, ENVIRONMENT_MAX);
	facts->environment = malloc(facts->environment_length + 1);
	if (facts->environment)
		memcpy(facts->environment, text, facts->environment_length + 1);
	else
		facts->environment_length = 0;
}

void exe_facts_fini(struct exe_facts *facts)
{
	free(facts->environment);
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
