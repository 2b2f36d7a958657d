#include "collector/store/sql.h"

const struct sql sql_statements[SQL_COUNT] = {
#define SQL(id, types, text) { #id, types, text },
#include "collector/store/sql.def"
#undef SQL
};
