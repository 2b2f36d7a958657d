/* The launcher's side of the handshake, against sidecars of all kinds. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/launch/client.h"
#include "agent/launch/handshake.h"

#define REFUSED_ERRNO EXFULL /* no kernel answers getppid() like this */
#define URI	      "http://169.254.170.2/v4/0123456789abcdef"

/* A sidecar that answers once. */
struct sidecar {
	char path[64];
	int listener;
	pthread_t thread;
	const void *answer;
	size_t size;
	struct launch_hello hello; /* what it heard */
	char uri[LAUNCH_URI_MAX + 1];
};

static bool hear(int fd, void *out, size_t size)
{
	return size == 0 || recv(fd, out, size, MSG_WAITALL) == (ssize_t)size;
}

static void *serve(void *argument)
{
	struct sidecar *sidecar = argument;
	int fd = accept(sidecar->listener, NULL, NULL);

	if (hear(fd, &sidecar->hello, sizeof(sidecar->hello)) && sidecar->hello.uri_length <= LAUNCH_URI_MAX &&
	    hear(fd, sidecar->uri, sidecar->hello.uri_length))
		send(fd, sidecar->answer, sidecar->size, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void sidecar_start_as(struct sidecar *sidecar, void *(*run)(void *sidecar))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(sidecar->path, sizeof(sidecar->path), "/tmp/launch_test.%d", getpid());
	unlink(sidecar->path);
	strcpy(address.sun_path, sidecar->path);
	sidecar->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sidecar->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(sidecar->listener, 1), 0);
	assert_int_equal(pthread_create(&sidecar->thread, NULL, run, sidecar), 0);
}

static void sidecar_start(struct sidecar *sidecar, const void *answer, size_t size)
{
	*sidecar = (struct sidecar){ .answer = answer, .size = size };
	sidecar_start_as(sidecar, serve);
}

static void sidecar_end(struct sidecar *sidecar)
{
	pthread_join(sidecar->thread, NULL);
	close(sidecar->listener);
	unlink(sidecar->path);
}

static int hand_over(const void *answer, size_t size, struct sidecar *sidecar, struct err *err)
{
	int code;

	sidecar_start(sidecar, answer, size);
	code = client_hand_over(sidecar->path, err);
	sidecar_end(sidecar);
	return code;
}

struct answer {
	struct launch_reply reply;
	char rest[LAUNCH_REASON_MAX];
};

static struct answer with_reason(uint16_t verdict, const char *reason)
{
	struct answer answer = { { LAUNCH_MAGIC, LAUNCH_VERSION, verdict, 0, (uint16_t)strlen(reason) }, "" };

	strcpy(answer.rest, reason);
	return answer;
}

static size_t size_of(const struct answer *answer)
{
	return sizeof(answer->reply) + answer->reply.reason_length;
}

static void the_hello_names_version_and_endpoint(void **state)
{
	struct answer go = with_reason(LAUNCH_GO, "");
	struct sidecar sidecar;
	struct err err = { 0 };

	(void)state;
	setenv("ECS_CONTAINER_METADATA_URI_V4", URI, 1);
	assert_int_equal(hand_over(&go, size_of(&go), &sidecar, &err), 0);
	unsetenv("ECS_CONTAINER_METADATA_URI_V4");
	assert_int_equal(sidecar.hello.magic, LAUNCH_MAGIC);
	assert_int_equal(sidecar.hello.version, LAUNCH_VERSION);
	assert_string_equal(sidecar.uri, URI);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
	struct answer deny = with_reason(LAUNCH_DENY, "not this image");
	struct answer unfiltered = with_reason(LAUNCH_UNFILTERED, "another pid namespace");
	struct answer inside = with_reason(LAUNCH_INSIDE, "another pid namespace");
	struct sidecar sidecar;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(hand_over(&deny, size_of(&deny), &sidecar, &err), ERR_DENIED);
	assert_non_null(strstr(err.message, "not this image"));
	err = (struct err){ 0 };
	assert_int_equal(hand_over(&inside, size_of(&inside), &sidecar, &err), CLIENT_INSIDE);
	assert_string_equal(err.message, "the sensor cannot watch this process: another pid namespace");
	assert_int_equal(hand_over(&unfiltered, size_of(&unfiltered), &sidecar, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "another pid namespace"));
}

