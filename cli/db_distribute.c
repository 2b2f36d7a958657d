#include <stdio.h>

#include "cli/commands.h"
#include "cli/database.h"
#include "cli/screen.h"
#include "store/distribute.h"
#include "store/migrate.h"

#define PLAN_MAX (1u << 20)

struct distribute_conf {
	int64_t shards;
	bool dry_run;
};

static const struct opt opts[] = {
	OPT_RANGE(distribute_conf, shards, "shards", "N", DISTRIBUTE_SHARDS_MIN, DISTRIBUTE_SHARDS_MAX, "32",
		  "into how many parts tenants are spread, once for all; each day has as many tables"),
	OPT(distribute_conf, dry_run, "dry-run", 0, OPT_FLAG, NULL, NULL,
	    "only print the statements that are missing"),
	OPT_END,
};

static int check_schema(struct store *store, struct arena *arena, struct err *err)
{
	struct schema_state *states;

	if (store_schema_state(store, schema_steps, schema_step_count, arena, &states, err) < 0)
		return err->code;
	if (schema_step_count && !states[schema_step_count - 1].applied_ns) {
		err_set(err, ERR_FAILED, "the database lacks schema step \"%s\"", states[schema_step_count - 1].name);
		err_hint(err, "secctl db migrate");
		return ERR_FAILED;
	}
	return 0;
}

/* One statement at a time, each its own transaction: the server refuses two in one command. */
static int distribute(struct store *store, const struct distribute_conf *conf, struct err *err)
{
	struct distribution_step *steps;
	size_t count, missing = 0;
	AUTO_ARENA arena;

	arena_init(&arena, PLAN_MAX);
	if (check_schema(store, &arena, err) < 0 ||
	    distribution_plan(store, conf->shards, &arena, &steps, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		AUTO_STRBUF line = STRBUF_INIT;

		if (steps[i].is_done)
			continue;
		missing++;
		if (!conf->dry_run && store_command(store, steps[i].statement, err) < 0)
			return err_wrap(err, "%s", steps[i].about);
		strbuf_addf(&line, "%s;\n", steps[i].statement);
		if (screen_write(&line, err) < 0)
			return err->code;
	}
	fprintf(stderr, "%zu of %zu statements were %s\n", missing, count, conf->dry_run ? "missing" : "run now");
	return 0;
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct distribute_conf *conf = options;
	struct store *store;
	int code;

	if (database_open(&store, err) < 0)
		return err->code;
	code = distribute(store, conf, err);
	store_close(store);
	return code;
}

const struct command db_distribute_command = {
	.name = "db distribute",
	.summary = "spread the tables of the database that DATABASE_URL names over the nodes of Citus, by tenant",
	.details = "Examples:\n"
		   "  DATABASE_URL=postgresql://clewline@coordinator/clewline secctl db distribute --dry-run\n"
		   "  DATABASE_URL=postgresql://clewline@coordinator/clewline secctl db distribute\n"
		   "\n"
		   "Statements are run one at a time and printed once they are done; what is done already is left "
		   "alone, so "
		   "that an\n"
		   "interrupted run is simply run again, and so after each upgrade that brings new tables. Rows move "
		   "to the "
		   "nodes with\n"
		   "their table. Stop the collectors before.",
	.opts = opts,
	.conf_size = sizeof(struct distribute_conf),
	.run = run,
};
