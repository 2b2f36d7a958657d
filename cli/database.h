/*
 * database.h: the database itself, for the few commands that need no collector: those that make it fit for one.
 */
#pragma once

#include "store/store.h"

/*
 * Connects to the server that DATABASE_URL names, as who owns the tables. Errors: ERR_USAGE where none is named: a private
 * database is the collector's own affair.
 */
int database_open(struct store **ret, struct err *err);
