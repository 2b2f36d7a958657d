/*
 * sql.h: every statement of the collector, by name; their texts stand in sql.def.
 */
#pragma once

#include "model/tenant.h"
#include "store/store.h"

enum sql_id {
#define SQL(id, types, text) SQL_##id,
#include "collector/store/sql.def"
#undef SQL
	SQL_COUNT
};

extern const struct sql sql_statements[SQL_COUNT];
