#include "scanner/image/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "scanner/image/shown.h"

#define WHITEOUT	".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_OWN	".wh..wh." /* aufs keeps things of its own under such names */

static const char *const wanted[] = {
#define WANTED(path) path,
#include "scanner/image/wanted.def"
#undef WANTED
};

static void free_file(struct tree_file *file)
{
	if (!file)
		return;
	free(file->path);
	free(file->content);
	free(file);
}

int tree_init(struct tree *tree, struct err *err)
{
	memset(tree, 0, sizeof(*tree));
	tree->by_path = map_new();
	tree->parents = map_new();
	return tree->by_path && tree->parents ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

void tree_fini(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free_file(tree->files[i]);
	free(tree->files);
	free(tree->unsafe_name);
	map_free(tree->by_path);
	map_free(tree->parents);
	memset(tree, 0, sizeof(*tree));
}

const struct tree_file *tree_find(const struct tree *tree, const char *path)
{
	return map_get(tree->by_path, path);
}

static void remove_at(struct tree *tree, size_t index)
{
	struct tree_file *file = tree->files[index];

	tree->bytes -= file->length;
	map_remove(tree->by_path, file->path);
	free_file(file);
	tree->files[index] = NULL;
}

/* Removes path itself (unless only what is below is meant) and what lies below it, as far as it came before layer. */
static void remove_path(struct tree *tree, const char *path, size_t layer, bool self)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_file *file = tree->files[i];

		if (!file || file->layer >= layer || strncmp(file->path, path, length) != 0)
			continue;
		if (file->path[length] == '/' || (self && file->path[length] == '\0') || !length)
			remove_at(tree, i);
	}
}

/* True if the entry was a whiteout, and is done with. */
static bool take_whiteout(struct tree *tree, size_t layer, char *path)
{
	char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) != 0)
		return false;
	tree->whiteouts++;
	if (strcmp(name, WHITEOUT_OPAQUE) == 0) {
		if (slash)
			*slash = '\0';
		else
			*path = '\0';
		remove_path(tree, path, layer, false);
	} else if (strncmp(name, WHITEOUT_OWN, strlen(WHITEOUT_OWN)) != 0) {
		memmove(name, name + strlen(WHITEOUT), strlen(name + strlen(WHITEOUT)) + 1);
		remove_path(tree, path, layer, true);
	}
	return true;
}

static bool is_wanted(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		size_t length = strlen(wanted[i]);

		if (wanted[i][length - 1] == '/') {
			if (strncmp(path, wanted[i], length) == 0 && path[length] && !strchr(path + length, '/'))
				return true;
		} else if (strcmp(path, wanted[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int read_content(struct tree *tree, struct tree_file *file, struct tar *tar, struct err *err)
{
	AUTO_STRBUF content = { 0 };
	char chunk[16384], safe[SHOWN_MAX];
	ssize_t got;

	strbuf_init(&content, TREE_CONTENT_MAX);
	while ((got = tar_read(tar, chunk, sizeof(chunk), err)) > 0) {
		strbuf_add(&content, chunk, (size_t)got);
		if (content.failed || tree->bytes + content.length > TREE_BYTES_MAX)
			return err_set(err, ERR_LIMIT, "file \"%s\" is larger than %u bytes", shown(file->path, safe),
				       TREE_CONTENT_MAX);
	}
	if (got < 0)
		return (int)got;
	file->length = content.length;
	file->content = strbuf_take(&content);
	tree->bytes += file->length;
	return file->content ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

/* Remembers the folders above path, so that what replaces one of them is noticed without looking at every file. */
static bool add_parents(struct tree *tree, const char *path)
{
	char folder[TREE_NAME_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(folder, path, (size_t)(slash - path));
		folder[slash - path] = '\0';
		if (!map_get(tree->parents, folder) && !map_put(tree->parents, folder, tree))
			return false;
	}
	return true;
}

static int add_file(struct tree *tree, struct tree_file *file, struct err *err)
{
	if (tree->count == tree->size) {
		size_t size = tree->size ? 2 * tree->size : 64;
		struct tree_file **files = realloc(tree->files, size * sizeof(*files));

		if (!files)
			return err_set(err, ERR_MEMORY, "out of memory");
		tree->files = files;
		tree->size = size;
	}
	if (!add_parents(tree, file->path) || !map_put(tree->by_path, file->path, file))
		return err_set(err, ERR_MEMORY, "out of memory");
	tree->files[tree->count++] = file;
	return 0;
}

static int keep(struct tree *tree, size_t layer, const struct tar_entry *entry, const char *path, struct tar *tar,
		struct err *err)
{
	bool with_content = is_wanted(path) && entry->kind == TAR_FILE;
	struct tree_file *file = calloc(1, sizeof(*file));
	int code = 0;

	if (file)
		file->path = strdup(path);
	if (!file || !file->path) {
		free_file(file);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	file->kind = entry->kind;
	file->mode = entry->mode;
	file->uid = entry->uid;
	file->gid = entry->gid;
	file->layer = layer;
	if (with_content)
		code = read_content(tree, file, tar, err);
	if (code == 0)
		code = add_file(tree, file, err);
	if (code < 0)
		free_file(file);
	return code;
}

static int note_unsafe(struct tree *tree, const char *name)
{
	if (!tree->unsafe++)
		tree->unsafe_name = strdup(name);
	return 0;
}

/* An entry replaces whatever was at its path; only a folder leaves what lower layers have below it. */
static void replace(struct tree *tree, size_t layer, const struct tar_entry *entry, const char *path)
{
	struct tree_file *old = map_get(tree->by_path, path);

	for (size_t i = 0; old && i < tree->count; i++) {
		if (tree->files[i] == old) {
			remove_at(tree, i);
			break;
		}
	}
	if (entry->kind != TAR_FOLDER && map_get(tree->parents, path))
		remove_path(tree, path, layer, false);
}

int tree_apply(struct tree *tree, size_t layer, const struct tar_entry *entry, struct tar *tar, struct err *err)
{
	char path[TREE_NAME_MAX];
	bool set_id = (entry->mode & (S_ISUID | S_ISGID)) && (entry->kind == TAR_FILE || entry->kind == TAR_HARDLINK);

	if (!tar_normalise(entry->name, path, sizeof(path)))
		return entry->kind == TAR_FOLDER ? 0 : note_unsafe(tree, entry->name);
	if (take_whiteout(tree, layer, path)) {
		if (tree->whiteouts > TREE_WHITEOUTS_MAX)
			return err_set(err, ERR_LIMIT, "the image has more than %d whiteouts", TREE_WHITEOUTS_MAX);
		return 0;
	}
	replace(tree, layer, entry, path);
	if (!set_id && !is_wanted(path))
		return 0;
	if (tree->count >= TREE_FILES_MAX) {
		tree->uncounted++;
		return 0;
	}
	return keep(tree, layer, entry, path, tar, err);
}
