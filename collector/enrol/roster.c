#include "collector/enrol/roster.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/time.h"
#include "collector/enrol/roles.h"
#include "collector/store/pool.h"
#include "collector/store/sql.h"

#define CONNECTIONS    2
#define ANSWER_MAX     (64u << 20)
#define PRUNE_NS       (3600 * NS_PER_S)
#define KEPT_NS	       (90 * 24 * 3600 * NS_PER_S) /* a certificate's row, after its end: its key may come back */
#define HOUR_NS	       (3600 * NS_PER_S)
#define AGENT_BYTES    8
#define TOKEN_ID_BYTES 6

struct roster {
	struct pool *pool;
	pthread_mutex_t mutex; /* guards: all below */
	struct map *revoked;   /* serials */
	int64_t refreshed_ns;  /* monotonic */
	int64_t pruned_ns;     /* monotonic */
};

struct count_row {
	int64_t count;
};
static const struct column count_columns[] = { COLUMN(count_row, count, INT) };
static const struct row_shape count_shape = ROW_SHAPE(count_row, count_columns);

struct serial_row {
	const char *serial;
};
static const struct column serial_columns[] = { COLUMN(serial_row, serial, TEXT) };
static const struct row_shape serial_shape = ROW_SHAPE(serial_row, serial_columns);

struct token_row {
	const char *id, *tags;
};
static const struct column token_columns[] = { COLUMN(token_row, id, TEXT), COLUMN(token_row, tags, JSON) };
static const struct row_shape token_shape = ROW_SHAPE(token_row, token_columns);

struct known_row {
	const char *agent, *enrolled_by;
	bool is_revoked;
};
static const struct column known_columns[] = { COLUMN(known_row, agent, TEXT), COLUMN(known_row, enrolled_by, TEXT),
					       COLUMN(known_row, is_revoked, BOOL) };
static const struct row_shape known_shape = ROW_SHAPE(known_row, known_columns);

static const struct column agent_columns[] = {
	COLUMN(agent_row, id, TEXT),	      COLUMN(agent_row, name, TEXT),
	COLUMN(agent_row, tags, JSON),	      COLUMN(agent_row, enrolled_by, TEXT),
	COLUMN(agent_row, enrolled_ns, TIME), COLUMN(agent_row, certified_ns, TIME),
	COLUMN(agent_row, expires_ns, TIME),  COLUMN(agent_row, trust_digest, INT),
	COLUMN(agent_row, revoked_ns, TIME),  COLUMN(agent_row, revoked_reason, TEXT),
	COLUMN(agent_row, heard_ns, TIME),
};
static const struct row_shape agent_shape = ROW_SHAPE(agent_row, agent_columns);

int roster_new(const char *conninfo, struct roster **ret, struct err *err)
{
	struct roster *roster = calloc(1, sizeof(*roster));

	if (!roster)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_init(&roster->mutex, NULL);
	roster->pool = pool_new(conninfo, CONNECTIONS);
	roster->revoked = map_new();
	if (!roster->pool || !roster->revoked) {
		roster_free(roster);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	*ret = roster;
	return 0;
}

void roster_free(struct roster *roster)
{
	if (!roster)
		return;
	pool_free(roster->pool);
	map_free(roster->revoked);
	pthread_mutex_destroy(&roster->mutex);
	free(roster);
}

struct pool *roster_pool(struct roster *roster)
{
	return roster->pool;
}

static int read_revoked(struct store *store, struct map *ret, struct err *err)
{
	AUTO_ARENA arena = { .max = ANSWER_MAX };
	struct serial_row *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_REVOKED_SERIALS]);
	params_time(&params, 0, time_now_ns());
	if (store_read(store, &params, &serial_shape, &arena, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (!map_put(ret, rows[i].serial, ret))
			return err_set(err, ERR_MEMORY, "out of memory");
	}
	return 0;
}

static int prune(struct roster *roster, struct store *store, struct err *err)
{
	int64_t now = time_monotonic_ns();
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_CERTIFICATES_PRUNE]);
	if (roster->pruned_ns && now - roster->pruned_ns < PRUNE_NS)
		return 0;
	roster->pruned_ns = now;
	params_time(&params, 0, time_now_ns() - KEPT_NS);
	return store_run(store, &params, NULL, err);
}

