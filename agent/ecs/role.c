#include "agent/ecs/role.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "agent/proc/proc.h"
#include "base/attr.h"
#include "base/log.h"
#include "base/time.h"

struct role_watch {
	int wake;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards all below */
	bool is_closing, has_source, has_news;
	struct container_source source; /* set once; then the thread's */
	struct aws_identity identity;
};

int role_ask_again_s(int64_t expires_ns, int64_t now_ns)
{
	int64_t left_s = (expires_ns - now_ns) / NS_PER_S - ROLE_ASK_EARLY_S;

	if (!expires_ns || left_s > ROLE_ASK_S)
		return ROLE_ASK_S;
	return left_s < ROLE_ASK_LEAST_S ? ROLE_ASK_LEAST_S : (int)left_s;
}

bool role_is_named(void)
{
	return getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

static void take_over(struct role_watch *watch, const struct aws_identity *found)
{
	pthread_mutex_lock(&watch->lock);
	if (strcmp(watch->identity.key_id, found->key_id) != 0 ||
	    strcmp(watch->identity.role_arn, found->role_arn) != 0) {
		watch->identity = *found;
		watch->has_news = true;
	}
	pthread_mutex_unlock(&watch->lock);
}

/* Asks once; returns how many seconds to wait. is_told: that it does not work has been said. */
static int ask(struct role_watch *watch, bool *is_told)
{
	struct aws_identity found;
	struct err err = { 0 };

	if (aws_identity_ask(&watch->source, ROLE_TIMEOUT_NS, &found, &err) == 0) {
		*is_told = false;
		take_over(watch, &found);
		return role_ask_again_s(found.expires_ns, time_now_ns());
	}
	if (!*is_told)
		log_warn("no-role", "%s; going on without the role of the task", err.message);
	*is_told = true;
	return ROLE_ASK_EARLY_S;
}

static void look(struct role_watch *watch, bool *ret_has_source, bool *ret_is_closing)
{
	pthread_mutex_lock(&watch->lock);
	*ret_has_source = watch->has_source;
	*ret_is_closing = watch->is_closing;
	pthread_mutex_unlock(&watch->lock);
}

static void *serve(void *argument)
{
	struct role_watch *watch = argument;
	bool is_told = false, has_source, is_closing;

	for (;;) {
		struct pollfd fd = { watch->wake, POLLIN, 0 };
		int wait_ms = -1;
		eventfd_t count;

		look(watch, &has_source, &is_closing);
		if (is_closing)
			return NULL;
		if (has_source)
			wait_ms = ask(watch, &is_told) * 1000;
		if (poll(&fd, 1, wait_ms) > 0)
			eventfd_read(watch->wake, &count);
	}
}

static int start(struct role_watch *watch, struct err *err)
{
	sigset_t all, former;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	watch->has_thread = pthread_create(&watch->thread, NULL, serve, watch) == 0;
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return watch->has_thread ? 0 : err_set(err, ERR_FAILED, "could not start a thread");
}

int role_watch_open(struct role_watch **ret, struct err *err)
{
	struct role_watch *watch = calloc(1, sizeof(*watch));
	int code;

	if (!watch)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_init(&watch->lock, NULL);
	watch->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	code = container_source_find(&watch->source, err);
	if (code == 0 && watch->wake < 0)
		code = err_errno(err, ERR_FAILED, "could not prepare for asking about the task's role");
	watch->has_source = code == 0 && watch->source.url.length > 0;
	if (code == 0)
		code = start(watch, err);
	if (code < 0) {
		role_watch_close(watch);
		return code;
	}
	*ret = watch;
	return 0;
}

static void wake(struct role_watch *watch)
{
	eventfd_write(watch->wake, 1);
}

void role_watch_close(struct role_watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->is_closing = true;
	pthread_mutex_unlock(&watch->lock);
	if (watch->has_thread) {
		wake(watch);
		pthread_join(watch->thread, NULL);
	}
	container_source_fini(&watch->source);
	close_fd(&watch->wake);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

void role_watch_offer(struct role_watch *watch, pid_t pid)
{
	struct container_source source = { 0 };
	char environment[ROLE_ENVIRON_MAX + 1];
	bool has_source, is_closing;
	size_t length;

	look(watch, &has_source, &is_closing);
	if (has_source)
		return;
	length = proc_environ(pid, environment, ROLE_ENVIRON_MAX);
	/* A container that says nonsense has no role that counts. */
	if (container_source_of(environment, length, &source, NULL) == 0 && source.url.length) {
		pthread_mutex_lock(&watch->lock);
		container_source_fini(&watch->source);
		watch->source = source;
		watch->has_source = true;
		pthread_mutex_unlock(&watch->lock);
		wake(watch);
	} else {
		container_source_fini(&source);
	}
	/* Whatever else a container is told by its environment is not for the agent to keep. */
	OPENSSL_cleanse(environment, sizeof(environment));
}

bool role_watch_take(struct role_watch *watch, struct aws_identity *ret)
{
	bool has_news;

	pthread_mutex_lock(&watch->lock);
	has_news = watch->has_news;
	*ret = watch->identity;
	watch->has_news = false;
	pthread_mutex_unlock(&watch->lock);
	return has_news;
}
