#include <stdio.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/database.h"
#include "cli/screen.h"
#include "store/migrate.h"

#define STATE_MAX (1u << 20)

struct migrate_conf {
	const char *output;
	bool dry_run;
};

static const struct opt opts[] = {
	OPT(migrate_conf, dry_run, "dry-run", 0, OPT_FLAG, NULL, NULL, "only show which steps are missing"),
	OPT(migrate_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "step", .title = "STEP" },
	{ .name = "applied", .title = "APPLIED" },
};

static int print(const struct schema_state *states, bool is_dry, enum table_format format, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < schema_step_count; i++) {
		char time[TIME_TEXT_MAX];
		const char *cells[] = { states[i].name, is_dry ? "missing" : "now" };

		if (states[i].applied_ns)
			cells[1] = time_format(states[i].applied_ns, 0, time);
		if (table_add(table, cells, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static int migrate(struct store *store, const struct migrate_conf *conf, enum table_format format, struct err *err)
{
	struct schema_state *before;
	AUTO_ARENA arena;

	arena_init(&arena, STATE_MAX);
	if (store_schema_state(store, schema_steps, schema_step_count, &arena, &before, err) < 0 ||
	    (!conf->dry_run && store_migrate(store, schema_steps, schema_step_count, err) < 0))
		return err->code;
	return print(before, conf->dry_run, format, err);
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct migrate_conf *conf = options;
	enum table_format format;
	struct store *store;
	int code;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    database_open(&store, err) < 0)
		return err->code;
	code = migrate(store, conf, format, err);
	store_close(store);
	return code;
}

const struct command db_migrate_command = {
	.name = "db migrate",
	.summary = "bring the database that DATABASE_URL names to the schema of this program",
	.details = "Examples:\n"
		   "  DATABASE_URL=postgresql://clewline@db/clewline secctl db migrate --dry-run\n"
		   "  DATABASE_URL=postgresql://clewline@db/clewline secctl db migrate\n"
		   "\n"
		   "Each step is a transaction of its own; an interruption leaves whole steps, and the next run goes "
		   "on. "
		   "A database that\n"
		   "a newer program has migrated is refused (exit code 1). Collectors do the same when they start: "
		   "this is "
		   "for who wants\n"
		   "to see it first, or lets them connect with fewer rights.",
	.opts = opts,
	.conf_size = sizeof(struct migrate_conf),
	.run = run,
};
