#include "agent/fim/baseline.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "json/json.h"

#define FIRST_LINE "{\"clewline_baseline\":1}"

struct baseline {
	struct map *entries; /* path to struct baseline_entry */
};

struct baseline *baseline_new(void)
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));

	if (baseline)
		baseline->entries = map_new();
	if (baseline && baseline->entries)
		return baseline;
	free(baseline);
	return NULL;
}

static void entry_free(struct baseline_entry *entry)
{
	if (entry)
		free(entry->path);
	free(entry);
}

static void free_value(const char *key UNUSED, void *value, void *context UNUSED)
{
	entry_free(value);
}

void baseline_free(struct baseline *baseline)
{
	if (!baseline)
		return;
	map_each(baseline->entries, free_value, NULL);
	map_free(baseline->entries);
	free(baseline);
}

const struct baseline_entry *baseline_find(const struct baseline *baseline, const char *path)
{
	return baseline ? map_get(baseline->entries, path) : NULL;
}

size_t baseline_count(const struct baseline *baseline)
{
	return map_count(baseline->entries);
}

static bool put(struct baseline *baseline, const struct baseline_entry *from)
{
	struct baseline_entry *entry = malloc(sizeof(*entry));

	if (entry) {
		*entry = *from;
		entry->path = strdup(from->path);
	}
	entry_free(map_remove(baseline->entries, from->path));
	if (entry && entry->path && map_put(baseline->entries, entry->path, entry))
		return true;
	entry_free(entry);
	return false;
}

bool baseline_set(struct baseline *baseline, const char *path, const struct content *content)
{
	struct baseline_entry entry = { .path = (char *)path,
					.size = content->size,
					.mode = content->mode,
					.uid = content->uid,
					.gid = content->gid };

	if (!content->exists) {
		entry_free(map_remove(baseline->entries, path));
		return true;
	}
	if (content->has_hash)
		memcpy(entry.sha256, content->sha256, sizeof(entry.sha256));
	return put(baseline, &entry);
}

/* A walk over folders. */
struct walk {
	struct baseline *baseline;
	int root;
	const struct watch_sets *sets;
	struct err *err;
	char path[PATH_MAX];
};

static int take_file(struct walk *walk)
{
	struct content content;

	if (!watch_sets_find(walk->sets, walk->path))
		return 0;
	if (baseline_count(walk->baseline) >= BASELINE_ENTRIES_MAX)
		return err_set(walk->err, ERR_LIMIT, "there are more than %d files to watch", BASELINE_ENTRIES_MAX);
	content_read(walk->root, walk->path, false, &content);
	if (content.exists && !baseline_set(walk->baseline, walk->path, &content))
		return err_set(walk->err, ERR_MEMORY, "out of memory");
	return 0;
}

static int open_folder(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int walk_folder(struct walk *walk, int depth)
{
	size_t length = strlen(walk->path);
	int fd = open_folder(walk->root, length ? walk->path : "/"), code = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	for (const struct dirent *entry; code == 0 && (entry = readdir(folder));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    length + strlen(entry->d_name) + 2 > sizeof(walk->path))
			continue;
		snprintf(walk->path + length, sizeof(walk->path) - length, "/%s", entry->d_name);
		if (entry->d_type == DT_DIR && depth < BASELINE_DEPTH_MAX)
			code = walk_folder(walk, depth + 1);
		else if (entry->d_type == DT_REG)
			code = take_file(walk);
		walk->path[length] = '\0';
	}
	closedir(folder);
	return code;
}

/* The folder that a pattern's matches lie below. */
static void fixed_part(const char *pattern, char out[PATH_MAX])
{
	size_t length = strcspn(pattern, "*?[");

	snprintf(out, PATH_MAX, "%.*s", (int)length, pattern);
	*strrchr(out, '/') = '\0';
}

