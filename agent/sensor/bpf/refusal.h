/*
 * refusal.h: why the kernel does not take BPF programs, in one sentence.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* What is known about this process and kernel; a test makes one up. */
struct refusal_facts {
	bool has_admin, has_bpf, has_perfmon; /* effective capabilities */
	bool has_types;			      /* the kernel carries BTF */
	bool is_confidential;		      /* lockdown forbids programs that read kernel memory */
	bool is_first_user_namespace;
	bool is_foreign; /* not the machine whose registers the programs read */
};

void refusal_look(struct refusal_facts *facts);

/* What stands in the way before anything is tried; 0 if nothing is known to. Errors: ERR_DENIED. */
int refusal_before(const struct refusal_facts *facts, struct err *err);

/* After loading failed with error (positive errno); detail: libbpf's last words, may be empty. */
int refusal_after(int error, const char *detail, struct err *err);
