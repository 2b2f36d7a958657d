/*
 * fixture.h: a private PostgreSQL in a folder of its own, run as an unprivileged user, and batches made of nothing real.
 *
 * With CLEWLINE_FIXTURE=citus the server is the one that CLEWLINE_CITUS_URL names, and the tables are distributed. Its database must be
 * called clewline_test or begin so: whatever is in it is dropped.
 */
#pragma once

#include "base/strbuf.h"
#include "collector/database/server.h"
#include "model/batch.h"
#include "store/store.h"

#define FIXTURE_SKIP 77 /* exit code: PostgreSQL is not installed, or no Citus is named */

struct fixture {
	char state[64];
	char conninfo[CLUSTER_CONNINFO_MAX];
	struct cluster cluster;
	struct server server;
	struct store *store; /* of the main thread */
};

/* As root: becomes an unprivileged user for good. Ends the process with FIXTURE_SKIP without PostgreSQL. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* One text from a statement; the caller frees. Fails the test on errors. */
char *fixture_text(struct store *store, const char *sql);
int64_t fixture_number(struct store *store, const char *sql);

/* MD5 over all derived rows of a tenant, and over what event keeps of them. The caller frees. */
char *fixture_digest(struct store *store, int64_t tenant);

#define STORY_EVENTS 40

/* An agent's or reader's batch, encoded. Streams with another number send other agents' events, but the same records. */
struct story {
	uint8_t stream;
	bool is_cloud;
	uint64_t batch_no; /* also decides what the events are */
	const char *rules; /* version in the alerts' rules; NULL = no alerts */
};
void story_encode(const struct story *story, struct strbuf *frame);
