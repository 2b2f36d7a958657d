#include "cloudtrail/run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "bus/sender.h"
#include "cloudtrail/detect.h"
#include "cloudtrail/source/seen.h"
#include "cloudtrail/ship.h"
#include "cloudtrail/unread.h"
#include "cloudtrail/source/finished.h"
#include "cloudtrail/source/reader.h"
#include "conf/state.h"
#include "enrol/options.h"

#define PENDING_FILES_MAX   256 /* read before the spool is made durable and they count as finished */
#define SPOOLED_BATCHES_MAX 256 /* waiting for the collector before reading pauses: files wait better than a spool */
#define FLUSH_STEP_NS	    NS_PER_S
#define SPOOL_NAME	    "spool/cloudtrail"
#define IDENTITY_NAME	    "identity/cloudtrail"
#define ALERT_ARENA_MAX	    (32u << 20)

struct run_conf {
	const char *files;
	const char *collector;
	const char *spool;
	const char *state;
	struct enrol_conf enrol;
	struct opt_list rules, policies;
	struct rule_choice choice;
	int64_t interval_ns;
	int64_t patience_ns;
	bool once;
};

static const struct opt run_opts[] = {
	OPT(run_conf, files, "files", 0, OPT_TEXT, "DIR", NULL, "folder to read, such as a copy of a trail's bucket"),
	OPT(run_conf, collector, "collector", 0, OPT_TEXT, "URL", NULL,
	    "intake of the collector: tls+tcp://HOST:PORT, or on this machine ipc:///PATH; default: intake.sock in "
	    "the "
	    "state folder"),
	ENROL_OPTS(run_conf, enrol, "identity/cloudtrail"),
	OPT(run_conf, spool, "spool", 0, OPT_TEXT, "DIR", NULL,
	    "folder for what waits to be sent and which files are done; default: spool/cloudtrail in the state "
	    "folder"),
	OPT(run_conf, state, "state", 0, OPT_TEXT, "DIR", NULL, "the state folder"),
	OPT(run_conf, rules, "rules", 'r', OPT_LIST, "RULES", NULL,
	    "rule file or folder; default: the built-in rules"),
	OPT(run_conf, policies, "policy", 0, OPT_LIST, "POLICIES", NULL,
	    "policy file or folder: only rules in a policy count, where its scope says; default: the built-in "
	    "policies, and every rule counts"),
	RULE_CHOICE_OPTS(run_conf, choice),
	OPT(run_conf, interval_ns, "interval", 0, OPT_DURATION, "TIME", "10s",
	    "time between two looks for new files"),
	OPT(run_conf, patience_ns, "patience", 0, OPT_DURATION, "TIME", "15s",
	    "with --once: how long to go on without an acknowledgement"),
	OPT(run_conf, once, "once", 0, OPT_FLAG, NULL, NULL,
	    "read what is there, wait for the acknowledgement, and exit"),
	OPT_END,
};

struct run {
	const struct run_conf *conf;
	struct detect *detect;
	struct enrolment *enrolment; /* NULL where the collector wants no certificate */
	struct sender *sender;
	struct reader *reader;
	struct finished *finished;
	struct unread *unread;
	struct seen *told;  /* problems already logged */
	struct seen *bad;   /* files that had problems: read again only when they change */
	struct arena arena; /* of one record's alerts */
	size_t pending;	    /* files read since they were last made durable */
	uint64_t alerts;
	int signals;
	bool stopping;
	char spool[STATE_PATH_MAX], url[STATE_PATH_MAX + 8];
};