static int walk_pattern(struct walk *walk, const char *pattern)
{
	struct stat status;

	if (*pattern != '/') {
		/* such patterns hold anywhere: only what other patterns lead to is looked at */
		return 0;
	}
	if (pattern[strcspn(pattern, "*?[")] || pattern[strlen(pattern) - 1] == '/') {
		fixed_part(pattern, walk->path);
		return walk_folder(walk, 0);
	}
	snprintf(walk->path, sizeof(walk->path), "%s", pattern);
	return fstatat(walk->root, pattern + 1, &status, AT_SYMLINK_NOFOLLOW) == 0 ? take_file(walk) : 0;
}

int baseline_scan(struct baseline *baseline, int root, const struct watch_sets *sets, struct err *err)
{
	struct walk walk = { .baseline = baseline, .root = root, .sets = sets, .err = err };
	int code = 0;

	for (size_t i = 0; code == 0 && i < watch_sets_count(sets); i++) {
		const struct watch_set *set = watch_sets_at(sets, i);

		for (size_t j = 0; code == 0 && j < set->path_count; j++)
			code = walk_pattern(&walk, set->paths[j]);
	}
	return code;
}

static int load_line(struct baseline *baseline, const char *name, size_t number, const char *line, size_t length,
		     struct err *err)
{
	AUTO_JSON json = NULL;
	struct baseline_entry entry = { 0 };
	const char *path, *sha256;
	int code = json_parse(name, line, length, &json, err);

