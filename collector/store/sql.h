/*
 * sql.h: every statement of the collector, by name; their texts stand in sql.def.
 */
#pragma once

#include "store/store.h"

enum sql_id {
#define SQL(id, types, text) SQL_##id,
#include "collector/store/sql.def"
#undef SQL
	SQL_COUNT
};

extern const struct sql sql_statements[SQL_COUNT];

/* The tenant of a collector on one machine; tenants come with enrolment. */
#define TENANT_LOCAL 1
