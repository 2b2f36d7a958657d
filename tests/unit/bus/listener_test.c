/* Addresses that a collector listens at, and those who connect to it. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/bus/world.h"

#define HANGUPS 100

static void an_address_that_is_none_is_refused(void **state)
{
	struct world *world = *state;
	struct sender_conf conf = { .url = "nonsense", .spool = world->spool };
	struct sender *sender = NULL;
	struct err err;

	assert_int_equal(sender_open(&conf, &sender, &err), ERR_USAGE);
	assert_non_null(strstr(err.message, "\"nonsense\" is no address of a collector"));
}

static void an_occupied_port_is_named(void **state)
{
	struct world *world = *state;
	struct receiver *second = NULL;
	char expected[256];
	struct err err;

	use_tcp(world);
	collector_open(world);
	snprintf(expected, sizeof(expected), "could not listen on \"%s\": Address in use", world->url);
	assert_int_equal(receiver_open(&(struct receiver_conf){ .url = world->url,
								.handler = collector_answer,
								.context = &world->collector },
				       &second, &err),
			 ERR_FAILED);
	assert_string_equal(err.message, expected);
}

static void who_connects_and_hangs_up_does_not_stop_the_listener(void **state)
{
	struct world *world = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	collector_open(world);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->url + strlen("ipc://"));
	for (int i = 0; i < HANGUPS; i++) {
		AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	}
	sender_begin(world);
	send_event(world, sample_exec, 1);
	flush(world);
	assert_int_equal(world->collector.count, 1);
}

static void a_live_socket_is_refused_and_is_not_open_to_others(void **state)
{
	struct world *world = *state;
	struct receiver *second = NULL;
	struct stat st;
	struct err err;

	collector_open(world);
	assert_int_equal(stat(world->url + strlen("ipc://"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(receiver_open(&(struct receiver_conf){ .url = world->url,
								.handler = collector_answer,
								.context = &world->collector },
				       &second, &err),
			 ERR_FAILED);
	assert_non_null(strstr(err.message, "Address in use"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_that_is_none_is_refused),
		TEST(an_occupied_port_is_named),
		TEST(who_connects_and_hangs_up_does_not_stop_the_listener),
		TEST(a_live_socket_is_refused_and_is_not_open_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