	if (code < 0)
		return err_wrap(err, "line %zu", number);
	path = json_text(json, "path");
	sha256 = json_text(json, "sha256");
	if (!path || *path != '/')
		return err_set(err, ERR_SYNTAX, "\"%s\": line %zu has no absolute path", name, number);
	if (sha256 && strlen(sha256) != SHA256_TEXT_SIZE - 1)
		return err_set(err, ERR_SYNTAX, "\"%s\": line %zu: sha256 does not have 64 digits", name, number);
	if (sha256)
		memcpy(entry.sha256, sha256, SHA256_TEXT_SIZE);
	entry.path = (char *)path;
	entry.size = json_integer_value(json_object_get(json, "size"));
	entry.mode = (uint32_t)json_integer_value(json_object_get(json, "mode"));
	entry.uid = (uint32_t)json_integer_value(json_object_get(json, "uid"));
	entry.gid = (uint32_t)json_integer_value(json_object_get(json, "gid"));
	return put(baseline, &entry) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int load_lines(struct baseline *baseline, const char *name, const char *text, struct err *err)
{
	size_t number = 0;
	int code = 0;

	while (code == 0 && *text) {
		size_t length = strcspn(text, "\n");

		number++;
		if (number == 1 && (length != strlen(FIRST_LINE) || memcmp(text, FIRST_LINE, length) != 0))
			return err_set(err, ERR_SYNTAX, "\"%s\" is no baseline", name);
		if (number > 1)
			code = load_line(baseline, name, number, text, length, err);
		text += length + (text[length] == '\n');
	}
	return number == 0 ? err_set(err, ERR_SYNTAX, "\"%s\" is empty", name) : code;
}

int baseline_load(const char *path, struct baseline **ret, struct err *err)
{
	AUTO_STRBUF text;
	struct baseline *baseline;
	int code;

	strbuf_init(&text, BASELINE_FILE_MAX);
	code = file_read(path, BASELINE_FILE_MAX, &text, err);
	if (code < 0)
		return code;
	baseline = baseline_new();
	if (!baseline)
		return err_set(err, ERR_MEMORY, "out of memory");
	code = load_lines(baseline, path, text.data, err);
	if (code < 0)
		baseline_free(baseline);
	else
		*ret = baseline;
	return code;
}

struct entries {
	const struct baseline_entry **list;
	size_t count;
};

static void collect(const char *key UNUSED, void *value, void *context)
{
	struct entries *entries = context;

	entries->list[entries->count++] = value;
}

static int by_path(const void *left, const void *right)
{
	const struct baseline_entry *const *a = left, *const *b = right;

	return strcmp((*a)->path, (*b)->path);
}

static bool sort(const struct baseline *baseline, struct entries *ret)
{
	ret->count = 0;
	ret->list = calloc(baseline_count(baseline) + 1, sizeof(struct baseline_entry *));
	if (!ret->list)
		return false;
	map_each(baseline->entries, collect, ret);
	qsort(ret->list, ret->count, sizeof(struct baseline_entry *), by_path);
	return true;
}

static bool add_line(const struct baseline_entry *entry, struct strbuf *out)
{
	AUTO_JSON json = json_object();
	char *line;

	json_set_text(json, "path", entry->path);
	json_set_text(json, "sha256", entry->sha256[0] ? entry->sha256 : NULL);
	json_object_set_new(json, "size", json_integer(entry->size));
	json_object_set_new(json, "mode", json_integer(entry->mode));
	json_object_set_new(json, "uid", json_integer(entry->uid));
	json_object_set_new(json, "gid", json_integer(entry->gid));
	line = json_dumps(json, JSON_COMPACT);
	if (!line)
		return false;
	strbuf_addf(out, "%s\n", line);
	free(line);
	return true;
}

int baseline_save(const struct baseline *baseline, const char *path, struct err *err)
{
	AUTO_STRBUF text;
	struct entries entries;
	bool is_whole = true;

	strbuf_init(&text, BASELINE_FILE_MAX);
	if (!sort(baseline, &entries))
		return err_set(err, ERR_MEMORY, "out of memory");
	strbuf_adds(&text, FIRST_LINE "\n");
	for (size_t i = 0; i < entries.count && is_whole; i++)
		is_whole = add_line(entries.list[i], &text);
	free(entries.list);
	if (!is_whole || text.failed)
		return err_set(err, ERR_LIMIT, "the baseline is larger than %u bytes", BASELINE_FILE_MAX);
	return file_write_atomic(path, text.data, text.length, 0600, err);
}

static bool same_content(const struct baseline_entry *a, const char *sha256, int64_t size)
{
	return a->size == size && strcmp(a->sha256, sha256) == 0;
}

enum baseline_change baseline_compare(const struct baseline_entry *entry, const struct content *content)
{
	if (!entry)
		return content->exists ? BASELINE_ADDED : BASELINE_SAME;
	if (!content->exists)
		return BASELINE_REMOVED;
	if (!same_content(entry, content->has_hash ? content->sha256 : "", content->size))
		return BASELINE_CONTENT;
	return entry->mode != content->mode || entry->uid != content->uid || entry->gid != content->gid
		       ? BASELINE_RIGHTS
		       : BASELINE_SAME;
}

const char *baseline_change_name(enum baseline_change change)
{
	static const char *const names[] = { "same", "added", "removed", "content", "rights" };

	return names[change];
}

static enum baseline_change compare_entries(const struct baseline_entry *was, const struct baseline_entry *now)
{
	if (!same_content(was, now->sha256, now->size))
		return BASELINE_CONTENT;
	return was->mode != now->mode || was->uid != now->uid || was->gid != now->gid ? BASELINE_RIGHTS
										      : BASELINE_SAME;
}

void baseline_diff(const struct baseline *was, const struct baseline *now,
		   void (*tell)(void *context, enum baseline_change change, const struct baseline_entry *was,
				const struct baseline_entry *now),
		   void *context)
{
	struct entries a = { 0 }, b = { 0 };

	if (!sort(was, &a) || !sort(now, &b)) {
		free(a.list);
		return;
	}
	for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
		int order = i == a.count ? 1 : j == b.count ? -1 : strcmp(a.list[i]->path, b.list[j]->path);
		enum baseline_change change;

		if (order < 0) {
			tell(context, BASELINE_REMOVED, a.list[i++], NULL);
		} else if (order > 0) {
			tell(context, BASELINE_ADDED, NULL, b.list[j++]);
		} else {
			change = compare_entries(a.list[i], b.list[j]);
			if (change != BASELINE_SAME)
				tell(context, change, a.list[i], b.list[j]);
			i++;
			j++;
		}
	}
	free(a.list);
	free(b.list);
}
