#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/ask.h"
#include "cli/collector.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

#define FORMATS	      (1u << TABLE_TEXT | 1u << TABLE_JSON)
#define SYSTEM_USER   "clewline"
#define ASK_NS	      (5 * NS_PER_S)
#define CLOCK_AWAY_MS 10000
#define SILENT_NS     (15 * 60 * NS_PER_S)
#define TEXT_MAX      512
#define DISK_FREE_MIN 5 /* percent */

struct doctor_conf {
	struct ask_conf ask;
	const char *output;
};

static const struct opt opts[] = {
	OPT(doctor_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(doctor_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "check", .title = "CHECK" },
	{ .name = "result", .title = "RESULT" },
	{ .name = "finding", .title = "FINDING" },
	{ .name = "mend", .title = "MEND WITH" },
};

struct visit {
	const struct doctor_conf *conf;
	char state[STATE_PATH_MAX];
	json_t *status; /* answer of the collector, NULL if there is none */
};

struct finding {
	bool is_bad;
	char text[TEXT_MAX], mend[TEXT_MAX];
};

static void say(struct finding *finding, bool is_bad, const char *text, const char *mend)
{
	finding->is_bad = is_bad;
	snprintf(finding->text, TEXT_MAX, "%s", text);
	snprintf(finding->mend, TEXT_MAX, "%s", is_bad ? mend : "");
}

static void check_programs(struct visit *visit UNUSED, struct finding *finding)
{
	static const char *const names[] = { "seccollector", "secagent", "seclaunch", "seccloudtrail", "secscan" };
	char path[STATE_PATH_MAX];
	AUTO_STRBUF missing = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (collector_program(names[i], path, NULL) < 0)
			strbuf_addf(&missing, "%s%s", missing.length ? ", " : "missing: ", names[i]);
	}
	say(finding, missing.length, missing.length ? missing.data : "all programs are here",
	    "cmake --preset release && ninja -C build/release");
}

static void check_postgresql(struct visit *visit UNUSED, struct finding *finding)
{
	bool is_external = getenv("DATABASE_URL") && *getenv("DATABASE_URL");

	if (is_external)
		say(finding, false, "DATABASE_URL names another server", "");
	else if (access("/usr/lib/postgresql/15/bin/postgres", X_OK) == 0)
		say(finding, false, "PostgreSQL 15 is installed", "");
	else
		say(finding, true, "PostgreSQL 15 is not installed", "apt-get install postgresql-15");
}

static void check_user(struct visit *visit UNUSED, struct finding *finding)
{
	if (geteuid() != 0)
		say(finding, false, "not root: everything runs as you", "");
	else if (getpwnam(SYSTEM_USER))
		say(finding, false, "the system user " SYSTEM_USER " exists", "");
	else
		say(finding, true, "the system user " SYSTEM_USER " does not exist",
		    "useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin " SYSTEM_USER);
}

static void check_state(struct visit *visit, struct finding *finding)
{
	struct stat st;
	char text[TEXT_MAX], mend[TEXT_MAX];

	snprintf(text, sizeof(text), "%s", visit->state);
	snprintf(mend, sizeof(mend), "secctl up --state %s", visit->state);
	if (stat(visit->state, &st) < 0) {
		snprintf(text, sizeof(text), "%s: %s", visit->state, strerror(errno));
		say(finding, true, text, errno == ENOENT ? mend : "sudo secctl doctor");
	} else if (st.st_mode & S_IWOTH) {
		snprintf(text, sizeof(text), "%s: everybody may write there", visit->state);
		snprintf(mend, sizeof(mend), "chmod o-w %s", visit->state);
		say(finding, true, text, mend);
	} else if (access(visit->state, R_OK | X_OK) < 0) {
		snprintf(text, sizeof(text), "%s: belongs to user %u, you may not read it", visit->state, st.st_uid);
		say(finding, true, text, "usermod --append --groups " SYSTEM_USER " $USER, and a new login");
	} else {
		say(finding, false, text, "");
	}
}

