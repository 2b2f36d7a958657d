#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "rules/policy.h"
#include "rules/ruleset.h"

#define FOLDER_FILES_MAX 10000

/* What takes the text of a file: a set of rules or of policies. */
struct taker {
	const char *what; /* they are, for errors */
	size_t max;
	int (*take)(void *context, const char *name, const char *text, size_t length, struct err *err);
	void *context;
};

static int file_take(const struct taker *taker, const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int done = file_read(path, taker->max, &text, err);

	if (done < 0)
		return err_wrap(err, "could not load %s", taker->what);
	return taker->take(taker->context, path, text.data, text.length, err);
}

static int is_yaml_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && ((length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0) ||
					   (length > 4 && strcmp(entry->d_name + length - 4, ".yml") == 0));
}

static int path_take(const struct taker *taker, const char *path, struct err *err)
{
	struct dirent **entries;
	struct stat st;
	int count, done = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return file_take(taker, path, err);
	count = scandir(path, &entries, is_yaml_file, alphasort);
	if (count < 0)
		return err_errno(err, ERR_FAILED, "could not read folder \"%s\"", path);
	if (count > FOLDER_FILES_MAX)
		done = err_set(err, ERR_LIMIT, "folder \"%s\" has more than %d files of %s", path, FOLDER_FILES_MAX,
			       taker->what);
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		/* as Falco, what lies deeper is not read: a folder may hold the tests of rules, or files switched off */
		if (done >= 0 && (stat(file, &st) < 0 || !S_ISDIR(st.st_mode)))
			done = file_take(taker, file, err);
		free(entries[i]);
	}
	free(entries);
	return done < 0 ? done : 0;
}

static int rules_take(void *context, const char *name, const char *text, size_t length, struct err *err)
{
	return ruleset_add_text(context, name, text, length, err);
}

int ruleset_add_path(struct ruleset *set, const char *path, struct err *err)
{
	return path_take(&(struct taker){ "rules", RULE_FILE_MAX, rules_take, set }, path, err);
}

static int extras_take(void *context, const char *name, const char *text, size_t length, struct err *err)
{
	return ruleset_append_output(context, name, text, length, err);
}

int ruleset_append_output_path(struct ruleset *set, const char *path, struct err *err)
{
	return file_take(&(struct taker){ "what outputs get besides", RULE_FILE_MAX, extras_take, set }, path, err);
}

static int policies_take(void *context, const char *name, const char *text, size_t length, struct err *err)
{
	return policies_add_text(context, name, text, length, err);
}

int policies_add_path(struct policies *policies, const char *path, struct err *err)
{
	return path_take(&(struct taker){ "policies", POLICY_FILE_MAX, policies_take, policies }, path, err);
}
