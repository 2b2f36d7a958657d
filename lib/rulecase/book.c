#include "rulecase/book.h"

#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define CASE_FOLDER "tests"

void casebook_init(struct casebook *book)
{
	*book = (struct casebook){ 0 };
	arena_init(&book->arena, CASE_ARENA_MAX);
}

void casebook_fini(struct casebook *book)
{
	arena_fini(&book->arena);
}

static const char *line_text(struct casebook *book, const struct case_file *file, int line)
{
	size_t length;
	const char *at = diagnostic_line(file->text, file->length, line, &length);

	return at ? arena_copy(&book->arena, at, length) : NULL;
}

static void diagnostic_add(struct casebook *book, struct rule_case *item, const struct diagnostic *values)
{
	struct diagnostic *diagnostic = arena_new(&book->arena, struct diagnostic);

	if (item)
		item->is_bad = true;
	if (!diagnostic)
		return;
	*diagnostic = *values;
	diagnostic->item = item && item->name ? arena_printf(&book->arena, "test \"%s\"", item->name) : NULL;
	vector_push(&book->diagnostics, &book->arena, diagnostic);
}

void case_report(struct casebook *book, struct rule_case *item, const struct case_file *file,
		 const struct yaml_place *place, const char *code, const char *format, ...)
{
	struct diagnostic diagnostic = { .is_error = true,
					 .code = code,
					 .file = file->name,
					 .line = place->line,
					 .column = place->column,
					 .snippet = line_text(book, file, place->line) };
	char message[ERR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	diagnostic.message = arena_dup(&book->arena, message);
	if (diagnostic.message)
		diagnostic_add(book, item, &diagnostic);
}

void case_error(struct casebook *book, struct rule_case *item, const struct yaml_node *node, const char *code,
		const char *format, ...)
{
	struct yaml_place place = { node->line, node->column };
	char message[ERR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	case_report(book, item, item->file, &place, code, "%s", message);
}

int casebook_add_text(struct casebook *book, const char *name, const char *text, size_t length, struct err *err)
{
	struct case_file *file = arena_new(&book->arena, struct case_file);
	struct yaml_place place;
	struct yaml_file yaml;
	struct err problem;
	int done;

	if (!file || !vector_push(&book->files, &book->arena, file))
		return err_set(err, ERR_MEMORY, "out of memory");
	*file = (struct case_file){ arena_dup(&book->arena, name), arena_copy(&book->arena, text, length), length };
	if (!file->name || !file->text)
		return err_set(err, ERR_MEMORY, "out of memory");
	done = yaml_parse(file->text, length, &book->arena, &yaml, &place, &problem);
	if (done == ERR_MEMORY)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < yaml.count; i++)
		cases_read(book, file, yaml.documents[i]);
	if (done < 0) {
		case_report(book, NULL, file, &place, "TEST_YAML", "%s", problem.message);
		book->bad_files++;
	}
	return 0;
}

const char *case_file_name(const struct rule_case *item)
{
	return item->file->name;
}

static int file_add(struct casebook *book, const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (file_read(path, CASE_FILE_MAX, &text, err) < 0)
		return err_wrap(err, "could not read tests of rules");
	return casebook_add_text(book, path, text.data, text.length, err);
}

static bool has_suffix(const char *name, size_t length, const char *suffix)
{
	size_t wanted = strlen(suffix);

	return length > wanted && strcmp(name + length - wanted, suffix) == 0;
}

/* True if the last folder of a path is the one for tests. */
static bool is_case_folder(const char *path, size_t length)
{
	size_t wanted = strlen(CASE_FOLDER);

	return length >= wanted && strncmp(path + length - wanted, CASE_FOLDER, wanted) == 0 &&
	       (length == wanted || path[length - wanted - 1] == '/');
}

static bool is_case_file(const FTSENT *entry, bool is_root_case_folder)
{
	bool is_in = is_case_folder(entry->fts_path, entry->fts_pathlen - entry->fts_namelen - 1);

	if (entry->fts_info != FTS_F || entry->fts_name[0] == '.')
		return false;
	return (is_in || (is_root_case_folder && entry->fts_level == 1)) &&
	       (has_suffix(entry->fts_name, entry->fts_namelen, ".yaml") ||
		has_suffix(entry->fts_name, entry->fts_namelen, ".yml"));
}

static int entry_compare(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static void fts_close_pointer(FTS **tree)
{
	if (*tree)
		fts_close(*tree);
}

static int folder_add(struct casebook *book, const char *path, struct err *err)
{
	char *paths[] = { (char *)path, NULL };
	CLEANUP(fts_close_pointer) FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, entry_compare);
	AUTO_FREE char *whole = realpath(path, NULL);
	bool is_root = whole && is_case_folder(whole, strlen(whole));
	size_t count = 0;
	FTSENT *entry;

	if (!tree)
		return err_errno(err, ERR_FAILED, "could not read folder \"%s\"", path);
	while ((entry = fts_read(tree))) {
		if (entry->fts_level < 1 || !is_case_file(entry, is_root))
			continue;
		if (++count > CASE_FILES_MAX)
			return err_set(err, ERR_LIMIT, "folder \"%s\" has more than %d files of tests", path,
				       CASE_FILES_MAX);
		if (file_add(book, entry->fts_path, err) < 0)
			return err->code;
	}
	return count ? 0
		     : err_set(err, ERR_NOT_FOUND, "folder \"%s\" has no *.yaml in a folder called " CASE_FOLDER,
			       path);
}

int casebook_add_path(struct casebook *book, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return folder_add(book, path, err);
	return file_add(book, path, err);
}