int roster_refresh(struct roster *roster, bool at_once, struct err *err)
{
	AUTO_MAP revoked = NULL;
	struct store *store;
	struct map *former;
	bool is_due;
	int code;

	pthread_mutex_lock(&roster->mutex);
	is_due = at_once || !roster->refreshed_ns || time_monotonic_ns() - roster->refreshed_ns >= ROSTER_REFRESH_NS;
	pthread_mutex_unlock(&roster->mutex);
	if (!is_due)
		return 0;
	revoked = map_new();
	if (!revoked)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (pool_take(roster->pool, &store, err) < 0)
		return err->code;
	code = read_revoked(store, revoked, err);
	if (code == 0)
		code = prune(roster, store, err);
	pool_give(roster->pool, store);
	if (code < 0)
		return code;
	pthread_mutex_lock(&roster->mutex);
	former = roster->revoked;
	roster->revoked = TAKE(revoked);
	roster->refreshed_ns = time_monotonic_ns();
	pthread_mutex_unlock(&roster->mutex);
	map_free(former);
	return 0;
}

bool roster_refuses(void *context, const struct peer *peer)
{
	struct roster *roster = context;
	bool refused;

	pthread_mutex_lock(&roster->mutex);
	refused = map_get(roster->revoked, peer->serial) != NULL;
	pthread_mutex_unlock(&roster->mutex);
	return refused;
}

/* Who has the key already keeps its id: the key is what an agent is. 1: found. */
static int find_known(struct store *store, struct arena *arena, const struct admission *admission,
		      struct known_row **ret, struct err *err)
{
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_AGENT_BY_KEY]);
	params_int(&params, 0, admission->tenant);
	params_text(&params, 1, admission->key_digest);
	if (store_read(store, &params, &known_shape, arena, ret, &count, err) < 0)
		return err->code;
	if (count && (*ret)->is_revoked)
		return err_set(err, ERR_DENIED, "agent \"%s\" is revoked", (*ret)->agent);
	return count > 0;
}

static int name_agent(struct admission *admission, const struct known_row *known, struct err *err)
{
	uint8_t random[AGENT_BYTES];
	char digits[2 * AGENT_BYTES + 1];

	if (known) {
		snprintf(admission->agent, sizeof(admission->agent), "%s", known->agent);
		return 0;
	}
	if (random_bytes(random, sizeof(random), err) < 0)
		return err->code;
	snprintf(admission->agent, sizeof(admission->agent), "ag_%s", hex_format(random, sizeof(random), digits));
	return 0;
}

static int use_token(struct store *store, int64_t tenant, const uint8_t secret_digest[32], struct err *err)
{
	AUTO_PARAMS params;
	size_t used;

	params_init(&params, &sql_statements[SQL_TOKEN_USE]);
	params_int(&params, 0, tenant);
	params_bytes(&params, 1, secret_digest, 32);
	if (store_run(store, &params, &used, err) < 0)
		return err->code;
	return used ? 0 : err_set(err, ERR_DENIED, "the token is used up");
}

static int admit_token(struct store *store, const uint8_t secret_digest[32], int64_t now_ns, struct arena *arena,
		       struct admission *admission, struct err *err)
{
	struct token_row *token;
	struct known_row *known;
	AUTO_PARAMS params;
	size_t count;
	int code;

	params_init(&params, &sql_statements[SQL_TOKEN_FIND]);
	params_int(&params, 0, admission->tenant);
	params_bytes(&params, 1, secret_digest, 32);
	params_time(&params, 2, now_ns);
	if (store_read(store, &params, &token_shape, arena, &token, &count, err) < 0)
		return err->code;
	if (!count)
		return err_set(err, ERR_DENIED, "the token is not known, or has expired");
	code = find_known(store, arena, admission, &known, err);
	if (code < 0)
		return code;
	admission->tags = token->tags;
	snprintf(admission->enrolled_by, sizeof(admission->enrolled_by), "%s", token->id);
	/* Its answer may have been lost: who asks again with the same key and token is the same asker. */
	if ((!code || strcmp(known->enrolled_by, token->id) != 0) &&
	    use_token(store, admission->tenant, secret_digest, err) < 0)
		return err->code;
	return name_agent(admission, code ? known : NULL, err);
}

int roster_admit_token(struct roster *roster, const uint8_t secret_digest[32], int64_t now_ns, struct arena *arena,
		       struct admission *admission, struct err *err)
{
	struct store *store;
	int code = pool_take(roster->pool, &store, err);

	if (code < 0)
		return code;
	code = admit_token(store, secret_digest, now_ns, arena, admission, err);
	pool_give(roster->pool, store);
	return code;
}

static int admit_role(struct store *store, const struct aws_role *role, struct arena *arena,
		      struct admission *admission, struct err *err)
{
	struct known_row *known;
	int code = roles_find(store, admission->tenant, role, arena, &admission->tags, err);

