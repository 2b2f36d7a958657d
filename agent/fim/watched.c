#include "agent/fim/watched.h"

#include <stdlib.h>

#include "base/attr.h"

void watched_free(struct watched *watched)
{
	if (!watched)
		return;
	watch_sets_free(watched->sets);
	baseline_free(watched->baseline);
	free(watched);
}

/* FNV-1a, a text with its NUL, so that texts do not run into each other. */
static void hash_text(const char *text, uint64_t *hash)
{
	do {
		*hash = (*hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++);
}

static void hash_sets(const struct watch_sets *sets, uint64_t *hash)
{
	for (size_t i = 0; i < watch_sets_count(sets); i++) {
		const struct watch_set *set = watch_sets_at(sets, i);

		hash_text(set->name, hash);
		for (size_t k = 0; k < set->path_count; k++)
			hash_text(set->paths[k], hash);
		hash_text("", hash);
		for (size_t k = 0; k < set->except_count; k++)
			hash_text(set->except[k], hash);
		hash_text(set->has_diff ? "diff" : "", hash);
	}
}

int watched_load(const struct watched_conf *conf, struct watched **ret, struct err *err)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	int code;

	if (!watched)
		return err_set(err, ERR_MEMORY, "out of memory");
	watched->version = UINT64_C(0xcbf29ce484222325);
	code = watch_sets_load(conf->sets, conf->set_count, &watched->sets, err);
	if (code == 0 && conf->baseline)
		code = baseline_load(conf->baseline, &watched->baseline, err);
	if (code < 0) {
		watched_free(watched);
		return code;
	}
	hash_sets(watched->sets, &watched->version);
	*ret = watched;
	return 0;
}

static void count(void *context, enum baseline_change change UNUSED, const struct baseline_entry *was UNUSED,
		  const struct baseline_entry *now UNUSED)
{
	++*(size_t *)context;
}

bool watched_is_same(const struct watched *left, const struct watched *right)
{
	size_t differences = 0;

	if (left->version != right->version || !left->baseline != !right->baseline)
		return false;
	if (left->baseline)
		baseline_diff(left->baseline, right->baseline, count, &differences);
	return differences == 0;
}
