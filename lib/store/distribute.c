#include "store/distribute.h"

#include <string.h>

/* What a transaction sets for itself (the tenant, the role) has to reach the nodes where the rows are. */
#define SETTING "citus.propagate_set_commands"

static const struct table {
	const char *name;
	bool is_distributed;
} tables[] = {
#define REFERENCE	  false
#define DISTRIBUTED	  true
#define TABLE(name, kind) { #name, kind },
#include "store/distribution.def"
#undef TABLE
#undef DISTRIBUTED
#undef REFERENCE
};

struct text_row {
	const char *text;
};
static const struct column text_columns[] = { COLUMN(text_row, text, TEXT) };
static const struct row_shape text_shape = ROW_SHAPE(text_row, text_columns);

static const struct sql find_extension = { "citus_find", "",
					   "SELECT extversion::text FROM pg_extension WHERE extname = 'citus'" };
static const struct sql list_distributed = { "citus_list", "", "SELECT logicalrelid::text FROM pg_dist_partition" };
static const struct sql find_setting = {
	"citus_setting", "",
	"SELECT unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase"
	" WHERE d.datname = current_database() AND s.setrole = 0"
};
static const struct sql make_setting = { "citus_set", "",
					 "SELECT format('ALTER DATABASE %I SET " SETTING
					 " = ''local''', current_database())" };

static int read_texts(struct store *store, const struct sql *sql, struct arena *arena, struct text_row **ret,
		      size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, sql);
	return store_read(store, &params, &text_shape, arena, ret, ret_count, err);
}

static bool has_text(const struct text_row *rows, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].text, text) == 0)
			return true;
	}
	return false;
}

static int check_extension(struct store *store, struct arena *arena, struct err *err)
{
	struct text_row *rows;
	size_t count;

	if (read_texts(store, &find_extension, arena, &rows, &count, err) < 0)
		return err->code;
	if (count)
		return 0;
	return err_set(err, ERR_FAILED,
		       "the server has no Citus; on every node: CREATE EXTENSION citus; then, on this one: SELECT "
		       "citus_add_node('HOST', PORT) for each worker");
}

static int plan_setting(struct store *store, struct arena *arena, struct distribution_step *step, struct err *err)
{
	struct text_row *set, *made;
	size_t set_count, made_count;

	if (read_texts(store, &find_setting, arena, &set, &set_count, err) < 0 ||
	    read_texts(store, &make_setting, arena, &made, &made_count, err) < 0)
		return err->code;
	*step = (struct distribution_step){ .about = SETTING,
					    .statement = made->text,
					    .is_done = has_text(set, set_count, SETTING "=local") };
	return 0;
}

static const char *table_statement(const struct table *table, const char *first, int64_t shards, struct arena *arena)
{
	if (!table->is_distributed)
		return arena_printf(arena, "SELECT create_reference_table('%s')", table->name);
	if (!first)
		return arena_printf(arena, "SELECT create_distributed_table('%s', 'tenant_id', shard_count => %lld)",
				    table->name, (long long)shards);
	return arena_printf(arena, "SELECT create_distributed_table('%s', 'tenant_id', colocate_with => '%s')",
			    table->name, first);
}

int distribution_plan(struct store *store, int64_t shards, struct arena *arena, struct distribution_step **ret,
		      size_t *ret_count, struct err *err)
{
	struct distribution_step *steps = arena_array(arena, struct distribution_step, ARRAY_SIZE(tables) + 1);
	const char *first = NULL;
	struct text_row *done;
	size_t done_count;

	if (!steps)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (check_extension(store, arena, err) < 0 || plan_setting(store, arena, steps, err) < 0 ||
	    read_texts(store, &list_distributed, arena, &done, &done_count, err) < 0)
		return err->code;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct distribution_step *step = &steps[i + 1];

		*step = (struct distribution_step){ .about = tables[i].name,
						    .statement = table_statement(&tables[i], first, shards, arena),
						    .is_done = has_text(done, done_count, tables[i].name) };
		if (!step->statement)
			return err_set(err, ERR_MEMORY, "out of memory");
		if (tables[i].is_distributed && !first)
			first = tables[i].name;
	}
	*ret = steps;
	*ret_count = ARRAY_SIZE(tables) + 1;
	return 0;
}
