/*
 * roles.h: the roles of AWS whose holders may enrol without a token, and what their agents get.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "aws/role.h"
#include "base/arena.h"
#include "base/err.h"

#define ROLES_MAX 1000

struct pool;
struct store;

struct role_terms {
	int64_t tenant;
	struct aws_role role;
	const char *const *tags; /* its agents get them */
	size_t tag_count;
};

struct role_row {
	const char *partition, *account, *name, *tags; /* tags: JSON array */
	int64_t allowed_ns;
};

/* Allows a role; one that is allowed already gets these tags. */
int roles_allow(struct pool *pool, const struct role_terms *terms, struct err *err);

/* Errors: ERR_NOT_FOUND. Agents that it has enrolled stay. */
int roles_forbid(struct pool *pool, int64_t tenant, const struct aws_role *role, struct err *err);

/* In the order of accounts and names, ROLES_MAX at the most. */
int roles_list(struct pool *pool, int64_t tenant, struct arena *arena, struct role_row **ret, size_t *ret_count,
	       struct err *err);

/* Before AWS is asked: whether the tenant has any. Errors: ERR_DENIED. */
int roles_check_any(struct pool *pool, int64_t tenant, struct err *err);

/* Tags (JSON, in arena) for a role's agents. Errors: ERR_DENIED when it is not allowed. */
int roles_find(struct store *store, int64_t tenant, const struct aws_role *role, struct arena *arena,
	       const char **ret_tags, struct err *err);