/* As a sidecar of version 1 is: what is not version 1 is malformed to it. */
static void *serve_as_first_version(void *argument)
{
	struct sidecar *sidecar = argument;
	struct answer malformed = with_reason(LAUNCH_UNFILTERED, "the hello is malformed");
	struct answer go = with_reason(LAUNCH_GO, "");

	malformed.reply.version = go.reply.version = 1;
	do {
		int fd = accept(sidecar->listener, NULL, NULL);
		bool is_known = hear(fd, &sidecar->hello, sizeof(sidecar->hello)) && sidecar->hello.version == 1 &&
				hear(fd, sidecar->uri, sidecar->hello.uri_length);
		const struct answer *answer = is_known ? &go : &malformed;

		send(fd, answer, size_of(answer), MSG_NOSIGNAL);
		close(fd);
	} while (sidecar->hello.version != 1);
	return NULL;
}

static void an_older_sidecar_is_spoken_to_in_its_own_version(void **state)
{
	struct sidecar sidecar = { .listener = -1 };
	struct err err = { 0 };

	(void)state;
	sidecar_start_as(&sidecar, serve_as_first_version);
	setenv("ECS_CONTAINER_METADATA_URI_V4", URI, 1);
	assert_int_equal(client_hand_over(sidecar.path, &err), 0);
	unsetenv("ECS_CONTAINER_METADATA_URI_V4");
	assert_string_equal(sidecar.uri, URI);
	sidecar_end(&sidecar);
}

static void nonsense_is_not_obeyed(void **state)
{
	struct launch_reply cases[] = {
		{ LAUNCH_MAGIC + 1, LAUNCH_VERSION, LAUNCH_GO, 0, 0 },
		{ LAUNCH_MAGIC, LAUNCH_VERSION + 1, LAUNCH_GO, 0, 0 },
		{ LAUNCH_MAGIC, LAUNCH_VERSION_MIN - 1, LAUNCH_GO, 0, 0 },
		{ LAUNCH_MAGIC, LAUNCH_VERSION, LAUNCH_GO, LAUNCH_FILTER_MAX + 1, 0 },
		{ LAUNCH_MAGIC, LAUNCH_VERSION, LAUNCH_GO, 0, LAUNCH_REASON_MAX + 1 },
	};
	struct sidecar sidecar;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = { 0 };

		assert_int_equal(hand_over(&cases[i], sizeof(cases[i]), &sidecar, &err), ERR_SYNTAX);
	}
}

static void an_answer_that_is_cut_is_no_answer(void **state)
{
	struct launch_reply more = { LAUNCH_MAGIC, LAUNCH_VERSION, LAUNCH_GO, 3, 0 };
	struct sidecar sidecar;
	struct err err = { 0 };

	(void)state;
	for (size_t size = 0; size <= sizeof(more); size += 4)
		assert_int_equal(hand_over(&more, size, &sidecar, &err), ERR_UNREACHABLE);
}

/* Answers getppid() with an error and lets everything else through. */
static const struct sock_filter refuse_getppid[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | REFUSED_ERRNO),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* In a child, which keeps the filter: 0 = it works, 1 = it does not, 2 = this system cannot install one. */
static int try_filter(const char *path)
{
	struct err err = { 0 };

	if (client_hand_over(path, &err) < 0 || err.code)
		return strstr(err.message, "could not install the filter") ? 2 : 1;
	return syscall(SYS_getppid) < 0 && errno == REFUSED_ERRNO && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0
														 : 1;
}

static void the_filter_that_is_sent_is_installed(void **state)
{
	struct {
		struct launch_reply reply;
		struct sock_filter code[4];
	} answer = { .reply = { LAUNCH_MAGIC, LAUNCH_VERSION, LAUNCH_GO, 4, 0 } };
	struct sidecar sidecar;
	int status = -1;
	pid_t child;

	(void)state;
	memcpy(answer.code, refuse_getppid, sizeof(refuse_getppid));
	sidecar_start(&sidecar, &answer, sizeof(answer));
	child = fork();
	if (child == 0)
		_exit(try_filter(sidecar.path));
	assert_int_equal(waitpid(child, &status, 0), child);
	sidecar_end(&sidecar);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2 && getenv("CLEWLINE_EMULATED")) {
		print_message("the emulator has no seccomp filters: installing one is not tested here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hello_names_version_and_endpoint),
		cmocka_unit_test(a_refusal_is_told_with_its_reason),
		cmocka_unit_test(an_older_sidecar_is_spoken_to_in_its_own_version),
		cmocka_unit_test(nonsense_is_not_obeyed),
		cmocka_unit_test(an_answer_that_is_cut_is_no_answer),
		cmocka_unit_test(the_filter_that_is_sent_is_installed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
