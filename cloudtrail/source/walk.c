#include "cloudtrail/source/walk.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/strbuf.h"

/* endings of names that hold records */
static const char *const endings[] = { ".json.gz", ".json", ".jsonl", ".jsonl.gz", ".ndjson", ".cloudtrail" };

enum tree { TREE_RECORDS, TREE_DIGEST, TREE_INSIGHT };

/* folder name in the bucket's layout, what lies below it */
static const struct {
	const char *name;
	enum tree tree;
} trees[] = {
	{ "CloudTrail-Digest", TREE_DIGEST },
	{ "CloudTrail-Insight", TREE_INSIGHT },
};

static bool has_ending(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

/* The names of digest and insight objects carry the word too: they are found even in a folder copied flat. */
static enum tree tree_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		if (strstr(path, trees[i].name))
			return trees[i].tree;
	}
	return TREE_RECORDS;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int visit_file(const FTSENT *entry, const struct walk_visitor *visitor, struct walk_counts *counts,
		      struct err *err)
{
	const struct stat *st = entry->fts_statp;
	struct walk_file file = { .path = entry->fts_path, .size = st->st_size };
	bool named = entry->fts_level == FTS_ROOTLEVEL;

	file.modified_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
	switch (named ? TREE_RECORDS : tree_of(entry->fts_path)) {
	case TREE_DIGEST:
		counts->digests++;
		return 0;
	case TREE_INSIGHT:
		counts->insights++;
		return 0;
	case TREE_RECORDS:
		break;
	}
	if (!named && (!S_ISREG(st->st_mode) || !has_ending(entry->fts_name))) {
		counts->others++;
		return 0;
	}
	counts->files++;
	return visitor->file(visitor->context, &file, err);
}

/*
 * A folder that cannot be listed, or the one around what cannot be looked at: names can be read and nothing else. What was removed since
 * its name was read is no loss.
 */
static int report(const FTSENT *entry, const struct walk_visitor *visitor, struct walk_counts *counts,
		  struct err *err)
{
	bool is_inside = entry->fts_info == FTS_NS && entry->fts_level > FTS_ROOTLEVEL;
	AUTO_STRBUF folder = STRBUF_INIT;
	struct err problem;

	/* the parent's path is the beginning of the same buffer */
	strbuf_add(&folder, entry->fts_path, is_inside ? entry->fts_parent->fts_pathlen : entry->fts_pathlen);
	errno = entry->fts_errno;
	err_errno(&problem, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "%s", entry->fts_path);
	counts->problems++;
	return visitor->problem(visitor->context, problem.code == ERR_NOT_FOUND ? NULL : folder.data, &problem, err);
}

int walk(char *const *paths, const struct walk_visitor *visitor, struct walk_counts *counts, struct err *err)
{
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int code = 0;

	if (!tree)
		return err_errno(err, ERR_FAILED, "could not read \"%s\"", paths[0]);
	while (code >= 0 && (entry = fts_read(tree))) {
		switch (entry->fts_info) {
		case FTS_D:
		case FTS_DP:
		case FTS_DC:
			break;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			code = report(entry, visitor, counts, err);
			break;
		default:
			code = visit_file(entry, visitor, counts, err);
			break;
		}
	}
	fts_close(tree);
	return code;
}
