#include "collector/signals.h"

#include <time.h>

static bool stop_wanted; /* main thread only */

static void waited_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

void signals_block(void)
{
	sigset_t set;

	waited_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void signals_restore(void)
{
	sigset_t set;

	sigemptyset(&set);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

int signals_wait(int timeout_ms)
{
	struct timespec timeout = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
	sigset_t set;
	int number;

	waited_set(&set);
	number = sigtimedwait(&set, NULL, &timeout);
	if (number == SIGTERM || number == SIGINT || number == SIGHUP)
		stop_wanted = true;
	return number > 0 ? number : 0;
}

bool signals_stop_wanted(void)
{
	return stop_wanted;
}
