#include "collector/database/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/time.h"
#include "collector/database/child.h"
#include "collector/signals.h"
#include "store/store.h"

#define POLL_MS	   50
#define SETTLED_NS (60 * NS_PER_S)

#define FIXED_ARGS 7 /* program, data, port, sockets */

/* What our own server is told beside its defaults; docs/operations.md says it to users. */
static const char *const settings[] = {
	"listen_addresses=", /* the socket alone */
	"unix_socket_permissions=0770",
	"fsync=on",
	"max_connections=48",
	"jit=off",	      /* questions are short; compiling them takes longer */
	"wal_compression=on", /* of whole pages, which each checkpoint makes due again */
	"wal_buffers=16MB",   /* two writers at once fill the 4 MB of the default while one of them flushes */
	"max_wal_size=2GB",   /* saturated writers would ask for a checkpoint every 10 s by the default */
	"timezone=UTC",
	"log_timezone=UTC",
	"log_destination=stderr",
	"logging_collector=off",
};

static int spawn(struct server *server, struct err *err)
{
	char program[STATE_PATH_MAX], sockets[STATE_PATH_MAX + 64];
	const char *args[FIXED_ARGS + 2 * ARRAY_SIZE(settings) + 1] = { program, "-D",	 server->cluster->data,
									"-p",	 "5432", "-c",
									sockets };

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		args[FIXED_ARGS + 2 * i] = "-c";
		args[FIXED_ARGS + 2 * i + 1] = settings[i];
	}
	snprintf(sockets, sizeof(sockets), "unix_socket_directories=\"%s\"", server->cluster->socket);
	if (state_path(server->cluster->programs, "postgres", program, err) < 0)
		return err->code;
	AUTO_FD int log = cluster_log_open(server->cluster, err);
	if (log < 0)
		return err->code;
	server->is_up = false;
	server->settled_ns = time_monotonic_ns() + SETTLED_NS;
	return child_start(args, log, &server->pid, err);
}

/* True when it has ended; its end is logged by the caller. */
static bool reap(struct server *server, int *ret_status)
{
	if (!server->pid || waitpid(server->pid, ret_status, WNOHANG) != server->pid)
		return false;
	server->pid = 0;
	return true;
}

static void back_off(struct server *server)
{
	int64_t now = time_monotonic_ns();
	int64_t most_ns = (server->is_up ? SERVER_BACKOFF_UP_MS : SERVER_BACKOFF_MAX_MS) * NS_PER_MS;

	if (server->is_up && now > server->settled_ns)
		server->backoff_ns = 0;
	server->backoff_ns = server->backoff_ns ? server->backoff_ns * 2 : SERVER_BACKOFF_FIRST_MS * NS_PER_MS;
	if (server->backoff_ns > most_ns)
		server->backoff_ns = most_ns;
	server->not_before_ns = now + server->backoff_ns;
}

static bool answers(const struct server *server)
{
	char conninfo[CLUSTER_CONNINFO_MAX];
	struct store *store;

	if (store_open(cluster_conninfo(server->cluster, "postgres", conninfo), &store, &(struct err){ 0 }) < 0)
		return false;
	store_close(store);
	return true;
}

/* One look at a server that is starting: 1 it answers, 0 not yet, negative it cannot be started. */
static int poll_start(struct server *server, int64_t begun_ns, struct err *err)
{
	int64_t waited_ns = time_monotonic_ns() - begun_ns;
	char reason[256];
	int status;

	if (reap(server, &status)) {
		if (waited_ns > SERVER_RETRY_MAX_S * NS_PER_S) {
			cluster_last_log(server->cluster, reason, sizeof(reason));
			return err_set(err, ERR_FAILED, "could not start PostgreSQL: %s; see \"%s\"",
				       *reason ? reason : "it ended at once", server->cluster->log);
		}
		back_off(server);
	}
	if (!server->pid && time_monotonic_ns() >= server->not_before_ns)
		return spawn(server, err);
	if (server->pid && answers(server))
		return 1;
	if (waited_ns > SERVER_START_MAX_S * NS_PER_S)
		return err_set(err, ERR_FAILED, "PostgreSQL did not answer within %d s; see \"%s\"",
			       SERVER_START_MAX_S, server->cluster->log);
	return 0;
}

int server_start(struct server *server, const struct cluster *cluster, struct err *err)
{
	int64_t begun_ns = time_monotonic_ns();
	int code = 0;

	*server = (struct server){ .cluster = cluster };
	while (code == 0) {
		signals_wait(POLL_MS);
		if (signals_stop_wanted())
			code = err_set(err, ERR_AGAIN, "told to stop while the database was starting");
		else
			code = poll_start(server, begun_ns, err);
	}
	if (code < 0) {
		server_stop(server);
		return code;
	}
	server->is_up = true;
	server->backoff_ns = 0;
	return 0;
}

/* Until the next thing that may be due: a start, or the news that one has succeeded. */
static int next_look_ms(const struct server *server, int longest_ms)
{
	int64_t wait_ms = POLL_MS;

	if (server->is_up)
		return longest_ms;
	if (!server->pid)
		wait_ms = (server->not_before_ns - time_monotonic_ns()) / NS_PER_MS + 1;
	return wait_ms < 1 ? 1 : wait_ms < longest_ms ? (int)wait_ms : longest_ms;
}

int server_watch(struct server *server, int longest_ms)
{
	struct err err = { 0 };
	char reason[256];
	int status;

	if (!server->cluster)
		return longest_ms;
	if (server->pid && !server->is_up)
		server->is_up = cluster_is_ready(server->cluster, server->pid);
	if (reap(server, &status)) {
		cluster_last_log(server->cluster, reason, sizeof(reason));
		log_error("database-died", "PostgreSQL ended with %s %d: %s; it will be started again",
			  WIFSIGNALED(status) ? "signal" : "status",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), reason);
		back_off(server);
		server->is_up = false;
	}
	if (server->pid || time_monotonic_ns() < server->not_before_ns)
		return next_look_ms(server, longest_ms);
	if (spawn(server, &err) < 0) {
		log_error("database-start-failed", "%s", err.message);
		back_off(server);
	} else {
		log_info("database-started", "PostgreSQL is started again (process %d)", (int)server->pid);
	}
	return next_look_ms(server, longest_ms);
}

void server_stop(struct server *server)
{
	int64_t until_ns = time_monotonic_ns() + SERVER_STOP_MAX_S * NS_PER_S;
	bool is_forced = false;
	int status;

	if (!server->pid)
		return;
	kill(server->pid, SIGINT);
	while (!reap(server, &status)) {
		if (!is_forced && time_monotonic_ns() > until_ns) {
			log_warn("database-stop-slow", "PostgreSQL did not stop within %d s and is ended at once",
				 SERVER_STOP_MAX_S);
			kill(server->pid, SIGQUIT);
			is_forced = true;
		}
		signals_wait(POLL_MS);
	}
	server->cluster = NULL;
}
