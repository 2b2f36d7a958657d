#include "agent/fim/package_owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/turn.h"
#include "base/attr.h"

#define DPKG_LISTS "/var/lib/dpkg/info"
#define APK_LIST   "/lib/apk/db/installed"
#define LINE_MAX_  8192

struct search {
	const char *path, *merged; /* merged: the same without /usr in front, or NULL */
	size_t bytes;		   /* read so far */
	char *out;
};

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* A regular file as a stream, or NULL. */
static FILE *open_stream(int fd)
{
	struct stat status;
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
	if (!file)
		close(fd);
	return file;
}

/* The next line without its end; false at the end, or when enough has been read. Longer lines come in parts that match nothing. */
static bool next_line(struct search *search, FILE *file, char line[LINE_MAX_])
{
	if (search->bytes > PACKAGE_BYTES_MAX || !fgets(line, LINE_MAX_, file))
		return false;
	search->bytes += strlen(line);
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool is_path(const struct search *search, const char *line)
{
	return strcmp(line, search->path) == 0 || (search->merged && strcmp(line, search->merged) == 0);
}

static bool has_path(struct search *search, FILE *list)
{
	char line[LINE_MAX_];
	bool found = false;

	while (!found && next_line(search, list, line))
		found = is_path(search, line);
	return found;
}

static void search_init(struct search *search, const char *path, char *out)
{
	*search = (struct search){ .path = path, .out = out };
	if (strncmp(path, "/usr/", 5) == 0)
		search->merged = path + 4;
}

bool package_list_has(FILE *list, const char *path)
{
	struct search search;

	search_init(&search, path, NULL);
	return has_path(&search, list);
}

/* Each list of dpkg names one package ("coreutils.list", "libc6:amd64.list") and has a path per line. */
static bool search_list(struct search *search, int folder, const char *name)
{
	FILE *file = open_stream(openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
	bool found = file && has_path(search, file);

	if (file)
		fclose(file);
	if (found)
		snprintf(search->out, PACKAGE_NAME_MAX, "%.*s", (int)strcspn(name, ":."), name);
	return found;
}

static bool is_list(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && strcmp(name + length - 5, ".list") == 0;
}

static bool search_dpkg(struct search *search, int root)
{
	int fd = open_below(root, DPKG_LISTS, O_RDONLY | O_DIRECTORY);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;
	int count = 0;

	if (!folder && fd >= 0)
		close(fd);
	for (const struct dirent *entry;
	     folder && !found && (entry = readdir(folder)) && count < PACKAGE_FILES_MAX;) {
		if (!is_list(entry->d_name))
			continue;
		count++;
		found = search_list(search, dirfd(folder), entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* apk: "P:" names the package, "F:" a folder, "R:" a file in it; folders have no "/" in front. */
static bool read_apk(struct search *search, FILE *file)
{
	char line[LINE_MAX_], package[PACKAGE_NAME_MAX] = "", folder[LINE_MAX_] = "", path[2 * LINE_MAX_];
	bool found = false;

	while (!found && next_line(search, file, line)) {
		if (strncmp(line, "P:", 2) == 0)
			snprintf(package, sizeof(package), "%s", line + 2);
		else if (strncmp(line, "F:", 2) == 0)
			snprintf(folder, sizeof(folder), "%s", line + 2);
		else if (strncmp(line, "R:", 2) == 0) {
			snprintf(path, sizeof(path), "/%s%s%s", folder, *folder ? "/" : "", line + 2);
			found = is_path(search, path);
		}
	}
	if (found)
		snprintf(search->out, PACKAGE_NAME_MAX, "%s", package);
	return found;
}

static bool search_apk(struct search *search, int root)
{
	FILE *file = open_stream(open_below(root, APK_LIST, O_RDONLY));
	bool found = file && read_apk(search, file);

	if (file)
		fclose(file);
	return found;
}

bool package_apk_owner(FILE *installed, const char *path, char out[PACKAGE_NAME_MAX])
{
	struct search search;

	search_init(&search, path, out);
	return read_apk(&search, installed);
}

bool package_owner(int root, const char *path, char out[PACKAGE_NAME_MAX])
{
	struct turn *turn = turn_pause();
	struct search search;
	bool found;

	search_init(&search, path, out);
	found = search_dpkg(&search, root) || search_apk(&search, root);
	turn_resume(turn);
	return found;
}
