#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/ask.h"
#include "cli/collector.h"
#include "cli/commands.h"
#include "json/json.h"

#define UP_WAIT_NS    (60 * NS_PER_S) /* a first start makes the database */
#define UP_POLL_NS    (100 * NS_PER_MS)
#define UP_ASK_NS     (2 * NS_PER_S)
#define UP_LOG_MAX    (1u << 20) /* bytes of log that are followed */
#define STATE_MODE    0750
#define LOG_MODE      0640
#define EXIT_NOT_EXEC 127

struct up_conf {
	const char *state, *intake;
	bool no_wait;
};

static const struct opt opts[] = {
	OPT(up_conf, state, "state", 0, OPT_TEXT, "DIR", NULL,
	    "state folder; else /var/lib/clewline for root, ~/.local/state/clewline for others"),
	OPT(up_conf, intake, "intake", 0, OPT_TEXT, "URL", NULL,
	    "where agents send batches, instead of intake.sock in the state folder"),
	OPT(up_conf, no_wait, "no-wait", 0, OPT_FLAG, NULL, NULL, "return at once, not when it answers"),
	OPT_END,
};

struct start {
	char state[STATE_PATH_MAX], program[STATE_PATH_MAX], log_path[STATE_PATH_MAX];
	const char *intake;
	int log;
	off_t log_seen;		  /* offset of what is not shown yet */
	struct strbuf last_error; /* the last error of this start, or else its last line */
	bool has_error;
};

/*
 * The state folder may belong to the collector's user while this runs as root: a link put there must not lead root's
 * hand to another file.
 */
static int open_log(struct start *start, struct err *err)
{
	struct stat st;

	if (folder_create(start->state, STATE_MODE, err) < 0 ||
	    state_path(start->state, STATE_LOG, start->log_path, err) < 0)
		return err->code;
	start->log = open(start->log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, LOG_MODE);
	if (start->log < 0)
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_FAILED, "could not open \"%s\"",
				 start->log_path);
	if (fstat(start->log, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_set(err, ERR_DENIED, "cannot write \"%s\": it is not a file of its own", start->log_path);
	start->log_seen = st.st_size;
	return 0;
}

/* Runs in the child; only calls that are safe after a fork. */
static void become_collector(const struct start *start, int null)
{
	const char *args[] = { start->program, "--state", start->state, start->intake ? "--intake" : NULL,
			       start->intake,  NULL };

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(start->log, STDOUT_FILENO);
	dup2(start->log, STDERR_FILENO);
	if (chdir("/") == 0)
		execv(start->program, (char *const *)args);
	_exit(EXIT_NOT_EXEC);
}

static int start_collector(struct start *start, pid_t *ret_pid, struct err *err)
{
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return err_errno(err, ERR_FAILED, "could not open /dev/null");
	/* CLEWLINE_API says where secctl asks; the collector of this machine answers in its state folder. */
	unsetenv("CLEWLINE_API");
	*ret_pid = fork();
	if (*ret_pid < 0)
		return err_errno(err, ERR_FAILED, "could not start %s", start->program);
	if (*ret_pid == 0)
		become_collector(start, null);
	return 0;
}

static void show_line(struct start *start, const char *line, size_t length)
{
	AUTO_STRBUF text = STRBUF_INIT;
	bool is_error;

	if (!collector_log_line(line, length, &text, &is_error))
		return;
	fprintf(stderr, "  %s\n", text.data);
	if (start->has_error && !is_error)
		return;
	start->has_error = is_error;
	strbuf_clear(&start->last_error);
	strbuf_adds(&start->last_error, text.data);
}

/* What the collector wrote since the last look, whole lines only. */
static void follow_log(struct start *start)
{
	AUTO_FREE char *text = malloc(UP_LOG_MAX);
	ssize_t length = text ? pread(start->log, text, UP_LOG_MAX, start->log_seen) : 0;
	const char *at = text, *newline;

	while (length > 0 && (newline = memchr(at, '\n', (size_t)(text + length - at)))) {
		show_line(start, at, (size_t)(newline - at));
		start->log_seen += newline + 1 - at;
		at = newline + 1;
	}
}

static bool answers(const char *state)
{
	const struct ask_conf conf = { .state = state };
	const struct ask question = { .method = "GET", .target = "/v1/health", .timeout_ns = UP_ASK_NS };
	AUTO_JSON answer = NULL;

	return ask_json(&conf, &question, &answer, NULL) == 0;
}

static int report_end(struct start *start, int status, struct err *err)
{
	follow_log(start);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_EXEC)
		return err_set(err, ERR_FAILED, "could not run \"%s\"", start->program);
	return err_set(err, ERR_FAILED, "the collector did not start: %s (log: %s)",
		       start->last_error.length ? start->last_error.data : "it said nothing", start->log_path);
}

static int wait_until_ready(struct start *start, pid_t pid, struct err *err)
{
	const struct timespec pause = { .tv_nsec = UP_POLL_NS };
	int64_t end = time_monotonic_ns() + UP_WAIT_NS;
	int status;

	while (time_monotonic_ns() < end) {
		follow_log(start);
		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			return report_end(start, status, err);
		if (answers(start->state)) {
			follow_log(start);
			return 0;
		}
		nanosleep(&pause, NULL);
	}
	return err_set(err, ERR_FAILED,
		       "the collector does not answer after %lld s%s%s; it goes on starting (log: %s)",
		       (long long)(UP_WAIT_NS / NS_PER_S), start->last_error.length ? ": " : "",
		       start->last_error.data, start->log_path);
}

static int start_and_wait(struct start *start, bool wait, struct err *err)
{
	pid_t pid = 0;

	if (collector_program("seccollector", start->program, err) < 0 || open_log(start, err) < 0)
		return err->code;
	fprintf(stderr, "starting the collector and its database (state: %s)\n", start->state);
	if (start_collector(start, &pid, err) < 0)
		return err->code;
	if (!wait) {
		fprintf(stderr, "process %d; secctl status tells when it is ready\n", (int)pid);
		return 0;
	}
	if (wait_until_ready(start, pid, err) < 0)
		return err->code;
	fprintf(stderr, "ready (process %d)\n", (int)pid);
	return 0;
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct up_conf *conf = options;
	struct start start = { .intake = conf->intake, .log = -1, .last_error = STRBUF_INIT };
	pid_t pid;
	int code;

	if (state_folder(conf->state, start.state, err) < 0)
		return err->code;
	AUTO_FD int handle = collector_open(start.state, &pid, err);
	if (handle < 0)
		return err->code;
	if (handle > 0) {
		fprintf(stderr, "already running (process %d, state: %s)\n", (int)pid, start.state);
		start.log_seen = INT64_MAX;
		return conf->no_wait ? 0 : wait_until_ready(&start, 0, err);
	}
	handle = -1;
	code = start_and_wait(&start, !conf->no_wait, err);
	if (code < 0)
		*ret_exit = code == ERR_DENIED ? 0 : err_exit_code(ERR_FAILED);
	strbuf_fini(&start.last_error);
	close_fd(&start.log);
	return code;
}

const struct command up_command = {
	.name = "up",
	.summary = "start the collector and its database on this machine, and wait until they answer",
	.details = "Examples:\n"
		   "  secctl up\n"
		   "  secctl up --state ~/clewline-test\n"
		   "  secctl up --no-wait\n"
		   "\n"
		   "Started as root, everything runs as the system user clewline. What it prints goes to "
		   "collector.log in\n"
		   "the state folder. Running already is fine.",
	.opts = opts,
	.conf_size = sizeof(struct up_conf),
	.run = run,
};
