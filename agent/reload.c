#include "agent/reload.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"

#define WATCHES_MAX 128 /* as many as options can name */
#define CHANGES	    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE)

/* A folder that is watched, and what in it matters. */
struct watch {
	int number;
	const char *path; /* as given */
	bool is_folder;	  /* then every *.yaml in it matters, else the file of this path */
};

struct reload {
	struct reload_conf conf;
	int ask, stop, changes; /* descriptors; changes: -1 without watches */
	struct watch watches[WATCHES_MAX];
	size_t watch_count;
	const char *unwatched;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards: result, has_result */
	struct reload_result result;
	bool has_result;
};

/* The folder is watched also for one file: editors put a new file in the place of the old one. */
static void watch_path(struct reload *reload, const char *path)
{
	struct watch *watch = &reload->watches[reload->watch_count];
	char copy[PATH_MAX];
	struct stat status;

	if (reload->watch_count == WATCHES_MAX || strlen(path) >= sizeof(copy)) {
		reload->unwatched = path;
		return;
	}
	strcpy(copy, path);
	watch->path = path;
	watch->is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	watch->number =
		inotify_add_watch(reload->changes, watch->is_folder ? path : dirname(copy), CHANGES | IN_ONLYDIR);
	if (watch->number >= 0)
		reload->watch_count++;
	else if (!reload->unwatched)
		reload->unwatched = path;
}

static void watch_all(struct reload *reload)
{
	const struct detection_conf *conf = &reload->conf.detection;
	const struct watched_conf *files = &reload->conf.watched;

	if (!reload->conf.watches ||
	    (conf->rule_count + conf->policy_count + files->set_count == 0 && !files->baseline))
		return;
	reload->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (reload->changes < 0) {
		reload->unwatched = conf->rule_count	 ? conf->rules[0]
				    : conf->policy_count ? conf->policies[0]
				    : files->set_count	 ? files->sets[0]
							 : files->baseline;
		return;
	}
	for (size_t i = 0; i < conf->rule_count; i++)
		watch_path(reload, conf->rules[i]);
	for (size_t i = 0; i < conf->policy_count; i++)
		watch_path(reload, conf->policies[i]);
	for (size_t i = 0; i < files->set_count; i++)
		watch_path(reload, files->sets[i]);
	if (files->baseline)
		watch_path(reload, files->baseline);
}

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), size = strlen(ending);

	return length > size && strcmp(name + length - size, ending) == 0;
}

/* Configuration volumes swap a link called ..data: any name that begins so may change every file of the folder. */
static bool matters(const struct watch *watch, const char *name)
{
	const char *slash = strrchr(watch->path, '/');

	if (strncmp(name, "..", 2) == 0)
		return true;
	if (watch->is_folder)
		return name[0] != '.' && (ends_in(name, ".yaml") || ends_in(name, ".yml"));
	return strcmp(name, slash ? slash + 1 : watch->path) == 0;
}

static bool is_change(const struct reload *reload, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < reload->watch_count; i++) {
		if (reload->watches[i].number == event->wd && event->len && matters(&reload->watches[i], event->name))
			return true;
	}
	return false;
}