static void check_process(struct visit *visit, struct finding *finding)
{
	char text[TEXT_MAX], mend[TEXT_MAX];
	struct err err = { 0 };
	pid_t pid = 0;
	int handle = collector_open(visit->state, &pid, &err);

	snprintf(mend, sizeof(mend), "secctl up --state %s", visit->state);
	if (handle > 0) {
		snprintf(text, sizeof(text), "process %d", (int)pid);
		close(handle);
		say(finding, false, text, "");
	} else if (visit->status) {
		say(finding, false, "runs elsewhere", "");
	} else {
		say(finding, true, handle < 0 ? err.message : "no collector runs", mend);
	}
}

static void check_sockets(struct visit *visit, struct finding *finding)
{
	static const char *const names[] = { STATE_API_SOCKET, STATE_INTAKE_SOCKET };
	char path[STATE_PATH_MAX], text[TEXT_MAX], mend[TEXT_MAX];

	snprintf(mend, sizeof(mend), "secctl down --state %s; secctl up --state %s", visit->state, visit->state);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (state_path(visit->state, names[i], path, NULL) < 0 || access(path, R_OK | W_OK) == 0)
			continue;
		snprintf(text, sizeof(text), "%s: %s", path, strerror(errno));
		say(finding, true, text, mend);
		return;
	}
	say(finding, false, STATE_API_SOCKET " and " STATE_INTAKE_SOCKET " are there", "");
}

static void check_database(struct visit *visit, struct finding *finding)
{
	char mend[TEXT_MAX], text[TEXT_MAX];

	snprintf(mend, sizeof(mend), "tail %s/" STATE_LOG " %s/" STATE_PG_LOG, visit->state, visit->state);
	if (!visit->status) {
		say(finding, true, "the collector does not answer, or its database is away", mend);
		return;
	}
	snprintf(text, sizeof(text), "connected, schema %s",
		 json_text(json_object_get(visit->status, "database"), "schema")
			 ? json_text(json_object_get(visit->status, "database"), "schema")
			 : "unknown");
	say(finding, false, text, "");
}

/* Upkeep makes days before they come; what has none goes to one partition for all, which questions about any time look into. */
static void check_days(struct visit *visit, struct finding *finding)
{
	const json_t *days = json_object_get(visit->status, "days");
	int64_t ahead = json_integer_value(json_object_get(days, "ahead")),
		without = json_integer_value(json_object_get(days, "events_without"));
	char text[TEXT_MAX], mend[TEXT_MAX];

	snprintf(mend, sizeof(mend), "grep upkeep-failed %s/" STATE_LOG, visit->state);
	snprintf(text, sizeof(text), "%lld days to come have a partition, about %lld events have no day of their own",
		 (long long)ahead, (long long)without);
	say(finding, days && ahead == 0, text, mend);
}

/* An agent that ended in good order is silent as well; that is said, not judged. */
static void check_senders(struct visit *visit, struct finding *finding)
{
	const json_t *streams = json_object_get(visit->status, "streams"), *stream;
	int64_t now = time_now_ns(), seen;
	size_t i, heard = 0;
	char text[TEXT_MAX];

	json_array_foreach (streams, i, stream) {
		const char *last = json_text(stream, "last_seen");

		heard += last && time_parse(last, &seen, NULL) == 0 && now - seen < SILENT_NS;
	}
	snprintf(text, sizeof(text), "%zu known, %zu heard in the last 15 minutes", json_array_size(streams), heard);
	say(finding, visit->status && !json_array_size(streams), text, "secagent run -- true; seccloudtrail run");
}

/* Of those who were heard lately; events of a clock that is wrong stand at the wrong place of every timeline. */
static void check_clocks(struct visit *visit, struct finding *finding)
{
	const json_t *streams = json_object_get(visit->status, "streams"), *stream;
	int64_t now = time_now_ns(), seen;
	size_t i, wrong = 0;
	char text[TEXT_MAX];

	json_array_foreach (streams, i, stream) {
		int64_t ms = json_integer_value(json_object_get(stream, "clock_offset_ms"));
		const char *last = json_text(stream, "last_seen");

		if (last && time_parse(last, &seen, NULL) == 0 && now - seen < SILENT_NS)
			wrong += ms > CLOCK_AWAY_MS || ms < -CLOCK_AWAY_MS;
	}
	snprintf(text, sizeof(text), "%zu senders' clocks are wrong by more than 10s", wrong);
	say(finding, wrong > 0, wrong ? text : "no sender's clock is wrong by more than 10s",
	    "secctl status, and set the clocks of those hosts (timedatectl set-ntp true)");
}

