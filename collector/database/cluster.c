#include "collector/database/cluster.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "collector/database/child.h"

#define SOCKET_NAME	  "/.s.PGSQL.5432"
#define SOCKET_PATH_MAX	  (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define PROGRAMS_PATTERN  "/usr/lib/postgresql/" CLUSTER_MAJOR "/bin"
#define PROGRAMS_ANY	  "/usr/lib/postgresql/*/bin"
#define LOG_MAX		  (16 << 20)
#define LOG_TAIL	  4096
#define VERSION_MAX	  64
#define REMOVE_OPEN_FILES 16
#define LOCK_FILE_MAX	  8192
#define LOCK_STATUS_LINE  8 /* PostgreSQL's miscadmin.h: LOCK_FILE_LINE_PM_STATUS */

static bool has_server(const char *folder)
{
	char path[STATE_PATH_MAX];

	return state_path(folder, "postgres", path, NULL) == 0 && access(path, X_OK) == 0 &&
	       state_path(folder, "initdb", path, NULL) == 0 && access(path, X_OK) == 0;
}

static bool ask_pg_config(char out[STATE_PATH_MAX])
{
	FILE *pipe = popen("pg_config --bindir 2>/dev/null", "re");
	bool is_read;

	if (!pipe)
		return false;
	is_read = fgets(out, STATE_PATH_MAX, pipe);
	pclose(pipe);
	if (is_read)
		out[strcspn(out, "\n")] = '\0';
	return is_read && has_server(out);
}

/* The wanted major version first, then the newest of the others, then wherever pg_config points. */
static int find_programs(char out[STATE_PATH_MAX], struct err *err)
{
	glob_t found = { 0 };
	bool is_found = false;

	glob(PROGRAMS_PATTERN, 0, NULL, &found);
	glob(PROGRAMS_ANY, GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && !is_found; i++) {
		size_t at = i == 0 ? 0 : found.gl_pathc - i;

		is_found = has_server(found.gl_pathv[at]);
		if (is_found)
			snprintf(out, STATE_PATH_MAX, "%s", found.gl_pathv[at]);
	}
	globfree(&found);
	if (is_found || ask_pg_config(out))
		return 0;
	return err_set(err, ERR_NOT_FOUND,
		       "PostgreSQL is not installed (nothing in " PROGRAMS_ANY "); install postgresql-" CLUSTER_MAJOR
		       ", or set DATABASE_URL");
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *at UNUSED)
{
	return remove(path);
}

void cluster_last_log(const struct cluster *cluster, char *out, size_t size)
{
	static const char *const marks[] = { "FATAL:  ", "PANIC:  ", "error: " };
	AUTO_FD int fd = open(cluster->log, O_RDONLY | O_CLOEXEC);
	char tail[LOG_TAIL + 1];
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t length = fd < 0 ? 0 : pread(fd, tail, LOG_TAIL, end > LOG_TAIL ? end - LOG_TAIL : 0);
	const char *last = NULL;

	*out = '\0';
	tail[length > 0 ? length : 0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		for (const char *at = strstr(tail, marks[i]); at; at = strstr(at + 1, marks[i]))
			last = at > last ? at + strlen(marks[i]) : last;
	}
	if (last)
		snprintf(out, size, "%.*s", (int)strcspn(last, "\n"), last);
}