	if (code == 0)
		code = find_known(store, arena, admission, &known, err);
	if (code < 0)
		return code;
	aws_role_format(role, admission->enrolled_by);
	return name_agent(admission, code ? known : NULL, err);
}

int roster_admit_role(struct roster *roster, const struct aws_role *role, struct arena *arena,
		      struct admission *admission, struct err *err)
{
	struct store *store;
	int code = pool_take(roster->pool, &store, err);

	if (code < 0)
		return code;
	code = admit_role(store, role, arena, admission, err);
	pool_give(roster->pool, store);
	return code;
}

static int insert_certificate(struct store *store, int64_t tenant, const char *agent,
			      const struct certificate *certificate, int64_t now_ns, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_CERTIFICATE_INSERT]);
	params_int(&params, 0, tenant);
	params_text(&params, 1, certificate->serial);
	params_text(&params, 2, agent);
	params_text(&params, 3, certificate->key_digest);
	params_time(&params, 4, now_ns);
	params_time(&params, 5, certificate->not_after_ns);
	return store_run(store, &params, NULL, err);
}

static int upsert_agent(struct store *store, const struct admission *admission, const struct certificate *certificate,
			uint64_t trust_digest, int64_t now_ns, struct err *err)
{
	AUTO_PARAMS params;
	size_t changed;

	params_init(&params, &sql_statements[SQL_AGENT_UPSERT]);
	params_int(&params, 0, admission->tenant);
	params_text(&params, 1, admission->agent);
	params_key(&params, 2, admission->name ? admission->name : "");
	params_text(&params, 3, admission->tags);
	params_text(&params, 4, admission->enrolled_by);
	params_time(&params, 5, now_ns);
	params_time(&params, 6, certificate->not_after_ns);
	params_int(&params, 7, (int64_t)trust_digest);
	if (store_run(store, &params, &changed, err) < 0)
		return err->code;
	return changed ? 0 : err_set(err, ERR_DENIED, "agent \"%s\" is revoked", admission->agent);
}

static int renew_agent(struct store *store, const struct peer *peer, const struct certificate *certificate,
		       uint64_t trust_digest, int64_t now_ns, struct err *err)
{
	AUTO_PARAMS params;
	size_t changed;

	params_init(&params, &sql_statements[SQL_AGENT_RENEW]);
	params_int(&params, 0, peer->tenant);
	params_text(&params, 1, peer->agent);
	params_time(&params, 2, now_ns);
	params_time(&params, 3, certificate->not_after_ns);
	params_int(&params, 4, (int64_t)trust_digest);
	if (store_run(store, &params, &changed, err) < 0)
		return err->code;
	return changed ? 0 : err_set(err, ERR_DENIED, "agent \"%s\" is revoked, or not known here", peer->agent);
}

/* Takes a connection and begins a transaction on it, which conclude() ends. */
static int begin(struct roster *roster, struct store **ret, struct err *err)
{
	if (pool_take(roster->pool, ret, err) < 0)
		return err->code;
	if (store_begin(*ret, err) == 0)
		return 0;
	store_rollback(*ret);
	pool_give(roster->pool, *ret);
	return err->code;
}

/* Ends the transaction by what code says, and gives the connection back. */
static int conclude(struct roster *roster, struct store *store, int code, struct err *err)
{
	if (code == 0)
		code = store_commit(store, err);
	else
		store_rollback(store);
	pool_give(roster->pool, store);
	return code;
}

int roster_add(struct roster *roster, const struct admission *admission, const struct certificate *certificate,
	       uint64_t trust_digest, int64_t now_ns, struct err *err)
{
	struct store *store;
	int code = begin(roster, &store, err);

	if (code < 0)
		return code;
	code = upsert_agent(store, admission, certificate, trust_digest, now_ns, err);
	if (code == 0)
		code = insert_certificate(store, admission->tenant, admission->agent, certificate, now_ns, err);
	return conclude(roster, store, code, err);
}

static int check_pace(struct store *store, const struct peer *peer, int64_t now_ns, struct err *err)
{
	AUTO_ARENA arena = { .max = ANSWER_MAX };
	struct count_row *row;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_CERTIFICATES_SINCE]);
	params_int(&params, 0, peer->tenant);
	params_text(&params, 1, peer->agent);
	params_time(&params, 2, now_ns - HOUR_NS);
	if (store_read(store, &params, &count_shape, &arena, &row, &count, err) < 0)
		return err->code;
	if (row->count >= ROSTER_RENEWALS_HOURLY)
		return err_set(err, ERR_AGAIN, "%lld certificates within an hour are enough", (long long)row->count);
	return 0;
}

