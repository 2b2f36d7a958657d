#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <ftw.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/time.h"
#include "bus/sender.h"
#include "http/http.h"
#include "json/json.h"

#define SKIP	      77
#define OUTPUT_MAX    65536
#define SCAN	      "{\"scanned_at\":\"2026-11-23T10:00:00Z\",\"config_digest\":\"sha256:00ff\",\"findings\":[]}"
#define TOKEN	      "0123456789abcdef0123"
#define TOO_LARGE     (17u << 20)
#define FLUSH_WAIT_NS (60 * NS_PER_S)

static struct {
	char folder[64]; /* holds everything */
	char state[96];
	const char *user;
	pid_t pid;
	int output;
	char text[OUTPUT_MAX]; /* what the collector of the moment printed */
	size_t length;
} t;

/* Starts a collector and reads what it prints until it is ready or ends. */
static pid_t start(const char *const *more, int *ret_output)
{
	const char *args[16] = { CLEWLINE_SECCOLLECTOR, "--user", t.user };
	int pipes[2], count = 3;
	pid_t pid;

	while (*more)
		args[count++] = *more++;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		unsetenv("DATABASE_URL");
		execv(args[0], (char *const *)args);
		_exit(127);
	}
	close(pipes[1]);
	t.length = 0;
	while (t.length < OUTPUT_MAX - 1) {
		ssize_t got = read(pipes[0], t.text + t.length, OUTPUT_MAX - 1 - t.length);

		if (got <= 0)
			break;
		t.length += (size_t)got;
		t.text[t.length] = '\0';
		if (strstr(t.text, " ready: "))
			break;
	}
	t.text[t.length] = '\0';
	*ret_output = pipes[0];
	return pid;
}

static int wait_for(pid_t pid, int output)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs a collector that is expected to end by itself with this exit code and line. */
static void expect_refusal(const char *const *more, int exit_code, const char *line)
{
	int output, code;
	pid_t pid = start(more, &output);

	if (strstr(t.text, " ready: "))
		kill(pid, SIGTERM);
	code = wait_for(pid, output);
	if (code != exit_code || !strstr(t.text, line))
		fail_msg("exit code %d, printed: %s", code, t.text);
}

static void start_default(void)
{
	const char *const more[] = { "--state", t.state, NULL };

	t.pid = start(more, &t.output);
	if (!strstr(t.text, " ready: "))
		fail_msg("printed: %s", t.text);
}

static bool is_in_state(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", t.state, name);
	return file_exists(path);
}

/* Status and body of a request over the Unix socket; the caller decrefs the body. */
static long ask(const char *method, const char *target, const char *body, json_t **ret)
{
	CLEANUP(http_client_close_pointer) struct http_client *client = NULL;
	struct http_reply reply = { 0 };
	struct http_conf conf = { 0 };
	struct err err = { 0 };
	char url[HTTP_URL_MAX];
	long status;

	snprintf(url, sizeof(url), "unix:%s/api.sock", t.state);
	conf.url = url;
	if (http_client_open(&conf, &client, &err) < 0 ||
	    http_request(client, method, target, body, &reply, &err) < 0)
		fail_msg("%s", err.message);
	if (json_parse(target, reply.body, reply.length, ret, &err) < 0)
		fail_msg("%s", err.message);
	status = reply.status;
	http_reply_fini(&reply);
	return status;
}

static void expect_error(const char *method, const char *target, const char *body, long status, const char *text)
{
	AUTO_JSON json = NULL;

	assert_int_equal(ask(method, target, body, &json), status);
	assert_non_null(json_text(json, "error"));
	if (!strstr(json_text(json, "error"), text))
		fail_msg("error is \"%s\"", json_text(json, "error"));
}

static void it_answers_when_it_says_it_is_ready(void **state UNUSED)
{
	AUTO_JSON health = NULL, *status = NULL;

	assert_int_equal(ask("GET", "/v1/health", NULL, &health), 200);
	assert_string_equal(json_text(health, "status"), "ok");
	assert_int_equal(ask("GET", "/v1/status", NULL, &status), 200);
	assert_string_equal(json_text(status, "version"), CLEWLINE_VERSION);
	assert_true(json_is_true(json_at(status, "database", "connected", NULL)));
	assert_true(is_in_state("intake.sock") && is_in_state("collector.pid"));
}

