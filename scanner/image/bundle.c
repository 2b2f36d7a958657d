#include "scanner/image/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "scanner/image/shown.h"
#include "scanner/image/tar.h"

struct entry {
	char *link; /* target of a symbolic or hard link, normalised; NULL for a file */
};

struct bundle {
	char *path;
	int folder;	     /* or -1 */
	struct map *entries; /* of a tar file: name to struct entry */
};

void bundle_close_pointer(struct bundle **bundle)
{
	bundle_close(*bundle);
	*bundle = NULL;
}

static void free_entry(const char *key UNUSED, void *value, void *context UNUSED)
{
	struct entry *entry = value;

	free(entry->link);
	free(entry);
}

void bundle_close(struct bundle *bundle)
{
	if (!bundle)
		return;
	if (bundle->entries)
		map_each(bundle->entries, free_entry, NULL);
	map_free(bundle->entries);
	close_fd(&bundle->folder);
	free(bundle->path);
	free(bundle);
}

/* A symbolic link's target is relative to the member's folder. */
static char *link_target(const char *name, const struct tar_entry *entry)
{
	char joined[2 * BUNDLE_NAME_MAX], normal[BUNDLE_NAME_MAX];
	const char *slash = strrchr(name, '/');
	int folder = slash && entry->kind == TAR_SYMLINK ? (int)(slash - name) + 1 : 0;

	snprintf(joined, sizeof(joined), "%.*s%s", folder, name, entry->link ? entry->link : "");
	return tar_normalise(joined, normal, sizeof(normal)) ? strdup(normal) : strdup("");
}

static int index_entry(struct bundle *bundle, const struct tar_entry *entry, struct err *err)
{
	char name[BUNDLE_NAME_MAX];
	struct entry *indexed;

	if (map_count(bundle->entries) >= BUNDLE_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "\"%s\" has more than %d entries", bundle->path, BUNDLE_ENTRIES_MAX);
	/* Names that lead out of the archive are never looked up. */
	if (entry->kind == TAR_FOLDER || !tar_normalise(entry->name, name, sizeof(name)) ||
	    map_get(bundle->entries, name))
		return 0;
	indexed = calloc(1, sizeof(*indexed));
	if (indexed && entry->kind != TAR_FILE)
		indexed->link = link_target(name, entry);
	if (!indexed || !map_put(bundle->entries, name, indexed)) {
		free(indexed);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	return 0;
}

static int index_tar(struct bundle *bundle, struct err *err)
{
	AUTO_TAR tar = NULL;
	struct tar_entry entry;
	uint64_t seen = 0;
	int got;

	bundle->entries = map_new();
	if (!bundle->entries)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (tar_open_file(bundle->path, &tar, err) < 0)
		return err->code;
	while ((got = tar_next(tar, &entry, err)) > 0) {
		if (++seen > BUNDLE_ENTRIES_MAX)
			return err_set(err, ERR_LIMIT, "\"%s\" has more than %d entries", bundle->path,
				       BUNDLE_ENTRIES_MAX);
		if (index_entry(bundle, &entry, err) < 0)
			return err->code;
	}
	return got;
}

int bundle_open(const char *path, struct bundle **ret, struct err *err)
{
	AUTO_BUNDLE bundle = calloc(1, sizeof(*bundle));
	struct stat st;

	if (!bundle)
		return err_set(err, ERR_MEMORY, "out of memory");
	bundle->folder = -1;
	bundle->path = strdup(path);
	if (!bundle->path)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (stat(path, &st) < 0)
		return err_errno(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_FAILED,
				 "could not open \"%s\"", path);
	if (S_ISDIR(st.st_mode)) {
		bundle->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (bundle->folder < 0)
			return err_errno(err, ERR_FAILED, "could not open \"%s\"", path);
	} else if (index_tar(bundle, err) < 0) {
		return err->code;
	}
	*ret = TAKE(bundle);
	return 0;
}

/* Links of a tar file are followed by name; the result is the name of a member with bytes, or NULL. */
static const char *resolve(const struct bundle *bundle, const char *name)
{
	for (int i = 0; i <= BUNDLE_LINKS_MAX; i++) {
		const struct entry *entry = map_get(bundle->entries, name);

		if (!entry || !entry->link)
			return entry ? name : NULL;
		name = entry->link;
	}
	return NULL;
}

bool bundle_has(const struct bundle *bundle, const char *name)
{
	return bundle->folder >= 0 ? faccessat(bundle->folder, name, R_OK, 0) == 0 : resolve(bundle, name) != NULL;
}

static int missing(const struct bundle *bundle, const char *name, struct err *err)
{
	char safe[SHOWN_MAX];

	return err_set(err, ERR_SYNTAX, "\"%s\" has no entry \"%s\"", bundle->path, shown(name, safe));
}

static ssize_t read_fd(struct member *member, void *buffer, size_t size, struct err *err)
{
	ssize_t got;

	do
		got = read(*(int *)member->context, buffer, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? err_errno(err, ERR_FAILED, "could not read") : got;
}

/* No component of the name may be a link out of the folder: the image's maker may have made the folder. */
static int open_member(const struct bundle *bundle, const char *name, struct err *err)
{
	char normal[BUNDLE_NAME_MAX], safe[SHOWN_MAX];
	struct stat st;
	int fd;

	if (!tar_normalise(name, normal, sizeof(normal)))
		return missing(bundle, name, err);
	fd = open_beneath(bundle->folder, normal);
	if (fd < 0)
		return err_errno(err, ERR_SYNTAX, "could not open \"%s/%s\"", bundle->path, shown(normal, safe));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_SYNTAX, "\"%s/%s\" is not a file", bundle->path, shown(normal, safe));
	}
	return fd;
}