bool cluster_is_ready(const struct cluster *cluster, pid_t pid)
{
	AUTO_STRBUF lock = STRBUF_INIT;
	char path[STATE_PATH_MAX];
	const char *line;

	if (state_path(cluster->data, "postmaster.pid", path, NULL) < 0 ||
	    file_read(path, LOCK_FILE_MAX, &lock, NULL) < 0 || strtol(lock.data, NULL, 10) != pid)
		return false;
	line = lock.data;
	for (int i = 1; line && i < LOCK_STATUS_LINE; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line && strncmp(line, "ready", 5) == 0;
}

int cluster_log_open(const struct cluster *cluster, struct err *err)
{
	char old[STATE_PATH_MAX + 2];
	struct stat st;
	int fd;

	if (stat(cluster->log, &st) == 0 && st.st_size > LOG_MAX) {
		snprintf(old, sizeof(old), "%s.1", cluster->log);
		rename(cluster->log, old);
	}
	fd = open(cluster->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not open \"%s\"", cluster->log);
	return fd;
}

/* Made beside its place and then renamed, so that a half-made cluster is never taken for a whole one. */
static int make_data(const struct cluster *cluster, struct err *err)
{
	char program[STATE_PATH_MAX], fresh[STATE_PATH_MAX + 8], reason[256];
	const char *const args[] = { program,
				     "-D",
				     fresh,
				     "-U",
				     CLUSTER_DATABASE,
				     "--auth-local=peer",
				     "--auth-host=reject",
				     "--data-checksums",
				     "--no-locale",
				     "--encoding=UTF8",
				     "--no-instructions",
				     NULL };

	snprintf(fresh, sizeof(fresh), "%s.new", cluster->data);
	if (file_exists(fresh) && nftw(fresh, remove_entry, REMOVE_OPEN_FILES, FTW_DEPTH | FTW_PHYS) < 0)
		return err_errno(err, ERR_FAILED, "could not remove \"%s\", left from an earlier start", fresh);
	if (state_path(cluster->programs, "initdb", program, err) < 0)
		return err->code;
	AUTO_FD int log = cluster_log_open(cluster, err);
	if (log < 0)
		return err->code;
	if (child_run(args, log, err) != 0) {
		cluster_last_log(cluster, reason, sizeof(reason));
		return err_set(err, ERR_FAILED, "could not make the database in \"%s\": %s; see \"%s\"",
			       cluster->data, *reason ? reason : "initdb failed", cluster->log);
	}
	if (rename(fresh, cluster->data) < 0)
		return err_errno(err, ERR_FAILED, "could not rename \"%s\" to \"%s\"", fresh, cluster->data);
	return 0;
}

/* The version of the programs stands in their folder's name, or in what "postgres --version" would say. */
static int check_version(struct cluster *cluster, struct err *err)
{
	AUTO_STRBUF version = STRBUF_INIT;
	char path[STATE_PATH_MAX], programs[64];

	if (state_path(cluster->data, "PG_VERSION", path, err) < 0 || file_read(path, VERSION_MAX, &version, err) < 0)
		return err_wrap(err, "\"%s\" holds no PostgreSQL cluster", cluster->data);
	version.data[strcspn(version.data, "\n")] = '\0';
	snprintf(programs, sizeof(programs), "/usr/lib/postgresql/%.32s/bin", version.data);
	if (has_server(programs))
		snprintf(cluster->programs, sizeof(cluster->programs), "%s", programs);
	else if (strncmp(cluster->programs, "/usr/lib/postgresql/", 20) == 0)
		return err_set(err, ERR_FAILED,
			       "\"%s\" was made by PostgreSQL %s, which is not installed; install postgresql-%s, or "
			       "convert it "
			       "with pg_upgrade (new programs: %s)",
			       cluster->data, version.data, version.data, cluster->programs);
	return 0;
}

static int write_access(const struct cluster *cluster, struct err *err)
{
	static const char hba[] = "local all " CLUSTER_DATABASE " peer map=clewline\n";
	const struct passwd *user = getpwuid(geteuid());
	char path[STATE_PATH_MAX];
	AUTO_STRBUF ident = STRBUF_INIT;

	if (!user)
		return err_set(err, ERR_DENIED, "user id %u has no name in the user database", geteuid());
	strbuf_addf(&ident, "clewline \"%s\" " CLUSTER_DATABASE "\nclewline root " CLUSTER_DATABASE "\n",
		    user->pw_name);
	if (state_path(cluster->data, "pg_hba.conf", path, err) < 0 ||
	    file_write_atomic(path, hba, strlen(hba), 0600, err) < 0 ||
	    state_path(cluster->data, "pg_ident.conf", path, err) < 0 ||
	    file_write_atomic(path, ident.data, ident.length, 0600, err) < 0)
		return err->code;
	return 0;
}

int cluster_prepare(const char *state, struct cluster *ret, struct err *err)
{
	if (state_path(state, STATE_PG, ret->data, err) < 0 || state_path(state, STATE_PG_LOG, ret->log, err) < 0 ||
	    state_path(state, STATE_PG_SOCKET, ret->socket, err) < 0)
		return err->code;
	if (strlen(ret->socket) + strlen(SOCKET_NAME) > SOCKET_PATH_MAX)
		return err_set(err, ERR_LIMIT,
			       "path of state folder \"%s\" is %zu bytes too long: a socket's path has %zu at most",
			       state, strlen(ret->socket) + strlen(SOCKET_NAME) - SOCKET_PATH_MAX, SOCKET_PATH_MAX);
	if (find_programs(ret->programs, err) < 0 || folder_create(ret->socket, 0750, err) < 0)
		return err->code;
	if (!file_exists(ret->data) && make_data(ret, err) < 0)
		return err->code;
	if (check_version(ret, err) < 0)
		return err->code;
	return write_access(ret, err);
}

char *cluster_conninfo(const struct cluster *cluster, const char *database, char out[CLUSTER_CONNINFO_MAX])
{
	AUTO_STRBUF host = STRBUF_INIT;

	for (const char *c = cluster->socket; *c; c++) {
		if (*c == '\'' || *c == '\\')
			strbuf_addc(&host, '\\');
		strbuf_addc(&host, *c);
	}
	snprintf(out, CLUSTER_CONNINFO_MAX, "host='%s' port=5432 user=" CLUSTER_DATABASE " dbname=%s", host.data,
		 database);
	return out;
}
