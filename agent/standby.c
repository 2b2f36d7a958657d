#include "agent/standby.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/protect.h"
#include "base/attr.h"
#include "base/footprint.h"
#include "base/log.h"
#include "base/time.h"

#define EXIT_SIGNAL 128

static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(set, passed_on[i]);
	sigaddset(set, SIGCHLD);
}

/* What it watches would stand still with it. A terminal's stop is for all of the group, and ends when that goes on. */
static void let_go_on(pid_t worker, int status)
{
	if (WSTOPSIG(status) != SIGSTOP)
		return;
	log_warn("tracer-stopped", "the tracer was stopped by a signal, and goes on");
	kill(worker, SIGCONT);
}

/* What a terminal sends, the worker gets from it as well. Returns the wait status of the worker. */
static int wait_for(pid_t worker, const sigset_t *set)
{
	for (;;) {
		siginfo_t info;
		int status;

		if (waitpid(worker, &status, WNOHANG | WUNTRACED) == worker) {
			if (!WIFSTOPPED(status))
				return status;
			let_go_on(worker, status);
		}
		if (sigwaitinfo(set, &info) > 0 && info.si_signo != SIGCHLD && info.si_code != SI_KERNEL)
			kill(worker, info.si_signo);
	}
}

/* True if another worker is to be started. */
static bool goes_on(int status, int64_t lived_ns, int *quick, int deaths)
{
	if (!WIFSIGNALED(status))
		return false;
	*quick = lived_ns < NS_PER_S / 10 ? *quick + 1 : 0;
	log_error("tracer-died", "the tracer was ended by signal %d (%s)", WTERMSIG(status),
		  strsignal(WTERMSIG(status)));
	if (*quick < STANDBY_QUICK_MAX && deaths < STANDBY_DEATHS_MAX)
		return true;
	log_error("no-more-tracers", "it dies again and again; what it followed is not watched any more");
	return false;
}

int standby_split(int *ret_exit, struct err *err)
{
	int role = STANDBY_WORKER, quick = 0, status = 0;
	sigset_t set, former;

	protect_process();
	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, &former);
	for (int deaths = 0;; deaths++) {
		int64_t start_ns = time_monotonic_ns();
		pid_t worker = fork();

		if (worker < 0)
			return err_errno(err, ERR_FAILED, "could not fork");
		if (worker == 0) {
			pthread_sigmask(SIG_SETMASK, &former, NULL);
			return role;
		}
		footprint_shrink();
		status = wait_for(worker, &set);
		if (!goes_on(status, time_monotonic_ns() - start_ns, &quick, deaths))
			break;
		role = STANDBY_SUCCESSOR;
	}
	*ret_exit = WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	return STANDBY_OVER;
}
