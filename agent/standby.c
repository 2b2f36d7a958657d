#include "agent/standby.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/protect.h"
#include "base/attr.h"
#include "base/file.h"
#include "base/footprint.h"
#include "base/log.h"
#include "base/time.h"

#define EXIT_SIGNAL 128
#define SPARE_NAME  "secagent-spare"

static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

/* What the processes know of each other, in memory that all have. */
static struct post {
	_Atomic pid_t in_charge, spare, worker;
	_Atomic int over; /* 1 + the exit code of a worker that ended in order */
} * post;

/* Of who is in charge. */
struct standby {
	sigset_t set, former;
	int signals; /* descriptor */
	pid_t worker, spare;
	int worker_fd, spare_fd; /* -1: this kernel has none */
	bool is_parent;		 /* of the worker */
	int64_t start_ns;
	int quick, deaths;
};

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool standby_owns(pid_t pid)
{
	return post && pid > 0 && (pid == post->in_charge || pid == post->spare || pid == post->worker);
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(set, passed_on[i]);
	sigaddset(set, SIGCHLD);
}

static void note_end(int status, void *context UNUSED)
{
	post->over = 1 + status;
}

/* 0 in the child. */
static pid_t start_worker(struct standby *standby)
{
	pid_t pid = fork();

	if (pid == 0) {
		close_fd(&standby->signals);
		close_fd(&standby->worker_fd);
		close_fd(&standby->spare_fd);
		post->worker = getpid();
		on_exit(note_end, NULL);
		pthread_sigmask(SIG_SETMASK, &standby->former, NULL);
		return 0;
	}
	close_fd(&standby->worker_fd);
	standby->worker = pid;
	standby->worker_fd = pid > 0 ? open_pidfd(pid) : -1;
	standby->is_parent = true;
	standby->start_ns = time_monotonic_ns();
	return pid;
}

/* In the spare, with all signals blocked: returns when it is in charge, and ends when everything is over. */
static void await_charge(struct standby *standby, pid_t parent, int parent_fd)
{
	struct pollfd fd = { parent_fd, POLLIN, 0 };

	prctl(PR_SET_NAME, SPARE_NAME, 0, 0, 0);
	footprint_shrink();
	post->spare = getpid();
	close_fd(&standby->worker_fd);
	close_fd(&standby->spare_fd);
	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		continue;
	close(parent_fd);
	if (post->over)
		_exit(post->over - 1);
	/* Another spare of the same parent may have been about to be replaced by this one. */
	if (!atomic_compare_exchange_strong(&post->in_charge, &parent, getpid()))
		_exit(0);
	prctl(PR_SET_NAME, "secagent", 0, 0, 0);
	*standby = (struct standby){ .set = standby->set,
				     .former = standby->former,
				     .signals = standby->signals,
				     .worker = post->worker,
				     .worker_fd = -1,
				     .spare_fd = -1,
				     .start_ns = time_monotonic_ns() };
	standby->worker_fd = open_pidfd(standby->worker);
	if (standby->worker_fd < 0)
		standby->worker = 0;
	log_error("standby-died", "the process that waits for the tracer was killed; another one waits now");
}

/* Behind the worker, so that who reads the children of who is in charge finds the tracer first. Returns in the spare when it is in charge. */
static void renew_spare(struct standby *standby)
{
	pid_t former = standby->spare, self = getpid(), pid;
	int own_fd = open_pidfd(self), former_fd = standby->spare_fd;

	if (own_fd < 0)
		return;
	pid = fork();
	if (pid == 0) {
		await_charge(standby, self, own_fd);
		renew_spare(standby);
		return;
	}
	close(own_fd);
	standby->spare = pid > 0 ? pid : 0;
	standby->spare_fd = pid > 0 ? open_pidfd(pid) : -1;
	if (former > 0) {
		kill(former, SIGKILL);
		waitpid(former, NULL, 0);
	}
	close_fd(&former_fd);
}

