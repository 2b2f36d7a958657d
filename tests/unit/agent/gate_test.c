/* The sidecar's side of the handshake, with launchers of all versions, whose hellos are made by hand. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/gate.h"

#define URI "http://169.254.170.2/v4/0123456789abcdef"

struct answer {
	struct launch_reply reply;
	char reason[LAUNCH_REASON_MAX + 1];
};

static char path[64];
static struct gate *gate;
static sem_t woken;

static void wake(void *context)
{
	(void)context;
	sem_post(&woken);
}

static int open_gate(void **state)
{
	const struct gate_conf conf = { .path = path, .wake = wake };
	struct err err = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "/tmp/gate_test.%d", getpid());
	return sem_init(&woken, 0, 0) < 0 || gate_open(&conf, &gate, &err) < 0 ? -1 : 0;
}

static int close_gate(void **state)
{
	(void)state;
	gate_close(gate);
	return sem_destroy(&woken);
}

/* In one message, as launchers do: a sidecar that refuses a hello hangs up without having read the rest. */
static int knock(const struct launch_hello *hello, const char *uri)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char message[sizeof(*hello) + LAUNCH_URI_MAX];
	size_t length = sizeof(*hello) + strlen(uri);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	memcpy(message, hello, sizeof(*hello));
	memcpy(message + sizeof(*hello), uri, strlen(uri));
	assert_int_equal(send(fd, message, length, MSG_NOSIGNAL), (int)length);
	return fd;
}

static struct answer hear(int fd)
{
	struct answer answer = { 0 };

	assert_int_equal(recv(fd, &answer.reply, sizeof(answer.reply), MSG_WAITALL), sizeof(answer.reply));
	assert_int_equal(answer.reply.magic, LAUNCH_MAGIC);
	assert_true(answer.reply.reason_length <= LAUNCH_REASON_MAX);
	if (answer.reply.reason_length)
		assert_int_equal(recv(fd, answer.reason, answer.reply.reason_length, MSG_WAITALL),
				 answer.reply.reason_length);
	close(fd);
	return answer;
}

/* What a launcher of that version hears when the tracer answers with verdict. */
static struct answer answered(uint16_t version, enum launch_verdict verdict)
{
	const struct launch_hello hello = { LAUNCH_MAGIC, version, sizeof(URI) - 1 };
	const struct filter filter = { .count = 0 };
	struct gate_request request = { 0 };
	int fd = knock(&hello, URI);

	assert_int_equal(sem_wait(&woken), 0);
	assert_true(gate_take(gate, &request));
	assert_int_equal(request.pid, getpid());
	assert_string_equal(request.uri, URI);
	gate_answer(&request, verdict, &filter, verdict == LAUNCH_GO ? NULL : "for a reason");
	return hear(fd);
}

static void every_version_is_answered_in_its_own(void **state)
{
	(void)state;
	for (uint16_t version = LAUNCH_VERSION_MIN; version <= LAUNCH_VERSION; version++) {
		struct answer answer = answered(version, LAUNCH_GO);

		assert_int_equal(answer.reply.version, version);
		assert_int_equal(answer.reply.verdict, LAUNCH_GO);
		assert_int_equal(answered(version, LAUNCH_DENY).reply.verdict, LAUNCH_DENY);
	}
}

/* An old launcher would take it for a refusal, and not start the command at all. */
static void a_launcher_that_knows_no_inside_is_not_told_of_it(void **state)
{
	struct answer old = answered(1, LAUNCH_INSIDE), new = answered(LAUNCH_VERSION_INSIDE, LAUNCH_INSIDE);

	(void)state;
	assert_int_equal(old.reply.version, 1);
	assert_int_equal(old.reply.verdict, LAUNCH_UNFILTERED);
	assert_string_equal(old.reason, "for a reason");
	assert_int_equal(new.reply.verdict, LAUNCH_INSIDE);
}

static void a_newer_launcher_hears_what_is_spoken_here(void **state)
{
	const struct launch_hello hello = { LAUNCH_MAGIC, LAUNCH_VERSION + 1, sizeof(URI) - 1 };
	struct gate_request request;
	struct answer answer;

	(void)state;
	answer = hear(knock(&hello, URI));
	assert_int_equal(answer.reply.version, LAUNCH_VERSION);
	assert_int_equal(answer.reply.verdict, LAUNCH_UNFILTERED);
	assert_string_equal(answer.reason, "the launcher is newer than the sensor");
	assert_false(gate_take(gate, &request));
}

static void a_malformed_hello_is_no_launcher(void **state)
{
	const struct launch_hello cases[] = {
		{ LAUNCH_MAGIC + 1, LAUNCH_VERSION, 0 },
		{ LAUNCH_MAGIC, LAUNCH_VERSION_MIN - 1, 0 },
		{ LAUNCH_MAGIC, LAUNCH_VERSION, LAUNCH_URI_MAX + 1 },
	};
	struct gate_request request;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct answer answer = hear(knock(&cases[i], ""));

		assert_int_equal(answer.reply.verdict, LAUNCH_UNFILTERED);
		assert_string_equal(answer.reason, "the hello is malformed");
		assert_false(gate_take(gate, &request));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_is_answered_in_its_own),
		cmocka_unit_test(a_launcher_that_knows_no_inside_is_not_told_of_it),
		cmocka_unit_test(a_newer_launcher_hears_what_is_spoken_here),
		cmocka_unit_test(a_malformed_hello_is_no_launcher),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