static void requests_that_are_wrong_get_a_status_and_a_sentence(void **state UNUSED)
{
	AUTO_FREE char *large = malloc(TOO_LARGE + 1);

	memset(large, ' ', TOO_LARGE);
	large[TOO_LARGE] = '\0';
	expect_error("GET", "/v1/nothing", NULL, 404, "unrecognized path \"/v1/nothing\"");
	expect_error("POST", "/v1/status", "{}", 405, "takes GET, not POST");
	expect_error("GET", "/v1/alerts?colour=red", NULL, 400, "unrecognized parameter \"colour\"");
	expect_error("GET", "/v1/alerts?limit=1001", NULL, 400, "must be a number from 1 to 1000");
	expect_error("GET", "/v1/alerts?since=yesterday", NULL, 400, "since: time is \"yesterday\"");
	expect_error("GET", "/v1/alerts?priority=urgent", NULL, 400, "unrecognized priority \"urgent\"");
	expect_error("GET", "/v1/events/0-1", NULL, 400, "is not the id of an event");
	expect_error("GET", "/v1/events/00000000-0000-0000-0000-000000000000", NULL, 404, "there is no event");
	expect_error("POST", "/v1/scans", "{", 400, "could not parse \"scan\": line 1");
	expect_error("POST", "/v1/scans", "{\"scanned_at\":\"2026-11-23T10:00:00Z\"}", 400, "config_digest");
	expect_error("POST", "/v1/scans", large, 413, "16 MiB");
}

static void a_scan_is_stored_once_and_can_be_looked_at(void **state UNUSED)
{
	AUTO_JSON first = NULL, *again = NULL, *event = NULL;
	char target[128];

	assert_int_equal(ask("POST", "/v1/scans", SCAN, &first), 201);
	assert_int_equal(ask("POST", "/v1/scans", SCAN, &again), 200);
	assert_string_equal(json_text(first, "event"), json_text(again, "event"));
	snprintf(target, sizeof(target), "/v1/events/%s", json_text(first, "event"));
	assert_int_equal(ask("GET", target, NULL, &event), 200);
	assert_string_equal(json_text(json_object_get(event, "scan"), "config_digest"), "sha256:00ff");
	assert_string_equal(json_text(event, "time"), "2026-11-23T10:00:00Z");
}

static void send_one_alert(void)
{
	static const char *const args[] = { "touch", "\x1b[31m\xff" };
	const struct process process = { .exec_id = 1, .pid = 7, .name = "touch", .args = args, .arg_count = 2 };
	const struct file_change file = { .op = FILE_OP_CREATE, .path = "/usr/bin/x" };
	const struct alert alert = { .rule = "Write below binary dir",
				     .rule_version = "0011223344556677",
				     .priority = PRIORITY_ERROR,
				     .source = "syscall",
				     .output = "below" };
	const struct event event = { .time_ns = 1764158705 * NS_PER_S,
				     .kind = EVENT_FILE,
				     .type = "openat",
				     .process = &process,
				     .file = &file,
				     .alerts = &alert,
				     .alert_count = 1 };
	struct sender_conf conf = { .spool_max = 1 << 20, .flush_ns = NS_PER_S };
	char url[128], spool[128];
	struct sender *sender;
	struct err err = { 0 };

	snprintf(url, sizeof(url), "ipc://%s/intake.sock", t.state);
	snprintf(spool, sizeof(spool), "%s/spool", t.folder);
	conf.url = url;
	conf.spool = spool;
	conf.origin = (struct origin){ .mode = ORIGIN_HOST, .agent = "host-1", .version = "1", .hostname = "host-1" };
	if (sender_open(&conf, &sender, &err) < 0 || sender_add(sender, &event, true, &err) < 0 ||
	    sender_flush(sender, FLUSH_WAIT_NS, &err) < 0)
		fail_msg("%s", err.message);
	sender_close(sender);
}

static void what_an_agent_sends_is_an_alert_with_its_evidence(void **state UNUSED)
{
	AUTO_JSON alerts = NULL, *none = NULL, *event = NULL, *status = NULL;
	const json_t *alert;
	char target[128];

	send_one_alert();
	assert_int_equal(ask("GET", "/v1/alerts?priority=error&rule=Write%20below%20binary%20dir", NULL, &alerts),
			 200);
	assert_int_equal(json_array_size(json_object_get(alerts, "alerts")), 1);
	alert = json_array_get(json_object_get(alerts, "alerts"), 0);
	assert_string_equal(json_text(alert, "priority"), "Error");
	assert_string_equal(json_text(alert, "time"), "2025-11-26T12:05:05Z");
	assert_int_equal(ask("GET", "/v1/alerts?priority=critical", NULL, &none), 200);
	assert_int_equal(json_array_size(json_object_get(none, "alerts")), 0);
	snprintf(target, sizeof(target), "/v1/events/%s", json_text(alert, "event"));
	assert_int_equal(ask("GET", target, NULL, &event), 200);
	assert_string_equal(json_text(json_object_get(event, "file"), "path"), "/usr/bin/x");
	/* A byte that is no UTF-8 is shown as U+FFFD; the escape character is the asker's to escape. */
	assert_string_equal(json_string_value(json_array_get(json_at(event, "process", "args", NULL), 1)),
			    "\x1b[31m\xef\xbf\xbd");
	assert_string_equal(json_text(json_object_get(event, "origin"), "agent"), "host-1");
	assert_int_equal(ask("GET", "/v1/status", NULL, &status), 200);
	assert_int_equal(json_array_size(json_object_get(status, "streams")), 1);
}

