#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>

#include "cli/collector.h"
#include "cli/commands.h"

#define DOWN_WAIT_MS 60000 /* PostgreSQL writes what it holds to disk first */

struct down_conf {
	const char *state;
};

static const struct opt opts[] = {
	OPT(down_conf, state, "state", 0, OPT_TEXT, "DIR", NULL,
	    "state folder; else /var/lib/clewline for root, ~/.local/state/clewline for others"),
	OPT_END,
};

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct down_conf *conf = options;
	char state[STATE_PATH_MAX];
	pid_t pid;
	int ready;

	if (state_folder(conf->state, state, err) < 0)
		return err->code;
	AUTO_FD int handle = collector_open(state, &pid, err);
	if (handle < 0)
		return err->code;
	if (handle == 0) {
		handle = -1;
		fprintf(stderr, "nothing is running (state: %s)\n", state);
		return 0;
	}
	fprintf(stderr, "stopping the collector and its database (process %d)\n", (int)pid);
	if (pidfd_send_signal(handle, SIGTERM, NULL, 0) < 0)
		return err_errno(err, errno == EPERM ? ERR_DENIED : ERR_FAILED, "could not stop process %d",
				 (int)pid);
	struct pollfd wait = { .fd = handle, .events = POLLIN };
	do {
		ready = poll(&wait, 1, DOWN_WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return err_set(err, ERR_FAILED, "process %d has not ended within %d s; see %s/" STATE_LOG, (int)pid,
			       DOWN_WAIT_MS / 1000, state);
	fprintf(stderr, "stopped\n");
	return 0;
}

const struct command down_command = {
	.name = "down",
	.summary = "stop the collector and its database on this machine",
	.details = "Examples:\n"
		   "  secctl down\n"
		   "  secctl down --state ~/clewline-test\n"
		   "\n"
		   "Batches that agents cannot deliver meanwhile wait in their spools. Nothing running is fine.",
	.opts = opts,
	.conf_size = sizeof(struct down_conf),
	.run = run,
};
