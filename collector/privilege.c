#include "collector/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/state.h"

#define STATE_MODE 0750

static const char *const state_members[] = { STATE_API_SOCKET, STATE_INTAKE_SOCKET, STATE_PG,  STATE_PG_SOCKET,
					     STATE_PG_LOG,     STATE_PID,	    STATE_LOG, STATE_SPOOL };

static bool is_state_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_members); i++) {
		if (strncmp(name, state_members[i], strlen(state_members[i])) == 0)
			return true;
	}
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Root must not hand somebody's folder (/etc, a home) to a service because of a typing error. */
static int check_content(const char *path, struct err *err)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int code = 0;

	if (!folder)
		return err_errno(err, ERR_FAILED, "could not read folder \"%s\"", path);
	while (code == 0 && (entry = readdir(folder))) {
		if (!is_state_member(entry->d_name))
			code = err_set(
				err, ERR_USAGE,
				"cannot use \"%s\" as state folder: it is not the collector's, and holds \"%s\"",
				path, entry->d_name);
	}
	closedir(folder);
	return code;
}

static int hand_over(const char *path, const struct passwd *user, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, ERR_FAILED, "could not open folder \"%s\"", path);
	if (st.st_uid == user->pw_uid)
		return 0;
	if (check_content(path, err) < 0)
		return err->code;
	if (fchown(fd, user->pw_uid, user->pw_gid) < 0 || fchmod(fd, STATE_MODE) < 0)
		return err_errno(err, ERR_FAILED, "could not give folder \"%s\" to user \"%s\"", path, user->pw_name);
	return 0;
}

static int become(const struct passwd *user, struct err *err)
{
	if (initgroups(user->pw_name, user->pw_gid) < 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return err_errno(err, ERR_FAILED, "could not become user \"%s\"", user->pw_name);
	if (setuid(0) == 0)
		return err_set(err, ERR_FAILED, "could not give up the rights of root");
	return 0;
}

static int settle_root(const char *folder, const char *name, struct err *err)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return err_set(
			err, ERR_DENIED,
			"user \"%s\" does not exist, and the collector does not run as root; create it: useradd "
			"--system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin %s",
			name, name);
	if (user->pw_uid == 0)
		return err_set(err, ERR_USAGE, "cannot run as user \"%s\": it is root", name);
	if (hand_over(folder, user, err) < 0)
		return err->code;
	return become(user, err);
}

int privilege_settle(const char *folder, const char *user, struct err *err)
{
	umask(027);
	if (folder_create(folder, STATE_MODE, err) < 0)
		return err->code;
	if (geteuid() == 0 && settle_root(folder, user, err) < 0)
		return err->code;
	if (access(folder, R_OK | W_OK | X_OK) < 0)
		return err_errno(err, ERR_DENIED, "cannot use state folder \"%s\" as user %u", folder, geteuid());
	return 0;
}