static void an_investigation_answers_and_names_what_it_cannot_find(void **state UNUSED)
{
	AUTO_JSON alerts = NULL, *document = NULL;
	char target[128];

	assert_int_equal(ask("GET", "/v1/alerts", NULL, &alerts), 200);
	snprintf(target, sizeof(target), "/v1/investigate?ref=%s&window=1h",
		 json_text(json_array_get(json_object_get(alerts, "alerts"), 0), "id"));
	assert_int_equal(ask("GET", target, NULL, &document), 200);
	assert_string_equal(json_text(json_object_get(document, "subject"), "kind"), "alert");
	assert_int_equal(json_array_size(json_object_get(document, "alerts")), 1);
	expect_error("GET", "/v1/investigate", NULL, 400, "parameter \"ref\" is missing");
	expect_error("GET", "/v1/investigate?ref=al_00000000", NULL, 404, "al_00000000");
	expect_error("GET", "/v1/investigate?ref=x&min_confidence=2", NULL, 400, "must be a number from 0 to 1");
}

static void a_rebuild_can_be_asked_for(void **state UNUSED)
{
	AUTO_JSON answer = NULL, *alerts = NULL;

	assert_int_equal(ask("POST", "/v1/admin/rebuild", NULL, &answer), 200);
	assert_int_equal(json_integer_value(json_object_get(answer, "events")), 2);
	assert_int_equal(ask("GET", "/v1/alerts", NULL, &alerts), 200);
	assert_int_equal(json_array_size(json_object_get(alerts, "alerts")), 1);
}

static void a_second_collector_on_the_folder_says_who_is_first(void **state UNUSED)
{
	const char *const more[] = { "--state", t.state, NULL };
	char line[256];

	snprintf(line, sizeof(line), "a collector already runs on state folder \"%s\" (process %d)", t.state,
		 (int)t.pid);
	expect_refusal(more, 1, line);
	assert_true(is_in_state("intake.sock") && is_in_state("api.sock") && is_in_state("collector.pid"));
}

static void it_is_not_root_and_neither_is_its_database(void **state UNUSED)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)t.pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_not_equal(st.st_uid, 0);
	snprintf(path, sizeof(path), "%s/pg", t.state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_not_equal(st.st_uid, 0);
}

static void a_killed_collector_can_be_started_again_at_once(void **state UNUSED)
{
	AUTO_JSON alerts = NULL;

	kill(t.pid, SIGKILL);
	assert_int_equal(wait_for(t.pid, t.output), 128 + SIGKILL);
	start_default();
	assert_int_equal(ask("GET", "/v1/alerts", NULL, &alerts), 200);
	assert_int_equal(json_array_size(json_object_get(alerts, "alerts")), 1);
}

static void sigterm_stops_all_and_leaves_no_socket(void **state UNUSED)
{
	char path[128];

	kill(t.pid, SIGTERM);
	assert_int_equal(wait_for(t.pid, t.output), 0);
	assert_false(is_in_state("api.sock") || is_in_state("intake.sock") || is_in_state("collector.pid"));
	snprintf(path, sizeof(path), "%s/pg/postmaster.pid", t.state);
	assert_false(file_exists(path));
}

static void an_address_that_somebody_has_is_named(void **state UNUSED)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char url[160], line[256];
	const char *const more[] = { "--state", t.state, "--api", url, NULL };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/other.sock", t.folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	chmod(address.sun_path, 0777);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(url, sizeof(url), "unix:%s", address.sun_path);
	snprintf(line, sizeof(line), "could not listen on \"%s\": another process listens there", address.sun_path);
	expect_refusal(more, 1, line);
}

/* A port of the loopback that this process listens on. */
static int take_port(int *ret_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	*ret_fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*ret_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(*ret_fd, 1), 0);
	assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static void a_port_that_somebody_has_is_named(void **state UNUSED)
{
	AUTO_FD int fd = -1;
	char url[64], line[128];
	const char *const more[] = { "--state", t.state, "--intake", url, NULL };

	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", take_port(&fd));
	snprintf(line, sizeof(line), "\"%s\"", url);
	expect_refusal(more, 1, line);
	assert_non_null(strcasestr(t.text, "address in use"));
}

static void the_network_is_refused_without_authentication(void **state UNUSED)
{
	const char *const api[] = { "--state", t.state, "--api", "tcp://127.0.0.1:1", NULL };
	const char *const intake[] = { "--state", t.state, "--intake", "tcp://0.0.0.0:1", NULL };

	expect_refusal(api, 2, "cannot listen on the network without authentication");
	expect_refusal(intake, 2, "would leave this machine unencrypted and unauthenticated; use tls+tcp://");
}

