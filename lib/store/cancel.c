#include <libpq-fe.h>
#include <stdlib.h>

#include "store/session.h"

#define REASON_MAX 256

struct store_cancel {
	PGcancel *request;
};

struct store_cancel *store_cancel_new(struct store *store)
{
	struct store_cancel *cancel = calloc(1, sizeof(*cancel));

	if (!cancel)
		return NULL;
	cancel->request = PQgetCancel(store->connection);
	if (cancel->request)
		return cancel;
	free(cancel);
	return NULL;
}

void store_cancel_send(struct store_cancel *cancel)
{
	char reason[REASON_MAX];

	/* That it did not arrive shows by the statement's going on: whoever waits for its end sends again. */
	(void)PQcancel(cancel->request, reason, sizeof(reason));
}

void store_cancel_free(struct store_cancel *cancel)
{
	if (!cancel)
		return;
	PQfreeCancel(cancel->request);
	free(cancel);
}