struct visit {
	struct bundle *bundle;
	const char *const *names;
	size_t count, next;
	int (*visit)(void *context, size_t index, struct member *member, struct err *err);
	void *context;
};

static int each_in_folder(struct visit *visit, struct err *err)
{
	for (; visit->next < visit->count; visit->next++) {
		AUTO_FD int fd = open_member(visit->bundle, visit->names[visit->next], err);
		struct member member = { .read = read_fd, .context = &fd };
		int code = fd < 0 ? fd : visit->visit(visit->context, visit->next, &member, err);

		if (code < 0)
			return code;
	}
	return 0;
}

static ssize_t read_tar(struct member *member, void *buffer, size_t size, struct err *err)
{
	return tar_read(member->context, buffer, size, err);
}

/* One pass: visits as many of the wanted members as come in the wanted order. */
static int pass(struct visit *visit, struct err *err)
{
	AUTO_TAR tar = NULL;
	struct tar_entry entry;
	int got;

	if (tar_open_file(visit->bundle->path, &tar, err) < 0)
		return err->code;
	while (visit->next < visit->count && (got = tar_next(tar, &entry, err)) != 0) {
		const char *wanted = resolve(visit->bundle, visit->names[visit->next]);
		struct member member = { .read = read_tar, .context = tar };
		char name[BUNDLE_NAME_MAX];

		if (got < 0)
			return got;
		if (entry.kind != TAR_FILE || !wanted || !tar_normalise(entry.name, name, sizeof(name)) ||
		    strcmp(name, wanted) != 0)
			continue;
		if (visit->visit(visit->context, visit->next, &member, err) < 0)
			return err->code;
		visit->next++;
	}
	return 0;
}

static int each_in_tar(struct visit *visit, struct err *err)
{
	while (visit->next < visit->count) {
		size_t before = visit->next;

		if (!resolve(visit->bundle, visit->names[before]))
			return missing(visit->bundle, visit->names[before], err);
		if (pass(visit, err) < 0)
			return err->code;
		if (visit->next == before)
			return missing(visit->bundle, visit->names[before], err);
	}
	return 0;
}

int bundle_each(struct bundle *bundle, const char *const *names, size_t count,
		int (*visit)(void *context, size_t index, struct member *member, struct err *err), void *context,
		struct err *err)
{
	struct visit each = { .bundle = bundle, .names = names, .count = count, .visit = visit, .context = context };

	return bundle->folder >= 0 ? each_in_folder(&each, err) : each_in_tar(&each, err);
}

static int take_all(void *context, size_t index UNUSED, struct member *member, struct err *err)
{
	struct strbuf *out = context;
	char chunk[16384];
	ssize_t got;

	while ((got = member->read(member, chunk, sizeof(chunk), err)) > 0) {
		strbuf_add(out, chunk, (size_t)got);
		if (out->failed)
			return err_set(err, ERR_LIMIT, "it is larger than %zu bytes", out->max);
	}
	return (int)got;
}

int bundle_read(struct bundle *bundle, const char *name, size_t max, struct strbuf *out, struct err *err)
{
	char safe[SHOWN_MAX];

	strbuf_init(out, max);
	if (!bundle_has(bundle, name))
		return missing(bundle, name, err);
	if (bundle_each(bundle, &name, 1, take_all, out, err) < 0)
		return err_wrap(err, "could not read entry \"%s\" of \"%s\"", shown(name, safe), bundle->path);
	return 0;
}
