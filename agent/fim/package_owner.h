/*
 * package_owner.h: which package a file belongs to, as dpkg's and apk's databases below a root say.
 *
 * A database is read when it is asked, line by line; that is dear (megabytes), so answers are for files that changed, not for all.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#define PACKAGE_NAME_MAX  128
#define PACKAGE_FILES_MAX 20000	       /* lists of dpkg that are looked at */
#define PACKAGE_BYTES_MAX (128u << 20) /* of all that is read for one answer */

/*
 * False if no package has it, or nothing is installed. path: absolute in root; /usr/bin/x is also looked for as /bin/x. Gives the turn
 * away while it reads (proc/turn.h).
 */
bool package_owner(int root, const char *path, char out[PACKAGE_NAME_MAX]);

/*
 * The two databases alone, as they come from a container: whether a package's list of dpkg ("/var/lib/dpkg/info/NAME.list") has the path,
 * and which package of apk ("/lib/apk/db/installed") has it.
 */
bool package_list_has(FILE *list, const char *path);
bool package_apk_owner(FILE *installed, const char *path, char out[PACKAGE_NAME_MAX]);