static int status_with(int port, const char *header)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)port) };
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[512];
	int status = 0;
	ssize_t length;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(text, sizeof(text), "GET /v1/health HTTP/1.0\r\n%s\r\n", header);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	length = read(fd, text, sizeof(text) - 1);
	assert_true(length > 0);
	text[length] = '\0';
	assert_int_equal(sscanf(text, "HTTP/1.%*d %d", &status), 1);
	return status;
}

static void over_tcp_the_token_is_asked_for(void **state UNUSED)
{
	AUTO_FD int fd = -1;
	char url[64], file[128];
	const char *const more[] = { "--state", t.state, "--api", url, "--api-token-file", file, NULL };
	int port = take_port(&fd);

	close(fd);
	fd = -1;
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	snprintf(file, sizeof(file), "%s/token", t.folder);
	assert_int_equal(file_write_atomic(file, TOKEN "\n", strlen(TOKEN "\n"), 0600, NULL), 0);
	t.pid = start(more, &t.output);
	assert_non_null(strstr(t.text, " ready: "));
	assert_int_equal(status_with(port, ""), 401);
	assert_int_equal(status_with(port, "Authorization: Bearer " TOKEN "x\r\n"), 401);
	assert_int_equal(status_with(port, "Authorization: Bearer 0\r\n"), 401);
	assert_int_equal(status_with(port, "Authorization: Bearer " TOKEN "\r\n"), 200);
	kill(t.pid, SIGTERM);
	assert_int_equal(wait_for(t.pid, t.output), 0);
}

static void a_state_folder_that_cannot_work_is_refused(void **state UNUSED)
{
	char deep[256], foreign[128], file[160];
	const char *const too_long[] = { "--state", deep, NULL };
	const char *const strange[] = { "--state", foreign, NULL };
	const char *const nobody[] = { "--state", t.state, "--user", "no-such-user", NULL };

	snprintf(deep, sizeof(deep), "%s/%0100d", t.folder, 1);
	expect_refusal(too_long, 1, "a socket's path has 107 at most");
	if (geteuid() != 0)
		return;
	snprintf(foreign, sizeof(foreign), "%s/home", t.folder);
	snprintf(file, sizeof(file), "%s/letter.txt", foreign);
	assert_int_equal(mkdir(foreign, 0755), 0);
	assert_int_equal(file_write_atomic(file, "x", 1, 0600, NULL), 0);
	expect_refusal(strange, 2, "it is not the collector's, and holds \"letter.txt\"");
	expect_refusal(nobody, 4, "useradd --system --user-group");
}

static int set_up(void **state UNUSED)
{
	static const char *const users[] = { "clewline", "postgres", "nobody" };

	strcpy(t.folder, "/tmp/clewline-test-XXXXXX");
	if (!mkdtemp(t.folder) || chmod(t.folder, 0777) < 0)
		return -1;
	snprintf(t.state, sizeof(t.state), "%s/state", t.folder);
	t.user = "clewline";
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		if (getpwnam(users[i])) {
			t.user = users[i];
			break;
		}
	}
	start_default();
	return 0;
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *at UNUSED)
{
	return remove(path);
}

static int tear_down(void **state UNUSED)
{
	nftw(t.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_answers_when_it_says_it_is_ready),
		cmocka_unit_test(requests_that_are_wrong_get_a_status_and_a_sentence),
		cmocka_unit_test(a_scan_is_stored_once_and_can_be_looked_at),
		cmocka_unit_test(what_an_agent_sends_is_an_alert_with_its_evidence),
		cmocka_unit_test(an_investigation_answers_and_names_what_it_cannot_find),
		cmocka_unit_test(a_rebuild_can_be_asked_for),
		cmocka_unit_test(a_second_collector_on_the_folder_says_who_is_first),
		cmocka_unit_test(it_is_not_root_and_neither_is_its_database),
		cmocka_unit_test(a_killed_collector_can_be_started_again_at_once),
		cmocka_unit_test(sigterm_stops_all_and_leaves_no_socket),
		cmocka_unit_test(an_address_that_somebody_has_is_named),
		cmocka_unit_test(a_port_that_somebody_has_is_named),
		cmocka_unit_test(the_network_is_refused_without_authentication),
		cmocka_unit_test(over_tcp_the_token_is_asked_for),
		cmocka_unit_test(a_state_folder_that_cannot_work_is_refused),
	};
	glob_t found = { 0 };
	int missing = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found);

	globfree(&found);
	if (missing) {
		fprintf(stderr, "skipped: PostgreSQL is not installed\n");
		return SKIP;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
