/* The authority's folder over its life: made, opened again, rotated, with files that are missing or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/time.h"
#include "pki/authority.h"

#define DAY_NS (86400 * NS_PER_S)

static char folder[64];
static int64_t now_ns;

static int setup(void **state UNUSED)
{
	strcpy(folder, "/tmp/clewline-pki.XXXXXX");
	now_ns = time_now_ns();
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static struct authority *open_it(void)
{
	struct authority *authority = NULL;
	struct err err;

	if (authority_open(folder, now_ns, &authority, &err) < 0)
		fail_msg("%s", err.message);
	return authority;
}

static char *pin_of(struct authority *authority, char out[2 * CERTIFICATE_PIN_SIZE + 1])
{
	uint8_t pin[CERTIFICATE_PIN_SIZE];

	assert_int_equal(authority_pin(authority, pin, NULL), 0);
	for (size_t i = 0; i < sizeof(pin); i++)
		snprintf(out + 2 * i, 3, "%02x", pin[i]);
	return out;
}

static void issue_to(struct authority *authority, int64_t lifetime_ns, struct certificate *ret)
{
	const struct identity identity = { .tenant = 7, .agent = "web-1" };
	AUTO_STRBUF chain = STRBUF_INIT;
	AUTO_KEY key = { 0 };

	assert_int_equal(key_new(&key, NULL), 0);
	assert_int_equal(authority_issue(authority, &key, &identity, lifetime_ns, now_ns, &chain, ret, NULL), 0);
}

static size_t roots_of(struct authority *authority)
{
	AUTO_STRBUF trust = STRBUF_INIT;
	size_t count = 0;

	authority_trust(authority, &trust);
	for (const char *at = trust.data; (at = strstr(at, "BEGIN CERTIFICATE")); at++)
		count++;
	return count;
}

static void it_is_made_once_and_for_its_owner_alone(void **state UNUSED)
{
	static const char *const secrets[] = { "1/root.key", "1/issuing.key" };
	char first[80], again[80], path[128];
	struct authority *authority = open_it();
	struct stat st;

	pin_of(authority, first);
	authority_close(authority);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, secrets[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	authority = open_it();
	assert_string_equal(pin_of(authority, again), first);
	authority_close(authority);
}

static void a_certificate_says_whose_it_is_and_how_long(void **state UNUSED)
{
	struct certificate one, other;
	struct authority *authority = open_it();

	issue_to(authority, 7 * DAY_NS, &one);
	issue_to(authority, 7 * DAY_NS, &other);
	assert_true(one.has_identity);
	assert_int_equal(one.identity.tenant, 7);
	assert_string_equal(one.identity.agent, "web-1");
	assert_string_not_equal(one.serial, other.serial);
	assert_int_equal((one.not_after_ns - now_ns) / NS_PER_S, (7 * DAY_NS - now_ns % NS_PER_S) / NS_PER_S);
	assert_true(one.not_before_ns <= now_ns - AUTHORITY_SLACK_NS);
	/* none outlives its issuer */
	issue_to(authority, 10000 * DAY_NS, &one);
	assert_true(one.not_after_ns <= now_ns + 366 * DAY_NS);
	authority_close(authority);
}

static void the_root_key_can_be_away_until_it_is_needed(void **state UNUSED)
{
	char key[96], away[96];
	struct certificate certificate;
	struct authority *authority = open_it();
	struct err err;

	authority_close(authority);
	snprintf(key, sizeof(key), "%s/1/root.key", folder);
	snprintf(away, sizeof(away), "%s/safe", folder);
	assert_int_equal(rename(key, away), 0);
	authority = open_it();
	issue_to(authority, DAY_NS, &certificate);
	assert_int_equal(authority_renew(authority, now_ns, &err), 0);
	now_ns += 300 * DAY_NS;
	assert_int_equal(authority_renew(authority, now_ns, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.message, "root.key"));
	assert_int_equal(rename(away, key), 0);
	assert_int_equal(authority_renew(authority, now_ns, &err), 1);
	assert_int_equal(authority_renew(authority, now_ns, &err), 0);
	issue_to(authority, 100 * DAY_NS, &certificate);
	assert_true(certificate.not_after_ns > now_ns + 99 * DAY_NS);
	authority_close(authority);
}

static void roots_change_in_three_steps_that_survive_a_restart(void **state UNUSED)
{
	static const struct {
		enum authority_stage stage;
		size_t roots;
		bool is_first;
	} steps[] = { { AUTHORITY_STEADY, 1, true },
		      { AUTHORITY_PREPARED, 2, true },
		      { AUTHORITY_SWITCHED, 2, false },
		      { AUTHORITY_STEADY, 1, false },
		      { AUTHORITY_PREPARED, 2, false } };
	char first[80], pin[80];
	struct authority *authority = open_it();

	pin_of(authority, first);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(authority_stage(authority), steps[i].stage);
		assert_int_equal(roots_of(authority), steps[i].roots);
		assert_int_equal(strcmp(pin_of(authority, pin), first) == 0, steps[i].is_first);
		authority_close(authority);
		authority = open_it();
		assert_int_equal(authority_stage(authority), steps[i].stage);
		assert_int_equal(roots_of(authority), steps[i].roots);
		if (i + 1 < ARRAY_SIZE(steps))
			assert_int_equal(authority_rotate(authority, now_ns, NULL), 0);
	}
	authority_close(authority);
}

static void files_that_do_not_fit_are_named(void **state UNUSED)
{
	static const struct {
		const char *name, *words;
	} files[] = { { "state", "does not say which generation issues" },
		      { "1/root.crt", "is not a certificate in PEM" },
		      { "1/issuing.crt", "is not a certificate in PEM" },
		      { "1/issuing.key", "is not a private key in PEM" } };
	struct authority *authority = open_it();
	char path[96], kept[128];
	struct err err;

	authority_close(authority);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		snprintf(kept, sizeof(kept), "%s.kept", path);
		assert_int_equal(rename(path, kept), 0);
		assert_int_equal(file_write_atomic(path, "?\n", 2, 0600, NULL), 0);
		assert_true(authority_open(folder, now_ns, &authority, &err) < 0);
		assert_non_null(strstr(err.message, files[i].words));
		assert_non_null(strstr(err.message, path));
		assert_int_equal(rename(kept, path), 0);
	}
	authority_close(open_it());
}

static void a_rotation_that_cannot_be_written_down_changes_nothing(void **state UNUSED)
{
	char blocked[96], pin[80], first[80];
	struct authority *authority = open_it();
	struct err err;

	pin_of(authority, first);
	snprintf(blocked, sizeof(blocked), "%s/2", folder);
	assert_int_equal(file_write_atomic(blocked, "", 0, 0600, NULL), 0);
	assert_true(authority_rotate(authority, now_ns, &err) < 0);
	assert_int_equal(authority_stage(authority), AUTHORITY_STEADY);
	assert_string_equal(pin_of(authority, pin), first);
	assert_int_equal(unlink(blocked), 0);
	assert_int_equal(authority_rotate(authority, now_ns, &err), 0);
	authority_close(authority);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_made_once_and_for_its_owner_alone),
		TEST(a_certificate_says_whose_it_is_and_how_long),
		TEST(the_root_key_can_be_away_until_it_is_needed),
		TEST(roots_change_in_three_steps_that_survive_a_restart),
		TEST(files_that_do_not_fit_are_named),
		TEST(a_rotation_that_cannot_be_written_down_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
