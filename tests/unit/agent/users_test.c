#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/state/container.h"
#include "agent/state/users.h"

#include <string.h>

static void names_are_found_in_passwd(void **state)
{
	const char *text = "root:x:0:0:root:/root:/bin/sh\n"
			   "broken\n"
			   ":x:7:7:::\n"
			   "no:number:x:0\n"
			   "web:x:33:33::/:/bin/false\n"
			   "a-name-that-is-far-longer-than-a-name-may-be:x:34:\n"
			   "last:x:1000";
	char name[USER_NAME_MAX];

	(void)state;
	assert_true(users_find(text, 0, name));
	assert_string_equal(name, "root");
	assert_true(users_find(text, 33, name));
	assert_string_equal(name, "web");
	assert_true(users_find(text, 1000, name));
	assert_string_equal(name, "last");
	assert_true(users_find(text, 34, name));
	assert_int_equal(strlen(name), USER_NAME_MAX - 1);
	assert_false(users_find(text, 7, name));
	assert_false(users_find(text, 3, name));
	assert_false(users_find("", 0, name));
}

static void the_own_user_has_a_name(void **state)
{
	struct users *users = users_new();
	char name[USER_NAME_MAX];

	(void)state;
	assert_true(users_name(users, getpid(), 0, name));
	assert_string_equal(name, "root");
	assert_true(users_group(users, getpid(), 0, name));
	assert_string_equal(name, "root");
	assert_false(users_name(users, getpid(), 4000000000u, name));
	users_free(users);
}

static void image_references_have_parts(void **state)
{
	static const struct {
		const char *image, *repository, *tag, *digest;
	} cases[] = {
		{ "nginx", "nginx", NULL, NULL },
		{ "nginx:1.25", "nginx", "1.25", NULL },
		{ "registry:5000/team/app", "registry:5000/team/app", NULL, NULL },
		{ "registry:5000/team/app:v2@sha256:ab", "registry:5000/team/app", "v2", "sha256:ab" },
		{ "app@sha256:ab", "app", NULL, "sha256:ab" },
		{ "", "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_parts parts;

		image_parts(cases[i].image, &parts);
		assert_int_equal(parts.repository_length, strlen(cases[i].repository));
		assert_memory_equal(cases[i].image, cases[i].repository, parts.repository_length);
		assert_int_equal(parts.tag != NULL, cases[i].tag != NULL);
		if (cases[i].tag) {
			assert_int_equal(parts.tag_length, strlen(cases[i].tag));
			assert_memory_equal(parts.tag, cases[i].tag, parts.tag_length);
		}
		assert_int_equal(parts.digest != NULL, cases[i].digest != NULL);
		if (cases[i].digest)
			assert_string_equal(parts.digest, cases[i].digest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_passwd),
		cmocka_unit_test(the_own_user_has_a_name),
		cmocka_unit_test(image_references_have_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