/* Takes signals until none comes for timeout_ms. Called between two records only: SIGHUP changes the rules. */
static bool stop_wanted(struct run *run, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = run->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	while (!run->stopping && poll(&poll_fd, 1, timeout_ms) > 0) {
		if (read(run->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
			continue;
		if (info.ssi_signo == SIGHUP)
			detect_renew(run->detect);
		else
			run->stopping = true;
	}
	return run->stopping;
}

static int take_record(void *context, const struct record *record, struct err *err)
{
	struct run *run = context;
	struct alert *alerts;
	int count;

	arena_reset(&run->arena);
	count = detect_record(run->detect, record, &run->arena, &alerts, err);
	if (count < 0)
		return count;
	run->alerts += (uint64_t)count;
	return ship_record(run->sender, record, alerts, (size_t)count, err);
}

static void take_problem(void *context, const char *line)
{
	struct run *run = context;

	if (!seen_before(run->told, line, strlen(line)))
		log_warn("cloudtrail-unreadable", "%s", line);
}

/* The open batch goes to disk, and only then do the files it came from count as finished, or as told to be unreadable. */
static int settle(struct run *run, struct err *err)
{
	int code = sender_flush(run->sender, 0, err);

	if (code < 0 && code != ERR_UNREACHABLE)
		return code;
	run->pending = 0;
	return finished_save(run->finished, err) < 0 ? (int)err->code : unread_save(run->unread, err);
}

/* Waits until fewer than limit batches wait for the collector. With --once it gives up after patience without progress. */
static int wait_for_collector(struct run *run, uint64_t limit, struct err *err)
{
	int64_t since = time_monotonic_ns();
	struct sender_state state;
	uint64_t acked = 0;

	for (;;) {
		int code = sender_flush(run->sender, FLUSH_STEP_NS, err);

		if (code < 0 && code != ERR_UNREACHABLE)
			return code;
		sender_state(run->sender, &state);
		if (code == 0 || state.batches_spooled < limit || stop_wanted(run, 0))
			return 0;
		if (state.batches_acked > acked)
			since = time_monotonic_ns();
		acked = state.batches_acked;
		if (run->conf->once && time_monotonic_ns() - since >= run->conf->patience_ns)
			return code;
	}
}

static int after_file(struct run *run, struct err *err)
{
	struct sender_state state;
	int code = 0;

	if (++run->pending >= PENDING_FILES_MAX)
		code = settle(run, err);
	sender_state(run->sender, &state);
	if (code == 0 && state.batches_spooled >= SPOOLED_BATCHES_MAX)
		code = settle(run, err);
	if (code == 0 && state.batches_spooled >= SPOOLED_BATCHES_MAX)
		code = wait_for_collector(run, SPOOLED_BATCHES_MAX / 2, err);
	return code;
}

/* A batch of its own, so that the span is that of this file alone. */
static int declare(struct run *run, const struct walk_file *file, uint64_t problems, struct err *err)
{
	int code = settle(run, err);

	if (code == 0)
		code = unread_declare(run->unread, run->sender, file, problems, err);
	if (code > 0)
		code = settle(run, err);
	return code < 0 ? code : after_file(run, err);
}

static int take_file(void *context, const struct walk_file *file, struct err *err)
{
	struct run *run = context;
	AUTO_STRBUF key = STRBUF_INIT;
	uint64_t problems;

	if (stop_wanted(run, 0))
		return ERR_AGAIN;
	strbuf_addf(&key, "%lld %lld %s", (long long)file->size, (long long)file->modified_ns, file->path);
	if (finished_has(run->finished, file) || seen_has(run->bad, key.data, key.length))
		return 0;
	if (reader_file(run->reader, file->path, &problems, err) < 0)
		return err->code;
	if (!problems)
		return finished_add(run->finished, file, err) < 0 ? (int)err->code : after_file(run, err);
	seen_before(run->bad, key.data, key.length);
	return declare(run, file, problems, err);
}

static int take_walk_problem(void *context, const char *folder, const struct err *problem, struct err *err)
{
	struct run *run = context;
	int code;

	reader_problem(run->reader, problem);
	if (stop_wanted(run, 0))
		return ERR_AGAIN;
	if (!folder || unread_knows_folder(run->unread, folder, time_now_ns()))
		return 0;
	code = settle(run, err);
	if (code == 0)
		code = unread_declare_folder(run->unread, run->sender, folder, time_now_ns(), err);
	return code < 0 ? code : settle(run, err);
}

/* One look at everything; 0 also when a signal cut it short. */
static int look(struct run *run, struct err *err)
{
	struct walk_visitor visitor = { .file = take_file, .problem = take_walk_problem, .context = run };
	char *paths[] = { (char *)run->conf->files, NULL };
	struct walk_counts counts = { 0 };
	int code = walk(paths, &visitor, &counts, err);

	if (code < 0 && !run->stopping)
		return code;
	return settle(run, err);
}

static int set_paths(struct run *run, struct err *err)
{
	const struct run_conf *conf = run->conf;
	char state[STATE_PATH_MAX] = "", socket[STATE_PATH_MAX];

	if ((!conf->spool || !conf->collector) && state_folder(conf->state, state, err) < 0)
		return err->code;
	if (conf->spool)
		snprintf(run->spool, sizeof(run->spool), "%s", conf->spool);
	else if (state_path(state, SPOOL_NAME, run->spool, err) < 0)
		return err->code;
	if (conf->collector)
		snprintf(run->url, sizeof(run->url), "%s", conf->collector);
	else if (state_path(state, STATE_INTAKE_SOCKET, socket, err) < 0)
		return err->code;
	else
		snprintf(run->url, sizeof(run->url), "ipc://%s", socket);
	return 0;
}

static int open_spool(struct run *run, struct err *err)
{
	char batches[STATE_PATH_MAX], finished[STATE_PATH_MAX], unread[STATE_PATH_MAX];
	struct sender_conf conf = { .url = run->url, .spool = batches };

	if (set_paths(run, err) < 0 || state_path(run->spool, "batches", batches, err) < 0 ||
	    state_path(run->spool, "finished", finished, err) < 0 ||
	    state_path(run->spool, "unread", unread, err) < 0 || folder_create(run->spool, 0700, err) < 0)
		return err->code;
	conf.origin = (struct origin){
		.mode = ORIGIN_CLOUDTRAIL,
		.agent = detect_hostname(run->detect),
		.hostname = detect_hostname(run->detect),
		.version = CLEWLINE_VERSION,
	};
	if (finished_open(finished, &run->finished, err) < 0 || unread_open(unread, &run->unread, err) < 0 ||
	    enrol_from_options(&run->conf->enrol, run->url, run->conf->state, IDENTITY_NAME, &run->enrolment, err) <
		    0)
		return err->code;
	if (run->enrolment) {
		conf.tls = enrolment_tls(run->enrolment);
		conf.heard = enrolment_heard;
		conf.heard_context = run->enrolment;
	}
	return sender_open(&conf, &run->sender, err);
}

/* Blocked before the sender starts its thread, which inherits the mask. */
static int catch_signals(struct run *run, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	run->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return run->signals < 0 ? err_errno(err, ERR_FAILED, "could not watch signals") : 0;
}

static int run_open(struct run *run, struct err *err)
{
	struct reader_sink sink = { .record = take_record, .problem = take_problem, .context = run };

	const struct detect_conf detect = { &run->conf->rules, &run->conf->policies, &run->conf->choice };

	arena_init(&run->arena, ALERT_ARENA_MAX);
	run->told = seen_new();
	run->bad = seen_new();
	if (!run->told || !run->bad)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (detect_open(&detect, &run->detect, err) < 0 || reader_open(&sink, &run->reader, err) < 0 ||
	    catch_signals(run, err) < 0)
		return err->code;
	return open_spool(run, err);
}

static void run_close(struct run *run)
{
	sender_close(run->sender);
	enrolment_close(run->enrolment);
	finished_close(run->finished);
	unread_close(run->unread);
	reader_close(run->reader);
	detect_close(run->detect);
	seen_free(run->told);
	seen_free(run->bad);
	arena_fini(&run->arena);
	close_fd(&run->signals);
}

static int serve(struct run *run, struct err *err)
{
	int code;

	do {
		code = look(run, err);
	} while (code == 0 && !run->conf->once && !stop_wanted(run, (int)(run->conf->interval_ns / NS_PER_MS)));
	if (code == 0 && run->conf->once)
		code = wait_for_collector(run, 1, err);
	return code;
}

static void report(const struct run *run, int *ret_exit)
{
	const struct reader_counts *counts = reader_counts(run->reader);
	struct sender_state state;

	sender_state(run->sender, &state);
	log_info("cloudtrail-read",
		 "%llu records, %llu alerts, %llu duplicates, %llu problems; %llu batches wait in \"%s\"",
		 (unsigned long long)counts->records, (unsigned long long)run->alerts,
		 (unsigned long long)counts->duplicates, (unsigned long long)counts->problems,
		 (unsigned long long)state.batches_spooled, run->spool);
	if (state.batches_rejected)
		log_error("batches-rejected",
			  "the collector rejected %llu batches; they are kept in \"%s/batches/dead\"",
			  (unsigned long long)state.batches_rejected, run->spool);
	if (run->conf->once && (counts->problems || state.batches_rejected))
		*ret_exit = err_exit_code(counts->problems && counts->not_found == counts->problems ? ERR_NOT_FOUND
												    : ERR_FAILED);
}

static int run_run(const void *conf, int argc, char **argv, int *ret_exit, struct err *err)
{
	struct run run = { .conf = conf, .signals = -1 };
	int code;

	(void)argc;
	(void)argv;
	if (!run.conf->files)
		return err_set(err, ERR_USAGE, "missing option --files DIR");
	log_setup("seccloudtrail", LOG_LEVEL_INFO);
	code = run_open(&run, err);
	if (code == 0)
		code = serve(&run, err);
	if (run.sender)
		report(&run, ret_exit);
	run_close(&run);
	if (code < 0)
		*ret_exit = err_exit_code(code);
	return code;
}

const struct command run_command = {
	.name = "run",
	.summary = "read CloudTrail files as they come, apply rules, and ship records and alerts to the collector",
	.details = "A file counts as done when everything of it is on disk in the spool. With --once the exit code "
		   "is 8 if the\n"
		   "collector cannot be reached: what was read waits in the spool, and the next run sends it. SIGHUP "
		   "reads\n"
		   "rules and policies again. What cannot be read, or entered, is declared to the collector as a "
		   "loss, with "
		   "the\n"
		   "time that the file or folder is of.\n\n"
		   "  seccloudtrail run --files /srv/trail-bucket\n"
		   "  seccloudtrail run --once --files ./bucket --collector ipc:///tmp/clewline/intake.sock",
	.opts = run_opts,
	.conf_size = sizeof(struct run_conf),
	.args_max = 0,
	.run = run_run,
};
