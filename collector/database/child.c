#include "collector/database/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/signals.h"

/* PGPORT, PGOPTIONS and their like would change what the server does. */
static char *const child_environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC", NULL };

static void become_child(const char *const *args, int log, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	/* SIGINT is PostgreSQL's fast shutdown: no server is left over when the collector is killed. */
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		_exit(1);
	signals_restore();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(126);
	execve(args[0], (char *const *)args, child_environment);
	_exit(127);
}

int child_start(const char *const *args, int log, pid_t *ret_pid, struct err *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_errno(err, ERR_FAILED, "could not start \"%s\"", args[0]);
	if (pid == 0)
		become_child(args, log, parent);
	*ret_pid = pid;
	return 0;
}

int child_run(const char *const *args, int log, struct err *err)
{
	int status;
	pid_t pid;

	if (child_start(args, log, &pid, err) < 0)
		return err->code;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, ERR_FAILED, "could not wait for \"%s\"", args[0]);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
