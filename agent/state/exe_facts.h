/*
 * exe_facts.h: what a rule may ask of the program that an execution runs, and that has a price: read from /proc at the first
 * question, kept as long as the execution lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/state/writing.h"

#define ENVIRONMENT_MAX (32u << 10) /* bytes that are kept */

struct exe_facts {
	struct file_id file;		 /* inode 0: not known */
	int64_t changed_ns, modified_ns; /* of the executable's inode; 0 = not known */
	bool has_file, has_environment, has_drift;
	struct writing *writing; /* of the executable or its script before it was executed; NULL if none is known */
	char *written_path;	 /* of that file */
	size_t environment_length;
	char *environment; /* each variable ended by NUL; NULL if it could not be read */
};

/* Reads what is not there yet. */
void exe_facts_read_file(struct exe_facts *facts, pid_t pid);
void exe_facts_read_environment(struct exe_facts *facts, pid_t pid);
void exe_facts_fini(struct exe_facts *facts);

/* Value of a variable, or NULL. */
const char *exe_facts_variable(const struct exe_facts *facts, const char *name);
