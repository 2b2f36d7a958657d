#include "agent/state/exec_session.h"

#include <string.h>

#include "base/attr.h"

#define WORKER "/ssm-session-worker"
#define PREFIX "ecs-execute-command-"

static const char *const folders[] = { "/managed-agents/execute-command/", "/ecs-execute-command-" };

bool exec_session_is_agent(const char *path)
{
	for (size_t i = 0; path && i < ARRAY_SIZE(folders); i++) {
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return true;
	}
	return false;
}

static bool is_worker(const char *path)
{
	size_t length = path ? strlen(path) : 0, ending = strlen(WORKER);

	return length >= ending && strcmp(path + length - ending, WORKER) == 0 && exec_session_is_agent(path);
}

static bool is_id(const char *text)
{
	size_t length = strlen(text);

	return strncmp(text, PREFIX, strlen(PREFIX)) == 0 && length < EXEC_SESSION_MAX && length > strlen(PREFIX) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

const char *exec_session_of(const struct process *process)
{
	if (process->arg_count < 2 || !is_worker(process->exe_path) || !is_id(process->args[1]))
		return NULL;
	return process->args[1];
}
