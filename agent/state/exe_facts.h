/*
 * exe_facts.h: what a rule may ask of the program that an execution runs, and that has a price: read from /proc at the first
 * question, kept as long as the execution lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ENVIRONMENT_MAX (32u << 10) /* bytes that are kept */

struct exe_facts {
	uint64_t inode;
	int64_t changed_ns, modified_ns; /* of the executable's inode; 0 = not known */
	bool is_memfd;			 /* the executable exists in memory alone */
	size_t environment_length;
	char environment[]; /* each variable ended by NUL */
};

struct exe_facts *exe_facts_read(pid_t pid); /* NULL without memory; the caller frees */

/* Value of a variable, or NULL. */
const char *exe_facts_variable(const struct exe_facts *facts, const char *name);
