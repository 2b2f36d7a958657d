#include "conf/state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_length(int length, const char *path, struct err *err)
{
	if (length >= STATE_PATH_MAX)
		return err_set(err, ERR_LIMIT, "path \"%.80s...\" is longer than %d bytes", path, STATE_PATH_MAX - 1);
	return 0;
}

static int make_absolute(const char *path, char out[STATE_PATH_MAX], struct err *err)
{
	char here[PATH_MAX];
	size_t length;

	if (*path == '/') {
		if (check_length(snprintf(out, STATE_PATH_MAX, "%s", path), path, err) < 0)
			return err->code;
	} else {
		if (!getcwd(here, sizeof(here)))
			return err_errno(err, ERR_FAILED, "could not find the current folder");
		if (check_length(snprintf(out, STATE_PATH_MAX, "%s/%s", here, path), path, err) < 0)
			return err->code;
	}
	for (length = strlen(out); length > 1 && out[length - 1] == '/'; length--)
		out[length - 1] = '\0';
	return 0;
}

int state_folder(const char *wanted, char out[STATE_PATH_MAX], struct err *err)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (wanted && *wanted)
		return make_absolute(wanted, out, err);
	if (geteuid() == 0)
		return make_absolute(STATE_FOLDER_ROOT, out, err);
	/* The XDG base directory specification says to ignore a path that is not absolute. */
	if (base && *base == '/')
		return check_length(snprintf(out, STATE_PATH_MAX, "%s/clewline", base), base, err);
	if (!home || *home != '/')
		return err_set(err, ERR_USAGE, "cannot choose a state folder: HOME is not set; use --state");
	return check_length(snprintf(out, STATE_PATH_MAX, "%s/.local/state/clewline", home), home, err);
}

int state_path(const char *folder, const char *name, char out[STATE_PATH_MAX], struct err *err)
{
	return check_length(snprintf(out, STATE_PATH_MAX, "%s/%s", folder, name), folder, err);
}
