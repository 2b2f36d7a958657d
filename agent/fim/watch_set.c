#include "agent/fim/watch_set.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/embedded.h"
#include "base/file.h"
#include "yaml/yaml.h"

#define ARENA_MAX (8u << 20)

extern const struct embedded_file watch_sets_built_in[];

struct watch_sets {
	struct arena arena;
	struct watch_set sets[WATCH_SETS_MAX];
	size_t count;
};

/* One file while it is read. */
struct reading {
	struct watch_sets *sets;
	const char *file;
	struct err *err;
};

static int complain(const struct reading *reading, const struct yaml_node *node, const char *sentence)
{
	return err_set(reading->err, ERR_SYNTAX, "%s:%d:%d: %s", reading->file, node->line, node->column, sentence);
}

static int read_list(const struct reading *reading, const struct yaml_node *node, const char ***ret,
		     size_t *ret_count)
{
	if (node->kind != YAML_SEQUENCE || node->count > WATCH_PATTERNS_MAX)
		return complain(reading, node, "must be a list of at most 256 paths");
	*ret = arena_array(&reading->sets->arena, const char *, node->count);
	if (!*ret)
		return err_set(reading->err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < node->count; i++) {
		const char *text = yaml_text(node->items[i]);

		if (!text || (*text != '/' && *text != '*'))
			return complain(reading, node->items[i], "a path must be absolute");
		(*ret)[(*ret_count)++] = arena_dup(&reading->sets->arena, text);
	}
	return 0;
}

static int read_key(const struct reading *reading, const struct yaml_pair *pair, struct watch_set *set)
{
	const char *key = yaml_text(pair->key);

	if (!key)
		return complain(reading, pair->key, "a key must be a text");
	if (strcmp(key, "watch") == 0) {
		const char *name = yaml_text(pair->value);

		set->name = name && *name ? arena_dup(&reading->sets->arena, name) : NULL;
		return set->name ? 0 : complain(reading, pair->value, "watch must be a name");
	}
	if (strcmp(key, "description") == 0)
		return 0;
	if (strcmp(key, "paths") == 0)
		return read_list(reading, pair->value, &set->paths, &set->path_count);
	if (strcmp(key, "except") == 0)
		return read_list(reading, pair->value, &set->except, &set->except_count);
	if (strcmp(key, "diff") == 0)
		return yaml_bool(pair->value, &set->has_diff)
			       ? 0
			       : complain(reading, pair->value, "must be true or false");
	return complain(reading, pair->key, "must be watch, description, paths, except or diff");
}

static int read_set(const struct reading *reading, const struct yaml_node *node)
{
	struct watch_set *set = &reading->sets->sets[reading->sets->count];
	int code = 0;

	if (node->kind != YAML_MAPPING)
		return complain(reading, node, "must be a set with watch and paths");
	if (reading->sets->count == WATCH_SETS_MAX)
		return complain(reading, node, "there are more than 64 sets");
	*set = (struct watch_set){ 0 };
	for (size_t i = 0; code == 0 && i < node->count; i++)
		code = read_key(reading, &node->pairs[i], set);
	if (code < 0)
		return code;
	if (!set->name || !set->path_count)
		return complain(reading, node, "a set needs watch and paths");
	reading->sets->count++;
	return 0;
}

static int read_text(struct watch_sets *sets, const char *file, const char *text, size_t length, struct err *err)
{
	struct reading reading = { sets, file, err };
	struct yaml_place place = { 0 };
	struct yaml_file parsed;
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, ARENA_MAX);
	code = yaml_parse(text, length, &arena, &parsed, &place, err);
	if (code < 0)
		return err_wrap(err, "%s:%d:%d", file, place.line, place.column);
	for (size_t i = 0; i < parsed.count; i++) {
		const struct yaml_node *document = parsed.documents[i];

		if (!document)
			continue;
		if (document->kind != YAML_SEQUENCE)
			return complain(&reading, document, "must be a list of sets");
		for (size_t j = 0; j < document->count; j++) {
			code = read_set(&reading, document->items[j]);
			if (code < 0)
				return code;
		}
	}
	return 0;
}

static int read_file(struct watch_sets *sets, const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int code = file_read(path, WATCH_FILE_MAX, &text, err);

	return code < 0 ? code : read_text(sets, path, text.data, text.length, err);
}

static int is_yaml(const struct dirent *entry)
{
	return fnmatch("*.yaml", entry->d_name, FNM_PERIOD) == 0;
}

static int read_path(struct watch_sets *sets, const char *path, struct err *err)
{
	struct dirent **entries = NULL;
	struct stat status;
	int count, code = 0;

	if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
		return read_file(sets, path, err);
	count = scandir(path, &entries, is_yaml, alphasort);
	if (count < 0)
		return err_errno(err, ERR_FAILED, "could not read \"%s\"", path);
	for (int i = 0; i < count; i++) {
		AUTO_STRBUF name = STRBUF_INIT;

		strbuf_addf(&name, "%s/%s", path, entries[i]->d_name);
		if (code == 0)
			code = read_file(sets, name.data, err);
		free(entries[i]);
	}
	free(entries);
	return code;
}

int watch_sets_load(const char *const *files, size_t count, struct watch_sets **ret, struct err *err)
{
	struct watch_sets *sets = calloc(1, sizeof(*sets));
	int code = 0;

	if (!sets)
		return err_set(err, ERR_MEMORY, "out of memory");
	arena_init(&sets->arena, ARENA_MAX);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = read_path(sets, files[i], err);
	for (const struct embedded_file *file = watch_sets_built_in; count == 0 && code == 0 && file->name; file++)
		code = read_text(sets, file->name, file->data, file->length, err);
	if (code == 0 && !sets->count)
		code = err_set(err, ERR_SYNTAX, "there are no sets of files to watch");
	if (code < 0)
		watch_sets_free(TAKE(sets));
	else
		*ret = sets;
	return code;
}

void watch_sets_free(struct watch_sets *sets)
{
	if (!sets)
		return;
	arena_fini(&sets->arena);
	free(sets);
}

static bool matches(const char *pattern, const char *path)
{
	size_t length = strlen(pattern);

	if (length > 0 && pattern[length - 1] == '/')
		return strncmp(path, pattern, length) == 0 && path[length];
	if (!strpbrk(pattern, "*?["))
		return strcmp(path, pattern) == 0;
	return fnmatch(pattern, path, *pattern == '*' ? 0 : FNM_PATHNAME) == 0;
}

static bool matches_any(const char *const *patterns, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		if (matches(patterns[i], path))
			return true;
	}
	return false;
}

const struct watch_set *watch_sets_find(const struct watch_sets *sets, const char *path)
{
	for (size_t i = 0; sets && i < sets->count; i++) {
		const struct watch_set *set = &sets->sets[i];

		if (matches_any(set->paths, set->path_count, path) &&
		    !matches_any(set->except, set->except_count, path))
			return set;
	}
	return NULL;
}

size_t watch_sets_count(const struct watch_sets *sets)
{
	return sets->count;
}

const struct watch_set *watch_sets_at(const struct watch_sets *sets, size_t index)
{
	return &sets->sets[index];
}
