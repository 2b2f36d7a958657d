#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "rules/ruleset.h"

#define FOLDER_FILES_MAX 10000

static int file_add(struct ruleset *set, const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int done = file_read(path, RULE_FILE_MAX, &text, err);

	if (done < 0)
		return err_wrap(err, "could not load rules");
	return ruleset_add_text(set, path, text.data, text.length, err);
}

static int is_rule_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && ((length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0) ||
					   (length > 4 && strcmp(entry->d_name + length - 4, ".yml") == 0));
}

int ruleset_add_path(struct ruleset *set, const char *path, struct err *err)
{
	struct dirent **entries;
	struct stat st;
	int count, done = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return file_add(set, path, err);
	count = scandir(path, &entries, is_rule_file, alphasort);
	if (count < 0)
		return err_errno(err, ERR_FAILED, "could not read folder \"%s\"", path);
	if (count > FOLDER_FILES_MAX)
		done = err_set(err, ERR_LIMIT, "folder \"%s\" has more than %d rule files", path, FOLDER_FILES_MAX);
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (done >= 0)
			done = file_add(set, file, err);
		free(entries[i]);
	}
	free(entries);
	return done < 0 ? done : 0;
}