/* What it watches would stand still with it. A terminal's stop is for all of the group, and ends when that goes on. */
static void let_go_on(const struct standby *standby, int status)
{
	if (WSTOPSIG(status) != SIGSTOP)
		return;
	log_warn("tracer-stopped", "the tracer was stopped by a signal, and goes on");
	kill(standby->worker, SIGCONT);
}

/* What a terminal sends, the worker gets from it as well. */
static void take_signal(const struct standby *standby)
{
	struct signalfd_siginfo info;

	if (read(standby->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL)
		kill(standby->worker, (int)info.ssi_signo);
}

/* True if the worker has ended, with its wait status. Of one that is not its child, who is in charge knows what it left. */
static bool has_ended(const struct standby *standby, int *ret_status)
{
	struct pollfd fd = { standby->worker_fd, POLLIN, 0 };

	if (!standby->is_parent) {
		*ret_status = post->over ? (post->over - 1) << 8 : SIGKILL;
		return standby->worker == 0 || poll(&fd, 1, 0) == 1;
	}
	if (waitpid(standby->worker, ret_status, WNOHANG | WUNTRACED) != standby->worker)
		return false;
	if (!WIFSTOPPED(*ret_status))
		return true;
	let_go_on(standby, *ret_status);
	return false;
}

/* Returns the wait status of the worker. */
static int wait_for_end(struct standby *standby)
{
	int status;

	while (!has_ended(standby, &status)) {
		struct pollfd fds[] = { { standby->signals, POLLIN, 0 },
					{ standby->worker_fd, POLLIN, 0 },
					{ standby->spare_fd, POLLIN, 0 } };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			take_signal(standby);
		if (fds[2].revents) {
			waitpid(standby->spare, NULL, 0);
			close_fd(&standby->spare_fd);
			standby->spare = 0;
			renew_spare(standby);
		}
	}
	return status;
}

/* True if another worker is to be started. */
static bool goes_on(struct standby *standby, int status)
{
	if (!WIFSIGNALED(status))
		return false;
	standby->quick = time_monotonic_ns() - standby->start_ns < NS_PER_S / 10 ? standby->quick + 1 : 0;
	log_error("tracer-died", "the tracer was ended by signal %d (%s)", WTERMSIG(status),
		  strsignal(WTERMSIG(status)));
	if (standby->quick < STANDBY_QUICK_MAX && ++standby->deaths < STANDBY_DEATHS_MAX)
		return true;
	log_error("no-more-tracers", "it dies again and again; what it followed is not watched any more");
	return false;
}

static void end_spare(struct standby *standby)
{
	if (standby->spare <= 0)
		return;
	kill(standby->spare, SIGKILL);
	waitpid(standby->spare, NULL, 0);
}

static int stand_by(struct standby *standby, int *ret_exit, struct err *err)
{
	int role = STANDBY_WORKER, status;

	do {
		pid_t pid = start_worker(standby);

		if (pid <= 0)
			return pid < 0 ? err_errno(err, ERR_FAILED, "could not fork") : role;
		renew_spare(standby);
		footprint_shrink();
		status = wait_for_end(standby);
		role = STANDBY_SUCCESSOR;
	} while (goes_on(standby, status));
	end_spare(standby);
	*ret_exit = WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	return STANDBY_OVER;
}

int standby_split(int *ret_exit, struct err *err)
{
	struct standby standby = { .worker_fd = -1, .spare_fd = -1 };

	post = mmap(NULL, sizeof(*post), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (post == MAP_FAILED) {
		post = NULL;
		return err_errno(err, ERR_FAILED, "could not make what processes share");
	}
	protect_process();
	post->in_charge = getpid();
	signal_set(&standby.set);
	pthread_sigmask(SIG_BLOCK, &standby.set, &standby.former);
	standby.signals = signalfd(-1, &standby.set, SFD_CLOEXEC);
	if (standby.signals < 0)
		return err_errno(err, ERR_FAILED, "could not wait for signals");
	return stand_by(&standby, ret_exit, err);
}
