/*
 * prepare.h: a database made ready for use: it exists, and has this program's schema.
 */
#pragma once

#include "base/err.h"

/* Creates the database if it is missing; conninfo leads to another one of the same server. */
int prepare_database(const char *conninfo, const char *name, struct err *err);

/* Applies missing schema steps; returns how many. */
int prepare_schema(const char *conninfo, struct err *err);

/* Makes the roles of rights.h. Errors: ERR_FAILED when this connection may not. */
int prepare_rights(const char *conninfo, struct err *err);
