/*
 * tree.h: the files of an image that somebody asks about, as they are after all layers: the rest is only walked past.
 *
 * Kept are the files of wanted.def with their content, and every setuid or setgid file without. Layers are applied bottom up, with
 * whiteouts; memory grows with what is kept, not with the image.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "scanner/image/tar.h"

#define TREE_FILES_MAX	   10000	/* kept; further setuid files are counted */
#define TREE_CONTENT_MAX   (64u << 20)	/* of one kept file */
#define TREE_BYTES_MAX	   (256u << 20) /* of all kept content */
#define TREE_WHITEOUTS_MAX 100000	/* of the image */
#define TREE_NAME_MAX	   4096

struct tree_file {
	char *path; /* without a leading slash */
	enum tar_kind kind;
	mode_t mode;
	int64_t uid, gid;
	size_t layer;  /* that brought this form of it */
	char *content; /* NUL-terminated; NULL for files kept without */
	size_t length;
};

struct tree {
	struct map *by_path;
	struct map *parents;	  /* folders above kept files */
	struct tree_file **files; /* in order of arrival; NULL where one was removed */
	size_t count, size;
	size_t bytes;	    /* of content */
	uint64_t whiteouts; /* met so far */
	uint64_t unsafe;    /* entries whose names lead out of the image */
	uint64_t uncounted; /* setuid files past TREE_FILES_MAX */
	char *unsafe_name;  /* the first of them, or NULL */
};

int tree_init(struct tree *tree, struct err *err);
void tree_fini(struct tree *tree); /* accepts a zeroed tree */

/* Applies one entry of layer number layer, whose content can be read from tar. Errors: ERR_LIMIT, ERR_MEMORY, those of reading. */
int tree_apply(struct tree *tree, size_t layer, const struct tar_entry *entry, struct tar *tar, struct err *err);

/* The kept file at path, or NULL. Symbolic links are not followed. */
const struct tree_file *tree_find(const struct tree *tree, const char *path);
