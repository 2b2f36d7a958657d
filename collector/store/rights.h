/*
 * rights.h: the database roles that connections take on once they are made, so that none has more rights than it needs.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define RIGHTS_READER "clewline_reader" /* sees one tenant, changes nothing */
#define RIGHTS_WRITER "clewline_writer" /* stores batches of every tenant; cannot delete */

struct store;

/*
 * Makes the roles where they are missing, and grants what rights.def says. Errors: ERR_FAILED when the owner may not make
 * roles (only a superuser can make one that row-level security does not bind); ERR_UNREACHABLE.
 */
int rights_prepare(struct store *store, struct err *err);
