/*
 * privilege.h: the collector never works as root: it makes the state folder, hands it to its own user, and becomes that user.
 */
#pragma once

#include "base/err.h"

/*
 * Started as root: creates folder, gives it to the user and switches to that user for good. Otherwise: creates folder.
 * Errors: ERR_DENIED when the user does not exist or cannot reach the folder, ERR_USAGE when the folder holds something else.
 */
int privilege_settle(const char *folder, const char *user, struct err *err);