int roster_renew(struct roster *roster, const struct peer *peer, const struct certificate *certificate,
		 uint64_t trust_digest, int64_t now_ns, struct err *err)
{
	struct store *store;
	int code = begin(roster, &store, err);

	if (code < 0)
		return code;
	code = check_pace(store, peer, now_ns, err);
	if (code == 0)
		code = renew_agent(store, peer, certificate, trust_digest, now_ns, err);
	if (code == 0)
		code = insert_certificate(store, peer->tenant, peer->agent, certificate, now_ns, err);
	return conclude(roster, store, code, err);
}

/* Runs one statement on a connection of the pool. */
static int run_alone(struct roster *roster, const struct params *params, size_t *ret_changed, struct err *err)
{
	struct store *store;
	int code = pool_take(roster->pool, &store, err);

	if (code < 0)
		return code;
	code = store_run(store, params, ret_changed, err);
	pool_give(roster->pool, store);
	return code;
}

int roster_add_token(struct roster *roster, const struct token_terms *terms, const uint8_t secret_digest[32],
		     char ret_id[ROSTER_ID_MAX], struct err *err)
{
	char digits[2 * TOKEN_ID_BYTES + 1];
	AUTO_PARAMS params;

	snprintf(ret_id, ROSTER_ID_MAX, "et_%s", hex_format(secret_digest, TOKEN_ID_BYTES, digits));
	params_init(&params, &sql_statements[SQL_TOKEN_INSERT]);
	params_int(&params, 0, terms->tenant);
	params_bytes(&params, 1, secret_digest, 32);
	params_text(&params, 2, ret_id);
	for (size_t i = 0; i < terms->tag_count; i++)
		params_key(&params, 3, terms->tags[i]);
	params_time(&params, 4, time_now_ns());
	params_time(&params, 5, terms->expires_ns);
	params_int(&params, 6, terms->uses_max);
	return run_alone(roster, &params, NULL, err);
}

int roster_revoke(struct roster *roster, int64_t tenant, const char *agent, const char *serial, const char *reason,
		  struct err *err)
{
	AUTO_PARAMS params;
	size_t changed;
	int code;

	params_init(&params, &sql_statements[serial ? SQL_CERTIFICATE_REVOKE : SQL_AGENT_REVOKE]);
	params_int(&params, 0, tenant);
	params_text(&params, 1, agent);
	if (serial) {
		params_text(&params, 2, serial);
		params_time(&params, 3, time_now_ns());
	} else {
		params_time(&params, 2, time_now_ns());
		params_key(&params, 3, reason ? reason : "");
	}
	code = run_alone(roster, &params, &changed, err);
	if (code < 0)
		return code;
	if (!changed)
		return err_set(err, ERR_NOT_FOUND,
			       serial ? "agent \"%s\" has no such certificate" : "there is no agent \"%s\"", agent);
	return roster_refresh(roster, true, err);
}

int roster_agents(struct roster *roster, int64_t tenant, const char *wanted, size_t limit, struct arena *arena,
		  struct agent_row **ret, size_t *ret_count, struct err *err)
{
	struct store *store;
	AUTO_PARAMS params;
	int code;

	params_init(&params, &sql_statements[SQL_AGENTS]);
	params_int(&params, 0, tenant);
	if (wanted)
		params_text(&params, 1, wanted);
	params_int(&params, 2, (int64_t)limit);
	code = pool_take(roster->pool, &store, err);
	if (code < 0)
		return code;
	code = store_read(store, &params, &agent_shape, arena, ret, ret_count, err);
	pool_give(roster->pool, store);
	return code;
}

int roster_behind(struct roster *roster, uint64_t trust_digest, int64_t *ret, struct err *err)
{
	AUTO_ARENA arena = { .max = ANSWER_MAX };
	struct count_row *row;
	struct store *store;
	AUTO_PARAMS params;
	size_t count;
	int code;

	params_init(&params, &sql_statements[SQL_AGENTS_BEHIND]);
	code = pool_take(roster->pool, &store, err);
	if (code < 0)
		return code;
	params_int(&params, 0, (int64_t)trust_digest);
	params_time(&params, 1, time_now_ns());
	code = store_read(store, &params, &count_shape, &arena, &row, &count, err);
	if (code == 0)
		*ret = row->count;
	pool_give(roster->pool, store);
	return code;
}
