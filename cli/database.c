#include "cli/database.h"

#include <stdlib.h>

int database_open(struct store **ret, struct err *err)
{
	const char *url = getenv("DATABASE_URL");

	if (!url || !*url) {
		err_set(err, ERR_USAGE,
			"DATABASE_URL is not set; a private database is migrated by its collector, whenever it "
			"starts");
		err_hint(err, "secctl up");
		return ERR_USAGE;
	}
	return store_open(url, ret, err);
}