/* What was lost stays lost; that somebody is blind right now can be mended. */
static void check_gaps(struct visit *visit, struct finding *finding)
{
	const json_t *gaps = json_object_get(visit->status, "gaps"), *gap;
	size_t i, open = 0;
	char text[TEXT_MAX];

	json_array_foreach (gaps, i, gap)
		open += json_is_false(json_object_get(gap, "closed"));
	snprintf(text, sizeof(text), "%zu gaps in the last 7 days, %zu of them open", json_array_size(gaps), open);
	say(finding, open > 0, text, "secctl status, and start what has ceased to log or to send");
}

static void check_dead_letters(struct visit *visit, struct finding *finding)
{
	int64_t letters =
		json_integer_value(json_object_get(json_object_get(visit->status, "counts"), "dead_letters"));
	char text[TEXT_MAX], mend[TEXT_MAX];

	snprintf(text, sizeof(text), "%lld frames could not be understood and are kept", (long long)letters);
	snprintf(mend, sizeof(mend),
		 "psql -h %s/pg.sock -U clewline clewline -c 'SELECT received_at, peer, reason FROM dead_letter'",
		 visit->state);
	say(finding, letters > 0, letters > 0 ? text : "no frame was refused", mend);
}

static void check_disk(struct visit *visit, struct finding *finding)
{
	struct statvfs disk;
	char text[TEXT_MAX];
	uint64_t percent;

	if (statvfs(visit->state, &disk) < 0 || disk.f_blocks == 0) {
		say(finding, false, "no folder here to look at", "");
		return;
	}
	percent = (uint64_t)disk.f_bavail * 100 / disk.f_blocks;
	snprintf(text, sizeof(text), "%llu %% of the disk are free (%llu MiB)", (unsigned long long)percent,
		 (unsigned long long)((uint64_t)disk.f_bavail * disk.f_frsize >> 20));
	say(finding, percent < DISK_FREE_MIN, text,
	    "a larger disk for the state folder, or: secctl db retention agent 30");
}

static const struct check {
	const char *name;
	void (*run)(struct visit *visit, struct finding *finding);
} checks[] = {
	{ "programs", check_programs }, { "postgresql", check_postgresql },
	{ "user", check_user },		{ "state folder", check_state },
	{ "collector", check_process }, { "sockets", check_sockets },
	{ "database", check_database }, { "days", check_days },
	{ "senders", check_senders },	{ "clocks", check_clocks },
	{ "gaps", check_gaps },		{ "dead letters", check_dead_letters },
	{ "disk", check_disk },
};

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct doctor_conf *conf = options;
	const struct ask question = { .method = "GET", .target = "/v1/status", .timeout_ns = ASK_NS };
	struct visit visit = { .conf = conf };
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	AUTO_JSON status = NULL;
	enum table_format format;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (screen_format(conf->output, FORMATS, &format, err) < 0 ||
	    state_folder(conf->ask.state, visit.state, err) < 0)
		return err->code;
	if (ask_json(&conf->ask, &question, &status, NULL) == 0)
		visit.status = status;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct finding finding = { 0 };

		checks[i].run(&visit, &finding);
		const char *cells[] = { checks[i].name, finding.is_bad ? "bad" : "ok", finding.text,
					finding.is_bad ? finding.mend : NULL };
		if (table_add(table, cells, err) < 0)
			return err->code;
		if (finding.is_bad)
			*ret_exit = err_exit_code(ERR_FAILED);
	}
	return screen_table(table, format, err);
}

const struct command doctor_command = {
	.name = "doctor",
	.summary = "check what an installation on this machine needs, and say what mends it",
	.details = "Examples:\n"
		   "  secctl doctor\n"
		   "  secctl doctor -o json | jq -r '.[] | select(.result == \"bad\") | .mend'\n"
		   "\n"
		   "Exits with 1 when something is bad.",
	.opts = opts,
	.conf_size = sizeof(struct doctor_conf),
	.run = run,
};