/* Reads all changes that wait; true if one matters. */
static bool drain(struct reload *reload)
{
	_Alignas(struct inotify_event) char buffer[16384];
	bool found = false;
	ssize_t got;

	while ((got = read(reload->changes, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; at < buffer + got;) {
			const struct inotify_event *event = (const void *)at;

			found |= is_change(reload, event);
			at += sizeof(*event) + event->len;
		}
	}
	return found;
}

/*
 * Who writes a file writes several times, and several files: waits until that is over. Others that are written in the same folder
 * meanwhile do not count, and who asks does not wait.
 */
static void settle(struct reload *reload)
{
	const int64_t until_ns = time_monotonic_ns() + RELOAD_WAIT_MS * NS_PER_MS;
	int64_t quiet_ns = time_monotonic_ns() + RELOAD_QUIET_MS * NS_PER_MS, now_ns;
	struct pollfd fds[] = { { reload->changes, POLLIN, 0 },
				{ reload->ask, POLLIN, 0 },
				{ reload->stop, POLLIN, 0 } };

	while ((now_ns = time_monotonic_ns()) < until_ns && now_ns < quiet_ns) {
		if (poll(fds, ARRAY_SIZE(fds), (int)((quiet_ns - now_ns) / NS_PER_MS) + 1) > 0 &&
		    (fds[1].revents || fds[2].revents))
			return;
		if (drain(reload))
			quiet_ns = time_monotonic_ns() + RELOAD_QUIET_MS * NS_PER_MS;
	}
}

static void deliver(struct reload *reload, bool is_asked)
{
	struct reload_result result = { .is_asked = is_asked };

	/* all of it, or none: what was written together is meant together */
	if (detection_load(&reload->conf.detection, &result.detection, NULL, &result.problem) == 0 &&
	    watched_load(&reload->conf.watched, &result.watched, &result.problem) < 0) {
		detection_free(result.detection);
		result.detection = NULL;
	}
	pthread_mutex_lock(&reload->lock);
	if (reload->has_result) {
		result.is_asked |= reload->result.is_asked;
		detection_free(reload->result.detection);
		watched_free(reload->result.watched);
	}
	reload->result = result;
	reload->has_result = true;
	pthread_mutex_unlock(&reload->lock);
	if (reload->conf.wake)
		reload->conf.wake(reload->conf.context);
}

static void *serve(void *argument)
{
	struct reload *reload = argument;
	struct pollfd fds[] = { { reload->stop, POLLIN, 0 },
				{ reload->ask, POLLIN, 0 },
				{ reload->changes, POLLIN, 0 } };

	while (poll(fds, ARRAY_SIZE(fds), -1) >= 0 || errno == EINTR) {
		bool is_asked = fds[1].revents & POLLIN;
		bool is_changed = (fds[2].revents & POLLIN) && drain(reload);
		eventfd_t count;

		if (fds[0].revents)
			break;
		if (is_asked)
			eventfd_read(reload->ask, &count);
		else if (is_changed)
			settle(reload);
		if (is_asked || is_changed)
			deliver(reload, is_asked);
	}
	return NULL;
}

static int start(struct reload *reload, struct err *err)
{
	sigset_t all, former;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	code = pthread_create(&reload->thread, NULL, serve, reload);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	reload->has_thread = code == 0;
	return code == 0 ? 0 : err_set(err, ERR_FAILED, "could not start a thread");
}

int reload_open(const struct reload_conf *conf, struct reload **ret, struct err *err)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	int code = 0;

	if (!reload)
		return err_set(err, ERR_MEMORY, "out of memory");
	reload->conf = *conf;
	pthread_mutex_init(&reload->lock, NULL);
	reload->changes = -1;
	reload->ask = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reload->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reload->ask < 0 || reload->stop < 0)
		code = err_errno(err, ERR_FAILED, "could not prepare for reloading rules");
	if (code == 0) {
		watch_all(reload);
		code = start(reload, err);
	}
	if (code < 0) {
		reload_close(reload);
		return code;
	}
	*ret = reload;
	return 0;
}

void reload_close(struct reload *reload)
{
	if (!reload)
		return;
	if (reload->has_thread) {
		eventfd_write(reload->stop, 1);
		pthread_join(reload->thread, NULL);
	}
	detection_free(reload->result.detection);
	watched_free(reload->result.watched);
	close_fd(&reload->ask);
	close_fd(&reload->stop);
	close_fd(&reload->changes);
	pthread_mutex_destroy(&reload->lock);
	free(reload);
}

void reload_ask(struct reload *reload)
{
	int former = errno;

	eventfd_write(reload->ask, 1);
	errno = former;
}

bool reload_take(struct reload *reload, struct reload_result *ret)
{
	bool found;

	pthread_mutex_lock(&reload->lock);
	found = reload->has_result;
	if (found)
		*ret = reload->result;
	reload->has_result = false;
	reload->result.detection = NULL;
	reload->result.watched = NULL;
	pthread_mutex_unlock(&reload->lock);
	return found;
}

const char *reload_unwatched(const struct reload *reload)
{
	return reload->unwatched;
}
