#include "agent/state/exe_facts.h"

#include <stdlib.h>
#include <string.h>

#include "agent/proc/proc.h"

void exe_facts_read_file(struct exe_facts *facts, pid_t pid)
{
	struct file_facts file;

	if (facts->has_file)
		return;
	if (!file_facts_of(pid, "exe", &file)) {
		facts->has_file = true;
		return;
	}
	facts->has_file = true;
	facts->file = file.id;
	facts->changed_ns = file.changed_ns;
	facts->modified_ns = file.modified_ns;
}

void exe_facts_read_environment(struct exe_facts *facts, pid_t pid)
{
	char text[ENVIRONMENT_MAX + 1];

	size_t length;

	if (facts->has_environment)
		return;
	length = proc_environ(pid, text, ENVIRONMENT_MAX);
	/* Another tracer may have had its turn meanwhile. */
	if (facts->has_environment)
		return;
	facts->has_environment = true;
	facts->environment_length = length;
	facts->environment = malloc(facts->environment_length + 1);
	if (facts->environment)
		memcpy(facts->environment, text, facts->environment_length + 1);
	else
		facts->environment_length = 0;
}

void exe_facts_fini(struct exe_facts *facts)
{
	free(facts->environment);
	if (facts->writing)
		writer_unref(facts->writing->by);
	free(facts->writing);
	free(facts->written_path);
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
